// Who acts, what the acting brings into being (events), and what each may do.
#include <algorithm>

#include "base/text.h"
#include "offline/analysis/passes.h"
#include "offline/analysis/words.h"

namespace cadre::offline::analysis {
namespace {

bool acts(const Draft& draft, const Scan& s, const Thing& subject, const Action& action) {
  if (subject.name.empty()) return false;
  static constexpr std::string_view kStates[] = {"become", "remain", "stay", "need", "cost", "fail",
                                                 "exceed", "happen", "expire", "last", "contain",
                                                 "consist", "belong", "include", "start", "stop"};
  const auto bare = bare_name(s, subject.name);
  if (is_people(bare)) return true;
  if (std::find(std::begin(kStates), std::end(kStates), action.verb) != std::end(kStates)) {
    return false;
  }
  // An invented word acts when it may do something, or does something as unheard of.
  const bool may = action.modal == "can" || action.modal == "may";
  // "Only the kitchen can add meals": a department acts as well.
  if (action.only && may && !action.passive && !subject.name.plural && can_be_entity(draft, bare))
    return true;
  const bool unheard = !s.at(action.verb_last).known;
  return !s.at(subject.name.last).known && (may || unheard) && can_be_entity(draft, bare);
}

std::string subject_name(const Scan& s, const Thing& subject) { return bare_name(s, subject.name); }

bool brings_into_being(VerbClass c) {
  return c == VerbClass::kCreate || c == VerbClass::kManage || c == VerbClass::kTransition ||
         c == VerbClass::kDelete || c == VerbClass::kUpdate || c == VerbClass::kEvent;
}

// Verbs that make the acting person part of the record.
bool leaves_author(std::string_view verb) {
  static constexpr std::string_view kVerbs[] = {"write", "place", "submit", "open", "post", "file",
                                                "raise", "publish", "compose", "make", "report",
                                                "propose", "give", "request", "draft", "book",
                                                "issue", "schedule", "plan", "log", "offer",
                                                "announce", "advertise"};
  return std::find(std::begin(kVerbs), std::end(kVerbs), verb) != std::end(kVerbs);
}

// What the action is done to: the object, or what "in", "on", "for" leads to.
const Thing* target_of(const Action& action) {
  if (!action.objects.empty()) return &action.objects.front();
  for (const auto& p : action.prepositions) {
    if (p.word == "in" || p.word == "on" || p.word == "for" || p.word == "to" || p.word == "at" ||
        p.word == "into") {
      if (!p.thing.name.empty()) return &p.thing;
    }
  }
  return nullptr;
}

// "book a seat on a trip" where trips have a number of seats: the trip.
const Thing* counted_in(const Draft& draft, const Scan& s, const Action& action) {
  if (action.objects.size() != 1 || action.objects.front().name.empty()) return nullptr;
  const auto counted = bare_name(s, action.objects.front().name);
  if (!draft.entity_named(counted).empty()) return nullptr;
  for (const auto& p : action.prepositions) {
    if (p.thing.name.empty() || (p.word != "on" && p.word != "in" && p.word != "at" &&
                                 p.word != "for" && p.word != "of")) {
      continue;
    }
    const auto holder = resolve(draft, bare_name(s, p.thing.name));
    if (holder.empty()) continue;
    const auto id = draft.attribute_named(holder, counted);
    const auto* entity = find_entity(draft.spec, holder);
    const auto* a = id.empty() ? nullptr : find_attribute(*entity, id);
    if (a != nullptr && a->type == spec::Type::kInt) return &p.thing;
  }
  return nullptr;
}

bool unknown_verb(const Scan& s, const Action& action) { return !s.at(action.verb_first).known ||
                                                                !s.at(action.verb_last).known; }

// "borrow" makes a loan; an invented verb with an object makes something as well.
bool makes_event(const Scan& s, const Action& action) {
  const auto c = verb_class(action.verb);
  if (c == VerbClass::kEvent) return true;
  if (c != VerbClass::kOther) return false;
  if (is_closing_verb(action.verb)) return false;
  if (unknown_verb(s, action)) return true;
  return action.verb == "take" || action.verb == "use" || !event_noun_of(action.verb).empty();
}

// The noun of an invented verb: "A torp lasts 14 days" when nobody says what a torp is.
std::string unexplained_noun(const Draft& draft) {
  for (const auto& sentence : draft.brief.sentences) {
    const Scan s(sentence);
    for (int i = 1; i < s.size(); ++i) {
      if (!s.any(i, {"last", "expire", "end"}) || s.at(i - 1).known) continue;
      const auto name = name_before(s, i - 1);
      if (!name.empty() && resolve(draft, name.text).empty()) return bare_name(s, name);
    }
  }
  return {};
}

std::string event_name(const Draft& draft, const Action& action) {
  // "takes a vehicle for a trip"
  for (const auto& p : action.prepositions) {
    if (p.word == "for" && !p.thing.name.empty() && verb_class(action.verb) == VerbClass::kOther) {
      const auto head = p.thing.name.text;
      if (is_event_noun(head) && can_be_entity(draft, head)) return head;
    }
  }
  auto noun = event_noun_of(action.verb);
  if (noun.empty()) noun = unexplained_noun(draft);
  if (noun.empty()) noun = verb_words(action.verb);
  return noun;
}

// "book an appointment", "make a reservation": the object is the event itself.
bool object_is_event(const Draft& draft, const std::string& object, const Action& action) {
  const auto& verb = action.verb;
  if (verb != "book" && verb != "request" && verb != "order" && verb != "schedule" &&
      verb != "reserve" && verb != "buy") {
    return false;
  }
  const auto* entity = find_entity(draft.spec, object);
  const std::string head = entity == nullptr ? object : entity->name;
  if (!is_event_noun(head.substr(head.rfind(' ') + 1)) || head == "class") return false;
  if (entity == nullptr) return true;
  return std::none_of(entity->attributes.begin(), entity->attributes.end(), [](const auto& a) {
    return a.id.find("capacity") != std::string::npos || a.id.starts_with("max_") ||
           a.id == "places" || a.id == "seats";
  });
}

class RoleReader {
 public:
  RoleReader(Draft& draft, const Reading& reading) : draft_(draft), reading_(reading) {}

