// The reading of described structs, as far as it does not depend on types: kept out of the headers,
// so that a file using them compiles quickly.
#include "cadre/detail/described_read.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <cmath>

#include "base/json_schema.h"
#include "base/text.h"

namespace cadre::detail {
namespace {

std::string shown(long double bound) { return json::write(SchemaShapes::bound(bound)); }

// Short however large the value is: a model's mistake may be megabytes long.
std::string shown(const Json& value) {
  constexpr std::size_t kMembersMax = 8;
  constexpr std::size_t kBytesMax = 80;
  if (value.is_array() && value.get_array().size() > kMembersMax)
    return fmt::format("an array of {} items", value.get_array().size());
  if (value.is_object() && value.get_object().size() > kMembersMax)
    return fmt::format("an object of {} members", value.get_object().size());
  if (value.is_string() && value.get_string().size() > kBytesMax) {
    const std::string start = text::shorten(json::as_view(value.get_string()), kBytesMax);
    return json::write(Json(boost::json::string(start)));
  }
  return text::shorten(json::write(value), kBytesMax);
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string path_of(const Place& at) {
  if (at.parent == nullptr) return {};
  return path_of(*at.parent) + "/" +
         (at.in_array ? std::to_string(at.index) : escape_pointer_token(text::shorten(at.key, 80)));
}

std::string listed(std::span<const std::string_view> words) {
  std::string out;
  for (const std::string_view word : words) {
    if (!out.empty()) out += ", ";
    out += word;
  }
  return out.empty() ? "none" : text::shorten(out, 300);
}

// "integer from 1 to 50", "number >= 0", "integer"
std::string range_text(std::string_view kind, const std::optional<long double>& low,
                       const std::optional<long double>& high) {
  if (low && high) return fmt::format("{} from {} to {}", kind, shown(*low), shown(*high));
  if (low) return fmt::format("{} >= {}", kind, shown(*low));
  if (high) return fmt::format("{} <= {}", kind, shown(*high));
  return std::string(kind);
}

// "at least 1 item", "at most 3 characters"
std::string size_text(const char* relation, std::size_t size, std::string_view noun) {
  return fmt::format("{} {} {}{}", relation, size, noun, size == 1 ? "" : "s");
}

bool whole_signed(const Json& in, std::int64_t& out) {
  if (in.is_int64()) {
    out = in.get_int64();
    return true;
  }
  if (!in.is_double()) return false;  // an uint64 of Boost.JSON's parser is beyond int64
  const double number = in.get_double();
  if (!(number >= -0x1p63 && number < 0x1p63) || number != std::floor(number)) return false;
  out = static_cast<std::int64_t>(number);
  return true;
}

bool is_whole(const Json& in) {
  return in.is_int64() || in.is_uint64() ||
         (in.is_double() && in.get_double() == std::floor(in.get_double()));
}

}  // namespace

TextPattern::TextPattern(std::string_view pattern) : text_(pattern) {
  compiled_ = std::make_shared<const re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()),
                                               re2::RE2::Quiet);
}

bool TextPattern::usable() const { return static_cast<const re2::RE2*>(compiled_.get())->ok(); }

bool TextPattern::found_in(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()),
                                *static_cast<const re2::RE2*>(compiled_.get()));
}

bool JsonReading::say(const Place& at, std::string message) {
  const std::string path = path_of(at);
  fault_ = {ErrorCode::kInvalidInput, path.empty() ? message : path + ": " + message, {}};
  return false;
}

bool JsonReading::wrong(const Place& at, std::string_view expected, const Json& got) {
  return say(at, fmt::format("expected {}, got {}", expected, shown(got)));
}

bool JsonReading::missing(const Place& at) { return say(at, "is missing"); }

bool JsonReading::deep_enough(const Place& at) {
  if (at.depth <= json::kMaxDepth) return true;
  say(at, fmt::format("nested deeper than {} levels", json::kMaxDepth));
  return false;
}

bool JsonReading::flag(const Json& in, const Place& at, bool& out) {
  if (!in.is_bool()) return wrong(at, "boolean", in);
  out = in.get_bool();
  return true;
}

bool JsonReading::keeps_bounds(const Json& in, const Place& at, long double number,
                               const FieldRules& rules, std::string_view kind) {
  if ((rules.minimum && number < *rules.minimum) || (rules.maximum && number > *rules.maximum))
    return wrong(at, range_text(kind, rules.minimum, rules.maximum), in);
  return true;
}

bool JsonReading::signed_integer(const Json& in, const Place& at, std::int64_t low,
                                 std::int64_t high, const FieldRules& rules, std::int64_t& out) {
  if (!is_whole(in)) return wrong(at, "integer", in);
  FieldRules range = rules;
  if (!range.minimum) range.minimum = low;
  if (!range.maximum) range.maximum = high;
  if (!whole_signed(in, out) || out < low || out > high)
    return wrong(at, range_text("integer", range.minimum, range.maximum), in);
  return keeps_bounds(in, at, static_cast<long double>(out), range, "integer");
}

