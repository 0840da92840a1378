#include "offline/analysis/actions.h"

#include <algorithm>

#include "offline/analysis/words.h"

namespace cadre::offline::analysis {
namespace {

bool is_pronoun(const Scan& s, int i) {
  return s.any(i, {"it", "they", "them", "he", "she", "him", "i", "we", "you", "me", "us",
                   "who"});
}

bool adverb(const Scan& s, int i) {
  return s.at(i).tag == Tag::kAdverb ||
         s.any(i, {"also", "then", "only", "not", "never", "always", "just", "still", "now",
                   "both", "all", "automatically", "n't"});
}

bool particle_word(const Scan& s, int i) {
  return s.any(i, {"in", "out", "back", "up", "off", "down", "away", "over"});
}

class Reader {
 public:
  explicit Reader(const Sentence& sentence) : s_(sentence) {}

  std::vector<Action> run() {
    int i = 0;
    if (s_.is(0, "as") && s_.at(1).tag == Tag::kDeterminer) i = read_role();
    while (i < s_.size()) i = step(i);
    return std::move(actions_);
  }

 private:
  // "As a <role>, I want to": the role speaks as "I".
  int read_role() {
    const auto name = name_after(s_, 1, s_.size() - 1);
    if (name.empty()) return 1;
    role_.name = name;
    role_.first = 0;
    role_.last = name.last;
    has_role_ = true;
    return s_.is(name.last + 1, ",") ? name.last + 2 : name.last + 1;
  }

  int step(int i) {
    if (s_.any(i, {"so that", "in order to"}) || s_.sequence(i, {"so", "that"})) return s_.size();
    if (s_.any(i, {"if", "when", "unless", "until", "before", "after", "while", "once"}) ||
        s_.any(i, {"because", "whenever", "as soon as"})) {
      dependent_ = true;
      group_.clear();
      return i + 1;
    }
    if (s_.any(i, {";", ":", "."})) {
      dependent_ = false;
      group_.clear();
      if (s_.is(i, ":")) subjects_.clear();
      return i + 1;
    }
    if (s_.is(i, "(")) return std::max(i + 1, s_.closing(i) + 1);
    if (s_.is(i, ",")) {
      if (dependent_ && acted_) dependent_ = false;
      acted_ = false;
      return i + 1;
    }
    if (starts_verb(i)) return read_verb(i);
    if (s_.is(i, "to") && s_.at(i + 1).tag == Tag::kVerb) return read_verb(i + 1);
    Thing thing;
    if (!group_.empty() && group_.back().last == i - 1 && s_.at(i).tag == Tag::kPreposition &&
        read_thing(i + 1, &thing)) {
      group_.back().last = thing.last;
      return thing.last + 1;
    }
    if (read_thing(i, &thing)) {
      const bool joined = i > 0 && s_.any(i - 1, {"and", "or", ","}) && !group_.empty();
      if (!joined) group_.clear();
      group_.push_back(thing);
      return thing.last + 1;
    }
    if (!s_.any(i, {"and", "or", ","}) && !adverb(s_, i)) group_.clear();
    return i + 1;
  }

  bool starts_verb(int i) const {
    const auto& t = s_.at(i);
    if (t.tag == Tag::kModal || t.tag == Tag::kAuxiliary) return true;
    if (t.tag != Tag::kVerb) return false;
    if (t.form == VerbForm::kGerund) {
      return i > 0 && s_.any(i - 1, {"for", "of", "by", "to"});
    }
    if (t.form == VerbForm::kPastParticiple) return false;
    return true;
  }

  bool read_thing(int i, Thing* thing) const {
    thing->first = i;
    if (is_pronoun(s_, i)) {
      thing->pronoun = s_.at(i).lower;
      thing->last = i;
      return true;
    }
    const auto name = name_after(s_, i, s_.size() - 1);
    if (name.empty()) return false;
    for (int t = i; t < name.first; ++t) {
      if (s_.at(t).tag == Tag::kDeterminer || s_.at(t).tag == Tag::kPronoun) {
        thing->determiner = s_.at(t).lower;
      }
    }
    thing->name = name;
    thing->last = name.last;
    if (s_.is(name.last + 1, "of")) {
      const auto of = name_after(s_, name.last + 2, s_.size() - 1);
      if (!of.empty()) {
        thing->of = of.text;
        thing->last = of.last;
      }
    }
    return true;
  }

