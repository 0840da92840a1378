#include "offline/analysis/scan.h"

#include <algorithm>

#include "base/latin.h"
#include "base/text.h"
#include "offline/analysis/words.h"

namespace cadre::offline::analysis {

const Token& Scan::at(int i) const {
  static const Token none;
  return inside(i) ? tokens_[static_cast<std::size_t>(i)] : none;
}

bool Scan::is(int i, std::string_view word) const {
  return inside(i) && (at(i).lower == word || at(i).lemma == word);
}

bool Scan::any(int i, std::initializer_list<std::string_view> words) const {
  return std::any_of(words.begin(), words.end(), [&](auto word) { return is(i, word); });
}

bool Scan::sequence(int i, std::initializer_list<std::string_view> words) const {
  for (const auto word : words) {
    if (!is(i++, word)) return false;
  }
  return true;
}

int Scan::phrase(int i, std::string_view words) const {
  int used = 0;
  std::string_view rest = words;
  while (!rest.empty()) {
    const auto& token = at(i + used);
    if (token.lower.empty()) return 0;
    // A token may hold several words ("at most").
    std::string_view word = rest.substr(0, rest.find(' '));
    if (rest == token.lower || rest.starts_with(token.lower + " ")) word = token.lower;
    else if (token.lemma != word && token.lower != word) return 0;
    if (word.size() > rest.size()) return 0;
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    ++used;
  }
  return used;
}

int Scan::find(int first, int last, std::string_view words) const {
  for (int i = std::max(0, first); i <= last && i < size(); ++i) {
    if (phrase(i, words) > 0) return i;
  }
  return -1;
}

int Scan::find_any(int first, int last, std::initializer_list<std::string_view> words) const {
  int best = -1;
  for (const auto word : words) {
    const int found = find(first, last, word);
    if (found >= 0 && (best < 0 || found < best)) best = found;
  }
  return best;
}

bool Scan::punctuation(int i) const { return inside(i) && at(i).tag == Tag::kPunctuation; }

bool Scan::noun(int i) const {
  return inside(i) && (at(i).tag == Tag::kNoun || at(i).tag == Tag::kProperNoun);
}

bool Scan::modal(int i) const { return inside(i) && at(i).tag == Tag::kModal; }

bool Scan::be(int i) const { return is(i, "be"); }

bool Scan::finite_verb(int i) const {
  if (!inside(i)) return false;
  const auto& t = at(i);
  if (t.tag == Tag::kModal || t.tag == Tag::kAuxiliary) return true;
  return t.tag == Tag::kVerb && t.form != VerbForm::kPastParticiple && t.form != VerbForm::kGerund;
}

bool Scan::name_word(int i) const {
  if (!inside(i)) return false;
  const auto& t = at(i);
  if (is_name_stop(t.lower) || is_anybody(t.lower)) return false;
  if (t.lower == "first" || t.lower == "last" || t.lower == "middle") return true;
  if (t.lower == "like" && at(i + 1).tag == Tag::kProperNoun) return false;
  switch (t.tag) {
    case Tag::kNoun:
    case Tag::kProperNoun:
    case Tag::kAdjective:
      return true;
    case Tag::kVerb:
      return t.form == VerbForm::kGerund || t.form == VerbForm::kPastParticiple;
    default:
      return false;
  }
}

bool Scan::content(int i) const {
  if (!inside(i)) return false;
  switch (at(i).tag) {
    case Tag::kNoun:
    case Tag::kProperNoun:
    case Tag::kAdjective:
    case Tag::kNumber:
    case Tag::kVerb:
    case Tag::kNegation:
    case Tag::kComparator:
      return true;
    case Tag::kAdverb:
    case Tag::kOther:
      return !at(i).lower.empty() && std::isalnum(static_cast<unsigned char>(at(i).lower[0])) != 0;
    case Tag::kSubordinator:
      return any(i, {"if", "unless", "when", "until", "after", "before", "while"});
    case Tag::kSymbol:
      return text::has_foreign_letters(at(i).text);
    default:
      return false;
  }
}

std::string Scan::lemmas(int first, int last) const {
  std::string joined;
  for (int i = first; i <= last && inside(i); ++i) {
    if (!joined.empty()) joined += ' ';
    joined += at(i).lemma.empty() ? at(i).lower : at(i).lemma;
  }
  return joined;
}

std::string Scan::lowers(int first, int last) const {
  std::string joined;
  for (int i = first; i <= last && inside(i); ++i) {
    if (!joined.empty()) joined += ' ';
    joined += at(i).lower;
  }
  return joined;
}

int Scan::closing(int open) const {
  int depth = 0;
  for (int i = open; i < size(); ++i) {
    if (is(i, "(") || is(i, "[")) ++depth;
    if ((is(i, ")") || is(i, "]")) && --depth == 0) return i;
  }
  return size();
}

namespace {

// Names keep the words as written except that the head is a lemma: "due date", "opening hours".
std::string name_text(const Scan& scan, int first, int last) {
  std::string joined;
  for (int i = first; i <= last; ++i) {
    const auto& t = scan.at(i);
    if (t.lower == "-" || t.lower == "'s" || t.lower == "'") continue;
    if (!joined.empty()) joined += ' ';
    const bool nominal = t.tag == Tag::kNoun || t.tag == Tag::kProperNoun;
    joined += i == last && nominal && !t.lemma.empty() ? text::lower(t.lemma) : t.lower;
  }
  return joined;
}

Name make_name(const Scan& scan, int first, int last) {
  Name name;
  if (first > last) return name;
  name.first = first;
  name.last = last;
  name.text = name_text(scan, first, last);
  name.plural = scan.at(last).plural;
  return name;
}

}  // namespace

Name name_before(const Scan& scan, int last, int from) {
  int first = last + 1;
  while (first - 1 >= from && scan.name_word(first - 1)) --first;
  // "for managing movies": the verb is no part of the name.
  while (first <= last && scan.at(first).form == VerbForm::kGerund && first < last &&
         scan.any(first - 1, {"for", "of", "by", "to", "from"})) {
    ++first;
  }
  // An adjective or participle may stand in front, never alone.
  if (first > last || !scan.noun(last)) return {};
  return make_name(scan, first, last);
}

Name name_after(const Scan& scan, int first, int to) {
  int i = first;
  while (i <= to && scan.inside(i) &&
         (scan.at(i).tag == Tag::kDeterminer || scan.at(i).tag == Tag::kNumber ||
          scan.at(i).tag == Tag::kComparator || is_name_stop(scan.at(i).lower) ||
          scan.at(i).tag == Tag::kPronoun)) {
    ++i;
  }
  int last = i - 1;
  int head = -1;
  while (last + 1 <= to && scan.name_word(last + 1)) {
    ++last;
    if (scan.noun(last)) head = last;
  }
  if (head < i) return {};
  return make_name(scan, i, head);
}

}  // namespace cadre::offline::analysis
