// The last way to find records: when no list of fields names any, what people say they keep,
// have or deal with does.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "offline/analysis/passes.h"
#include "offline/analysis/words.h"

namespace cadre::offline::analysis {
namespace {

template <std::size_t N>
bool among(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Verbs of writing down; what they are done to is a record, whoever does it.
bool writes_down(std::string_view verb) {
  static constexpr std::array<std::string_view, 34> kVerbs{
      "store", "record", "keep", "save", "track", "register", "log", "note", "manage", "organise",
      "organize", "collect", "maintain", "catalogue", "catalog", "administer", "enter", "file",
      "document", "archive", "list", "remember", "keep_track", "keep_up", "write_down", "jot_down",
      "note_down", "write_up", "jot", "put_down", "store_away", "look_after", "handle", "follow"};
  return among(verb, kVerbs);
}

// Nouns that hold others: "a list of plants", "information about plants".
bool holds_others(std::string_view noun) {
  static constexpr std::array<std::string_view, 17> kNouns{
      "list", "record", "register", "database", "overview", "catalogue", "catalog", "collection",
      "inventory", "log", "index", "directory", "information", "data", "lot", "number", "set"};
  return among(noun, kNouns);
}

class Introducer {
 public:
  Introducer(Draft& draft, const Reading& reading) : draft_(draft), reading_(reading) {}

  void run() {
    each([&](int index, const Action& a) { kept(index, a); });
    if (draft_.spec.entities.empty()) held();
    if (draft_.spec.entities.empty()) {
      each([&](int index, const Action& a) { dealt_with(index, a); });
    }
  }

 private:
  template <class F>
  void each(F use) {
    for (int i = 0; i < static_cast<int>(reading_.actions.size()); ++i) {
      if (outside_sentence(draft_, i)) continue;
      for (const auto& action : reading_.actions[static_cast<std::size_t>(i)]) use(i, action);
    }
  }

  // `handed`: people borrow, rent or buy it, so that "tools" are no word for the product.
  bool add(int index, const Name& name, std::string_view pattern, bool handed = false) {
    const Scan s(draft_.sentence(index));
    const auto bare = bare_name(s, name);
    const auto guess = guess_type(bare, false);
    const bool can = can_be_entity(draft_, bare) || (handed && name.plural);
    if (name.empty() || !can || !may_be_entity(bare)) return false;
    if (guess.known && guess.type != spec::Type::kString && !name.plural) return false;
    const Range range{index, name.first, name.last};
    const auto id = draft_.add_entity(bare, draft_.stated(range, std::string(pattern)));
    if (is_people(bare)) draft_.note(id).person = true;
    if (draft_.main_entity.empty()) draft_.main_entity = id;
    draft_.claim(range);
    return true;
  }

  // "a record of all plants" in place of "plants".
  Name inner(const Scan& s, const Thing& thing) const {
    if (thing.name.empty() || !holds_others(s.at(thing.name.last).lemma)) return thing.name;
    const int at = thing.name.last + 1;
    if (!s.any(at, {"of", "about", "on", "for", "with"})) return {};
    return name_after(s, at + 1, s.size() - 1);
  }

  // "Something for tracking plants", "it should be possible to record accidents".
  void kept(int index, const Action& a) {
    if (a.negated || a.dependent || !writes_down(a.verb)) return;
    const Scan s(draft_.sentence(index));
    bool any = false;
    for (const auto& object : a.objects) any = add(index, inner(s, object), "entity.kept") || any;
    for (const auto& p : a.prepositions) {
      // "keep track of plants"
      if (!any && p.word == "of") any = add(index, p.thing.name, "entity.kept");
    }
    if (any) draft_.claim({index, a.verb_first, a.verb_last});
  }

  // "There are plants and gardeners", "a record of all plants", "I have lots of stamps".
  void held() {
    for (int index = 0; index < static_cast<int>(draft_.brief.sentences.size()); ++index) {
      if (outside_sentence(draft_, index)) continue;
      const Scan s(draft_.sentence(index));
      for (int i = 0; i < s.size(); ++i) {
        if (s.is(i, "there") && s.be(i + 1)) names_from(index, s, i + 2);
        if (s.noun(i) && holds_others(s.at(i).lemma) && s.any(i + 1, {"of", "about", "on"})) {
          names_from(index, s, i + 2);
        }
        const bool we = i > 0 && s.any(i - 1, {"i", "we"});
        if (we && s.any(i, {"have", "own", "run", "sell", "lend", "rent", "collect", "make",
                            "produce", "breed", "grow", "offer", "teach", "organise"})) {
          names_from(index, s, i + 1);
        }
      }
    }
  }

  void names_from(int index, const Scan& s, int i) {
    while (true) {
      const auto name = name_after(s, i, s.size() - 1);
      if (name.empty() || name.first > i + 3 || s.finite_verb(i)) return;
      // A single thing that we have is where it happens, no record.
      if (name.plural) add(index, name, "entity.held");
      if (!s.any(name.last + 1, {",", "and", "or"})) return;
      i = name.last + 2;
    }
  }

  // "Gardeners grow plants", "our club lends chairs to families", "every pupil gets a locker".
  void dealt_with(int index, const Action& a) {
    if (a.negated || a.dependent || a.system || a.passive || a.objects.empty()) return;
    const auto c = verb_class(a.verb);
    if (c == VerbClass::kBuild || c == VerbClass::kAllow) return;
    // What people do is a fact about records; what somebody wants a program to do is not.
    if (!a.modal.empty() || (a.subjects.empty() && !a.first_person)) return;
    const Scan s(draft_.sentence(index));
    const Thing subject = a.subjects.empty() ? Thing{} : a.subjects.front();
    const auto& object = a.objects.front();
    if (object.name.empty() || (subject.name.empty() && !a.first_person)) return;
    const bool ours =
        a.first_person || subject.determiner == "our" || subject.determiner == "my";
    const bool people = !ours && (is_people(bare_name(s, subject.name)) ||
                                  !s.at(subject.name.last).known);
    const bool each = subject.determiner == "every" || subject.determiner == "each";
    if (!(people || ours || each) || !(object.name.plural || each)) return;
    const bool handed = people && c == VerbClass::kEvent && is_product_noun(object.name.text);
    if (!add(index, object.name, "entity.dealt_with", handed)) return;
    if (!ours) add(index, subject.name, "entity.deals");
    for (const auto& p : a.prepositions) {
      if (p.thing.name.plural) add(index, p.thing.name, "entity.deals");
    }
  }

  Draft& draft_;
  const Reading& reading_;
};

}  // namespace

void introduce_records(Draft& draft, const Reading& reading) {
  if (draft.spec.entities.empty()) Introducer(draft, reading).run();
}

}  // namespace cadre::offline::analysis
