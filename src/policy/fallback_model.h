// Several models as one: who answers when the one before cannot.
//
// The next is asked when a model is unavailable, overloaded, out of credit, not known, not allowed
// by its key, or cannot read so much; not when it refuses the content or the request itself is
// wrong, not when a part of its answer was shown, not when somebody asked to stop. A model whose
// key or name is wrong is left out from then on, one that is down for a while. The reply says who
// answered and why the ones before did not. Thread-safe as its models are.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "model/model.h"
#include "net/http_model.h"

namespace cadre::policy {

struct FallbackOptions {
  std::chrono::milliseconds pause{60'000};  // how long a model that was down is not asked
  std::function<std::chrono::steady_clock::time_point()> clock{};  // empty: the system's
  std::shared_ptr<net::LostUsage> lost{};  // what those took that did not answer; or null
};

// Whether another model may do better.
bool may_fall_over(ErrorCode code);

// At least one model. The model that a request names is for the first alone.
std::shared_ptr<Model> make_fallback_model(std::vector<std::shared_ptr<Model>> models,
                                           FallbackOptions options = {});

}  // namespace cadre::policy
