// app/permissions.py and app/removal.py: who may do what, and what deleting a row takes along.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "offline/developer/emit.h"

namespace cadre::offline::developer {
namespace {

using spec::Entity;
using spec::Expr;
using spec::Permission;

// What an actor's entries say about one operation.
struct Grant {
  std::vector<const Permission*> allow, deny;

  bool may() const {
    const bool barred =
        std::any_of(deny.begin(), deny.end(), [](const Permission* entry) { return !entry->rows; });
    return !barred && !allow.empty();
  }
  // The rows condition; nothing when every row is allowed.
  std::optional<Expr> rows() const {
    std::vector<Expr> any;
    bool all = false;
    for (const Permission* entry : allow) {
      if (entry->rows)
        any.push_back(*entry->rows);
      else
        all = true;
    }
    std::vector<Expr> parts;
    if (!all && !any.empty()) parts.push_back(any.size() == 1 ? any[0] : Expr::call("or", any));
    for (const Permission* entry : deny) {
      if (entry->rows) parts.push_back(Expr::call("not", {*entry->rows}));
    }
    if (parts.empty()) return std::nullopt;
    return parts.size() == 1 ? parts[0] : Expr::call("and", parts);
  }
};

// A report that no permission names is as open as its entity's list.
std::string governed_by(const Model& model, std::string_view operation) {
  const auto& all = model.spec.permissions;
  const bool is_named = std::any_of(all.begin(), all.end(), [&](const Permission& entry) {
    return entry.operation == operation;
  });
  const spec::Endpoint* endpoint = spec::find_endpoint(model.contract, operation);
  if (is_named || endpoint == nullptr || endpoint->query == nullptr) return std::string(operation);
  std::string list(operation);
  for (const spec::Operation& candidate : model.spec.operations) {
    if (candidate.kind == spec::OperationKind::kList && candidate.on == endpoint->entity) {
      list = candidate.id;
    }
  }
  return list;
}

Grant grant_of(const Model& model, const spec::Actor& actor, std::string_view operation) {
  Grant grant;
  const std::string wanted = governed_by(model, operation);
  const spec::Actor* at = &actor;
  for (std::size_t depth = 0; at != nullptr && depth <= model.spec.actors.size(); ++depth) {
    for (const Permission& entry : model.spec.permissions) {
      if (entry.actor != at->id || entry.operation != wanted) continue;
      (entry.allow ? grant.allow : grant.deny).push_back(&entry);
    }
    at = at->inherits.empty() ? nullptr : spec::find_actor(model.spec, at->inherits);
  }
  return grant;
}

struct RoleRows {
  std::string role;
  Expr rows;
  bool operator==(const RoleRows&) const = default;
};

// The conditions on rows that one or more operations share.
struct Rule {
  const Entity* entity;
  std::vector<RoleRows> roles;
  std::vector<std::string> operations;
  std::string name;
  bool over_rows = false;   // some operation looks at one row
  bool over_lists = false;  // some operation lists rows
};

std::vector<RoleRows> conditions(const Model& model, std::string_view operation) {
  std::vector<RoleRows> out;
  for (const spec::Actor& actor : model.spec.actors) {
    const Grant grant = grant_of(model, actor, operation);
    if (!grant.may()) continue;
    if (auto rows = grant.rows()) out.push_back({actor.id, std::move(*rows)});
  }
  return out;
}

bool lists_rows(const spec::Endpoint& endpoint) {
  return endpoint.query != nullptr || endpoint.operation->kind == spec::OperationKind::kList;
}

// Bulk work knows no rows to ask about.
bool checks_rows(const spec::Endpoint& endpoint) {
  return endpoint.operation == nullptr ||
         (endpoint.operation->kind != spec::OperationKind::kBulk &&
          endpoint.operation->kind != spec::OperationKind::kScheduled);
}

std::vector<Rule> rules_of(const Model& model) {
  std::vector<Rule> rules;
  std::map<std::string, int> numbers;
  for (const spec::Endpoint& endpoint : model.contract.endpoints) {
    if (!checks_rows(endpoint)) continue;
    std::vector<RoleRows> roles = conditions(model, endpoint.operation_id);
    if (roles.empty()) continue;
    const Entity& entity = model.entity(endpoint.entity);
    auto rule = std::find_if(rules.begin(), rules.end(), [&](const Rule& known) {
      return known.entity == &entity && known.roles == roles;
    });
    if (rule == rules.end()) {
      const int number = ++numbers[entity.id];
      std::string name = text::snake_case(entity.id);
      if (number > 1) name += fmt::format("_{}", number);
      rules.push_back({&entity, std::move(roles), {}, std::move(name)});
      rule = rules.end() - 1;
    }
    rule->operations.push_back(endpoint.operation_id);
    (lists_rows(endpoint) ? rule->over_lists : rule->over_rows) = true;
  }
  return rules;
}

const Rule* find_rule(const std::vector<Rule>& rules, std::string_view operation) {
  for (const Rule& rule : rules) {
    if (std::find(rule.operations.begin(), rule.operations.end(), operation) !=
        rule.operations.end()) {
      return &rule;
    }
  }
  return nullptr;
}

void row_function(const Model& model, const Rule& rule, Source& out) {
  const std::string row = variable(*rule.entity);
  out.blank();
  out.blank();
  out.line(0, fmt::format("def may_touch_{}(ctx: Context, {}: models.{}) -> bool:", rule.name, row,
                          class_name(*rule.entity)));
  out.docstring(4, fmt::format("May the caller work on this {}?", noun(*rule.entity)),
                {"Asked by " + text::join(rule.operations, ", ") + "."});
  for (const RoleRows& role : rule.roles) {
    Locals locals;
    locals.reserve(row);
    Source before;
    Scope scope;
    scope.model = &model;
    const bool candidate =
        std::any_of(rule.operations.begin(), rule.operations.end(), [&](const std::string& id) {
          const spec::Operation* operation = spec::find_operation(model.spec, id);
          return operation != nullptr && (operation->kind == spec::OperationKind::kCreate ||
                                          operation->kind == spec::OperationKind::kEventCreate);
        });
    scope.self = {rule.entity, row, false, candidate};
    scope.locals = &locals;
    scope.before = &before;
    scope.indent = 8;
    const Value allowed = condition(role.rows, scope);
    out.line(4, "if ctx.actor.role == " + quoted(role.role) + ":");
    out.raw(before.text());
    out.statement(8, "return ", allowed.py);
  }
  out.line(4, "return True");
}

void list_function(const Model& model, const Rule& rule, Source& out) {
  const std::string table = "models." + class_name(*rule.entity);
  out.blank();
  out.blank();
  out.line(0, fmt::format("def visible_{}(ctx: Context) -> list[Any]:", rule.name));
  out.docstring(4, fmt::format("The conditions that leave the {} which the caller may see.",
                               plural_noun(*rule.entity)));
  for (const RoleRows& role : rule.roles) {
    Locals locals;
    Source before;
    Scope scope;
    scope.model = &model;
    scope.self = {rule.entity, table, true, false};
    scope.locals = &locals;
    scope.before = &before;
    scope.indent = 8;
    Filter filter = split_filter(&role.rows, scope);
    out.line(4, "if ctx.actor.role == " + quoted(role.role) + ":");
    out.raw(before.text());
    if (filter.rest.empty()) {
      out.statement(8, "return ", group("[", std::move(filter.where), "]"));
      continue;
    }
    // The database cannot say it exactly: each row is asked.
    out.statement(8, "candidates = ",
                  call("ctx.session.scalars", {select(leaf(table), std::move(filter.where))}));
    out.line(8, fmt::format("seen = [row.id for row in candidates if may_touch_{}(ctx, row)]",
                            rule.name));
    out.line(8, "return [" + table + ".id.in_(seen)]");
  }
  out.line(4, "return []");
}

bool asks_each_row(const Model& model, const Rule& rule) {
  return std::any_of(rule.roles.begin(), rule.roles.end(), [&](const RoleRows& role) {
    Locals locals;
    Source before;
    Scope scope;
    scope.model = &model;
    scope.self = {rule.entity, "models." + class_name(*rule.entity), true, false};
    scope.locals = &locals;
    scope.before = &before;
    return !split_filter(&role.rows, scope).rest.empty();
  });
}

// ---- removal ----

std::vector<const spec::Relation*> references_to(const Model& model, const Entity& entity) {
  std::vector<const spec::Relation*> out;
  for (const spec::Relation& relation : model.spec.relations) {
    if (relation.to == entity.id && relation.cardinality != spec::Cardinality::kManyToMany) {
      out.push_back(&relation);
    }
  }
  return out;
}

}  // namespace

std::string row_rule(const Model& model, std::string_view operation) {
  const std::vector<Rule> rules = rules_of(model);
  const Rule* rule = find_rule(rules, operation);
  return rule == nullptr ? "" : "may_touch_" + rule->name;
}

std::string visible_rule(const Model& model, std::string_view operation) {
  const std::vector<Rule> rules = rules_of(model);
  const Rule* rule = find_rule(rules, operation);
  return rule == nullptr ? "" : "visible_" + rule->name;
}

std::string emit_permissions(const Model& model) {
  if (!model.has_actors()) return {};
  Source out;
  for (const spec::Rule& rule : model.spec.rules) {
    if (rule.kind.find("permission") != std::string::npos || rule.kind == "ownership") {
      out.comment(0, rule_comment(model, rule.id));
    }
  }
  if (!out.empty()) out.blank();
  out.line(0, "# Operation -> the roles that may perform it. Nobody else may.");
  out.line(0, "ALLOWED: dict[str, frozenset[str]] = {");
  for (const spec::Endpoint& endpoint : model.contract.endpoints) {
    std::vector<Py> roles;
    for (const spec::Actor& actor : model.spec.actors) {
      if (grant_of(model, actor, endpoint.operation_id).may()) roles.push_back(text_leaf(actor.id));
    }
    Py set = call("frozenset", {});
    if (!roles.empty()) set.items.push_back(group("{", std::move(roles), "}"));
    out.statement(4, quoted(endpoint.operation_id) + ": ", set, ",");
  }
  out.line(0, "}");
  for (const Rule& rule : rules_of(model)) {
    if (rule.over_rows || asks_each_row(model, rule)) row_function(model, rule, out);
    if (rule.over_lists) list_function(model, rule, out);
  }
  return with_imports("Who may do what, in one place: operations by role, then rows.", out.text());
}

std::string removal_function(const Entity& entity) {
  return "remove_" + text::snake_case(entity.id);
}

namespace {

// The entities whose rows a deletion of `start` can reach by cascading, itself first.
std::vector<const Entity*> cascade_of(const Model& model, const Entity& start) {
  std::vector<const Entity*> out{&start};
  for (std::size_t i = 0; i < out.size(); ++i) {
    for (const spec::Relation* relation : references_to(model, *out[i])) {
      const Entity& from = model.entity(relation->from);
      if (relation->on_delete == spec::OnDelete::kCascade &&
          std::find(out.begin(), out.end(), &from) == out.end()) {
        out.push_back(&from);
      }
    }
  }
  return out;
}

}  // namespace

std::string emit_removal(const Model& model) {
  std::set<std::string> removable;
  for (const spec::Operation& operation : model.spec.operations) {
    if (operation.kind == spec::OperationKind::kDelete) removable.insert(operation.on);
    for (const spec::Effect& effect : operation.effects) {
      if (effect.kind == spec::EffectKind::kDelete) {
        removable.insert(effect.target.substr(0, effect.target.find('.')));
      }
    }
  }
  Source table;
  std::set<std::string> reached;
  for (const Entity& entity : model.spec.entities) {
    if (!removable.contains(entity.id)) continue;
    for (const Entity* one : cascade_of(model, entity)) reached.insert(one->id);
  }
  bool referenced = false;
  table.line(0, "# Table -> what refers to its rows: table, column, and what deleting does to it.");
  table.line(0, "REFERENCES: dict[Any, list[tuple[Any, Any, str]]] = {");
  for (const Entity& entity : model.spec.entities) {
    const auto references = references_to(model, entity);
    if (!reached.contains(entity.id) || references.empty()) continue;
    std::vector<Py> entries;
    for (const spec::Relation* relation : references) {
      const std::string from = "models." + class_name(model.entity(relation->from));
      const char* action = relation->on_delete == spec::OnDelete::kCascade   ? "cascade"
                           : relation->on_delete == spec::OnDelete::kSetNull ? "clear"
                                                                             : "restrict";
      entries.push_back(tuple(
          {leaf(from), leaf(from + "." + member(relation->role + "_id")), text_leaf(action)}));
      referenced = true;
    }
    table.statement(4, "models." + class_name(entity) + ": ", group("[", std::move(entries), "]"),
                    ",");
  }
  table.line(0, "}");
  return referenced ? table.text() : std::string();
}

}  // namespace cadre::offline::developer
