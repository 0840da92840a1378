#include "offline/language/clause.h"

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "offline/language/chunk.h"
#include "offline/language/closed_class.h"
#include "offline/language/lexicon.h"

namespace cadre::offline {
namespace {

bool one_of(std::string_view word, std::string_view words) {
  return words.find(" " + std::string(word) + " ") != std::string_view::npos;
}

class ClauseBuilder {
 public:
  explicit ClauseBuilder(Sentence& sentence)
      : s_(sentence), size_(static_cast<int>(sentence.tokens.size())) {}

  void run(bool verbs) {
    s_.clauses.clear();
    if (size_ == 0) return;
    index_nouns();
    if (verbs) groups_ = chunk_verbs(s_.tokens);
    mark_depth();
    if (groups_.empty()) {
      add_verbless(0, size_ - 1);
      return;
    }
    for (std::size_t g = 0; g < groups_.size(); ++g) place(g);
    for (std::size_t c = 0; c < s_.clauses.size(); ++c) close(c);
    for (std::size_t c = 0; c < s_.clauses.size(); ++c) fill(c);
    share();
  }

 private:
  const Token& at(int i) const { return s_.tokens[static_cast<std::size_t>(i)]; }
  const NounPhrase& noun(int n) const { return s_.nouns[static_cast<std::size_t>(n)]; }
  Clause& clause(int c) { return s_.clauses[static_cast<std::size_t>(c)]; }

  void index_nouns() {
    noun_at_.assign(static_cast<std::size_t>(size_), -1);
    for (std::size_t n = 0; n < s_.nouns.size(); ++n)
      for (int i = s_.nouns[n].first; i <= s_.nouns[n].last; ++i)
        noun_at_[static_cast<std::size_t>(i)] = static_cast<int>(n);
  }

  void mark_depth() {
    depth_.assign(static_cast<std::size_t>(size_), 0);
    int depth = 0;
    for (int i = 0; i < size_; ++i) {
      if (at(i).lower == "(") ++depth;
      depth_[static_cast<std::size_t>(i)] = depth;
      if (at(i).lower == ")" && depth > 0) --depth;
    }
  }

  int noun_index(int i) const {
    return i >= 0 && i < size_ ? noun_at_[static_cast<std::size_t>(i)] : -1;
  }
  int depth(int i) const { return depth_[static_cast<std::size_t>(i)]; }

  void add_verbless(int first, int last) {
    Clause c;
    c.first = first;
    c.last = last;
    s_.clauses.push_back(std::move(c));
    starts_.push_back(first);
    const int index = static_cast<int>(s_.clauses.size()) - 1;
    collect(clause(index), first, last, true);
  }

  // Where the clause of verb group g begins and what it hangs on.
  void place(std::size_t g) {
    const VerbGroup& group = groups_[g];
    const int verb = group.phrase.first;
    const int from = g == 0 ? 0 : groups_[g - 1].phrase.last + 1;
    Clause c;
    c.verb = group.phrase;
    c.infinitive = group.infinitive;
    c.gerund = group.gerund;
    const int previous = static_cast<int>(s_.clauses.size()) - 1;
    int start = find_start(g, from, verb, c);
    if (g > 0 && causative(groups_[g - 1], group, from, start)) {
      c.infinitive = true;
      c.marker = Marker::kNone;
      start = verb;
    }
    if (resume_ >= 0) {
      resume_clause(group);
      return;
    }
    if (c.marker == Marker::kRelative && g > 0) add_head(g, from, start, c);
    if (g == 0 && start > from && c.marker == Marker::kNone && !c.gerund && !c.infinitive &&
        has_noun(from, start - 1))
      add_verbless(from, start - 1);  // "Library service: members borrow books."
    else if (g == 0 && start > from && has_noun(from, start - 1) &&
             (c.marker == Marker::kRelative || c.infinitive || c.gerund))
      add_verbless(from, start - 1);  // its verb comes later
    continue_condition(c, start, previous);
    c.first = start;
    c.last = group.phrase.last;
    set_parent(c, previous);
    s_.clauses.push_back(std::move(c));
    starts_.push_back(start);
  }

