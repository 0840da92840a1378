#include "runtime/audit/targets.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/audit/session.h"

namespace cadre::audit {
namespace {

using OpKind = spec::OperationKind;
using spec::OriginKind;

bool makes_or_changes(const spec::Operation& operation) {
  return operation.kind == OpKind::kCreate || operation.kind == OpKind::kEventCreate ||
         (operation.kind == OpKind::kUpdate && spec::is_standard(operation));
}

Json shown(const spec::Value& value, const spec::Attribute& attribute) {
  return spec::value_to_json(value, attribute.type, spec::scale_of(attribute));
}

void add_bound(const std::string& operation, const spec::Attribute& attribute, bool low,
               const Source& source, std::vector<Target>& out) {
  const auto& bound = low ? attribute.min : attribute.max;
  const bool literal = bound && (bound->kind == spec::Expr::Kind::kInt ||
                                 bound->kind == spec::Expr::Kind::kDecimal);
  const bool number = attribute.type == spec::Type::kInt ||
                      attribute.type == spec::Type::kDuration ||
                      attribute.type == spec::Type::kDecimal ||
                      attribute.type == spec::Type::kMoney;
  if (!literal || !number) return;
  const int scale = spec::scale_of(attribute);
  const spec::Value at = spec::literal_value(*bound);
  const spec::Value beyond = spec::add(at, spec::Value::of_decimal(low ? -1 : 1, scale));
  const bool excluded = low && attribute.exclusive_min;
  out.push_back({{operation, {}, {}, {}, {}}, attribute.id, shown(at, attribute), {}, {},
                 excluded, source});
  out.push_back({{operation, {}, {}, {}, {}}, attribute.id, shown(beyond, attribute), {}, {},
                 true, source});
}

void add_field_targets(const spec::Spec& spec, const spec::Operation& operation,
                       const std::set<std::string>& sent, std::vector<Target>& out) {
  const spec::Entity* entity = spec::find_entity(spec, operation.on);
  if (entity == nullptr || !makes_or_changes(operation)) return;
  for (const spec::Attribute& attribute : entity->attributes) {
    if (!sent.contains(attribute.id)) continue;
    const std::string name = entity->id + "." + attribute.id;
    if (const auto source = rule_source(spec, "range", name)) {
      add_bound(operation.id, attribute, true, *source, out);
      add_bound(operation.id, attribute, false, *source, out);
    }
    const spec::Goal goal{operation.id, {}, {}, {}, {}};
    const auto usual = rule_source(spec, "default", name);
    if (usual && operation.kind != OpKind::kUpdate) {
      out.push_back({goal, attribute.id, nullptr, {}, {}, false, *usual});
    }
    const auto must = rule_source(spec, "required", name);
    if (must && operation.kind != OpKind::kUpdate) {
      out.push_back({goal, attribute.id, nullptr, {}, {}, true, *must});
    }
    if (const auto source = rule_source(spec, "length", name); source && attribute.length) {
      const auto longest = static_cast<std::size_t>(attribute.length->second);
      out.push_back({goal, attribute.id, Json(std::string(longest, 'w')), {}, {}, false, *source});
      out.push_back(
          {goal, attribute.id, Json(std::string(longest + 1, 'w')), {}, {}, true, *source});
    }
    if (const auto source = rule_source(spec, "enum", name)) {
      out.push_back({goal, attribute.id, Json("no such value"), {}, {}, true, *source});
    }
  }
}

// From each state in which it is not allowed.
void add_wrong_states(const spec::Entity& entity, const spec::Operation& operation,
                      const Source& source, std::vector<Target>& out) {
  for (const std::string& state : entity.lifecycle->states) {
    const bool allowed = std::ranges::any_of(
        entity.lifecycle->transitions, [&](const spec::Transition& edge) {
          return edge.by == operation.id && edge.from == state;
        });
    if (allowed) continue;
    out.push_back({{operation.id, "invalid_transition", {}, {}, {}}, {}, {}, state, {}, true,
                   source});
  }
}

// Rows that do not exist: an order of nobody, and what nobody has stored.
void add_strangers(const spec::Spec& spec, const spec::Operation& operation,
                   const MappedOperation& mapped, std::vector<Target>& out) {
  const spec::Goal goal{operation.id, {}, {}, {}, {}};
  const spec::Entity* entity = spec::find_entity(spec, operation.on);
  for (const auto* slots : {&mapped.path, &mapped.body}) {
    for (const Slot& slot : *slots) {
      if (slot.kind == SlotKind::kKey && operation.kind != OpKind::kDelete) {
        Source source = source_of_operation(spec, operation);
        source.stated = false;  // what is said of what is not there, is implied at most
        source.says = fmt::format("there is no such {}", entity->name);
        out.push_back({goal, {}, {}, {}, slot.field.name, true, source});
      }
      const bool makes =
          operation.kind == OpKind::kCreate || operation.kind == OpKind::kEventCreate;
      if (slot.kind != SlotKind::kReference || !makes || slot.ours.size() <= 3) continue;
      const spec::Relation* relation =
          spec::find_relation(spec, operation.on, slot.ours.substr(0, slot.ours.size() - 3));
      if (relation == nullptr) continue;
      out.push_back({goal, {}, {}, {}, slot.field.name, true,
                     source_of(spec, relation->origin, "",
                               fmt::format("a {} belongs to a {} that exists", entity->name,
                                           slot.entity))});
    }
  }
}

std::set<std::string> fields_sent(const Mapping& mapping, const std::string& operation) {
  std::set<std::string> out;
  for (const Slot& slot : mapping.operations.at(operation).body) {
    if (slot.kind == SlotKind::kInput) out.insert(slot.ours);
  }
  return out;
}

}  // namespace

std::string refusal_key(const std::string& operation, const spec::Response& expected) {
  return fmt::format("due/{}/{}/{}/{}", operation, expected.code, expected.rule, expected.field);
}

std::optional<Source> rule_source(const spec::Spec& spec, std::string_view kind,
                                  const std::string& attribute) {
  for (const spec::Rule& rule : spec.rules) {
    if (!std::string_view(rule.kind).starts_with(kind) ||
        rule.origin.kind != OriginKind::kStated) {
      continue;
    }
    if (json::get_string(rule.params, "attr") != attribute) continue;
    return source_of(spec, rule.origin, rule.id, rule.canonical);
  }
  return std::nullopt;
}

std::optional<Source> unique_source(const spec::Spec& spec, const std::string& entity,
                                    const std::string& field) {
  return rule_source(spec, "unique", entity + "." + field);
}

std::optional<Source> transition_source(const spec::Spec& spec, const spec::Entity& entity,
                                        const spec::Operation& operation) {
  if (!entity.lifecycle) return std::nullopt;
  for (const spec::Transition& edge : entity.lifecycle->transitions) {
    if (edge.by != operation.id || edge.origin.kind != OriginKind::kStated) continue;
    return source_of(spec, edge.origin, "",
                     fmt::format("{} takes a {} from {} to {}", operation.verb, entity.name,
                                 edge.from, edge.to));
  }
  return std::nullopt;
}

Source source_of_operation(const spec::Spec& spec, const spec::Operation& operation) {
  const spec::Entity* entity = spec::find_entity(spec, operation.on);
  const std::string says = fmt::format("{} {}", operation.verb, entity->name);
  if (operation.origin.kind == OriginKind::kStated ||
      operation.origin.kind == OriginKind::kImplied) {
    return source_of(spec, operation.origin, "", says);
  }
  Source source = source_of(spec, entity->origin, "", says);
  // That records are kept means that they can be made and looked at; what else, nobody said.
  source.stated = source.stated && (operation.kind == OpKind::kCreate ||
                                    operation.kind == OpKind::kRead ||
                                    operation.kind == OpKind::kList);
  if (!source.stated) source.sentences.clear();
  return source;
}

std::vector<Target> targets_of(const Subject& subject) {
  std::vector<Target> out;
  const spec::Spec& spec = subject.spec;
  for (const spec::Operation& operation : spec.operations) {
    out.push_back({{operation.id, {}, {}, {}, {}}, {}, {}, {}, {}, false,
                   source_of_operation(spec, operation)});
  }
  for (const spec::Operation& operation : spec.operations) {
    for (const spec::Guard& guard : operation.guards) {
      if (guard.origin.kind != OriginKind::kStated) continue;
      out.push_back({{operation.id, guard.error, guard.id, {}, {}}, {}, {}, {}, {}, true,
                     source_of(spec, guard.origin, guard.id, guard.error)});
    }
    const spec::Entity* entity = spec::find_entity(spec, operation.on);
    if (const auto source = transition_source(spec, *entity, operation)) {
      add_wrong_states(*entity, operation, *source, out);
    }
    if (makes_or_changes(operation)) {
      for (const spec::Attribute& attribute : entity->attributes) {
        const auto source = unique_source(spec, entity->id, attribute.id);
        if (!source) continue;
        out.push_back(
            {{operation.id, "not_unique", {}, {}, attribute.id}, {}, {}, {}, {}, true, *source});
      }
    }
    add_field_targets(spec, operation, fields_sent(subject.mapping, operation.id), out);
    add_strangers(spec, operation, subject.mapping.operations.at(operation.id), out);
  }
  return out;
}

}  // namespace cadre::audit
