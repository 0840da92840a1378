// At most N per owner, availability by count, deadlines, renewals, fees.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"
#include "offline/analysis/measures.h"
#include "offline/analysis/passes.h"
#include "offline/analysis/words.h"

namespace cadre::offline::analysis {
namespace {

using spec::Type;

class CountReader {
 public:
  CountReader(Draft& draft, const Reading& reading) : draft_(draft), reading_(reading) {}

  void run() {
    each([&](const Scan& s, Range part) { deadline(s, part); });
    each([&](const Scan& s, Range part) { limit(s, part); });
    each([&](const Scan& s, Range part) { availability(s, part); });
    each([&](const Scan& s, Range part) { renewal(s, part); });
    each([&](const Scan& s, Range part) { fee(s, part); });
    minimums();
    capacity_conventions();
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

  std::vector<Mention> inside(Range part, int first, int last) const {
    std::vector<Mention> found;
    for (const auto& m : draft_.mentions(part.sentence)) {
      if (m.first >= first && m.last <= last) found.push_back(m);
    }
    return found;
  }

  // The event that the verb of the segment makes.
  std::string verb_event(Range part) const {
    for (const auto& action : reading_.actions[static_cast<std::size_t>(part.sentence)]) {
      if (action.verb_first < part.first || action.verb_last > part.last) continue;
      if (const auto id = event_for(draft_, action.verb); !id.empty()) return id;
    }
    return {};
  }

  std::string event_between(const std::string& a, const std::string& b) {
    for (const auto& entity : draft_.spec.entities) {
      if (draft_.relation_to(entity.id, a) != nullptr &&
          draft_.relation_to(entity.id, b) != nullptr) {
        return entity.id;
      }
    }
    return {};
  }

  // "may have at most": not "may hold", which can mean something else than the event.
  bool has_verb(Range part) const {
    const Scan s(draft_.sentence(part.sentence));
    for (const auto& a : reading_.actions[static_cast<std::size_t>(part.sentence)]) {
      if (a.verb_first >= part.first && a.verb_last <= part.last && a.verb != "have") return false;
    }
    return s.find_any(part.first, part.last, {"have", "be", "with"}) >= 0;
  }

  // "A concert takes at most 60 singers", "no member may hold more than 2 plots": what is counted
  // is the record between the two.
  bool holds_verb(Range part, const std::string& owner, const std::string& between) {
    const auto& note = draft_.note(between);
    const auto* object = draft_.relation(between, note.object_role);
    const bool place = object != nullptr && object->to == owner;
    for (const auto& a : reading_.actions[static_cast<std::size_t>(part.sentence)]) {
      if (a.verb_first < part.first || a.verb_last > part.last) continue;
      static constexpr std::string_view kHolds[] = {"hold", "keep", "own", "possess", "occupy"};
      const bool holds = std::find(std::begin(kHolds), std::end(kHolds), a.verb) !=
                         std::end(kHolds);
      const bool takes = a.verb == "take" || a.verb == "accept" || a.verb == "admit" ||
                         a.verb == "fit" || a.verb == "seat" || a.verb == "accommodate";
      if (!(holds || (takes && place))) return false;
    }
    return true;
  }

  // --- at most N

  struct Counted {
    std::string entity, role;
  };

  std::optional<Counted> counted(const Scan& s, Range part, const Limit& limit,
                                 const std::string& owner, const std::string& object,
                                 const std::string& noun) {
    const auto event = verb_event(part);
    const bool generic = noun == "item" || noun == "thing" || noun == "one" || noun.empty();
    if (!event.empty() && (object == event || generic ||
                           (!object.empty() && draft_.relation_to(event, object) != nullptr))) {
      if (const auto* r = draft_.relation_to(event, owner)) return Counted{event, r->role};
    }
    if (!object.empty() && object != owner) {
      if (const auto* r = draft_.relation_to(object, owner)) return Counted{object, r->role};
      auto between = event_between(owner, object);
      if (!between.empty() && !has_verb(part) && !holds_verb(part, owner, between)) between.clear();
      if (!between.empty()) {
        return Counted{between, draft_.relation_to(between, owner)->role};
      }
      // "A resident may hold 3 permits" where permits are for vehicles of residents.
      const auto path = path_to(object, owner);
      if (!path.empty() && (has_verb(part) || holds_verb(part, owner, object))) {
        return Counted{object, path};
      }
    }
    (void)s;
    (void)limit;
    if (object.empty() && !noun.empty()) {
      // "at most 20 participants": those who take part.
      for (const auto& entity : draft_.spec.entities) {
        const auto& note = draft_.notes.at(entity.id);
        const auto* r = draft_.relation_to(entity.id, owner);
        if (entity.kind == spec::EntityKind::kEvent && r != nullptr &&
            note.object_role == r->role && is_people(noun)) {
          return Counted{entity.id, r->role};
        }
      }
    }
    return std::nullopt;
  }

  // "A visitor can book a tour only once."
  bool once(const Scan& s, Range part) {
    const int at = s.find_any(part.first, part.last, {"only once", "at most once", "just once"});
    const int lone = s.find(part.first, part.last, "once");
    // "Nobody can sign up for the same course twice."
    const int twice = s.find_any(part.first, part.last, {"twice", "more than once"});
    const bool timed = s.find_any(part.first, part.last, {"time", "day", "date", "period",
                                                          "at the same time"}) >= 0;
    const bool ends = twice >= part.last - 1;
    const bool again = twice >= 0 && ends && !timed && s.find(part.first, twice, "same") >= 0 &&
                       negated_before(s, {part.sentence, part.first, twice});
    const bool said = again || at >= 0 || (lone > 0 && s.any(lone - 1, {"only", "just"}));
    if (!said) return false;
    const auto event = verb_event(part);
    if (event.empty()) return false;
    const auto& note = draft_.note(event);
    const auto* subject = draft_.relation(event, note.subject_role);
    const auto* object = draft_.relation(event, note.object_role);
    if (subject == nullptr || object == nullptr) return false;
    bool named = false;
    for (const auto& m : inside(part, part.first, part.last))
      named = named || m.entity == object->to;
    if (!named) return false;
    const int last = again ? twice : lone >= 0 ? lone : at + 1;
    auto filter = both(eq(row(subject->role), self(subject->role)),
                       eq(row(object->role), self(object->role)));
    if (const auto open = live_filter(draft_, event)) filter = both(filter, *open);
    add_limit(part, 1, last, event, {subject->to, object->to}, filter, false, "");
    return true;
  }

  void limit(const Scan& s, Range part) {
    if (once(s, part)) return;
    const auto found = read_limit(s, part, negated_before(s, part));
    if (!found) return;
    const auto name = name_after(s, found->last + 1, part.last);
    // "for at most 14 days", "up to 30 credits": something else.
    if (!name.empty() && is_time_noun(s.at(name.last).lemma)) return;
    if (s.any(found->last + 1, {"character", "char", "letter", "digit", "word", "percent", "%",
                                "euro", "eur", "usd", "dollar", "time", "point", "credit"})) {
      return;
    }
    if (s.find(part.first, part.last, "per cent") >= 0) return;
    const std::string noun = name.empty() ? "" : bare_name(s, name);
    const std::string object = noun.empty() ? "" : resolve(draft_, noun);
    std::vector<std::string> owners = owners_of(s, part, *found, name);
    if (owners.empty()) {
      // "Nobody may have more than two open applications."
      const bool anybody = s.find_any(part.first, found->first,
                                      {"nobody", "no one", "anyone", "everybody", "everyone",
                                       "person", "somebody", "each person"}) >= 0;
      if (!anybody || object.empty()) return;
      const auto& note = draft_.note(object);
      const auto* r = draft_.relation(object, note.subject_role);
      if (r == nullptr) return;
      owners = {r->to};
    }
    const auto first = counted(s, part, *found, owners.front(), object, noun);
    if (!first) return;
    std::vector<std::string> roles{first->role};
    for (std::size_t i = 1; i < owners.size(); ++i) {
      const auto path = path_to(first->entity, owners[i]);
      if (path.empty()) return;
      roles.push_back(path);
    }
    apply_limit(s, part, *found, name, first->entity, roles, owners);
  }

  std::string path_to(const std::string& from, const std::string& to) {
    if (const auto* r = draft_.relation_to(from, to)) return r->role;
    for (const auto* r : relations_of(draft_.spec, from)) {
      if (const auto* next = draft_.relation_to(r->to, to)) return r->role + "." + next->role;
    }
    return {};
  }

  std::vector<std::string> owners_of(const Scan& s, Range part, const Limit& found,
                                     const Name& name) {
    std::vector<std::string> owners;
    const int per = s.find_any(found.last, part.last, {"per", "for each", "for every"});
    if (per >= 0) {
      for (const auto& m : inside(part, per, part.last)) {
        if (m.kind == Mention::Kind::kEntity) owners.push_back(m.entity);
      }
      if (!owners.empty()) return owners;
    }
    // "In a class there are at most 20 ...", "A member can borrow at most ..."
    for (const auto& m : inside(part, part.first, found.first - 1)) {
      if (m.kind == Mention::Kind::kEntity) owners = {m.entity};
      if (m.kind == Mention::Kind::kEntity) break;
    }
    if (owners.empty()) {
      const auto event = verb_event(part);
      if (!event.empty() && s.find_any(part.first, found.first, {"they", "he", "she", "it"}) >= 0) {
        const auto* r = draft_.relation(event, draft_.note(event).subject_role);
        if (r != nullptr) owners = {r->to};
      }
    }
    (void)name;
    // "Trainers run classes with a maximum of 20 participants": the nearest noun.
    if (s.is(found.first - 1, "with") || s.is(found.first - 1, "of") ||
        s.is(found.first - 2, "with")) {
      for (const auto& m : inside(part, part.first, found.first - 1)) {
        if (m.kind == Mention::Kind::kEntity) owners = {m.entity};
      }
    }
    return owners;
  }

  void apply_limit(const Scan& s, Range part, const Limit& found, const Name& name,
                   const std::string& entity, const std::vector<std::string>& roles,
                   const std::vector<std::string>& owners) {
    int last = std::max(found.last, name.empty() ? found.last : name.last);
    bool open = false;
    std::string state;
    std::optional<Expr> window;
    for (const auto words : {"at the same time", "at once", "simultaneously", "at a time",
                             "concurrently", "at any time", "at any one time", "in parallel"}) {
      const int at = s.find(part.first, part.last, words);
      if (at < 0) continue;
      open = true;
      last = std::max(last, at + s.phrase(at, words) - 1);
    }
    for (int i = found.last + 1; i < last; ++i) {
      if (s.any(i, {"open", "active", "current", "outstanding", "unreturned", "ongoing"})) {
        open = true;
      } else if (const auto& cycle = draft_.entity(entity).lifecycle) {
        for (const auto& known : cycle->states) {
          if (same_state(known, s.at(i).lower)) state = known;
        }
      }
    }
    const int per = s.find(found.last, part.last, "per");
    if (per >= 0) {
      if (s.is(per + 1, "day")) {
        const auto& note = draft_.note(entity);
        if (note.opened.empty()) return;
        window = eq(row(note.opened), Expr::call("today"));
        last = std::max(last, per + 1);
      } else if (is_time_noun(s.at(per + 1).lemma) ||
                 (resolve(draft_, s.at(per + 1).lemma).empty())) {
        return;  // a window that the expression language has no words for
      } else {
        for (const auto& m : inside(part, per, part.last)) last = std::max(last, m.last);
      }
    }
    if (!name.empty() && name.last > last) last = name.last;
    auto& model = draft_.entity(entity);
    const bool event = model.kind == spec::EntityKind::kEvent;
    std::optional<Expr> running;
    if (open && state.empty() && !open_filter(draft_, entity)) {
      running = running_filter(entity);
      if (!running && !event) return;
      if (!running) ensure_closing(draft_, entity);
    }
    std::optional<Expr> filter;
    for (const auto& role : roles) filter = both(filter, eq(row(role), self(role)));
    if (!state.empty()) {
      filter = both(filter, eq(row(draft_.entity(entity).lifecycle->attribute),
                               Expr::string(state)));
    } else if (running) {
      filter = both(filter, *running);
    } else if (!window && (open || event)) {
      if (auto still = open_filter(draft_, entity)) {
        filter = both(filter, *still);
        open = true;
      }
    }
    if (window) filter = both(filter, *window);
    add_limit(part, found.value, last, entity, owners, *filter, open, state);
  }

  // Records with a beginning and an end run until the end has passed.
  std::optional<Expr> running_filter(const std::string& entity) {
    std::vector<const spec::Attribute*> dates;
    for (const auto& a : draft_.entity(entity).attributes) {
      if (a.type == Type::kDate && !a.derived) dates.push_back(&a);
    }
    if (dates.size() != 2) return std::nullopt;
    const auto& last = *dates[1];
    const auto later = op(">=", row(last.id), Expr::call("today"));
    if (last.required) return later;
    return Expr::call("or", {Expr::call("is_null", {row(last.id)}), later});
  }

  void add_limit(Range part, int value, int last, const std::string& entity,
                 const std::vector<std::string>& owners, const Expr& filter, bool open,
                 const std::string& state) {
    const auto& model = draft_.entity(entity);
    std::vector<std::string> names;
    for (const auto& owner : owners) names.push_back(draft_.entity(owner).name);
    const std::string which = !state.empty() ? state + " " : open ? "open " : "";
    const Range range{part.sentence, part.first, last};
    const std::string per = text::join(names, " and ");
    const std::string canonical = fmt::format("A {} can have at most {} {}{}.", per, value, which,
                                              value == 1 ? model.name : model.plural);
    JsonObject params{{"of", entity}, {"per", text::join(owners, ",")}, {"value", value}};
    if (open) params["where"] = "open";
    if (!state.empty()) params["where"] = state;
    if (conflict(part, entity, owners, value, canonical)) {
      draft_.claim({part.sentence, part.first, part.first});
      return;
    }
    auto& rule = draft_.add_rule("max_count", range, "max_count.per_owner", canonical, params);
    rule.expr = op("<", count(entity, filter), Expr::of(value));
    attach(entity, rule, error_code("max " + which + model.plural + " per " + names.front()),
           filter, value);
  }

  void attach(const std::string& entity, const spec::Rule& rule, const std::string& error,
              const Expr& filter, int value) {
    for (auto& operation : draft_.spec.operations) {
      if (operation.on != entity) continue;
      const bool creates = operation.kind == spec::OperationKind::kCreate ||
                           operation.kind == spec::OperationKind::kEventCreate;
      const bool update = operation.kind == spec::OperationKind::kUpdate && is_standard(operation);
      if (!creates && !update) continue;
      spec::Guard guard;
      guard.id = rule.id;
      auto where = filter;
      if (update) where = both(where, op("!=", row("id"), self("id")));
      guard.require = op("<", count(entity, where), Expr::of(value));
      guard.error = error;
      guard.status = 409;
      guard.origin = rule.origin;
      operation.guards.push_back(guard);
    }
  }

  // Limit 3 here and limit 5 there: the stricter one stands, and the user is asked.
  bool conflict(Range part, const std::string& entity, const std::vector<std::string>& owners,
                int value, const std::string& canonical) {
    for (auto& known : draft_.spec.rules) {
      if (known.kind != "max_count" || json::get_string(known.params, "of") != entity ||
          json::get_string(known.params, "per") != text::join(owners, ",")) {
        continue;
      }
      const int before = static_cast<int>(json::get_int(known.params, "value"));
      if (before == value) return true;
      const int strict = std::min(before, value);
      draft_.ask(fmt::format("The limit is {} in one sentence and {} in another: which one holds?",
                             before, value), part.sentence,
                 {std::to_string(before), std::to_string(value)}, std::to_string(strict), "high");
      draft_.leave(part.sentence, draft_.words(part), "conflict", known.canonical);
      if (strict != before) tighten(known, strict, canonical);
      return true;
    }
    return false;
  }

  void tighten(spec::Rule& rule, int value, const std::string& canonical) {
    rule.params.as_object()["value"] = value;
    rule.canonical = canonical;
    if (rule.expr) rule.expr->args[1] = Expr::of(value);
    for (auto& operation : draft_.spec.operations) {
      for (auto& guard : operation.guards) {
        if (guard.id == rule.id) guard.require.args[1] = Expr::of(value);
      }
    }
  }

  // "one or more lines": checked when the owner leaves its first state.
  void minimums() {
    const auto wanted = draft_.minimums;
    for (const auto& m : wanted) {
      if (!draft_.has_entity(m.owner) || !draft_.has_entity(m.child)) continue;
      const auto* r = draft_.relation_to(m.child, m.owner);
      const auto& cycle = draft_.entity(m.owner).lifecycle;
      if (r == nullptr || !cycle) {
        draft_.poison({m.where.sentence, m.where.first, m.where.last - 1});
        draft_.leave(m.where.sentence, draft_.words(m.where), "needs_expression_beyond_language",
                     "Say in which state there must be at least " + std::to_string(m.value) + ".");
        continue;
      }
      auto& rule = draft_.add_rule(
          "min_count", m.where, "min_count.parts",
          fmt::format("{} has at least {} {} when it is no longer {}.",
                      text::upper_first(a_noun(draft_.entity(m.owner).name)), m.value,
                      m.value == 1 ? draft_.entity(m.child).name : draft_.entity(m.child).plural,
                      cycle->initial),
          {{"of", m.child}, {"per", m.owner}, {"value", m.value}});
      rule.expr = op(">=", count(m.child, eq(row(r->role), self("id"))), Expr::of(m.value));
      std::set<std::string> leaving;
      for (const auto& t : cycle->transitions) {
        if (t.from == cycle->initial && !same_state(t.to, "cancelled")) leaving.insert(t.by);
      }
      for (const auto& id : leaving) {
        spec::Guard guard;
        guard.id = rule.id;
        guard.require = *rule.expr;
        guard.error = error_code("no " + draft_.entity(m.child).name);
        guard.status = 409;
        guard.origin = rule.origin;
        draft_.operation(id)->guards.push_back(guard);
      }
    }
  }

  // --- availability

  std::string count_attribute(const std::string& entity, std::string_view noun) {
    const auto named = draft_.attribute_named(entity, noun);
    if (!named.empty() && draft_.attribute(entity, named)->type == Type::kInt) return named;
    return {};
  }

  void availability(const Scan& s, Range part) {
    const int cond = s.find_any(part.first, part.last,
                                {"only if", "if", "when", "as long as", "while", "unless", "only"});
    if (cond < 0) return;
    int available = s.find_any(part.first, part.last, {"available", "left", "free", "in stock"});
    if (available < 0) return;
    const auto event = verb_event(part);
    if (event.empty()) return;
    const auto* relation = draft_.relation(event, draft_.note(event).object_role);
    if (relation == nullptr) return;
    const auto object = relation->to;
    for (int i = cond; i <= available; ++i) {
      if (!s.noun(i)) continue;
      const auto attribute = count_attribute(object, s.at(i).lemma);
      if (attribute.empty()) continue;
      const Range range{part.sentence, part.first, available};
      auto& rule = draft_.add_rule(
          "guard", range, "guard.available",
          text::upper_first(a_noun(draft_.entity(object).name)) + " can be " +
              state_of_verb(draft_.note(event).verb) + " only if there are fewer open " +
              draft_.entity(event).plural + " than " + text::replace_all(attribute, "_", " ") + ".",
          {{"op", draft_.note(event).verb}, {"require", "available " + attribute + " > 0"}});
      limit_by_attribute(event, relation->role, attribute, rule.id, rule.origin);
      return;
    }
  }

  void limit_by_attribute(const std::string& event, const std::string& role,
                          const std::string& attribute, const std::string& id,
                          const spec::Origin& origin) {
    if (!open_filter(draft_, event) && !draft_.entity(event).lifecycle &&
        draft_.entity(event).kind == spec::EntityKind::kEvent) {
      ensure_closing(draft_, event);
    }
    auto* creator = draft_.creator_of(event);
    if (creator == nullptr) return;
    auto filter = both(std::nullopt, eq(row(role), self(role)));
    if (const auto open = live_filter(draft_, event)) filter = both(filter, *open);
    spec::Guard guard;
    guard.id = id;
    guard.require = op("<", count(event, filter), self(role + "." + attribute));
    guard.error =
        attribute == "copies" ? "no_copy_available" : error_code("no " + attribute + " left");
    guard.status = 409;
    guard.origin = origin;
    creator->guards.push_back(guard);
    limited_.insert(event + "." + role);
  }

  // A number of copies, places or seats of what is lent or booked limits it, also unsaid.
  void capacity_conventions() {
    std::vector<std::string> events;
    for (const auto& entity : draft_.spec.entities) {
      if (entity.kind == spec::EntityKind::kEvent) events.push_back(entity.id);
    }
    for (const auto& event : events) {
      const auto* relation = draft_.relation(event, draft_.note(event).object_role);
      if (relation == nullptr || limited_.contains(event + "." + relation->role)) continue;
      const auto object = relation->to;
      const auto role = relation->role;
      // An application or a review takes no place.
      static constexpr std::string_view kTakes[] = {
          "borrow",    "rent",   "hire", "lease",   "book",     "reserve",
          "enrol",     "enroll", "join", "sign_up", "register", "register_for",
          "check_out", "take",   "use",  "attend",  "lend",     "take_out"};
      const auto& verb = draft_.note(event).verb;
      if (std::find(std::begin(kTakes), std::end(kTakes), verb) == std::end(kTakes) &&
          is_known_word(verb)) {
        continue;
      }
      for (const auto& a : draft_.entity(object).attributes) {
        static constexpr std::string_view kCounts[] = {"copies", "capacity", "seats", "places",
                                                       "units", "spots", "slots", "pieces"};
        const bool counts = std::find(std::begin(kCounts), std::end(kCounts), a.id) !=
                                std::end(kCounts) ||
                            (a.type == Type::kInt && a.id.starts_with("max_"));
        if (!counts || a.type != Type::kInt) continue;
        const auto attribute = a.id;
        const auto words = text::replace_all(attribute, "_", " ");
        limit_by_attribute(event, role, attribute, draft_.next_convention(), Draft::convention());
        draft_.assume(text::upper_first(a_noun(draft_.entity(object).name)) +
                          " has at most as many open " + draft_.entity(event).plural + " as its " +
                          words + " says.",
                      {event}, "say that the " + words + " is only for information");
        break;
      }
    }
  }

  // --- deadlines

  void deadline(const Scan& s, Range part) {
    const auto duration = read_duration(s, part.first, part.last);
    if (!duration) return;
    const int cue = s.find_any(part.first, part.last,
                               {"last", "period", "due", "return", "within", "bring_back",
                                "lend", "for", "expire", "valid", "duration"});
    if (cue < 0 || s.find_any(part.first, part.last, {"before", "late", "every", "per"}) >= 0)
      return;
    if (negated_before(s, part)) return;
    std::string event;
    for (const auto& m : inside(part, part.first, part.last)) {
      if (m.kind == Mention::Kind::kEntity && draft_.entity(m.entity).kind ==
                                                  spec::EntityKind::kEvent) {
        event = m.entity;
      }
    }
    if (event.empty()) event = verb_event(part);
    if (event.empty()) event = closing_event(part);
    if (event.empty()) return;
    const bool lasts = s.find_any(part.first, part.last, {"last", "period", "due", "expire",
                                                          "valid", "duration"}) >= 0;
    const bool back = s.find_any(part.first, part.last, {"return", "bring_back", "back"}) >= 0;
    const bool lent = s.find(std::max(part.first, duration->first - 3), duration->first - 1,
                             "for") >= 0;
    if (!lasts && !back && !lent) return;
    if (s.any(duration->last + 1, {"for", "if"}) || s.is(duration->last + 1, "and")) {
      if (read_duration(s, duration->last + 1, part.last)) return;  // one for each kind
    }
    set_deadline(s, part, event, *duration);
  }

  std::string closing_event(Range part) {
    for (const auto& action : reading_.actions[static_cast<std::size_t>(part.sentence)]) {
      if (action.verb_first < part.first || action.verb_last > part.last) continue;
      for (const auto& [id, note] : draft_.notes) {
        if (!note.verb.empty() && note.close_verb == action.verb) return id;
      }
    }
    return {};
  }

  void set_deadline(const Scan& s, Range part, const std::string& event, const Duration& d) {
    (void)s;
    auto& note = draft_.note(event);
    if (!note.due.empty()) return;
    const bool date = d.unit == "days" || d.unit == "months";
    const Range range{part.sentence, part.first, d.last};
    auto& a = draft_.add_attribute(event, date ? "due_on" : "due_at",
                                   draft_.implied(range, "attr.due"));
    a.type = date ? Type::kDate : Type::kDatetime;
    a.required = true;
    note.due = a.id;
    note.due_value = Expr::call(d.unit, {Expr::of(d.amount)});
    const auto amount = draft_.words({part.sentence, d.first, d.last});
    auto& rule = draft_.add_rule("deadline", range, "deadline.lasts",
                                 text::upper_first(a_noun(draft_.entity(event).name)) + " is due " +
                                     amount + " after it is " +
                                     (note.verb.empty() ? "made" : state_of_verb(note.verb)) + ".",
                                 {{"attr", event + "." + note.due}, {"offset", iso(d)}});
    auto* creator = draft_.creator_of(event);
    if (creator == nullptr) return;
    spec::Effect effect;
    effect.target = event + "." + note.due;
    effect.value = Expr::call("add", {Expr::call(date ? "today" : "now"), *note.due_value});
    effect.origin = rule.origin;
    creator->effects.push_back(effect);
    rule.expr = effect.value;
  }

  // --- renewals

  void renewal(const Scan& s, Range part) {
    for (const auto& action : reading_.actions[static_cast<std::size_t>(part.sentence)]) {
      if (action.verb != "renew" && action.verb != "extend" && action.verb != "prolong") continue;
      if (action.verb_first < part.first || action.verb_last > part.last) continue;
      std::string event;
      for (const auto& object : action.objects) {
        if (!object.name.empty()) event = resolve(draft_, bare_name(s, object.name));
        if (!event.empty() && draft_.note(event).due.empty()) {
          for (const auto& e : draft_.spec.entities) {
            const auto* r = draft_.relation(e.id, draft_.note(e.id).object_role);
            if (r != nullptr && r->to == event && !draft_.note(e.id).due.empty()) event = e.id;
          }
        }
      }
      if (event.empty() || draft_.note(event).due.empty()) {
        for (const auto& m : inside(part, 0, action.verb_first)) {
          if (m.kind == Mention::Kind::kEntity && !draft_.note(m.entity).due.empty()) {
            event = m.entity;
          }
        }
      }
      if (event.empty()) {
        for (const auto& m : draft_.mentions(part.sentence)) {
          if (m.kind == Mention::Kind::kEntity && !draft_.note(m.entity).due.empty()) {
            event = m.entity;
          }
        }
      }
      if (event.empty() || draft_.note(event).due.empty()) return;
      if (draft_.operation_on(event, action.verb) != nullptr) return;
      add_renewal(s, part, action, event);
      return;
    }
  }

  void add_renewal(const Scan& s, Range part, const Action& action, const std::string& event) {
    std::optional<int> times;
    int last = action.verb_last;
    for (int i = action.verb_last + 1; i <= std::min(part.last, action.verb_last + 4); ++i) {
      if (s.is(i, "once")) times = 1;
      else if (s.is(i, "twice")) times = 2;
      else if (s.at(i).number && s.is(i + 1, "time")) times = static_cast<int>(*s.at(i).number);
      else continue;
      last = s.is(i + 1, "time") ? i + 1 : i;
      break;
    }
    const Range range{part.sentence, action.first, last};
    auto& note = draft_.note(event);
    auto& made = draft_.add_operation(spec::OperationKind::kUpdate, event, action.verb,
                                      draft_.stated(range, "operation.renew"));
    const auto name = made.id;
    if (!note.closed.empty()) {
      spec::Guard open;
      open.id = draft_.next_convention();
      open.require = Expr::call("is_null", {self(note.closed)});
      open.error = "already_" + note.closed.substr(0, note.closed.rfind('_'));
      open.status = 409;
      open.origin = Draft::convention();
      made.guards.push_back(open);
    }
    const std::string counter = action.verb == "renew" ? "renewals" : "extensions";
    auto& a = draft_.add_attribute(event, counter, draft_.implied(range, "attr.renewals"));
    a.type = Type::kInt;
    a.min = Expr::of(0);
    a.default_value = Expr::of(0);
    a.required = true;
    auto* operation = draft_.operation(name);
    spec::Effect inc;
    inc.kind = spec::EffectKind::kInc;
    inc.target = event + "." + counter;
    inc.value = Expr::of(1);
    operation->effects.push_back(inc);
    spec::Effect due;
    due.target = event + "." + note.due;
    due.value = Expr::call("add", {self(note.due), *note.due_value});
    operation->effects.push_back(due);
    draft_.assume("To " + verb_words(action.verb) + " a " + draft_.entity(event).name +
                      " adds the same period to its due date.", {name},
                  "say how long, or that it counts from the day of renewal", "ambiguous");
    if (!times) {
      draft_.claim(range);
      return;
    }
    auto& rule = draft_.add_rule(
        "max_count", range, "max_count.renewals",
        fmt::format("A {} can be {} at most {} time{}.", draft_.entity(event).name,
                    state_of_verb(action.verb), *times, *times == 1 ? "" : "s"),
        {{"of", counter}, {"per", event}, {"value", *times}});
    spec::Guard guard;
    guard.id = rule.id;
    guard.require = op("<", self(counter), Expr::of(*times));
    guard.error = "no_more_" + counter;
    guard.status = 409;
    guard.origin = rule.origin;
    rule.expr = guard.require;
    draft_.operation(name)->guards.push_back(guard);
  }

  // --- fees

  void fee(const Scan& s, Range part) {
    const int late = s.find_any(part.first, part.last, {"late", "overdue", "delay"});
    const int cost = s.find_any(part.first, part.last,
                                {"cost", "pay", "fee", "fine", "charge", "costs", "charged"});
    const int per = s.find_any(part.first, part.last, {"per day", "a day", "each day",
                                                       "every day", "per"});
    if (late < 0 || cost < 0 || per < 0) return;
    int amount = -1;
    for (int i = part.first; i <= part.last; ++i) {
      if (s.at(i).number && i < per && !s.is(i + 1, "%") && s.at(i).unit != "percent") amount = i;
    }
    if (amount < 0) return;
    std::string event = closing_event(part);
    for (const auto& m : inside(part, part.first, part.last)) {
      if (m.kind == Mention::Kind::kEntity && !draft_.note(m.entity).due.empty()) event = m.entity;
    }
    if (event.empty()) {
      for (const auto& [id, note] : draft_.notes) {
        if (!note.due.empty() && event.empty()) event = id;
      }
    }
    if (event.empty() || draft_.note(event).due.empty() || draft_.note(event).closed.empty())
      return;
    const auto& note = draft_.note(event);
    if (draft_.attribute(event, note.due)->type != Type::kDate) return;
    int last = per + (s.is(per, "per") || s.is(per, "a") ? 1 : 0);
    if (!s.is(last, "day") && s.phrase(per, "per day") == 0 && s.phrase(per, "each day") == 0)
      return;
    const Range range{part.sentence, part.first, last};
    auto& a = draft_.add_attribute(event, "fine", draft_.stated(range, "attr.fee"));
    a.type = Type::kMoney;
    a.required = false;
    a.stored = false;
    a.min.reset();
    const auto days = Expr::call("max", {Expr::of(0), Expr::call("days_between",
                                 {self(note.due), self(note.closed)})});
    Expr value = op("*", days, Expr::decimal(fmt::format("{:.2f}", *s.at(amount).number)));
    std::string limit;
    const int max = s.find_any(last, part.last, {"maximum", "at most", "up to", "max"});
    if (max >= 0) {
      for (int i = max; i <= part.last; ++i) {
        if (!s.at(i).number) continue;
        value = Expr::call("min", {value, Expr::decimal(fmt::format("{:.2f}", *s.at(i).number))});
        limit = fmt::format("{:.2f}", *s.at(i).number);
        draft_.claim({part.sentence, last, i});
        break;
      }
    }
    a.derived = value;
    JsonObject params{{"op", note.close_verb},
                      {"amount", fmt::format("{:.2f}", *s.at(amount).number)},
                      {"per", "day late"}};
    if (!limit.empty()) params["max"] = limit;
    auto& rule = draft_.add_rule("fee", range, "fee.per_day",
                                 fmt::format("A {} that ends late costs {:.2f} per day.",
                                             draft_.entity(event).name, *s.at(amount).number),
                                 params);
    rule.expr = value;
  }

  Draft& draft_;
  const Reading& reading_;
  std::set<std::string> limited_;
};

}  // namespace

void read_count_rules(Draft& draft, const Reading& reading) { CountReader(draft, reading).run(); }

}  // namespace cadre::offline::analysis
