// When something may happen: states, deletions, comparisons, unchangeable records, time windows.
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

bool negated_in(const Scan& s, int first, int last) {
  for (int i = first; i <= last; ++i) {
    if (s.any(i, {"not", "never", "cannot", "n't", "nobody", "no"}) ||
        s.at(i).tag == Tag::kNegation) {
      return true;
    }
  }
  return false;
}

struct State {
  std::string attribute, value;
  bool flag = false;  // a bool attribute
  int first = 0, last = 0;
};

class GuardReader {
 public:
  GuardReader(Draft& draft, const Reading& reading) : draft_(draft), reading_(reading) {}

  void run() {
    for (int i = 0; i < static_cast<int>(draft_.brief.sentences.size()); ++i) {
      if (outside_sentence(draft_, i)) continue;
      const Scan s(draft_.sentence(i));
      for (const auto& part : segments(draft_, i)) {
        if (read_role_rule(draft_, reading_, part)) continue;
        if (delete_guard(s, part)) continue;
        if (immutable(s, part)) continue;
        compare(s, part);
        if (overlap(s, part)) continue;
        if (window(s, part)) continue;
        if (reason(s, part)) continue;
        state_guard(s, part);
      }
    }
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

  // A state of the entity named in tokens first..last: "open", "in maintenance", "active".
  std::optional<State> state_in(const std::string& entity, const Scan& s, int first, int last) {
    const auto* e = find_entity(draft_.spec, entity);
    if (e == nullptr) return std::nullopt;
    for (int i = first; i <= last; ++i) {
      for (int j = std::min(last, i + 3); j >= i; --j) {
        const auto words = s.lowers(i, j);
        for (const auto& a : e->attributes) {
          if (a.type == Type::kBool && a.id == safe_snake(words))
            return State{a.id, "", true, i, j};
          for (const auto& value : a.values) {
            if (same_state(value, words)) return State{a.id, value, false, i, j};
          }
        }
      }
    }
    return std::nullopt;
  }

  static Expr holds(const State& state, Expr path) {
    return eq(std::move(path), state.flag ? Expr::of(true) : Expr::string(state.value));
  }

  // --- deletions

  // "A project with open tasks can't be deleted", "... can only be deleted if it has no tasks".
  bool delete_guard(const Scan& s, Range part) {
    const int verb = s.find_any(part.first, part.last, {"delete", "remove", "erase"});
    if (verb < 0) return false;
    const bool negated = negated_in(s, part.first, verb);
    const int no = s.find_any(verb, part.last, {"no", "without"});
    const bool only = s.find_any(part.first, verb, {"only"}) >= 0 && no >= 0;
    if (!negated && !only) return false;
    const auto found = entities(part, part.first, part.last);
    for (const auto& owner : found) {
      for (const auto& child : found) {
        const auto* r = draft_.relation_to(child.entity, owner.entity);
        if (child.entity == owner.entity || r == nullptr) continue;
        const auto role = r->role;
        // "in maintenance", "with tasks", "that has tasks"
        std::optional<Expr> filter = eq(row(role), self("id"));
        std::string which;
        const int from = std::max(part.first, child.first - 2);
        if (const auto state = state_in(child.entity, s, from, child.first)) {
          filter = both(filter, holds(*state, row(state->attribute)));
          which = state->value + " ";
        } else if (s.any(child.first - 1, {"open", "active", "unfinished", "current", "unreturned",
                                           "outstanding"}) || s.is(child.first, "open")) {
          const auto open = open_filter(draft_, child.entity);
          if (!open) return false;
          filter = both(filter, *open);
          which = "open ";
        } else if (s.at(child.first - 1).tag == Tag::kAdjective && child.first - 1 > owner.last) {
          return false;  // a condition that is not in the model
        }
        const Range range{part.sentence, part.first, std::max(child.last, verb)};
        auto& rule = draft_.add_rule(
            "on_delete", range, "guard.delete",
            fmt::format("{} with {}{} can't be deleted.", text::upper_first(a_noun(
                draft_.entity(owner.entity).name)), which, draft_.entity(child.entity).plural),
            {{"op", "delete"}, {"on", owner.entity}, {"deny_when", "has " + child.entity}});
        rule.kind = "guard";
        auto* remove = draft_.operation_on(owner.entity, "delete");
        if (remove == nullptr) return true;
        rule.expr = eq(count(child.entity, filter), Expr::of(0));
        remove->guards.push_back(guard(
            rule, *rule.expr, error_code("has " + which + draft_.entity(child.entity).plural)));
        return true;
      }
    }
    return false;
  }

  // --- unchangeable

  // "A sent invoice can't be edited", "movements can't be edited or deleted later".
  bool immutable(const Scan& s, Range part) {
    std::vector<std::string> verbs;
    int last = -1;
    int first = -1;
    bool negated = false;
    for (const auto& a : reading_.actions[static_cast<std::size_t>(part.sentence)]) {
      if (a.verb_first < part.first || a.verb_last > part.last || !a.passive) continue;
      const auto c = verb_class(a.verb);
      if (c != VerbClass::kUpdate && c != VerbClass::kDelete) continue;
      negated = a.negated;
      verbs.push_back(c == VerbClass::kUpdate ? "update" : "delete");
      last = std::max(last, a.verb_last);
      first = first < 0 ? a.verb_first : first;
    }
    if (verbs.empty() || !negated) return false;
    auto found = entities(part, part.first, part.last);
    if (found.empty()) found = entities({part.sentence, 0, last}, 0, last);
    if (found.empty()) return false;
    const auto entity = found.front().entity;
    auto state = state_in(entity, s, part.first, first);
    if (!state) state = state_in(entity, s, last + 1, part.last);
    int end = last;
    while (
        s.any(end + 1, {"any", "more", "later", "anymore", "any more", "afterwards", "longer"})) {
      ++end;
    }
    if (state) end = std::max(end, state->last);
    if (!state && end < part.last && s.find_any(end + 1, part.last, {"if", "when", "after", "once",
                                                                     "by", "while"}) >= 0) {
      return false;
    }
    for (int i = found.front().last + 1; i < first && !state; ++i) {
      if (s.any(i, {"with", "that", "who", "which", "in", "without", "of"})) return false;
    }
    // "Damaged articles can't be edited" with a condition the model does not know.
    if (!state && s.at(found.front().first - 1).tag == Tag::kAdjective) return false;
    const Range range{part.sentence, std::min(found.front().first, part.first), end};
    auto& rule = draft_.add_rule(
        "immutable", range, "immutable.state",
        fmt::format("{} can't be {}.", state ? text::upper_first(a_noun(state->value + " " +
                        draft_.entity(entity).name))
                        : text::upper_first(a_noun(draft_.entity(entity).name)),
                    verbs.size() > 1 ? "changed or deleted" : verbs[0] == "update" ? "changed"
                                                                                  : "deleted"),
        {{"entity", entity}, {"when", state ? state->attribute + "=" + state->value : "always"}});
    const auto id = rule.id;
    for (const auto& verb : verbs) {
      if (!state) {
        std::erase_if(draft_.spec.operations, [&](const auto& o) {
          return o.on == entity && o.verb == verb && is_standard(o);
        });
        continue;
      }
      auto* operation = draft_.operation_on(entity, verb);
      if (operation == nullptr) continue;
      auto path = verb == "update" ? old(state->attribute) : self(state->attribute);
      operation->guards.push_back(guard(*find_rule(draft_.spec, id), negate(holds(*state, path)),
                                        error_code("is " + (state->flag ? state->attribute
                                                                        : state->value))));
    }
    return true;
  }

  // --- comparisons of two attributes

  struct Relation {
    std::string op;
    int first = 0, last = 0;
  };

  static std::optional<Relation> read_relation(const Scan& s, int first, int last) {
    const bool negated = negated_in(s, std::max(0, first - 3), last);
    struct Row {
      std::string_view words, op, negated;
    };
    static constexpr Row kRows[] = {
        {"on or after", ">=", "<"}, {"on or before", "<=", ">"}, {"later than", ">", "<="},
        {"earlier than", "<", ">="}, {"after", ">", "<="}, {"before", "<", ">="},
        {"greater than", ">", "<="}, {"higher than", ">", "<="}, {"larger than", ">", "<="},
        {"more than", ">", "<="}, {"above", ">", "<="}, {"less than", "<", ">="},
        {"lower than", "<", ">="}, {"smaller than", "<", ">="}, {"below", "<", ">="},
        {"at least", ">=", "<"}, {"at most", "<=", ">"}, {"exceed", ">", "<="}};
    for (int i = first; i <= last; ++i) {
      for (const auto& entry : kRows) {
        const int used = s.phrase(i, entry.words);
        if (used == 0) continue;
        return Relation{std::string(negated ? entry.negated : entry.op), i, i + used - 1};
      }
    }
    return std::nullopt;
  }

  // The attribute's words, also "the end" for an end date; the number of tokens, or 0.
  static int named(const Scan& s, int i, const spec::Attribute& a) {
    const auto words = words_of(a.id);
    if (const int used = s.phrase(i, words); used > 0) return used;
    const bool dated = a.type == Type::kDate || a.type == Type::kDatetime || a.type == Type::kTime;
    const auto space = words.rfind(' ');
    return dated && space != std::string::npos ? s.phrase(i, words.substr(0, space)) : 0;
  }

  // "The departure date has to be after the arrival date", "can't be lower than the old one".
  void compare(const Scan& s, Range part) {
    int verb = -1;
    for (int i = part.first; i <= part.last && verb < 0; ++i) {
      if (s.be(i) || s.modal(i) || s.is(i, "exceed")) verb = i;
      if (s.any(i, {"if", "when", "unless"})) return;
    }
    if (verb < 0) return;
    const auto relation = read_relation(s, verb, part.last);
    if (!relation) return;
    int right_first = relation->last + 1;
    while (s.at(right_first).tag == Tag::kDeterminer) ++right_first;
    const int left_last = s.is(verb - 1, "which") || s.is(verb - 2, ",") ? verb - 3 : verb - 1;
    for (const auto& entity : draft_.spec.entities) {
      for (const auto& a : entity.attributes) {
        const auto words = words_of(a.id);
        if (s.find_any(part.first, left_last, {"sum", "total of", "average", "number of"}) >= 0) {
          return;
        }
        int at = -1;
        for (int i = std::max(part.first - 4, 0); i <= left_last; ++i) {
          const int used = named(s, i, a);
          if (used > 0 && i + used - 1 >= left_last - 1) at = i;
        }
        if (at < 0) continue;
        if (s.any(right_first, {"old", "previous", "last", "current", "former"})) {
          int end = right_first;
          while (s.any(end + 1, {"one", "value"}) || s.phrase(end + 1, words) > 0) ++end;
          return not_back(part, entity.id, a.id, *relation, at, std::min(end, part.last));
        }
        for (const auto& b : entity.attributes) {
          const int used = named(s, right_first, b);
          if (used == 0 || b.id == a.id || b.type != a.type) continue;
          return add_compare(part, entity.id, a.id, b.id, *relation, at, right_first + used - 1);
        }
      }
    }
  }

  void add_compare(Range part, const std::string& entity, const std::string& a,
                   const std::string& b, const Relation& relation, int first, int last) {
    auto require = op(relation.op, self(a), self(b));
    auto& rule = draft_.add_rule(
        "compare", {part.sentence, first, last}, "compare.two",
        fmt::format("The {} of {} is {} its {}.", words_of(a), a_noun(draft_.entity(entity).name),
                    relation.op, words_of(b)),
        {{"attr", entity + "." + a}, {"op", relation.op}, {"other", entity + "." + b}});
    const bool optional = !draft_.attribute(entity, a)->required ||
                          !draft_.attribute(entity, b)->required;
    if (optional) {
      require = Expr::call(
          "or", {Expr::call("is_null", {self(a)}), Expr::call("is_null", {self(b)}), require});
    }
    rule.expr = require;
    for (auto& operation : draft_.spec.operations) {
      if (operation.on != entity) continue;
      if (operation.kind == OperationKind::kCreate ||
          operation.kind == OperationKind::kEventCreate ||
          (operation.kind == OperationKind::kUpdate && is_standard(operation))) {
        operation.guards.push_back(guard(rule, require, error_code(a + " must be " + (
            relation.op[0] == '>' ? "after " : "before ") + b), 422));
      }
    }
  }

  void not_back(Range part, const std::string& entity, const std::string& a,
                const Relation& relation, int first, int last) {
    auto* update = draft_.operation_on(entity, "update");
    if (update == nullptr) return;
    auto& rule = draft_.add_rule(
        "compare", {part.sentence, first, last}, "compare.old",
        fmt::format("The {} of {} is {} the old one.", words_of(a),
                    a_noun(draft_.entity(entity).name), relation.op),
        {{"attr", entity + "." + a}, {"op", relation.op}, {"other", "old"}});
    rule.expr = op(relation.op, self(a), old(a));
    update->guards.push_back(guard(rule, *rule.expr, error_code(a + " goes back"), 422));
  }

  // --- no overlap

  // Start and end of what the entity occupies.
  std::optional<std::pair<std::string, std::string>> period(const std::string& entity) {
    for (const auto type : {Type::kDatetime, Type::kDate}) {
      std::vector<std::string> ids;
      for (const auto& a : draft_.entity(entity).attributes) {
        if (a.type == type && a.origin.kind == spec::OriginKind::kStated && !a.derived) {
          ids.push_back(a.id);
        }
      }
      if (ids.size() == 2) return std::pair{ids[0], ids[1]};
    }
    return std::nullopt;
  }

  bool overlap(const Scan& s, Range part) {
    const bool overlaps = s.find_any(part.first, part.last, {"overlap", "overlapping",
                                                             "double-booked", "double"}) >= 0;
    bool twice = s.find_any(part.first, part.last, {"twice", "two"}) >= 0 &&
                       s.find_any(part.first, part.last, {"at the same time", "same time",
                                                          "the same day", "same days", "same date",
                                                          "same period"}) >= 0;
    if ((!overlaps && !twice) || !negated_in(s, part.first, part.last)) return false;
    std::string event;
    const auto found = entities(part, part.first, part.last);
    for (const auto& m : found) {
      if (draft_.entity(m.entity).kind == spec::EntityKind::kEvent) event = m.entity;
    }
    if (event.empty()) {
      for (const auto& a : reading_.actions[static_cast<std::size_t>(part.sentence)]) {
        if (const auto id = event_for(draft_, a.verb); !id.empty()) event = id;
      }
    }
    for (const auto& m : found) {
      if (!event.empty() || !period(m.entity)) continue;
      const bool other = std::any_of(found.begin(), found.end(), [&](const auto& o) {
        return draft_.relation_to(m.entity, o.entity) != nullptr;
      });
      if (other || found.size() == 1) event = m.entity;
    }
    if (event.empty()) return false;
    std::vector<std::string> roles;
    for (const auto& m : found) {
      if (const auto* r = draft_.relation_to(event, m.entity)) roles.push_back(r->role);
    }
    if (roles.empty()) {
      const auto* r = draft_.relation(event, draft_.note(event).object_role);
      if (r != nullptr) roles.push_back(r->role);
    }
    const auto times = period(event);
    if (!times || roles.empty()) {
      draft_.leave(part.sentence, draft_.words(part), "needs_expression_beyond_language",
                   text::upper_first(a_noun(draft_.entity(event).name)) +
                       " has a start time and an end time (each with its date).");
      return true;
    }
    for (const auto& role : roles) add_overlap(part, event, role, *times);
    return true;
  }

  void add_overlap(Range part, const std::string& event, const std::string& role,
                   const std::pair<std::string, std::string>& times) {
    const auto* relation = draft_.relation(event, role);
    auto& rule = draft_.add_rule(
        "no_overlap", part, "no_overlap.period",
        fmt::format("Two {} of the same {} don't overlap.", draft_.entity(event).plural,
                    words_of(role)),
        {{"entity", event}, {"per", relation->to}});
    auto filter = both(eq(row(role), self(role)), op("!=", row("id"), self("id")));
    auto fresh = both(std::nullopt, eq(row(role), self(role)));
    const auto meet = Expr::call("overlaps", {row(times.first), row(times.second),
                                              self(times.first), self(times.second)});
    if (const auto open = live_filter(draft_, event)) {
      filter = both(filter, *open);
      fresh = both(fresh, *open);
    }
    rule.expr = eq(count(event, both(fresh, meet)), Expr::of(0));
    for (auto& operation : draft_.spec.operations) {
      if (operation.on != event) continue;
      const bool creates = operation.kind == OperationKind::kCreate ||
                           operation.kind == OperationKind::kEventCreate;
      if (creates) operation.guards.push_back(guard(rule, *rule.expr, "overlap_" + role));
      if (operation.kind == OperationKind::kUpdate && is_standard(operation)) {
        operation.guards.push_back(guard(rule, eq(count(event, both(filter, meet)), Expr::of(0)),
                                         "overlap_" + role));
      }
    }
  }

  // --- time windows

  // "can be cancelled up to 24 hours before they start", "until 2 days before the arrival date".
  bool window(const Scan& s, Range part) {
    const int before = s.find(part.first, part.last, "before");
    if (before < 2) return false;
    int n = -1;
    for (int i = part.first; i < before; ++i) {
      if (s.at(i).number && s.any(i + 1, {"hour", "day", "minute", "week", "month"})) n = i;
    }
    if (n < 0 || n + 2 != before) return false;
    if (s.find_any(std::max(part.first, n - 4), n, {"until", "up to", "no later than", "at least",
                                                    "not later than", "later than"}) < 0) {
      return false;
    }
    for (const auto& a : reading_.actions[static_cast<std::size_t>(part.sentence)]) {
      if (a.verb_first < part.first || a.verb_last > n) continue;
      auto* operation = operation_of(part, a);
      if (operation == nullptr) continue;
      const auto entity = operation->on;
      const bool hours = s.any(n + 1, {"hour", "minute"});
      const auto when = start_of(s, entity, before + 1, part.last, hours);
      if (when.empty()) {
        draft_.leave(part.sentence, draft_.words(part), "needs_expression_beyond_language",
                     text::upper_first(a_noun(draft_.entity(entity).name)) +
                         " has a start (date and time in one field).");
        return true;
      }
      const std::string unit = s.at(n + 1).lemma == "week" ? "days" : s.at(n + 1).lemma + "s";
      const int amount = static_cast<int>(*s.at(n).number) * (s.at(n + 1).lemma == "week" ? 7 : 1);
      auto& rule = draft_.add_rule(
          "time_window", {part.sentence, a.first, part.last}, "time_window.before",
          fmt::format("{} can be {} until {} before its {}.",
                      text::upper_first(a_noun(draft_.entity(entity).name)), state_of_verb(a.verb),
                      draft_.words({part.sentence, n, n + 1}), words_of(when)),
          {{"op", a.verb}, {"entity", entity}, {"before", when},
           {"offset", draft_.words({part.sentence, n, n + 1})}});
      const auto require =
          op("<=", Expr::call(is_moment(entity, when) ? "now" : "today"),
             Expr::call("sub", {self(when), Expr::call(unit, {Expr::of(amount)})}));
      rule.expr = require;
      draft_.operation(operation->id)->guards.push_back(guard(rule, require, "too_late"));
      return true;
    }
    return false;
  }

  bool is_moment(const std::string& entity, const std::string& path) {
    const auto dot = path.find('.');
    if (dot == std::string::npos) return draft_.attribute(entity, path)->type == Type::kDatetime;
    const auto* r = draft_.relation(entity, path.substr(0, dot));
    return draft_.attribute(r->to, path.substr(dot + 1))->type == Type::kDatetime;
  }

  // A path to the date or time that is meant; datetime when hours are counted.
  std::string start_of(const Scan& s, const std::string& entity, int first, int last, bool hours) {
    const auto fits = [&](const spec::Attribute& a) {
      return a.type == Type::kDatetime || (!hours && a.type == Type::kDate);
    };
    std::vector<std::pair<std::string, std::string>> owners{{entity, ""}};
    for (const auto* r : relations_of(draft_.spec, entity))
      owners.emplace_back(r->to, r->role + ".");
    for (const auto& [owner, prefix] : owners) {
      for (const auto& a : draft_.entity(owner).attributes) {
        if (fits(a) && s.find(first, last, words_of(a.id)) >= 0) return prefix + a.id;
      }
    }
    for (const auto& [owner, prefix] : owners) {
      const bool named = prefix.empty() || s.find(first, last, draft_.entity(owner).name) >= 0;
      if (!named) continue;
      for (const auto& a : draft_.entity(owner).attributes) {
        if (fits(a) && a.origin.kind == spec::OriginKind::kStated) return prefix + a.id;
      }
    }
    return {};
  }

  spec::Operation* operation_of(Range part, const Action& action) {
    const auto event = event_for(draft_, action.verb);
    if (!event.empty()) return draft_.creator_of(event);
    for (const auto& m : draft_.mentions(part.sentence)) {
      if (m.kind != Mention::Kind::kEntity) continue;
      if (auto* o = draft_.operation_on(m.entity, action.verb)) return o;
      if (verb_class(action.verb) == VerbClass::kUpdate) {
        if (auto* o = draft_.operation_on(m.entity, "update")) return o;
      }
    }
    for (auto& o : draft_.spec.operations) {
      if (o.verb == action.verb && !is_standard(o)) return &o;
    }
    return nullptr;
  }

  // --- "a rejection needs a reason"

  bool reason(const Scan& s, Range part) {
    const int need = s.find_any(part.first, part.last, {"need", "require", "must have", "must",
                                                        "have to have"});
    if (need < 0) return false;
    for (auto& operation : draft_.spec.operations) {
      if (operation.kind != OperationKind::kTransition) continue;
      int at = -1;
      for (int i = part.first; i < need; ++i) {
        const auto& t = s.at(i);
        const bool gerund = t.form == VerbForm::kGerund && t.lemma == operation.verb;
        if (gerund || verb_of_event_noun(t.lemma) == operation.verb ||
            (t.tag == Tag::kNoun && t.lemma.starts_with(operation.verb) &&
             t.lemma.ends_with("ion"))) {
          at = i;
        }
      }
      if (at < 0) continue;
      const auto name = name_after(s, need + 1, part.last);
      if (name.empty() || !draft_.entity_named(name.text).empty() || is_people(name.text)) continue;
      const auto type = guess_type(name.text, false);
      if (!type.known) continue;
      const Range range{part.sentence, at, name.last};
      const auto field = safe_snake(s.at(at).lemma + "_" + name.text);
      const auto id = operation.id;
      const auto entity = operation.on;
      auto& a = draft_.add_attribute(entity, field, draft_.implied(range, "attr.reason"));
      a.type = type.type;
      a.required = false;
      auto& rule = draft_.add_rule(
          "required_when", range, "required_when.action",
          fmt::format("To {} {} needs a {}.", verb_words(operation.verb),
                      a_noun(draft_.entity(entity).name), name.text),
          {{"attr", entity + "." + field}, {"when", operation.verb}});
      auto* target = draft_.operation(id);
      target->inputs.push_back({field, type.type, "", true});
      spec::Effect effect;
      effect.target = entity + "." + field;
      effect.value = arg(field);
      effect.origin = rule.origin;
      target->effects.push_back(effect);
      return true;
    }
    return false;
  }

  // --- states as conditions

  // "Only available animals can be adopted", "a vehicle in maintenance can't be used",
  // "members can't borrow books if they are blocked".
  bool state_guard(const Scan& s, Range part) {
    for (const auto& a : reading_.actions[static_cast<std::size_t>(part.sentence)]) {
      if (a.verb_first < part.first || a.verb_last > part.last || a.dependent) continue;
      bool only = a.only;
      for (int i = part.first; i < a.verb_first; ++i) only = only || s.is(i, "only");
      const int unless = s.find(part.first, part.last, "unless");
      const int iff = s.find_any(part.first, part.last, {"only if", "if", "when", "while",
                                                         "as long as"});
      const bool adjective = !a.negated && !a.objects.empty();
      if (!a.negated && !only && unless < 0 && !adjective) continue;
      auto* operation = guarded_operation(a, s, part);
      if (operation == nullptr || operation->kind == OperationKind::kTransition) continue;
      if (!a.negated && !only && unless < 0) {
        object_state(s, part, a, operation->id);
        continue;
      }
      if (try_states(s, part, a, operation->id, only, unless, iff)) return true;
    }
    return false;
  }

  // "Visitors can apply to adopt an available animal": it has to be available.
  void object_state(const Scan& s, Range part, const Action& a, const std::string& operation) {
    if (draft_.operation(operation)->kind != OperationKind::kEventCreate) return;
    const auto on = draft_.operation(operation)->on;
    for (const auto& object : a.objects) {
      if (object.name.empty() || object.name.first == object.name.last) continue;
      const auto entity = resolve(draft_, bare_name(s, object.name));
      const auto* r = entity.empty() ? nullptr : draft_.relation_to(on, entity);
      if (r == nullptr) continue;
      const auto state = state_in(entity, s, object.name.first, object.name.last - 1);
      if (!state) continue;
      const auto require = holds(*state, self(r->role + "." + state->attribute));
      add_state_guard({part.sentence, std::max(part.first, a.verb_first), object.last}, operation,
                      entity, require, state->flag ? words_of(state->attribute) : state->value,
                      true, object.last);
      return;
    }
  }

  spec::Operation* guarded_operation(const Action& a, const Scan& s, Range part) {
    if (auto* o = operation_of(part, a)) return o;
    if (a.verb != "use" && a.verb != "start" && a.verb != "take" && a.verb != "do") return nullptr;
    // "can't be used": the one event about it.
    spec::Operation* found = nullptr;
    for (const auto& m : entities(part, part.first, part.last)) {
      for (auto& o : draft_.spec.operations) {
        if (o.kind != OperationKind::kEventCreate) continue;
        if (o.on != m.entity && draft_.relation_to(o.on, m.entity) == nullptr) continue;
        if (found != nullptr && found != &o) return nullptr;
        found = &o;
      }
    }
    (void)s;
    return found;
  }

  bool try_states(const Scan& s, Range part, const Action& a, const std::string& operation,
                  bool only, int unless, int iff) {
    const auto on = draft_.operation(operation)->on;
    const bool creates = draft_.operation(operation)->kind == OperationKind::kEventCreate ||
                         draft_.operation(operation)->kind == OperationKind::kCreate;
    std::vector<std::pair<std::string, std::string>> paths;  // entity, prefix
    if (!creates) paths.emplace_back(on, "");
    for (const auto* r : relations_of(draft_.spec, on)) paths.emplace_back(r->to, r->role + ".");
    for (const auto& [entity, prefix] : paths) {
      for (const auto& m : entities(part, part.first, part.last)) {
        if (m.entity != entity) continue;
        auto state = state_in(entity, s, std::max(part.first, m.first - 2), m.first);
        const bool behind = s.any(m.last + 1, {"in", "that", "who", "which", "be", "with"});
        if (!state && behind)
          state = state_in(entity, s, m.last + 1, std::min(part.last, m.last + 5));
        if (!state && (unless >= 0 || iff >= 0)) {
          state = state_in(entity, s, std::max(unless, iff), part.last);
        }
        std::optional<Expr> expr;
        std::string what;
        int last = std::max(a.last, m.last);
        bool positive = (only || unless >= 0) && !(a.negated && unless < 0);
        if (state) {
          // "if it is not active"
          const bool inner = (iff >= 0 && state->first > iff &&
                              negated_in(s, iff, state->first - 1));
          expr = holds(*state, self(prefix + state->attribute));
          if (positive == inner) expr = negate(*expr);
          what = state->flag ? words_of(state->attribute) : state->value;
          positive = positive != inner;
          last = std::max(last, state->last);
        } else if (auto expired = expired_in(s, part, entity, prefix, &last)) {
          if (positive) continue;
          expr = expired;
          what = "expired";
        }
        if (!expr) continue;
        add_state_guard(part, operation, entity, *expr, what, positive,
                        std::min(last, part.last));
        return true;
      }
    }
    return false;
  }

  // "a driver with an expired licence": the expiry date that is not over yet.
  std::optional<Expr> expired_in(const Scan& s, Range part, const std::string& entity,
                                 const std::string& prefix, int* last) {
    const int word = s.find_any(part.first, part.last, {"expired", "expire"});
    if (word < 0) return std::nullopt;
    for (const auto& a : draft_.entity(entity).attributes) {
      if (a.type != Type::kDate || (a.id.find("expir") == std::string::npos &&
                                    a.id.find("valid") == std::string::npos)) {
        continue;
      }
      *last = std::max(*last, word + 1);
      return op(">=", self(prefix + a.id), Expr::call("today"));
    }
    return std::nullopt;
  }

  void add_state_guard(Range part, const std::string& operation, const std::string& entity,
                       const Expr& require, const std::string& what, bool positive, int last) {
    auto& rule = draft_.add_rule(
        "guard", {part.sentence, part.first, last}, "guard.state",
        fmt::format("To {}, the {} must {}be {}.", verb_words(operation),
                    draft_.entity(entity).name, positive ? "" : "not ", what),
        {{"op", draft_.operation(operation)->verb}, {"on", entity},
         {positive ? "require" : "deny_when", what}});
    rule.expr = require;
    const auto error =
        error_code(draft_.entity(entity).name + (positive ? " not " : " is ") + what);
    draft_.operation(operation)->guards.push_back(guard(rule, require, error));
  }

  Draft& draft_;
  const Reading& reading_;
};

}  // namespace

void read_guard_rules(Draft& draft, const Reading& reading) { GuardReader(draft, reading).run(); }

}  // namespace cadre::offline::analysis