  // "let users delete comments": the second verb has no tense of its own.
  bool causative(const VerbGroup& before, const VerbGroup& group, int from, int start) const {
    if (!one_of(before.phrase.lemma, " let help make ") || before.phrase.passive) return false;
    if (!group.phrase.modal.empty() || at(group.phrase.head).form != VerbForm::kBase) return false;
    for (int i = from; i < group.phrase.first; ++i)
      if (is_boundary(i)) return false;
    return start <= group.phrase.first && has_noun(from, group.phrase.first - 1);
  }

  // "when the average is at least 4 and no more than 3 subjects are below": both are conditions.
  void continue_condition(Clause& c, int start, int previous) {
    if (previous < 0 || start < 2 || c.marker != Marker::kNone || c.infinitive || c.gerund) return;
    const Clause& before = clause(previous);
    const bool condition = before.marker != Marker::kNone && before.marker != Marker::kRelative &&
                           before.marker != Marker::kSoThat && !before.gerund;
    if (!condition || at(start - 1).tag != Tag::kConjunction || at(start - 2).lower == ",") return;
    c.marker = before.marker;
    c.parent = before.parent;
  }

  // The verb of a clause that a relative or a gerund interrupted.
  void resume_clause(const VerbGroup& group) {
    Clause& head = clause(resume_);
    head.verb = group.phrase;
    breaks_.push_back(group.phrase.first);
    resume_ = -1;
  }

  // "...; a reservation that is checked in cannot be cancelled": the antecedent begins a clause
  // of its own when the relative clause is followed by a verb at once.
  void add_head(std::size_t g, int from, int start, const Clause& relative) {
    if (g + 1 >= groups_.size() || relative.subjects.empty()) return;
    const VerbGroup& next = groups_[g + 1];
    if (!next.finite) return;
    for (int i = groups_[g].phrase.last + 1; i < next.phrase.first; ++i)
      if (is_boundary(i)) return;
    const int antecedent = noun(relative.subjects.front()).first;
    for (int i = antecedent - 1; i >= from; --i) {
      if (!is_boundary(i)) continue;
      add_verbless(i + 1, start - 1);
      if (at(i).tag == Tag::kSubordinator) {
        s_.clauses.back().marker =
            marker_of(at(i).lemma == at(i).lower ? at(i).lower : at(i).lemma);
        s_.clauses.back().parent = static_cast<int>(s_.clauses.size()) - 2;
      }
      return;
    }
  }

  bool is_boundary(int i) const {
    if (noun_index(i) >= 0) return false;
    const Token& t = at(i);
    return t.lower == "," || t.lower == ";" || t.lower == ":" || t.tag == Tag::kConjunction ||
           t.tag == Tag::kSubordinator || t.tag == Tag::kWh;
  }

  bool has_noun(int first, int last) const {
    for (int i = first; i <= last; ++i)
      if (noun_index(i) >= 0) return true;
    return false;
  }

  void set_parent(Clause& c, int previous) {
    if (c.parent < 0 && (c.marker != Marker::kNone || c.infinitive || c.gerund))
      c.parent = previous;
  }

