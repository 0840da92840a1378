#include "spec/random_expr.h"

#include <vector>

namespace cadre::spec {
namespace {

Expr path(const char* reader, const std::string& name) {
  return Expr::call(reader, {Expr::string(name)});
}

bool has_row(const Operation& operation) {
  return operation.kind != OperationKind::kScheduled && operation.kind != OperationKind::kBulk;
}

}  // namespace

Expr RandomExpr::number(int depth) {
  const Expr literal = Expr::of(static_cast<std::int64_t>(rng_.below(12)));
  if (depth == 0 || chance(50)) return literal;
  static constexpr const char* kOps[] = {"+", "-", "*", "min", "max", "/"};
  const char* op = kOps[rng_.below(6)];
  std::vector<Expr> args{number(depth - 1), number(depth - 1)};
  if ((op[0] == '+' || op[0] == '*') && chance(30)) args.push_back(number(0));
  return Expr::call(op, std::move(args));
}

// A comparison that the attribute's type allows.
Expr RandomExpr::comparison(const Attribute& attribute, Expr left) {
  static constexpr const char* kOrders[] = {"<", "<=", ">", ">=", "=", "!="};
  const char* op = kOrders[rng_.below(6)];
  const char* sameness = chance(50) ? "=" : "!=";
  if (chance(20)) return Expr::call("is_null", {std::move(left)});
  switch (attribute.type) {
    case Type::kInt: case Type::kDecimal: case Type::kMoney:
      return Expr::call(op, {std::move(left), number(2)});
    case Type::kBool: return Expr::call(sameness, {std::move(left), Expr::of(chance(50))});
    case Type::kDate: {
      Expr shifted = Expr::call(chance(50) ? "add" : "sub",
                                {Expr::call("today"), Expr::call("days", {number(1)})});
      if (chance(30)) {
        return Expr::call("<", {Expr::call("days_between", {Expr::call("today"), std::move(left)}),
                                Expr::of(10)});
      }
      return Expr::call(op, {std::move(left), std::move(shifted)});
    }
    case Type::kDatetime:
      if (chance(30)) {
        return Expr::call("=", {Expr::call("date_of", {std::move(left)}), Expr::call("today")});
      }
      return Expr::call(
          op,
          {std::move(left),
           Expr::call("add", {Expr::call("now"),
                              Expr::call("hours",
                                         {Expr::of(static_cast<std::int64_t>(rng_.below(40)))})})});
    case Type::kEnum:
      if (chance(40)) {
        std::vector<Expr> args{std::move(left)};
        for (const std::string& value : attribute.values) {
          if (args.size() < 2 || chance(50)) args.push_back(Expr::string(value));
        }
        return Expr::call("in", std::move(args));
      }
      return Expr::call(
          sameness,
          {std::move(left), Expr::string(attribute.values[rng_.below(attribute.values.size())])});
    case Type::kTime: return Expr::call("<", {std::move(left), Expr::string("18:00")});
    case Type::kDuration:
      return Expr::call("<=", {std::move(left), Expr::call("hours", {Expr::of(2)})});
    default: return Expr::call(sameness, {std::move(left), Expr::string("amber \"1\"")});
  }
}

Expr RandomExpr::row_condition(const Spec& spec, const std::string& entity, const char* reader) {
  const Entity* owner = find_entity(spec, entity);
  std::vector<Expr> parts;
  for (const Attribute& attribute : owner->attributes) {
    if (chance(40)) parts.push_back(comparison(attribute, path(reader, attribute.id)));
  }
  for (const Relation* relation : relations_of(spec, entity)) {
    if (chance(30))
      parts.push_back(Expr::call("=", {path(reader, relation->role), Expr::call("actor")}));
    const Entity* target = find_entity(spec, relation->to);
    if (chance(30) && !target->attributes.empty()) {
      const Attribute& far = target->attributes[rng_.below(target->attributes.size())];
      parts.push_back(comparison(far, path(reader, relation->role + "." + far.id)));
    }
  }
  if (parts.empty()) return Expr::call(">", {path(reader, "id"), Expr::of(0)});
  if (parts.size() == 1) {
    return chance(20) ? Expr::call("not", {std::move(parts[0])}) : std::move(parts[0]);
  }
  if (parts.size() > 2 && chance(50)) {
    Expr last = Expr::call("and", {std::move(parts[0]), std::move(parts[1])});
    return Expr::call("or", {std::move(last), std::move(parts[2])});
  }
  return Expr::call(chance(70) ? "and" : "or", std::move(parts));
}

Expr RandomExpr::count_limit(const Spec& spec, const Operation& operation) {
  const std::string& counted = spec.entities[rng_.below(spec.entities.size())].id;
  Expr filter = row_condition(spec, counted, "row");
  for (const Relation* relation : relations_of(spec, operation.on)) {
    if (counted != operation.on || !has_row(operation)) break;
    Expr own = Expr::call("=", {path("row", relation->role), path("self", relation->role)});
    filter = chance(50) ? std::move(own) : Expr::call("and", {std::move(own), std::move(filter)});
    break;
  }
  Expr count = Expr::call("count", {Expr::string(counted), std::move(filter)});
  if (chance(25)) return Expr::call("not", {Expr::call("exists", std::move(count.args))});
  return Expr::call(chance(70) ? "<" : "<=",
                    {std::move(count), Expr::of(1 + static_cast<std::int64_t>(rng_.below(4)))});
}

Expr RandomExpr::condition(const Spec& spec, const Operation& operation) {
  if (!has_row(operation) || chance(45)) return count_limit(spec, operation);
  if (chance(15)) {
    return Expr::call("if", {Expr::call("=", {Expr::call("role"), Expr::string("clerk")}),
                             row_condition(spec, operation.on, "self"), Expr::of(true)});
  }
  return row_condition(spec, operation.on, "self");
}

Expr RandomExpr::value_for(const Spec& spec, const Operation& operation,
                           const Attribute& attribute) {
  (void)spec;
  switch (attribute.type) {
    case Type::kInt: case Type::kDecimal: case Type::kMoney: {
      if (has_row(operation) && chance(30)) {
        return Expr::call("+", {path("self", attribute.id), Expr::of(1)});
      }
      return number(2);
    }
    case Type::kBool: return Expr::of(chance(50));
    case Type::kDate:
      return Expr::call(
          "add", {Expr::call("today"), Expr::call(chance(50) ? "days" : "months", {Expr::of(2)})});
    case Type::kDatetime:
      return Expr::call("sub", {Expr::call("now"), Expr::call("minutes", {Expr::of(90)})});
    case Type::kTime: return Expr::string("12:30");
    case Type::kDuration: return Expr::of(45);
    case Type::kEnum: return Expr::string(attribute.values[rng_.below(attribute.values.size())]);
    default: return Expr::string("made by an effect");
  }
}

Effect RandomExpr::effect(const Spec& spec, const Operation& operation) {
  Effect out;
  const Entity* entity = find_entity(spec, operation.on);
  if (chance(15)) {
    out.kind = EffectKind::kEmit;
    out.target = "something happened";
    return out;
  }
  const auto relations = relations_of(spec, operation.on);
  std::string target = operation.on;
  if (!has_row(operation)) {
    out.where = row_condition(spec, operation.on, "row");
  } else if (!relations.empty() && chance(30)) {
    target = "self." + relations[0]->role;
    entity = find_entity(spec, relations[0]->to);
  } else if (chance(30)) {
    target = "self";
  }
  if (entity->attributes.empty()) return out;  // the caller drops what is not sound
  const Attribute& attribute = entity->attributes[rng_.below(entity->attributes.size())];
  out.target = target + "." + attribute.id;
  const bool counts = attribute.type == Type::kInt || attribute.type == Type::kDecimal;
  if (counts && chance(60)) {
    out.kind = chance(50) ? EffectKind::kInc : EffectKind::kDec;
    out.value = Expr::of(1);
  } else {
    out.value = value_for(spec, operation, attribute);
  }
  return out;
}

}  // namespace cadre::spec
