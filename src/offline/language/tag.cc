#include "offline/language/tag.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "offline/language/closed_class.h"
#include "offline/language/lexicon.h"
#include "offline/language/lookahead.h"

namespace cadre::offline {
namespace {

// What has been seen of the current clause; public names, because a bracket saves and restores it.
struct State {
  bool expect_base_ = false, after_be_ = false, after_have_ = false, after_preposition_ = false;
  bool after_become_ = false;
  bool det_open_ = false, determined_ = false, finite_ = false;
  bool subject_ = false, subject_plural_ = false, subject_pronoun_ = false;
  bool subject_determined_ = false, subject_collective_ = false, subject_person_ = false;
  bool subordinate_ = false, relative_ = false;
  bool joined_subject_ = false, gerund_subject_ = false, in_adjunct_ = false;
  bool clause_start_ = true, imperative_place_ = true, last_is_noun_ = false;
  bool after_join_ = false, verb_before_join_ = false, verb_just_seen_ = false;
  VerbForm last_verb_form_ = VerbForm::kNone;
};

class Tagger : private State, private Lookahead {
 public:
  explicit Tagger(std::vector<Token>& tokens) : Lookahead(tokens) {
    for (std::size_t i = 0; i < size_; ++i) {
      Token& token = tokens_[i];
      if (token.tag == Tag::kAuxiliary)
        token.lemma = is_be(token) ? "be" : base_of_aux(token.lower);
      if (token.tag == Tag::kAuxiliary) token.form = aux_form(token.lower);
      if (token.tag != Tag::kOther) continue;
      info_[i] = look_up(token.lower);
      token.known = info_[i].known || !unit_of(token.lower).empty();
      if (!token.known) info_[i] = guess(token);
      open_[i] = true;
    }
  }

  void run() {
    mark_lists();
    for (std::size_t i = 0; i < size_; ++i) {
      if (open_[i]) {
        decide(i);
      } else {
        fixed(i);
      }
      advance(i);
    }
  }

 private:
  static std::string base_of_aux(std::string_view lower) {
    return lower.starts_with("ha") ? "have" : "do";
  }

  static VerbForm aux_form(std::string_view w) {
    if (one_of(w, " is has does ")) return VerbForm::kThird;
    if (one_of(w, " was were had did ")) return VerbForm::kPast;
    if (one_of(w, " being having ")) return VerbForm::kGerund;
    if (w == "been") return VerbForm::kPastParticiple;
    return VerbForm::kBase;
  }

  // Rough reading before the decision, for words to the right of the cursor.
  void set_noun(std::size_t i) {
    Token& t = tokens_[i];
    const WordInfo& w = info_[i];
    const bool capital = t.text[0] >= 'A' && t.text[0] <= 'Z';
    t.tag =
        !w.known && capital && i > 0 && !is_break(tokens_[i - 1]) ? Tag::kProperNoun : Tag::kNoun;
    t.lemma = w.noun_lemma.empty() ? t.lower : w.noun_lemma;
    t.plural = w.noun > 0 && w.plural;
    t.form = w.noun == 0 || w.form == VerbForm::kGerund ? w.form : VerbForm::kNone;
  }

  void set_verb(std::size_t i, VerbForm form = VerbForm::kNone) {
    Token& t = tokens_[i];
    t.tag = Tag::kVerb;
    t.lemma = info_[i].verb_lemma.empty() ? t.lower : info_[i].verb_lemma;
    t.form = form == VerbForm::kNone ? info_[i].form : form;
  }

  void set_adjective(std::size_t i) {
    Token& t = tokens_[i];
    const WordInfo& w = info_[i];
    t.tag = Tag::kAdjective;
    t.lemma = w.adjective_lemma.empty() ? t.lower : w.adjective_lemma;
    if (w.form == VerbForm::kPastParticiple) t.form = w.form;
  }

  void set_adverb(std::size_t i) { tokens_[i].tag = Tag::kAdverb; }

