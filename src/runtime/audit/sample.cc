#include "runtime/audit/sample.h"

#include <algorithm>
#include <cmath>

#include "base/json_schema.h"
#include "runtime/audit/their_contract.h"

namespace cadre::audit {
namespace {

bool accepts(const Json& schema, const Json& value) {
  const auto compiled = JsonSchema::compile(schema);
  return compiled && compiled->validate(value).empty();
}

Json text_of(const Json& schema) {
  const std::string format = json::get_string(schema, "format");
  if (format == "date") return "2026-01-31";
  if (format == "date-time") return "2026-01-31T09:30:00Z";
  if (format == "time") return "09:30:00";
  if (format == "email") return "somebody@example.org";
  if (format == "uuid") return "4c1f6f0e-6d1c-4d3b-9d3f-0a3f5a1b2c3d";
  if (format == "uri" || format == "url") return "https://example.org/x";
  std::string word = "audit";
  const auto shortest = static_cast<std::size_t>(
      std::clamp<std::int64_t>(json::get_int(schema, "minLength"), 0, 2000));
  const auto longest = static_cast<std::size_t>(
      std::clamp<std::int64_t>(json::get_int(schema, "maxLength", 2000), 0, 2000));
  while (word.size() < shortest) word += 'x';
  return Json(word.substr(0, std::max<std::size_t>(longest, 1)));
}

}  // namespace

std::optional<Json> sample_of(const Json& schema, int depth) {
  if (depth > 6) return std::nullopt;
  for (const char* key : {"const", "default", "example"}) {
    if (const Json* value = json::find(schema, key); value != nullptr && !value->is_null()) {
      return *value;
    }
  }
  for (const char* key : {"examples", "enum"}) {
    const JsonArray& values = json::get_array(schema, key);
    if (!values.empty()) return values[0];
  }
  for (const char* choice : {"anyOf", "oneOf", "allOf"}) {
    for (const Json& part : json::get_array(schema, choice)) {
      if (type_of(part) == "null") continue;
      if (auto found = sample_of(part, depth + 1)) return found;
    }
  }
  const std::string type = type_of(schema);
  Json made;
  if (type == "string") {
    made = text_of(schema);
  } else if (type == "integer" || type == "number") {
    made = static_cast<std::int64_t>(std::ceil(json::get_double(schema, "minimum", 1)));
    if (!accepts(schema, made)) made = made.get_int64() + 1;
  } else if (type == "boolean") {
    made = false;
  } else if (type == "array") {
    made = JsonArray{};
  } else if (type == "object") {
    JsonObject object;
    for (const std::string& name : json::get_strings(schema, "required")) {
      const Json* part = json::find(Json(json::get_object(schema, "properties")), name);
      auto value = part == nullptr ? std::nullopt : sample_of(*part, depth + 1);
      if (!value) return std::nullopt;
      object[name] = std::move(*value);
    }
    made = std::move(object);
  } else {
    return std::nullopt;
  }
  if (!accepts(schema, made)) return std::nullopt;
  return made;
}

}  // namespace cadre::audit
