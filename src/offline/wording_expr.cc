// The wording of expressions: values, conditions and the filters of aggregates.
#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "offline/wording.h"

namespace cadre::offline::wording {
namespace {

using spec::Expr;

struct Comparison {
  std::string_view op, plain, negated;
};
constexpr std::array<Comparison, 6> kNumbers{{{"=", "is", "is not"},
                                              {"!=", "is not", "is"},
                                              {"<", "is below", "is at least"},
                                              {"<=", "is at most", "is above"},
                                              {">", "is above", "is at most"},
                                              {">=", "is at least", "is below"}}};
constexpr std::array<Comparison, 6> kTimes{{{"=", "is", "is not"},
                                            {"!=", "is not", "is"},
                                            {"<", "is before", "is not before"},
                                            {"<=", "is not after", "is after"},
                                            {">", "is after", "is not after"},
                                            {">=", "is not before", "is before"}}};

bool mentions_time(const Expr& expr) {
  static constexpr std::array<std::string_view, 5> kOps{"today", "now", "add", "sub", "date_of"};
  if (expr.kind != Expr::Kind::kCall) return false;
  if (std::find(kOps.begin(), kOps.end(), expr.text) != kOps.end()) return true;
  return std::any_of(expr.args.begin(), expr.args.end(), mentions_time);
}

std::string first_string(const Expr& expr) {
  const bool has = !expr.args.empty() && expr.args[0].kind == Expr::Kind::kString;
  return has ? expr.args[0].text : std::string();
}

std::string list(const std::vector<std::string>& parts, std::string_view last) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += i + 1 == parts.size() ? " " + std::string(last) + " " : ", ";
    out += parts[i];
  }
  return out;
}

// "book.copies" of "the loan" -> "the book's copies"; "due_on" -> "the loan's due on".
std::string path_of(const std::string& owner, const std::string& path) {
  std::vector<std::string> steps = text::split(path, '.');
  if (!steps.empty() && steps.back() == "id") steps.pop_back();
  if (steps.empty()) return owner;
  if (steps.size() == 1) return owner + "'s " + words(steps[0]);
  const std::string before = words(steps[steps.size() - 2]);
  return "the " + before + "'s " + words(steps.back());
}

bool is_path(const Expr& expr, std::string_view op) { return expr.is_call(op); }

bool is_arithmetic(const Expr& expr) {
  return expr.kind == Expr::Kind::kCall && expr.text.size() == 1 &&
         std::string_view("+-*/").find(expr.text[0]) != std::string_view::npos;
}

std::string aggregate(const Voice& voice, const Expr& expr, bool with_value) {
  const std::string entity = first_string(expr);
  const std::size_t filter_at = with_value ? 2 : 1;
  const Expr* filter = expr.args.size() > filter_at ? &expr.args[filter_at] : nullptr;
  Voice inner = voice;
  inner.row = entity_name(*voice.spec, entity);
  const RowFilter rows = row_filter(inner, entity, filter);
  std::string out = rows.adjective.empty() ? "" : rows.adjective + " ";
  out += entity_plural(*voice.spec, entity);
  if (!rows.owner.empty()) out += " of the " + words(rows.owner);
  if (!rows.rest.empty()) out += " " + rows.rest;
  if (!with_value) return out;
  return measured(inner, expr.args.size() > 1 ? expr.args[1] : Expr::null()) + " of the " + out;
}

std::string duration(const Voice& voice, const Expr& expr) {
  const Expr amount = expr.args.empty() ? Expr::of(0) : expr.args[0];
  const std::string unit = text::singular(expr.text);
  if (amount.kind == Expr::Kind::kInt) return count(amount.integer, unit);
  return value(voice, amount) + " " + expr.text;
}

std::string arithmetic(const Voice& voice, const Expr& expr) {
  static constexpr std::array<std::pair<char, std::string_view>, 4> kWords{
      {{'+', "plus"}, {'-', "minus"}, {'*', "times"}, {'/', "divided by"}}};
  std::string_view word;
  for (const auto& [op, name] : kWords) {
    if (expr.text[0] == op) word = name;
  }
  std::string out;
  for (std::size_t i = 0; i < expr.args.size(); ++i) {
    if (i > 0) out += " " + std::string(word) + " ";
    const std::string part = value(voice, expr.args[i]);
    out += is_arithmetic(expr.args[i]) ? "(" + part + ")" : part;
  }
  return out;
}

