// Aggregates as queries, and conditions in SQLAlchemy's expression language.
//
// In a WHERE clause SQL's unknown counts as false, which is what the language's comparisons with
// null give; negations are pushed down to the comparisons, so that this holds everywhere.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "offline/developer/expr.h"

namespace cadre::offline::developer {
namespace {

using spec::Attribute;
using spec::Entity;
using spec::Expr;

bool is_ordering(const std::string& op) {
  return op == "<" || op == "<=" || op == ">" || op == ">=";
}

const char* opposite(const std::string& op) {
  if (op == "<") return ">=";
  if (op == "<=") return ">";
  if (op == ">") return "<=";
  return "<";
}

// Whether the expression looks at a row of the query, at this level or inside aggregates.
bool looks_at_query(const Expr& expr, const Scope& scope, bool inside = false) {
  if (expr.kind != Expr::Kind::kCall) return false;
  if (expr.text == "self") return scope.self.sql;
  if (expr.text == "row") return scope.row.sql && !inside;
  const bool nested =
      expr.text == "count" || expr.text == "exists" || expr.text == "sum" || expr.text == "avg";
  return std::any_of(expr.args.begin(), expr.args.end(),
                     [&](const Expr& arg) { return looks_at_query(arg, scope, inside || nested); });
}

Value column(Py py, Sort sort, int scale, bool nullable) {
  Value value = make_value(std::move(py), sort);
  value.scale = scale;
  value.nullable = nullable;
  value.column = true;
  value.simple = true;
  return value;
}

// A path over a row of the query: a column, or a scalar subquery through the references.
std::optional<Value> sql_path(const Row& row, std::string_view path, Scope& scope) {
  const Model& model = *scope.model;
  const Entity* entity = row.entity;
  std::string at = row.name;
  std::vector<Py> where;
  bool nullable = false;
  std::vector<std::string> used{row.entity->id};
  for (;;) {
    const auto dot = path.find('.');
    const std::string head(path.substr(0, dot));
    const spec::Relation* relation = spec::find_relation(model.spec, entity->id, head);
    const bool last = dot == std::string_view::npos || path.substr(dot + 1) == "id";
    if (last) {
      const Attribute* attribute = spec::find_attribute(*entity, head);
      if (attribute != nullptr && !has_column(*attribute)) return std::nullopt;
      const bool reference = relation != nullptr;
      const std::string name = reference ? member(head + "_id") : member(head);
      const bool may_be_null = nullable || (reference              ? !relation->required
                                            : attribute != nullptr ? !attribute->required
                                                                   : false);
      Py py = leaf(at + "." + name);
      if (!where.empty()) {
        py = chain(call("sa.select", {std::move(py)}),
                   {call(".where", std::move(where)), call(".scalar_subquery")});
      }
      const Sort sort = attribute != nullptr ? sort_of(attribute->type) : Sort::kInt;
      return column(std::move(py), sort, attribute != nullptr ? scale_of(*attribute) : 0,
                    may_be_null);
    }
    const Entity& target = model.entity(relation->to);
    // The same table twice in one query needs a second name; such paths are rare.
    if (std::find(used.begin(), used.end(), target.id) != used.end()) return std::nullopt;
    const bool outer_same = (scope.self.sql && scope.self.entity->id == target.id) ||
                            (scope.row.sql && scope.row.entity->id == target.id);
    if (outer_same) return std::nullopt;
    used.push_back(target.id);
    nullable = nullable || !relation->required;
    const std::string next = "models." + class_name(target);
    where.push_back(leaf(next + ".id == " + at + "." + member(head + "_id")));
    at = next;
    entity = &target;
    path.remove_prefix(dot + 1);
  }
}

bool is_number(const Value& value) {
  return value.sort == Sort::kInt || value.sort == Sort::kDecimal || value.sort == Sort::kMinutes;
}

std::string power_of_ten(int exponent) {
  return "1" + std::string(static_cast<std::size_t>(exponent), '0');
}

// The value as a whole number of 10^-scale, for exact arithmetic in SQL.
std::optional<Value> raw_at(Value value, int scale) {
  if (!is_number(value) || value.scale < 0 || value.scale > scale) return std::nullopt;
  const int missing = scale - value.scale;
  if (!value.column) {
    if (value.nullable) return std::nullopt;
    value.py =
        scale == 0 ? value.py : call("values.scaled", {value.py, leaf(std::to_string(scale))});
    value.strength = scale == 0 ? value.strength : kAtom;
  } else {
    if (value.sort == Sort::kDecimal && !value.raw) {
      value.py = call("sa.type_coerce", {value.py, leaf("sa.Integer")});
      value.strength = kAtom;
    }
    if (missing > 0) {
      value.py = infix("*", {operand(value, kProduct), leaf(power_of_ten(missing))});
      value.strength = kProduct;
    }
    value.raw = true;
  }
  value.scale = scale;
  return value;
}

std::optional<Value> sql_arithmetic(const Expr& expr, Scope& scope) {
  std::optional<Value> left;
  const int strength = expr.text == "*" ? kProduct : kSum;
  for (const Expr& arg : expr.args) {
    auto right = sql(arg, scope);
    if (!right || !is_number(*right) || right->scale < 0) return std::nullopt;
    right = raw_at(*right, right->scale);
    if (!right) return std::nullopt;
    if (!left) {
      left = right;
      continue;
    }
    int scale = left->scale + right->scale;
    if (expr.text != "*") {
      scale = std::max(left->scale, right->scale);
      left = raw_at(*left, scale);
      right = raw_at(*right, scale);
      if (!left || !right) return std::nullopt;
    }
    Value next =
        column(infix(expr.text, {operand(*left, strength), operand(*right, strength + 1)}),
               scale > 0 ? Sort::kDecimal : Sort::kInt, scale, left->nullable || right->nullable);
    next.strength = strength;
    next.raw = true;
    left = std::move(next);
  }
  return left;
}

// Moves a date column by whole days.
std::optional<Value> sql_moved(const Expr& expr, Scope& scope) {
  const auto when = sql(expr.args[0], scope);
  if (!when || !when->column || when->sort != Sort::kDate) return std::nullopt;
  const Expr& step = expr.args[1];
  if (!step.is_call("days") || step.args[0].kind != Expr::Kind::kInt) return std::nullopt;
  const std::int64_t days = step.args[0].integer * (expr.text == "sub" ? -1 : 1);
  return column(call("sa.func.date", {when->py, leaf(fmt::format("\"{:+} days\"", days)),
                                      named("type_", leaf("sa.Date"))}),
                Sort::kDate, 0, when->nullable);
}

std::optional<Value> sql_days_between(const Expr& expr, Scope& scope) {
  std::vector<Py> days;
  bool nullable = false;
  for (const Expr& arg : expr.args) {
    auto moment = sql(arg, scope);
    if (!moment) return std::nullopt;
    moment = beside(std::move(*moment), Sort::kDate);
    if (moment->sort != Sort::kDate || (!moment->column && moment->nullable)) return std::nullopt;
    nullable = nullable || moment->nullable;
    days.push_back(call("sa.func.julianday", {moment->py}));
  }
  // Julian days of dates end in .5, so that their difference is whole.
  return column(call("sa.cast", {infix("-", {days[1], days[0]}), leaf("sa.Integer")}), Sort::kInt,
                0, nullable);
}

// An aggregate over rows that belong to the row of the query.
std::optional<Value> sql_aggregate(const Expr& expr, Scope& scope) {
  const Entity& entity = scope.model->entity(expr.args[0].text);
  const bool has_value = expr.text == "sum" || expr.text == "avg";
  const Expr* filter = expr.args.size() > (has_value ? 2U : 1U) ? &expr.args.back() : nullptr;
  Scope inner = scope;
  inner.row = {&entity, "models." + class_name(entity), true, false};
  if (scope.self.sql && scope.self.entity->id == entity.id) {
    const std::string alias = scope.locals->fresh("other_" + variable(entity));
    scope.before->statement(scope.indent, alias + " = ",
                            call("orm.aliased", {leaf(inner.row.name)}));
    inner.row.name = alias;
  }
  Filter split = split_filter(filter, inner);
  if (!split.rest.empty() || expr.text == "avg") return std::nullopt;
  const auto subquery = [&](Py what, const char* end) {
    std::vector<Py> calls;
    if (expr.text == "count") calls.push_back(call(".select_from", {leaf(inner.row.name)}));
    if (!split.where.empty()) calls.push_back(call(".where", std::move(split.where)));
    calls.push_back(call(end));
    return chain(call("sa.select", {std::move(what)}), std::move(calls));
  };
  if (expr.text == "exists") {
    return column(subquery(leaf(inner.row.name + ".id"), ".exists"), Sort::kBool, 0, false);
  }
  if (expr.text == "count") {
    return column(subquery(call("sa.func.count"), ".scalar_subquery"), Sort::kInt, 0, false);
  }
  auto value = sql(expr.args[1], inner);
  if (!value || !is_number(*value) || value->scale < 0) return std::nullopt;
  value = raw_at(*value, value->scale);
  if (!value) return std::nullopt;
  Value sum =
      column(subquery(call("sa.func.coalesce", {call("sa.func.sum", {value->py}), leaf("0")}),
                      ".scalar_subquery"),
             value->sort, value->scale, false);
  sum.raw = true;
  return sum;
}

std::optional<Py> sql_ordering(const std::string& op, Value a, Value b, bool negated) {
  const bool null_literal = (a.literal != nullptr && a.literal->is_null()) ||
                            (b.literal != nullptr && b.literal->is_null());
  if (null_literal || (!a.column && a.nullable) || (!b.column && b.nullable)) return std::nullopt;
  a = beside(std::move(a), b.sort);
  b = beside(std::move(b), a.sort);
  if (a.sort != b.sort && !(is_number(a) && is_number(b))) return std::nullopt;
  if (a.sort == Sort::kDecimal || b.sort == Sort::kDecimal) {
    const bool direct =
        !a.raw && !b.raw && a.scale >= 0 && b.scale >= 0 &&
        ((a.column && b.column && a.sort == b.sort && a.scale == b.scale) ||
         (a.column && !b.column && b.scale <= a.scale && a.sort == Sort::kDecimal) ||
         (b.column && !a.column && a.scale <= b.scale && b.sort == Sort::kDecimal));
    if (!direct) {
      const int scale = std::max(a.scale, b.scale);
      auto x = raw_at(std::move(a), scale);
      auto y = raw_at(std::move(b), scale);
      if (!x || !y) return std::nullopt;
      a = std::move(*x);
      b = std::move(*y);
    }
  }
  std::string sign = negated ? opposite(op) : op;
  if (!a.column) {  // the column first: SQLAlchemy reads it, and so do people
    std::swap(a, b);
    sign = sign == "<" ? ">" : sign == "<=" ? ">=" : sign == ">" ? "<" : "<=";
  }
  Py plain = infix(sign, {operand(a, kSum), operand(b, kSum)});
  if (!negated) return plain;
  std::vector<Py> parts;
  for (const Value* value : {&a, &b}) {
    if (value->column && value->nullable) {
      parts.push_back(method(operand(*value, kAtom), "is_", {leaf("None")}));
    }
  }
  if (parts.empty()) return plain;
  parts.push_back(std::move(plain));
  return call("sa.or_", std::move(parts));
}

std::optional<Py> sql_equality(Value a, Value b, bool negated) {
  if (!a.column) std::swap(a, b);
  a = beside(std::move(a), b.sort);
  b = beside(std::move(b), a.sort);
  if (b.literal != nullptr && b.literal->is_null()) {
    return method(operand(a, kAtom), negated ? "is_not" : "is_", {leaf("None")});
  }
  const bool numbers = is_number(a) && is_number(b);
  if (a.sort != b.sort && !numbers) return std::nullopt;
  if (a.sort == Sort::kDecimal || b.sort == Sort::kDecimal) {
    const bool same = !a.raw && !b.raw && a.sort == Sort::kDecimal && b.scale >= 0 &&
                      (b.column ? a.scale == b.scale && b.sort == a.sort : b.scale <= a.scale);
    if (!same) {
      const int scale = std::max(a.scale, b.scale);
      auto x = raw_at(std::move(a), scale);
      auto y = raw_at(std::move(b), scale);
      if (!x || !y) return std::nullopt;
      a = std::move(*x);
      b = std::move(*y);
    }
  }
  if (b.sort == Sort::kBool && b.literal != nullptr) {
    if (negated && a.nullable) return method(operand(a, kAtom), "is_distinct_from", {b.py});
    return method(operand(a, kAtom), "is_",
                  {leaf(b.literal->boolean != negated ? "True" : "False")});
  }
  if (b.column && a.nullable && b.nullable) {
    return method(operand(a, kAtom), negated ? "is_distinct_from" : "is_not_distinct_from", {b.py});
  }
  if (negated && (a.nullable || (b.column && b.nullable))) {
    return method(operand(a, kAtom), "is_distinct_from", {b.py});
  }
  // `column == value` is IS NULL when the value is None.
  return infix(negated ? "!=" : "==", {operand(a, kSum), operand(b, kSum)});
}

std::optional<Py> sql_membership(const Expr& expr, Scope& scope, bool negated) {
  const auto wanted = sql(expr.args[0], scope);
  if (!wanted || !wanted->column || wanted->raw) return std::nullopt;
  if (wanted->sort == Sort::kDecimal || wanted->sort == Sort::kBool) return std::nullopt;
  std::vector<Py> choices;
  for (std::size_t i = 1; i < expr.args.size(); ++i) {
    const Expr& arg = expr.args[i];
    if (arg.is_null() || looks_at_query(arg, scope)) return std::nullopt;
    Value choice = beside(python(arg, scope), wanted->sort);
    if (choice.nullable || choice.sort != wanted->sort) return std::nullopt;
    choices.push_back(std::move(choice.py));
  }
  Py left = operand(*wanted, kAtom);
  Py list = group("[", std::move(choices), "]");
  if (negated && wanted->nullable) {
    return call("sa.or_",
                {method(left, "is_", {leaf("None")}), method(left, "not_in", {std::move(list)})});
  }
  return method(std::move(left), negated ? "not_in" : "in_", {std::move(list)});
}

std::optional<Py> sql_junction(const Expr& expr, Scope& scope, bool negated) {
  std::vector<Py> parts;
  for (const Expr& arg : expr.args) {
    auto part = sql_condition(arg, scope, negated);
    if (!part) return std::nullopt;
    parts.push_back(std::move(*part));
  }
  return call((expr.text == "and") != negated ? "sa.and_" : "sa.or_", std::move(parts));
}

// Takes back the queries that a failed attempt has put before the statement.
template <class Make>
auto attempt(Scope& scope, Make make) {
  const Source before = *scope.before;
  const Locals locals = *scope.locals;
  auto made = make();
  if (!made) {
    *scope.before = before;
    *scope.locals = locals;
  }
  return made;
}

void conjuncts(const Expr& expr, std::vector<const Expr*>& out) {
  if (!expr.is_call("and")) {
    out.push_back(&expr);
    return;
  }
  for (const Expr& arg : expr.args) conjuncts(arg, out);
}

}  // namespace

std::optional<Value> sql(const Expr& expr, Scope& scope) {
  if (!looks_at_query(expr, scope)) return python(expr, scope);
  const std::string& op = expr.text;
  if (op == "row") return sql_path(scope.row, expr.args[0].text, scope);
  if (op == "self") return sql_path(scope.self, expr.args[0].text, scope);
  if (op == "+" || op == "-" || op == "*") return sql_arithmetic(expr, scope);
  if (op == "add" || op == "sub") return sql_moved(expr, scope);
  if (op == "days_between") return sql_days_between(expr, scope);
  if (op == "date_of") {
    auto moment = sql(expr.args[0], scope);
    if (!moment || moment->sort == Sort::kDate) return moment;
    if (moment->sort != Sort::kDatetime) return std::nullopt;
    return column(call("sa.func.date", {moment->py, named("type_", leaf("sa.Date"))}), Sort::kDate,
                  0, moment->nullable);
  }
  if (op == "count" || op == "exists" || op == "sum" || op == "avg") {
    return sql_aggregate(expr, scope);
  }
  return std::nullopt;
}

std::optional<Py> sql_condition(const Expr& expr, Scope& scope, bool negated) {
  if (!looks_at_query(expr, scope)) {
    const Value value = condition(expr, scope, negated);
    return call("sa.literal", {value.py});
  }
  const std::string& op = expr.text;
  if (op == "not") return sql_condition(expr.args[0], scope, !negated);
  if (op == "and" || op == "or") return sql_junction(expr, scope, negated);
  if (op == "in") return sql_membership(expr, scope, negated);
  if (op == "is_null") {
    const auto value = sql(expr.args[0], scope);
    if (!value) return std::nullopt;
    return method(operand(*value, kAtom), negated ? "is_not" : "is_", {leaf("None")});
  }
  if (op == "overlaps") {
    const Expr both = Expr::call("and", {Expr::call("<", {expr.args[0], expr.args[3]}),
                                         Expr::call("<", {expr.args[2], expr.args[1]})});
    return sql_condition(both, scope, negated);
  }
  if (op == "=" || op == "!=" || is_ordering(op)) {
    auto a = sql(expr.args[0], scope);
    auto b = a ? sql(expr.args[1], scope) : std::nullopt;
    if (!a || !b) return std::nullopt;
    if (is_ordering(op)) return sql_ordering(op, std::move(*a), std::move(*b), negated);
    return sql_equality(std::move(*a), std::move(*b), negated != (op == "!="));
  }
  if (op == "exists") {
    auto value = sql_aggregate(expr, scope);
    if (!value) return std::nullopt;
    return negated ? prefixed("~", value->py) : value->py;
  }
  if (op == "row" || op == "self") {
    const auto value = sql(expr, scope);
    if (!value || value->sort != Sort::kBool) return std::nullopt;
    return method(value->py, negated ? "is_not" : "is_", {leaf("True")});
  }
  return std::nullopt;
}

Filter split_filter(const Expr* filter, Scope& scope) {
  Filter out;
  if (filter == nullptr) return out;
  std::vector<const Expr*> parts;
  conjuncts(*filter, parts);
  for (const Expr* part : parts) {
    auto condition = attempt(scope, [&] { return sql_condition(*part, scope); });
    if (condition) {
      out.where.push_back(std::move(*condition));
    } else {
      out.rest.push_back(part);
    }
  }
  return out;
}

Py select(Py what, std::vector<Py> where, bool from_class, const std::string& from) {
  std::vector<Py> calls;
  if (from_class) calls.push_back(call(".select_from", {leaf(from)}));
  if (!where.empty()) calls.push_back(call(".where", std::move(where)));
  if (calls.empty()) return call("sa.select", {std::move(what)});
  return chain(call("sa.select", {std::move(what)}), std::move(calls));
}

namespace {

// One aggregate outside of queries: its result goes into a variable before the statement.
class Aggregate {
 public:
  Aggregate(const Expr& expr, Scope& scope)
      : expr_(expr), scope_(scope), entity_(scope.model->entity(expr.args[0].text)), inner_(scope) {
    const std::string& op = expr.text;
    const Expr* filter = expr.args.size() > (has_value() ? 2U : 1U) ? &expr.args.back() : nullptr;
    inner_.row = {&entity_, "models." + class_name(entity_), true, false};
    filter_ = split_filter(filter, inner_);
    if (has_value()) summand_ = attempt(inner_, [&] { return sql(expr_.args[1], inner_); });
    if (summand_ && (!is_number(*summand_) || summand_->scale < 0)) summand_.reset();
    const std::string noun = text::snake_case(entity_.id);
    name_ = scope.locals->fresh(op == "exists"  ? "has_" + noun
                                : op == "count" ? noun + "_count"
                                                : noun + "_" + op);
    result_ = make_value(leaf(name_), op == "exists" ? Sort::kBool : Sort::kInt);
  }

