#include "spec/typecheck.h"

#include <fmt/format.h>

#include <algorithm>

#include "spec/value.h"

namespace cadre::spec {
namespace {

using Kind = StaticType::Kind;

std::unexpected<Error> wrong(std::string message) {
  return fail(ErrorCode::kInvalidInput, std::move(message));
}

bool is_number(const StaticType& type) {
  return type.kind == Kind::kInt || type.kind == Kind::kDecimal;
}
bool is_moment(const StaticType& type) {
  return type.kind == Kind::kDate || type.kind == Kind::kDatetime;
}
bool is_null(const StaticType& type) { return type.kind == Kind::kNull; }

StaticType of(Kind kind) {
  StaticType type;
  type.kind = kind;
  return type;
}

StaticType reference_to(std::string entity) {
  StaticType type = of(Kind::kRef);
  type.entity = std::move(entity);
  return type;
}

// A string literal that reads as the other side's kind of moment.
bool reads_as(const StaticType& type, Kind kind) {
  if (!type.literal) return false;
  if (kind == Kind::kDate) return parse_date(type.text).has_value();
  if (kind == Kind::kTime) return parse_time(type.text).has_value();
  return kind == Kind::kDatetime && parse_datetime(type.text).has_value();
}

class Checker {
 public:
  explicit Checker(const TypeScope& scope) : scope_(scope) {}

  Result<StaticType> run(const Expr& expr) {
    switch (expr.kind) {
      case Expr::Kind::kNull: return of(Kind::kNull);
      case Expr::Kind::kBool: return of(Kind::kBool);
      case Expr::Kind::kInt: return of(Kind::kInt);
      case Expr::Kind::kDecimal:
        if (!parse_decimal(expr.text)) return wrong(fmt::format("{} is no number", expr.text));
        return of(Kind::kDecimal);
      case Expr::Kind::kString: {
        StaticType type = of(Kind::kString);
        type.literal = true;
        type.text = expr.text;
        return type;
      }
      case Expr::Kind::kCall: break;
    }
    const std::string& op = expr.text;
    if (op == "self" || op == "old" || op == "row" || op == "arg") return path(expr);
    if (op == "actor" || op == "role") {
      if (!scope_.actor) return wrong(fmt::format("\"{}\" has no meaning here", op));
      return op == "actor" ? reference_to("") : of(Kind::kRole);
    }
    if (op == "now") return of(Kind::kDatetime);
    if (op == "today") return of(Kind::kDate);
    if (op == "count" || op == "exists" || op == "sum" || op == "avg") return aggregate(expr);
    return operation(expr);
  }

 private:
  Result<StaticType> path(const Expr& expr) {
    const std::string& op = expr.text;
    const std::string& path = expr.args[0].text;
    const Entity* entity = op == "row" ? scope_.row : scope_.self;
    std::string_view rest = path;
    if (op == "arg") {
      if (scope_.operation == nullptr) return wrong("\"arg\" has no meaning here");
      const auto dot = rest.find('.');
      const Input* input = find_input(rest.substr(0, dot));
      if (input == nullptr)
        return wrong(fmt::format("\"{}\" is no input of {}", path, scope_.operation->id));
      if (input->ref.empty()) {
        if (dot != std::string_view::npos)
          return wrong(fmt::format("input \"{}\" is no reference", input->id));
        const Entity* on = find_entity(*scope_.spec, scope_.operation->on);
        const Attribute* attribute = on == nullptr ? nullptr : find_attribute(*on, input->id);
        if (attribute != nullptr) return type_of(*attribute);
        Attribute plain;
        plain.type = input->type;
        StaticType type = type_of(plain);
        type.attribute = nullptr;
        return type;
      }
      if (dot == std::string_view::npos) return reference_to(input->ref);
      entity = find_entity(*scope_.spec, input->ref);
      rest.remove_prefix(dot + 1);
    }
    if (entity == nullptr || (op == "old" && !scope_.old)) {
      return wrong(fmt::format("\"{}\" has no meaning here", op));
    }
    return walk(*entity, rest, op == "self" && !scope_.derived_self);
  }

