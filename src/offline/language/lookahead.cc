#include "offline/language/lookahead.h"

#include <string>

#include "base/text.h"

namespace cadre::offline {

bool one_of(std::string_view word, std::string_view words) {
  if (word.empty()) return false;
  for (std::size_t at = words.find(word); at != std::string_view::npos;
       at = words.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if (at > 0 && words[at - 1] == ' ' && end < words.size() && words[end] == ' ') return true;
  }
  return false;
}

bool is_be(const Token& t) { return one_of(t.lower, " be am is are was were been being "); }

bool is_comma(const Token& t) { return t.lower == "," || t.lower == "/"; }

bool is_break(const Token& t) {
  return t.tag == Tag::kPunctuation &&
         (t.lower == "." || t.lower == ":" || t.lower == ";" || t.lower == "(" || t.lower == ")" ||
          t.lower == "!" || t.lower == "?");
}

WordInfo guess(const Token& token) {
  WordInfo info;
  const std::string& w = token.lower;
  const std::size_t n = w.size();
  info.noun = 4;
  info.noun_lemma = w;
  info.verb = 2;
  info.form = VerbForm::kBase;
  info.verb_lemma = w;
  if (n > 4 && w.ends_with("ly")) {
    info.adverb = 5;
    info.verb = 0;
  } else if (n > 4 && (w.ends_with("able") || w.ends_with("ible") || w.ends_with("ful") ||
                       w.ends_with("less") || w.ends_with("ous"))) {
    info.adjective = 5;
    info.adjective_lemma = w;
    info.verb = 0;
  } else if (n > 4 && w.ends_with("ed")) {
    info.noun = 0;
    info.verb = 5;
    info.form = VerbForm::kPastParticiple;
    info.verb_lemma = w.substr(0, n - 2);
    if (n > 5 && w[n - 3] == w[n - 4]) info.verb_lemma.pop_back();
  } else if (n > 5 && w.ends_with("ing")) {
    info.form = VerbForm::kGerund;
    info.verb = 4;
    info.verb_lemma = w.substr(0, n - 3);
  } else if (n > 3 && w.ends_with('s') && !w.ends_with("ss") && !w.ends_with("us") &&
             !w.ends_with("is")) {
    info.plural = true;
    info.noun_lemma = text::singular(w);
    info.form = VerbForm::kThird;
    info.verb_lemma = w.ends_with("xes") || w.ends_with("shes") || w.ends_with("ches")
                          ? w.substr(0, n - 2)
                          : w.substr(0, n - 1);
  }
  return info;
}

bool collective(std::string_view lower) {
  return one_of(lower,
                " staff people team personnel police crew reception management public "
                "committee board department everyone ");
}

void Lookahead::mark_lists() {
  for (std::size_t i = 0; i < size_; ++i) {
    const bool bracket = tokens_[i].lower == "(";
    if (!bracket && tokens_[i].lower != ":") continue;
    std::size_t end = i + 1;
    bool list = true, comma = bracket;
    for (; end < size_; ++end) {
      const Token& t = tokens_[end];
      if (t.lower == (bracket ? ")" : ";")) break;
      if (!bracket && t.lower == "(") {
        while (end < size_ && tokens_[end].lower != ")") ++end;
        if (end >= size_) break;
        continue;
      }
      comma = comma || t.lower == "," || t.lower == "/";
      if (t.tag == Tag::kModal || t.tag == Tag::kAuxiliary || t.tag == Tag::kPronoun ||
          t.tag == Tag::kSubordinator || t.tag == Tag::kWh)
        list = false;
      if (!open_[end]) continue;
      const WordInfo& w = info_[end];
      const bool finite = w.form == VerbForm::kBase || w.form == VerbForm::kThird;
      if (w.known && w.verb > 0 && w.noun == 0 && w.adjective == 0 && finite) list = false;
      const bool object = end + 1 < size_ && tokens_[end + 1].tag == Tag::kDeterminer;
      if (finite && w.verb > 0 && end > i + 1 && object && nounish(end - 1)) list = false;
      if (!bracket && finite && w.verb > 0 && end > i + 1 && !comma) {
        const bool plural_before = open_[end - 1] && info_[end - 1].plural;
        if (plural_before && w.form == VerbForm::kBase) list = false;
      }
    }
    for (std::size_t j = i + 1; list && comma && j < end; ++j) list_[j] = true;
    if (bracket) i = end < size_ ? end : size_ - 1;
  }
}

const Token* Lookahead::at(std::size_t i) const { return i < size_ ? &tokens_[i] : nullptr; }

std::size_t Lookahead::next_solid(std::size_t i) const {
  ++i;
  const auto skip = [&](std::size_t j) {
    if (open_[j]) return info_[j].adverb > 0 && info_[j].noun + info_[j].verb == 0;
    return tokens_[j].tag == Tag::kAdverb || tokens_[j].tag == Tag::kNegation;
  };
  while (i + 1 < size_ && skip(i)) ++i;
  return i;
}

bool Lookahead::nounish(std::size_t j) const {
  if (j >= size_) return false;
  if (open_[j]) return info_[j].noun > 0 || info_[j].adjective > 0;
  return tokens_[j].tag == Tag::kNoun || tokens_[j].tag == Tag::kProperNoun;
}

bool Lookahead::noun_like(std::size_t j) const {
  if (j >= size_) return false;
  if (!open_[j]) return tokens_[j].tag == Tag::kNoun;
  const WordInfo& w = info_[j];
  if (w.noun == 0) return false;
  // "is open when", "a late return": an adverb or a plain verb form is no noun here.
  return w.noun >= w.adverb && (w.form != VerbForm::kBase || w.noun + 3 > w.verb);
}

bool Lookahead::phrase_starts(std::size_t j) const {
  if (j >= size_) return false;
  const Token& t = tokens_[j];
  if (t.tag == Tag::kDeterminer || t.tag == Tag::kNumber || t.tag == Tag::kComparator) return true;
  if (t.tag == Tag::kPronoun) return t.lower != "there" && t.lower != "i";
  return false;
}

bool Lookahead::object_starts(std::size_t j) const {
  if (phrase_starts(j)) return true;
  if (j >= size_ || !open_[j]) return false;
  const WordInfo& w = info_[j];
  return w.noun > 0 || w.adjective > 0 || w.form == VerbForm::kPastParticiple;
}

bool Lookahead::finite_ahead(std::size_t i) const {
  for (std::size_t j = i + 1; j < size_ && j < i + 16; ++j) {
    const Token& t = tokens_[j];
    if (t.tag == Tag::kModal) return true;
    if (t.tag == Tag::kAuxiliary) return t.form != VerbForm::kGerund;
    if (t.tag == Tag::kSubordinator || t.tag == Tag::kWh || t.tag == Tag::kConjunction ||
        t.tag == Tag::kPunctuation || t.tag == Tag::kTo)
      return false;
    if (t.tag == Tag::kDeterminer && j > i + 1 && open_[j - 1] && info_[j - 1].noun > 0)
      return false;
    if (j > i + 1 && one_of(t.lower, " i you he she we they ")) return false;
    if (!open_[j]) continue;
    const WordInfo& w = info_[j];
    if (w.verb > 0 && w.noun == 0 && w.adjective == 0 &&
        (w.form == VerbForm::kThird || w.form == VerbForm::kBase))
      return true;
  }
  return false;
}

bool Lookahead::base_verb(std::size_t i) const {
  const WordInfo& w = info_[i];
  // "put", "set", "cut" and "read" are their own participles.
  return w.verb > 0 && (w.form == VerbForm::kBase || w.verb_lemma == tokens_[i].lower);
}

bool Lookahead::nounish_or_determined(std::size_t j) const {
  return nounish(j) || (j < size_ && tokens_[j].tag == Tag::kDeterminer);
}

bool Lookahead::phrase_needed_after_have(std::size_t i) const {
  return info_[i].noun > info_[i].verb && nounish(i + 1) && !phrase_starts(i + 1);
}

bool Lookahead::past_participle_is_base(std::size_t i) const {
  return info_[i].verb > 0 && past_participle(tokens_[i].lower) == tokens_[i].lower;
}

bool Lookahead::next_is_end(std::size_t i) const {
  const Token* t = at(i + 1);
  return t == nullptr || t->tag == Tag::kPunctuation || t->tag == Tag::kConjunction ||
         t->tag == Tag::kSubordinator || t->tag == Tag::kPreposition;
}

bool Lookahead::used_as_verb(std::size_t i) const {
  for (std::size_t j = 0; j < i; ++j)
    if (tokens_[j].tag == Tag::kVerb && tokens_[j].lemma == info_[i].verb_lemma) return true;
  return false;
}

bool Lookahead::gerund_compound(std::size_t i) const {
  return i + 1 < size_ && open_[i + 1] && !info_[i + 1].plural && info_[i + 1].noun > 0 &&
         info_[i].noun > info_[i].verb;
}

bool Lookahead::predicate_ahead(std::size_t i) const {
  for (std::size_t j = i + 1; j + 1 < size_ && j < i + 4 && open_[j] && open_[j + 1]; ++j) {
    const WordInfo& verb = info_[j + 1];
    const bool agrees = info_[j].plural ? verb.form == VerbForm::kBase
                                        : info_[j].noun > 0 && verb.form == VerbForm::kThird;
    if (agrees && verb.verb > 0 && (phrase_starts(j + 2) || verb.noun == 0)) return true;
  }
  return false;
}

bool Lookahead::plural_predicate(std::size_t i) const {
  if (i + 1 >= size_ || !open_[i] || !info_[i].plural) return false;
  return one_of(tokens_[i + 1].lower, " are were have do can may must should ");
}

bool Lookahead::colon_ahead(std::size_t i) const {
  for (std::size_t j = i + 1; j < size_ && j < i + 5; ++j) {
    if (tokens_[j].lower == ":") return true;
    if (!open_[j]) return false;
  }
  return false;
}

bool Lookahead::plural_follows(std::size_t i) const {
  for (std::size_t j = i + 1; j < size_ && j < i + 4 && open_[j]; ++j)
    if (info_[j].plural) return true;
  return false;
}

bool Lookahead::coordinated_ahead(std::size_t i) const {
  if (i + 2 >= size_ || tokens_[i + 1].tag != Tag::kConjunction || !open_[i + 2]) return false;
  const WordInfo& other = info_[i + 2];
  if (other.verb == 0 || other.form != info_[i].form) return false;
  return other.noun == 0 || other.verb > other.noun || phrase_starts(i + 3);
}

bool Lookahead::preposition_at(std::size_t j) const {
  return j < size_ && (tokens_[j].tag == Tag::kPreposition || tokens_[j].tag == Tag::kTo);
}

VerbForm Lookahead::participle_or_past(std::size_t i) const {
  if (finite_ahead(i)) return VerbForm::kPastParticiple;
  return phrase_starts(i + 1) ? VerbForm::kPast : VerbForm::kPastParticiple;
}

bool Lookahead::or_ahead(std::size_t i) const {
  for (std::size_t j = i + 1; j < size_ && j < i + 8; ++j) {
    if (tokens_[j].lower == "or") return true;
    if (is_break(tokens_[j])) return false;
  }
  return false;
}

bool Lookahead::phrase_goes_on(std::size_t j) const {
  if (nounish(j)) return true;
  return j < size_ && (tokens_[j].tag == Tag::kNumber || tokens_[j].tag == Tag::kDeterminer ||
                       tokens_[j].lower == "of");
}

bool Lookahead::number_at(std::size_t j) const {
  if (j < size_ && tokens_[j].tag == Tag::kSymbol) ++j;
  return j < size_ && tokens_[j].tag == Tag::kNumber;
}

bool Lookahead::number_range(std::size_t i) const {
  return i > 0 && number_at(i + 1) &&
         (tokens_[i - 1].tag == Tag::kNumber || !tokens_[i - 1].lower.compare("%"));
}

bool Lookahead::infinitive_follows(std::size_t i) const {
  const std::size_t next = next_solid(i);
  if (next >= size_) return false;
  if (tokens_[next].lower == "be" || tokens_[next].lower == "have" || tokens_[next].lower == "do")
    return true;
  if (!open_[next] || !base_verb(next)) return false;
  const WordInfo& w = info_[next];
  if (w.noun == 0) return true;
  if (i > 0 && next_is_end(next) &&
      one_of(tokens_[i - 1].lemma,
             " go come move transfer return assign belong change switch set "))
    return false;
  // "assigned to staff" against "wants to book": a noun with nothing behind it stays one
  // unless the word before asks for an infinitive.
  const bool asks = i > 0 && one_of(tokens_[i - 1].lemma,
                                    " want like need able allow wish try have permit ability "
                                    "possible way ask require right go plan choose decide "
                                    "apply use hope expect intend ");
  if (asks || phrase_starts(next + 1)) return true;
  if (w.verb >= w.noun && object_starts(next + 1)) return true;
  return w.verb > w.noun + 1;
}

bool Lookahead::clause_follows(std::size_t i) const {
  bool noun = false;
  for (std::size_t j = i + 1; j < size_ && j < i + 14; ++j) {
    const Token& t = tokens_[j];
    if (t.tag == Tag::kModal) return noun;
    if (t.tag == Tag::kAuxiliary) return noun && t.form != VerbForm::kGerund;
    if (t.tag == Tag::kPunctuation || t.tag == Tag::kSubordinator || t.tag == Tag::kWh ||
        (t.tag == Tag::kConjunction && t.lower != "and" && t.lower != "or"))
      return false;
    if (t.tag == Tag::kPronoun) noun = true;
    if (t.tag == Tag::kDeterminer && j > i + 1 && noun && open_[j - 1]) return false;
    if (!open_[j]) continue;
    const WordInfo& w = info_[j];
    const bool finite = w.verb > 0 && (w.form == VerbForm::kBase || w.form == VerbForm::kThird ||
                                       w.form == VerbForm::kPast);
    if (finite && noun && (w.noun == 0 || phrase_starts(j + 1)) && w.adjective == 0) return true;
    if (finite && noun && w.verb > w.noun + 1) return true;
    if (finite && noun && w.form == VerbForm::kThird && !info_[j - 1].plural &&
        tokens_[j - 1].tag != Tag::kDeterminer && next_is_end(j) && w.verb >= w.noun)
      return true;
    if (w.noun > 0) noun = true;
  }
  return false;
}

bool Lookahead::after_finite_aux(std::size_t i) const {
  for (std::size_t j = i; j-- > 0 && j + 4 > i;) {
    if (tokens_[j].tag == Tag::kAuxiliary) return true;
    if (tokens_[j].tag == Tag::kNoun || tokens_[j].tag == Tag::kPronoun) return false;
  }
  return false;
}

bool Lookahead::own_verb_ahead(std::size_t i) const {
  bool noun = false;
  for (std::size_t j = i + 1; j < size_ && j < i + 10; ++j) {
    const Token& t = tokens_[j];
    if (t.tag == Tag::kModal || t.tag == Tag::kAuxiliary) return noun;
    if (t.tag == Tag::kPunctuation || t.tag == Tag::kSubordinator || t.tag == Tag::kConjunction)
      return false;
    if (t.tag == Tag::kPronoun || t.lower == "one") noun = true;
    if (!open_[j]) continue;
    const WordInfo& w = info_[j];
    const bool finite = w.form == VerbForm::kThird || w.form == VerbForm::kBase;
    if (noun && w.verb > 0 && finite &&
        (w.noun == 0 || phrase_starts(j + 1) ||
         (info_[j - 1].plural && w.form == VerbForm::kBase) ||
         (w.form == VerbForm::kThird &&
          (w.verb > w.noun + 2 || (w.verb > w.noun && preposition_at(j + 1))))))
      return true;
    if (w.noun > 0) noun = true;
  }
  return false;
}

bool Lookahead::plural_before(std::size_t i) const {
  for (std::size_t j = i; j-- > 0 && j + 3 > i;)
    if (tokens_[j].tag == Tag::kNoun || tokens_[j].tag == Tag::kProperNoun)
      return tokens_[j].plural;
  return false;
}

}  // namespace cadre::offline
