// Who may, by amount or by field: "claims over 500 need a director", "only X can change the rent".
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "offline/analysis/passes.h"
#include "offline/analysis/words.h"

namespace cadre::offline::analysis {
namespace {

using spec::OperationKind;
using spec::Type;

std::string words_of(std::string_view id) { return text::replace_all(std::string(id), "_", " "); }

class RoleRules {
 public:
  RoleRules(Draft& draft, const Reading& reading) : draft_(draft), reading_(reading) {}

  bool read(Range part) {
    const Scan s(draft_.sentence(part.sentence));
    return threshold(s, part) || field_permission(s, part);
  }

 private:
  std::vector<Mention> entities(Range part, int first, int last) const {
    std::vector<Mention> found;
    for (const auto& m : draft_.mentions(part.sentence)) {
      if (m.first < first || m.last > last) continue;
      if (m.kind == Mention::Kind::kEntity) found.push_back(m);
    }
    return found;
  }

  // "Claims over 500 euros need the approval of a director."
  bool threshold(const Scan& s, Range part) {
    const int over = s.find_any(part.first, part.last, {"over", "above", "more than",
                                                        "greater than", "of more than"});
    const int need = s.find_any(part.first, part.last, {"need", "require", "must be", "have to"});
    if (over < 0 || need < over) return false;
    int n = -1;
    for (int i = over; i < need; ++i) {
      if (s.at(i).number) n = i;
    }
    const auto found = entities(part, part.first, over);
    if (n < 0 || found.empty()) return false;
    const auto entity = found.front().entity;
    std::string attribute;
    for (const auto& a : draft_.entity(entity).attributes) {
      const bool named = s.find(part.first, n, words_of(a.id)) >= 0;
      if (named || (a.type == Type::kMoney && attribute.empty())) attribute = a.id;
    }
    if (attribute.empty()) return false;
    std::string operation, actor;
    int last = need;
    for (const auto& o : draft_.spec.operations) {
      if (o.on != entity || o.kind != OperationKind::kTransition) continue;
      for (int i = need; i <= part.last; ++i) {
        if (s.at(i).lemma == o.verb || verb_of_event_noun(s.at(i).lemma) == o.verb) {
          operation = o.id;
        }
      }
    }
    for (int i = need + 1; i <= part.last && actor.empty(); ++i) {
      const auto name = name_after(s, i, part.last);
      if (name.empty() || name.first != i || !is_people(bare_name(s, name))) continue;
      actor = bare_name(s, name);
      last = name.last;
    }
    if (operation.empty() || actor.empty()) return false;
    add_threshold(s, {part.sentence, part.first, last}, entity, attribute, operation, actor, n);
    return true;
  }

  void add_threshold(const Scan& s, Range range, const std::string& entity,
                     const std::string& attribute, const std::string& operation,
                     const std::string& actor, int n) {
    const auto id = draft_.add_actor(actor, draft_.stated(range, "actor.threshold"));
    Grant grant;
    grant.actor = id;
    grant.verb = draft_.operation(operation)->verb;
    grant.entity = entity;
    grant.origin = draft_.stated(range, "permission.threshold");
    draft_.grants.push_back(grant);
    const auto* a = draft_.attribute(entity, attribute);
    Expr limit = number(*s.at(n).number);
    if (a->type == Type::kMoney) limit = Expr::decimal(fmt::format("{:.2f}", *s.at(n).number));
    const auto require = Expr::call("or", {op("<=", self(attribute), limit),
                                           eq(Expr::call("role"), Expr::string(id))});
    auto& rule = draft_.add_rule(
        "permission", range, "permission.threshold",
        fmt::format("Only {} can {} {} with {} above {}.", a_noun(actor), verb_words(grant.verb),
                    a_noun(draft_.entity(entity).name), a_noun(words_of(attribute)),
                    draft_.words({range.sentence, n, n})),
        {{"actor", id}, {"op", grant.verb}, {"on", entity}, {"only", true},
         {"cond", attribute + " > " + s.at(n).lower}});
    rule.expr = require;
    draft_.operation(operation)->guards.push_back(guard(rule, require,
                                                        error_code("needs " + actor), 403));
  }

  // "Only the landlord can change the rent."
  bool field_permission(const Scan& s, Range part) {
    for (const auto& a : reading_.actions[static_cast<std::size_t>(part.sentence)]) {
      if (a.verb_first < part.first || a.verb_last > part.last || !a.only || a.negated) continue;
      if (verb_class(a.verb) != VerbClass::kUpdate && a.verb != "set") continue;
      if (a.subjects.empty() || a.objects.empty() || a.subjects.front().name.empty()) continue;
      const auto& object = a.objects.front();
      // "can set it to paid": one value, not the field.
      if (object.antecedent || !object.pronoun.empty() || s.is(object.last + 1, "to")) continue;
      if (object.name.empty() || !resolve(draft_, bare_name(s, object.name)).empty()) continue;
      std::string entity, attribute;
      for (const auto& e : draft_.spec.entities) {
        if (!object.of.empty() && draft_.entity_named(object.of) != e.id) continue;
        const auto known = draft_.attribute_named(e.id, object.name.text);
        if (known.empty()) continue;
        if (!entity.empty()) return false;  // of which record?
        entity = e.id;
        attribute = known;
      }
      auto* update = entity.empty() ? nullptr : draft_.operation_on(entity, "update");
      if (update == nullptr) continue;
      const auto name = bare_name(s, a.subjects.front().name);
      const Range range{part.sentence, a.first, object.last};
      const auto actor = draft_.add_actor(name, draft_.stated(range, "actor.field"));
      auto& rule = draft_.add_rule(
          "field_permission", range, "permission.field",
          fmt::format("Only {} can change the {} of {}.", a_noun(name), words_of(attribute),
                      a_noun(draft_.entity(entity).name)),
          {{"actor", actor}, {"op", "update"}, {"on", entity + "." + attribute}, {"only", true}});
      rule.expr = Expr::call("or", {eq(self(attribute), old(attribute)),
                                    eq(Expr::call("role"), Expr::string(actor))});
      update->guards.push_back(guard(rule, *rule.expr, error_code("only " + name), 403));
      Grant grant;
      grant.actor = actor;
      grant.verb = "update";
      grant.entity = entity;
      grant.origin = rule.origin;
      draft_.grants.push_back(grant);
      return true;
    }
    return false;
  }

  Draft& draft_;
  const Reading& reading_;
};

}  // namespace

bool read_role_rule(Draft& draft, const Reading& reading, Range part) {
  return RoleRules(draft, reading).read(part);
}

}  // namespace cadre::offline::analysis