  void decide(std::size_t i) {
    const WordInfo& w = info_[i];
    // "quantity times unit price" multiplies; "opening times are" does not.
    if (tokens_[i].lower == "times" && last_is_noun_ && nounish_or_determined(i + 1) &&
        !finite_ahead(i)) {
      tokens_[i].tag = Tag::kPreposition;
      return;
    }
    if (tokens_[i].lower == "home" && last_is_noun_ && next_is_end(i)) return set_adverb(i);
    const std::string& text = tokens_[i].text;
    if (one_of(text, " GET POST PUT PATCH DELETE ") && i + 1 < size_ &&
        tokens_[i + 1].lower == "/") {
      tokens_[i].tag = Tag::kProperNoun;  // a request, not an order
      return;
    }
    if (tokens_[i].lower == "like" && like_is_preposition()) {
      tokens_[i].tag = Tag::kPreposition;
      return;
    }
    if (decide_after_verb_word(i, w)) return;
    if (decide_in_relative(i, w)) return;
    if (decide_coordinated(i, w)) return;
    if (decide_list_item(i, w)) return;
    if (det_open_) return decide_in_phrase(i, w);
    if (after_preposition_) return decide_after_preposition(i, w);
    if (decide_adverb(i, w)) return;
    if (clause_start_ && decide_at_start(i, w)) return;
    if (subject_ && !finite_ && decide_as_predicate(i, w)) return;
    if (relative_ && finite_ && decide_after_relative(i, w)) return;
    decide_bare(i, w);
  }

  bool like_is_preposition() const {
    return last_is_noun_ && !expect_base_ && (finite_ || !subject_ || !subject_plural_);
  }

  // "equipment that needs repair": right behind the pronoun stands the verb, if it agrees.
  bool decide_in_relative(std::size_t i, const WordInfo& w) {
    if (i < 2 || tokens_[i - 1].tag != Tag::kWh || w.verb == 0 || w.verb + 2 < w.noun) return false;
    if (!one_of(tokens_[i - 1].lower, " who which that ")) return false;
    const Token& before = is_comma(tokens_[i - 2]) && i > 2 ? tokens_[i - 3] : tokens_[i - 2];
    if (before.tag != Tag::kNoun && before.tag != Tag::kProperNoun) return false;
    const bool agrees = subject_plural_ ? w.form == VerbForm::kBase : w.form == VerbForm::kThird;
    if (!agrees || w.adjective > w.verb) return false;
    return set_verb(i), true;
  }

  bool decide_after_verb_word(std::size_t i, const WordInfo& w) {
    if (expect_base_ && base_verb(i)) return set_verb(i, VerbForm::kBase), true;
    if (expect_base_ && w.adverb > 0) return set_adverb(i), true;
    const bool participle =
        w.verb > 0 && (w.form == VerbForm::kPastParticiple || w.form == VerbForm::kPast);
    if (after_have_ && participle && !phrase_needed_after_have(i)) {
      return set_verb(i, VerbForm::kPastParticiple), true;
    }
    if (after_become_ && participle && w.noun == 0) return set_adjective(i), true;
    if (!after_be_) return false;
    if (!w.known && next_is_end(i) && w.form == VerbForm::kBase) return set_adjective(i), true;
    if (participle || (w.form == VerbForm::kBase && past_participle_is_base(i))) {
      if (w.adjective > w.verb && next_is_end(i)) return set_adjective(i), true;
      return set_verb(i, VerbForm::kPastParticiple), true;
    }
    if (w.form == VerbForm::kGerund && w.adjective > 0 && next_is_end(i))
      return set_adjective(i), true;
    if (w.form == VerbForm::kGerund && w.verb > 0) return set_verb(i), true;
    if (w.adverb > 0 && w.adverb > w.adjective && w.adverb >= w.noun) return set_adverb(i), true;
    if (w.adjective > 0 && !(noun_like(i + 1) && w.noun > w.adjective) &&
        (w.noun == 0 || w.adjective + 2 >= w.noun || next_is_end(i)))
      return set_adjective(i), true;
    if (w.noun > 0) return set_noun(i), true;
    return false;
  }

