#include <string>

#include "offline/language/language.h"

namespace cadre::offline {
namespace {

const char* tag_name(Tag tag) {
  switch (tag) {
    case Tag::kNoun: return "n";
    case Tag::kProperNoun: return "pn";
    case Tag::kPronoun: return "pro";
    case Tag::kDeterminer: return "det";
    case Tag::kAdjective: return "adj";
    case Tag::kNumber: return "num";
    case Tag::kVerb: return "v";
    case Tag::kModal: return "mod";
    case Tag::kAuxiliary: return "aux";
    case Tag::kAdverb: return "adv";
    case Tag::kPreposition: return "prep";
    case Tag::kConjunction: return "conj";
    case Tag::kSubordinator: return "sub";
    case Tag::kNegation: return "neg";
    case Tag::kParticle: return "part";
    case Tag::kTo: return "to";
    case Tag::kWh: return "wh";
    case Tag::kPunctuation: return "";
    case Tag::kSymbol: return "sym";
    case Tag::kComparator: return "cmp";
    case Tag::kOther: return "?";
  }
  return "?";
}

const char* bound_name(Bound bound) {
  switch (bound) {
    case Bound::kNone: return "";
    case Bound::kAtMost: return "<=";
    case Bound::kAtLeast: return ">=";
    case Bound::kExactly: return "=";
    case Bound::kMoreThan: return ">";
    case Bound::kLessThan: return "<";
    case Bound::kBetween: return "between ";
  }
  return "";
}

const char* marker_name(Marker marker) {
  switch (marker) {
    case Marker::kNone: return "main";
    case Marker::kIf: return "if";
    case Marker::kWhen: return "when";
    case Marker::kUnless: return "unless";
    case Marker::kUntil: return "until";
    case Marker::kAfter: return "after";
    case Marker::kBefore: return "before";
    case Marker::kWhile: return "while";
    case Marker::kOnlyIf: return "only-if";
    case Marker::kAsSoonAs: return "as-soon-as";
    case Marker::kBecause: return "because";
    case Marker::kSoThat: return "so-that";
    case Marker::kRelative: return "relative";
  }
  return "";
}

const char* kind_name(LineKind kind) {
  switch (kind) {
    case LineKind::kProse: return "prose";
    case LineKind::kHeading: return "heading";
    case LineKind::kBullet: return "bullet";
    case LineKind::kNumbered: return "numbered";
    case LineKind::kUserStory: return "story";
    case LineKind::kGivenWhenThen: return "scenario";
    case LineKind::kKeyValue: return "key-value";
    case LineKind::kTableRow: return "table";
  }
  return "";
}

std::string number_text(double value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string phrase_text(const NounPhrase& np) {
  std::string out;
  if (!np.determiner.empty()) out += np.determiner + " ";
  if (!np.owner.empty()) out += np.owner + "'s ";
  out += bound_name(np.bound);
  if (np.number) out += number_text(*np.number) + " ";
  if (np.number_to) out += ".. " + number_text(*np.number_to) + " ";
  if (!np.unit.empty()) out += "<" + np.unit + "> ";
  out += "[" + np.name + "]";
  if (np.plural) out += "+";
  return out;
}

std::string phrase_list(const Sentence& s, const std::vector<int>& indices) {
  std::string out;
  for (const int n : indices) {
    if (!out.empty()) out += " & ";
    int at = n;
    for (int depth = 0; at >= 0 && depth < 4; ++depth) {
      const NounPhrase& np = s.nouns[static_cast<std::size_t>(at)];
      if (depth > 0) out += " of ";
      out += phrase_text(np);
      at = np.of;
    }
  }
  return out;
}

std::string verb_text(const VerbPhrase& vp) {
  std::string out;
  if (vp.only) out += "only ";
  if (!vp.modal.empty()) out += vp.modal + " ";
  if (vp.negated) out += "not ";
  out += vp.lemma;
  if (vp.passive) out += " (passive)";
  if (!vp.by.empty()) out += " by " + vp.by;
  return out;
}

std::string clause_text(const Sentence& s, const Clause& c) {
  std::string out = std::string("    ") + marker_name(c.marker);
  if (c.infinitive) out += " inf";
  if (c.gerund) out += " ger";
  if (c.parent >= 0) out += " ^" + std::to_string(c.parent);
  if (c.subject_clause >= 0) out += " subj^" + std::to_string(c.subject_clause);
  out += ": S={" + std::string(c.only_subject ? "only " : "") + phrase_list(s, c.subjects) + "}";
  if (c.verb) out += " V=" + verb_text(*c.verb);
  if (!c.objects.empty()) out += " O={" + phrase_list(s, c.objects) + "}";
  for (const std::string& adjective : c.predicate_adjectives) out += " is:" + adjective;
  for (const Adjunct& adjunct : c.adjuncts) {
    out += " | " + adjunct.preposition;
    if (adjunct.noun >= 0) out += " " + phrase_list(s, {adjunct.noun});
  }
  return out + "\n";
}

}  // namespace

std::string describe(const Brief& brief) {
  std::string out;
  if (!brief.problem.empty()) out += "problem: " + brief.problem + "\n";
  if (!brief.english) out += "not English\n";
  for (const Repair& repair : brief.repairs)
    out += "read " + repair.from + " as " + repair.to + "\n";
  for (const Sentence& s : brief.sentences) {
    out += s.id + " " + kind_name(s.kind);
    if (!s.heading.empty()) out += " <" + s.heading + ">";
    out += ": " + s.text + "\n   ";
    for (const Token& t : s.tokens) {
      out += " " + t.lower;
      if (const std::string tag = tag_name(t.tag); !tag.empty()) out += "/" + tag;
      if (!t.known) out += "?";
    }
    out += "\n";
    for (const Clause& c : s.clauses) out += clause_text(s, c);
  }
  return out;
}

}  // namespace cadre::offline
