#include "offline/architect/openapi.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "offline/architect/field_schema.h"
#include "offline/markup.h"
#include "offline/wording.h"

namespace cadre::offline::architect {
namespace {

using spec::Contract;
using spec::Endpoint;
using spec::Field;
using spec::Resource;
using spec::Spec;

Json reference(const std::string& schema) {
  return JsonObject{{"$ref", "#/components/schemas/" + schema}};
}

Json json_content(Json schema) {
  return JsonObject{{"application/json", JsonObject{{"schema", std::move(schema)}}}};
}

const char* status_words(int status) {
  switch (status) {
    case 401: return "Not signed in";
    case 403: return "Not allowed";
    case 404: return "Not found";
    case 409: return "Not possible now";
    case 422: return "Not valid";
    default: return "Error";
  }
}

JsonObject problem_schema() {
  const auto text = [](const char* description) {
    return JsonObject{{"type", "string"}, {"description", description}};
  };
  const JsonObject error{{"type", "object"},
                         {"required", JsonArray{"field", "message"}},
                         {"properties", JsonObject{{"field", text("The field's name.")},
                                                   {"message", text("What is wrong.")}}}};
  return JsonObject{
      {"type", "object"},
      {"description", "A refusal, after RFC 9457."},
      {"required", JsonArray{"type", "title", "status", "detail", "code", "rule", "errors"}},
      {"properties",
       JsonObject{{"type", text("Always about:blank.")},
                  {"title", text("The status in words.")},
                  {"status", JsonObject{{"type", "integer"}, {"minimum", 400}, {"maximum", 599}}},
                  {"detail", text("What happened, for people.")},
                  {"code", text("What happened, for programs.")},
                  {"rule", JsonObject{{"type", JsonArray{"string", "null"}},
                                      {"description",
                                       "The rule that refused it, as in docs/requirements.md."}}},
                  {"errors", JsonObject{{"type", "array"}, {"items", error}}}}}};
}

// The user's words behind a rule: `“…” (S2)`.
std::string words_of_rule(const spec::Rule& rule) {
  std::string text = markup::one_line(rule.text.empty() ? rule.canonical : rule.text);
  if (!rule.origin.sentences.empty()) text += " (" + text::join(rule.origin.sentences, ", ") + ")";
  return text;
}

class Writer {
 public:
  Writer(const Spec& spec, const Contract& contract) : spec_(spec), contract_(contract) {}

  Json write() {
    JsonObject out;
    out["openapi"] = "3.1.0";
    out["info"] = info();
    out["servers"] = JsonArray{JsonObject{{"url", "/"}}};
    out["tags"] = tags();
    if (contract_.has_actors) out["security"] = JsonArray{JsonObject{{"bearer", JsonArray{}}}};
    out["paths"] = paths();
    JsonObject components;
    components["schemas"] = schemas();
    if (contract_.has_actors) {
      components["securitySchemes"] = JsonObject{
          {"bearer",
           JsonObject{{"type", "http"},
                      {"scheme", "bearer"},
                      {"description", "A signed token: python -m app.security <actor> [id]"}}}};
    }
    out["components"] = std::move(components);
    return out;
  }

 private:
  JsonObject info() const {
    std::string description = markup::one_line(spec_.summary);
    if (!description.empty() && !description.ends_with('.')) description += '.';
    if (!description.empty()) description += ' ';
    description += text::upper_first(markup::kMadeBy) + ".";
    return JsonObject{
        {"title", service_title(spec_)}, {"version", "1.0.0"}, {"description", description}};
  }

  JsonArray tags() const {
    JsonArray out;
    for (const Resource& resource : contract_.resources) {
      out.push_back(JsonObject{{"name", wording::entity_plural(spec_, resource.entity->id)}});
    }
    const bool reports =
        std::any_of(contract_.endpoints.begin(), contract_.endpoints.end(),
                    [](const Endpoint& endpoint) { return endpoint.query != nullptr; });
    if (reports) out.push_back(JsonObject{{"name", "the reports"}});
    out.push_back(JsonObject{{"name", "the service"}});
    return out;
  }