  // "edit or delete it", "confirmed, shipped and delivered", "borrow and return books".
  bool decide_coordinated(std::size_t i, const WordInfo& w) {
    if (!after_join_ || w.verb == 0 || last_verb_form_ == VerbForm::kNone || det_open_)
      return false;
    const bool same =
        w.form == last_verb_form_ || (last_verb_form_ == VerbForm::kBase && base_verb(i));
    if (!same) return false;
    if (last_verb_form_ == VerbForm::kPastParticiple)
      return verb_before_join_ && !noun_like(i + 1) ? (set_verb(i), true) : false;
    if (w.noun == 0 && w.adjective == 0) return set_verb(i), true;
    if (verb_before_join_ && (w.form != VerbForm::kGerund || object_starts(i + 1)))
      return set_verb(i), true;
    const std::size_t next = next_solid(i);
    if (phrase_starts(next) && (tokens_[next].tag != Tag::kNumber || w.form == VerbForm::kThird))
      return set_verb(i), true;
    const bool particle = i + 1 < size_ && is_particle_verb(w.verb_lemma, tokens_[i + 1].lower);
    if (particle) return set_verb(i), true;
    if (!object_starts(next)) return false;
    if (w.verb > w.noun || used_as_verb(i)) return set_verb(i), true;
    return w.verb == w.noun && info_[next].plural && (set_verb(i), true);
  }

  // "make, model, year": alone between commas, and no verb came before.
  bool decide_list_item(std::size_t i, const WordInfo& w) {
    const bool opened =
        i > 0 && (is_comma(tokens_[i - 1]) || tokens_[i - 1].lower == "(" ||
                  tokens_[i - 1].lower == ":" || tokens_[i - 1].tag == Tag::kConjunction);
    const bool closed = i + 1 >= size_ || is_comma(tokens_[i + 1]) || is_break(tokens_[i + 1]) ||
                        tokens_[i + 1].tag == Tag::kConjunction;
    const bool adverb_first = i > 1 && info_[i - 1].adverb > 0 && is_comma(tokens_[i - 2]);
    if (!((opened || adverb_first) && closed) && !list_[i]) return false;
    if (expect_base_ || subject_pronoun_) return false;
    if (w.form == VerbForm::kPastParticiple && w.verb > w.noun) {
      if (last_verb_form_ == VerbForm::kPastParticiple && !list_[i]) return false;
      return set_adjective(i), true;
    }
    if (w.noun > 0 && (w.adjective == 0 || w.noun > w.adjective) && w.verb > 0 &&
        !verb_before_join_)
      return set_noun(i), true;
    if (list_[i] && w.noun > 0 && w.verb > 0 && w.form != VerbForm::kGerund &&
        !(w.adjective > w.noun && nounish(i + 1)) && !(w.adjective > 0 && closed))
      return set_noun(i), true;
    return false;
  }

  void decide_in_phrase(std::size_t i, const WordInfo& w) {
    const bool noun_next = noun_like(i + 1) && !starts_predicate(i);
    if (w.form == VerbForm::kPastParticiple && w.verb > 0 && w.noun <= w.verb)
      return set_adjective(i);
    if (w.adjective > 0 && (noun_next || nounish(i + 1)) && w.adjective + 3 >= w.noun &&
        (noun_next || w.noun == 0))
      return set_adjective(i);
    if (w.noun > 0) return set_noun(i);
    if (w.adjective > 0) return set_adjective(i);
    if (w.adverb > 0) return set_adverb(i);
    set_noun(i);
  }

  // With an adjective-or-noun at i: is the next word rather the verb ("the total shows ...")?
  bool starts_predicate(std::size_t i) const {
    const WordInfo& next = info_[i + 1 < size_ ? i + 1 : i];
    return info_[i].noun > 0 && next.form == VerbForm::kThird && phrase_starts(i + 2) && !finite_;
  }

