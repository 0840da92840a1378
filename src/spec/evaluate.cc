#include "spec/evaluate.h"

#include <algorithm>
#include <unordered_map>

namespace cadre::spec {
namespace {

using Kind = Value::Kind;

enum class Op {
  kSelf, kOld, kArg, kRow, kActor, kRole, kNow, kToday, kCount, kExists, kSum, kAvg, kEqual,
  kUnequal, kLess, kLessEqual, kGreater, kGreaterEqual, kAnd, kOr, kNot, kIsNull, kIn, kPlus,
  kMinus, kTimes, kDivide, kMin, kMax, kIf, kDays, kHours, kMinutes, kMonths, kAdd, kSub,
  kDaysBetween, kHoursBetween, kDateOf, kOverlaps, kUnknown
};

Op op_of(const std::string& name) {
  static const std::unordered_map<std::string, Op> kOps{
      {"self", Op::kSelf},       {"old", Op::kOld},          {"arg", Op::kArg},
      {"row", Op::kRow},         {"actor", Op::kActor},      {"role", Op::kRole},
      {"now", Op::kNow},         {"today", Op::kToday},      {"count", Op::kCount},
      {"exists", Op::kExists},   {"sum", Op::kSum},          {"avg", Op::kAvg},
      {"=", Op::kEqual},         {"!=", Op::kUnequal},       {"<", Op::kLess},
      {"<=", Op::kLessEqual},    {">", Op::kGreater},        {">=", Op::kGreaterEqual},
      {"and", Op::kAnd},         {"or", Op::kOr},            {"not", Op::kNot},
      {"is_null", Op::kIsNull},  {"in", Op::kIn},            {"+", Op::kPlus},
      {"-", Op::kMinus},         {"*", Op::kTimes},          {"/", Op::kDivide},
      {"min", Op::kMin},         {"max", Op::kMax},          {"if", Op::kIf},
      {"days", Op::kDays},       {"hours", Op::kHours},      {"minutes", Op::kMinutes},
      {"months", Op::kMonths},   {"add", Op::kAdd},          {"sub", Op::kSub},
      {"days_between", Op::kDaysBetween}, {"hours_between", Op::kHoursBetween},
      {"date_of", Op::kDateOf},  {"overlaps", Op::kOverlaps},
  };
  const auto it = kOps.find(name);
  return it == kOps.end() ? Op::kUnknown : it->second;
}

Value boolean(bool value) { return Value::of_bool(value); }

// Seconds of a date's midnight or of an instant.
std::optional<std::int64_t> seconds_of(const Value& value) {
  if (value.kind == Kind::kDate) return value.number * 86'400;
  if (value.kind == Kind::kDatetime) return value.number;
  if (value.kind == Kind::kString) {
    if (const auto date = parse_date(value.text)) return date->number * 86'400;
    if (const auto instant = parse_datetime(value.text)) return instant->number;
  }
  return std::nullopt;
}

class Evaluator {
 public:
  explicit Evaluator(const Scope& scope) : scope_(scope) {}

  Value run(const Expr& expr) const {
    if (expr.kind != Expr::Kind::kCall) return literal_value(expr);
    const Op op = op_of(expr.text);
    switch (op) {
      case Op::kSelf: return from_row(expr, scope_.self, scope_.self_entity);
      case Op::kOld: return from_row(expr, scope_.old, scope_.self_entity);
      case Op::kRow: return from_row(expr, scope_.row, scope_.row_entity);
      case Op::kArg: return argument(expr.args[0].text);
      case Op::kActor: return scope_.actor;
      case Op::kRole: return Value::of_string(scope_.role);
      case Op::kNow: return Value::of(Kind::kDatetime, scope_.now);
      case Op::kToday: return Value::of(Kind::kDate, date_of(scope_.now));
      case Op::kCount: case Op::kExists: case Op::kSum: case Op::kAvg: return aggregate(op, expr);
      case Op::kAnd: case Op::kOr: case Op::kNot: case Op::kIf: case Op::kIn:
        return logical(op, expr);
      case Op::kEqual: case Op::kUnequal: case Op::kLess: case Op::kLessEqual: case Op::kGreater:
      case Op::kGreaterEqual: case Op::kIsNull: case Op::kOverlaps: return comparison(op, expr);
      case Op::kPlus: case Op::kMinus: case Op::kTimes: case Op::kDivide: case Op::kMin:
      case Op::kMax: return arithmetic(op, expr);
      default: return temporal(op, expr);
    }
  }

