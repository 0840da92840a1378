// Limits over several records: "no more bookings than seats", "the sum of the quotas can't exceed
// the capacity", "the total weight of the items of a box is at most 100".
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "offline/analysis/measures.h"
#include "offline/analysis/passes.h"
#include "offline/analysis/words.h"

namespace cadre::offline::analysis {
namespace {

using spec::OperationKind;
using spec::Type;

std::string words_of(std::string_view id) { return text::replace_all(std::string(id), "_", " "); }

bool numeric(const spec::Attribute& a) {
  return a.type == Type::kInt || a.type == Type::kDecimal || a.type == Type::kMoney;
}

class SumReader {
 public:
  explicit SumReader(Draft& draft) : draft_(draft) {}

  void run() {
    for (int i = 0; i < static_cast<int>(draft_.brief.sentences.size()); ++i) {
      if (outside_sentence(draft_, i)) continue;
      const Scan s(draft_.sentence(i));
      for (const auto& part : segments(draft_, i)) {
        if (!not_more_than(s, part)) sum_limit(s, part);
      }
    }
  }

 private:
  struct Field {
    std::string entity, attribute;
    int last = 0;
  };

  spec::Guard guard(const std::string& rule, const spec::Origin& origin, Expr require,
                    std::string error) {
    spec::Guard made;
    made.id = rule;
    made.require = std::move(require);
    made.error = std::move(error);
    made.status = 409;
    made.origin = origin;
    return made;
  }

  // --- "no more bookings than seats"

  // "No more bookings than seats", "a home never has more open placements than its capacity".
  bool not_more_than(const Scan& s, Range part) {
    int more = s.find(part.first, part.last, "more");
    if (more < 0) more = s.find(part.first, part.last, "no more");
    const int than = more < 0 ? -1 : s.find(more, part.last, "than");
    if (than < 0 || s.at(than + 1).number) return false;
    if (!negated_before(s, {part.sentence, part.first, more})) return false;
    std::string event;
    for (const auto& m : draft_.mentions(part.sentence)) {
      if (m.first > more && m.last < than && m.kind == Mention::Kind::kEntity) event = m.entity;
    }
    if (event.empty()) return false;
    const auto name = name_after(s, than + 1, part.last);
    if (name.empty()) return false;
    for (const auto* r : relations_of(draft_.spec, event)) {
      const auto attribute = draft_.attribute_named(r->to, name.text);
      if (attribute.empty()) continue;
      const auto* a = draft_.attribute(r->to, attribute);
      if (a->type != Type::kInt) continue;
      return limit_by_field(s, {part.sentence, part.first, name.last}, event, *r, attribute, more,
                            than);
    }
    return false;
  }

  bool limit_by_field(const Scan& s, Range range, const std::string& event,
                      const spec::Relation& relation, const std::string& attribute, int more,
                      int than) {
    const auto role = relation.role, object = relation.to;
    const bool open = s.find_any(more, than, {"open", "active", "current"}) >= 0;
    auto live = live_filter(draft_, event);
    if (open && !live && !open_filter(draft_, event)) return false;
    if (open) live = open_filter(draft_, event);
    auto filter = both(std::nullopt, eq(row(role), self(role)));
    if (live) filter = both(filter, *live);
    auto& rule = draft_.add_rule(
        "max_count", range, "max_count.field",
        fmt::format("{} has at most as many {}{} as its {} says.",
                    text::upper_first(a_noun(draft_.entity(object).name)), open ? "open " : "",
                    draft_.entity(event).plural, words_of(attribute)),
        {{"of", event}, {"per", object}, {"value", attribute}});
    rule.expr = op("<", count(event, filter), self(role + "." + attribute));
    const auto error = error_code("no " + attribute + " left");
    for (auto& o : draft_.spec.operations) {
      if (o.on != event) continue;
      const bool creates = o.kind == OperationKind::kCreate ||
                           o.kind == OperationKind::kEventCreate;
      const bool update = o.kind == OperationKind::kUpdate && is_standard(o);
      if (!creates && !update) continue;
      const auto where = update ? both(filter, op("!=", row("id"), self("id"))) : filter;
      // The convention for places may have put the same limit there.
      std::erase_if(o.guards, [&](const auto& g) { return g.require == *rule.expr; });
      o.guards.push_back(guard(rule.id, rule.origin,
                               op("<", count(event, where), self(role + "." + attribute)), error));
    }
    // What is said need not be assumed.
    const auto assumed = fmt::format("as many open {} as its {} says", draft_.entity(event).plural,
                                     words_of(attribute));
    std::erase_if(draft_.spec.assumptions, [&](const auto& a) {
      return a.affects == std::vector<std::string>{event} &&
             a.text.find(assumed) != std::string::npos;
    });
    return true;
  }