  int find_start(std::size_t g, int from, int verb, Clause& c) {
    const VerbGroup& group = groups_[g];
    if (group.infinitive) return verb;
    if (!group.finite && !group.gerund && noun_index(verb - 1) >= 0) return start_reduced(verb, c);
    for (int i = verb - 1; i >= from; --i) {
      const Token& t = at(i);
      if (depth(i) != depth(verb)) continue;
      if (t.tag == Tag::kSubordinator && noun_index(i) < 0) {
        c.marker = marker_of(t.lemma == t.lower ? t.lower : t.lemma);
        if (c.marker == Marker::kWhen && i > 0 && at(i - 1).lower == "only")
          c.marker = Marker::kOnlyIf;
        if (c.marker == Marker::kIf && i > 0 && at(i - 1).lower == "only")
          c.marker = Marker::kOnlyIf;
        return i;
      }
      if (t.tag == Tag::kWh && noun_index(i) < 0) return start_relative(i, c);
      if (t.lower == ":" || t.lower == ";" || t.lower == "—") return i + 1;
      if (t.lower == "(") return i + 1;
    }
    if (group.gerund) return start_gerund(from, verb, c);
    if (!group.finite && g > 0 && at(verb - 1).lower == "," && !groups_[g - 1].phrase.passive) {
      // "the number of meals, grouped by diet"
      for (int i = from; i < verb; ++i) {
        if (noun_index(i) < 0) continue;
        c.marker = Marker::kRelative;
        c.subjects.push_back(noun_index(i));
        return verb;
      }
    }
    if (!group.finite && !coordinated(verb)) return start_reduced(verb, c);
    if (g == 0) return from;
    return start_after(g, from, verb, c);
  }

  int start_relative(int i, Clause& c) const {
    const int antecedent = noun_before(i);
    if (antecedent >= 0 && one_of(at(i).lower, " who which that whom whose where ")) {
      c.marker = Marker::kRelative;
      c.subjects.push_back(antecedent);
    } else if (at(i).lower == "where") {
      c.marker = Marker::kIf;  // "Where the user is a guest, ..."
    }
    return i;
  }

  // "in the order in which they were made": the preposition stands between.
  int noun_before(int i) const {
    for (int j = i - 1; j >= 0 && j >= i - 3; --j) {
      if (noun_index(j) >= 0) return noun_index(j);
      if (at(j).lower != "," && at(j).lower != ")" && at(j).tag != Tag::kPreposition) return -1;
    }
    return -1;
  }

  int start_gerund(int from, int verb, Clause& c) const {
    if (verb > from &&
        (at(verb - 1).tag == Tag::kPreposition || at(verb - 1).tag == Tag::kSubordinator)) {
      c.marker = marker_of(at(verb - 1).lower);
      return verb - 1;
    }
    return verb;
  }

  bool coordinated(int verb) const {
    return verb > 0 && (at(verb - 1).tag == Tag::kConjunction || at(verb - 1).lower == ",");
  }

  int start_reduced(int verb, Clause& c) const {
    const int antecedent = noun_before(verb);
    if (antecedent >= 0) {
      c.marker = Marker::kRelative;
      c.subjects.push_back(antecedent);
    }
    return verb;
  }

  // A finite verb after another verb, with no marker between: find its own subject.
  int start_after(std::size_t g, int from, int verb, Clause& c) {
    int i = verb;
    while (i > from && at(i - 1).tag == Tag::kAdverb && noun_index(i - 1) < 0) --i;
    if (i > from && (at(i - 1).tag == Tag::kConjunction || at(i - 1).lower == ",")) return i;
    if (i == from && !relative_open(g)) return i;
    // A boundary with a phrase behind it.
    const bool front = first_is_dependent(g);
    int boundary = -1;
    for (int j = from; j < verb; ++j) {
      if (depth(j) != depth(verb)) continue;
      const bool mark = at(j).lower == "," || at(j).lower == "-" ||
                        (at(j).tag == Tag::kConjunction && at(j).lower != "nor");
      if (!mark || !has_noun(j + 1, verb - 1)) continue;
      boundary = j + 1;
      if (front && at(j).lower == ",") break;
    }
    if (boundary >= 0) return skip_conjunction(boundary, verb);
    if (relative_open(g)) {
      // "the student who has the best grade gets the place"
      resume_ = static_cast<int>(s_.clauses.size()) - 2;
      return verb;
    }
    const int own = own_subject_start(from, verb);
    const int antecedent = noun_index(own - 1);
    if (own > from && own < verb && antecedent >= 0 &&
        one_of(at(own).lower, " i you he she we they ")) {
      // "the hours they spend"
      c.marker = Marker::kRelative;
      c.subjects.push_back(antecedent);
    }
    return own;
  }

