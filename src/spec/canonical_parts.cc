#include "spec/canonical_parts.h"

#include <algorithm>

#include "base/text.h"
#include "spec/identifiers.h"

namespace cadre::spec {
namespace {

// The entity at whose attribute an effect's target points, and that attribute.
std::pair<std::string, std::string> target_of(const Spec& spec, const Operation& operation,
                                              const Effect& effect) {
  const bool assigns = effect.kind == EffectKind::kSet || effect.kind == EffectKind::kInc ||
                       effect.kind == EffectKind::kDec;
  const std::vector<std::string> parts = text::split(effect.target, '.');
  if (!assigns || parts.size() < 2) return {};
  std::string entity = effect.where || parts[0] != "self" ? parts[0] : operation.on;
  for (std::size_t i = 1; i + 1 < parts.size(); ++i) {
    const Relation* relation = find_relation(spec, entity, parts[i]);
    if (relation == nullptr) return {};
    entity = relation->to;
  }
  return {entity, parts.back()};
}

bool is_written(const Spec& spec, const std::string& entity, const std::string& attribute) {
  return std::any_of(spec.operations.begin(), spec.operations.end(), [&](const Operation& op) {
    return std::any_of(op.effects.begin(), op.effects.end(), [&](const Effect& effect) {
      return target_of(spec, op, effect) == std::pair{entity, attribute};
    });
  });
}

}  // namespace

std::string default_operation_id(const Entity& entity, OperationKind kind,
                                 const std::string& verb) {
  for (const StandardOperation& standard : kStandardOperations) {
    if (standard.kind != kind || verb != standard.verb) continue;
    const std::string noun = kind == OperationKind::kList ? text::snake_case(entity.plural)
                                                          : text::snake_case(entity.id);
    return std::string(standard.verb) + "_" + noun;
  }
  return safe_id(verb, IdUse::kName);
}

std::vector<Input> default_inputs(const Spec& spec, const Operation& operation) {
  std::vector<Input> out;
  const Entity* entity = find_entity(spec, operation.on);
  const bool patch = operation.kind == OperationKind::kUpdate;
  const bool fills = patch || operation.kind == OperationKind::kCreate ||
                     operation.kind == OperationKind::kEventCreate;
  if (entity == nullptr || !fills) return out;
  for (const Attribute& attribute : entity->attributes) {
    if (attribute.derived || !attribute.generated.empty()) continue;
    if (entity->lifecycle && entity->lifecycle->attribute == attribute.id) continue;
    if (is_written(spec, entity->id, attribute.id)) continue;
    out.push_back({attribute.id, attribute.type, "",
                   !patch && attribute.required && !attribute.default_value});
  }
  for (const Relation* relation : relations_of(spec, entity->id)) {
    out.push_back({relation->role, Type::kString, relation->to, !patch && relation->required});
  }
  return out;
}

bool same_inputs(const std::vector<Input>& a, const std::vector<Input>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Input& x, const Input& y) {
    return x.id == y.id && x.ref == y.ref && x.required == y.required &&
           (!x.ref.empty() || x.type == y.type);
  });
}

std::optional<CountLimit> as_count_limit(const Expr& require) {
  if (!require.is_call("<") || !require.args[0].is_call("count") ||
      require.args[1].kind != Expr::Kind::kInt || require.args[0].args.size() != 2) {
    return std::nullopt;
  }
  const Expr& filter = require.args[0].args[1];
  const bool several = filter.is_call("and");
  const Expr& first = several ? filter.args[0] : filter;
  if (!first.is_call("=") || !first.args[0].is_call("row")) return std::nullopt;
  const Expr& owner = first.args[1];
  const bool given = owner.is_call("arg");
  const std::string& role = first.args[0].args[0].text;
  if ((!given && !owner.is_call("self")) || owner.args[0].text != role ||
      role.find('.') != std::string::npos) {
    return std::nullopt;
  }
  CountLimit limit;
  limit.given = given;
  limit.role = role;
  limit.entity = require.args[0].args[0].text;
  limit.most = require.args[1].integer;
  if (several) {
    std::vector<Expr> rest(filter.args.begin() + 1, filter.args.end());
    // A single rest that is an "and" itself would not come back as it was.
    if (rest.size() == 1 && rest[0].is_call("and")) return std::nullopt;
    limit.filter = rest.size() == 1 ? std::move(rest[0]) : Expr::call("and", std::move(rest));
  }
  return limit;
}

Expr to_expr(const CountLimit& limit) {
  Expr filter = Expr::call("=", {Expr::call("row", {Expr::string(limit.role)}),
                                 Expr::call(limit.given ? "arg" : "self",
                                            {Expr::string(limit.role)})});
  if (limit.filter) {
    std::vector<Expr> parts{std::move(filter)};
    if (limit.filter->is_call("and")) {
      parts.insert(parts.end(), limit.filter->args.begin(), limit.filter->args.end());
    } else {
      parts.push_back(*limit.filter);
    }
    filter = Expr::call("and", std::move(parts));
  }
  return Expr::call("<", {Expr::call("count", {Expr::string(limit.entity), std::move(filter)}),
                          Expr::of(limit.most)});
}

}  // namespace cadre::spec