  void decide_after_preposition(std::size_t i, const WordInfo& w) {
    const bool except = i > 0 && tokens_[i - 1].lower == "except";
    if (except && base_verb(i) && object_starts(i + 1) && w.verb + 2 > w.noun)
      return set_verb(i, VerbForm::kBase);
    if (w.form == VerbForm::kGerund && w.verb > 0 &&
        (object_starts(i + 1) ||
         (i + 1 < size_ && is_particle_verb(w.verb_lemma, tokens_[i + 1].lower))) &&
        !gerund_compound(i) && !(w.adjective > 0 && info_[i + 1].noun > 0))
      return set_verb(i);
    if (w.adjective > 0 && noun_like(i + 1) && w.adjective + 3 >= w.noun) return set_adjective(i);
    if (w.form == VerbForm::kPastParticiple && w.verb > 0 && (noun_like(i + 1) || w.noun == 0))
      return set_adjective(i);
    if (w.noun > 0) return set_noun(i);
    if (w.adjective > 0) return set_adjective(i);
    if (w.adverb > 0 && w.verb == 0) return set_adverb(i);
    if (w.verb > 0 && w.form != VerbForm::kBase && w.form != VerbForm::kGerund) return set_verb(i);
    set_noun(i);
  }

  bool decide_adverb(std::size_t i, const WordInfo& w) {
    if (w.adverb == 0) return false;
    if (w.adverb >= w.noun && w.adverb > w.verb && w.adjective == 0) return set_adverb(i), true;
    if (w.adjective > 0 && w.adverb >= w.noun && w.adverb > w.verb &&
        (last_is_noun_ || !nounish(i + 1)))
      return set_adverb(i), true;
    return false;
  }

  bool decide_at_start(std::size_t i, const WordInfo& w) {
    if (w.verb == 0) return false;
    const std::size_t next = next_solid(i);
    if (w.form == VerbForm::kGerund) {
      if (gerund_compound(i) || !(object_starts(next) || w.noun == 0)) return false;
      if (w.noun > 0 && (colon_ahead(i) || plural_predicate(next))) return false;
      return set_verb(i), true;
    }
    if (!base_verb(i) || !imperative_place_) return false;
    if (w.noun == 0 && w.adjective == 0) return set_verb(i, VerbForm::kBase), true;
    const Token* t = at(next);
    if (t == nullptr) return false;
    const bool determiner =
        t->tag == Tag::kDeterminer || t->tag == Tag::kPronoun || one_of(t->lower, " me us ");
    if (determiner && t->lower != "'s") return set_verb(i, VerbForm::kBase), true;
    if (t->tag == Tag::kNumber || t->tag == Tag::kComparator) return false;
    if (finite_ahead(i) || predicate_ahead(i) || colon_ahead(i)) return false;
    const bool plural_object = open_[next] && (info_[next].plural || plural_follows(next));
    if (plural_object && w.verb + 2 >= w.noun) return set_verb(i, VerbForm::kBase), true;
    if (w.verb > w.noun && object_starts(next)) return set_verb(i, VerbForm::kBase), true;
    return false;
  }

  bool decide_as_predicate(std::size_t i, const WordInfo& w) {
    if (w.verb == 0) return false;
    if (w.form == VerbForm::kGerund) {
      if (last_is_noun_ && next_is_end(i)) return set_noun(i), true;  // "car sharing"
      return w.noun == 0 ? (set_verb(i), true) : false;
    }
    if (w.form == VerbForm::kPastParticiple)
      return w.noun <= w.verb && !(w.adjective > w.verb && noun_like(i + 1))
                 ? (set_verb(i, participle_or_past(i)), true)
                 : false;
    const bool third = w.form == VerbForm::kThird || w.form == VerbForm::kPast;
    const bool agrees = third ? !subject_plural_ || w.form == VerbForm::kPast
                              : subject_plural_ || subject_collective_;
    const bool ambiguous = w.noun > 0 || w.adjective > 0;
    if (!agrees && ambiguous) return false;
    if (!ambiguous) return set_verb(i), true;
    if (finite_ahead(i)) return false;
    const std::size_t next = next_solid(i);
    if (coordinated_ahead(i) && w.verb + 2 >= w.noun) return set_verb(i), true;
    if (subject_pronoun_) return set_verb(i), true;
    if (phrase_starts(next)) return set_verb(i), true;
    const bool strong = subject_determined_ || subordinate_ ||
                        (subject_plural_ && w.form == VerbForm::kBase && w.verb > w.noun);
    if (next_is_end(i) && strong && w.verb >= w.noun && w.verb > w.adjective && w.known)
      return set_verb(i), true;
    if (!object_starts(next) && !preposition_at(next)) return false;
    if (!w.known && !(subject_plural_ && next < size_ && info_[next].plural)) return false;
    if (w.noun > w.verb + 2) return false;
    // "customer orders": two bare nouns and nothing that needs a verb.
    if (third && !subject_determined_ && !subject_person_ && !subject_collective_ &&
        w.noun >= w.verb)
      return false;
    if (preposition_at(next) && w.noun > w.verb + 1 && !subject_determined_) return false;
    return set_verb(i), true;
  }