  void run() {
    each([&](const Scan& s, int index, const Action& a) { events(s, index, a); });
    each([&](const Scan& s, int index, const Action& a) { authors(s, index, a); });
    each([&](const Scan& s, int index, const Action& a) { closings(s, index, a); });
    each([&](const Scan& s, int index, const Action& a) { grants(s, index, a); });
  }

 private:
  template <class F>
  void each(F use) {
    for (int i = 0; i < static_cast<int>(reading_.actions.size()); ++i) {
      if (outside_sentence(draft_, i)) continue;
      const Scan s(draft_.sentence(i));
      for (const auto& action : reading_.actions[static_cast<std::size_t>(i)]) use(s, i, action);
    }
  }

  // The entity that a pronoun or noun phrase means; the last one named for "it".
  std::string entity_of(const Scan& s, int index, const Thing& thing) {
    if (!thing.name.empty()) {
      const auto id = resolve(draft_, bare_name(s, thing.name));
      return id.empty() ? resolve(draft_, thing.name.text) : id;
    }
    if (thing.pronoun != "it" && thing.pronoun != "them" && thing.pronoun != "they") return {};
    std::string last;
    for (const auto& m : draft_.mentions(index)) {
      if (m.first >= thing.first) break;
      if (m.kind == Mention::Kind::kEntity && m.actor.empty() &&
          !draft_.note(m.entity).person) {
        last = m.entity;
      }
    }
    if (last.empty() && index > 0) {
      for (const auto& m : draft_.mentions(index - 1)) {
        if (m.kind == Mention::Kind::kEntity && !draft_.note(m.entity).person) last = m.entity;
      }
    }
    return last;
  }

  std::string person_entity(const Scan& s, int index, const Thing& subject,
                            const std::string& pattern) {
    const Range range{index, subject.name.first, subject.name.last};
    const auto name = subject_name(s, subject);
    const auto id = draft_.add_entity(name, draft_.implied(range, pattern));
    draft_.note(id).person = true;
    return id;
  }

  std::string actor(const Scan& s, int index, const Thing& subject) {
    const Range range{index, subject.name.first, subject.name.last};
    const auto id = draft_.add_actor(subject_name(s, subject), draft_.stated(range, "actor.acts"));
    draft_.claim(range);
    return id;
  }