  const Input* find_input(std::string_view id) const {
    const auto& inputs = scope_.operation->inputs;
    const auto it = std::find_if(inputs.begin(), inputs.end(),
                                 [&](const Input& input) { return input.id == id; });
    return it == inputs.end() ? nullptr : &*it;
  }

  Result<StaticType> walk(const Entity& start, std::string_view path, bool no_derived) {
    const Entity* entity = &start;
    while (true) {
      const auto dot = path.find('.');
      const std::string_view head = path.substr(0, dot);
      const Relation* relation = find_relation(*scope_.spec, entity->id, head);
      if (dot == std::string_view::npos) {
        if (head == "id") return reference_to(entity->id);
        if (relation != nullptr) return reference_to(relation->to);
        const Attribute* attribute = find_attribute(*entity, head);
        if (attribute == nullptr) {
          return wrong(fmt::format("{} has no attribute or reference \"{}\"", entity->id, head));
        }
        if (no_derived && attribute->derived) {
          return wrong(fmt::format("\"{}\" is derived itself", head));
        }
        return type_of(*attribute);
      }
      if (relation == nullptr) {
        return wrong(fmt::format("{} has no reference \"{}\"", entity->id, head));
      }
      entity = find_entity(*scope_.spec, relation->to);
      if (entity == nullptr) return wrong(fmt::format("unknown entity \"{}\"", relation->to));
      no_derived = false;
      path.remove_prefix(dot + 1);
    }
  }

  Result<StaticType> aggregate(const Expr& expr) {
    const std::string& op = expr.text;
    const bool has_value = op == "sum" || op == "avg";
    if (expr.args.empty() || (has_value && expr.args.size() < 2)) {
      return wrong(fmt::format("\"{}\" needs an entity{}", op, has_value ? " and a value" : ""));
    }
    const Entity* entity = find_entity(*scope_.spec, expr.args[0].text);
    if (entity == nullptr) return wrong(fmt::format("unknown entity \"{}\"", expr.args[0].text));
    TypeScope inner = scope_;
    inner.row = entity;
    Checker checker(inner);
    if (expr.args.size() > (has_value ? 2U : 1U)) {
      const auto filter = checker.run(expr.args.back());
      if (!filter) return filter;
      if (filter->kind != Kind::kBool)
        return wrong(fmt::format("the filter of \"{}\" is no condition", op));
    }
    if (!has_value) return of(op == "count" ? Kind::kInt : Kind::kBool);
    auto value = checker.run(expr.args[1]);
    if (!value) return value;
    if (!is_number(*value) && value->kind != Kind::kDuration) {
      return wrong(fmt::format("\"{}\" of {}", op, describe(*value)));
    }
    if (op == "avg") return of(Kind::kDecimal);
    return of(value->kind);
  }

  Result<StaticType> operation(const Expr& expr) {
    std::vector<StaticType> types;
    for (const Expr& arg : expr.args) {
      auto type = run(arg);
      if (!type) return type;
      types.push_back(std::move(*type));
    }
    const std::string& op = expr.text;
    if (op == "and" || op == "or" || op == "not") return logical(op, types);
    if (op == "if") return choice(types);
    if (op == "is_null") return of(Kind::kBool);
    if (op == "=" || op == "!=" || op == "<" || op == "<=" || op == ">" || op == ">=" ||
        op == "in" || op == "overlaps") {
      return comparison(op, types);
    }
    if (op == "+" || op == "-" || op == "*" || op == "/") return arithmetic(op, types);
    if (op == "min" || op == "max") return extreme(op, types);
    return temporal(op, types);
  }

  static Result<StaticType> logical(const std::string& op, const std::vector<StaticType>& types) {
    for (const StaticType& type : types) {
      if (type.kind != Kind::kBool) {
        return wrong(fmt::format("\"{}\" takes conditions, not {}", op, describe(type)));
      }
    }
    return of(Kind::kBool);
  }