  // "a member who returns an item late pays 0.20": the verb of the clause around.
  bool decide_after_relative(std::size_t i, const WordInfo& w) {
    const bool finite = w.form == VerbForm::kThird || w.form == VerbForm::kPast ||
                        (w.form == VerbForm::kBase && subject_plural_);
    if (!finite || w.verb <= w.noun || w.verb <= w.adjective) return false;
    const std::size_t next = next_solid(i);
    if (!phrase_starts(next) && !preposition_at(next)) return false;
    relative_ = false;
    return set_verb(i), true;
  }

  void decide_bare(std::size_t i, const WordInfo& w) {
    const bool noun_next = noun_like(i + 1);
    if (w.form == VerbForm::kThird && w.noun > 0 && !subject_) return set_noun(i);
    if (w.adjective > 0 && noun_next && w.adjective + 2 >= w.noun && w.adjective + 2 >= w.verb)
      return set_adjective(i);
    if (w.form == VerbForm::kPastParticiple && w.verb > 0 && w.noun <= w.verb) {
      if (noun_next && !last_is_noun_) return set_adjective(i);
      return set_verb(i);
    }
    if (w.noun > 0 && w.noun + (finite_ ? 5 : 3) >= w.verb && w.noun + 2 >= w.adjective)
      return set_noun(i);
    if (w.adjective > 0 && w.adjective >= w.verb) return set_adjective(i);
    if (w.verb > 0) return set_verb(i);
    if (w.noun > 0) return set_noun(i);
    if (w.adjective > 0) return set_adjective(i);
    if (w.adverb > 0) return set_adverb(i);
    set_noun(i);
  }

