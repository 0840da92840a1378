// For models that take no sampling settings: what they refuse is left out.
//
// Newer models refuse requests that set `temperature`, `top_p` or `top_k`. When a request with one
// of these is refused as invalid and the refusal says that it is not supported, the request goes
// out once more without them, unless a part of an answer was shown. When that is answered, later
// requests to the same model with the same reasoning effort (some take them without reasoning) go
// out without them at once. Each reply notes what was left out. Thread-safe as its model is.
#pragma once

#include <memory>

#include "model/model.h"

namespace cadre::policy {

std::shared_ptr<Model> make_settings_fallback(std::shared_ptr<Model> model);

}  // namespace cadre::policy