  Value write() {
    const bool exact = filter_.rest.empty();
    if (exact && expr_.text == "count") {
      put(scalar(call("sa.func.count"), true));
    } else if (exact && expr_.text == "exists") {
      put(call("ctx.session.scalar", {call("sa.select", {existing_rows()})}));
    } else if (exact && summand_ && expr_.text == "sum") {
      put_sum();
    } else {
      put_row_by_row();
    }
    return result_;
  }

 private:
  bool has_value() const { return expr_.text == "sum" || expr_.text == "avg"; }
  void put(const Py& value) { scope_.before->statement(scope_.indent, name_ + " = ", value); }

  Py scalar(Py what, bool from) {
    return call("ctx.session.scalar",
                {select(std::move(what), std::move(filter_.where), from, inner_.row.name)});
  }

  Py existing_rows() {
    Py rows = select(leaf(inner_.row.name + ".id"), std::move(filter_.where));
    return method(std::move(rows), "exists", {});
  }

  void put_sum() {
    result_.sort = summand_->sort;
    result_.scale = summand_->scale;
    Py sum = scalar(call("sa.func.sum", {summand_->py}), !summand_->column);
    const bool raw = summand_->raw && summand_->scale > 0;
    put(raw ? call("values.unscaled", {std::move(sum), leaf(std::to_string(summand_->scale))})
            : infix("or", {std::move(sum), leaf("0")}));
  }

