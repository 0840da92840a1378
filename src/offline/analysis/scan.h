// Reading a sentence's tokens: small questions that every recogniser asks, and the item lists
// ("a title, an ISBN (unique) and a number of copies").
//
// Pure functions over a sentence; indices out of range are answered with "no".
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "offline/language/language.h"
#include "spec/model.h"

namespace cadre::offline::analysis {

class Scan {
 public:
  explicit Scan(const Sentence& sentence) : tokens_(sentence.tokens) {}

  int size() const { return static_cast<int>(tokens_.size()); }
  bool inside(int i) const { return i >= 0 && i < size(); }
  const Token& at(int i) const;  // an empty token out of range
  bool is(int i, std::string_view word) const;  // by lower-case text or lemma
  bool any(int i, std::initializer_list<std::string_view> words) const;
  // The words stand one after another from i ("at", "the", "same", "time").
  bool sequence(int i, std::initializer_list<std::string_view> words) const;
  // "at the same time" as one token or four; the number of tokens, or 0.
  int phrase(int i, std::string_view words) const;
  // First index in [first, last] where the phrase stands, or -1.
  int find(int first, int last, std::string_view words) const;
  int find_any(int first, int last, std::initializer_list<std::string_view> words) const;
  bool punctuation(int i) const;
  bool noun(int i) const;
  bool modal(int i) const;
  bool finite_verb(int i) const;  // starts a predicate: modal, auxiliary or finite verb
  bool be(int i) const;
  bool name_word(int i) const;    // may be part of a noun's name
  bool content(int i) const;      // a word that must be accounted for
  std::string lemmas(int first, int last) const;  // joined by blanks
  std::string lowers(int first, int last) const;
  int closing(int open) const;    // index of the parenthesis that closes, or size()

 private:
  const std::vector<Token>& tokens_;
};

// The noun name that ends at `last` (its head) going left, or starts at `first` going right:
// "the new library book" -> "library book". Empty when there is none.
struct Name {
  int first = -1, last = -1;
  std::string text;
  bool plural = false;
  bool empty() const { return first < 0; }
};
Name name_before(const Scan& scan, int last, int from = 0);
Name name_after(const Scan& scan, int first, int to);

struct Item {
  int first = 0, last = 0;      // all its tokens
  int name_first = 0, name_last = 0;
  std::string name;             // lemmas, lower case: "date of birth", "copies"
  bool plural = false;
  bool number_of = false;       // "number of copies"
  bool required = false, optional = false, unique = false;
  std::string default_word;
  std::optional<double> min, max;
  bool exclusive_min = false;
  std::vector<std::string> values;  // "(low, medium, high)"
  std::string unit;
  int length_max = 0;               // "of at most 100 characters"
  std::optional<spec::Type> type;   // "(integer)"
  std::vector<Item> parts;          // "lines (description, quantity)"
  std::optional<double> count_min, count_max;  // "one or more lines"
  bool example = false;             // "(e.g. standard, VIP)"
  int flags_first = -1, flags_last = -1;  // where unique/required/range/values stand
};

// The items of a list in tokens first..last; stops at a verb that begins another predicate and
// says where in `end` (one past the last used token).
std::vector<Item> parse_items(const Scan& scan, int first, int last, int* end);
// What stands in parentheses behind a name, or in a colon list: sets flags, range, values, parts.
void read_marks(const Scan& scan, int first, int last, Item* item);
// "low, medium or high", "low/normal/urgent", "available / in use / maintenance".
std::vector<std::string> parse_values(const Scan& scan, int first, int last);

}  // namespace cadre::offline::analysis
