#include "offline/language/chunk.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "offline/language/closed_class.h"
#include "offline/language/lexicon.h"

namespace cadre::offline {
namespace {

bool is_noun(const Token& t) { return t.tag == Tag::kNoun || t.tag == Tag::kProperNoun; }

bool one_of(std::string_view word, std::string_view words) {
  return words.find(" " + std::string(word) + " ") != std::string_view::npos;
}

// The index of the bracket that closes the one at i, for every i; -1 elsewhere.
std::vector<int> match_brackets(const std::vector<Token>& tokens) {
  std::vector<int> match(tokens.size(), -1);
  std::vector<int> open;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].lower == "(") open.push_back(static_cast<int>(i));
    if (tokens[i].lower != ")" || open.empty()) continue;
    match[static_cast<std::size_t>(open.back())] = static_cast<int>(i);
    open.pop_back();
  }
  return match;
}

class NounChunker {
 public:
  explicit NounChunker(const std::vector<Token>& tokens)
      : tokens_(tokens), size_(static_cast<int>(tokens.size())), match_(match_brackets(tokens)) {}

  std::vector<NounPhrase> run() {
    for (int i = 0; i < size_;) {
      NounPhrase phrase;
      const int next = read(i, phrase);
      if (next == i) {
        ++i;
        continue;
      }
      link_of(phrase);
      nouns_.push_back(std::move(phrase));
      i = next;
    }
    return std::move(nouns_);
  }

 private:
  const Token& at(int i) const { return tokens_[static_cast<std::size_t>(i)]; }
  bool tag(int i, Tag tag) const { return i < size_ && at(i).tag == tag; }
  bool number(int i) const { return i < size_ && at(i).tag == Tag::kNumber; }

  // Past a currency sign.
  int past_sign(int i) const {
    return i < size_ && at(i).tag == Tag::kSymbol && !unit_of(at(i).lower).empty() ? i + 1 : i;
  }

  // Past a unit sign behind a number: "10 %", "20 €".
  int past_unit_sign(int i) const { return past_sign(i); }

  int read(int i, NounPhrase& np) const {
    np.first = i;
    if (tag(i, Tag::kPronoun)) return read_pronoun(i, np);
    int p = read_bound(i, np);
    Shape shape;
    p = read_body(p, np, shape);
    if (shape.head < 0) return i;
    np.head = shape.head;
    np.last = p - 1;
    finish(np, shape);
    return np.last + 1;
  }

  int read_pronoun(int i, NounPhrase& np) const {
    np.last = np.head = i;
    np.pronoun = true;
    np.head_lemma = np.name = at(i).lower;
    np.plural = one_of(at(i).lower, " we they them us these those all both some ");
    return i + 1;
  }

  // "at most", "max", "from 1 to", "between 1 and", "exactly".
  int read_bound(int i, NounPhrase& np) const {
    const Token& t = at(i);
    if (t.tag == Tag::kComparator && !t.lemma.ends_with("_after")) {
      if (!bound_target(i + 1) && t.lemma != "one_or_more" && t.lemma != "zero_or_more") return i;
      np.bound = bound_of(t.lemma);
      if (t.lemma == "one_or_more") np.number = 1;
      if (t.lemma == "zero_or_more") np.number = 0;
      return i + 1;
    }
    const bool limit = one_of(t.lower, " max maximum min minimum maximal minimal ");
    const int target = i + 1 < size_ && at(i + 1).lower == ":" ? i + 2 : i + 1;
    if (limit && number(past_sign(target))) {
      np.bound = t.lower.starts_with("ma") ? Bound::kAtMost : Bound::kAtLeast;
      return target;
    }
    if (t.lower == "exactly" && number(past_sign(i + 1))) {
      np.bound = Bound::kExactly;
      return i + 1;
    }
    if ((t.lower == "from" || t.lower == "between") && number(past_sign(i + 1))) {
      const int first = past_sign(i + 1);
      const int word = past_unit(past_unit_sign(first + 1));
      if (word < size_ &&
          (at(word).lower == "to" || at(word).lower == "and" || at(word).lower == "-" ||
           at(word).lower == "until") &&
          number(past_sign(word + 1))) {
        np.bound = Bound::kBetween;
        np.number = at(first).number;
        return past_sign(word + 1);
      }
    }
    return i;
  }