  int skip_conjunction(int i, int verb) const {
    while (i < verb && at(i).tag == Tag::kConjunction && noun_index(i) < 0) ++i;
    return i;
  }

  bool first_is_dependent(std::size_t g) const {
    if (g == 0 || s_.clauses.empty()) return false;
    const Clause& before = s_.clauses.back();
    return before.marker != Marker::kNone && before.marker != Marker::kRelative;
  }

  bool relative_open(std::size_t g) const {
    if (g == 0 || s_.clauses.size() < 2) return false;
    const Clause& before = s_.clauses.back();
    return (before.marker == Marker::kRelative) && !s_.clauses[s_.clauses.size() - 2].verb &&
           !s_.clauses[s_.clauses.size() - 2].subjects.empty();
  }

  // The noun phrase right before the verb, with the prepositional phrases that hang on it.
  int own_subject_start(int from, int verb) const {
    int i = verb;
    while (i > from && noun_index(i - 1) < 0 && at(i - 1).tag != Tag::kPreposition) --i;
    while (i > from) {
      const int n = noun_index(i - 1);
      if (n < 0) break;
      i = std::max(from, noun(n).first);
      if (i > from && at(i - 1).lower == "of") {
        --i;
        continue;
      }
      break;
    }
    return i == verb ? from : i;
  }

  // Every clause runs to the next one's start, brackets and trailing marks excluded.
  void close(std::size_t c) {
    Clause& here = s_.clauses[c];
    const int from = here.verb ? std::max(starts_[c], here.verb->first) : starts_[c];
    int end = size_ - 1;
    for (const std::vector<int>* list : {&starts_, &breaks_})
      for (const int stop : *list)
        if (stop > from) end = std::min(end, stop - 1);
    here.last = std::max(end, here.verb ? here.verb->last : here.first);
    while (here.last > here.first &&
           (at(here.last).tag == Tag::kPunctuation || at(here.last).tag == Tag::kConjunction) &&
           at(here.last).lower != ")" && (!here.verb || here.last > here.verb->last))
      --here.last;
  }

  void fill(std::size_t index) {
    Clause& c = s_.clauses[index];
    if (!c.verb) return;
    const VerbPhrase& vp = *c.verb;
    if (c.subjects.empty() && !c.gerund && !c.infinitive)
      collect(c, c.first, vp.first - 1, true);
    else if (c.marker == Marker::kRelative)
      relative_subject(c);
    c.only_subject = only_before(c);
    collect(c, vp.last + 1, c.last, false);
    agent(c);
    negate_by_subject(c);
  }

  // "the fields which the user filled": the relative has a subject of its own.
  void relative_subject(Clause& c) {
    Clause own;
    collect(own, c.first, c.verb->first - 1, true);
    if (own.subjects.empty()) return;
    if (!one_of(at(c.first).lower, " where whose ")) c.objects.push_back(c.subjects.front());
    c.subjects = own.subjects;
  }

  bool only_before(const Clause& c) const {
    if (c.subjects.empty()) return false;
    const int i = noun(c.subjects.front()).first - 1;
    return i >= c.first && at(i).lower == "only";
  }

  void agent(Clause& c) {
    if (!c.verb->passive) return;
    for (const Adjunct& adjunct : c.adjuncts) {
      const bool by = adjunct.preposition == "by" || adjunct.preposition.ends_with(" by");
      if (!by || adjunct.noun < 0 || !c.verb->by.empty()) continue;
      // "by 5 minutes" and "by the day" measure.
      if (acts(noun(adjunct.noun))) c.verb->by = noun(adjunct.noun).name;
      break;  // "by title, author and ISBN": what the first is, the others are
    }
  }