std::string call(const Voice& voice, const Expr& expr) {
  const auto arg = [&](std::size_t i) {
    return i < expr.args.size() ? value(voice, expr.args[i]) : std::string("nothing");
  };
  const std::string& op = expr.text;
  if (op == "self") return path_of("the " + voice.self, first_string(expr));
  if (op == "old") return "the previous " + words(first_string(expr));
  if (op == "arg" || op == "path") {
    const std::string path = first_string(expr);
    return path.find('.') == std::string::npos ? "the given " + words(path) : path_of("", path);
  }
  if (op == "row") {
    const std::string path = first_string(expr);
    return path.find('.') == std::string::npos ? "its " + words(path) : path_of("", path);
  }
  if (op == "actor") return "the acting person";
  if (op == "role") return "the acting role";
  if (op == "now" || op == "today") return op;
  if (op == "count") return "the number of " + aggregate(voice, expr, false);
  if (op == "sum") return "the total " + aggregate(voice, expr, true);
  if (op == "avg") return "the average " + aggregate(voice, expr, true);
  if (is_arithmetic(expr)) return arithmetic(voice, expr);
  if (op == "min" || op == "max") {
    std::vector<std::string> parts;
    for (const Expr& part : expr.args) parts.push_back(value(voice, part));
    return (op == "min" ? "the smallest of " : "the largest of ") + list(parts, "and");
  }
  if (op == "if") {
    const Expr& test = expr.args.empty() ? expr : expr.args[0];
    return arg(1) + " if " + condition(voice, test) + ", otherwise " + arg(2);
  }
  if (op == "days" || op == "hours" || op == "minutes" || op == "months") {
    return duration(voice, expr);
  }
  if (op == "add") return arg(1) + " after " + arg(0);
  if (op == "sub") return arg(1) + " before " + arg(0);
  if (op == "days_between") return "the days from " + arg(0) + " to " + arg(1);
  if (op == "hours_between") return "the hours from " + arg(0) + " to " + arg(1);
  if (op == "date_of") return "the date of " + arg(0);
  return "whether " + condition(voice, expr);
}

std::string compare(const Voice& voice, const Expr& expr, bool negated) {
  const Expr& left = expr.args[0];
  const Expr& right = expr.args[1];
  const bool times = mentions_time(left) || mentions_time(right);
  for (const Comparison& entry : times ? kTimes : kNumbers) {
    if (entry.op != expr.text) continue;
    std::string side = value(voice, right);
    if (right.is_null()) side = "empty";
    return value(voice, left) + " " + std::string(negated ? entry.negated : entry.plain) + " " +
           side;
  }
  return {};
}

// The operation that ends an event sets this attribute: a row without it is "open".
bool set_by_close(const spec::Spec& spec, std::string_view entity, const std::string& attribute) {
  for (const spec::Operation& operation : spec.operations) {
    if (operation.on != entity || operation.kind != spec::OperationKind::kEventClose) continue;
    for (const spec::Effect& effect : operation.effects) {
      if (effect.kind != spec::EffectKind::kSet) continue;
      if (effect.target == "self." + attribute) return true;
      if (effect.target == std::string(entity) + "." + attribute) return true;
    }
  }
  return false;
}

bool is_state(const spec::Spec& spec, std::string_view entity, const Expr& left) {
  const spec::Entity* found = spec::find_entity(spec, entity);
  return found != nullptr && found->lifecycle && is_path(left, "row") &&
         found->lifecycle->attribute == first_string(left);
}

// A part that says whose rows are meant: row.member = the given member. Sets the owner.
bool take_owner(const Expr& part, RowFilter& out) {
  if (!part.is_call("=") || part.args.size() != 2) return false;
  const Expr* row = &part.args[0];
  const Expr* other = &part.args[1];
  if (!is_path(*row, "row")) std::swap(row, other);
  if (!is_path(*row, "row") || !out.owner.empty()) return false;
  const std::string role = first_string(*row);
  const bool same =
      (is_path(*other, "self") || is_path(*other, "arg") || is_path(*other, "path")) &&
      (first_string(*other) == role || first_string(*other) == "id" ||
       first_string(*other).ends_with("." + role));
  if (!same && !other->is_call("actor")) return false;
  out.owner = role;
  return true;
}

