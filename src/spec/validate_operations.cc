// The part of the soundness check that concerns operations: inputs, guards, effects.
#include <algorithm>

#include "spec/names.h"
#include "spec/validator.h"

namespace cadre::spec {
namespace {

using Kind = OperationKind;

bool fills_row(const Operation& operation) {
  return operation.kind == Kind::kCreate || operation.kind == Kind::kEventCreate;
}

bool has_row(const Operation& operation) {
  return operation.kind != Kind::kList && operation.kind != Kind::kBulk &&
         operation.kind != Kind::kScheduled;
}

bool writes(const Operation& operation) {
  return operation.kind != Kind::kList && operation.kind != Kind::kRead;
}

bool is_patch(const Operation& operation) {
  return operation.kind == Kind::kUpdate && is_standard(operation);
}

bool reads_self(const Expr& expr, const std::string& attribute) {
  if (expr.is_call("self") && expr.args[0].text == attribute) return true;
  return std::any_of(expr.args.begin(), expr.args.end(),
                     [&](const Expr& arg) { return reads_self(arg, attribute); });
}

// The attribute of the own row that an effect sets, or empty.
std::string own_target(const Operation& operation, const Effect& effect) {
  const bool assigns = effect.kind == EffectKind::kSet || effect.kind == EffectKind::kInc ||
                       effect.kind == EffectKind::kDec;
  if (!assigns || effect.where) return {};
  const auto dot = effect.target.find('.');
  if (dot == std::string::npos || effect.target.find('.', dot + 1) != std::string::npos) return {};
  const std::string head = effect.target.substr(0, dot);
  return head == operation.on || head == "self" ? effect.target.substr(dot + 1) : std::string();
}

bool is_in_unique_key(const Entity& entity, const std::string& name) {
  const auto& key = entity.natural_key;
  if (std::find(key.begin(), key.end(), name) != key.end()) return true;
  return std::any_of(entity.attributes.begin(), entity.attributes.end(), [&](const Attribute& a) {
    const auto& within = a.unique_within;
    return (a.id == name && (a.unique || !within.empty())) ||
           std::find(within.begin(), within.end(), name) != within.end();
  });
}

}  // namespace

TypeScope Validator::operation_scope(const Operation& operation, const Entity& entity) const {
  TypeScope scope;
  scope.spec = &spec_;
  scope.self = has_row(operation) ? &entity : nullptr;
  scope.old = is_patch(operation);
  scope.operation = &operation;
  return scope;
}

void Validator::check_operation(const Operation& operation) {
  place_ = "operation " + operation.id;
  const Entity* entity = find_entity(spec_, operation.on);
  if (entity == nullptr) return problem("unknown entity {}", operation.on);
  const auto same_kind = std::count_if(
      spec_.operations.begin(), spec_.operations.end(), [&](const Operation& other) {
        return other.on == operation.on && other.kind == operation.kind;
      });
  const bool single = operation.kind == Kind::kRead || operation.kind == Kind::kList ||
                      operation.kind == Kind::kDelete;
  if (single && same_kind > 1) {
    problem("{} has more than one {} operation", operation.on,
            word_of(kOperationKindNames, operation.kind));
  }
  if (!writes(operation) &&
      (!operation.guards.empty() || !operation.effects.empty() || !operation.inputs.empty())) {
    problem("a read or list has no inputs, guards or effects");
  }
  check_inputs(operation, *entity);
  const TypeScope scope = operation_scope(operation, *entity);
  std::set<std::string> ids;
  for (const Guard& guard : operation.guards) {
    place_ = fmt::format("operation {}, guard {}", operation.id, guard.id);
    if (!ids.insert(guard.id).second) problem("two guards have this id");
    if (!is_safe_identifier(guard.error)) problem("\"{}\" is no error code", guard.error);
    check_condition(guard.require, scope, "require");
  }
  std::set<std::string> set_before;
  for (const Effect& effect : operation.effects) {
    place_ = fmt::format("operation {}, effect {} {}", operation.id,
                         word_of(kEffectKindNames, effect.kind), effect.target);
    check_effect(operation, *entity, effect);
    for (const std::string& name : set_before) {
      const auto reads = [&](const auto& value) { return reads_self(value.second, name); };
      const bool own_step =
          own_target(operation, effect) == name && effect.kind != EffectKind::kSet;
      if (own_step || reads_self(effect.value, name) ||
          (effect.where && reads_self(*effect.where, name)) ||
          std::any_of(effect.values.begin(), effect.values.end(), reads)) {
        problem("it reads self.{}, which an earlier effect has set", name);
      }
    }
    if (const std::string name = own_target(operation, effect); !name.empty()) {
      set_before.insert(name);
    }
  }
  place_ = "operation " + operation.id;
  check_filled(operation, *entity);
}

void Validator::check_inputs(const Operation& operation, const Entity& entity) {
  std::set<std::string> names;
  for (const Input& input : operation.inputs) {
    check_id(input.id, input.ref.empty() ? IdUse::kAttribute : IdUse::kName);
    const std::string json = input.ref.empty() ? input.id : input.id + "_id";
    if (!names.insert(json).second) problem("two inputs are called {}", json);
    if (!input.ref.empty() && find_entity(spec_, input.ref) == nullptr) {
      problem("input {}: unknown entity {}", input.id, input.ref);
    }
    const Attribute* attribute = find_attribute(entity, input.id);
    const Relation* relation = find_relation(spec_, entity.id, input.id);
    if (is_patch(operation) && attribute == nullptr && relation == nullptr) {
      problem("input {} is no attribute or reference of {}", input.id, entity.id);
    }
    if (relation != nullptr && input.ref.empty()) problem("input {} is a reference", input.id);
    if (relation != nullptr && !input.ref.empty() && relation->to != input.ref) {
      problem("input {} refers to {}, the relation to {}", input.id, input.ref, relation->to);
    }
    if (attribute == nullptr) {
      if (input.ref.empty() && input.type == Type::kEnum)
        problem("input {} has no values", input.id);
      continue;
    }
    if (!input.ref.empty()) problem("input {} is an attribute, not a reference", input.id);
    if (input.type != attribute->type) {
      problem("input {} is of type {}, the attribute of type {}", input.id,
              word_of(kTypeNames, input.type), word_of(kTypeNames, attribute->type));
    }
    if (!fills_row(operation) && !is_patch(operation)) continue;
    const bool state = entity.lifecycle && entity.lifecycle->attribute == input.id;
    if (attribute->derived || !attribute->generated.empty() || state) {
      problem("input {} is derived, generated or the lifecycle's state", input.id);
    }
  }
}

// After a create every required attribute must have a value from somewhere.
void Validator::check_filled(const Operation& operation, const Entity& entity) {
  if (!fills_row(operation)) return;
  const auto is_input = [&](const std::string& id) {
    return std::any_of(operation.inputs.begin(), operation.inputs.end(),
                       [&](const Input& input) { return input.id == id; });
  };
  const auto is_set = [&](const std::string& id) {
    return std::any_of(
        operation.effects.begin(), operation.effects.end(), [&](const Effect& effect) {
          return effect.kind == EffectKind::kSet && own_target(operation, effect) == id;
        });
  };
  for (const Attribute& attribute : entity.attributes) {
    const bool state = entity.lifecycle && entity.lifecycle->attribute == attribute.id;
    if (!attribute.required || attribute.derived || !attribute.generated.empty() || state ||
        attribute.default_value) {
      continue;
    }
    if (!is_input(attribute.id) && !is_set(attribute.id)) {
      problem("the required {} is neither an input, set by an effect, nor has a default",
              attribute.id);
    }
  }
  for (const Relation* relation : relations_of(spec_, entity.id)) {
    if (relation->required && !is_input(relation->role) && !is_set(relation->role)) {
      problem("the required reference {} is neither an input nor set by an effect", relation->role);
    }
  }
}

void Validator::check_effect(const Operation& operation, const Entity& entity,
                             const Effect& effect) {
  const TypeScope scope = operation_scope(operation, entity);
  switch (effect.kind) {
    case EffectKind::kEmit: return;
    case EffectKind::kCreate: return check_create(operation, effect, scope);
    case EffectKind::kDelete: {
      const Entity* target = find_entity(spec_, effect.target);
      if (target == nullptr || !effect.where) {
        return problem("a delete names an entity and, with `where`, its rows");
      }
      TypeScope inner = scope;
      inner.row = target;
      if (operation.on == effect.target && has_row(operation)) {
        problem("an operation on {} cannot delete rows of {}", operation.on, effect.target);
      }
      return check_condition(*effect.where, inner, "where");
    }
    default: return check_assignment(operation, entity, effect);
  }
}

void Validator::check_create(const Operation& operation, const Effect& effect,
                             const TypeScope& scope) {
  const Entity* target = find_entity(spec_, effect.target);
  if (target == nullptr) return problem("unknown entity");
  if (target->id == operation.on && effect.values.empty() && fills_row(operation)) return;
  std::set<std::string> given;
  for (const auto& [name, value] : effect.values) {
    given.insert(name);
    const auto type = check_type(value, scope, name);
    const Attribute* attribute = find_attribute(*target, name);
    const Relation* relation = find_relation(spec_, target->id, name);
    if (attribute == nullptr && relation == nullptr) {
      problem("{} has no attribute or reference {}", target->id, name);
      continue;
    }
    StaticType wanted;
    if (attribute != nullptr) {
      wanted = type_of(*attribute);
      if (attribute->derived || !attribute->generated.empty()) {
        problem("{} is derived or generated", name);
      }
    } else {
      wanted.kind = StaticType::Kind::kRef;
      wanted.entity = relation->to;
    }
    if (type && !assignable(*type, wanted)) {
      problem("{}: {} cannot be stored as {}", name, describe(*type), describe(wanted));
    }
  }
  for (const Attribute& attribute : target->attributes) {
    const bool state = target->lifecycle && target->lifecycle->attribute == attribute.id;
    if (attribute.required && !attribute.default_value && !attribute.derived && !state &&
        attribute.generated.empty() && !given.contains(attribute.id)) {
      problem("the required {} gets no value", attribute.id);
    }
  }
  for (const Relation* relation : relations_of(spec_, target->id)) {
    if (relation->required && !given.contains(relation->role)) {
      problem("the required reference {} gets no value", relation->role);
    }
  }
}

void Validator::check_assignment(const Operation& operation, const Entity& entity,
                                 const Effect& effect) {
  TypeScope scope = operation_scope(operation, entity);
  const auto dot = effect.target.find('.');
  if (dot == std::string::npos) {
    return problem("the target must be like {}.attribute", entity.id);
  }
  const std::string head = effect.target.substr(0, dot);
  std::string rest = effect.target.substr(dot + 1);
  const Entity* owner = &entity;
  if (effect.where) {
    owner = find_entity(spec_, head);
    if (owner == nullptr) return problem("unknown entity {}", head);
    scope.row = owner;
    check_condition(*effect.where, scope, "where");
  } else if (!has_row(operation)) {
    return problem("an effect of a bulk or scheduled operation needs `where`");
  } else if (head != "self" && head != operation.on) {
    return problem("without `where` the target begins with self or {}", operation.on);
  }
  for (auto at = rest.find('.'); at != std::string::npos; at = rest.find('.')) {
    const Relation* relation = find_relation(spec_, owner->id, rest.substr(0, at));
    if (relation == nullptr || effect.where) {
      return problem("{} has no reference \"{}\" to go through", owner->id, rest.substr(0, at));
    }
    owner = find_entity(spec_, relation->to);
    rest.erase(0, at + 1);
  }
  check_target(operation, *owner, rest, effect, scope);
}

void Validator::check_target(const Operation& operation, const Entity& owner,
                             const std::string& attribute, const Effect& effect,
                             const TypeScope& scope) {
  const Attribute* target = find_attribute(owner, attribute);
  const Relation* relation = find_relation(spec_, owner.id, attribute);
  StaticType wanted;
  if (target != nullptr) {
    wanted = type_of(*target);
    if (target->derived || !target->generated.empty())
      problem("{} is derived or generated", attribute);
  } else if (relation != nullptr) {
    wanted.kind = StaticType::Kind::kRef;
    wanted.entity = relation->to;
  } else {
    return problem("{} has no attribute \"{}\"", owner.id, attribute);
  }
  if (is_in_unique_key(owner, attribute)) problem("{} is part of what must be unique", attribute);
  const auto type = check_type(effect.value, scope, "value");
  if (!type) return;
  if (effect.kind != EffectKind::kSet) {
    const bool counts = wanted.kind == StaticType::Kind::kInt ||
                        wanted.kind == StaticType::Kind::kDecimal ||
                        wanted.kind == StaticType::Kind::kDuration;
    if (!counts) problem("{} cannot be counted up or down", attribute);
  }
  if (!assignable(*type, wanted)) {
    problem("{} cannot be stored as {}", describe(*type), describe(wanted));
  }
  const bool own_state = owner.id == operation.on && owner.lifecycle && !effect.where &&
                         owner.lifecycle->attribute == attribute;
  if (!own_state || fills_row(operation)) return;
  for (const Transition& edge : owner.lifecycle->transitions) {
    if (edge.by == operation.id && effect.value != Expr::string(edge.to)) {
      problem("the transition already sets {} to {}", attribute, edge.to);
    }
  }
}

// The first row of each record must be possible: no circle of references that all must be there.
void Validator::check_makeable() {
  std::set<std::string> makeable;
  const auto refers_ahead = [&](const Operation& operation) {
    return std::any_of(operation.inputs.begin(), operation.inputs.end(), [&](const Input& input) {
      const Relation* relation = find_relation(spec_, operation.on, input.id);
      const bool required = input.required || (relation != nullptr && relation->required);
      return !input.ref.empty() && required && !makeable.contains(input.ref);
    });
  };
  for (std::size_t before = makeable.size() + 1; before != makeable.size();) {
    before = makeable.size();
    for (const Operation& operation : spec_.operations) {
      if (fills_row(operation) && !refers_ahead(operation)) makeable.insert(operation.on);
      for (const Effect& effect : operation.effects) {
        const bool other = effect.kind == EffectKind::kCreate && effect.target != operation.on;
        if (other) makeable.insert(effect.target);
      }
    }
  }
  for (const Operation& operation : spec_.operations) {
    if (!fills_row(operation) || makeable.contains(operation.on)) continue;
    place_ = "operation " + operation.id;
    std::string needed;
    for (const Input& input : operation.inputs) {
      if (input.ref.empty() || makeable.contains(input.ref)) continue;
      needed += (needed.empty() ? "" : " and ") + input.ref;
    }
    problem("no {} can ever be made: it needs a {}, and nothing makes one first (make one of the "
            "references optional)",
            operation.on, needed);
  }
}

}  // namespace cadre::spec