 private:
  Value arg(const Expr& expr, std::size_t index) const { return run(expr.args[index]); }

  Value from_row(const Expr& expr, const Row* row, int entity) const {
    if (row == nullptr) return {};
    return path_value(expr.args[0].text, *row, entity, scope_, row == scope_.row);
  }

  Value argument(const std::string& path) const {
    if (scope_.arguments == nullptr) return {};
    const auto dot = path.find('.');
    const auto it = scope_.arguments->find(path.substr(0, dot));
    if (it == scope_.arguments->end()) return {};
    if (dot == std::string::npos) return it->second.value;
    if (it->second.entity < 0 || it->second.value.is_null()) return {};
    const bool own = scope_.self != nullptr && it->second.entity == scope_.self_entity &&
                     it->second.value.number == scope_.self->id;
    const Row* row = own ? scope_.self
                         : scope_.database->table(it->second.entity).find(it->second.value.number);
    if (row == nullptr) return {};
    return path_value(std::string_view(path).substr(dot + 1), *row, it->second.entity, scope_);
  }

  Value aggregate(Op op, const Expr& expr) const {
    if (expr.args.empty()) return {};
    const bool has_value = op == Op::kSum || op == Op::kAvg;
    const std::size_t filter_at = has_value ? 2 : 1;
    const Expr* filter = expr.args.size() > filter_at ? &expr.args[filter_at] : nullptr;
    Scope inner = scope_;
    inner.row_entity = scope_.schema->find(expr.args[0].text);
    if (inner.row_entity < 0) return {};
    const Evaluator evaluator(inner);
    std::int64_t count = 0;
    Value sum = Value::of_int(0);
    for (const auto& row : scope_.database->table(inner.row_entity).rows()) {
      inner.row = row.get();
      if (filter != nullptr && !evaluator.run(*filter).is_true()) continue;
      if (op == Op::kExists) return boolean(true);
      if (!has_value) {
        ++count;
        continue;
      }
      const Value value = evaluator.run(expr.args[1]);
      if (value.is_null()) continue;
      sum = count == 0 ? value : add(sum, value);
      ++count;
    }
    if (op == Op::kExists) return boolean(false);
    if (op == Op::kCount) return Value::of_int(count);
    if (op == Op::kSum) return sum;
    return count == 0 ? Value{} : divide(sum, Value::of_int(count), scope_.scale);
  }

  Value logical(Op op, const Expr& expr) const {
    switch (op) {
      case Op::kNot: return boolean(!arg(expr, 0).is_true());
      case Op::kIf: return arg(expr, 0).is_true() ? arg(expr, 1) : arg(expr, 2);
      case Op::kIn: {
        const Value wanted = arg(expr, 0);
        for (std::size_t i = 1; i < expr.args.size(); ++i) {
          if (equal(wanted, arg(expr, i))) return boolean(true);
        }
        return boolean(false);
      }
      default: break;
    }
    for (const Expr& part : expr.args) {
      const bool holds = run(part).is_true();
      if (op == Op::kAnd && !holds) return boolean(false);
      if (op == Op::kOr && holds) return boolean(true);
    }
    return boolean(op == Op::kAnd);
  }

  Value comparison(Op op, const Expr& expr) const {
    const Value a = arg(expr, 0);
    if (op == Op::kIsNull) return boolean(a.is_null());
    const Value b = arg(expr, 1);
    if (op == Op::kEqual) return boolean(equal(a, b));
    if (op == Op::kUnequal) return boolean(!equal(a, b));
    if (op == Op::kOverlaps) {
      // [a, b) and [c, d) intersect when each begins before the other ends.
      const auto first = order(a, arg(expr, 3));
      const auto second = order(arg(expr, 2), b);
      return boolean(first && second && *first < 0 && *second < 0);
    }
    const auto ordering = order(a, b);
    if (!ordering) return boolean(false);
    switch (op) {
      case Op::kLess: return boolean(*ordering < 0);
      case Op::kLessEqual: return boolean(*ordering <= 0);
      case Op::kGreater: return boolean(*ordering > 0);
      default: return boolean(*ordering >= 0);
    }
  }

