#include "offline/developer/effects.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "spec/value.h"

namespace cadre::offline::developer {
namespace {

using spec::Attribute;
using spec::Effect;
using spec::EffectKind;
using spec::Entity;
using spec::Expr;

bool queries(const Expr& expr) {
  return touches(expr, "count") || touches(expr, "exists") || touches(expr, "sum") ||
         touches(expr, "avg");
}

// Whether an assigned value can be None or leave the attribute's bounds.
bool literal_fits(const Expr& expr, const Attribute& attribute) {
  if (expr.kind == Expr::Kind::kCall || expr.is_null()) return false;
  const auto fitted = spec::fit(spec::literal_value(expr), attribute.type, scale_of(attribute));
  return fitted && spec::within_range(*fitted, attribute);
}

std::vector<std::vector<std::string>> unique_keys(const Model& model, const Entity& entity) {
  std::vector<std::vector<std::string>> keys;
  const auto add = [&](const std::vector<std::string>& parts) {
    std::vector<std::string> names;
    for (const std::string& part : parts) {
      const bool attribute = spec::find_attribute(entity, part) != nullptr;
      if (!attribute && spec::find_relation(model.spec, entity.id, part) == nullptr) continue;
      names.push_back(attribute ? part : part + "_id");
    }
    if (!names.empty() && std::find(keys.begin(), keys.end(), names) == keys.end()) {
      keys.push_back(std::move(names));
    }
  };
  for (const Attribute& attribute : entity.attributes) {
    if (attribute.unique) add({attribute.id});
    if (attribute.unique_within.empty()) continue;
    std::vector<std::string> parts{attribute.id};
    parts.insert(parts.end(), attribute.unique_within.begin(), attribute.unique_within.end());
    add(parts);
  }
  add(entity.natural_key);
  for (const spec::Relation* relation : spec::relations_of(model.spec, entity.id)) {
    if (relation->cardinality == spec::Cardinality::kOneToOne) add({relation->role});
  }
  return keys;
}

}  // namespace

void write_unique_checks(const Model& model, const Entity& entity, const std::string& row,
                         int indent, Source& out) {
  for (const std::vector<std::string>& key : unique_keys(model, entity)) {
    std::vector<Py> arguments{leaf("ctx"), leaf(row)};
    for (const std::string& name : key) arguments.push_back(text_leaf(member(name)));
    for (const std::string& rule : attribute_rules(model, entity, key.front(), {"unique"})) {
      out.comment(indent, rule_comment(model, rule));
    }
    out.statement(indent, "if ", call("rows.is_taken", std::move(arguments)), ":");
    out.statement(indent + 4, "raise ",
                  call("errors.not_unique", {text_leaf(key.front()), text_leaf(noun(entity))}));
  }
}

Py initial_value(const Model&, const Entity& entity, const Attribute& attribute, Scope& scope) {
  if (attribute.generated == "timestamp") {
    return leaf(attribute.type == spec::Type::kDate ? "ctx.today" : "ctx.now");
  }
  if (attribute.generated == "uuid") return leaf("str(uuid4())");
  if (!attribute.generated.empty()) return leaf("None");  // sequence: given when it is stored
  if (attribute.default_value) return as_attribute(*attribute.default_value, attribute, scope);
  if (entity.lifecycle && entity.lifecycle->attribute == attribute.id) {
    return text_leaf(entity.lifecycle->initial);
  }
  return leaf("None");
}

EffectWriter::EffectWriter(const Model& model, const Entity& entity,
                           const spec::Operation& operation, Scope& scope, Source& out)
    : model_(model), entity_(entity), operation_(operation), scope_(scope), out_(out) {}

void EffectWriter::store() {
  out_.raw(ranges_.text());
  ranges_ = Source();
  if (!pending_.empty()) {
    for (const Attribute& attribute : entity_.attributes) {
      if (attribute.generated != "sequence") continue;
      out_.statement(4, pending_ + "." + member(attribute.id) + " = ",
                     call("rows.next_id", {leaf("ctx"), leaf("models." + class_name(entity_))}));
    }
    out_.line(4, "ctx.session.add(" + pending_ + ")");
    pending_.clear();
    scope_.self.nullable_id = false;
    dirty_ = true;
  }
  if (dirty_) out_.line(4, "ctx.session.flush()");
  dirty_ = false;
}

bool EffectWriter::needs_stored_row(const Effect& effect) const {
  bool asks = queries(effect.value) || effect.where.has_value();
  bool creates = effect.kind == EffectKind::kCreate && !effect.values.empty();
  return asks || creates;
}

void EffectWriter::apply() {
  for (const Effect& effect : operation_.effects) one(effect);
}

void EffectWriter::check_ranges() { store(); }

void EffectWriter::write(bool is_new) {
  if (is_new) pending_ = scope_.self.name;
  dirty_ = true;
  apply();
  store();
}

std::string EffectWriter::write_bulk() {
  apply();
  store();
  if (counts_.empty()) return "0";
  return text::join(counts_, " + ");
}

void EffectWriter::one(const Effect& effect) {
  if (needs_stored_row(effect) && (dirty_ || !pending_.empty())) store();
  if (effect.kind == EffectKind::kEmit) {
    const std::string event = quoted(harmless(effect.target));
    if (scope_.self.entity == nullptr) {
      out_.line(4, "logger.info(\"%s\", " + event + ")");
    } else {
      out_.statement(
          4, "",
          call("logger.info", {leaf("\"%s: %s %s\""), leaf(event), text_leaf(noun(entity_)),
                               leaf(scope_.self.name + ".id")}));
    }
    return;
  }
  if (effect.kind == EffectKind::kCreate) {
    const bool own = effect.target == operation_.on && effect.values.empty() &&
                     (operation_.kind == spec::OperationKind::kCreate ||
                      operation_.kind == spec::OperationKind::kEventCreate);
    if (!own) create_other(effect);
    return;
  }
  const auto dot = effect.target.find('.');
  const std::string head = effect.target.substr(0, dot);
  if (effect.kind == EffectKind::kDelete) {
    if (effect.where) remove_matching(effect, model_.entity(head));
    return;
  }
  if (dot == std::string::npos) return;
  const std::string rest = effect.target.substr(dot + 1);
  if (effect.where) {
    assign_matching(effect, model_.entity(head), rest);
  } else if (scope_.self.entity != nullptr) {
    assign_through(effect, rest);
  }
}

// "due_on", "book.copies": from the own row through references.
void EffectWriter::assign_through(const Effect& effect, std::string path) {
  const Entity* entity = &entity_;
  std::string at = scope_.self.name;
  std::vector<std::string> present;
  for (auto dot = path.find('.'); dot != std::string::npos; dot = path.find('.')) {
    const std::string role = path.substr(0, dot);
    const spec::Relation* relation = spec::find_relation(model_.spec, entity->id, role);
    if (relation == nullptr) return;
    at += "." + link(*entity, role);
    if (!relation->required) present.push_back(at + " is not None");
    entity = &model_.entity(relation->to);
    path.erase(0, dot + 1);
  }
  const Row target{entity, at, false, false};
  if (present.empty()) {
    assign(effect, target, path, 4);
    return;
  }
  Source inner;
  Source* before = scope_.before;
  scope_.before = &inner;
  scope_.indent = 8;
  out_.line(4, "if " + text::join(present, " and ") + ":");
  assign(effect, target, path, 8);
  scope_.before = before;
  scope_.indent = 4;
}

void EffectWriter::range_check(const Entity& entity, const std::string& name,
                               const std::string& row, bool value_is_safe, int indent,
                               Source& out) {
  if (value_is_safe) return;
  const Attribute* attribute = spec::find_attribute(entity, name);
  if (attribute == nullptr) {
    const spec::Relation* relation = spec::find_relation(model_.spec, entity.id, name);
    if (relation != nullptr && relation->required) {
      out.statement(indent, "",
                    call("rows.require_present", {leaf(row), text_leaf(member(name + "_id"))}));
    }
    return;
  }
  spec::Field field;
  field.name = name;
  field.type = attribute->type;
  field.attribute = attribute;
  Attribute bounds = *attribute;
  bounds.step.reset();
  field.attribute = &bounds;
  const bool bounded = attribute->min || attribute->max || attribute->type == spec::Type::kDuration;
  if (!bounded) return;
  std::vector<Py> arguments{leaf(row), text_leaf(member(name))};
  for (Py& one : field_type(field).items) {
    if (one.prefix == "least=" || one.prefix == "most=") arguments.push_back(std::move(one));
  }
  out.statement(indent, "", call("rows.require_in_range", std::move(arguments)));
}

void EffectWriter::assign(const Effect& effect, const Row& target, const std::string& name,
                          int indent) {
  Source queries_before;
  Source* saved = scope_.before;
  const int saved_indent = scope_.indent;
  scope_.before = &queries_before;
  scope_.indent = indent;
  dirty_ = true;
  const Attribute* attribute = spec::find_attribute(*target.entity, name);
  Py statement;  // what follows "place = " or "place += "
  std::string place = target.name + "." + member(attribute != nullptr ? name : name + "_id");
  bool nullable = false;
  if (attribute == nullptr) {
    const Value value = python(effect.value, scope_);
    nullable = value.nullable;
    statement = value.py;
    place += " = ";
  } else if (effect.kind == EffectKind::kSet) {
    statement = as_attribute(effect.value, *attribute, scope_, &nullable);
    place += " = ";
  } else {
    statement = changed_by(effect, *attribute, place);
  }
  if (attribute != nullptr) {
    for (const std::string& rule :
         attribute_rules(model_, *target.entity, name, {"deadline", "effect", "trigger", "flag"})) {
      out_.comment(indent, rule_comment(model_, rule));
    }
  }
  out_.raw(queries_before.text());
  out_.statement(indent, place, statement);
  if (attribute == nullptr) look_up_again(target, name, indent);
  check_assigned(effect, target, name, nullable, indent);
  scope_.before = saved;
  scope_.indent = saved_indent;
}

// The value of an increment or decrement; `place` gets its "=" or "+=".
Py EffectWriter::changed_by(const Effect& effect, const Attribute& attribute, std::string& place) {
  const int scale = scale_of(attribute);
  const bool decimal = sort_of(attribute.type) == Sort::kDecimal;
  scope_.division_scale = scale;
  Value step = python(effect.value, scope_);
  scope_.division_scale.reset();
  const std::string sign = effect.kind == EffectKind::kInc ? "+" : "-";
  if (step.nullable) {
    step.py = group("(", {infix("or", {step.py, leaf("0")})}, ")");
    step.strength = kAtom;
  }
  const bool exact =
      step.scale >= 0 && step.scale <= scale && (decimal || step.sort != Sort::kDecimal);
  if (attribute.required && exact) {
    place += " " + sign + "= ";
    return step.py;
  }
  const std::string empty = decimal ? "Decimal(0)" : "0";
  const std::string current = attribute.required ? place : "(" + place + " or " + empty + ")";
  place += " = ";
  Py sum = infix(sign, {leaf(current), operand(step, kProduct)});
  if (decimal) return call("values.fixed", {sum, leaf(std::to_string(scale))});
  return exact ? sum : call("values.whole", {sum});
}

// A reference has got another id: the row behind it is read anew.
void EffectWriter::look_up_again(const Row& target, const std::string& role, int indent) {
  const spec::Relation* relation = spec::find_relation(model_.spec, target.entity->id, role);
  if (relation == nullptr || !is_traversed(model_, *relation) || !pending_.empty()) return;
  Py roles = group("[", {text_leaf(link(*target.entity, role))}, "]");
  out_.statement(indent, "ctx.session.expire",
                 group("(", {leaf(target.name), std::move(roles)}, ")"));
}

// The own row is checked after all effects, others at once.
void EffectWriter::check_assigned(const Effect& effect, const Row& target, const std::string& name,
                                  bool nullable, int indent) {
  const bool in_loop = target.entity == scope_.row.entity && scope_.row.name == target.name;
  const bool later = !in_loop && target.name == scope_.self.name;
  Source& out = later ? ranges_ : out_;
  const int at = later ? 4 : indent;
  const Attribute* attribute = spec::find_attribute(*target.entity, name);
  const spec::Relation* relation = spec::find_relation(model_.spec, target.entity->id, name);
  const bool required =
      attribute != nullptr ? attribute->required : relation != nullptr && relation->required;
  if (required && nullable) {
    const std::string column = member(attribute != nullptr ? name : name + "_id");
    out.statement(at, "", call("rows.require_present", {leaf(target.name), text_leaf(column)}));
  }
  if (attribute == nullptr) return;
  const bool safe = effect.kind == EffectKind::kSet && literal_fits(effect.value, *attribute);
  range_check(*target.entity, name, target.name, safe, at, out);
}

// Loads the rows that match; gives the name of the list.
std::string EffectWriter::matching_rows(const Expr& where, const Entity& entity) {
  scope_.before = &out_;
  scope_.indent = 4;
  Scope inner = scope_;
  const std::string table = "models." + class_name(entity);
  inner.row = {&entity, table, true, false};
  Filter filter = split_filter(&where, inner);
  const std::string list = scope_.locals->fresh(text::snake_case(entity.plural));
  Py query = call("ctx.session.scalars", {select(leaf(table), std::move(filter.where))});
  if (filter.rest.empty()) {
    out_.statement(4, list + " = ", chain(std::move(query), {call(".all")}));
    return list;
  }
  out_.statement(4, list + " = ", query);
  const std::string row = scope_.locals->fresh("one");
  Scope by_row = scope_;
  by_row.row = {&entity, row, false, false};
  std::vector<Expr> rest;
  for (const Expr* part : filter.rest) rest.push_back(*part);
  const Expr all = rest.size() == 1 ? rest.front() : Expr::call("and", rest);
  const Value test = condition(all, by_row);
  out_.statement(4, list + " = ",
                 group("[", {loop(leaf(row), row, leaf(list), {operand(test, kOr)})}, "]"));
  return list;
}

void EffectWriter::count_changes(const std::string& rows) {
  counts_.push_back("len(" + rows + ")");
}

void EffectWriter::assign_matching(const Effect& effect, const Entity& entity,
                                   const std::string& attribute) {
  const std::string list = matching_rows(*effect.where, entity);
  const std::string row = scope_.locals->fresh(
      scope_.self.entity == &entity ? "other_" + text::snake_case(entity.id) : variable(entity));
  out_.line(4, "for " + row + " in " + list + ":");
  const Row before = scope_.row;
  scope_.row = {&entity, row, false, false};
  assign(effect, scope_.row, attribute, 8);
  scope_.row = before;
  count_changes(list);
}

void EffectWriter::remove_matching(const Effect& effect, const Entity& entity) {
  const std::string list = matching_rows(*effect.where, entity);
  out_.line(4, fmt::format("removal.remove(ctx.session, *{})", list));
  count_changes(list);
}

void EffectWriter::create_other(const Effect& effect) {
  const Entity& entity = model_.entity(effect.target);
  const std::string row = scope_.locals->fresh(
      scope_.self.entity == &entity ? "new_" + text::snake_case(entity.id) : variable(entity));
  scope_.before = &out_;
  scope_.indent = 4;
  std::vector<Py> values;
  std::vector<std::string> unsafe;       // attributes whose value may leave the bounds
  std::vector<std::string> may_be_none;  // required ones whose value may be missing
  const auto given = [&](const std::string& name) -> const Expr* {
    for (const auto& [key, value] : effect.values) {
      if (key == name) return &value;
    }
    return nullptr;
  };
  for (const Attribute& attribute : entity.attributes) {
    if (!has_column(attribute)) continue;
    Py value;
    bool nullable = false;
    if (const Expr* expr = given(attribute.id)) {
      value = as_attribute(*expr, attribute, scope_, &nullable);
      if (!literal_fits(*expr, attribute)) unsafe.push_back(attribute.id);
    } else if (entity.lifecycle && entity.lifecycle->attribute == attribute.id) {
      value = text_leaf(entity.lifecycle->initial);
    } else if (attribute.generated == "sequence") {
      value = call("rows.next_id", {leaf("ctx"), leaf("models." + class_name(entity))});
    } else {
      value = initial_value(model_, entity, attribute, scope_);
      nullable = flat(value) == "None";
    }
    if (nullable && attribute.required) may_be_none.push_back(member(attribute.id));
    if (flat(value) != "None") values.push_back(named(member(attribute.id), std::move(value)));
  }
  for (const spec::Relation* relation : spec::relations_of(model_.spec, entity.id)) {
    const Expr* expr = given(relation->role);
    Value value;
    if (expr != nullptr) {
      value = python(*expr, scope_);
      values.push_back(named(member(relation->role + "_id"), value.py));
    }
    const bool nullable = expr == nullptr || value.nullable;
    if (relation->required && nullable) may_be_none.push_back(member(relation->role + "_id"));
  }
  out_.statement(4, row + " = ", call("models." + class_name(entity), std::move(values)));
  write_unique_checks(model_, entity, row, 4, out_);
  for (const std::string& name : may_be_none) {
    out_.statement(4, "", call("rows.require_present", {leaf(row), text_leaf(name)}));
  }
  for (const std::string& name : unsafe) range_check(entity, name, row, false, 4, out_);
  out_.line(4, "ctx.session.add(" + row + ")");
  dirty_ = true;
}

}  // namespace cadre::offline::developer