  void events(const Scan& s, int index, const Action& action) {
    if (!makes_event(s, action) || action.system || action.negated) return;
    if (action.subjects.empty() || !acts(draft_, s, action.subjects.front(), action)) return;
    const auto* target = counted_in(draft_, s, action);
    if (target != nullptr) {
      draft_.claim({index, action.objects.front().name.first, action.objects.front().name.last});
    } else {
      target = target_of(action);
    }
    const auto& subject = action.subjects.front();
    if (target == nullptr || target->name.empty()) {
      if (!action.dependent && !event_noun_of(action.verb).empty() &&
          event_for(draft_, action.verb).empty() && action.verb == "check_in") {
        make_event(s, index, action, subject, "");
      }
      return;
    }
    const auto object_name = bare_name(s, target->name);
    auto object = entity_of(s, index, *target);
    if (!object.empty() && !draft_.note(object).verb.empty()) return;
    if (const auto moved = moved_event(object); !moved.empty()) {
      draft_.moves.push_back({moved, action.verb, draft_.stated({index, action.first, action.last},
                                                                "transitions.person")});
      Grant grant;
      grant.actor = actor(s, index, subject);
      grant.verb = action.verb;
      grant.entity = moved;
      grant.origin = draft_.stated({index, action.first, action.last}, "permission.svo");
      draft_.grants.push_back(grant);
      claim_action(index, action, *target);
      return;
    }
    if (object_is_event(draft_, object.empty() ? object_name : object, action)) {
      if (object.empty()) {
        object = draft_.add_entity(object_name,
                                   draft_.stated({index, target->first, target->last},
                                                 "entity.event"));
      }
      adopt_event(s, index, action, subject, object);
      return;
    }
    if (action.dependent && object.empty()) return;
    if (object.empty()) {
      if (!can_be_entity(draft_, object_name)) return;
      object = draft_.add_entity(object_name,
                                 draft_.stated({index, target->name.first, target->name.last},
                                               "entity.object"));
    }
    if (auto known = event_for(draft_, action.verb); !known.empty()) {
      if (draft_.note(known).subject_role.empty()) join_subject(s, index, subject, known);
      claim_action(index, action, *target);
      return;
    }
    make_event(s, index, action, subject, object);
    claim_action(index, action, *target);
  }

  // "Reception checks guests in": what guests do is already an event.
  std::string moved_event(const std::string& object) {
    if (object.empty() || !is_people(draft_.entity(object).name)) return {};
    for (const auto& [id, note] : draft_.notes) {
      const auto* r = draft_.relation(id, note.subject_role);
      if (!note.verb.empty() && r != nullptr && r->to == object) return id;
    }
    return {};
  }

  // "reserve a room from an arrival date to a departure date"
  void event_fields(int index, const Action& action, const std::string& event) {
    for (const auto& p : action.prepositions) {
      if (p.thing.name.empty()) continue;
      const auto guess = guess_type(p.thing.name.text, false);
      const bool time = guess.type == spec::Type::kDate || guess.type == spec::Type::kTime ||
                        guess.type == spec::Type::kDatetime || guess.type == spec::Type::kDuration;
      if (!time || p.word == "within" || p.word == "until" || p.word == "before") continue;
      const Range range{index, p.thing.name.first, p.thing.name.last};
      draft_.add_attribute(event, p.thing.name.text, draft_.stated(range, "attr.event"));
      draft_.claim(range);
    }
  }

  // "Listeners can rate episodes from 1 to 5": the rating has a value.
  void event_value(const Scan& s, int index, const Action& action, const std::string& event) {
    const int from = action.last + 1;
    if (!s.any(from, {"from", "with", "between"}) || !s.at(from + 1).number ||
        !s.at(from + 3).number) {
      return;
    }
    const Range range{index, from, s.any(from + 4, {"star", "point"}) ? from + 4 : from + 3};
    auto& a = draft_.add_attribute(event, "value", draft_.stated(range, "attr.value"));
    a.type = spec::Type::kInt;
    a.required = true;
    const auto id = a.id;
    Item item;
    item.first = range.first;
    item.last = range.last;
    item.min = s.at(from + 1).number;
    item.max = s.at(from + 3).number;
    apply_marks(draft_, event, id, item, index);
  }

  void claim_action(int index, const Action& action, const Thing& target) {
    if (!action.subjects.empty()) {
      for (const auto& subject : action.subjects) {
        draft_.claim({index, subject.first, subject.last});
      }
    }
    draft_.claim({index, action.verb_first, action.verb_last});
    draft_.claim({index, target.name.first, target.name.last});
    // A particle stands behind the object.
    if (action.verb.find('_') != std::string::npos) draft_.claim(index, target.last + 1);
  }

