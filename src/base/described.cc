// What described structs need that does not depend on their types: kept out of the headers, so that
// a file using them compiles quickly.
#include "cadre/described.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "base/json_schema.h"
#include "base/text.h"

namespace cadre::detail {
namespace {

boost::json::string to_string_value(std::string_view text) {
  return boost::json::string(text.data(), text.size());
}

Json number_of(long double bound) {
  if (bound != std::floor(bound)) return Json(static_cast<double>(bound));
  if (bound >= -0x1p63L && bound < 0x1p63L) return Json(static_cast<std::int64_t>(bound));
  if (bound >= 0 && bound < 0x1p64L) return Json(static_cast<std::uint64_t>(bound));
  return Json(static_cast<double>(bound));
}

std::string shown(long double bound) { return json::write(number_of(bound)); }
std::string shown(const Json& value) { return text::shorten(json::write(value), 80); }

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

void put_size(JsonObject& schema, const char* key, const std::optional<std::size_t>& size) {
  if (size) schema.emplace(key, static_cast<std::uint64_t>(*size));
}

std::string path_of(const Place& at) {
  if (at.parent == nullptr) return {};
  return path_of(*at.parent) + "/" +
         (at.in_array ? std::to_string(at.index) : escape_pointer_token(at.key));
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

JsonObject SchemaShapes::typed(std::string_view type) {
  JsonObject schema;
  schema.emplace("type", to_string_value(type));
  return schema;
}

JsonObject SchemaShapes::integer(std::int64_t low, std::uint64_t high, const FieldRules& rules) {
  JsonObject schema = typed("integer");
  if (rules.minimum)
    schema.emplace("minimum", number_of(*rules.minimum));
  else if (low != std::numeric_limits<std::int64_t>::min())
    schema.emplace("minimum", low);
  const bool wide = high >= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (rules.maximum)
    schema.emplace("maximum", number_of(*rules.maximum));
  else if (!wide)
    schema.emplace("maximum", static_cast<std::int64_t>(high));
  return schema;
}

JsonObject SchemaShapes::real(const FieldRules& rules) {
  JsonObject schema = typed("number");
  if (rules.minimum) schema.emplace("minimum", number_of(*rules.minimum));
  if (rules.maximum) schema.emplace("maximum", number_of(*rules.maximum));
  return schema;
}

JsonObject SchemaShapes::text(const FieldRules& rules) {
  JsonObject schema = typed("string");
  put_size(schema, "minLength", rules.min_length);
  put_size(schema, "maxLength", rules.max_length);
  if (!rules.pattern.empty()) schema.emplace("pattern", to_string_value(rules.pattern));
  return schema;
}

JsonObject SchemaShapes::words(const std::string_view* words, std::size_t count) {
  JsonObject schema = typed("string");
  JsonArray& list = schema["enum"].emplace_array();
  for (std::size_t i = 0; i < count; ++i) list.push_back(to_string_value(words[i]));
  return schema;
}

JsonObject SchemaShapes::array(JsonObject items, const FieldRules& rules) {
  JsonObject schema = typed("array");
  schema.emplace("items", std::move(items));
  put_size(schema, "minItems", rules.min_items);
  put_size(schema, "maxItems", rules.max_items);
  return schema;
}

JsonObject SchemaShapes::map(JsonObject values, const FieldRules& rules) {
  JsonObject schema = typed("object");
  schema.emplace("additionalProperties", std::move(values));
  put_size(schema, "minProperties", rules.min_items);
  put_size(schema, "maxProperties", rules.max_items);
  return schema;
}

JsonObject SchemaShapes::any_of(JsonArray choices) {
  JsonObject schema;
  schema.emplace("anyOf", std::move(choices));
  return schema;
}

// Scalars and arrays get a second type; for the rest vendors know anyOf.
JsonObject SchemaShapes::nullable(JsonObject schema) {
  if (Json* choices = schema.if_contains("anyOf")) {
    choices->as_array().push_back(typed("null"));
    return schema;
  }
  Json* type = schema.if_contains("type");
  if (type == nullptr || *type == "object") {
    JsonArray choices;
    choices.push_back(std::move(schema));
    choices.push_back(typed("null"));
    return any_of(std::move(choices));
  }
  *type = JsonArray{*type, "null"};
  if (Json* words = schema.if_contains("enum")) words->as_array().push_back(nullptr);
  return schema;
}

JsonObject SchemaShapes::wrapped(JsonObject schema) {
  JsonObject root = typed("object");
  root["properties"].emplace_object().emplace("response", std::move(schema));
  root.emplace("required", JsonArray{"response"});
  root.emplace("additionalProperties", false);
  return root;
}

std::string SchemaShapes::free_reference(std::string_view wanted) const {
  std::string name;
  for (const char c : wanted) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    name.push_back(plain ? c : '_');
  }
  const auto taken = [&](const std::string& reference) {
    return std::any_of(open_.begin(), open_.end(),
                       [&](const Open& open) { return open.reference == reference; }) ||
           std::any_of(defined_.begin(), defined_.end(),
                       [&](const auto& defined) { return defined.second == reference; });
  };
  std::string reference = "#/$defs/" + name;
  for (int i = 2; taken(reference); ++i) reference = "#/$defs/" + name + std::to_string(i);
  return reference;
}

bool SchemaShapes::open(const void* type, std::string_view name, std::string_view description,
                        std::string_view tag, JsonObject& object) {
  for (Open& open : open_) {
    if (open.type != type) continue;
    open.used = true;
    object.emplace("$ref", open.reference);
    return false;
  }
  for (const auto& [defined, reference] : defined_) {
    if (defined != type) continue;
    object.emplace("$ref", reference);
    return false;
  }
  open_.push_back({type, root_taken_ ? free_reference(name) : "#"});
  root_taken_ = true;
  object = typed("object");
  if (!description.empty()) object.emplace("description", to_string_value(description));
  object.emplace("properties", JsonObject());
  object.emplace("required", JsonArray());
  object.emplace("additionalProperties", false);
  if (!tag.empty()) add(object, "type", words(&tag, 1), {}, false);
  return true;
}

void SchemaShapes::add(JsonObject& object, std::string_view field, JsonObject schema,
                       std::string_view description, bool optional) const {
  if (!description.empty()) {
    // Nothing may stand beside a $ref in vendors' strict modes.
    if (schema.contains("$ref")) schema = any_of(JsonArray{std::move(schema)});
    schema["description"] = to_string_value(description);
  }
  const boost::json::string_view key(field.data(), field.size());
  object["properties"].as_object().emplace(key, std::move(schema));
  if (all_required_ || !optional) object["required"].as_array().push_back(to_string_value(field));
}

JsonObject SchemaShapes::close(JsonObject object) {
  const Open open = open_.back();
  open_.pop_back();
  if (!open.used || open.reference == "#") return object;
  defs_.emplace(open.reference.substr(8), std::move(object));  // after "#/$defs/"
  defined_.emplace_back(open.type, open.reference);
  JsonObject reference;
  reference.emplace("$ref", open.reference);
  return reference;
}

JsonObject SchemaShapes::finish(JsonObject root) {
  if (!defs_.empty()) root.emplace("$defs", std::move(defs_));
  return root;
}

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