  // What the database cannot compute exactly.
  void put_row_by_row() {
    const std::string row = scope_.locals->fresh("row");
    Scope by_row = scope_;
    by_row.row = {&entity_, row, false, false};
    std::vector<Py> test;
    if (!filter_.rest.empty()) {
      std::vector<Expr> rest;
      for (const Expr* part : filter_.rest) rest.push_back(*part);
      const Expr all = rest.size() == 1 ? rest.front() : Expr::call("and", rest);
      test.push_back(operand(condition(all, by_row), kOr));
    }
    Value value;
    if (has_value()) value = python(expr_.args[1], by_row);
    const std::string listed = scope_.locals->fresh(text::snake_case(entity_.id) + "_rows");
    Py rows = select(leaf(inner_.row.name), std::move(filter_.where));
    scope_.before->statement(scope_.indent, listed + " = ",
                             call("ctx.session.scalars", {std::move(rows)}));
    const auto each = [&](Py what) {
      return loop(std::move(what), row, leaf(listed), std::move(test));
    };
    if (expr_.text == "count") return put(call("sum", {each(leaf("1"))}));
    if (expr_.text == "exists") return put(call("any", {each(leaf("True"))}));
    Py numbers = each(operand(value, kOr));
    if (expr_.text == "sum") {
      result_.sort = value.sort;
      result_.scale = value.scale;
      return put(call("values.total", {std::move(numbers)}));
    }
    result_.sort = Sort::kDecimal;
    result_.scale = scope_.division_scale.value_or(6);
    result_.nullable = true;
    put(call("values.average",
             {group("(", {std::move(numbers)}, ")"), leaf(std::to_string(result_.scale))}));
  }