  int past_unit(int i) const {
    return i < size_ && at(i).tag == Tag::kNoun && !unit_of(at(i).lower).empty() ? i + 1 : i;
  }

  bool bound_target(int i) const {
    i = past_sign(i);
    if (i >= size_) return false;
    const Tag t = at(i).tag;
    return t == Tag::kNumber || t == Tag::kDeterminer || t == Tag::kNoun || t == Tag::kAdjective ||
           t == Tag::kProperNoun;
  }

  struct Shape {
    int head = -1;
    int number_at = -1;
    std::vector<int> modifiers;
  };

  int read_body(int p, NounPhrase& np, Shape& shape) const {
    bool noun_seen = false;
    for (int budget = 0; p < size_ && budget < 24; ++budget) {
      const Token& t = at(p);
      if (is_noun(t)) {
        if (noun_seen && breaks_compound(p)) break;
        shape.modifiers.push_back(p);
        shape.head = p++;
        noun_seen = true;
      } else if (t.lower == "'s" && t.tag == Tag::kParticle && noun_seen) {
        np.owner = at(shape.head).lemma;
        shape.modifiers.clear();
        noun_seen = false;
        ++p;
      } else if (noun_seen) {
        break;
      } else if (t.tag == Tag::kDeterminer) {
        if (shape.head >= 0 && shape.number_at >= 0) break;
        if (np.determiner.empty() || np.determiner == "all" || np.determiner == "both")
          np.determiner = np.determiner == "all" ? "all" : t.lower;
        ++p;
        if (np.determiner == "no" && shape.head < 0) shape.head = -1;
      } else if (past_sign(p) != p && number(past_sign(p))) {
        p = past_sign(p);
      } else if (one_of(t.lower, " one ones ") &&
                 (!np.determiner.empty() || !shape.modifiers.empty())) {
        // "the old one": a place holder, not a number.
        shape.modifiers.push_back(p);
        shape.head = p++;
        noun_seen = true;
      } else if (t.tag == Tag::kNumber) {
        if (shape.number_at >= 0 && np.bound != Bound::kBetween) break;
        p = read_number(p, np, shape);
      } else if (t.tag == Tag::kAdjective) {
        if (!adjective_belongs(p, shape, np)) break;
        if (t.lower != "own" && t.lower != "same" && t.lower != "other")
          np.adjectives.push_back(t.lemma);
        shape.modifiers.push_back(p);
        if (!leads_to_noun(p)) shape.head = p;
        ++p;
      } else if (t.tag == Tag::kAdverb && leads_to_adjective(p)) {
        ++p;
      } else {
        break;
      }
    }
    if (shape.head >= 0 && !noun_seen && !np.owner.empty() && is_noun(at(shape.head)) &&
        shape.modifiers.empty())
      --p;  // "the member's" with nothing behind it
    return p;
  }

  // A unit noun behind a number ends the phrase: "7 days books" does not happen, but
  // "14 days members" in text without commas does.
  bool breaks_compound(int p) const {
    return at(p).begin > at(p - 1).end + 2 ||
           (at(p - 1).tag == Tag::kNoun && at(p - 1).plural && p >= 2 && number(p - 2) &&
            !unit_of(at(p - 1).lower).empty()) ||
           // "the states draft, released": the values follow their kind.
           (at(p - 1).plural && one_of(at(p - 1).lemma,
                                       " state value type option role phase stage "
                                       "category kind level priority status "));
  }

  int read_number(int p, NounPhrase& np, Shape& shape) const {
    shape.number_at = p;
    if (np.bound == Bound::kBetween && np.number) {
      np.number_to = at(p).number;
    } else {
      np.number = at(p).number;
    }
    np.unit = at(p).unit;
    shape.head = p;
    int next = p + 1;
    const bool dash = next < size_ && (at(next).lower == "-" || at(next).lower == ".." ||
                                       at(next).lower == "to" || at(next).lower == "…");
    if (dash && np.bound == Bound::kNone && number(past_sign(next + 1)) &&
        at(past_sign(next + 1)).number) {
      np.bound = Bound::kBetween;
      const int second = past_sign(next + 1);
      np.number_to = at(second).number;
      if (np.unit.empty()) np.unit = at(second).unit;
      shape.head = shape.number_at = second;
      next = second + 1;
    }
    if (next + 1 < size_ && at(next).lower == "-" && at(next + 1).tag == Tag::kNoun) ++next;
    return past_unit_sign(next);
  }

