#include "offline/developer/expr.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/text.h"

namespace cadre::offline::developer {
namespace {

using spec::Attribute;
using spec::Entity;
using spec::Expr;
using spec::Type;

Value make(Py py, Sort sort, int strength = kAtom) {
  return make_value(std::move(py), sort, strength);
}

bool is_moment(Sort sort) {
  return sort == Sort::kDate || sort == Sort::kTime || sort == Sort::kDatetime;
}

Value literal(const Expr& expr) {
  Value value;
  value.literal = &expr;
  switch (expr.kind) {
    case Expr::Kind::kNull:
      value.py = leaf("None");
      value.nullable = true;
      break;
    case Expr::Kind::kBool:
      value.py = leaf(expr.boolean ? "True" : "False");
      value.sort = Sort::kBool;
      break;
    case Expr::Kind::kInt:
      value.py = leaf(std::to_string(expr.integer));
      value.sort = Sort::kInt;
      if (expr.integer < 0) value.strength = kProduct;
      break;
    case Expr::Kind::kDecimal: {
      value.py = call("Decimal", {text_leaf(expr.text)});
      value.sort = Sort::kDecimal;
      const auto dot = expr.text.find('.');
      value.scale = dot == std::string::npos ? 0 : static_cast<int>(expr.text.size() - dot - 1);
      break;
    }
    case Expr::Kind::kString:
      value.py = text_leaf(expr.text);
      value.sort = Sort::kText;
      break;
    case Expr::Kind::kCall: CADRE_CHECK(false, "a call is no literal");
  }
  return value;
}

// A function of operands that gives None as soon as one of them is None.
Value lifted(const std::string& function, std::vector<Value> operands, Sort sort) {
  std::vector<Py> arguments{leaf(function)};
  for (Value& one : operands) arguments.push_back(std::move(one.py));
  Value value = make(call("values.unless_null", std::move(arguments)), sort);
  value.nullable = true;
  return value;
}

bool any_nullable(const std::vector<Value>& operands) {
  return std::any_of(operands.begin(), operands.end(), [](const Value& v) { return v.nullable; });
}

struct Operator {
  const char* sign;
  const char* function;
  int strength;
};

Operator arithmetic(const std::string& op) {
  if (op == "+") return {"+", "operator.add", kSum};
  if (op == "-") return {"-", "operator.sub", kSum};
  return {"*", "operator.mul", kProduct};
}

Value sum_or_product(const std::string& op, std::vector<Value> operands) {
  const Operator how = arithmetic(op);
  Value left = std::move(operands.front());
  for (std::size_t i = 1; i < operands.size(); ++i) {
    Value right = std::move(operands[i]);
    const bool decimal = left.sort == Sort::kDecimal || right.sort == Sort::kDecimal;
    const Sort sort = left.sort == Sort::kMinutes ? Sort::kMinutes
                      : decimal                   ? Sort::kDecimal
                                                  : Sort::kInt;
    int scale = op == "*" ? left.scale + right.scale : std::max(left.scale, right.scale);
    if (left.scale < 0 || right.scale < 0) scale = -1;
    if (left.nullable || right.nullable) {
      left = lifted(how.function, {std::move(left), std::move(right)}, sort);
    } else {
      const int least = how.strength;
      Value next = make(infix(how.sign, {operand(left, least), operand(right, least + 1)}), sort,
                        how.strength);
      left = std::move(next);
    }
    left.scale = scale;
  }
  return left;
}

Value division(std::vector<Value> operands, const Scope& scope) {
  // Rounding and division by zero make it a function in any case.
  const int scale = scope.division_scale.value_or(6);
  Value value =
      make(call("values.divided", {operands[0].py, operands[1].py, leaf(std::to_string(scale))}),
           Sort::kDecimal);
  value.scale = scale;
  value.nullable = true;
  return value;
}

Value extreme(const std::string& op, std::vector<Value> operands) {
  const bool some_present =
      std::any_of(operands.begin(), operands.end(), [](const Value& v) { return !v.nullable; });
  const bool some_null = any_nullable(operands);
  Sort sort = operands.front().sort;
  int scale = 0;
  std::vector<Py> arguments;
  for (Value& one : operands) {
    if (one.sort == Sort::kDecimal || sort == Sort::kNull) sort = one.sort;
    scale = scale < 0 || one.scale < 0 ? -1 : std::max(scale, one.scale);
    arguments.push_back(std::move(one.py));
  }
  const std::string name = some_null ? (op == "min" ? "values.smallest" : "values.largest") : op;
  Value value = make(call(name, std::move(arguments)), sort);
  value.scale = scale;
  value.nullable = !some_present;
  return value;
}

Value conditional(const Expr& expr, Scope& scope) {
  Value test = condition(expr.args[0], scope);
  Value yes = python(expr.args[1], scope);
  Value no = python(expr.args[2], scope);
  yes = beside(std::move(yes), no.sort);
  no = beside(std::move(no), yes.sort);
  Value value =
      make(ternary(operand(yes, kOr), operand(test, kOr), no.py),
           yes.sort == Sort::kNull || no.sort == Sort::kDecimal ? no.sort : yes.sort, kTernary);
  value.simple = false;
  value.nullable = yes.nullable || no.nullable;
  value.scale = yes.scale < 0 || no.scale < 0 ? -1 : std::max(yes.scale, no.scale);
  return value;
}

// Lengths of time are whole numbers.
Value whole(Value amount) {
  if (amount.sort != Sort::kDecimal) return amount;
  Value value = make(call("values.whole", {std::move(amount.py)}), Sort::kInt);
  value.nullable = amount.nullable;
  return value;
}

Value duration(const Expr& expr, Scope& scope) {
  Value amount = whole(python(expr.args[0], scope));
  if (expr.text == "months") {
    amount.sort = Sort::kMonths;
    return amount;
  }
  const int factor = expr.text == "days" ? 1440 : expr.text == "hours" ? 60 : 1;
  if (amount.literal != nullptr && amount.literal->kind == Expr::Kind::kInt) {
    Value value = make(leaf(std::to_string(amount.literal->integer * factor)), Sort::kMinutes);
    return value;
  }
  if (factor == 1) {
    amount.sort = Sort::kMinutes;
    return amount;
  }
  Value scaled = make(leaf(std::to_string(factor)), Sort::kInt);
  std::vector<Value> both;
  both.push_back(std::move(amount));
  both.push_back(std::move(scaled));
  Value value = sum_or_product("*", std::move(both));
  value.sort = Sort::kMinutes;
  return value;
}

// timedelta(days=14)
Py timedelta(const Expr& expr, Scope& scope, bool& nullable, std::string& months) {
  if (expr.kind == Expr::Kind::kCall &&
      (expr.text == "days" || expr.text == "hours" || expr.text == "minutes")) {
    Value amount = whole(python(expr.args[0], scope));
    nullable = amount.nullable;
    return call("timedelta", {named(expr.text, std::move(amount.py))});
  }
  Value value = python(expr, scope);
  nullable = value.nullable;
  if (value.sort == Sort::kMonths) {
    months = flat(value.py);
    return value.py;
  }
  return call("timedelta", {named("minutes", std::move(value.py))});
}

Value moved(const Expr& expr, Scope& scope) {
  Value when = python(expr.args[0], scope);
  const bool instant = when.literal != nullptr && when.literal->text.size() > 10;
  when = beside(std::move(when), instant ? Sort::kDatetime : Sort::kDate);
  const Sort sort = when.sort;
  bool nullable = false;
  std::string months;
  const bool minus = expr.text == "sub";
  Py step = timedelta(expr.args[1], scope, nullable, months);
  if (!months.empty()) {
    if (when.nullable || nullable) {
      Value moved_by = make(step, Sort::kInt);
      return lifted(minus ? "values.months_before" : "values.months_after",
                    {std::move(when), std::move(moved_by)}, sort);
    }
    return make(call(minus ? "values.months_before" : "values.months_after",
                     {std::move(when.py), std::move(step)}),
                sort);
  }
  if (nullable) {
    // The step itself must not be built from None.
    Value minutes = python(expr.args[1], scope);
    return lifted(minus ? "values.minutes_before" : "values.minutes_after",
                  {std::move(when), std::move(minutes)}, sort);
  }
  if (when.nullable) {
    Value by = make(std::move(step), Sort::kMinutes);
    return lifted(minus ? "operator.sub" : "operator.add", {std::move(when), std::move(by)}, sort);
  }
  return make(infix(minus ? "-" : "+", {operand(when, kSum), std::move(step)}), sort, kSum);
}

// days_between and hours_between: plain for two dates, through seconds otherwise.
Value between(const std::string& op, std::vector<Value> operands) {
  operands[0] =
      beside(std::move(operands[0]), is_moment(operands[1].sort) ? operands[1].sort : Sort::kDate);
  operands[1] = beside(std::move(operands[1]), operands[0].sort);
  if (any_nullable(operands)) return lifted("values." + op, std::move(operands), Sort::kInt);
  if (op == "days_between" && operands[0].sort == Sort::kDate && operands[1].sort == Sort::kDate) {
    Py difference = infix("-", {operand(operands[1], kSum), operand(operands[0], kProduct)});
    return make(member_of(group("(", {std::move(difference)}, ")"), "days"), Sort::kInt);
  }
  return make(call("values." + op, {std::move(operands[0].py), std::move(operands[1].py)}),
              Sort::kInt);
}

Value date_of(Value moment) {
  if (moment.sort == Sort::kDate) return moment;
  if (moment.nullable) return lifted("datetime.date", {std::move(moment)}, Sort::kDate);
  return make(method(operand(moment, kAtom), "date", {}), Sort::kDate);
}

Value argument(const Expr& expr, Scope& scope) {
  const std::string& path = expr.args[0].text;
  const auto dot = path.find('.');
  const std::string head = path.substr(0, dot);
  const auto row = scope.argument_rows.find(head);
  if (dot == std::string::npos || row == scope.argument_rows.end()) {
    const auto it = scope.arguments.find(head);
    CADRE_CHECK(it != scope.arguments.end(), "a valid model reads only inputs of the operation");
    return it->second;
  }
  Value value = path_value(row->second, path.substr(dot + 1), scope);
  if (scope.optional_rows[head]) {
    Py test = leaf(row->second.name + " is not None");
    value.py = group("(", {ternary(value.py, std::move(test), leaf("None"))}, ")");
    value.strength = kAtom;
    value.simple = false;
    value.nullable = true;
  }
  return value;
}

}  // namespace

// ---------------------------------------------------------------------------------------------

Sort sort_of(Type type) {
  switch (type) {
    case Type::kInt: return Sort::kInt;
    case Type::kDecimal:
    case Type::kMoney: return Sort::kDecimal;
    case Type::kBool: return Sort::kBool;
    case Type::kDate: return Sort::kDate;
    case Type::kTime: return Sort::kTime;
    case Type::kDatetime: return Sort::kDatetime;
    case Type::kDuration: return Sort::kMinutes;
    default: return Sort::kText;
  }
}

Value beside(Value value, Sort other) {
  if (value.literal == nullptr || value.sort != Sort::kText || !is_moment(other)) return value;
  const Type type = other == Sort::kDate   ? Type::kDate
                    : other == Sort::kTime ? Type::kTime
                                           : Type::kDatetime;
  const Expr* origin = value.literal;
  value = make_value(literal_of(*origin, type, 0), other);
  value.simple = true;
  value.literal = origin;
  return value;
}

Value make_value(Py py, Sort sort, int strength) {
  Value value;
  value.py = std::move(py);
  value.sort = sort;
  value.strength = strength;
  value.simple = value.py.kind == Py::Kind::kLeaf;
  return value;
}

Py operand(const Value& value, int least) {
  if (value.strength >= least) return value.py;
  return group("(", {value.py}, ")");
}

Value path_value(const Row& row, std::string_view path, const Scope& scope) {
  const Model& model = *scope.model;
  const Entity* entity = row.entity;
  std::string at = row.name;
  std::vector<std::string> present;  // what must not be None on the way
  for (;;) {
    const auto dot = path.find('.');
    const std::string head(path.substr(0, dot));
    const spec::Relation* relation = spec::find_relation(model.spec, entity->id, head);
    const bool last = dot == std::string_view::npos || path.substr(dot + 1) == "id";
    Value value;
    if (last && relation != nullptr) {
      value = make(leaf(at + "." + member(head + "_id")), Sort::kInt);
      value.nullable = !relation->required;
    } else if (last && head == "id") {
      value = make(leaf(at + ".id"), Sort::kInt);
      value.nullable = row.nullable_id && present.empty() && at == row.name;
    } else if (last) {
      const Attribute* attribute = spec::find_attribute(*entity, head);
      CADRE_CHECK(attribute != nullptr, "a valid model has no broken paths");
      if (has_column(*attribute)) {
        value = make(leaf(at + "." + member(head)), sort_of(attribute->type));
        value.nullable = !attribute->required || attribute->derived.has_value();
      } else {
        const DerivedInfo info = derived_info(model, *entity, *attribute);
        std::vector<Py> arguments;
        if (info.context) arguments.push_back(leaf("ctx"));
        arguments.push_back(leaf(at));
        value = make(call("derived." + derived_function(*entity, *attribute), std::move(arguments)),
                     sort_of(attribute->type));
        value.nullable = info.nullable;
      }
      value.scale = scale_of(*attribute);
    } else {
      CADRE_CHECK(relation != nullptr, "a valid model has no broken paths");
      at += "." + link(*entity, head);
      if (!relation->required) present.push_back(at);
      entity = &model.entity(relation->to);
      path.remove_prefix(dot + 1);
      continue;
    }
    if (!present.empty()) {
      std::string test;
      for (const std::string& one : present)
        test += (test.empty() ? "" : " and ") + one + " is not None";
      value.py = group("(", {ternary(value.py, leaf(test), leaf("None"))}, ")");
      value.simple = false;
      value.nullable = true;
    }
    return value;
  }
}

Py literal_of(const Expr& expr, Type type, int scale) {
  switch (type) {
    case Type::kDecimal:
    case Type::kMoney: {
      std::string digits = expr.kind == Expr::Kind::kInt ? std::to_string(expr.integer) : expr.text;
      auto dot = digits.find('.');
      if (dot == std::string::npos && scale > 0) {
        dot = digits.size();
        digits += '.';
      }
      while (scale > 0 && static_cast<int>(digits.size() - dot) - 1 < scale) digits += '0';
      while (dot != std::string::npos && static_cast<int>(digits.size() - dot) - 1 > scale &&
             digits.ends_with('0')) {
        digits.pop_back();
      }
      if (digits.ends_with('.')) digits.pop_back();
      return call("Decimal", {text_leaf(digits)});
    }
    case Type::kDate:
    case Type::kTime:
    case Type::kDatetime: {
      if (expr.kind != Expr::Kind::kString) return literal(expr).py;
      std::vector<Py> parts;
      std::string number;
      for (const char c : expr.text + " ") {
        if (c >= '0' && c <= '9') {
          number += c;
          continue;
        }
        if (number.empty()) continue;
        while (number.size() > 1 && number.front() == '0') number.erase(0, 1);
        parts.push_back(leaf(number));
        number.clear();
      }
      if (type == Type::kDatetime) parts.push_back(named("tzinfo", leaf("timezone.utc")));
      return call(type == Type::kDate   ? "date"
                  : type == Type::kTime ? "time"
                                        : "datetime",
                  std::move(parts));
    }
    default: return literal(expr).py;
  }
}

Py as_attribute(const Expr& expr, const Attribute& attribute, Scope& scope, bool* nullable) {
  const int scale = scale_of(attribute);
  if (nullable != nullptr) *nullable = expr.is_null();
  if (expr.kind != Expr::Kind::kCall) {
    return expr.is_null() ? leaf("None") : literal_of(expr, attribute.type, scale);
  }
  scope.division_scale = scale;
  Value value = python(expr, scope);
  scope.division_scale.reset();
  if (nullable != nullptr) *nullable = value.nullable;
  const Sort wanted = sort_of(attribute.type);
  if (wanted == Sort::kDecimal && (value.sort != Sort::kDecimal || value.scale != scale)) {
    return call("values.fixed", {value.py, leaf(std::to_string(scale))});
  }
  if (wanted == Sort::kInt && value.sort == Sort::kDecimal) {
    return call("values.whole", {value.py});
  }
  return value.py;
}

Value python(const Expr& expr, Scope& scope) {
  if (expr.kind != Expr::Kind::kCall) return literal(expr);
  const std::string& op = expr.text;
  if (op == "self") return path_value(scope.self, expr.args[0].text, scope);
  if (op == "row") return path_value(scope.row, expr.args[0].text, scope);
  if (op == "arg") return argument(expr, scope);
  if (op == "old") {
    const auto it = scope.old.find(expr.args[0].text);
    CADRE_CHECK(it != scope.old.end(), "old values are remembered before the patch");
    return it->second;
  }
  if (op == "actor" && !scope.model->has_actors()) {
    static const Expr nobody;
    return literal(nobody);
  }
  if (op == "role" && !scope.model->has_actors()) return make(leaf("\"\""), Sort::kText);
  if (op == "actor") {
    Value value = make(leaf("ctx.actor.subject"), Sort::kInt);
    value.nullable = true;
    return value;
  }
  if (op == "role") return make(leaf("ctx.actor.role"), Sort::kText);
  if (op == "now") return make(leaf("ctx.now"), Sort::kDatetime);
  if (op == "today") return make(leaf("ctx.today"), Sort::kDate);
  if (op == "if") return conditional(expr, scope);
  if (op == "days" || op == "hours" || op == "minutes" || op == "months") {
    return duration(expr, scope);
  }
  if (op == "add" || op == "sub") return moved(expr, scope);
  if (op == "count" || op == "exists" || op == "sum" || op == "avg") {
    return aggregate(expr, scope);
  }
  std::vector<Value> operands;
  for (const Expr& arg : expr.args) operands.push_back(python(arg, scope));
  if (op == "+" || op == "-" || op == "*") return sum_or_product(op, std::move(operands));
  if (op == "/") return division(std::move(operands), scope);
  if (op == "min" || op == "max") return extreme(op, std::move(operands));
  if (op == "days_between" || op == "hours_between") return between(op, std::move(operands));
  if (op == "date_of") return date_of(std::move(operands.front()));
  return condition(expr, scope);
}

}  // namespace cadre::offline::developer