  void join_subject(const Scan& s, int index, const Thing& subject, const std::string& event) {
    const auto person = person_entity(s, index, subject, "entity.actor");
    if (person == event) return;
    auto& note = draft_.note(event);
    note.subject_role = draft_.relate(event, person, "",
        draft_.implied({index, subject.first, subject.last}, "relation.subject")).role;
    actor(s, index, subject);
  }

  void make_event(const Scan& s, int index, const Action& action, const Thing& subject,
                  const std::string& object) {
    const Range range{index, action.first, action.last};
    auto name = event_name(draft_, action);
    if (object == draft_.entity_named(name) && !object.empty()) name = verb_words(action.verb);
    const auto event = draft_.add_entity(name, draft_.implied(range, "entity.event"),
                                         spec::EntityKind::kEvent);
    if (event == object) return;
    draft_.entity(event).kind = spec::EntityKind::kEvent;
    auto& note = draft_.note(event);
    note.verb = action.verb;
    note.where = range;
    if (!object.empty()) {
      note.object_role = draft_.relate(event, object, "",
                                       draft_.implied(range, "relation.object")).role;
    }
    join_subject(s, index, subject, event);
    event_fields(index, action, event);
    event_value(s, index, action, event);
    draft_.claim({index, action.verb_first, action.verb_last});
  }

  void adopt_event(const Scan& s, int index, const Action& action, const Thing& subject,
                   const std::string& event) {
    draft_.entity(event).kind = spec::EntityKind::kEvent;
    auto& note = draft_.note(event);
    if (note.verb.empty()) {
      note.verb = action.verb;
      note.where = {index, action.first, action.last};
      join_subject(s, index, subject, event);
    }
    for (const auto& p : action.prepositions) {
      if ((p.word == "with" || p.word == "for" || p.word == "at") && !p.thing.name.empty()) {
        const auto name = bare_name(s, p.thing.name);
        if (!is_people(name) && draft_.entity_named(name).empty()) continue;
        const Range range{index, p.thing.name.first, p.thing.name.last};
        const auto other = draft_.add_entity(name, draft_.stated(range, "entity.with"));
        if (is_people(name)) draft_.note(other).person = true;
        draft_.relate(event, other, "", draft_.stated(range, "relation.with"));
        draft_.claim(range);
      }
    }
    for (const auto& object : action.objects) {
      draft_.claim({index, action.first, object.last});
    }
  }

  // "Authors write posts": the post knows its author.
  void authors(const Scan& s, int index, const Action& action) {
    if (action.negated || action.dependent || action.subjects.empty()) return;
    if (!leaves_author(action.verb) && verb_class(action.verb) != VerbClass::kOwn) return;
    const auto& subject = action.subjects.front();
    if (!acts(draft_, s, subject, action) || action.only) return;
    if (!event_for(draft_, action.verb).empty() &&
        event_name(draft_, action) == draft_.entity(event_for(draft_, action.verb)).name) {
      return;  // the event knows who
    }
    for (const auto& object : action.objects) {
      const auto id = entity_of(s, index, object);
      if (id.empty() || object.name.empty() || draft_.note(id).person) continue;
      if (verb_class(action.verb) == VerbClass::kOwn && (action.verb == "have" ||
                                                         object.determiner == "the")) {
        continue;
      }
      auto& note = draft_.note(id);
      const auto person = person_entity(s, index, subject, "entity.author");
      if (person == id || draft_.relation_to(id, person) != nullptr) continue;
      const Range range{index, action.first, action.last};
      auto& relation = draft_.relate(id, person, "", draft_.implied(range, "relation.author"));
      if (verb_class(action.verb) != VerbClass::kOwn) {
        note.subject_role = relation.role;
        if (note.verb.empty()) note.verb = action.verb;
        note.where = range;
      }
      actor(s, index, subject);
      draft_.claim({index, action.first, object.last});
      if (verb_class(action.verb) != VerbClass::kOwn) receivers(s, index, action, id);
    }
  }

