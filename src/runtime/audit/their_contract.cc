#include "runtime/audit/their_contract.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace cadre::audit {
namespace {

constexpr int kDepthMax = 12;
constexpr int kNodesMax = 50'000;
constexpr std::size_t kOperationsMax = 400;
constexpr std::array<std::string_view, 5> kMethods{"get", "post", "put", "patch", "delete"};

std::string key_of(const JsonObject::value_type& member) {
  return {member.key().data(), member.key().size()};
}

// Puts what a reference names in its place.
class Resolver {
 public:
  explicit Resolver(const Json& document) : document_(document) {}

  Json resolve(const Json& value, int depth = 0) {
    if (++nodes_ > kNodesMax || depth > kDepthMax) return JsonObject{};
    if (value.is_array()) {
      JsonArray out;
      for (const Json& element : value.get_array()) out.push_back(resolve(element, depth + 1));
      return out;
    }
    if (!value.is_object()) return value;
    if (const std::string ref = json::get_string(value, "$ref"); !ref.empty()) {
      const Json* target = find(ref);
      return target == nullptr ? Json(JsonObject{}) : resolve(*target, depth + 1);
    }
    JsonObject out;
    for (const auto& member : value.get_object()) {
      out[member.key()] = resolve(member.value(), depth + 1);
    }
    return out;
  }

 private:
  const Json* find(const std::string& ref) const {
    if (!ref.starts_with("#/")) return nullptr;
    const Json* at = &document_;
    for (std::string step : text::split(std::string_view(ref).substr(2), '/')) {
      step = text::replace_all(text::replace_all(step, "~1", "/"), "~0", "~");
      at = json::find(*at, step);
      if (at == nullptr) return nullptr;
    }
    return at;
  }

  const Json& document_;
  int nodes_ = 0;
};

void collect_fields(const Json& schema, std::vector<TheirField>& out, int depth = 0) {
  if (depth > kDepthMax) return;
  const auto required = json::get_strings(schema, "required");
  for (const auto& member : json::get_object(schema, "properties")) {
    const std::string name = key_of(member);
    const bool must = std::ranges::find(required, name) != required.end();
    const auto same = [&](const TheirField& field) { return field.name == name; };
    if (std::ranges::any_of(out, same)) continue;
    out.push_back({name, member.value(), must});
  }
  for (const Json& part : json::get_array(schema, "allOf")) collect_fields(part, out, depth + 1);
  for (const char* choice : {"anyOf", "oneOf"}) {
    for (const Json& part : json::get_array(schema, choice)) {
      if (type_of(part) != "object") continue;
      collect_fields(part, out, depth + 1);
      break;
    }
  }
}

void add_parameters(const Json& list, TheirOperation& out) {
  for (const Json& parameter : json::get_array(list, "parameters")) {
    const Json* schema = json::find(parameter, "schema");
    TheirField field{json::get_string(parameter, "name"),
                     schema == nullptr ? Json(JsonObject{}) : *schema,
                     json::get_bool(parameter, "required")};
    const std::string in = json::get_string(parameter, "in");
    auto* fields = in == "path"     ? &out.path_fields
                   : in == "query"  ? &out.query_fields
                   : in == "header" ? &out.header_fields
                                    : nullptr;
    if (fields != nullptr && !field.name.empty()) fields->push_back(std::move(field));
  }
}

void add_body(const Json& operation, TheirOperation& out) {
  const Json* body = json::find(operation, "requestBody");
  if (body == nullptr) return;
  const JsonObject& content = json::get_object(*body, "content");
  for (const auto& member : content) {
    const std::string type = key_of(member);
    if (type.find("json") == std::string::npos) continue;
    if (const Json* schema = json::find(member.value(), "schema")) out.body_schema = *schema;
    collect_fields(out.body_schema, out.body);
    return;
  }
  out.json_body = content.empty();
}

bool answers_json(const Json& response) {
  const JsonObject& content = json::get_object(response, "content");
  return content.empty() || std::ranges::any_of(content, [](const auto& one) {
    return key_of(one).find("json") != std::string::npos || key_of(one) == "*/*";
  });
}

// "https://host/api/v1" -> "/api/v1".
std::string base_of(const Json& openapi) {
  const JsonArray& servers = json::get_array(openapi, "servers");
  std::string url = servers.empty() ? "" : json::get_string(servers[0], "url");
  if (const auto scheme = url.find("://"); scheme != std::string::npos) {
    const auto slash = url.find('/', scheme + 3);
    url = slash == std::string::npos ? "" : url.substr(slash);
  }
  while (url.ends_with('/')) url.pop_back();
  return url.starts_with('/') && url.find('{') == std::string::npos ? url : "";
}

}  // namespace

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

std::string type_of(const Json& schema) {
  const Json* type = json::find(schema, "type");
  if (type != nullptr && type->is_string()) return std::string(json::as_view(type->get_string()));
  if (type != nullptr && type->is_array()) {
    for (const Json& one : type->get_array()) {
      if (one.is_string() && one.get_string() != "null") {
        return std::string(json::as_view(one.get_string()));
      }
    }
  }
  for (const char* choice : {"anyOf", "oneOf", "allOf"}) {
    for (const Json& part : json::get_array(schema, choice)) {
      const std::string found = type_of(part);
      if (!found.empty() && found != "null") return found;
    }
  }
  return json::get_object(schema, "properties").empty() ? "" : "object";
}

bool TheirOperation::promises(int status) const {
  if (answers.empty()) return true;
  return answers.contains(std::to_string(status)) || answers.contains("default") ||
         answers.contains(fmt::format("{}XX", status / 100)) ||
         answers.contains(fmt::format("{}xx", status / 100));
}

std::vector<TheirOperation> read_contract(const Json& openapi) {
  std::vector<TheirOperation> out;
  Resolver resolver(openapi);
  const std::string base = base_of(openapi);
  const bool all_secured = !json::get_array(openapi, "security").empty();
  for (const auto& path : json::get_object(openapi, "paths")) {
    const Json item = resolver.resolve(path.value());
    for (const std::string_view method : kMethods) {
      const Json* operation = json::find(item, method);
      if (operation == nullptr || out.size() >= kOperationsMax) continue;
      TheirOperation one;
      one.id = json::get_string(*operation, "operationId");
      one.method = method;
      std::ranges::transform(one.method, one.method.begin(),
                             [](char c) { return static_cast<char>(c - 'a' + 'A'); });
      one.path = base + key_of(path);
      for (const std::string& segment : text::split(one.path, '/')) {
        if (!segment.empty()) one.segments.push_back(segment);
      }
      add_parameters(item, one);
      add_parameters(*operation, one);
      add_body(*operation, one);
      const Json* security = json::find(*operation, "security");
      one.secured = security == nullptr ? all_secured
                                        : security->is_array() && !security->get_array().empty();
      for (const auto& answer : json::get_object(*operation, "responses")) {
        one.answers.insert(key_of(answer));
        if (key_of(answer).starts_with('2')) one.json_answer = answers_json(answer.value());
      }
      out.push_back(std::move(one));
    }
  }
  return out;
}

}  // namespace cadre::audit