  int read_verb(int i) {
    Action action;
    action.verb_first = i;
    action.dependent = dependent_;
    const bool near = !group_.empty() && adjacent(group_.back().last, i);
    if (near) {
      // "..., teachers see": a list without "and" is no list of subjects.
      if (group_.size() > 1 && s_.is(group_.back().first - 1, ",")) group_ = {group_.back()};
      action.subjects = group_;
      subjects_ = group_;
    } else if (i > 0 && !sentence_start(i)) {
      action.subjects = subjects_;
    }
    if (near) {
      const auto& front = group_.front();
      const int name = front.name.empty() ? front.first : front.name.first;
      for (int t = std::max(0, front.first - 1); t < name; ++t) {
        action.only = action.only || s_.is(t, "only");
      }
      for (int t = group_.back().last + 1; t < i; ++t) {
        action.only = action.only || s_.is(t, "only");
      }
    }
    int v = skip_auxiliaries(i, &action);
    if (v < 0) return i + 1;
    std::vector<int> verbs{v};
    int after = v + 1;
    // "edit or delete", "create, edit and delete"
    while (s_.any(after, {"and", "or", ",", "/"})) {
      int next = after;
      while (s_.any(next, {"and", "or", ",", "/"})) ++next;
      if (s_.at(next).tag != Tag::kVerb || (s_.at(next).form != s_.at(v).form)) break;
      verbs.push_back(next);
      after = next + 1;
    }
    const auto head = group_;
    const bool relative = near && s_.any(i - 1, {"who", "which", "that"});
    finish(&action, verbs, after);
    acted_ = true;
    // "A member who returns an item late pays": the member pays.
    if (relative && !s_.any(after, {"and", "or", ","})) {
      group_ = head;
      group_.back().last = std::max(after, action.last + 1) - 1;
    }
    return std::max(after, action.last + 1);
  }

  bool adjacent(int last, int verb) const {
    for (int t = last + 1; t < verb; ++t) {
      if (s_.is(t, "(")) {
        t = s_.closing(t);
        continue;
      }
      if (!adverb(s_, t) && !s_.any(t, {"to", "who", "which", "that"})) return false;
    }
    return true;
  }

  bool sentence_start(int i) const {
    for (int t = 0; t < i; ++t) {
      if (s_.noun(t) || is_pronoun(s_, t) || s_.at(t).tag == Tag::kVerb) return false;
    }
    return true;
  }

  // Returns the main verb's index, or -1 (copula, have, nothing).
  int skip_auxiliaries(int i, Action* action) {
    bool be = false;
    for (int guard = 0; guard < 12 && s_.inside(i); ++guard, ++i) {
      const auto& t = s_.at(i);
      if (t.tag == Tag::kModal) {
        action->modal = t.lower;
        if (t.lower == "cannot" || t.lower == "can't") action->negated = true;
      } else if (s_.any(i, {"not", "never", "n't"}) || t.tag == Tag::kNegation) {
        action->negated = true;
      } else if (s_.is(i, "only")) {
        action->only = true;
      } else if (s_.is(i, "be")) {
        be = true;
      } else if (be && s_.any(i, {"able", "possible", "allowed", "permitted", "entitled"}) &&
                 s_.is(i + 1, "to")) {
        action->modal = "can";
        be = false;
        ++i;
      } else if (s_.any(i, {"want", "need", "like", "wish", "have", "do"}) &&
                 (s_.is(i + 1, "to") || (s_.is(i, "do") && (s_.is(i + 1, "not") ||
                                                            s_.at(i + 1).tag == Tag::kNegation)))) {
        if (action->modal.empty()) action->modal = s_.is(i, "have") ? "must" : "can";
        if (s_.is(i + 1, "to")) ++i;
      } else if (s_.is(i, "have") && s_.at(i + 1).form == VerbForm::kPastParticiple) {
        continue;
      } else if (adverb(s_, i) || s_.is(i, "to")) {
        continue;
      } else if (t.tag == Tag::kVerb || !action->modal.empty()) {
        if (be && t.form != VerbForm::kPastParticiple) return -1;
        if (be) action->passive = true;
        if (t.tag != Tag::kVerb && (be || t.tag == Tag::kDeterminer || s_.punctuation(i)))
          return -1;
        return i;
      } else {
        return -1;
      }
    }
    return -1;
  }