  Value arithmetic(Op op, const Expr& expr) const {
    Value result = arg(expr, 0);
    for (std::size_t i = 1; i < expr.args.size(); ++i) {
      const Value next = arg(expr, i);
      switch (op) {
        case Op::kPlus: result = add(result, next); break;
        case Op::kMinus: result = subtract(result, next); break;
        case Op::kTimes: result = multiply(result, next); break;
        case Op::kDivide: result = divide(result, next, scope_.scale); break;
        default: {
          const auto ordering = order(next, result);
          const bool better = ordering && (op == Op::kMin ? *ordering < 0 : *ordering > 0);
          if (result.is_null() || better) result = next;
        }
      }
    }
    return result;
  }

  Value temporal(Op op, const Expr& expr) const {
    const Value a = arg(expr, 0);
    switch (op) {
      case Op::kDays: return duration(a, 1440, 0);
      case Op::kHours: return duration(a, 60, 0);
      case Op::kMinutes: return duration(a, 1, 0);
      case Op::kMonths: return duration(a, 0, 1);
      case Op::kAdd: return shift(moment(a), arg(expr, 1), 1);
      case Op::kSub: return shift(moment(a), arg(expr, 1), -1);
      case Op::kDateOf:
        if (a.kind == Kind::kDate) return a;
        return a.kind == Kind::kDatetime ? Value::of(Kind::kDate, date_of(a.number)) : Value{};
      case Op::kDaysBetween: return between(a, arg(expr, 1), 86'400);
      case Op::kHoursBetween: return between(a, arg(expr, 1), 3600);
      default: return {};
    }
  }

  // A date in quotes is a date where one is moved.
  static Value moment(const Value& value) {
    if (value.kind != Kind::kString) return value;
    if (const auto date = parse_date(value.text)) return *date;
    return parse_datetime(value.text).value_or(Value{});
  }

  static Value duration(const Value& amount, std::int64_t minutes, std::int64_t months) {
    const auto whole = fit(amount, Type::kInt, 0);
    if (!whole || whole->is_null() || std::abs(whole->number) > 1'000'000) return {};
    Value value = Value::of(Kind::kDuration, whole->number * minutes);
    value.months = whole->number * months;
    return value;
  }

  static Value between(const Value& from, const Value& to, std::int64_t unit) {
    const auto a = seconds_of(from);
    const auto b = seconds_of(to);
    if (!a || !b) return {};
    return Value::of_int((*b - *a) / unit);
  }

  const Scope& scope_;
};

}  // namespace

Value evaluate(const Expr& expr, const Scope& scope) { return Evaluator(scope).run(expr); }

Value cell_value(const Row& row, int entity, std::size_t column, const Scope& scope) {
  const Column& layout = scope.schema->at(entity).columns[column];
  if (layout.attribute == nullptr || !layout.attribute->derived) return row.cells[column];
  Scope inner = scope;
  inner.self = &row;
  inner.self_entity = entity;
  inner.old = nullptr;
  inner.row = nullptr;
  inner.arguments = nullptr;
  inner.scale = layout.scale;
  const Value value = evaluate(*layout.attribute->derived, inner);
  return fit(value, layout.attribute->type, layout.scale).value_or(Value{});
}

Value path_value(std::string_view path, const Row& row, int entity, const Scope& scope,
                 bool in_table) {
  const Row* at = &row;
  while (true) {
    const auto dot = path.find('.');
    const std::string_view head = path.substr(0, dot);
    if (head == "id") return at->id == 0 ? Value{} : Value::of_int(at->id);
    const EntityLayout& layout = scope.schema->at(entity);
    const int column = layout.find(head);
    if (column < 0) return {};
    const auto index = static_cast<std::size_t>(column);
    if (dot == std::string_view::npos) return cell_value(*at, entity, index, scope);
    const Value& reference = at->cells[index];
    const int target = layout.columns[index].target;
    if (reference.is_null() || target < 0) return {};
    const bool comes_back = !in_table && scope.self != nullptr && target == scope.self_entity &&
                            scope.self->id == reference.number;
    at = comes_back ? scope.self : scope.database->table(target).find(reference.number);
    if (at == nullptr) return {};
    entity = target;
    path.remove_prefix(dot + 1);
  }
}

}  // namespace cadre::spec
