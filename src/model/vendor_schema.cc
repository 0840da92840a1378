#include "model/vendor_schema.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <string>

namespace cadre::model {
namespace {

constexpr std::array<std::string_view, 9> kOpenAiFormats{
    "date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"};
constexpr std::array<std::string_view, 10> kOpenAiLimits{
    "pattern", "multipleOf", "minimum",  "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "minItems", "maxItems",  "title", "const"};
constexpr std::array<std::string_view, 7> kAnthropicSaid{
    "minimum", "maximum", "minLength", "maxLength", "pattern", "multipleOf", "maxItems"};

template <std::size_t N>
bool among(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

bool names_type(const Json& node, std::string_view type) {
  const Json* value = json::find(node, "type");
  if (value == nullptr) return false;
  if (value->is_string()) return json::as_view(value->get_string()) == type;
  if (!value->is_array()) return false;
  return std::ranges::any_of(value->get_array(), [&](const Json& one) {
    return one.is_string() && json::as_view(one.get_string()) == type;
  });
}

bool requires_member(const Json& node, std::string_view name) {
  return std::ranges::any_of(json::get_array(node, "required"), [&](const Json& one) {
    return one.is_string() && json::as_view(one.get_string()) == name;
  });
}

// Whether null satisfies the node, as far as it says itself.
bool takes_null(const Json& node) {
  if (names_type(node, "null")) return true;
  const auto null_in = [](const JsonArray& list) {
    return std::ranges::any_of(list, [](const Json& one) { return one.is_null(); });
  };
  if (null_in(json::get_array(node, "enum"))) return true;
  for (const char* key : {"anyOf", "oneOf"}) {
    const JsonArray& list = json::get_array(node, key);
    if (std::ranges::any_of(list, [](const Json& one) { return takes_null(one); })) return true;
  }
  return false;
}

class Translator {
 public:
  Translator(const Json& root, SchemaDialect dialect) : root_(root), dialect_(dialect) {}

  VendorSchema run() {
    VendorSchema out;
    Json node = translate(root_, true);
    if (!json::find(root_, "anyOf") && names_type(root_, "object") && possible_) {
      out.schema = std::move(node);
      out.strict = true;
      out.nullable = nullable_;
      out.optionals = optionals_;
    } else {
      out.schema = root_;
    }
    return out;
  }

 private:
  bool openai() const { return dialect_ == SchemaDialect::kOpenAi; }

  Json translate(const Json& node, bool top) {
    if (!node.is_object()) return impossible();
    if (json::find(node, "$ref") != nullptr) return reference(node);
    const JsonArray& all = json::get_array(node, "allOf");
    if (all.size() == 1 && json::find(node, "properties") == nullptr) return merged(node, all);
    if (!all.empty() || json::find(node, "patternProperties") != nullptr ||
        json::find(node, "prefixItems") != nullptr) {
      return impossible();
    }
    JsonObject out;
    keywords(node, out);
    const bool typed = out.contains("type") || out.contains("enum") || out.contains("const") ||
                       out.contains("anyOf");
    if (!typed) return impossible();
    if (names_type(node, "object")) object(node, out, top);
    if (names_type(node, "array")) {
      const Json* items = json::find(node, "items");
      out["items"] = items == nullptr ? impossible() : translate(*items, false);
    }
    if (top) definitions(node, out);
    return out;
  }

  Json impossible() {
    possible_ = false;
    return JsonObject{};
  }

  // {"allOf":[x], …} is x with the rest beside it.
  Json merged(const Json& node, const JsonArray& all) {
    JsonObject joined = node.get_object();
    joined.erase("allOf");
    if (all.front().is_object()) {
      for (const auto& [key, value] : all.front().get_object()) joined[key] = value;
    }
    return translate(joined, false);
  }

  Json reference(const Json& node) {
    const std::string target = json::get_string(node, "$ref");
    constexpr std::string_view kPrefix = "#/$defs/";
    const bool inside = target.starts_with(kPrefix);
    if (!inside && target != "#") return impossible();
    if (!openai() && (!inside || recursive(target.substr(kPrefix.size())))) return impossible();
    return JsonObject{{"$ref", target}};
  }

  bool recursive(const std::string& name) {
    std::set<std::string> seen;
    return reaches(json::get_object(root_, "$defs"), name, name, seen);
  }

  static bool reaches(const JsonObject& defs, const std::string& from, const std::string& name,
                      std::set<std::string>& seen) {
    const auto it = defs.find(from);
    if (it == defs.end() || !seen.insert(from).second) return false;
    std::vector<const Json*> left{&it->value()};
    while (!left.empty()) {
      const Json& node = *left.back();
      left.pop_back();
      const std::string target = json::get_string(node, "$ref");
      if (target.starts_with("#/$defs/")) {
        const std::string next = target.substr(8);
        if (next == name || reaches(defs, next, name, seen)) return true;
      }
      if (node.is_object()) {
        for (const auto& [key, value] : node.get_object()) left.push_back(&value);
      } else if (node.is_array()) {
        for (const Json& value : node.get_array()) left.push_back(&value);
      }
    }
    return false;
  }

  void keywords(const Json& node, JsonObject& out) {
    std::string said = json::get_string(node, "description");
    for (const auto& [key, value] : node.get_object()) {
      const std::string_view name(key.data(), key.size());
      if (name == "type" || name == "enum") out[key] = value;
      if (name == "const") out[key] = value;
      if (name == "anyOf" || name == "oneOf") out["anyOf"] = alternatives(value);
      if (name == "format" && value.is_string()) {
        const std::string_view format = json::as_view(value.get_string());
        if (among(kOpenAiFormats, format) || (!openai() && format == "uri")) out[key] = value;
      }
      if (openai() && among(kOpenAiLimits, name)) out[key] = value;
      if (!openai() && among(kAnthropicSaid, name)) {
        said += (said.empty() ? "" : " ") + std::string("(") + std::string(name) + ": " +
                json::write(value) + ")";
      }
      if (!openai() && name == "minItems" && value.is_int64() && value.get_int64() <= 1)
        out[key] = value;
    }
    if (!said.empty()) out["description"] = said;
  }

  Json alternatives(const Json& list) {
    JsonArray out;
    if (!list.is_array() || list.get_array().empty()) return impossible();
    for (const Json& one : list.get_array()) out.push_back(translate(one, false));
    return out;
  }

  void object(const Json& node, JsonObject& out, bool top) {
    const Json* open = json::find(node, "additionalProperties");
    const bool closed = open == nullptr || (open->is_bool() && !open->get_bool());
    const Json* properties = json::find(node, "properties");
    if (!closed || (properties == nullptr && !top)) {
      impossible();
      return;
    }
    JsonObject members;
    JsonArray required;
    for (const auto& [key, value] : json::get_object(node, "properties")) {
      const std::string_view name(key.data(), key.size());
      Json member = translate(value, false);
      const bool optional = !requires_member(node, name);
      optionals_ = optionals_ || optional;
      if (optional && openai() && !takes_null(value)) {
        nullable_ = true;
        member = or_null(std::move(member));
      }
      members[key] = std::move(member);
      if (openai() || !optional) required.emplace_back(name);
    }
    out["properties"] = std::move(members);
    out["required"] = std::move(required);
    out["additionalProperties"] = false;
  }

  static Json or_null(Json node) {
    if (!node.is_object()) return node;
    JsonObject& object = node.get_object();
    if (const auto type = object.find("type"); type != object.end() && !object.contains("const")) {
      if (type->value().is_string()) {
        type->value() = JsonArray{type->value(), "null"};
      } else if (type->value().is_array()) {
        type->value().get_array().emplace_back("null");
      }
      if (const auto values = object.find("enum");
          values != object.end() && values->value().is_array()) {
        values->value().get_array().emplace_back(nullptr);
      }
      return node;
    }
    return JsonObject{{"anyOf", JsonArray{std::move(node), JsonObject{{"type", "null"}}}}};
  }

  void definitions(const Json& node, JsonObject& out) {
    const JsonObject& defs = json::get_object(node, "$defs");
    if (defs.empty()) return;
    JsonObject translated;
    for (const auto& [key, value] : defs) translated[key] = translate(value, false);
    out["$defs"] = std::move(translated);
  }

  const Json& root_;
  SchemaDialect dialect_;
  bool possible_ = true;
  bool nullable_ = false;
  bool optionals_ = false;
};

void drop(const Json& root, const Json& schema, Json& value, int depth) {
  if (depth > json::kMaxDepth || !schema.is_object()) return;
  if (const std::string target = json::get_string(schema, "$ref"); !target.empty()) {
    if (target == "#") return drop(root, root, value, depth + 1);
    if (target.starts_with("#/$defs/")) {
      const Json* defs = json::find(root, "$defs");
      const Json* found = defs == nullptr ? nullptr : json::find(*defs, target.substr(8));
      if (found != nullptr) drop(root, *found, value, depth + 1);
    }
    return;
  }
  for (const char* key : {"anyOf", "oneOf", "allOf"}) {
    for (const Json& one : json::get_array(schema, key)) drop(root, one, value, depth + 1);
  }
  if (value.is_array()) {
    if (const Json* items = json::find(schema, "items")) {
      for (Json& item : value.get_array()) drop(root, *items, item, depth + 1);
    }
    return;
  }
  if (!value.is_object()) return;
  for (const auto& [key, member] : json::get_object(schema, "properties")) {
    JsonObject& object = value.get_object();
    const auto it = object.find(key);
    if (it == object.end()) continue;
    const std::string_view name(key.data(), key.size());
    if (it->value().is_null() && !takes_null(member) && !requires_member(schema, name)) {
      object.erase(it);
    } else {
      drop(root, member, it->value(), depth + 1);
    }
  }
}

}  // namespace

VendorSchema vendor_schema(const Json& schema, SchemaDialect dialect) {
  return Translator(schema, dialect).run();
}

void drop_absent(const Json& schema, Json& value) { drop(schema, schema, value, 0); }

}  // namespace cadre::model