  JsonObject paths() const {
    JsonObject out;
    for (const Endpoint& endpoint : contract_.endpoints) {
      Json& item = out[endpoint.path];
      if (item.is_null()) item = JsonObject{};
      item.as_object()[text::lower(endpoint.method)] = operation(endpoint);
    }
    JsonObject health{{"operationId", "health"},
                      {"summary", "Is the service up?"},
                      {"tags", JsonArray{"the service"}},
                      {"security", JsonArray{}}};
    const JsonObject schema{
        {"type", "object"},
        {"required", JsonArray{"status"}},
        {"properties", JsonObject{{"status", JsonObject{{"type", "string"}, {"const", "ok"}}}}}};
    health["responses"] = JsonObject{
        {"200", JsonObject{{"description", "It is."}, {"content", json_content(schema)}}}};
    out["/health"] = JsonObject{{"get", std::move(health)}};
    return out;
  }

  JsonObject operation(const Endpoint& endpoint) const {
    JsonObject out;
    out["operationId"] = endpoint.operation_id;
    out["summary"] = endpoint_summary(spec_, endpoint);
    const std::string description = describe(endpoint);
    if (!description.empty()) out["description"] = description;
    out["tags"] =
        JsonArray{endpoint.query != nullptr ? std::string("the reports")
                                            : wording::entity_plural(spec_, endpoint.entity)};
    JsonArray parameters = parameters_of(endpoint);
    if (!parameters.empty()) out["parameters"] = std::move(parameters);
    if (!endpoint.body.empty()) out["requestBody"] = request_body(endpoint);
    out["responses"] = responses(endpoint);
    return out;
  }

  std::string describe(const Endpoint& endpoint) const {
    std::vector<std::string> lines;
    if (endpoint.query != nullptr) {
      lines.push_back(text::upper_first(wording::report(spec_, *endpoint.query)) + ".");
    }
    if (endpoint.operation != nullptr) {
      for (const spec::Guard& guard : endpoint.operation->guards) guard_line(guard, lines);
    }
    std::vector<std::string> who;
    for (const spec::Permission& permission : spec_.permissions) {
      if (!permission.allow || permission.operation != endpoint.operation_id) continue;
      std::string name = wording::actor_name(spec_, permission.actor);
      if (permission.rows) {
        const wording::Voice voice{
            .spec = &spec_, .self = wording::entity_name(spec_, endpoint.entity), .row = "row"};
        name += " (if " + wording::condition(voice, *permission.rows) + ")";
      }
      if (std::find(who.begin(), who.end(), name) == who.end()) who.push_back(name);
    }
    if (contract_.has_actors) {
      lines.push_back("For: " + (who.empty() ? "nobody" : text::join(who, ", ")) + ".");
    }
    for (std::string& line : lines) line = markup::markdown(line);
    return text::join(lines, "\n\n");
  }

  void guard_line(const spec::Guard& guard, std::vector<std::string>& lines) const {
    const spec::Rule* rule = spec::find_rule(spec_, guard.id);
    std::string line = guard.id + ": " + std::to_string(guard.status) + " " + guard.error;
    std::string words = rule != nullptr ? words_of_rule(*rule) : std::string();
    lines.push_back(words.empty() ? line + "." : line + ". " + words);
  }