  // "give grades to pupils for tests"
  void receivers(const Scan& s, int index, const Action& action, const std::string& id) {
    for (const auto& p : action.prepositions) {
      if (p.thing.name.empty() || (p.word != "to" && p.word != "for")) continue;
      const auto bare = bare_name(s, p.thing.name);
      if (!is_people(bare) && draft_.entity_named(bare).empty()) continue;
      const Range range{index, p.thing.name.first, p.thing.name.last};
      const auto other = draft_.add_entity(bare, draft_.stated(range, "entity.receiver"));
      if (is_people(bare)) draft_.note(other).person = true;
      if (other == id || draft_.relation_to(id, other) != nullptr) continue;
      draft_.relate(id, other, "", draft_.stated(range, "relation.receiver"));
      draft_.claim(range);
    }
  }

  // "Members return books": how a loan ends.
  void closings(const Scan& s, int index, const Action& action) {
    if (!is_closing_verb(action.verb) || action.dependent || action.negated) return;
    const auto* target = target_of(action);
    const std::string object = target == nullptr ? "" : entity_of(s, index, *target);
    for (auto& [id, note] : draft_.notes) {
      if (note.verb.empty() || draft_.entity(id).kind != spec::EntityKind::kEvent) continue;
      const auto* relation = draft_.relation(id, note.object_role);
      const bool about = object == id || (relation != nullptr && relation->to == object);
      if (!about || note.close_verb == action.verb) continue;
      if (!note.close_verb.empty() && closing_verb(note.verb) != action.verb) continue;
      note.close_verb = action.verb;
      claim_action(index, action, *target);
      return;
    }
  }

  void grants(const Scan& s, int index, const Action& action) {
    if (action.dependent || action.system) return;
    std::vector<Thing> subjects = action.subjects;
    std::erase_if(subjects, [&](const Thing& t) { return !acts(draft_, s, t, action); });
    if (subjects.empty()) return;
    std::vector<std::pair<std::string, const Thing*>> targets;
    for (const auto& object : action.objects) {
      if (const auto id = entity_of(s, index, object); !id.empty())
        targets.push_back({id, &object});
    }
    if (const auto* target = counted_in(draft_, s, action); target != nullptr) {
      targets = {{entity_of(s, index, *target), target}};
    }
    if (targets.empty()) {
      if (const auto* target = target_of(action); target != nullptr) {
        const auto id = entity_of(s, index, *target);
        if (!id.empty()) targets.push_back({id, target});
      }
    }
    if (targets.empty()) {
      const auto id = event_for(draft_, action.verb);
      if (!id.empty()) targets.push_back({id, nullptr});
    }
    for (const auto& [id, thing] : targets) {
      for (const auto& subject : subjects) grant(s, index, action, subject, id, thing);
    }
  }

  void grant(const Scan& s, int index, const Action& action, const Thing& subject,
             const std::string& id, const Thing* thing) {
    if (action.passive && !is_people(bare_name(s, subject.name))) return;
    const auto c = verb_class(action.verb);
    const bool event = !event_for(draft_, action.verb).empty();
    if (c == VerbClass::kOwn || c == VerbClass::kContain || c == VerbClass::kHave ||
        c == VerbClass::kBelong || c == VerbClass::kBuild) {
      return;
    }
    const bool known = event || c != VerbClass::kOther || is_closing_verb(action.verb) ||
                       action.verb == "assign" || draft_.operation_on(id, action.verb) != nullptr ||
                       action.verb == draft_.note(id).close_verb;
    if (!known) return;
    Grant grant;
    grant.actor = actor(s, index, subject);
    grant.verb = action.verb;
    grant.entity = id;
    grant.only = action.only && !action.negated;
    grant.deny = action.negated;
    grant.own = thing != nullptr && owns(s, *thing);
    const Range range{index, action.first, action.last};
    if (!subject.of.empty()) {
      // "the author of a post": who the record says it is.
      const auto owner = resolve(draft_, text::singular(subject.of));
      if (!owner.empty()) {
        const auto person = person_entity(s, index, subject, "entity.owner");
        grant.own = true;
        auto* relation = draft_.relation_to(owner, person);
        grant.own_role = relation != nullptr ? relation->role
            : draft_.relate(owner, person, "", draft_.implied(range, "relation.owner")).role;
        draft_.claim({index, subject.first, subject.last});
      }
    }
    if (const auto owner = owned_by_name(s, subject); !owner.empty() && subject.of.empty()) {
      own_by_role(s, index, subject, owner, &grant);
    }
    if (grant.own && grant.own_role.empty() && !own_path(s, index, subject, grant)) return;
    grant.origin = draft_.stated(range, "permission.svo");
    // "the grades of their classes": only some of them.
    if (thing != nullptr && !thing->of.empty() && thing->last > thing->name.last && !grant.own) {
      draft_.poison({index, thing->name.last + 1, thing->last});
    }
    if (thing != nullptr) claim_action(index, action, *thing);
    else draft_.claim({index, action.verb_first, action.verb_last});
    add_permission_rule(index, action, &grant);
    draft_.grants.push_back(grant);
  }