  // --- sums

  // The numeric attribute named from i on: "quotas", "weight of the items".
  std::optional<Field> field(const Scan& s, int i, int last) {
    while (s.at(i).tag == Tag::kDeterminer || s.any(i, {"of", "its", "their", "all"})) ++i;
    for (int j = std::min(last, i + 3); j >= i; --j) {
      std::vector<Field> found;
      for (const auto& e : draft_.spec.entities) {
        auto id = draft_.attribute_named(e.id, s.lemmas(i, j));
        if (id.empty()) id = draft_.attribute_named(e.id, s.lowers(i, j));
        const auto* a = id.empty() ? nullptr : draft_.attribute(e.id, id);
        if (a != nullptr && numeric(*a) && !a->derived) found.push_back({e.id, id, j});
      }
      if (found.empty()) continue;
      // "weight of the items": whose.
      if (s.is(j + 1, "of")) {
        const auto owner = name_after(s, j + 2, last);
        const auto id = owner.empty() ? std::string{} : resolve(draft_, owner.text);
        for (auto& f : found) {
          if (f.entity != id) continue;
          f.last = owner.last;
          return f;
        }
      }
      if (found.size() == 1) return found.front();
      return std::nullopt;
    }
    return std::nullopt;
  }

  bool sum_limit(const Scan& s, Range part) {
    const int sum = s.find_any(part.first, part.last, {"sum", "total"});
    if (sum < 0) return false;
    const auto summed = field(s, sum + 1, part.last);
    if (!summed) return false;
    const int relation = s.find_any(
        summed->last, part.last,
        {"exceed", "more than", "above", "at most", "no more than", "over", "higher than",
         "greater than", "larger than", "up to", "maximum", "not more than"});
    if (relation < 0) return false;
    const bool most = s.any(relation, {"at most", "no more than", "up to", "maximum",
                                       "not more than"});
    const bool negated = negated_before(s, {part.sentence, sum, relation});
    if (most == negated && !(most && s.any(relation, {"not more than", "no more than"})))
      return false;
    if (s.find_any(part.first, sum, {"if", "when", "unless"}) >= 0) return false;
    int right = relation;
    while (right <= part.last && !s.at(right).number && s.at(right).tag != Tag::kDeterminer &&
           !s.noun(right)) {
      ++right;
    }
    return s.at(right).number ? by_number(s, part, *summed, sum, right)
                              : by_attribute(s, part, *summed, sum, right);
  }

  // "... can't exceed the capacity": of the record that they belong to.
  bool by_attribute(const Scan& s, Range part, const Field& summed, int first, int right) {
    const auto name = name_after(s, right, part.last);
    if (name.empty()) return false;
    for (const auto* r : relations_of(draft_.spec, summed.entity)) {
      const auto limit = draft_.attribute_named(r->to, name.text);
      const auto* a = limit.empty() ? nullptr : draft_.attribute(r->to, limit);
      if (a == nullptr || !numeric(*a) || a->derived) continue;
      const Relation at{r->role, r->to};
      const Range range{part.sentence, first, name.last};
      const auto id = add_rule(range, summed, at, "its " + words_of(limit), limit);
      attach(id, summed, at, self(at.role + "." + limit));
      // Lowering the limit of the whole is checked as well.
      if (auto* update = draft_.operation_on(at.entity, "update")) {
        const auto total = sum_of(summed, eq(row(at.role), self("id")));
        update->guards.push_back(guard(id, find_rule(draft_.spec, id)->origin,
                                       op("<=", total, self(limit)),
                                       error_code("sum of " + summed.attribute + " too high")));
      }
      return true;
    }
    return false;
  }