  JsonArray parameters_of(const Endpoint& endpoint) const {
    JsonArray out;
    if (!endpoint.id_parameter.empty()) {
      out.push_back(JsonObject{{"name", endpoint.id_parameter},
                               {"in", "path"},
                               {"required", true},
                               {"schema", JsonObject{{"type", "integer"}, {"minimum", 1}}}});
    }
    if (endpoint.operation == nullptr || endpoint.operation->kind != spec::OperationKind::kList) {
      return out;
    }
    const auto query = [&](const std::string& name, const std::string& description,
                           JsonObject schema) {
      JsonObject parameter{{"name", name}, {"in", "query"}, {"required", false}};
      if (!description.empty()) parameter["description"] = description;
      parameter["schema"] = std::move(schema);
      out.push_back(std::move(parameter));
    };
    query("limit", "Rows on a page.",
          {{"type", "integer"}, {"minimum", 1}, {"maximum", 100}, {"default", 50}});
    query("offset", "Rows to skip.", {{"type", "integer"}, {"minimum", 0}, {"default", 0}});
    JsonArray sorts;
    for (const std::string& sort : endpoint.sorts) {
      sorts.push_back(Json(sort));
      sorts.push_back(Json("-" + sort));
    }
    query("sort", "A field, or -field for descending.",
          {{"type", "string"}, {"enum", std::move(sorts)}, {"default", "id"}});
    if (!endpoint.search.empty()) {
      query("q", "Text that stands in " + text::join(endpoint.search, " or ") + ".",
            {{"type", "string"}});
    }
    const Resource* resource = spec::find_resource(contract_, endpoint.entity);
    for (const std::string& filter : endpoint.filters) {
      for (const Field& field : resource->output) {
        if (field.name == filter)
          query(filter, "Only rows with this value.", parameter_schema(field));
      }
    }
    return out;
  }

  JsonObject request_body(const Endpoint& endpoint) const {
    const bool needed = std::any_of(endpoint.body.begin(), endpoint.body.end(),
                                    [](const Field& field) { return field.required; });
    JsonObject media{{"schema", reference(endpoint.operation_id + "_body")}};
    JsonObject example;
    bool whole = true;
    for (const Field& field : endpoint.body) {
      const auto value = field_example(field);
      if (value) {
        example[field.name] = *value;
      } else if (field.required) {
        whole = false;
      }
    }
    if (whole) media["example"] = std::move(example);
    return JsonObject{{"required", needed || endpoint.method == "PATCH"},
                      {"content", JsonObject{{"application/json", std::move(media)}}}};
  }

  Json success_schema(const Endpoint& endpoint) const {
    if (endpoint.query != nullptr) return report_schema(endpoint);
    switch (endpoint.operation->kind) {
      case spec::OperationKind::kList: return reference(endpoint.entity + ".list");
      case spec::OperationKind::kScheduled:
      case spec::OperationKind::kBulk:
        return JsonObject{
            {"type", "object"},
            {"required", JsonArray{"changed"}},
            {"properties",
             JsonObject{{"changed", JsonObject{{"type", "integer"}, {"minimum", 0}}}}}};
      default: return reference(endpoint.entity);
    }
  }

  Json grouped_row(const spec::Query& query) const {
    const spec::Entity& entity = *spec::find_resource(contract_, query.on)->entity;
    JsonObject properties;
    JsonArray required;
    for (const std::string& group : query.group_by) {
      const std::string name = spec::group_name(spec_, entity, group);
      JsonObject schema{{"description", "Grouped by this."}};
      if (group.find(':') != std::string::npos) schema["type"] = JsonArray{"string", "null"};
      properties[name] = std::move(schema);
      required.push_back(Json(name));
    }
    const std::string measure = spec::measure_name(query);
    JsonObject value{{"type", "integer"}, {"minimum", 0}};
    if (measure != "count") value = {{"type", JsonArray{"string", "integer", "null"}}};
    properties[measure] = std::move(value);
    required.push_back(Json(measure));
    return JsonObject{{"type", "object"},
                      {"required", std::move(required)},
                      {"properties", std::move(properties)},
                      {"additionalProperties", false}};
  }

  Json report_schema(const Endpoint& endpoint) const {
    const spec::Query& query = *endpoint.query;
    Json row = reference(endpoint.entity);
    if (!query.group_by.empty() || query.measure) row = grouped_row(query);
    return JsonObject{
        {"type", "object"},
        {"required", JsonArray{"rows"}},
        {"properties",
         JsonObject{{"rows", JsonObject{{"type", "array"}, {"items", std::move(row)}}}}}};
  }