  // "by a manager", "by staff"; but "by title", "by noon", "by post" tell how or when.
  static bool acts(const NounPhrase& np) {
    if (!np.unit.empty() || !unit_of(np.head_lemma).empty() || is_time_noun(np.head_lemma))
      return false;
    if (np.pronoun || is_person_noun(np.head_lemma)) return true;
    return !np.determiner.empty() || !is_known_word(np.head_lemma) || is_group_noun(np.head_lemma);
  }

  void negate_by_subject(Clause& c) {
    for (const int n : c.subjects) {
      const NounPhrase& np = noun(n);
      if (np.determiner == "no" || one_of(np.name, " nobody none nothing ") || np.name == "no one")
        c.verb->negated = true;
      if (np.first > 0 && (at(np.first - 1).lower == "neither" || np.determiner == "neither"))
        c.verb->negated = true;
    }
  }

  // Sorts the phrases between two tokens into subjects or objects, and adjuncts.
  void collect(Clause& c, int first, int last, bool subjects) {
    std::vector<int>& target = subjects ? c.subjects : c.objects;
    bool in_adjunct = false;
    for (int i = first; i <= last && i < size_; ++i) {
      const int n = noun_index(i);
      if (n >= 0) {
        const NounPhrase& np = noun(n);
        if (np.first == i && take_noun(c, target, n, in_adjunct)) in_adjunct = false;
        i = std::max(i, np.last);
        continue;
      }
      const Token& t = at(i);
      if (depth(i) > 0 && t.lower == "(") {
        i = skip_bracket(i, last);
        continue;
      }
      if (t.tag == Tag::kPreposition || (t.tag == Tag::kTo)) {
        const std::size_t known = c.adjuncts.size();
        i = take_preposition(c, i, last);
        in_adjunct = in_adjunct || c.adjuncts.size() > known;
        continue;
      }
      if (t.tag == Tag::kAdverb && t.lemma.find(' ') != std::string::npos)
        c.adjuncts.push_back({t.lemma, -1, i, i});
      if (t.tag == Tag::kAdverb && (t.number || t.lower == "once")) add_frequency(c, i);
      if (t.tag == Tag::kComparator && !t.lemma.ends_with("_after"))
        c.adjuncts.push_back({t.lower, -1, i, i});
      if (t.tag == Tag::kAdjective && !subjects) c.predicate_adjectives.push_back(t.lemma);
      if (t.lower == ";" || t.lower == ":") in_adjunct = false;
    }
  }

  int skip_bracket(int i, int last) const {
    const int level = depth(i);
    int j = i + 1;
    while (j <= last && j < size_ && depth(j) >= level &&
           !(at(j).lower == ")" && depth(j) == level))
      ++j;
    return j;
  }

  void add_frequency(Clause& c, int i) { c.adjuncts.push_back({at(i).lower, -1, i, i}); }