  const Expr& expr_;
  Scope& scope_;
  const Entity& entity_;
  Scope inner_;
  Filter filter_;
  std::optional<Value> summand_;
  std::string name_;
  Value result_;
};

}  // namespace

Value aggregate(const Expr& expr, Scope& scope) { return Aggregate(expr, scope).write(); }

bool touches(const Expr& expr, std::string_view op) {
  if (expr.is_call(op)) return true;
  return std::any_of(expr.args.begin(), expr.args.end(),
                     [&](const Expr& arg) { return touches(arg, op); });
}

DerivedInfo derived_info(const Model& model, const Entity& entity, const Attribute& attribute) {
  Locals locals;
  Source unused;
  Scope scope;
  scope.model = &model;
  scope.self = {&entity, "row", false, false};
  scope.locals = &locals;
  scope.before = &unused;
  const std::string code = flat(as_attribute(*attribute.derived, attribute, scope));
  const Value value = python(*attribute.derived, scope);
  DerivedInfo info;
  info.context =
      code.find("ctx") != std::string::npos || unused.text().find("ctx") != std::string::npos;
  info.nullable = value.nullable;
  return info;
}

std::string derived_function(const Entity& entity, const Attribute& attribute) {
  return text::snake_case(entity.id) + "_" + attribute.id;
}

}  // namespace cadre::offline::developer
