// Totals "from the lines", and discounts in percent: "10% off if the total is over 50".
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "offline/analysis/measures.h"
#include "offline/analysis/passes.h"
#include "offline/analysis/words.h"

namespace cadre::offline::analysis {
namespace {

using spec::Type;

std::string words_of(std::string_view id) { return text::replace_all(std::string(id), "_", " "); }

class PriceReader {
 public:
  explicit PriceReader(Draft& draft) : draft_(draft) {}

  void run() {
    each([&](const Scan& s, Range part) { total(s, part); });
    each([&](const Scan& s, Range part) { discount(s, part); });
  }

 private:
  template <class F>
  void each(F use) {
    for (int i = 0; i < static_cast<int>(draft_.brief.sentences.size()); ++i) {
      if (outside_sentence(draft_, i)) continue;
      const Scan s(draft_.sentence(i));
      for (const auto& part : segments(draft_, i)) use(s, part);
    }
  }

  // --- "the total is calculated from the lines"

  void total(const Scan& s, Range part) {
    const int worked = s.find_any(part.first, part.last,
                                  {"calculated", "computed", "worked", "derived", "summed", "added",
                                   "calculate", "compute"});
    const int from = worked < 0 ? -1 : s.find_any(worked, part.last, {"from", "over"});
    const int word = s.find_any(part.first, part.last, {"total", "sum"});
    if (from < 0 || word < 0 || word > worked) return;
    const auto name = name_after(s, from + 1, part.last);
    const auto child = name.plural ? resolve(draft_, bare_name(s, name)) : std::string{};
    if (child.empty()) return;
    for (const auto* r : relations_of(draft_.spec, child)) {
      if (!r->owned && relations_of(draft_.spec, child).size() != 1) continue;
      return add_total({part.sentence, part.first, name.last}, child, r->role, r->to);
    }
  }

  void add_total(Range range, const std::string& child, const std::string& role,
                 const std::string& parent) {
    std::string price, quantity;
    for (const auto& a : draft_.entity(child).attributes) {
      if (a.derived) continue;
      if (a.type == Type::kMoney) {
        if (!price.empty()) return;  // which of them?
        price = a.id;
      } else if (a.type == Type::kInt && guess_type(words_of(a.id), false).count) {
        if (!quantity.empty()) return;
        quantity = a.id;
      }
    }
    const auto* known = draft_.attribute(parent, "total");
    if (price.empty() || (known != nullptr && known->derived)) return;
    const Expr value = quantity.empty() ? row(price) : op("*", row(quantity), row(price));
    auto& a = draft_.add_attribute(parent, "total", draft_.stated(range, "attr.total"));
    a.type = Type::kMoney;
    a.derived =
        Expr::call("sum", {Expr::string(child), value, eq(row(role), self("id"))});
    a.stored = false;
    a.required = false;
    a.default_value.reset();
    a.min.reset();
    const auto lines = draft_.entity(child).plural;
    const std::string what = quantity.empty() ? words_of(price)
                                              : words_of(quantity) + " times " + words_of(price);
    auto& rule = draft_.add_rule(
        "derived", range, "derived.total",
        fmt::format("The total of {} is the sum of {} of its {}.",
                    a_noun(draft_.entity(parent).name), what, lines),
        {{"attr", parent + ".total"}, {"expr", "sum of " + what + " of its " + lines}});
    rule.expr = draft_.attribute(parent, "total")->derived;
    if (!quantity.empty()) {
      draft_.assume("The " + words_of(price) + " of " + a_noun(draft_.entity(child).name) +
                        " is for one; the total multiplies it by the " + words_of(quantity) + ".",
                    {parent + ".total"}, "say that it is the price of the whole line",
                    "ambiguous");
    }
  }

  // --- "10% off if the total is over 50"

  struct Condition {
    std::string entity, attribute, op;
    int number = -1;
    int first = 0, last = 0;
  };

  static int percent_at(const Scan& s, Range part) {
    for (int i = part.first; i <= part.last; ++i) {
      if (s.at(i).number && (s.at(i).unit == "percent" || s.any(i + 1, {"%", "percent"}))) {
        return i;
      }
    }
    return -1;
  }

  static std::string bound_of(const Scan& s, int i, int* used) {
    struct Row {
      std::string_view words, op;
    };
    static constexpr Row kRows[] = {
        {"at least", ">="},  {"or more", ">="},     {"over", ">"},     {"above", ">"},
        {"more than", ">"},  {"greater than", ">"}, {"exceed", ">"},   {"higher than", ">"},
        {"of at least", ">="}, {"from", ">="}};
    for (const auto& entry : kRows) {
      *used = s.phrase(i, entry.words);
      if (*used > 0) return std::string(entry.op);
    }
    return {};
  }

  void discount(const Scan& s, Range part) {
    const int percent = percent_at(s, part);
    const int off = s.find_any(part.first, part.last, {"off", "discount", "rebate", "reduction"});
    if (percent < 0 || off < 0) return;
    const double share = *s.at(percent).number;
    if (share <= 0 || share >= 100) return;
    const auto condition = read_condition(s, part, percent);
    if (!condition) return;
    const auto priced = price_of(condition->entity, condition->attribute);
    if (priced.empty()) return;
    add_discount(s, part, *condition, priced, percent, off);
  }