  bool leads_to_noun(int p) const {
    for (int j = p + 1; j < size_ && j < p + 5; ++j) {
      if (is_noun(at(j))) return true;
      if (at(j).tag != Tag::kAdjective && at(j).tag != Tag::kNumber) return false;
    }
    return false;
  }

  bool leads_to_one(int p) const { return p + 1 < size_ && one_of(at(p + 1).lower, " one ones "); }

  bool leads_to_adjective(int p) const {
    return p + 1 < size_ && at(p + 1).tag == Tag::kAdjective && leads_to_noun(p + 1);
  }

  // A lone adjective is a phrase only behind a determiner: "the preferred", "the first".
  bool adjective_belongs(int p, const Shape& shape, const NounPhrase& np) const {
    if (leads_to_noun(p) || leads_to_one(p)) return true;
    if (!np.determiner.empty() && shape.number_at < 0) return true;
    // "from draft to sent", "marked as paid": a state by its name.
    return p > 0 && p == np.first && one_of(at(p - 1).lower, " from to as into ") &&
           (p + 1 >= size_ || !is_noun(at(p + 1)));
  }

  void finish(NounPhrase& np, const Shape& shape) const {
    const Token& head = at(np.head);
    np.head_lemma = head.lemma;
    np.plural = head.plural;
    const bool owned = !np.owner.empty() && shape.modifiers.empty();
    if (owned) np.owner.clear();
    for (const int i : shape.modifiers) {
      const Token& t = at(i);
      if (one_of(t.lower, " own same other such several many few much more most another "))
        continue;
      if (!np.name.empty()) np.name += ' ';
      np.name += i == np.head ? t.lemma : t.lower;
      if (t.tag == Tag::kAdjective && i != np.head) continue;
      if (!np.compound.empty()) np.compound += ' ';
      np.compound += i == np.head ? t.lemma : t.lower;
    }
    if (np.name.empty()) np.name = np.compound = head.lemma;
    read_post_bound(np);
    int next = np.last + 1;
    if (next < size_ && at(next).lower == "(" &&
        match_[static_cast<std::size_t>(next)] > next + 1) {
      np.parenthesis_first = next + 1;
      np.parenthesis_last = match_[static_cast<std::size_t>(next)] - 1;
    }
    if (np.number && np.bound == Bound::kNone && np.determiner.empty() &&
        at(np.first).lower == "exactly")
      np.bound = Bound::kExactly;
  }

  // "7 days or longer", "3 or more items".
  void read_post_bound(NounPhrase& np) const {
    const int next = np.last + 1;
    if (!np.number || np.bound != Bound::kNone || !tag(next, Tag::kComparator)) return;
    if (!at(next).lemma.ends_with("_after")) return;
    np.bound = bound_of(at(next).lemma);
    np.last = next;
    if (np.head == next - 1 && at(np.head).tag == Tag::kNumber && next + 1 < size_ &&
        is_noun(at(next + 1))) {
      np.head = np.last = next + 1;
      np.head_lemma = np.name = np.compound = at(next + 1).lemma;
      np.plural = at(next + 1).plural;
      np.unit = unit_of(at(next + 1).lower);
    }
  }

  void link_of(const NounPhrase& np) {
    if (nouns_.empty() || np.first < 2 || at(np.first - 1).lower != "of") return;
    NounPhrase& before = nouns_.back();
    const int edge = before.parenthesis_last >= 0 ? before.parenthesis_last + 1 : before.last;
    if (edge == np.first - 2) before.of = static_cast<int>(nouns_.size());
  }

  const std::vector<Token>& tokens_;
  int size_;
  std::vector<int> match_;
  std::vector<NounPhrase> nouns_;
};

class VerbChunker {
 public:
  explicit VerbChunker(const std::vector<Token>& tokens)
      : tokens_(tokens), size_(static_cast<int>(tokens.size())) {}

  std::vector<VerbGroup> run() {
    std::vector<VerbGroup> groups;
    for (int i = 0; i < size_;) {
      VerbGroup group;
      const int next = read(i, group);
      if (next == i) {
        ++i;
        continue;
      }
      groups.push_back(std::move(group));
      i = next;
    }
    return groups;
  }