  // Closed-class words whose class still depends on the neighbours.
  void fixed(std::size_t i) {
    Token& t = tokens_[i];
    if (t.lower == "that") {
      const bool noun_before =
          i > 0 && (tokens_[i - 1].tag == Tag::kNoun || tokens_[i - 1].tag == Tag::kProperNoun);
      const std::size_t next = i + 1;
      const bool verb_next =
          next < size_ &&
          (tokens_[next].tag == Tag::kModal || tokens_[next].tag == Tag::kAuxiliary ||
           (open_[next] && info_[next].verb > 0 && info_[next].noun == 0));
      if (!noun_before && !verb_next && open_[next < size_ ? next : i] && next < size_)
        t.tag = after_preposition_ || !finite_ || clause_start_ ? Tag::kDeterminer : Tag::kWh;
      else if (next >= size_ || is_break(tokens_[next]) || is_comma(tokens_[next]))
        t.tag = Tag::kPronoun;
    }
    // "before" and "after" in front of a verb-less phrase are prepositions.
    if ((t.lower == "after" || t.lower == "before" || t.lower == "until" || t.lower == "till" ||
         t.lower == "since") &&
        !clause_follows(i))
      t.tag = Tag::kPreposition;
    if (t.lower == "to" && number_range(i)) t.tag = Tag::kPreposition;
    if (t.lower == "to" && t.tag == Tag::kTo && !infinitive_follows(i)) t.tag = Tag::kPreposition;
    if (t.lower == "once" && clause_start_ && clause_follows(i)) t.tag = Tag::kSubordinator;
    if (t.lower == "either" && or_ahead(i)) t.tag = Tag::kConjunction;
    if (t.text == "A" && i > 0 && next_is_end(i) && tokens_[i - 1].tag != Tag::kPunctuation)
      t.tag = Tag::kProperNoun;  // "between A and D"
    if (t.lower == "no" && last_is_noun_ && next_is_end(i)) {
      t.tag = Tag::kNoun;  // "serial no"
      t.lemma = "number";
    }
    if (t.lower == "her" && !nounish(i + 1)) t.tag = Tag::kPronoun;
    if ((t.lower == "this" || t.lower == "these" || t.lower == "both" || t.lower == "all" ||
         t.lower == "some" || t.lower == "each" || t.lower == "another" || t.lower == "any") &&
        !phrase_goes_on(i + 1))
      t.tag = Tag::kPronoun;
    if ((t.lower == "over" || t.lower == "above" || t.lower == "under" || t.lower == "below") &&
        number_at(i + 1)) {
      t.tag = Tag::kComparator;
      t.lemma = t.lower == "over" || t.lower == "above" ? "more_than" : "less_than";
    }
  }

  void advance(std::size_t i) {
    const Token& t = tokens_[i];
    const bool was_verb = verb_just_seen_;
    const bool skip = t.tag == Tag::kAdverb || t.tag == Tag::kNegation;
    if (skip) return;
    if (t.lower == "'s" || t.tag == Tag::kParticle) {
      det_open_ = true;
      last_is_noun_ = false;
      return;
    }
    verb_just_seen_ = false;
    after_join_ = false;
    imperative_place_ = false;
    const bool keeps_be = t.tag == Tag::kAuxiliary;
    if (!keeps_be) after_be_ = after_have_ = false;
    after_become_ = t.tag == Tag::kVerb && one_of(t.lemma, " become remain stay get turn ");
    if (t.tag != Tag::kAuxiliary && t.tag != Tag::kModal) expect_base_ = false;
    clause_start_ = false;
    if (t.tag != Tag::kPreposition) after_preposition_ = false;
    advance_by_tag(i, t, was_verb);
    last_is_noun_ = t.tag == Tag::kNoun || t.tag == Tag::kProperNoun;
  }

  void advance_by_tag(std::size_t i, const Token& t, bool was_verb) {
    switch (t.tag) {
      case Tag::kModal:
        expect_base_ = finite_ = true;
        det_open_ = false;
        break;
      case Tag::kTo:
        expect_base_ = true;
        det_open_ = false;
        break;
      case Tag::kAuxiliary:
        expect_base_ = t.lemma == "do";
        after_be_ = t.lemma == "be";
        after_have_ = t.lemma == "have";
        finite_ = true;
        det_open_ = false;
        last_verb_form_ = t.form;
        verb_just_seen_ = true;
        break;
      case Tag::kVerb:
        finite_ = finite_ || t.form != VerbForm::kGerund;
        if (t.form == VerbForm::kGerund && !finite_) gerund_subject_ = true;
        if (t.form == VerbForm::kPastParticiple && last_is_noun_ && !after_finite_aux(i))
          finite_ = false;
        last_verb_form_ = t.form;
        verb_just_seen_ = true;
        det_open_ = false;
        if (gerund_subject_ && !finite_) take_subject(false, false, true, i);
        break;
      case Tag::kNumber:
        if (t.lower == "one" && det_open_ && determined_) {  // "the first one"
          take_subject(false, false, true, i);
          det_open_ = false;
          break;
        }
        [[fallthrough]];
      case Tag::kDeterminer:
      case Tag::kAdjective:
      case Tag::kComparator:
        if (t.lemma.ends_with("_after")) break;  // "7 days or longer" ends a phrase
        if (last_is_noun_) in_adjunct_ = false;
        if (last_is_noun_ && finite_ && subordinate_ && own_verb_ahead(i - 1)) {
          finite_ = subject_ = joined_subject_ = subordinate_ = false;
        }
        det_open_ = true;
        determined_ = determined_ || t.tag == Tag::kDeterminer;
        break;
      case Tag::kNoun:
      case Tag::kProperNoun:
        take_subject(t.plural, false, determined_, i);
        det_open_ = determined_ && i + 1 < size_ && open_[i + 1] && compound_goes_on(i + 1);
        break;
      case Tag::kPronoun:
        det_open_ = false;
        take_subject(one_of(t.lower, " i you we they these those all both some "), true, true, i);
        break;
      case Tag::kPreposition:
        after_preposition_ = in_adjunct_ = true;
        det_open_ = false;
        determined_ = false;
        break;
      default: advance_over_mark(i, t, was_verb); break;
    }
  }

