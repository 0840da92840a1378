// From text to sentences, tagged tokens, chunks and clauses: what the analysis reads.
//
// read_brief() is pure and linear in the text's length. It never fails: bad bytes are replaced and
// reported, unknown words are nouns until something says otherwise. Offsets are bytes in the text
// as given, so that every element of the model can point at the user's words.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cadre::offline {

enum class Tag {
  kNoun,
  kProperNoun,
  kPronoun,
  kDeterminer,
  kAdjective,
  kNumber,
  kVerb,
  kModal,
  kAuxiliary,
  kAdverb,
  kPreposition,
  kConjunction,
  kSubordinator,
  kNegation,
  kParticle,
  kTo,
  kWh,
  kPunctuation,
  kSymbol,
  kComparator,
  kOther
};

// Verb forms matter for passive voice and participles.
enum class VerbForm { kNone, kBase, kThird, kPast, kPastParticiple, kGerund };

struct Token {
  std::string text;   // as written
  std::string lower;  // lower case, contraction expanded, typo repaired
  std::string lemma;  // "books" -> "book", "borrowed" -> "borrow"
  Tag tag = Tag::kOther;
  VerbForm form = VerbForm::kNone;
  bool plural = false;
  bool known = true;  // found in the lexicon
  int begin = 0, end = 0;
  std::optional<double> number;  // digits and number words; "once" 1, "twice" 2
  std::string unit;              // set on a number followed by one: "day", "hour", "percent", "EUR"
};

// at most 5 books, "a number of copies", "the email of the member", "status (open, closed)"
enum class Bound { kNone, kAtMost, kAtLeast, kExactly, kMoreThan, kLessThan, kBetween };

struct NounPhrase {
  int first = 0, last = 0;  // token indices in the sentence, inclusive
  int head = 0;             // the head noun's token
  std::string head_lemma;   // "book"
  std::string name;  // determiner, numbers and quantifiers removed, lemmatised head: "library book"
  std::string compound;    // the name without its adjectives: "open library book" -> "library book"
  std::string determiner;  // "a", "the", "each", "every", "all", "no", "his", ...
  std::vector<std::string> adjectives;  // "available"
  Bound bound = Bound::kNone;
  std::optional<double> number, number_to;  // number_to with kBetween
  std::string unit;
  bool plural = false;
  bool pronoun = false;
  std::string owner;  // possessive: "member's name" -> "member"
  int of = -1;        // index of the noun phrase in an "of" complement, or -1
  int parenthesis_first = -1, parenthesis_last = -1;  // tokens inside "( ... )" right behind it
};

struct VerbPhrase {
  int first = 0, last = 0;
  int head = 0;
  std::string lemma;  // "borrow", particles joined: "check_in"
  // "can", "may", "must", "should", "shall", "will", "would", or "". Also "can" of "is allowed to"
  // and "is able to", "must" of "has to" and "is required to", "want" of "wants to".
  std::string modal;
  bool negated = false;  // also by the subject: "nobody", "no member", "neither the ..."
  bool passive = false;
  bool only = false;  // "can only", "only ... can"
  std::string by;     // nothing, or the agent of a passive ("is approved by a manager": "manager")
};

// A prepositional phrase: "for 14 days", "within 7 days", "per customer", "by email".
struct Adjunct {
  std::string preposition;  // lower case, multi-word joined by a blank: "at the same time", "per"
  int noun = -1;            // index in Sentence::nouns, or -1
  int first = 0, last = 0;
};

enum class Marker {
  kNone,
  kIf,
  kWhen,
  kUnless,
  kUntil,
  kAfter,
  kBefore,
  kWhile,
  kOnlyIf,
  kAsSoonAs,
  kBecause,
  kSoThat,
  kRelative
};

struct Clause {
  Marker marker = Marker::kNone;
  int parent = -1;            // the clause it depends on, or -1
  int first = 0, last = 0;    // tokens
  std::vector<int> subjects;  // noun phrases; shared subjects are filled in
  bool only_subject = false;  // "Only managers can ..."
  std::optional<VerbPhrase> verb;
  std::vector<int> objects;  // direct objects; for "is/are" the predicate nouns
  std::vector<std::string> predicate_adjectives;  // "is unique", "are required"
  std::vector<Adjunct> adjuncts;
  bool infinitive = false;  // "apply to adopt an animal": its subject is the parent's
  bool gerund = false;      // "returning a book late", "after sending"
  int subject_clause = -1;  // "Returning a book late costs 0.50": the gerund clause
};

enum class LineKind {
  kProse,
  kHeading,
  kBullet,
  kNumbered,
  kUserStory,
  kGivenWhenThen,
  kKeyValue,
  kTableRow
};

struct Sentence {
  std::string id;  // "S1"
  LineKind kind = LineKind::kProse;
  int begin = 0, end = 0;  // bytes in the brief
  std::string text;        // as written
  std::vector<Token> tokens;
  std::vector<NounPhrase> nouns;
  std::vector<Clause> clauses;
  std::string heading;  // the heading it stands under, lower case, or ""
};

struct Repair {  // "read colection as collection"
  std::string from, to;
  int begin = 0;
};

struct Brief {
  std::string text;
  std::vector<Sentence> sentences;
  std::vector<Repair> repairs;
  bool english = true;     // false: too few words are known English words
  double known_share = 1;  // of the content words
  std::string problem;     // "empty" (no word at all), "binary", "too long" or ""
  int bad_bytes = 0;       // bytes that were no UTF-8, read as blanks or "_"
};

// The most that is read; longer briefs are a "problem", and commands refuse them before that.
inline constexpr std::size_t kBriefBytesMax = 256 * 1024;

Brief read_brief(std::string_view text);

// Sentences, tags and clauses as text, for people who want to see how a brief was read.
std::string describe(const Brief& brief);

// What the lexicon knows, for the analysis (embedded; thread-safe).
bool is_person_noun(std::string_view lemma);  // lexicographer file noun.person, plus our list
bool is_event_noun(std::string_view lemma);   // noun.act / noun.event
bool is_time_noun(std::string_view lemma);
bool is_quantity_noun(std::string_view lemma);
bool is_known_word(std::string_view lower);
// "borrow" -> "loan", "apply" -> "application", "book" -> "booking"; "" when there is none.
std::string event_noun_of(std::string_view verb);
std::string verb_of_event_noun(std::string_view noun);
std::string lemma_of(std::string_view word, Tag tag);
std::string past_participle(std::string_view verb);  // "borrow" -> "borrowed", "take" -> "taken"

}  // namespace cadre::offline