  void read_objects(int* i, Action* action) {
    while (*i < s_.size()) {
      Thing thing;
      if (starts_verb(*i) && !s_.noun(*i)) break;
      if (!read_thing(*i, &thing)) break;
      // "Members borrow books and librarians lend them": a new subject.
      if (!action->objects.empty() && starts_verb(thing.last + 1)) break;
      action->objects.push_back(thing);
      action->last = thing.last;
      *i = thing.last + 1;
      int next = *i;
      while (s_.any(next, {"and", "or", ",", "/"})) ++next;
      if (next == *i || starts_verb(next)) break;
      Thing probe;
      if (!read_thing(next, &probe) || starts_verb(probe.last + 1)) break;
      *i = next;
    }
  }

  void read_prepositions(int* i, Action* action) {
    while (s_.at(*i).tag == Tag::kPreposition || s_.any(*i, {"to", "per", "from", "by"})) {
      Preposition p;
      p.word = s_.at(*i).lower;
      if (s_.at(*i + 1).tag == Tag::kVerb || !read_thing(*i + 1, &p.thing)) break;
      // "by the manager": the agent of a passive.
      if (p.word == "by" && action->passive) {
        action->subjects = {p.thing};
        int next = p.thing.last + 1;
        Thing more;
        while (s_.any(next, {"and", "or"}) && read_thing(next + 1, &more)) {
          action->subjects.push_back(more);
          p.thing.last = more.last;
          next = more.last + 1;
        }
      } else {
        action->prepositions.push_back(p);
      }
      action->last = p.thing.last;
      *i = p.thing.last + 1;
      // "to one member at a time through a contract"
      if (s_.at(*i).tag == Tag::kAdverb && s_.at(*i + 1).tag == Tag::kPreposition) ++*i;
    }
  }

  void finish(Action* action, const std::vector<int>& verbs, int& after) {
    action->last = after - 1;
    action->verb_last = after - 1;
    auto agent = action->subjects;
    std::string particle;
    if (particle_word(s_, after) || s_.at(after).tag == Tag::kParticle) {
      Thing probe;
      if (s_.at(after).tag == Tag::kParticle || !read_thing(after + 1, &probe)) {
        particle = s_.at(after).lower;
        action->last = after++;
      }
    }
    if (action->passive) {
      action->objects = agent;
      action->subjects.clear();
    } else if (verb_class(s_.at(verbs.front()).lemma) == VerbClass::kEvent &&
               s_.is(after, "to") && s_.at(after + 1).tag == Tag::kVerb) {
      // "apply to adopt an animal": what it is about.
      after += 2;
      read_objects(&after, action);
    } else {
      read_objects(&after, action);
    }
    if (particle.empty() && particle_word(s_, after)) {
      Thing probe;
      if (s_.at(after).tag == Tag::kParticle || !read_thing(after + 1, &probe)) {
        particle = s_.at(after).lower;
        action->last = after++;
      }
    }
    read_prepositions(&after, action);
    for (auto& object : action->objects) {
      if ((object.pronoun == "it" || object.pronoun == "them") && !last_object_.name.empty() &&
          last_object_.name.plural == (object.pronoun == "them")) {
        object.name = last_object_.name;
        object.antecedent = true;
      }
      if (!object.name.empty() && !object.antecedent) last_object_ = object;
    }
    name_people(action);
    action->first = action->subjects.empty() || action->passive ? action->verb_first
                                                                : action->subjects.front().first;
    if (action->passive && !action->objects.empty()) action->first = action->objects.front().first;
    for (const int v : verbs) {
      Action one = *action;
      one.verb = s_.at(v).lemma.empty() ? s_.at(v).lower : s_.at(v).lemma;
      if (!particle.empty() && one.verb.find('_') == std::string::npos) one.verb += "_" + particle;
      emit(std::move(one));
    }
    if (allows(*action, verbs)) {
      // "lets users add tasks": the object acts next.
      group_ = action->objects;
      if (!group_.empty()) subjects_ = group_;
    } else {
      group_ = action->prepositions.empty() ? action->objects
                                            : std::vector<Thing>{action->prepositions.back().thing};
    }
  }