  static Result<StaticType> choice(const std::vector<StaticType>& types) {
    if (types[0].kind != Kind::kBool) return wrong("\"if\" needs a condition first");
    if (is_null(types[1])) return types[2];
    if (is_null(types[2])) return types[1];
    if (!comparable(types[1], types[2])) {
      return wrong(fmt::format("\"if\" gives {} or {}", describe(types[1]), describe(types[2])));
    }
    if (is_number(types[1]) && types[2].kind == Kind::kDecimal) return types[2];
    return types[1].literal ? types[2] : types[1];
  }

  static Result<StaticType> comparison(const std::string& op,
                                       const std::vector<StaticType>& types) {
    const bool ordering = op != "=" && op != "!=" && op != "in";
    for (std::size_t i = 0; i < types.size(); ++i) {
      for (std::size_t k = i + 1; k < types.size(); ++k) {
        if (op == "in" && i > 0) break;
        if (!comparable(types[i], types[k])) {
          return wrong(
              fmt::format("\"{}\" of {} and {}", op, describe(types[i]), describe(types[k])));
        }
      }
      const Kind kind = types[i].kind;
      if (ordering && (kind == Kind::kBool || kind == Kind::kRef || kind == Kind::kRole ||
                       (kind == Kind::kString && types[i].attribute != nullptr &&
                        types[i].attribute->type == Type::kEnum))) {
        return wrong(fmt::format("{} has no order", describe(types[i])));
      }
    }
    return of(Kind::kBool);
  }

  static Result<StaticType> arithmetic(const std::string& op,
                                       const std::vector<StaticType>& types) {
    bool whole = op != "/";
    for (const StaticType& type : types) {
      if (!is_number(type) && !is_null(type)) {
        return wrong(fmt::format("\"{}\" of {}", op, describe(type)));
      }
      whole = whole && type.kind == Kind::kInt;
    }
    return of(whole ? Kind::kInt : Kind::kDecimal);
  }

  static Result<StaticType> extreme(const std::string& op, const std::vector<StaticType>& types) {
    StaticType result = of(Kind::kNull);
    for (const StaticType& type : types) {
      const bool orderable = is_number(type) || is_moment(type) || type.kind == Kind::kTime ||
                             type.kind == Kind::kDuration || is_null(type) || type.literal;
      if (!orderable || !comparable(result, type)) {
        return wrong(fmt::format("\"{}\" of {} and {}", op, describe(result), describe(type)));
      }
      if (is_null(result) || type.kind == Kind::kDecimal || result.literal) result = type;
    }
    result.attribute = nullptr;
    return result;
  }

  static Result<StaticType> temporal(const std::string& op, const std::vector<StaticType>& types) {
    const auto moment = [](const StaticType& type) {
      return is_moment(type) || is_null(type) || reads_as(type, Kind::kDate) ||
             reads_as(type, Kind::kDatetime);
    };
    if (op == "days" || op == "hours" || op == "minutes" || op == "months") {
      if (types[0].kind != Kind::kInt) return wrong(fmt::format("\"{}\" takes a whole number", op));
      return of(Kind::kDuration);
    }
    if (op == "add" || op == "sub") {
      if (!moment(types[0]) || types[1].kind != Kind::kDuration) {
        return wrong(fmt::format("\"{}\" takes a date or datetime and a duration", op));
      }
      if (types[0].literal)
        return of(reads_as(types[0], Kind::kDate) ? Kind::kDate : Kind::kDatetime);
      return of(types[0].kind);
    }
    if (op == "date_of") {
      if (!moment(types[0])) return wrong("\"date_of\" takes a datetime");
      return of(Kind::kDate);
    }
    if (op == "days_between" || op == "hours_between") {
      if (!moment(types[0]) || !moment(types[1])) {
        return wrong(fmt::format("\"{}\" takes two dates or datetimes", op));
      }
      return of(Kind::kInt);
    }
    return wrong(fmt::format("unknown operator \"{}\"", op));
  }