  JsonObject responses(const Endpoint& endpoint) const {
    JsonObject out;
    JsonObject success;
    if (endpoint.success == 204) {
      success["description"] = "Done.";
    } else {
      success["description"] = endpoint.success == 201 ? "Made." : "Here it is.";
      success["content"] = json_content(success_schema(endpoint));
    }
    out[std::to_string(endpoint.success)] = std::move(success);
    std::map<int, std::vector<const spec::ErrorCase*>> errors;
    for (const spec::ErrorCase& error : endpoint.errors) errors[error.status].push_back(&error);
    for (const auto& [status, cases] : errors) out[std::to_string(status)] = refusal(status, cases);
    return out;
  }

  JsonObject refusal(int status, const std::vector<const spec::ErrorCase*>& cases) const {
    std::vector<std::string> codes;
    JsonObject examples;
    for (const spec::ErrorCase* error : cases) {
      std::string code = markup::code(error->code);
      if (!error->rule.empty()) code += " (" + error->rule + ")";
      codes.push_back(std::move(code));
      const JsonObject value{{"type", "about:blank"},
                             {"title", status_words(status)},
                             {"status", status},
                             {"detail", text::upper_first(wording::words(error->code)) + "."},
                             {"code", error->code},
                             {"rule", error->rule.empty() ? Json(nullptr) : Json(error->rule)},
                             {"errors", JsonArray{}}};
      examples[error->code] = JsonObject{{"value", value}};
    }
    const JsonObject media{{"schema", reference("problem")}, {"examples", std::move(examples)}};
    return JsonObject{
        {"description", std::string(status_words(status)) + ": " + text::join(codes, ", ")},
        {"content", JsonObject{{"application/problem+json", media}}}};
  }

  JsonObject object_schema(const std::vector<Field>& fields, Direction direction) const {
    JsonObject properties;
    JsonArray required;
    for (const Field& field : fields) {
      properties[field.name] = field_schema(field, direction);
      if (field.required) required.push_back(Json(field.name));
    }
    JsonObject out{{"type", "object"}};
    if (!required.empty()) out["required"] = std::move(required);
    out["properties"] = std::move(properties);
    out["additionalProperties"] = false;
    return out;
  }

  JsonObject schemas() const {
    JsonObject out;
    for (const Resource& resource : contract_.resources) {
      const std::string& name = resource.entity->id;
      out[name] = object_schema(resource.output, Direction::kOutput);
      const JsonObject count{{"type", "integer"}, {"minimum", 0}};
      out[name + ".list"] = JsonObject{
          {"type", "object"},
          {"required", JsonArray{"items", "total", "limit", "offset"}},
          {"properties",
           JsonObject{{"items", JsonObject{{"type", "array"}, {"items", reference(name)}}},
                      {"total", count},
                      {"limit", count},
                      {"offset", count}}}};
    }
    for (const Endpoint& endpoint : contract_.endpoints) {
      if (endpoint.body.empty()) continue;
      JsonObject schema = object_schema(endpoint.body, Direction::kInput);
      if (endpoint.method == "PATCH") schema["description"] = "Only the fields present change.";
      out[endpoint.operation_id + "_body"] = std::move(schema);
    }
    out["problem"] = problem_schema();
    return out;
  }

  const Spec& spec_;
  const Contract& contract_;
};

}  // namespace

Json write_openapi(const Spec& spec, const Contract& contract) {
  return Writer(spec, contract).write();
}

std::string service_title(const Spec& spec) {
  const std::string name =
      wording::words(spec.name.empty() ? "records" : std::string_view(spec.name));
  return text::upper_first(name.empty() ? "records" : name) + " service";
}

std::string endpoint_summary(const Spec& spec, const Endpoint& endpoint) {
  if (endpoint.query != nullptr) return "Report: " + wording::words(endpoint.query->id);
  return text::upper_first(wording::action(spec, *endpoint.operation));
}

}  // namespace cadre::offline::architect
