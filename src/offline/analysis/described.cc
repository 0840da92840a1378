// Records that a sentence describes by what they do: "a stay puts a boat on a berth", "a loan
// covers one institution and several objects", "a plot is let to a member through a tenancy".
#include <algorithm>

#include "base/text.h"
#include "offline/analysis/passes.h"
#include "offline/analysis/words.h"

namespace cadre::offline::analysis {
namespace {

bool says_nothing(const std::string& verb) {
  static constexpr std::string_view kVerbs[] = {
      "be",   "become", "need",  "cost", "last",   "expire",  "start", "go",   "change", "require",
      "take", "end",    "begin", "stop", "remain", "stay",    "get",   "have", "exceed", "receive",
      "do",   "happen", "work",  "look", "want",   "consist", "mean",  "show", "say",    "fail"};
  if (std::find(std::begin(kVerbs), std::end(kVerbs), verb) != std::end(kVerbs)) return true;
  switch (verb_class(verb)) {
    case VerbClass::kOther:
    case VerbClass::kEvent:
    case VerbClass::kCreate:
      return false;
    default:
      return true;
  }
}

class Describer {
 public:
  Describer(Draft& draft, const Reading& reading) : draft_(draft), reading_(reading) {}

  void run() {
    for (int i = 0; i < static_cast<int>(reading_.actions.size()); ++i) {
      if (outside_sentence(draft_, i)) continue;
      for (const auto& a : reading_.actions[static_cast<std::size_t>(i)]) read(i, a);
    }
  }

 private:
  struct Target {
    const Thing* thing;
    std::string entity;
    bool many = false;
  };

  static bool may(const Action& a) {
    return a.modal == "can" || a.modal == "may" || a.modal == "could";
  }

  void read(int index, const Action& a) {
    if (a.dependent || a.negated || a.system || a.only || a.first_person || may(a)) return;
    const bool let = a.passive && (a.verb == "let" || a.verb == "hold" || a.verb == "own");
    if (says_nothing(a.verb) && !let) return;
    const Scan s(draft_.sentence(index));
    const Thing* record = nullptr;
    std::vector<const Thing*> others;
    if (a.passive) {
      if (a.objects.size() != 1 || !a.subjects.empty()) return;
      record = &a.objects.front();
      for (const auto& p : a.prepositions) {
        if (p.word == "through" || p.word == "via") record = &p.thing;
      }
      if (record != &a.objects.front()) others.push_back(&a.objects.front());
    } else {
      if (a.subjects.size() != 1) return;
      record = &a.subjects.front();
      for (const auto& object : a.objects) others.push_back(&object);
    }
    for (const auto& p : a.prepositions) {
      if (&p.thing != record && p.word != "with" && p.word != "as") others.push_back(&p.thing);
    }
    if (record->name.empty() || record->name.plural || !record->of.empty()) return;
    relate(index, s, a, *record, others);
  }

  std::vector<Target> targets(const Scan& s, const std::vector<const Thing*>& things,
                              const std::string& record, bool counted) {
    std::vector<Target> found;
    for (const auto* thing : things) {
      if (thing->name.empty() || !thing->of.empty()) continue;
      const auto id = resolve(draft_, bare_name(s, thing->name));
      if (id.empty() || id == record) continue;
      bool one = thing->determiner == "a" || thing->determiner == "an", several = false;
      for (int i = thing->first; i < thing->name.first; ++i) {
        if (s.at(i).tag == Tag::kComparator && !s.is(i, "exactly")) return {};
        one = one || s.is(i, "one") || s.is(i, "exactly one");
        several = several || s.any(i, {"several", "multiple", "many", "some", "one or more"});
        if (s.at(i).number && *s.at(i).number > 1) return {};
      }
      if (s.at(thing->first - 1).number && *s.at(thing->first - 1).number == 1) one = true;
      if (thing->name.plural ? !several : !one) continue;
      if (counted && !thing->name.plural && thing->determiner == "a") {
        // "is issued for a": with a passive only "one" is certain.
        continue;
      }
      found.push_back({thing, id, thing->name.plural});
    }
    return found;
  }

  void relate(int index, const Scan& s, const Action& a, const Thing& thing,
              const std::vector<const Thing*>& others) {
    const auto bare = bare_name(s, thing.name);
    if (is_people(bare)) return;
    auto record = resolve(draft_, bare);
    const bool through = a.passive && &thing != &a.objects.front();
    const auto found = targets(s, others, record, a.passive && !through);
    if (found.empty()) return;
    const Range range{index, a.first, a.last};
    if (record.empty()) {
      if (found.size() < 2 || !can_be_entity(draft_, bare)) return;
      record = draft_.add_entity(bare, draft_.stated(range, "entity.described"));
    }
    bool used = false;
    for (const auto& target : found) used = add(index, record, target, range) || used;
    if (!used) return;
    draft_.claim({index, thing.name.first, thing.name.last});
    draft_.claim({index, a.verb_first, a.verb_last});
    period(index, s, a, record);
  }

  bool add(int index, const std::string& record, const Target& target, Range range) {
    const bool known = draft_.relation_to(record, target.entity) != nullptr ||
                       draft_.relation_to(target.entity, record) != nullptr;
    const auto origin = draft_.stated(range, "relation.described");
    if (!known && target.many) {
      join(record, target.entity, range);
    } else if (!known) {
      draft_.relate(record, target.entity, "", origin).required = true;
    }
    draft_.claim({index, target.thing->first, target.thing->name.last});
    return true;
  }

  void join(const std::string& from, const std::string& to, Range range) {
    const auto origin = draft_.stated(range, "relation.many");
    const auto via = draft_.add_entity(draft_.entity(from).name + " " + draft_.entity(to).name,
                                       draft_.implied(range, "relation.many"),
                                       spec::EntityKind::kAssociation);
    const auto first = draft_.relate(via, from, "", origin).role;
    const auto second = draft_.relate(via, to, "", origin).role;
    draft_.relation(via, first)->on_delete = spec::OnDelete::kCascade;
    draft_.relation(via, second)->on_delete = spec::OnDelete::kCascade;
    draft_.entity(via).natural_key = {first, second};
  }

  // "from arrival to departure", "from a date": when it begins and ends.
  void period(int index, const Scan& s, const Action& a, const std::string& record) {
    const Thing *from = nullptr, *to = nullptr;
    for (const auto& p : a.prepositions) {
      if (p.thing.name.empty() || p.thing.name.plural) continue;
      if (!resolve(draft_, bare_name(s, p.thing.name)).empty()) continue;
      if (p.word == "from") from = &p.thing;
      if (p.word == "to" || p.word == "until") to = &p.thing;
    }
    if (from == nullptr) return;
    if (s.is(from->name.last, "date") && from->name.first == from->name.last) {
      moment(index, record, *from, "start date");
      return;
    }
    if (to == nullptr) return;
    moment(index, record, *from, from->name.text);
    moment(index, record, *to, to->name.text);
  }

  void moment(int index, const std::string& record, const Thing& thing, const std::string& name) {
    const Range range{index, thing.name.first, thing.name.last};
    auto& a = draft_.add_attribute(record, name, draft_.stated(range, "attr.period"));
    if (a.type == spec::Type::kString) a.type = spec::Type::kDate;
    a.required = true;
    draft_.claim(range);
  }

  Draft& draft_;
  const Reading& reading_;
};

}  // namespace

void read_descriptions(Draft& draft, const Reading& reading) { Describer(draft, reading).run(); }

}  // namespace cadre::offline::analysis
