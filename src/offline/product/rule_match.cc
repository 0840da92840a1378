#include "offline/product/rule_match.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "offline/product/requirements.h"

namespace cadre::offline::product {
namespace {

using spec::Operation;
using spec::OperationKind;
using spec::Rule;
using spec::Spec;

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// "edit" is what update_x does.
bool means(std::string_view verb, const Operation& operation) {
  if (verb.empty()) return false;
  if (verb == operation.verb || operation.id == verb ||
      operation.id.starts_with(std::string(verb) + "_")) {
    return true;
  }
  if (!spec::is_standard(operation)) return false;
  if (is_one_of(verb, {"manage", "handle", "maintain", "administer"})) return true;
  switch (operation.kind) {
    case OperationKind::kUpdate: return is_one_of(verb, {"edit", "update", "change", "modify"});
    case OperationKind::kDelete: return is_one_of(verb, {"delete", "remove"});
    case OperationKind::kRead:
    case OperationKind::kList: return is_one_of(verb, {"see", "read", "view", "list", "search"});
    case OperationKind::kCreate:
      return is_one_of(verb, {"create", "add", "register", "enter", "record", "write", "publish"});
    default: return false;
  }
}

bool same_object(const Rule& rule, const Operation& operation) {
  const std::string on = json::get_string(rule.params, "on");
  return on.empty() || on == operation.on ||
         std::any_of(operation.inputs.begin(), operation.inputs.end(),
                     [&](const spec::Input& input) { return input.ref == on; });
}

}  // namespace

const Rule* permission_rule(const Spec& spec, std::string_view actor, const Operation& operation,
                            bool denied) {
  for (const Rule& rule : spec.rules) {
    if (!is_permission_rule(rule) || !same_object(rule, operation)) continue;
    if (!means(json::get_string(rule.params, "op"), operation)) continue;
    const bool own = json::get_string(rule.params, "actor") == actor;
    if (own ? !denied : denied && json::get_bool(rule.params, "only")) return &rule;
  }
  return nullptr;
}

const Rule* transition_rule(const Spec& spec, const spec::Entity& entity, std::string_view from,
                            std::string_view to) {
  const std::string edge = std::string(from) + ">" + std::string(to);
  const Rule* any = nullptr;
  for (const Rule& rule : spec.rules) {
    if (rule.kind != "transitions" || !concerns(rule, entity.id)) continue;
    const std::vector<std::string> edges = json::get_strings(rule.params, "edges");
    if (std::find(edges.begin(), edges.end(), edge) != edges.end()) return &rule;
    if (any == nullptr && edges.empty()) any = &rule;
  }
  return any;
}

const Operation* operation_for(const Spec& spec, const Rule& rule) {
  const std::string verb =
      json::get_string(rule.params, "op", json::get_string(rule.params, "when"));
  const Operation* of_entity = nullptr;
  for (const Operation& operation : spec.operations) {
    const bool near = concerns(rule, operation.on) || same_object(rule, operation);
    if (near && means(verb, operation)) return &operation;
    if (!concerns(rule, operation.on)) continue;
    // What changes rows says more about a rule than what shows them.
    const bool shows =
        operation.kind == OperationKind::kRead || operation.kind == OperationKind::kList;
    if (of_entity == nullptr || (!shows && of_entity->kind == OperationKind::kRead)) {
      of_entity = &operation;
    }
  }
  if (of_entity != nullptr) return of_entity;
  return spec.operations.empty() ? nullptr : &spec.operations.front();
}

}  // namespace cadre::offline::product
