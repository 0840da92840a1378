// Conditions: comparisons and their negations, without not(...) where a better operator exists.
#include <fmt/format.h>

#include "offline/developer/expr.h"

namespace cadre::offline::developer {
namespace {

using spec::Expr;

Value truth(Py py, int strength) { return make_value(std::move(py), Sort::kBool, strength); }
Value truth(bool value) { return truth(leaf(value ? "True" : "False"), kAtom); }

const char* opposite(const std::string& op) {
  if (op == "<") return ">=";
  if (op == "<=") return ">";
  if (op == ">") return "<=";
  return "<";
}

Py none_test(const Value& value, bool present) {
  return infix(present ? "is not" : "is", {operand(value, kSum), leaf("None")});
}

Value ordering(const std::string& op, Value a, Value b, bool negated) {
  a = beside(std::move(a), b.sort);
  b = beside(std::move(b), a.sort);
  const bool null_literal = (a.literal != nullptr && a.literal->is_null()) ||
                            (b.literal != nullptr && b.literal->is_null());
  if (null_literal) return truth(negated);
  if ((a.nullable && !a.simple) || (b.nullable && !b.simple)) {
    const std::string function = op == "<"    ? "operator.lt"
                                 : op == "<=" ? "operator.le"
                                 : op == ">"  ? "operator.gt"
                                              : "operator.ge";
    Value test = truth(call("values.holds", {leaf(function), a.py, b.py}), kAtom);
    if (negated) test = truth(prefixed("not ", test.py), kNot);
    return test;
  }
  const char* sign = negated ? opposite(op) : op.c_str();
  Py plain = infix(sign, {operand(a, kSum), operand(b, kSum)});
  if (!a.nullable && !b.nullable) return truth(std::move(plain), kCompare);
  std::vector<Py> parts;
  if (a.nullable) parts.push_back(none_test(a, !negated));
  if (b.nullable && flat(a.py) != flat(b.py)) parts.push_back(none_test(b, !negated));
  parts.push_back(std::move(plain));
  return truth(infix(negated ? "or" : "and", std::move(parts)), negated ? kOr : kAnd);
}

Value equality(Value a, Value b, bool negated) {
  a = beside(std::move(a), b.sort);
  b = beside(std::move(b), a.sort);
  if (a.literal != nullptr && b.literal == nullptr) std::swap(a, b);
  if (b.literal != nullptr && b.literal->is_null()) {
    if (!a.nullable) return truth(negated);
    return truth(none_test(a, negated), kCompare);
  }
  if (b.sort == Sort::kBool && b.literal != nullptr) {
    const bool wanted = b.literal->boolean != negated;
    if (!a.nullable) {
      if (wanted) return a;
      return truth(prefixed("not ", operand(a, kNot)), kNot);
    }
    return truth(infix(negated ? "is not" : "is", {operand(a, kSum), b.py}), kCompare);
  }
  return truth(infix(negated ? "!=" : "==", {operand(a, kSum), operand(b, kSum)}), kCompare);
}

Value membership(const Expr& expr, Scope& scope, bool negated) {
  Value wanted = python(expr.args[0], scope);
  if (expr.args.size() == 2)
    return equality(std::move(wanted), python(expr.args[1], scope), negated);
  std::vector<Py> choices;
  for (std::size_t i = 1; i < expr.args.size(); ++i) {
    choices.push_back(beside(python(expr.args[i], scope), wanted.sort).py);
  }
  return truth(infix(negated ? "not in" : "in", {operand(wanted, kSum), tuple(std::move(choices))}),
               kCompare);
}

Value junction(const Expr& expr, Scope& scope, bool negated) {
  const bool conjunction = (expr.text == "and") != negated;
  const int strength = conjunction ? kAnd : kOr;
  std::vector<Py> parts;
  for (const Expr& arg : expr.args) {
    const Value part = condition(arg, scope, negated);
    // "a and b" inside "and" needs no parentheses.
    const bool same = part.py.kind == Py::Kind::kInfix && part.strength == strength &&
                      part.py.text == (conjunction ? "and" : "or");
    if (same) {
      parts.insert(parts.end(), part.py.items.begin(), part.py.items.end());
    } else {
      parts.push_back(operand(part, kNot));
    }
  }
  return truth(infix(conjunction ? "and" : "or", std::move(parts)), strength);
}

Value overlap(const Expr& expr, Scope& scope, bool negated) {
  const Expr both = Expr::call("and", {Expr::call("<", {expr.args[0], expr.args[3]}),
                                       Expr::call("<", {expr.args[2], expr.args[1]})});
  return condition(both, scope, negated);
}

}  // namespace

Value condition(const Expr& expr, Scope& scope, bool negated) {
  if (expr.kind == Expr::Kind::kBool) return truth(expr.boolean != negated);
  if (expr.kind != Expr::Kind::kCall) return truth(negated);
  const std::string& op = expr.text;
  if (op == "not") return condition(expr.args[0], scope, !negated);
  if (op == "and" || op == "or") return junction(expr, scope, negated);
  if (op == "overlaps") return overlap(expr, scope, negated);
  if (op == "in") return membership(expr, scope, negated);
  if (op == "is_null") {
    const Value value = python(expr.args[0], scope);
    if (!value.nullable) return truth(negated);
    return truth(none_test(value, negated), kCompare);
  }
  if (op == "=" || op == "!=") {
    Value a = python(expr.args[0], scope);
    Value b = python(expr.args[1], scope);
    return equality(std::move(a), std::move(b), negated != (op == "!="));
  }
  if (op == "<" || op == "<=" || op == ">" || op == ">=") {
    Value a = python(expr.args[0], scope);
    Value b = python(expr.args[1], scope);
    return ordering(op, std::move(a), std::move(b), negated);
  }
  Value value =
      op == "if" || op == "self" || op == "row" || op == "arg" || op == "old" || op == "exists"
          ? python(expr, scope)
          : truth(false);
  if (value.nullable) {
    return truth(infix(negated ? "is not" : "is", {operand(value, kSum), leaf("True")}), kCompare);
  }
  if (!negated) return value;
  return truth(prefixed("not ", operand(value, kNot)), kNot);
}

}  // namespace cadre::offline::developer
