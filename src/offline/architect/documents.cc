// The Architect's Markdown documents. Text of the model goes through markup; facts come from the
// design, so that documents and artifacts cannot disagree.
#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "offline/architect/ddl.h"
#include "offline/architect/design.h"
#include "offline/architect/openapi.h"
#include "offline/markup.h"
#include "offline/wording.h"

namespace cadre::offline::architect {
namespace {

using markup::cell;
using markup::code;
using markup::codes;
using markup::fenced;
using markup::header;
using markup::markdown;
using markup::row;

std::string title(const std::string& name, const std::string& about) {
  return "# " + name + "\n\n" + about + " · " + std::string(markup::kMadeBy) + "\n";
}

std::string stories_cell(const std::vector<std::string>& stories, std::size_t all) {
  if (stories.size() == all && all > 3) return "all";
  return stories.empty() ? "–" : text::join(stories, ", ");
}

std::string field_type(const spec::Field& field) {
  if (field.attribute != nullptr) return spec::to_string(field.attribute->type);
  return field.ref.empty() ? "id" : "id of " + field.ref;
}

std::string field_origin(const spec::Field& field) {
  const spec::Origin* origin = nullptr;
  if (field.attribute != nullptr) origin = &field.attribute->origin;
  if (field.relation != nullptr) origin = &field.relation->origin;
  if (origin == nullptr) return spec::to_string(spec::OriginKind::kConvention);
  std::string out = spec::to_string(origin->kind);
  if (!origin->sentences.empty()) out += " (" + text::join(origin->sentences, ", ") + ")";
  return out;
}

std::string field_limits(const Design& design, const spec::Entity& entity,
                         const spec::Field& field) {
  if (field.relation != nullptr) {
    const char* on_delete = spec::to_string(field.relation->on_delete);
    return std::string(field.relation->required ? "required, " : "") +
           "on delete: " + wording::words(on_delete);
  }
  if (field.attribute == nullptr) return "key";
  std::string out = constraint_words(entity, *field.attribute);
  if (field.attribute->derived) {
    const wording::Voice voice{
        .spec = design.spec, .self = wording::words(entity.name), .row = "row"};
    out += (out.empty() ? "" : "; ") + std::string("computed: ") +
           wording::value(voice, *field.attribute->derived);
  }
  return out;
}

std::string entity_section(const Design& design, const spec::Resource& resource) {
  const spec::Entity& entity = *resource.entity;
  std::string out = "\n## " + markdown(entity.id) + "\n\nTable " + code(resource.snake_plural) +
                    ", " + spec::to_string(entity.origin.kind);
  if (!entity.origin.sentences.empty()) {
    out += " in " + text::join(entity.origin.sentences, ", ");
  }
  out += ".\n\n" + header({"Field", "Type", "Column", "Limits", "Origin"});
  for (const spec::Field& field : resource.output) {
    const bool stored = field.attribute == nullptr || !field.attribute->derived;
    std::string column = "not stored";
    if (stored) column = field.attribute != nullptr ? sql_type(field.attribute->type) : "INTEGER";
    if (stored && field.attribute != nullptr && sql_scale(*field.attribute) > 0) {
      column += " × 10^" + std::to_string(sql_scale(*field.attribute));
    }
    out += row({code(field.name), cell(field_type(field)), column,
                cell(field_limits(design, entity, field)), field_origin(field)});
  }
  if (entity.natural_key.size() > 1) {
    out += "\nUnique together: " + codes(entity.natural_key) + ".\n";
  }
  if (!entity.lifecycle) return out;
  const spec::Lifecycle& cycle = *entity.lifecycle;
  std::string diagram = "stateDiagram-v2\n";
  const auto state = [&](const std::string& name) { return "s_" + markup::identifier(name); };
  for (const std::string& name : cycle.states) {
    diagram += "  state \"" + markup::mermaid(wording::words(name)) + "\" as " + state(name) + "\n";
  }
  diagram += "  [*] --> " + state(cycle.initial) + "\n";
  for (const spec::Transition& edge : cycle.transitions) {
    diagram += "  " + state(edge.from) + " --> " + state(edge.to) + " : " +
               markup::mermaid(wording::words(edge.by)) + "\n";
  }
  return out + "\nHow " + code(cycle.attribute) + " changes:\n\n" + fenced("mermaid", diagram);
}

std::string error_list(const spec::Endpoint& endpoint) {
  std::map<int, std::vector<std::string>> by_status;
  for (const spec::ErrorCase& error : endpoint.errors) {
    // Every operation has these; they are said once, above the tables.
    if (error.code == "invalid" || error.code == "invalid_json" || error.code == "unauthorized" ||
        error.code == "forbidden" || error.code == "not_found") {
      continue;
    }
    by_status[error.status].push_back(code(error.code) +
                                      (error.rule.empty() ? "" : " " + markdown(error.rule)));
  }
  std::vector<std::string> parts;
  for (const auto& [status, list] : by_status) {
    parts.push_back(std::to_string(status) + " " + text::join(list, ", "));
  }
  return parts.empty() ? "–" : text::join(parts, "; ");
}

std::string body_list(const spec::Endpoint& endpoint) {
  std::vector<std::string> out;
  for (const spec::Field& field : endpoint.body) {
    out.push_back(code(field.name) + (field.required ? "\\*" : ""));
  }
  return out.empty() ? "–" : text::join(out, ", ");
}

std::string first_request(const Design& design) {
  for (const spec::Endpoint& endpoint : design.contract.endpoints) {
    if (endpoint.operation == nullptr || endpoint.method != "GET") continue;
    if (!endpoint.id_parameter.empty()) continue;
    std::string out = "curl";
    if (design.contract.has_actors) out += " -H \"Authorization: Bearer $TOKEN\"";
    return out + " http://127.0.0.1:8000" + endpoint.path + "\n";
  }
  return "curl http://127.0.0.1:8000/health\n";
}

}  // namespace

std::string architecture_document(const Design& design) {
  std::string out =
      title("Architecture", "How " + markdown(service_title(*design.spec)) + " is built");
  out +=
      "\nOne service in three layers: routes translate HTTP, services hold the rules, SQLite "
      "keeps the records. Each kind of record has its own component.\n";
  out += "\n## Context\n\n" + fenced("mermaid", context_diagram(design));
  out += "\n## Containers\n\n" + fenced("mermaid", container_diagram(design));
  out += "\n## Components\n\n" + fenced("mermaid", component_diagram(design)) + "\n";
  out += header({"Id", "Component", "What it does", "Operations", "Stories", "Files"});
  for (const Component& component : design.components) {
    out += row({component.id, cell(component.name), cell(component.responsibility),
                codes(component.operations),
                stories_cell(component.stories, design.links.all.size()), codes(component.files)});
  }
  const auto endpoints = main_endpoints(design);
  if (!endpoints.empty()) out += "\n## Main operations\n";
  for (const spec::Endpoint* endpoint : endpoints) {
    out += "\n### " + markdown(endpoint_summary(*design.spec, *endpoint)) + "\n\n" +
           fenced("mermaid", sequence_diagram(design, *endpoint));
  }
  out += "\n## Decisions\n\n" + header({"Id", "Decision"});
  for (const Decision& decision : design.decisions) {
    out += row(
        {"[" + decision.id + "](adr/" + decision_file(decision) + ".md)", cell(decision.title)});
  }
  return out;
}

std::string data_model_document(const Design& design) {
  std::string out = title("Data model", "The records of " + markdown(service_title(*design.spec)));
  out += "\n" + fenced("mermaid", design.er_diagram);
  for (const spec::Resource& resource : design.contract.resources) {
    out += entity_section(design, resource);
  }
  return out + "\nThe SQL is in [migrations/0001_init.sql](../migrations/0001_init.sql).\n";
}

std::string api_document(const Design& design) {
  std::string out = title("API", "Every operation of " + markdown(service_title(*design.spec)));
  out += "\nThe full contract is [openapi.json](../openapi.json) (OpenAPI 3.1). Try it:\n\n" +
         fenced("sh", first_request(design));
  out += "\nEvery operation may also answer 422 `invalid`";
  if (design.contract.has_actors) out += ", 401 `unauthorized`, 403 `forbidden`";
  out +=
      " and, with an id in the path, 404 `not_found`. Refusals are `application/problem+json`. "
      "Fields with \\* are required.\n";
  const auto table = [&](const std::string& name, auto belongs) {
    std::string rows;
    for (const spec::Endpoint& endpoint : design.contract.endpoints) {
      if (!belongs(endpoint)) continue;
      const auto at = design.links.by_operation.find(endpoint.operation_id);
      rows += row({code(endpoint.method + " " + endpoint.path),
                   cell(endpoint_summary(*design.spec, endpoint)), body_list(endpoint),
                   error_list(endpoint),
                   at == design.links.by_operation.end() ? "–" : text::join(at->second, ", ")});
    }
    if (rows.empty()) return;
    out += "\n## " + markdown(text::upper_first(name)) + "\n\n" +
           header({"Request", "What it does", "Body", "Refusals", "Stories"}) + rows;
  };
  for (const spec::Resource& resource : design.contract.resources) {
    const std::string& entity = resource.entity->id;
    table(wording::entity_plural(*design.spec, entity), [&](const spec::Endpoint& endpoint) {
      return endpoint.operation != nullptr && endpoint.entity == entity;
    });
  }
  table("reports", [](const spec::Endpoint& endpoint) { return endpoint.query != nullptr; });
  return out;
}

std::string tasks_document(const Design& design) {
  std::string out = title("Tasks", "Who builds what, and what must come first");
  out += "\n" + fenced("mermaid", task_diagram(design)) + "\n" +
         header({"Id", "Task", "Owner", "After", "Done when"});
  for (const WorkItem& item : design.tasks) {
    std::vector<std::string> success;
    for (const std::string& one : item.success) success.push_back(cell(one));
    std::string after = text::join(item.depends_on, ", ");
    if (item.kind == "verify") after = "all others";
    if (after.empty()) after = "–";
    out += row({item.id, cell(item.title), wording::words(item.owner), after,
                text::join(success, "<br>")});
  }
  return out;
}

}  // namespace cadre::offline::architect