  // After a determined noun, is word j another part of the compound rather than the verb?
  bool compound_goes_on(std::size_t j) const {
    const WordInfo& w = info_[j];
    if (w.noun == 0) return false;
    if (w.verb == 0 || finite_) return true;
    const bool finite_form =
        w.form == VerbForm::kThird || w.form == VerbForm::kPast ||
        (w.form == VerbForm::kBase && (subject_plural_ || subject_collective_));
    if (!finite_form) return true;
    return finite_ahead(j);
  }

  void take_subject(bool plural, bool pronoun, bool determined, std::size_t i) {
    if (finite_ || (in_adjunct_ && subject_)) return;
    subject_ = true;
    subject_plural_ = plural || joined_subject_;
    subject_pronoun_ = pronoun;
    subject_determined_ = determined;
    subject_collective_ = collective(tokens_[i].lower);
    subject_person_ = open_[i] && info_[i].person;
  }

  void advance_over_mark(std::size_t i, const Token& t, bool was_verb) {
    if (t.lower == "(") outside_ = *this;
    det_open_ = determined_ = in_adjunct_ = false;
    if (t.tag == Tag::kConjunction || is_comma(t)) {
      verb_before_join_ = was_verb;
      after_join_ = true;
      clause_start_ = true;
      joined_subject_ = subject_ && !finite_ && (t.lower == "and" || t.lower == "nor");
      if (finite_ && t.lower != "/") maybe_new_clause(i);
      return;
    }
    if (t.tag == Tag::kSubordinator || t.tag == Tag::kWh || is_break(t) ||
        (t.tag == Tag::kPunctuation && t.lower != "\"" && t.lower != "'")) {
      reset(t.tag == Tag::kWh);
      if (t.tag == Tag::kWh) subject_plural_ = plural_before(i);
      subordinate_ = t.tag == Tag::kSubordinator;
      relative_ = t.tag == Tag::kWh;
    }
    if (t.lower == ")") static_cast<State&>(*this) = outside_;
    imperative_place_ = t.lower == "." || t.lower == ":" || t.lower == ";" || t.lower == "\"";
  }

  // After "... , and" a fresh subject may come: "members borrow books and librarians manage ...".
  void maybe_new_clause(std::size_t i) {
    const std::size_t next = i + 1;
    if (next >= size_) return;
    const bool subject_word = phrase_starts(next) || open_[next];
    if (subject_word && own_verb_ahead(i)) {
      finite_ = false;
      subject_ = false;
      joined_subject_ = false;
    }
  }

  void reset(bool relative) {
    expect_base_ = after_be_ = after_have_ = finite_ = false;
    after_preposition_ = det_open_ = determined_ = false;
    subject_ = relative;
    subject_plural_ = relative && subject_plural_;
    subject_pronoun_ = false;
    joined_subject_ = gerund_subject_ = false;
    clause_start_ = true;
    last_verb_form_ = VerbForm::kNone;
  }

  State outside_;  // the state in front of an open bracket
};

}  // namespace

void tag_tokens(std::vector<Token>& tokens) { Tagger(tokens).run(); }

}  // namespace cadre::offline
