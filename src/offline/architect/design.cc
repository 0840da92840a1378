#include "offline/architect/design.h"

#include <algorithm>

#include "base/text.h"
#include "offline/architect/ddl.h"
#include "offline/architect/openapi.h"
#include "offline/wording.h"

namespace cadre::offline::architect {
namespace {

template <class T, class Function>
JsonArray each(const std::vector<T>& items, Function function) {
  JsonArray out;
  for (const T& item : items) out.push_back(function(item));
  return out;
}

Json field_json(const spec::Spec& spec, const spec::Entity& entity, const spec::Field& field) {
  JsonObject out{{"name", field.name}};
  const spec::Attribute* attribute = field.attribute;
  const bool key = field.name == "id" && attribute == nullptr;
  out["type"] = attribute != nullptr ? spec::to_string(attribute->type) : "reference";
  if (key) out["type"] = "id";
  const bool stored = attribute == nullptr || !attribute->derived;
  out["sql_type"] = stored ? (attribute != nullptr ? sql_type(attribute->type) : "INTEGER") : "";
  out["required"] =
      key || (attribute != nullptr ? attribute->required
                                   : field.relation != nullptr && field.relation->required);
  out["unique"] = key || (attribute != nullptr && attribute->unique);
  out["stored"] = stored;
  out["references"] = field.ref.empty() ? Json(nullptr) : Json(field.ref);
  out["constraints"] = attribute != nullptr ? constraint_words(entity, *attribute) : "";
  spec::OriginKind origin = spec::OriginKind::kConvention;
  if (attribute != nullptr) origin = attribute->origin.kind;
  if (field.relation != nullptr) origin = field.relation->origin.kind;
  out["origin"] = spec::to_string(origin);
  std::string description;
  if (attribute != nullptr && attribute->derived) {
    const wording::Voice voice{.spec = &spec, .self = wording::words(entity.name), .row = "row"};
    description = "Computed: " + wording::value(voice, *attribute->derived);
  }
  if (!field.ref.empty()) description = "The " + wording::words(field.relation->role);
  out["description"] = description;
  return out;
}

}  // namespace

Design make_design(const spec::Spec& spec, const Json& user_stories) {
  Design design;
  design.spec = &spec;
  design.contract = spec::derive_contract(spec);
  design.links = read_story_links(user_stories);
  design.components = write_components(design);
  design.decisions = write_decisions(spec);
  design.tasks = write_tasks(design);
  design.ddl = write_ddl(spec);
  design.er_diagram = er_diagram(design);
  design.openapi = write_openapi(spec, design.contract);
  return design;
}

std::string constraint_words(const spec::Entity& entity, const spec::Attribute& attribute) {
  const wording::Voice voice;
  std::vector<std::string> out;
  if (attribute.required) out.emplace_back("required");
  const bool key = entity.natural_key.size() == 1 && entity.natural_key[0] == attribute.id;
  if (attribute.unique || key) out.emplace_back("unique");
  if (!attribute.unique_within.empty()) {
    std::vector<std::string> parts;
    for (const std::string& part : attribute.unique_within) parts.push_back(wording::words(part));
    out.push_back("unique within its " + text::join(parts, " and "));
  }
  if (attribute.min && attribute.min->kind != spec::Expr::Kind::kCall) {
    out.push_back((attribute.exclusive_min ? "above " : "at least ") +
                  wording::value(voice, *attribute.min));
  }
  if (attribute.max && attribute.max->kind != spec::Expr::Kind::kCall) {
    out.push_back("at most " + wording::value(voice, *attribute.max));
  }
  if (attribute.step) out.push_back("in steps of " + json::write(Json(*attribute.step)));
  if (attribute.length) {
    out.push_back(std::to_string(attribute.length->first) + " to " +
                  std::to_string(attribute.length->second) + " characters");
  }
  if (!attribute.pattern.empty()) out.push_back("matches " + attribute.pattern);
  if (!attribute.values.empty()) out.push_back("one of " + text::join(attribute.values, ", "));
  if (!attribute.unit.empty()) out.push_back("in " + attribute.unit);
  if (sql_scale(attribute) > 0) {
    out.push_back(wording::count(sql_scale(attribute), "digit") + " after the point");
  }
  if (attribute.default_value && attribute.default_value->kind != spec::Expr::Kind::kCall &&
      !attribute.default_value->is_null()) {
    out.push_back("usually " + wording::value(voice, *attribute.default_value));
  }
  if (!attribute.generated.empty()) out.emplace_back("filled in by the service");
  return text::join(out, ", ");
}

Json architecture_json(const Design& design) {
  JsonArray reasons{"Runs from Debian 12's packages, without a build step",
                    "Most developers can read it", "Tests run in seconds, in memory"};
  return JsonObject{
      {"style",
       "One service in three layers (routes, services, database), one component for each "
       "kind of record"},
      {"components", each(design.components,
                          [](const Component& component) {
                            return JsonObject{{"id", component.id},
                                              {"name", component.name},
                                              {"responsibility", component.responsibility},
                                              {"stories", json::to_array(component.stories)},
                                              {"entities", json::to_array(component.entities)},
                                              {"operations", json::to_array(component.operations)},
                                              {"files", json::to_array(component.files)}};
                          })},
      {"stack", JsonObject{{"language", "python"},
                           {"framework", "FastAPI"},
                           {"database", "SQLite"},
                           {"access", "SQLAlchemy"},
                           {"tests", "pytest"},
                           {"reasons", std::move(reasons)}}},
      {"adrs", each(design.decisions, [](const Decision& decision) {
         return JsonObject{{"id", decision.id},
                           {"title", decision.title},
                           {"status", "accepted"},
                           {"context", decision.context},
                           {"decision", decision.decision},
                           {"consequences", decision.consequences}};
       })}};
}

Json data_structures_json(const Design& design) {
  const spec::Spec& spec = *design.spec;
  JsonArray entities;
  for (const spec::Resource& resource : design.contract.resources) {
    const spec::Entity& entity = *resource.entity;
    entities.push_back(JsonObject{{"id", entity.id},
                                  {"name", wording::words(entity.name)},
                                  {"table", resource.snake_plural},
                                  {"kind", spec::to_string(entity.kind)},
                                  {"origin", spec::to_string(entity.origin.kind)},
                                  {"fields", each(resource.output, [&](const spec::Field& field) {
                                     return field_json(spec, entity, field);
                                   })}});
  }
  return JsonObject{
      {"entities", std::move(entities)}, {"ddl", design.ddl}, {"er_mermaid", design.er_diagram}};
}

Json apis_json(const Design& design) {
  JsonArray endpoints;
  for (const spec::Endpoint& endpoint : design.contract.endpoints) {
    const auto at = design.links.by_operation.find(endpoint.operation_id);
    endpoints.push_back(JsonObject{{"operation", endpoint.operation_id},
                                   {"method", endpoint.method},
                                   {"path", endpoint.path},
                                   {"stories", json::to_array(at == design.links.by_operation.end()
                                                                  ? std::vector<std::string>{}
                                                                  : at->second)}});
  }
  return JsonObject{{"openapi", design.openapi}, {"endpoints", std::move(endpoints)}};
}

Json tasks_json(const Design& design) {
  return JsonObject{{"tasks", each(design.tasks, [](const WorkItem& item) {
                       return JsonObject{
                           {"id", item.id},
                           {"title", item.title},
                           {"owner", item.owner},
                           {"kind", item.kind},
                           {"entity", item.entity.empty() ? Json(nullptr) : Json(item.entity)},
                           {"depends_on", json::to_array(item.depends_on)},
                           {"components", json::to_array(item.components)},
                           {"stories", json::to_array(item.stories)},
                           {"success", json::to_array(item.success)}};
                     })}};
}

}  // namespace cadre::offline::architect
