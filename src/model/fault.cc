// Vendors' errors: which kind, whether the same request may work later, in words for people.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "base/json.h"
#include "model/adapter.h"
#include "model/wire_common.h"

namespace cadre::model {
namespace {

struct Said {  // by the vendor
  std::string type, code, message;
};

std::string word(const Json& error, std::string_view key) {
  const Json* value = json::find(error, key);
  if (value == nullptr) return {};
  if (value->is_string()) return std::string(json::as_view(value->get_string()));
  return value->is_number() ? json::write(*value) : std::string();
}

// {"error":{…}}, {"error":"…"}, [{"error":{…}}], {"type":"error","error":{…}}, {"detail":…},
// {"message":…}, the response of "response.failed", or no JSON at all.
Said read(std::string_view body) {
  const auto parsed = json::parse(body);
  if (!parsed) return {"", "", text::clean_utf8(text::trim(body))};
  const Json* root = &*parsed;
  if (root->is_array() && !root->get_array().empty()) root = &root->get_array().front();
  if (const Json* response = json::find(*root, "response")) root = response;
  const Json* error = json::find(*root, "error");
  if (error != nullptr && error->is_string()) {
    return {"", "", std::string(json::as_view(error->get_string()))};
  }
  if (error == nullptr || !error->is_object()) error = root;
  Said said{word(*error, "type"), word(*error, "code"), word(*error, "message")};
  if (said.type == "error") said.type.clear();
  if (const Json* details = json::find(*error, "details")) {
    if (const std::string inner = word(*details, "error_code"); !inner.empty()) said.code = inner;
  }
  if (said.type.empty()) said.type = word(*error, "status");  // Google
  if (said.message.empty()) {
    const Json* detail = json::find(*error, "detail");
    said.message = detail != nullptr && detail->is_string() ? word(*error, "detail")
                                                            : text::clean_utf8(text::trim(body));
  }
  return said;
}

bool has(std::string_view text, std::span<const std::string_view> words) {
  const std::string low = text::lower(text);
  return std::ranges::any_of(words, [&](std::string_view w) {
    return low.find(w) != std::string::npos;
  });
}

constexpr std::array<std::string_view, 9> kTooLong{
    "context_length", "context length",  "context window",    "maximum context",
    "prompt is too long", "too many tokens", "available context", "exceed_context",
    "input is too long"};
constexpr std::array<std::string_view, 5> kSpent{"insufficient_quota", "billing_hard_limit",
                                                 "enforced_spend_limit", "billing_error",
                                                 "insufficient credits"};
constexpr std::array<std::string_view, 3> kContentRules{"content_policy", "content_filter",
                                                        "content management policy"};

FaultKind by_words(const Said& said) {
  const std::string words = said.type + " " + said.code;
  struct Row {
    std::string_view word;
    FaultKind kind;
  };
  constexpr Row kRows[] = {{"overloaded", FaultKind::kOverloaded},
                           {"rate_limit", FaultKind::kRateLimit},
                           {"RESOURCE_EXHAUSTED", FaultKind::kRateLimit},
                           {"UNAVAILABLE", FaultKind::kOverloaded},
                           {"authentication", FaultKind::kAuth},
                           {"invalid_api_key", FaultKind::kAuth},
                           {"permission", FaultKind::kPermission},
                           {"not_found", FaultKind::kNotFound},
                           {"timeout", FaultKind::kTimeout},
                           {"invalid_request", FaultKind::kInvalid},
                           {"INVALID_ARGUMENT", FaultKind::kInvalid}};
  for (const Row& row : kRows) {
    if (words.find(row.word) != std::string::npos) return row.kind;
  }
  return FaultKind::kServer;
}

FaultKind kind_of(int status, const Said& said) {
  const std::string words = said.type + " " + said.code + " " + said.message;
  if (has(words, kSpent) || status == 402) return FaultKind::kQuota;
  if (status == 0 || (status >= 400 && status < 500)) {
    if (status != 429 && has(words, kTooLong)) return FaultKind::kContextLength;
    if (has(said.type + " " + said.code, kContentRules)) return FaultKind::kRefused;
  }
  switch (status) {
    case 0:
    case 200: {
      int code = 0;
      for (const char c : said.code) code = c >= '0' && c <= '9' ? code * 10 + (c - '0') : -1000;
      return code >= 400 && code < 600 ? kind_of(code, {said.type, "", said.message})
                                       : by_words(said);
    }
    case 401: return FaultKind::kAuth;
    case 403: return FaultKind::kPermission;
    case 404: return FaultKind::kNotFound;
    case 408:
    case 504: return FaultKind::kTimeout;
    case 409: return FaultKind::kServer;
    case 413: return FaultKind::kContextLength;
    case 429: return FaultKind::kRateLimit;
    case 503:
    case 529: return FaultKind::kOverloaded;
    default: break;
  }
  return status >= 500 ? FaultKind::kServer : FaultKind::kInvalid;
}

struct Rule {
  FaultKind kind;
  const char* word;
  bool retryable;
  ErrorCode code;
  const char* says;
  const char* hint;
};
constexpr Rule kRules[] = {
    {FaultKind::kRateLimit, "rate_limit", true, ErrorCode::kUnavailable,
     "takes no more requests just now", "wait, or ask the vendor for higher limits"},
    {FaultKind::kOverloaded, "overloaded", true, ErrorCode::kUnavailable, "is overloaded",
     "try again later"},
    {FaultKind::kServer, "server", true, ErrorCode::kUnavailable, "failed", "try again later"},
    {FaultKind::kTimeout, "timeout", true, ErrorCode::kUnavailable, "took too long",
     "try again, or ask for less"},
    {FaultKind::kMalformed, "malformed", true, ErrorCode::kCorrupt,
     "sent something that is no reply", "does the address speak this format?"},
    {FaultKind::kCutOff, "cut_off", true, ErrorCode::kUnavailable,
     "ended the stream before the reply was complete", "try again"},
    {FaultKind::kQuota, "quota", false, ErrorCode::kExhausted, "says that the credit is used up",
     "check plan and billing at the vendor"},
    {FaultKind::kAuth, "auth", false, ErrorCode::kDenied, "does not accept the key",
     "check the key"},
    {FaultKind::kPermission, "permission", false, ErrorCode::kDenied, "does not allow this",
     "check what the key may do"},
    {FaultKind::kNotFound, "not_found", false, ErrorCode::kNotFound,
     "does not know the model or the address", "check the model's name and the base URL"},
    {FaultKind::kContextLength, "context_length", false, ErrorCode::kExhausted,
     "cannot read so much at once", "send less, or use a model with a larger context"},
    {FaultKind::kRefused, "refused", false, ErrorCode::kInvalidInput,
     "refused the content by its rules", ""},
    {FaultKind::kInvalid, "invalid", false, ErrorCode::kInvalidInput,
     "does not take the request", ""},
};

const Rule& rule_of(FaultKind kind) {
  for (const Rule& rule : kRules) {
    if (rule.kind == kind) return rule;
  }
  return kRules[2];
}

Fault make(const Profile& profile, FaultKind kind, std::string_view detail) {
  const Rule& rule = rule_of(kind);
  std::string message = fmt::format("{} {}", profile.title, rule.says);
  if (!detail.empty()) message += ": " + text::shorten(detail, 400);
  std::string hint = rule.hint;
  if (kind == FaultKind::kAuth && !profile.key_variable.empty()) {
    hint = fmt::format("set {} to a valid key", profile.key_variable);
  }
  return {kind, rule.retryable, {rule.code, std::move(message), std::move(hint)}};
}

}  // namespace

const char* to_string(FaultKind kind) { return rule_of(kind).word; }

Fault fault_of(const Profile& profile, int status, std::string_view body) {
  const Said said = read(body);
  std::string detail = said.message;
  if (status >= 400) {
    detail = detail.empty() ? fmt::format("status {}", status)
                            : fmt::format("{} (status {})", text::shorten(detail, 380), status);
  }
  return make(profile, kind_of(status, said), detail);
}

Usage usage_in(std::string_view body) {
  Usage usage;
  const auto reply = json::parse(body);
  if (!reply || !reply->is_object()) return usage;
  const Json* said = json::find(*reply, "usage");
  const Json& counts = said != nullptr && said->is_object() ? *said : *reply;
  const auto count = [&](std::initializer_list<const char*> names) {
    std::optional<std::int64_t> sum;
    for (const char* name : names) {
      if (const auto one = count_of(counts, name)) sum = sum.value_or(0) + *one;
    }
    return sum;
  };
  // Each vendor has one of the first three; the others are counted apart by one of them.
  usage.input_tokens = count({"prompt_tokens", "input_tokens", "prompt_eval_count",
                              "cache_creation_input_tokens", "cache_read_input_tokens"});
  usage.output_tokens = count({"completion_tokens", "output_tokens", "eval_count"});
  return usage;
}

Fault malformed(const Profile& profile, std::string_view what) {
  return make(profile, FaultKind::kMalformed, what);
}

Fault cut_off(const Profile& profile) { return make(profile, FaultKind::kCutOff, ""); }

}  // namespace cadre::model
