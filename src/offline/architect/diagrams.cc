// Mermaid diagrams. Node ids are made here; every text from the model goes through markup::mermaid.
#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"
#include "offline/architect/ddl.h"
#include "offline/architect/design.h"
#include "offline/architect/openapi.h"
#include "offline/markup.h"
#include "offline/product/requirements.h"
#include "offline/wording.h"

namespace cadre::offline::architect {
namespace {

using spec::Endpoint;
using spec::Spec;

std::string quoted(std::string_view text) { return "\"" + markup::mermaid(text) + "\""; }

std::string node(std::string_view prefix, std::string_view id) {
  return std::string(prefix) + "_" + markup::identifier(id);
}

// What an actor does that others would notice: the actions that are not standard, at most three.
std::string doings(const Spec& spec, const std::string& actor) {
  std::vector<std::string> actions;
  for (const spec::Operation& operation : spec.operations) {
    if (spec::is_standard(operation)) continue;
    const bool may = std::any_of(spec.permissions.begin(), spec.permissions.end(),
                                 [&](const spec::Permission& permission) {
                                   return permission.allow && permission.actor == actor &&
                                          permission.operation == operation.id;
                                 });
    if (may) actions.push_back(wording::action(spec, operation));
  }
  if (actions.empty()) return "works with records";
  if (actions.size() > 3) {
    actions.resize(3);
    actions.emplace_back("…");
  }
  return text::join(actions, ", ");
}

// Attribute names that the erDiagram grammar reads as keys.
std::string er_name(const std::string& name) {
  std::string out = markup::identifier(name);
  const std::string low = text::lower(out);
  return low == "pk" || low == "fk" || low == "uk" ? out + "_" : out;
}

std::vector<std::string> actor_names(const Design& design) {
  std::vector<std::string> out;
  for (const spec::Actor& actor : design.spec->actors) {
    out.push_back(wording::actor_name(*design.spec, actor.id));
  }
  return out;
}

}  // namespace

std::string er_diagram(const Design& design) {
  const Spec& spec = *design.spec;
  std::string out = "erDiagram\n";
  for (const spec::Relation& relation : spec.relations) {
    if (relation.cardinality == spec::Cardinality::kManyToMany) continue;
    const bool one = relation.cardinality == spec::Cardinality::kOneToOne;
    out += "  " + quoted(relation.to) + (relation.required ? " ||--" : " |o--") +
           (one ? "o| " : "o{ ") + quoted(relation.from) + " : " +
           quoted(wording::words(relation.role)) + "\n";
  }
  for (const spec::Resource& resource : design.contract.resources) {
    const spec::Entity& entity = *resource.entity;
    out += "  " + quoted(entity.id) + " {\n";
    for (const spec::Field& field : resource.output) {
      std::string line = "    ";
      line += field.name == "id" || !field.ref.empty() ? "int" : spec::to_string(field.type);
      line += " " + er_name(field.name);
      if (field.name == "id") line += " PK";
      if (!field.ref.empty()) line += " FK";
      if (field.attribute != nullptr && field.attribute->unique) line += " UK";
      if (field.attribute != nullptr && field.attribute->derived) line += " \"computed\"";
      out += line + "\n";
    }
    out += "  }\n";
  }
  return out;
}

std::string context_diagram(const Design& design) {
  const Spec& spec = *design.spec;
  std::string out = "flowchart LR\n";
  out += "  service[" + quoted(service_title(spec)) + "]\n";
  if (spec.actors.empty()) {
    out += "  user([" + quoted("user") + "]) -->|" + quoted("HTTP and JSON") + "| service\n";
  }
  for (const spec::Actor& actor : spec.actors) {
    out += "  " + node("actor", actor.id) + "([" + quoted(wording::words(actor.name)) + "]) -->|" +
           quoted(doings(spec, actor.id)) + "| service\n";
  }
  const bool scheduled = std::any_of(
      spec.operations.begin(), spec.operations.end(),
      [](const spec::Operation& o) { return o.kind == spec::OperationKind::kScheduled; });
  if (scheduled) {
    out += "  scheduler[[" + quoted("scheduler, such as cron") + "]] -->|" +
           quoted("calls on time") + "| service\n";
  }
  return out;
}

std::string container_diagram(const Design& design) {
  std::string out = "flowchart LR\n";
  const std::vector<std::string> names = actor_names(design);
  const std::string who = names.empty() ? "user" : text::join(names, ", ");
  out += "  client([" + quoted(who) + "]) -->|" + quoted("HTTP, JSON") + "| app\n";
  out += "  subgraph system[" + quoted(service_title(*design.spec)) + "]\n";
  out += "    app[" + quoted("FastAPI application, Python") + "]\n";
  out += "    db[(" + quoted("SQLite file") + ")]\n";
  out += "  end\n";
  out += "  app -->|" + quoted("SQL, BEGIN IMMEDIATE") + "| db\n";
  return out;
}

std::string component_diagram(const Design& design) {
  std::string out = "flowchart TB\n  http([" + quoted("HTTP") + "]) --> " +
                    node("c", design.components.front().id) + "\n";
  for (const Component& component : design.components) {
    out += "  " + node("c", component.id) + "[" + quoted(component.name) + "]\n";
  }
  for (std::size_t i = 1; i < design.components.size(); ++i) {
    out += "  " + node("c", design.components.front().id) + " --> " +
           node("c", design.components[i].id) + "\n";
    out += "  " + node("c", design.components[i].id) + " --> db\n";
  }
  return out + "  db[(" + quoted("SQLite") + ")]\n";
}

std::string task_diagram(const Design& design) {
  std::string out = "flowchart LR\n";
  for (const WorkItem& item : design.tasks) {
    out += "  " + node("t", item.id) + "[" + quoted(item.title) + "]\n";
  }
  for (const WorkItem& item : design.tasks) {
    for (const std::string& before : item.depends_on) {
      out += "  " + node("t", before) + " --> " + node("t", item.id) + "\n";
    }
  }
  return out;
}

std::string sequence_diagram(const Design& design, const Endpoint& endpoint) {
  const Spec& spec = *design.spec;
  const spec::Operation& operation = *endpoint.operation;
  const std::string who = product::usual_person(spec, operation);
  std::string out = "sequenceDiagram\n";
  out += "  actor U as " + markup::mermaid(who) + "\n";
  out += "  participant A as API\n  participant S as " +
         markup::mermaid(wording::entity_name(spec, operation.on) + " service") +
         "\n  participant D as SQLite\n";
  out += "  U->>A: " + markup::mermaid(endpoint.method + " " + endpoint.path) + "\n";
  if (design.contract.has_actors) out += "  A->>A: token and permission (401, 403)\n";
  out += "  A->>A: fields (422)\n";
  out += "  A->>S: " + markup::mermaid(wording::action(spec, operation)) + "\n";
  out += "  S->>D: BEGIN IMMEDIATE\n  S->>D: read what the rules need\n";
  std::vector<std::string> refusals;
  for (const spec::ErrorCase& error : endpoint.errors) {
    if (error.rule.empty() && error.code != "invalid_transition") continue;
    refusals.push_back(std::to_string(error.status) + " " + error.code +
                       (error.rule.empty() ? "" : " (" + error.rule + ")"));
  }
  if (!refusals.empty()) {
    out += "  alt a rule is broken\n    S->>D: ROLLBACK\n    S-->>A: " +
           markup::mermaid(text::join(refusals, ", ")) +
           "\n    A-->>U: problem+json\n  else all rules hold\n";
  }
  const std::string indent = refusals.empty() ? "  " : "    ";
  out += indent + "S->>D: write\n" + indent + "S->>D: COMMIT\n" + indent +
         "A-->>U: " + std::to_string(endpoint.success) + "\n";
  if (!refusals.empty()) out += "  end\n";
  return out;
}

std::vector<const Endpoint*> main_endpoints(const Design& design) {
  std::vector<const Endpoint*> out;
  const auto take = [&](bool with_rules) {
    for (const Endpoint& endpoint : design.contract.endpoints) {
      if (endpoint.operation == nullptr || out.size() == 4) continue;
      const bool acts = !spec::is_standard(*endpoint.operation);
      if (acts && endpoint.operation->guards.empty() != with_rules) out.push_back(&endpoint);
    }
  };
  take(true);
  take(false);
  for (const Endpoint& endpoint : design.contract.endpoints) {
    if (!out.empty()) break;
    const bool creates =
        endpoint.operation != nullptr && endpoint.operation->kind == spec::OperationKind::kCreate;
    if (creates) out.push_back(&endpoint);
  }
  return out;
}

}  // namespace cadre::offline::architect
