// Expressions of the model in canonical English, and the vocabulary they share with the sentences
// around them. Private to canonical*.cc and english*.cc; canonical.h is the door. Pure.
//
//   its due_on                      ["self", "due_on"]
//   its former due_on               ["old", "due_on"]
//   the given book's copies         ["arg", "book.copies"]
//   returned_on, their end          ["row", ...]; "their" where the word has another meaning here
//   the actor, the actor's role, now, today, nothing, true, false, 12, 0.5, "text"
//   A is B, is not B, is below B, is at most B, is above B, is at least B, is empty, is not empty,
//   is one of A | B
//   A and B, A or B, not (A), A + B, A - B, A * B, A / B
//   14 days, (A) days, 14 days after A, 14 days before A, the date of A
//   the days from A to B, the hours from A to B, the time from A to B overlaps C to D
//   the smallest of (A, B), the largest of (A, B), (if A then B else C)
//   the number of loans where (F), there is a loan where (F),
//   the sum of V over loans where (F), the average of V over loans where (F)
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "spec/model.h"

namespace cadre::spec {

// How entities are called in sentences: by name and plural where these are plain words and mean
// one entity only, else by id.
class Phrases {
 public:
  explicit Phrases(const Spec& spec);

  std::string one(const std::string& entity) const;   // "loan"
  std::string many(const std::string& entity) const;  // "loans"
  // The entity that a phrase of words means, or empty.
  std::string entity_of(const std::string& phrase) const;

 private:
  std::map<std::string, std::string> one_, many_, entity_;
};

bool is_plain_phrase(std::string_view phrase);
// Words with a meaning of their own in sentences.
bool is_keyword(std::string_view word);
std::string article(std::string_view noun);  // "a loan", "an hour entry" by spelling
std::string quoted(std::string_view text);
// "open" stays, "in progress" is quoted.
std::string word_or_quoted(std::string_view text);
std::string path_words(std::string_view path);  // "book.copies" -> "book's copies"

std::string to_english(const Expr& expr, const Phrases& phrases);
// As the operand of something: in parentheses unless it stands for itself.
std::string to_english_atom(const Expr& expr, const Phrases& phrases);

// The tokens of canonical English.
struct Token {
  enum class Kind { kWord, kNumber, kString, kSign, kEnd };
  Kind kind = Kind::kEnd;
  std::string text;  // a string's content without quotes
  int line = 0;
  int column = 0;
};
Result<std::vector<Token>> tokenize(std::string_view text);

// Thrown on what cannot be read; caught in parse_canonical.
struct Unreadable {
  std::string message;
};

// Reads tokens one after the other; what it cannot read it refuses with line and column.
class Reader {
 public:
  Reader(const std::vector<Token>& tokens, const Phrases& phrases)
      : tokens_(tokens), phrases_(&phrases) {}

  const Token& peek(std::size_t ahead = 0) const;
  bool at_end() const { return peek().kind == Token::Kind::kEnd; }
  bool sees(std::string_view word, std::size_t ahead = 0) const;  // a word or a sign
  bool sees_all(std::initializer_list<std::string_view> words) const;
  bool take(std::string_view word);
  bool take_all(std::initializer_list<std::string_view> words);
  void expect(std::string_view word);
  std::string word(std::string_view what);
  std::string string(std::string_view what);
  std::string word_or_string(std::string_view what);
  std::string number(std::string_view what);
  int integer(std::string_view what);
  std::string path(std::string_view what);     // "book's copies" -> "book.copies"
  std::string entity();                        // a name, a plural or an id
  std::string phrase_until(std::initializer_list<std::string_view> stops);
  Expr expr();
  Expr condition_in_parentheses();
  [[noreturn]] void refuse(const std::string& expected) const;
  void set_phrases(const Phrases& phrases) { phrases_ = &phrases; }
  const Token& next();

 private:
  Expr either();
  Expr both();
  Expr comparison();
  Expr sum();
  Expr product();
  Expr moved();
  Expr atom();
  Expr the();
  Expr parenthesised();
  Expr aggregate(const char* op, bool has_value);
  Expr after_is(Expr left);
  bool unit(std::string& op);

  const std::vector<Token>& tokens_;
  const Phrases* phrases_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace cadre::spec
