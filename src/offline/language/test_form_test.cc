#include "offline/language/test_form.h"

#include <fmt/format.h>

namespace cadre::offline {
namespace {

const char* bound_sign(Bound bound) {
  switch (bound) {
    case Bound::kAtMost: return "<=";
    case Bound::kAtLeast: return ">=";
    case Bound::kExactly: return "=";
    case Bound::kMoreThan: return ">";
    case Bound::kLessThan: return "<";
    default: return "";
  }
}

const char* marker_word(Marker marker) {
  switch (marker) {
    case Marker::kNone: return "";
    case Marker::kIf: return "if: ";
    case Marker::kWhen: return "when: ";
    case Marker::kUnless: return "unless: ";
    case Marker::kUntil: return "until: ";
    case Marker::kAfter: return "after: ";
    case Marker::kBefore: return "before: ";
    case Marker::kWhile: return "while: ";
    case Marker::kOnlyIf: return "only if: ";
    case Marker::kAsSoonAs: return "as soon as: ";
    case Marker::kBecause: return "because: ";
    case Marker::kSoThat: return "so that: ";
    case Marker::kRelative: return "rel: ";
  }
  return "";
}

std::string list_form(const Sentence& s, const std::vector<int>& nouns) {
  std::string out;
  for (const int n : nouns) out += (out.empty() ? "" : ", ") + phrase_form(s, n);
  return out;
}

}  // namespace

std::string phrase_form(const Sentence& s, int noun) {
  const NounPhrase& np = s.nouns[static_cast<std::size_t>(noun)];
  std::string out;
  if (np.determiner == "no" || np.determiner == "each" || np.determiner == "every")
    out += np.determiner + " ";
  if (!np.owner.empty()) out += np.owner + "'s ";
  out += bound_sign(np.bound);
  const bool number_head = s.tokens[static_cast<std::size_t>(np.head)].tag == Tag::kNumber;
  if (np.number) out += fmt::format("{}", *np.number);
  if (np.number_to) out += fmt::format("..{}", *np.number_to);
  if (number_head) {
    if (!np.unit.empty()) out += " " + np.unit;
  } else {
    if (np.number) out += " ";
    out += np.name;
  }
  if (np.of >= 0) out += " of " + phrase_form(s, np.of);
  return out;
}

std::string clause_form(const Sentence& s, const Clause& c) {
  std::string out = marker_word(c.marker);
  if (c.infinitive) out += "to: ";
  if (c.gerund) out += "ing: ";
  if (c.only_subject) out += "only ";
  out += list_form(s, c.subjects);
  if (c.subject_clause >= 0) out += "^" + std::to_string(c.subject_clause);
  if (c.verb) {
    const auto add = [&](const std::string& word) {
      if (!out.empty() && out.back() != ' ') out += ' ';
      out += word;
    };
    if (c.verb->only) add("only");
    if (!c.verb->modal.empty()) add(c.verb->modal);
    if (c.verb->negated) add("not");
    add(c.verb->lemma + (c.verb->passive ? "*" : ""));
    if (!c.verb->by.empty()) add("by:" + c.verb->by);
  }
  if (!c.objects.empty()) out += " " + list_form(s, c.objects);
  for (const std::string& adjective : c.predicate_adjectives) out += " =" + adjective;
  for (const Adjunct& adjunct : c.adjuncts) {
    out += " | " + adjunct.preposition;
    if (adjunct.noun >= 0) out += " " + phrase_form(s, adjunct.noun);
  }
  return out;
}

std::vector<std::string> verb_forms(const Brief& brief) {
  std::vector<std::string> out;
  for (const Sentence& s : brief.sentences)
    for (const Clause& c : s.clauses)
      if (c.verb) out.push_back(clause_form(s, c));
  return out;
}

std::vector<std::string> all_forms(const Brief& brief) {
  std::vector<std::string> out;
  for (const Sentence& s : brief.sentences)
    for (const Clause& c : s.clauses) out.push_back(clause_form(s, c));
  return out;
}

}  // namespace cadre::offline