bool take_adjective(const Voice& voice, std::string_view entity, const Expr& part, RowFilter& out) {
  std::string word;
  if (part.is_call("is_null") && part.args.size() == 1 && is_path(part.args[0], "row") &&
      set_by_close(*voice.spec, entity, first_string(part.args[0]))) {
    word = "open";
  } else if (part.is_call("=") && part.args.size() == 2 &&
             is_state(*voice.spec, entity, part.args[0]) &&
             part.args[1].kind == Expr::Kind::kString) {
    word = words(part.args[1].text);
  } else if (part.is_call("in") && !part.args.empty() &&
             is_state(*voice.spec, entity, part.args[0])) {
    std::vector<std::string> states;
    for (std::size_t i = 1; i < part.args.size(); ++i) states.push_back(words(part.args[i].text));
    word = list(states, "or");
  } else if (part.is_call("!=") && part.args.size() == 2 && is_path(part.args[0], "row") &&
             first_string(part.args[0]) == "id") {
    word = "other";
  }
  if (word.empty()) return false;
  out.adjective += (out.adjective.empty() ? "" : " ") + word;
  return true;
}

}  // namespace

RowFilter row_filter(const Voice& voice, std::string_view entity, const Expr* filter) {
  RowFilter out;
  if (filter == nullptr) return out;
  std::vector<const Expr*> parts;
  if (filter->is_call("and")) {
    for (const Expr& part : filter->args) parts.push_back(&part);
  } else {
    parts.push_back(filter);
  }
  std::vector<std::string> rest;
  for (const Expr* part : parts) {
    if (take_owner(*part, out) || take_adjective(voice, entity, *part, out)) continue;
    const std::string clause = condition(voice, *part);
    rest.push_back(clause.starts_with("its ") ? "whose " + clause.substr(4) : "where " + clause);
  }
  out.rest = list(rest, "and");
  return out;
}

std::string measured(const Voice& voice, const Expr& expr) {
  if (expr.is_call("row")) return words(text::replace_all(first_string(expr), ".", " "));
  return value(voice, expr);
}

std::string value(const Voice& voice, const Expr& expr) {
  switch (expr.kind) {
    case Expr::Kind::kNull: return "nothing";
    case Expr::Kind::kBool: return expr.boolean ? "true" : "false";
    case Expr::Kind::kInt: return std::to_string(expr.integer);
    case Expr::Kind::kDecimal: return expr.text;
    case Expr::Kind::kString: return "\"" + expr.text + "\"";
    case Expr::Kind::kCall: return call(voice, expr);
  }
  return {};
}

std::string condition(const Voice& voice, const Expr& expr, bool negated) {
  if (expr.kind != Expr::Kind::kCall)
    return value(voice, expr) + (negated ? " is false" : " is true");
  const std::string& op = expr.text;
  if (op == "not" && expr.args.size() == 1) return condition(voice, expr.args[0], !negated);
  if (op == "and" || op == "or") {
    std::vector<std::string> parts;
    for (const Expr& part : expr.args) parts.push_back(condition(voice, part, negated));
    return list(parts, (op == "and") != negated ? "and" : "or");
  }
  if (expr.args.size() == 2) {
    std::string text = compare(voice, expr, negated);
    if (!text.empty()) return text;
  }
  if (op == "is_null" && expr.args.size() == 1) {
    return value(voice, expr.args[0]) + (negated ? " is set" : " is empty");
  }
  if (op == "in" && !expr.args.empty()) {
    std::vector<std::string> choices;
    for (std::size_t i = 1; i < expr.args.size(); ++i)
      choices.push_back(value(voice, expr.args[i]));
    return value(voice, expr.args[0]) + (negated ? " is not " : " is ") + list(choices, "or");
  }
  if (op == "exists") {
    return std::string(negated ? "there are no " : "there are ") + aggregate(voice, expr, false);
  }
  if (op == "overlaps" && expr.args.size() == 4) {
    return "the time from " + value(voice, expr.args[0]) + " to " + value(voice, expr.args[1]) +
           (negated ? " does not overlap" : " overlaps") + " the time from " +
           value(voice, expr.args[2]) + " to " + value(voice, expr.args[3]);
  }
  if (op == "if") return "(" + value(voice, expr) + ")" + (negated ? " is false" : " is true");
  return call(voice, expr) + (negated ? " is false" : " is true");
}

}  // namespace cadre::offline::wording