  struct Relation {
    std::string role, entity;
  };

  // "the total weight of the items of a box is at most 100 kg"
  bool by_number(const Scan& s, Range part, const Field& summed, int first, int right) {
    std::optional<Relation> at;
    for (const auto* r : relations_of(draft_.spec, summed.entity)) {
      for (const auto& m : draft_.mentions(part.sentence)) {
        if (m.entity == r->to && m.kind == Mention::Kind::kEntity && m.first >= part.first &&
            m.last <= part.last) {
          at = Relation{r->role, r->to};
        }
      }
    }
    if (!at) return false;
    const auto* a = draft_.attribute(summed.entity, summed.attribute);
    Expr limit = number(*s.at(right).number);
    if (a->type == Type::kMoney) limit = Expr::decimal(fmt::format("{:.2f}", *s.at(right).number));
    int last = right;
    if (s.noun(right + 1) && (!s.at(right).unit.empty() || s.is(right + 1, a->unit))) ++last;
    for (const auto& m : draft_.mentions(part.sentence)) {
      if (m.entity == at->entity && m.last <= part.last) last = std::max(last, m.last);
    }
    const Range range{part.sentence, first, last};
    const auto id = add_rule(range, summed, *at, s.at(right).lower, "");
    attach(id, summed, *at, limit);
    return true;
  }

  std::string add_rule(Range range, const Field& summed, const Relation& at,
                       const std::string& limit, const std::string& attribute) {
    auto& rule = draft_.add_rule(
        "sum_limit", range, "sum_limit.parts",
        fmt::format("The {} of all {} of {} add up to at most {}.", words_of(summed.attribute),
                    draft_.entity(summed.entity).plural, a_noun(draft_.entity(at.entity).name),
                    limit),
        {{"of", summed.entity + "." + summed.attribute}, {"per", at.entity},
         {"value", attribute.empty() ? limit : attribute}});
    return rule.id;
  }

  static Expr sum_of(const Field& summed, const Expr& filter) {
    return Expr::call("sum", {Expr::string(summed.entity), row(summed.attribute), filter});
  }

  // What the others have, and this one's own: within the limit after every write.
  void attach(const std::string& id, const Field& summed, const Relation& at, const Expr& limit) {
    const auto own = Expr::call("if", {Expr::call("is_null", {self(summed.attribute)}),
                                       Expr::of(0), self(summed.attribute)});
    const bool required = draft_.attribute(summed.entity, summed.attribute)->required;
    auto* rule = &*std::find_if(draft_.spec.rules.begin(), draft_.spec.rules.end(),
                                [&](const auto& r) { return r.id == id; });
    for (auto& o : draft_.spec.operations) {
      if (o.on != summed.entity) continue;
      const bool creates = o.kind == OperationKind::kCreate ||
                           o.kind == OperationKind::kEventCreate;
      const bool update = o.kind == OperationKind::kUpdate && is_standard(o);
      if (!creates && !update) continue;
      auto filter = both(std::nullopt, eq(row(at.role), self(at.role)));
      if (update) filter = both(filter, op("!=", row("id"), self("id")));
      const auto require = op("<=", op("+", sum_of(summed, filter),
                                       required ? self(summed.attribute) : own), limit);
      if (creates) rule->expr = require;
      o.guards.push_back(guard(id, rule->origin, require,
                               error_code("sum of " + summed.attribute + " too high")));
    }
  }

  Draft& draft_;
};

}  // namespace

void read_sum_rules(Draft& draft) { SumReader(draft).run(); }

}  // namespace cadre::offline::analysis
