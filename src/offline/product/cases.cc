#include "offline/product/cases.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "offline/architect/ddl.h"
#include "offline/product/requirements.h"
#include "offline/wording.h"

namespace cadre::offline::product {
namespace {

using spec::Attribute;
using spec::Expr;
using spec::Guard;
using spec::Operation;
using spec::Spec;

constexpr std::int64_t kLargest = 9'000'000'000'000'000;

// Where a comparison with a whole number turns: the last number that passes, the first that fails.
struct Edge {
  std::int64_t passes = 0, fails = 0;
};

std::optional<Edge> edge_of(std::string_view op, std::int64_t bound) {
  if (bound > kLargest || bound < -kLargest) return std::nullopt;
  if (op == "<") return Edge{bound - 1, bound};
  if (op == "<=") return Edge{bound, bound + 1};
  if (op == ">") return Edge{bound + 1, bound};
  if (op == ">=") return Edge{bound, bound - 1};
  return std::nullopt;
}

std::string_view mirrored(std::string_view op) {
  if (op == "<") return ">";
  if (op == ">") return "<";
  if (op == "<=") return ">=";
  return op == ">=" ? "<=" : op;
}

std::string first_string(const Expr& expr) {
  const bool has = !expr.args.empty() && expr.args[0].kind == Expr::Kind::kString;
  return has ? expr.args[0].text : std::string();
}

class GuardCaseWriter {
 public:
  GuardCaseWriter(const Spec& spec, const Operation& operation)
      : spec_(spec),
        operation_(operation),
        voice_{.spec = &spec, .self = wording::entity_name(spec, operation.on), .row = "row"},
        when_(wording::with_article(usual_person(spec, operation)) + " " +
              wording::action_of(spec, operation)) {}

  GuardCases write(const Expr& require) const {
    if (require.kind == Expr::Kind::kCall && require.args.size() == 2) {
      if (auto cases = comparison(require.text, require.args[0], require.args[1])) return *cases;
      const auto turned = mirrored(require.text);
      if (auto cases = comparison(turned, require.args[1], require.args[0])) return *cases;
    }
    return {{"that " + wording::condition(voice_, require, true), when_}, std::nullopt};
  }

 private:
  std::optional<GuardCases> comparison(std::string_view op, const Expr& left,
                                       const Expr& right) const {
    if (left.is_call("count") && right.kind == Expr::Kind::kInt) {
      return counted(op, left, right.integer, "");
    }
    if (left.is_call("count") && right.kind == Expr::Kind::kCall &&
        (right.is_call("path") || right.is_call("arg") || right.is_call("self"))) {
      return counted(op, left, 2, wording::value(voice_, right) + " is 2");
    }
    if ((left.is_call("self") || left.is_call("arg")) && right.kind == Expr::Kind::kInt) {
      return number(op, left, right.integer);
    }
    return std::nullopt;
  }

  // `bound` rows are the limit; `also` fixes a limit that is itself a field.
  std::optional<GuardCases> counted(std::string_view op, const Expr& count, std::int64_t bound,
                                    const std::string& also) const {
    const auto edge = edge_of(op, bound);
    if (!edge || edge->fails < 0) return std::nullopt;
    const auto given = [&](std::int64_t rows) {
      return (also.empty() ? "" : "that " + also + ", and ") + rows_text(count, rows);
    };
    GuardCases out{{given(edge->fails), when_}, std::nullopt};
    if (edge->passes >= 0) out.accepted = Case{given(edge->passes), when_};
    return out;
  }

  std::string rows_text(const Expr& count, std::int64_t rows) const {
    const std::string entity = first_string(count);
    const Expr* filter = count.args.size() > 1 ? &count.args[1] : nullptr;
    wording::Voice inner = voice_;
    inner.row = wording::entity_name(spec_, entity);
    const wording::RowFilter found = wording::row_filter(inner, entity, filter);
    const std::string adjective = found.adjective.empty() ? "" : found.adjective + " ";
    std::string what = wording::count(rows, adjective + wording::entity_name(spec_, entity));
    if (rows == 0) what = "no " + adjective + wording::entity_plural(spec_, entity);
    if (!found.rest.empty()) what += " " + found.rest;
    if (found.owner.empty()) return what;
    return wording::with_article(wording::words(found.owner)) + " with " + what;
  }

  std::optional<GuardCases> number(std::string_view op, const Expr& path,
                                   std::int64_t bound) const {
    const auto edge = edge_of(op, bound);
    if (!edge) return std::nullopt;
    const std::string name = wording::value(voice_, path);
    const auto given = [&](std::int64_t value) {
      return "that " + name + " is " + std::to_string(value);
    };
    return GuardCases{{given(edge->fails), when_}, Case{given(edge->passes), when_}};
  }

  const Spec& spec_;
  const Operation& operation_;
  wording::Voice voice_;
  std::string when_;
};

// 250 at scale 2 -> "2.50".
std::string unscaled(std::int64_t value, int scale) {
  const bool negative = value < 0;
  std::string digits = std::to_string(negative ? -value : value);
  if (scale > 0) {
    const auto places = static_cast<std::size_t>(scale);
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    digits.insert(digits.size() - places, ".");
  }
  return (negative ? "-" : "") + digits;
}

void bound_cases(const Attribute& attribute, const Expr& bound, bool lower, bool exclusive,
                 const std::string& name, std::vector<ValueCase>& out) {
  if (bound.kind == Expr::Kind::kString) {
    out.push_back({"range", "with " + name + (lower ? " before " : " after ") + bound.text, false});
    return;
  }
  const auto stored = architect::sql_bound(attribute, bound);
  std::int64_t number = 0;
  if (!stored) return;
  const auto [end, error] =
      std::from_chars(stored->data(), stored->data() + stored->size(), number);
  if (error != std::errc() || number > kLargest || number < -kLargest) return;
  const int scale = architect::sql_scale(attribute);
  const std::int64_t outward = lower ? -1 : 1;
  const std::int64_t inside = exclusive ? number - outward : number;
  const std::int64_t outside = exclusive ? number : number + outward;
  out.push_back({"range", "with " + name + " " + unscaled(outside, scale), false});
  out.push_back({"range", "with " + name + " " + unscaled(inside, scale), true});
}

}  // namespace

GuardCases guard_cases(const Spec& spec, const Operation& operation, const Guard& guard) {
  return GuardCaseWriter(spec, operation).write(guard.require);
}

std::vector<ValueCase> value_cases(const Attribute& attribute, bool input_required) {
  std::vector<ValueCase> out;
  const std::string name = wording::words(attribute.id);
  if (input_required) out.push_back({"required", "without the " + name, false});
  if (attribute.min) {
    bound_cases(attribute, *attribute.min, true, attribute.exclusive_min, name, out);
  }
  if (attribute.max) bound_cases(attribute, *attribute.max, false, false, name, out);
  if (attribute.type == spec::Type::kEnum && !attribute.values.empty()) {
    out.push_back({"enum", "with " + name + " \"" + attribute.values.front() + "?\"", false});
  }
  if (attribute.length) {
    const auto [shortest, longest] = *attribute.length;
    if (shortest > 1) {
      out.push_back(
          {"length", "with " + name + " of " + wording::count(shortest - 1, "character"), false});
    }
    out.push_back(
        {"length", "with " + name + " of " + wording::count(longest + 1, "character"), false});
  }
  if (!attribute.pattern.empty()) {
    out.push_back({"pattern", "with " + name + " that does not match " + attribute.pattern, false});
  }
  return out;
}

}  // namespace cadre::offline::product