  const TypeScope& scope_;
};

// "date plus hours is an error": a literal duration added to a date must be whole days or months.
Result<void> check_date_shifts(const Expr& expr, const TypeScope& scope) {
  if (expr.kind != Expr::Kind::kCall) return {};
  for (const Expr& arg : expr.args) {
    TypeScope inner = scope;
    const bool aggregate = expr.text == "count" || expr.text == "exists" || expr.text == "sum" ||
                           expr.text == "avg";
    if (aggregate) inner.row = find_entity(*scope.spec, expr.args[0].text);
    if (auto checked = check_date_shifts(arg, inner); !checked) return checked;
  }
  if (expr.text != "add" && expr.text != "sub") return {};
  const auto when = Checker(scope).run(expr.args[0]);
  const Expr& duration = expr.args[1];
  if (when && when->kind == Kind::kDate && !duration.is_call("days") &&
      !duration.is_call("months")) {
    return wrong("a date is moved by days or months only (use a datetime for hours)");
  }
  return {};
}

}  // namespace

Result<StaticType> type_of(const Expr& expr, const TypeScope& scope) {
  auto type = Checker(scope).run(expr);
  if (!type) return type;
  if (auto shifts = check_date_shifts(expr, scope); !shifts) return propagate(shifts);
  return type;
}

StaticType type_of(const Attribute& attribute) {
  StaticType type;
  type.attribute = &attribute;
  switch (attribute.type) {
    case Type::kInt: type.kind = Kind::kInt; break;
    case Type::kDecimal:
    case Type::kMoney: type.kind = Kind::kDecimal; break;
    case Type::kBool: type.kind = Kind::kBool; break;
    case Type::kDate: type.kind = Kind::kDate; break;
    case Type::kTime: type.kind = Kind::kTime; break;
    case Type::kDatetime: type.kind = Kind::kDatetime; break;
    case Type::kDuration: type.kind = Kind::kDuration; break;
    default: type.kind = Kind::kString;
  }
  return type;
}

bool comparable(const StaticType& a, const StaticType& b) {
  if (is_null(a) || is_null(b)) return true;
  if (is_number(a) && is_number(b)) return true;
  if (reads_as(a, b.kind) || reads_as(b, a.kind)) return true;
  if (a.kind == Kind::kRole || b.kind == Kind::kRole) {
    return a.literal || b.literal || a.kind == b.kind;
  }
  if (a.kind == Kind::kRef || b.kind == Kind::kRef) {
    if (a.kind == Kind::kInt || b.kind == Kind::kInt) return true;
    return a.kind == b.kind && (a.entity == b.entity || a.entity.empty() || b.entity.empty());
  }
  if (a.kind != b.kind) return false;
  const auto not_a_member = [](const StaticType& type, const StaticType& literal) {
    if (!literal.literal || type.attribute == nullptr || type.attribute->type != Type::kEnum) {
      return false;
    }
    const auto& values = type.attribute->values;
    return std::find(values.begin(), values.end(), literal.text) == values.end();
  };
  return !not_a_member(a, b) && !not_a_member(b, a);
}

bool assignable(const StaticType& from, const StaticType& to) {
  if (is_null(from)) return true;
  if (to.kind == Kind::kDuration) return from.kind == Kind::kDuration || from.kind == Kind::kInt;
  if (from.kind == Kind::kRole) return to.kind == Kind::kString;
  if (to.kind == Kind::kRef && from.kind == Kind::kInt) return false;
  return comparable(from, to);
}

std::string describe(const StaticType& type) {
  static constexpr std::array<const char*, 11> kNames{
      "nothing", "a boolean", "an integer", "a decimal", "a text", "a date", "a time",
      "a datetime", "a duration", "a reference", "the actor's role"};
  std::string out = kNames[static_cast<std::size_t>(type.kind)];
  if (type.kind == Kind::kRef && !type.entity.empty()) out += " to " + type.entity;
  if (type.attribute != nullptr) out += " (" + type.attribute->id + ")";
  if (type.literal) out = "\"" + type.text + "\"";
  return out;
}

}  // namespace cadre::spec