 private:
  const Token& at(int i) const { return tokens_[static_cast<std::size_t>(i)]; }

  int skip_adverbs(int i, VerbPhrase& vp) const {
    while (i < size_ && (at(i).tag == Tag::kAdverb || at(i).tag == Tag::kNegation)) {
      if (at(i).tag == Tag::kNegation) vp.negated = true;
      if (at(i).lower == "only") vp.only = true;
      ++i;
    }
    return i;
  }

  int read(int i, VerbGroup& group) const {
    VerbPhrase& vp = group.phrase;
    vp.first = i;
    int p = i;
    if (at(i).tag == Tag::kTo) {
      p = skip_adverbs(p + 1, vp);
      if (p >= size_ || (at(p).tag != Tag::kVerb && at(p).tag != Tag::kAuxiliary)) return i;
      group.infinitive = true;
      group.finite = false;
    } else if (at(i).tag == Tag::kModal) {
      set_modal(vp, p++);
      p = skip_adverbs(p, vp);
      // "can the user edit": the subject may stand between.
      if (p < size_ && at(p).tag == Tag::kModal) set_modal(vp, p++);
      p = skip_adverbs(p, vp);
    } else if (at(i).tag != Tag::kAuxiliary && at(i).tag != Tag::kVerb) {
      return i;
    }
    p = read_core(p, group);
    return p < 0 ? i : p;
  }

  void set_modal(VerbPhrase& vp, int i) const {
    const std::string& lemma = at(i).lemma;
    vp.modal = lemma == "could"   ? "can"
               : lemma == "might" ? "may"
               : lemma == "ought" ? "should"
                                  : lemma;
  }

  int read_core(int p, VerbGroup& group) const {
    VerbPhrase& vp = group.phrase;
    const int start = p;
    std::string last_aux;
    VerbForm aux_form = VerbForm::kNone;
    while (p < size_ && at(p).tag == Tag::kAuxiliary) {
      last_aux = at(p).lemma;
      if (aux_form == VerbForm::kNone) aux_form = at(p).form;
      vp.head = p;
      ++p;
      const int after = skip_adverbs(p, vp);
      const bool goes_on =
          after < size_ && (at(after).tag == Tag::kAuxiliary || follows(last_aux, after));
      if (!goes_on) {
        vp.last = trim_adverbs(after - 1, p - 1);
        return finish_aux(vp, group, last_aux, after);
      }
      p = after;
    }
    if (p >= size_ || at(p).tag != Tag::kVerb) {
      if (p == start) {
        // A modal without its verb still carries the clause ("unless they can").
        if (vp.modal.empty()) return -1;
        vp.head = vp.last = p - 1;
        vp.lemma = "";
        return p;
      }
      return finish_aux(vp, group, last_aux, p);
    }
    vp.head = vp.last = p;
    vp.lemma = at(p).lemma;
    vp.passive = last_aux == "be" && at(p).form == VerbForm::kPastParticiple;
    if (p > 0 && p == vp.first && at(p - 1).lower == "except") {
      group.infinitive = true;
      group.finite = false;
    }
    if (last_aux.empty() && vp.modal.empty() && !group.infinitive) {
      group.gerund = at(p).form == VerbForm::kGerund;
      group.finite = !group.gerund && at(p).form != VerbForm::kPastParticiple;
      vp.passive = at(p).form == VerbForm::kPastParticiple;
    } else if (aux_form == VerbForm::kGerund && vp.modal.empty()) {
      group.finite = false;
    }
    ++p;
    if (p < size_ && at(p).tag == Tag::kParticle && at(p).lower != "'s") vp.last = p++;
    return chain(p, group);
  }

  // Does token i continue a group that ends in this auxiliary?
  bool follows(std::string_view aux, int i) const {
    if (at(i).tag != Tag::kVerb) return false;
    const VerbForm form = at(i).form;
    if (aux == "be") return form == VerbForm::kPastParticiple || form == VerbForm::kGerund;
    if (aux == "have") return form == VerbForm::kPastParticiple || form == VerbForm::kPast;
    return form == VerbForm::kBase;
  }

  // "is not yet": adverbs at the end stay outside unless they negate.
  int trim_adverbs(int last, int minimum) const {
    while (last > minimum && at(last).tag == Tag::kAdverb) --last;
    return last;
  }

