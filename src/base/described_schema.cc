// The schemas of described structs, as far as they do not depend on types: kept out of the headers,
// so that a file using them compiles quickly.
#include <algorithm>
#include <cmath>

#include "cadre/detail/described_schema.h"

namespace cadre::detail {
namespace {

boost::json::string to_string_value(std::string_view text) {
  return boost::json::string(text.data(), text.size());
}

void put_size(JsonObject& schema, const char* key, const std::optional<std::size_t>& size) {
  if (size) schema.emplace(key, static_cast<std::uint64_t>(*size));
}

}  // namespace

Json SchemaShapes::bound(long double number) {
  if (number != std::floor(number)) return Json(static_cast<double>(number));
  if (number >= -0x1p63L && number < 0x1p63L) return Json(static_cast<std::int64_t>(number));
  if (number >= 0 && number < 0x1p64L) return Json(static_cast<std::uint64_t>(number));
  return Json(static_cast<double>(number));
}

JsonObject SchemaShapes::typed(std::string_view type) {
  JsonObject schema;
  schema.emplace("type", to_string_value(type));
  return schema;
}

JsonObject SchemaShapes::integer(std::int64_t low, std::uint64_t high, const FieldRules& rules) {
  JsonObject schema = typed("integer");
  if (rules.minimum)
    schema.emplace("minimum", bound(*rules.minimum));
  else if (low != std::numeric_limits<std::int64_t>::min())
    schema.emplace("minimum", low);
  const bool wide = high >= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (rules.maximum)
    schema.emplace("maximum", bound(*rules.maximum));
  else if (!wide)
    schema.emplace("maximum", static_cast<std::int64_t>(high));
  return schema;
}

JsonObject SchemaShapes::real(const FieldRules& rules) {
  JsonObject schema = typed("number");
  if (rules.minimum) schema.emplace("minimum", bound(*rules.minimum));
  if (rules.maximum) schema.emplace("maximum", bound(*rules.maximum));
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

}  // namespace cadre::detail