  // True when the phrase is a subject or object of its own.
  bool take_noun(Clause& c, std::vector<int>& target, int n, bool in_adjunct) {
    const NounPhrase& np = noun(n);
    const int before = np.first - 1;
    const std::string_view lead = at(np.first).lower;
    const bool counted = np.unit.empty() && at(np.head).tag != Tag::kNumber &&
                         &target == &c.objects && noun_index(before) < 0;
    if ((lead == "from" || lead == "between") && !counted) {
      c.adjuncts.push_back({std::string(lead), n, np.first, np.last});
      return false;
    }
    // "claims over 500 euros", "parcels up to 20 kg"; but "give each dog at least two walks".
    const bool thing = &target == &c.objects && at(np.head).tag != Tag::kNumber && np.unit.empty();
    if (at(np.first).tag == Tag::kComparator && before >= c.first && noun_index(before) >= 0 &&
        !thing) {
      c.adjuncts.push_back({std::string(lead), n, np.first, np.last});
      return false;
    }
    if (before >= 0 && at(before).lower == "of" && noun_index(before) < 0) return false;
    const bool joined =
        before >= 0 && (at(before).lower == "," || at(before).tag == Tag::kConjunction);
    // "As a librarian, I want": behind the last comma stands the subject.
    const bool own = &target == &c.subjects && joined && at(before).lower == "," &&
                     !comma_between(np.last, c.verb ? c.verb->first : np.last);
    if (distributive(np)) {
      c.adjuncts.push_back({"per", n, np.first, np.last});
      return false;
    }
    if (in_adjunct && own) {
      target.push_back(n);
      return true;
    }
    if (in_adjunct && joined && !c.adjuncts.empty()) {
      // "by title, author or ISBN" goes on with the adjunct.
      c.adjuncts.push_back({c.adjuncts.back().preposition, n, np.first, np.last});
      return false;
    }
    // "Every 15000 km the vehicle is due": a measure in front of the subject.
    if (!target.empty() && noun_index(before) == target.back() && &target == &c.subjects &&
        !noun(target.back()).unit.empty()) {
      const NounPhrase& measure = noun(target.back());
      c.adjuncts.push_back({measure.determiner, target.back(), measure.first, measure.last});
      target.pop_back();
    }
    target.push_back(n);
    return true;
  }

  bool comma_between(int first, int last) const {
    for (int i = first; i < last; ++i)
      if (at(i).lower == ",") return true;
    return false;
  }

  // "5 shifts a week": the second phrase is a measure.
  bool distributive(const NounPhrase& np) const {
    const int before = np.first - 1;
    return before >= 0 && noun_index(before) >= 0 &&
           (np.determiner == "a" || np.determiner == "an") && np.compound == np.head_lemma &&
           !unit_of(np.head_lemma).empty();
  }

  int take_preposition(Clause& c, int i, int last) {
    Adjunct adjunct;
    adjunct.preposition = at(i).tag == Tag::kTo ? "to" : at(i).lemma;
    adjunct.first = i;
    int j = i + 1;
    while (j <= last && noun_index(j) < 0 &&
           (at(j).tag == Tag::kAdverb || at(j).tag == Tag::kPreposition)) {
      if (at(j).tag == Tag::kPreposition) adjunct.preposition += " " + at(j).lemma;
      ++j;
    }
    adjunct.noun = j <= last ? noun_index(j) : -1;
    adjunct.last = adjunct.noun >= 0 ? noun(adjunct.noun).last : i;
    // Swallows the of-complement, which belongs to the phrase.
    const bool of = adjunct.preposition == "of" && i > 0 && noun_index(i - 1) >= 0;
    if (!of) c.adjuncts.push_back(adjunct);
    return adjunct.noun >= 0 ? adjunct.last : i;
  }

  // Subjects, modals, passives and objects that coordination leaves out.
  void share() {
    const int count = static_cast<int>(s_.clauses.size());
    for (int i = 0; i < count; ++i) {
      Clause& c = clause(i);
      if (!c.verb) continue;
      if (c.gerund) link_gerund(i);
      if (c.gerund && i > 0 && c.marker == Marker::kNone && c.subjects.empty() && comma_before(c))
        c.subjects = clause(i - 1).subjects;
      if (c.infinitive) share_infinitive(i);
      if (c.subjects.empty() && !c.gerund && !c.infinitive) share_subject(i);
    }
    for (int i = count - 2; i >= 0; --i) share_objects(i);
    for (int i = 0; i < count; ++i) split_but_not(i);
    for (int i = 0; i + 1 < count; ++i) split_second_state(i);
  }