  int finish_aux(VerbPhrase& vp, VerbGroup& group, std::string_view aux, int after) const {
    vp.lemma = std::string(aux);
    group.copula = aux == "be";
    group.finite = group.finite && at(vp.head).form != VerbForm::kGerund;
    // "is allowed to", "is able to", "is required to" before a verb.
    const bool able = after + 2 < size_ && one_of(at(after).lower, " able unable supposed due ") &&
                      at(after + 1).tag == Tag::kTo && is_verb(after + 2);
    if (!able) return vp.last + 1;
    vp.modal = at(after).lower == "supposed" ? "should" : "can";
    if (at(after).lower == "unable") vp.negated = true;
    return take_infinitive(after + 2, group);
  }

  bool is_verb(int i) const {
    return i < size_ && (at(i).tag == Tag::kVerb || at(i).tag == Tag::kAuxiliary);
  }

  int take_infinitive(int p, VerbGroup& group) const {
    VerbPhrase& vp = group.phrase;
    const bool copula_before = vp.passive;
    vp.passive = false;
    group.copula = false;
    VerbGroup inner;
    inner.finite = group.finite;
    inner.infinitive = true;
    inner.phrase = vp;
    inner.phrase.passive = copula_before && false;
    const int end = read_core(p, inner);
    if (end < 0) return p;
    vp.last = inner.phrase.last;
    vp.head = inner.phrase.head;
    vp.lemma = inner.phrase.lemma;
    vp.passive = inner.phrase.passive;
    vp.negated = inner.phrase.negated;
    vp.only = inner.phrase.only;
    if (!inner.phrase.modal.empty()) vp.modal = inner.phrase.modal;
    group.copula = inner.copula;
    return end;
  }

  // "are allowed to cancel", "want to be able to add", "would like to see".
  int chain(int p, VerbGroup& group) const {
    VerbPhrase& vp = group.phrase;
    VerbPhrase probe = vp;
    const int to = skip_adverbs(p, probe);
    if (to >= size_ || at(to).tag != Tag::kTo) return p;
    const int verb = skip_adverbs(to + 1, probe);
    if (!is_verb(verb)) return p;
    const bool permitted = vp.passive && one_of(vp.lemma, " allow permit enable ");
    const bool required = vp.passive && one_of(vp.lemma, " require oblige force ");
    const bool expected = vp.passive && one_of(vp.lemma, " suppose expect ");
    const bool wanted = !vp.passive && (one_of(vp.lemma, " want wish need try ") ||
                                        (vp.lemma == "like" && vp.modal == "would"));
    if (!permitted && !required && !expected && !wanted) return p;
    vp.negated = probe.negated;
    vp.modal = permitted ? "can" : required ? "must" : expected ? "should" : "want";
    return take_infinitive(verb, group);
  }

  const std::vector<Token>& tokens_;
  int size_;
};

}  // namespace

void join_particles(std::vector<Token>& tokens) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].tag != Tag::kVerb) continue;
    for (std::size_t j = i + 1; j < tokens.size() && j < i + 6; ++j) {
      const Token& t = tokens[j];
      if (t.tag == Tag::kVerb || t.tag == Tag::kAuxiliary || t.tag == Tag::kModal ||
          t.tag == Tag::kPunctuation || t.tag == Tag::kConjunction)
        break;
      if (!is_particle_verb(tokens[i].lemma, t.lower)) continue;
      const bool ends = j + 1 >= tokens.size() ||
                        (tokens[j + 1].tag != Tag::kDeterminer && tokens[j + 1].tag != Tag::kNoun &&
                         tokens[j + 1].tag != Tag::kAdjective && tokens[j + 1].tag != Tag::kNumber);
      const bool participle = tokens[i].form == VerbForm::kPastParticiple;
      if ((j > i + 1 || participle) && !ends) break;
      tokens[i].lemma += "_" + t.lower;
      tokens[j].tag = Tag::kParticle;
      break;
    }
  }
}

std::vector<NounPhrase> chunk_nouns(const std::vector<Token>& tokens) {
  return NounChunker(tokens).run();
}

std::vector<VerbGroup> chunk_verbs(const std::vector<Token>& tokens) {
  return VerbChunker(tokens).run();
}

}  // namespace cadre::offline