  // "their own grades" needs a way from the grade to the person; made when there is no other.
  bool own_path(const Scan& s, int index, const Thing& subject, const Grant& grant) {
    const Range range{index, subject.name.first, subject.name.last};
    const auto bare = bare_name(s, subject.name);
    const auto known = draft_.entity_named(bare);
    bool other = false;
    std::vector<std::string> near{grant.entity};
    for (const auto* r : relations_of(draft_.spec, grant.entity)) near.push_back(r->to);
    for (const auto& from : near) {
      for (const auto* r : relations_of(draft_.spec, from)) {
        if (r->to == known) return true;
        other = other || is_people(draft_.entity(r->to).name);
      }
    }
    if (known == grant.entity) return true;
    if (other) {
      draft_.ask("Which " + draft_.entity(grant.entity).plural + " are a " + bare + "'s own?",
                 index, {}, "none: the sentence is not enforced", "high");
      draft_.poison(range);
      return false;
    }
    const auto person = person_entity(s, index, subject, "entity.owner");
    draft_.relate(grant.entity, person, "", draft_.implied(range, "relation.own"));
    return true;
  }

  // "the project owner": the entity in front of owner, creator, author.
  std::string owned_by_name(const Scan& s, const Thing& subject) {
    const auto bare = bare_name(s, subject.name);
    const auto space = bare.rfind(' ');
    if (space == std::string::npos) return {};
    const auto role = bare.substr(space + 1);
    if (role != "owner" && role != "creator" && role != "author") return {};
    return draft_.entity_named(bare.substr(0, space));
  }

  // The person is one of the people there are, not a kind of their own.
  void own_by_role(const Scan& s, int index, const Thing& subject, const std::string& owner,
                   Grant* grant) {
    const Range range{index, subject.name.first, subject.name.last};
    const auto bare = bare_name(s, subject.name);
    std::string person;
    int people = 0;
    for (const auto& entity : draft_.spec.entities) {
      if (entity.id == owner || !is_people(entity.name)) continue;
      person = entity.id;
      ++people;
    }
    if (people != 1) {
      person = draft_.add_entity("user", Draft::assumed());
      draft_.note(person).person = true;
    }
    const auto role = bare.substr(bare.rfind(' ') + 1);
    grant->own = true;
    grant->own_role = draft_.relate(owner, person, role,
                                    draft_.implied(range, "relation.owner")).role;
    const auto actor = grant->actor;
    grant->actor =
        draft_.add_actor(draft_.entity(person).name, draft_.stated(range, "actor.owner"));
    const bool used = std::any_of(draft_.grants.begin(), draft_.grants.end(),
                                  [&](const Grant& g) { return g.actor == actor; });
    if (!used && actor != grant->actor) {
      draft_.remove_actor(actor);
    }
  }

  static bool owns(const Scan& s, const Thing& thing) {
    for (int i = thing.first; i <= thing.last; ++i) {
      if (s.is(i, "own")) return true;
    }
    return thing.first > 0 && s.is(thing.first - 1, "own");
  }

