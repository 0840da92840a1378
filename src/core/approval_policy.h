// Rules that decide in a person's name what may be done: allow and deny by pattern.
//
// A subject is "tool:NAME", "gate:STAGE/NAME" or "handoff:SOURCE->TARGET". A pattern matches the
// whole subject; `*` stands for any characters, `?` for one. A deny rule wins over every allow
// rule; what no rule matches is asked of a person. Questions to the user are never answered by a
// policy. A policy that cannot be read is an error, never an empty policy: whoever starts a run
// must refuse it. Immutable; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace cadre {

enum class PolicyVerdict : std::uint8_t { kAsk, kAllow, kDeny };

struct PolicyAnswer {
  PolicyVerdict verdict = PolicyVerdict::kAsk;
  std::string rule;  // the pattern that decided; "" when none did
};

class ApprovalPolicy {
 public:
  // {"allow": ["tool:look_*"], "deny": ["tool:refund", "gate:*"]}; both may be absent.
  static Result<ApprovalPolicy> from_json(const Json& json);
  static Result<ApprovalPolicy> make(std::vector<std::string> allow, std::vector<std::string> deny);

  PolicyAnswer decide(std::string_view subject) const;

 private:
  ApprovalPolicy() = default;
  std::vector<std::string> allow_, deny_;
};

// Whether the pattern matches all of the text. Time: product of the lengths at worst.
bool matches_pattern(std::string_view pattern, std::string_view text);

}  // namespace cadre