  // "Returning a book late costs 0.50": the next main clause has the gerund as its subject.
  void link_gerund(int i) {
    Clause& c = clause(i);
    if (c.marker != Marker::kNone || i + 1 >= static_cast<int>(s_.clauses.size())) return;
    Clause& next = clause(i + 1);
    const bool fronted = c.first == 0 || i == 0 || (i == 1 && !clause(0).verb);
    if (!fronted || !next.verb || next.gerund || next.marker != Marker::kNone) return;
    if (next.subjects.empty() || noun(next.subjects.front()).first > c.verb->last) {
      for (const int n : next.subjects) {
        if (noun(n).first <= next.verb->first) c.objects.push_back(n);
      }
      std::erase_if(next.subjects, [&](int n) { return noun(n).first < next.verb->first; });
      next.subject_clause = i;
      c.last = std::max(c.last, next.verb->first - 1);
      next.first = next.verb->first;
    }
  }

  void share_infinitive(int i) {
    Clause& c = clause(i);
    if (c.parent < 0 && i + 1 < static_cast<int>(s_.clauses.size()) && clause(i + 1).verb) {
      c.subjects = clause(i + 1).subjects;  // "To borrow equipment, students must ..."
      c.parent = i + 1;
      return;
    }
    if (c.parent < 0) return;
    const Clause& before = clause(c.parent);
    const bool object = before.verb && !before.objects.empty() && !before.verb->passive &&
                        one_of(before.verb->lemma,
                               " want allow enable let require ask help permit "
                               "force expect like tell invite ");
    c.subjects = object ? before.objects : before.subjects;
  }

  // The clauses whose verb stands before this one's, the nearest first.
  std::vector<int> clauses_before(const Clause& c) const {
    std::vector<int> out;
    const auto position = [&](int k) {
      const Clause& other = s_.clauses[static_cast<std::size_t>(k)];
      return other.verb ? other.verb->first : other.first;
    };
    for (int k = 0; k < static_cast<int>(s_.clauses.size()); ++k)
      if (position(k) < c.verb->first) out.push_back(k);
    std::ranges::sort(out, std::greater<>(), position);
    return out;
  }

  void share_subject(int i) {
    Clause& c = clause(i);
    if (c.subject_clause >= 0) return;
    for (const int k : clauses_before(c)) {
      Clause& before = clause(k);
      if (!before.verb && !before.subjects.empty()) {
        // The head of a clause that a relative interrupted.
        c.subjects = {before.subjects};
        c.only_subject = only_before_phrase(before.subjects.front());
        return;
      }
      if (before.gerund && before.subjects.empty()) continue;
      if (before.subject_clause >= 0 && joined_to(c)) {
        c.subject_clause = before.subject_clause;
        return;
      }
      if (!before.verb || before.subjects.empty()) continue;
      if (!joined_to(c)) return;
      if (other_voice(before, c)) continue;
      take_subject(c, before);
      return;
    }
  }

  // "the worker who did it and can't be edited": the voice tells whose verb this is.
  bool other_voice(const Clause& before, const Clause& c) const {
    if (before.marker != Marker::kRelative || before.parent < 0) return false;
    const Clause& around = s_.clauses[static_cast<std::size_t>(before.parent)];
    return before.verb->passive != c.verb->passive && around.verb &&
           around.verb->passive == c.verb->passive;
  }

  void take_subject(Clause& c, const Clause& before) const {
    c.subjects = before.subjects;
    c.only_subject = before.only_subject;
    if (c.marker == Marker::kNone && before.marker != Marker::kNone) {
      c.marker = before.marker;
      c.parent = before.parent;
    }
    inherit(c, before);
  }

  bool only_before_phrase(int n) const {
    const int i = noun(n).first - 1;
    return i >= 0 && at(i).lower == "only";
  }

  bool comma_before(const Clause& c) const { return c.first > 0 && at(c.first - 1).lower == ","; }

  bool joined_to(const Clause& c) const {
    int i = c.verb->first - 1;
    while (i >= 0 && at(i).tag == Tag::kAdverb) --i;
    return i >= 0 && (at(i).tag == Tag::kConjunction || at(i).lower == ",");
  }