  void add_permission_rule(int index, const Action& action, Grant* grant) {
    const bool moves = verb_class(grant->verb) == VerbClass::kTransition;
    if (!action.only && !grant->own && action.modal.empty() && !action.negated && !moves) return;
    if (grant->deny && !grant->own) {
      // "can't borrow more than 3": a rule of another kind takes it.
      const Scan s(draft_.sentence(index));
      if (s.find_any(action.verb_last, s.size() - 1,
                     {"more than", "if", "unless", "when", "until", "than", "two", "twice",
                      "before", "after", "at the same time", "while", "in the past"}) >= 0) {
        grant->deny = false;
        return;
      }
    }
    const Range range{index, action.first, action.last};
    const auto kind = grant->own ? "ownership" : "permission";
    const auto& entity = draft_.entity(grant->entity);
    const Scan scan(draft_.sentence(index));
    for (int i = action.verb_last; i <= action.last; ++i) {
      if (scan.at(i).number && !grant->only && !grant->own) return;  // a limit, read elsewhere
    }
    std::string who = a_noun(text::replace_all(grant->actor, "_", " "));
    who = grant->only && !grant->own ? "Only " + who : text::upper_first(who);
    std::string canonical = who +
                            (grant->deny ? " can't " : grant->only && grant->own ? " can only "
                                                                                : " can ") +
                            verb_words(grant->verb) + (grant->own ? " their own " : " ") +
                            entity.plural + ".";
    auto& rule = draft_.add_rule(kind, range, "permission.svo", std::move(canonical),
                                 {{"actor", grant->actor}, {"op", grant->verb},
                                  {"on", grant->entity}, {"only", grant->only}}, false);
    for (int i = action.first; i <= action.last; ++i) {
      if (scan.any(i, {"only", "own"})) draft_.claim(index, i);
    }
    if (action.first > 0 && scan.is(action.first - 1, "only"))
      draft_.claim(index, action.first - 1);
    if (action.negated) draft_.claim({index, action.verb_first, action.verb_last});
    rule.enforced_in = {"api"};
    grant->rule = rule.id;
  }

  Draft& draft_;
  const Reading& reading_;
};

}  // namespace

namespace {

// "parking permits" where permits are known and no other kind of them: the permits.
std::string same_by_head(const Draft& draft, const std::string& name) {
  const auto space = name.rfind(' ');
  if (space == std::string::npos || !draft.entity_named(name).empty()) return {};
  const auto head = draft.entity_named(name.substr(space + 1));
  if (head.empty() || !draft.entity_named(name.substr(0, space)).empty()) return {};
  if (is_people(name.substr(0, space))) return {};  // "customer orders": those of customers
  const auto it = draft.notes.find(head);
  return it != draft.notes.end() && it->second.listed && it->second.aliases.empty() ? head
                                                                                    : std::string{};
}

}  // namespace

void find_entities_in_actions(Draft& draft, const Reading& reading) {
  for (int i = 0; i < static_cast<int>(reading.actions.size()); ++i) {
    if (outside_sentence(draft, i)) continue;
    const Scan s(draft.sentence(i));
    for (const auto& action : reading.actions[static_cast<std::size_t>(i)]) {
      if (action.dependent || action.negated) continue;
      const auto c = verb_class(action.verb);
      const bool system = action.subjects.empty() && !action.passive;
      bool person = false;
      for (const auto& subject : action.subjects)
        person = person || acts(draft, s, subject, action);
      for (const auto& subject : action.subjects) {
        if (subject.name.empty()) continue;
        const auto bare = bare_name(s, subject.name);
        if (is_people(bare)) draft.acting.insert(bare);
      }
      if (!person && !system) continue;
      if (!brings_into_being(c) && !(person && makes_event(s, action))) continue;
      if (c == VerbClass::kTransition && action.objects.empty()) continue;
      for (const auto& object : action.objects) {
        if (object.name.empty() || !object.of.empty()) continue;
        const auto name = bare_name(s, object.name);
        // "change the price": a field of something.
        const bool field = guess_type(name, false).known && !object.name.plural;
        const bool strong = person && object.name.plural && leaves_author(action.verb) &&
                            may_be_entity(name);
        if (field || !(strong || can_be_entity(draft, name))) continue;
        if (c == VerbClass::kUpdate && draft.entity_named(name).empty()) continue;
        if (guess_type(name, false).known && guess_type(name, false).count &&
            draft.entity_named(name).empty()) {
          continue;
        }
        const Range range{i, object.name.first, object.name.last};
        if (const auto known = same_by_head(draft, name); !known.empty()) {
          draft.add_alias(known, name);
          draft.claim(range);
          if (system) draft.claim({i, action.verb_first, action.verb_last});
          continue;
        }
        const auto id = draft.add_entity(name, draft.stated(range, "entity.object"));
        if (is_people(name)) draft.note(id).person = true;
        if (draft.main_entity.empty()) draft.main_entity = id;
        draft.claim(range);
        if (system) draft.claim({i, action.verb_first, action.verb_last});
      }
    }
  }
}

void read_roles(Draft& draft, const Reading& reading) { RoleReader(draft, reading).run(); }

}  // namespace cadre::offline::analysis