  std::optional<Condition> read_condition(const Scan& s, Range part, int percent) {
    for (int i = part.first; i <= part.last; ++i) {
      int used = 0;
      Condition c;
      c.op = bound_of(s, i, &used);
      if (c.op.empty()) continue;
      for (int n = i + used; n <= std::min(part.last, i + used + 2) && c.number < 0; ++n) {
        if (s.at(n).number && n != percent) c.number = n;
      }
      if (c.number < 0) continue;
      c.first = i;
      c.last = s.noun(c.number + 1) && !s.at(c.number).unit.empty() ? c.number + 1 : c.number;
      if (!subject_of(s, part, i, &c)) continue;
      return c;
    }
    return std::nullopt;
  }

  // "if the total is over": the field; "orders over 100": their total.
  bool subject_of(const Scan& s, Range part, int before, Condition* c) {
    int i = before - 1;
    while (i > part.first && (s.be(i) || s.any(i, {"of", "worth"}))) --i;
    const auto name = name_before(s, i, part.first);
    if (name.empty()) return false;
    c->first = std::min(c->first, name.first);
    const auto bare = bare_name(s, name);
    if (const auto id = resolve(draft_, bare); !id.empty()) {
      c->entity = id;
      c->attribute = money_of(id);
      if (!c->attribute.empty()) return true;
    }
    std::vector<std::pair<std::string, std::string>> owners;
    for (const auto& e : draft_.spec.entities) {
      const auto id = draft_.attribute_named(e.id, name.text);
      const auto* a = id.empty() ? nullptr : draft_.attribute(e.id, id);
      if (a != nullptr && (a->type == Type::kMoney || a->type == Type::kInt ||
                           a->type == Type::kDecimal)) {
        owners.emplace_back(e.id, id);
      }
    }
    if (owners.size() != 1) return false;
    c->entity = owners.front().first;
    c->attribute = owners.front().second;
    return true;
  }

  // The amount that a record costs: the one that is computed, or the only one.
  std::string money_of(const std::string& entity) {
    std::vector<std::string> all, computed;
    for (const auto& a : draft_.entity(entity).attributes) {
      if (a.type != Type::kMoney) continue;
      all.push_back(a.id);
      if (a.derived) computed.push_back(a.id);
    }
    if (computed.size() == 1) return computed.front();
    return all.size() == 1 ? all.front() : std::string{};
  }

  std::string price_of(const std::string& entity, const std::string& attribute) {
    if (draft_.attribute(entity, attribute)->type == Type::kMoney) return attribute;
    return money_of(entity);
  }

  Expr value_of(const std::string& entity, const std::string& attribute) {
    const auto* a = draft_.attribute(entity, attribute);
    return a->derived ? *a->derived : self(attribute);
  }

  void add_discount(const Scan& s, Range part, const Condition& c, const std::string& priced,
                    int percent, int off) {
    const auto field = priced + "_after_discount";
    if (draft_.attribute(c.entity, field) != nullptr) return;  // a second step: which one holds?
    const auto* compared = draft_.attribute(c.entity, c.attribute);
    Expr bound = number(*s.at(c.number).number);
    if (compared->type == Type::kMoney) {
      bound = Expr::decimal(fmt::format("{:.2f}", *s.at(c.number).number));
    }
    const double share = *s.at(percent).number;
    const auto rest = fmt::format("{:.4f}", (100 - share) / 100);
    const auto full = value_of(c.entity, priced);
    const auto value = Expr::call("if", {op(c.op, value_of(c.entity, c.attribute), bound),
                                         op("*", full, Expr::decimal(rest)), full});
    const Range range{part.sentence, std::min({c.first, percent, off}),
                      std::max({c.last, percent + 1, off})};
    auto& a = draft_.add_attribute(c.entity, words_of(field),
                                   draft_.stated(range, "attr.discount"));
    a.type = Type::kMoney;
    a.derived = value;
    a.stored = false;
    a.required = false;
    a.default_value.reset();
    a.min.reset();
    const auto id = a.id;
    auto& rule = draft_.add_rule(
        "discount", range, "discount.percent",
        fmt::format("The {} of {} is {} % lower when its {} is {} {}.", words_of(priced),
                    a_noun(draft_.entity(c.entity).name), s.at(percent).lower,
                    words_of(c.attribute), c.op == ">" ? "above" : "at least",
                    s.at(c.number).lower),
        {{"attr", c.entity + "." + id}, {"percent", share},
         {"when", c.attribute + " " + c.op + " " + s.at(c.number).lower}});
    rule.expr = value;
    draft_.assume("The " + words_of(priced) + " stays as it is; what is to be paid is shown as " +
                      words_of(id) + ".",
                  {c.entity + "." + id}, "say that the " + words_of(priced) + " itself is lowered",
                  "ambiguous");
  }

  Draft& draft_;
};

}  // namespace

void read_price_rules(Draft& draft) { PriceReader(draft).run(); }

}  // namespace cadre::offline::analysis