  void inherit(Clause& c, const Clause& before) const {
    VerbPhrase& vp = *c.verb;
    const Token& head = at(vp.head);
    const bool bare = vp.first == vp.head || at(vp.first).tag == Tag::kAdverb;
    if (!bare || !vp.modal.empty()) return;
    if (head.form == VerbForm::kPastParticiple && before.verb->passive) {
      vp.passive = true;
      vp.modal = before.verb->modal;
      vp.negated = vp.negated || before.verb->negated;
    } else if (head.form == VerbForm::kBase && !before.verb->modal.empty() &&
               !before.verb->passive) {
      vp.modal = before.verb->modal;
      vp.negated = vp.negated || before.verb->negated;
      vp.only = vp.only || before.verb->only;
    } else if (head.form == VerbForm::kBase && before.infinitive) {
      c.infinitive = true;
      c.parent = before.parent;
    }
  }

  // "is paid when the amount is zero and overdue when ...": the second state is the invoice's.
  void split_second_state(int index) {
    const Clause& here = clause(index);
    const Clause& next = clause(index + 1);
    if (here.marker == Marker::kNone || here.parent < 0 || next.marker == Marker::kNone) return;
    const int i = next.first - 1;
    if (i < 1 || next.first <= here.first || at(i).tag != Tag::kAdjective) return;
    if (at(i - 1).tag != Tag::kConjunction || here.predicate_adjectives.empty()) return;
    const Clause& main = clause(here.parent);
    if (!main.verb || (main.verb->lemma != "be" && !main.verb->passive)) return;
    Clause state;
    state.subjects = main.subjects;
    state.verb = main.verb;
    state.verb->lemma = "be";
    state.verb->passive = false;
    state.first = state.last = i;
    state.predicate_adjectives = {at(i).lemma};
    clause(index).predicate_adjectives.pop_back();
    clause(index).last = i - 2;
    clause(index + 1).parent = static_cast<int>(s_.clauses.size());
    s_.clauses.push_back(std::move(state));
  }

  // "can book classes but not two classes at the same time": the second half gets its own clause.
  void split_but_not(int index) {
    if (!clause(index).verb) return;
    const int last = clause(index).last;
    for (int i = clause(index).verb->last + 1; i + 1 <= last; ++i) {
      if (at(i).tag != Tag::kConjunction || at(i + 1).tag != Tag::kNegation) continue;
      if (noun_index(i) >= 0) continue;
      Clause rest = clause(index);
      Clause& here = clause(index);
      const auto behind = [&](int n) { return noun(n).first > i; };
      std::erase_if(here.objects, behind);
      std::erase_if(here.adjuncts, [&](const Adjunct& a) { return a.first > i; });
      here.last = i - 1;
      rest.objects.clear();
      rest.adjuncts.clear();
      rest.predicate_adjectives.clear();
      rest.first = i;
      rest.last = last;
      rest.verb->negated = !rest.verb->negated;
      collect(rest, i + 2, last, false);
      s_.clauses.push_back(std::move(rest));
      return;
    }
  }

  // "borrow and return books": the first verb has the second's objects.
  void share_objects(int i) {
    Clause& c = clause(i);
    Clause& next = clause(i + 1);
    if (!c.verb || !next.verb || !c.objects.empty() || c.verb->passive || next.verb->passive)
      return;
    if (!c.adjuncts.empty() || !c.predicate_adjectives.empty()) return;
    // "log in and view a dashboard"
    if (c.verb->lemma.find('_') != std::string::npos) return;
    if (c.verb->lemma == "be" || next.first != next.verb->first) return;
    if (!joined_to(next) || c.verb->last + 2 < next.verb->first) return;
    c.objects = next.objects;
  }

  Sentence& s_;
  int size_;
  std::vector<VerbGroup> groups_;
  std::vector<int> noun_at_, depth_, starts_, breaks_;
  int resume_ = -1;
};

}  // namespace

void build_clauses(Sentence& sentence) { ClauseBuilder(sentence).run(true); }

void build_verbless(Sentence& sentence) { ClauseBuilder(sentence).run(false); }

}  // namespace cadre::offline