bool JsonReading::unsigned_integer(const Json& in, const Place& at, std::uint64_t high,
                                   const FieldRules& rules, std::uint64_t& out) {
  if (!is_whole(in)) return wrong(at, "integer", in);
  FieldRules range = rules;
  if (!range.minimum) range.minimum = 0;
  if (!range.maximum) range.maximum = high;
  std::int64_t number = -1;
  if (in.is_uint64())
    out = in.get_uint64();
  else if (in.is_double() && in.get_double() >= 0x1p63 && in.get_double() < 0x1p64)
    out = static_cast<std::uint64_t>(in.get_double());
  else if (whole_signed(in, number) && number >= 0)
    out = static_cast<std::uint64_t>(number);
  else
    return wrong(at, range_text("integer", range.minimum, range.maximum), in);
  return keeps_bounds(in, at, static_cast<long double>(out), range, "integer");
}

bool JsonReading::real(const Json& in, const Place& at, double highest, const FieldRules& rules,
                       double& out) {
  if (!in.is_number()) return wrong(at, "number", in);
  out = in.to_number<double>();
  if (!std::isfinite(out)) return wrong(at, "finite number", in);
  if (out < -highest || out > highest)
    return wrong(at, range_text("number", -highest, highest), in);
  return keeps_bounds(in, at, out, rules, "number");
}

bool JsonReading::text(const Json& in, const Place& at, const Limits& limits, std::string& out) {
  if (!in.is_string()) return wrong(at, "string", in);
  const std::string_view text = json::as_view(in.get_string());
  const FieldRules& rules = *limits.rules;
  if (rules.min_length && characters(text) < *rules.min_length)
    return wrong(at, size_text("at least", *rules.min_length, "character"), in);
  if (rules.max_length && characters(text) > *rules.max_length)
    return wrong(at, size_text("at most", *rules.max_length, "character"), in);
  if (limits.pattern != nullptr) {
    if (!limits.pattern->usable()) {
      say(at, fmt::format("the field's own pattern {} is no valid RE2", limits.pattern->text()));
      fault_.code = ErrorCode::kInternal;
      return false;
    }
    if (!limits.pattern->found_in(text))
      return wrong(at, fmt::format("text that matches {}", limits.pattern->text()), in);
  }
  out.assign(text);
  return true;
}

bool JsonReading::word(const Json& in, const Place& at, std::span<const std::string_view> words,
                       std::size_t& out) {
  if (in.is_string()) {
    const auto found = std::find(words.begin(), words.end(), json::as_view(in.get_string()));
    out = static_cast<std::size_t>(found - words.begin());
    if (found != words.end()) return true;
  }
  return wrong(at, "one of " + listed(words), in);
}

const JsonArray* JsonReading::array(const Json& in, const Place& at, const FieldRules& rules) {
  if (!deep_enough(at)) return nullptr;
  const JsonArray* array = in.if_array();
  if (array == nullptr) {
    wrong(at, "array", in);
  } else if (rules.min_items && array->size() < *rules.min_items) {
    say(at, fmt::format("expected {}, got {}", size_text("at least", *rules.min_items, "item"),
                        array->size()));
    return nullptr;
  } else if (rules.max_items && array->size() > *rules.max_items) {
    say(at, fmt::format("expected {}, got {}", size_text("at most", *rules.max_items, "item"),
                        array->size()));
    return nullptr;
  }
  return array;
}

const JsonObject* JsonReading::object(const Json& in, const Place& at, const FieldRules& rules) {
  if (!deep_enough(at)) return nullptr;
  const JsonObject* object = in.if_object();
  if (object == nullptr) {
    wrong(at, "object", in);
  } else if (rules.min_items && object->size() < *rules.min_items) {
    say(at, fmt::format("expected {}, got {}", size_text("at least", *rules.min_items, "member"),
                        object->size()));
    return nullptr;
  } else if (rules.max_items && object->size() > *rules.max_items) {
    say(at, fmt::format("expected {}, got {}", size_text("at most", *rules.max_items, "member"),
                        object->size()));
    return nullptr;
  }
  return object;
}

bool JsonReading::fields(const JsonObject& in, const Place& at,
                         std::span<const std::string_view> names, bool tagged,
                         std::span<const Json*> found) {
  std::size_t count = tagged && in.contains("type") ? 1 : 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    found[i] = in.if_contains({names[i].data(), names[i].size()});
    if (found[i] != nullptr) ++count;
  }
  if (count == in.size()) return true;
  for (const auto& member : in) {
    const std::string_view key(member.key().data(), member.key().size());
    if ((tagged && key == "type") || std::find(names.begin(), names.end(), key) != names.end())
      continue;
    return say(at.member(key), "unknown field; the fields are " + listed(names));
  }
  return true;
}

const Json* JsonReading::wrapped(const Json& in, const Place& at) {
  static constexpr std::array<std::string_view, 1> kName{"response"};
  std::array<const Json*, 1> found{};
  const JsonObject* outer = object(in, at);
  if (outer == nullptr || !fields(*outer, at, kName, false, found)) return nullptr;
  if (found[0] == nullptr) missing(at.member(kName[0]));
  return found[0];
}

}  // namespace cadre::detail
