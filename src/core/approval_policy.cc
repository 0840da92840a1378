#include "core/approval_policy.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace cadre {
namespace {

constexpr std::size_t kRulesMax = 1000;
constexpr std::size_t kPatternBytesMax = 500;
constexpr std::array<std::string_view, 3> kKinds{"tool:", "gate:", "handoff:"};
constexpr const char* kForm =
    "write for example {\"allow\": [\"tool:look_*\"], \"deny\": [\"tool:refund\"]}";

Result<void> check(std::string_view list, const std::vector<std::string>& patterns) {
  if (patterns.size() > kRulesMax) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the policy's \"{}\" has more than {} rules", list, kRulesMax));
  }
  for (const std::string& pattern : patterns) {
    const bool known =
        pattern.starts_with('*') || std::ranges::any_of(kKinds, [&](std::string_view kind) {
          return pattern.starts_with(kind) && pattern.size() > kind.size();
        });
    if (known && pattern.size() <= kPatternBytesMax && text::is_valid_utf8(pattern)) continue;
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the policy's \"{}\" has the rule \"{}\", which names nothing", list,
                            text::shorten(text::clean_utf8(pattern), 80)),
                "a rule is tool:NAME, gate:STAGE/NAME or handoff:SOURCE->TARGET, with * and ?");
  }
  return {};
}

Result<std::vector<std::string>> patterns_of(const Json& json, std::string_view key) {
  std::vector<std::string> patterns;
  const Json* list = json::find(json, key);
  if (list == nullptr) return patterns;
  if (!list->is_array()) {
    return fail(ErrorCode::kInvalidInput, fmt::format("the policy's \"{}\" is not a list", key),
                kForm);
  }
  for (const Json& rule : list->get_array()) {
    if (!rule.is_string()) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("the policy's \"{}\" has a rule that is no text: {}", key,
                              text::shorten(json::write(rule), 80)),
                  kForm);
    }
    patterns.emplace_back(json::as_view(rule.get_string()));
  }
  return patterns;
}

}  // namespace

Result<ApprovalPolicy> ApprovalPolicy::from_json(const Json& json) {
  if (!json.is_object()) {
    return fail(ErrorCode::kInvalidInput, "a policy is a mapping with \"allow\" and \"deny\"",
                kForm);
  }
  for (const auto& member : json.get_object()) {
    const std::string_view key(member.key().data(), member.key().size());
    if (key == "allow" || key == "deny") continue;
    return fail(ErrorCode::kInvalidInput, fmt::format("a policy has no \"{}\"", key), kForm);
  }
  auto allow = patterns_of(json, "allow");
  if (!allow) return propagate(allow);
  auto deny = patterns_of(json, "deny");
  if (!deny) return propagate(deny);
  return make(std::move(*allow), std::move(*deny));
}

Result<ApprovalPolicy> ApprovalPolicy::make(std::vector<std::string> allow,
                                            std::vector<std::string> deny) {
  if (auto good = check("allow", allow); !good) return propagate(good);
  if (auto good = check("deny", deny); !good) return propagate(good);
  ApprovalPolicy policy;
  policy.allow_ = std::move(allow);
  policy.deny_ = std::move(deny);
  return policy;
}

PolicyAnswer ApprovalPolicy::decide(std::string_view subject) const {
  for (const std::string& pattern : deny_) {
    if (matches_pattern(pattern, subject)) return {PolicyVerdict::kDeny, pattern};
  }
  for (const std::string& pattern : allow_) {
    if (matches_pattern(pattern, subject)) return {PolicyVerdict::kAllow, pattern};
  }
  return {};
}

// After a mismatch the last star takes one character more; earlier stars need no second try.
bool matches_pattern(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, after_star = std::string_view::npos, taken = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      after_star = ++p;
      taken = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (after_star != std::string_view::npos) {
      p = after_star;
      t = ++taken;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace cadre