  bool allows(const Action& action, const std::vector<int>& verbs) const {
    return verb_class(s_.at(verbs.front()).lemma) == VerbClass::kAllow && !action.objects.empty();
  }

  // "Supervisors see everything, and only they can close a case": the supervisors.
  void name_they(Thing* subject) const {
    const bool they = subject->pronoun == "they";
    if (!they && subject->pronoun != "he" && subject->pronoun != "she") return;
    if (last_people_.name.empty() || (they && !last_people_.name.plural)) return;
    subject->name = last_people_.name;
    subject->antecedent = true;
  }

  void name_people(Action* action) {
    for (auto& subject : action->subjects) {
      name_they(&subject);
      const bool person = !subject.name.empty() && is_person_noun(s_.at(subject.name.last).lemma);
      if (person && !subject.antecedent) last_people_ = subject;
      if (subject.pronoun == "i" || subject.pronoun == "we" || subject.pronoun == "me" ||
          subject.pronoun == "us" || subject.pronoun == "you") {
        action->first_person = true;
        if (has_role_) subject = role_;
      }
    }
    if (action->first_person && !has_role_) action->subjects.clear();
    if (action->subjects.empty() && has_role_ && !action->passive) action->subjects = {role_};
    std::erase_if(action->subjects, [&](const Thing& thing) {
      if (thing.name.empty()) return false;
      const auto space = thing.name.text.rfind(' ');
      const auto head = space == std::string::npos ? thing.name.text
                                                   : thing.name.text.substr(space + 1);
      const bool product = is_product_noun(head) && !is_person_noun(head);
      action->system = action->system || product;
      return product;
    });
  }

  void emit(Action action) {
    // "lets users add tasks"; but "a plot is let to a member" says something.
    if (verb_class(action.verb) == VerbClass::kAllow && !action.objects.empty() &&
        !(action.passive && action.verb == "let")) {
      return;
    }
    actions_.push_back(std::move(action));
  }

  Scan s_;
  std::vector<Action> actions_;
  std::vector<Thing> group_;     // the noun phrases right in front
  std::vector<Thing> subjects_;  // the last subject, for verbs that share it
  Thing role_;
  Thing last_people_;            // what "they" means
  Thing last_object_;            // what "it" and "them" mean
  bool has_role_ = false;
  bool dependent_ = false;
  bool acted_ = false;
};

}  // namespace

std::vector<Action> read_actions(const Sentence& sentence) { return Reader(sentence).run(); }

bool is_fragment(const Scan& scan, int first, int last) {
  for (int i = first; i <= last; ++i) {
    const auto& t = scan.at(i);
    if (t.tag == Tag::kModal || t.tag == Tag::kAuxiliary) return false;
    if (t.tag == Tag::kVerb && (t.form == VerbForm::kThird || t.form == VerbForm::kPast)) {
      return false;
    }
    if (t.tag == Tag::kVerb && t.form == VerbForm::kBase && i > first) return false;
  }
  return true;
}

}  // namespace cadre::offline::analysis
