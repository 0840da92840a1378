// What the tagger can see to both sides of a word, before and after it has decided.
//
// Reads only (but for mark_lists); every look ahead is bounded, so that tagging stays linear.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "offline/language/language.h"
#include "offline/language/lexicon.h"

namespace cadre::offline {

// Is the word one of those in a list like " a an the "?
bool one_of(std::string_view word, std::string_view words);
bool is_be(const Token& token);
bool is_comma(const Token& token);
bool is_break(const Token& token);
bool collective(std::string_view lower);
// What an unknown word may be, from its ending.
WordInfo guess(const Token& token);

class Lookahead {
 public:
  explicit Lookahead(std::vector<Token>& tokens) : tokens_(tokens), size_(tokens.size()) {}

 protected:
  // Brackets and what follows a colon are lists of names unless something in them is surely a
  // sentence: "(plate number, make, model)" against "(the user can change it)".
  void mark_lists();
  const Token* at(std::size_t i) const;
  // The next token that is not an adverb or negation.
  std::size_t next_solid(std::size_t i) const;
  // Can token j stand inside a noun phrase as its noun or an adjective?
  bool nounish(std::size_t j) const;
  bool noun_like(std::size_t j) const;
  // A noun phrase certainly begins at j.
  bool phrase_starts(std::size_t j) const;
  bool object_starts(std::size_t j) const;
  // A finite verb that needs no guess stands between i and the end of the clause.
  bool finite_ahead(std::size_t i) const;
  bool base_verb(std::size_t i) const;
  bool nounish_or_determined(std::size_t j) const;
  // "has ordered items" is a perfect only after a subject of its own: "has a" never comes here.
  bool phrase_needed_after_have(std::size_t i) const;
  bool past_participle_is_base(std::size_t i) const;
  bool next_is_end(std::size_t i) const;
  bool used_as_verb(std::size_t i) const;
  // "waiting list", "running time": a gerund that names a kind of the next noun.
  bool gerund_compound(std::size_t i) const;
  // "Stock corrections need a reason": the second word has a verb of its own.
  bool predicate_ahead(std::size_t i) const;
  // "Opening hours are ...": the plural verb belongs to the noun behind the gerund.
  bool plural_predicate(std::size_t i) const;
  // "Help desk: ...": a title.
  bool colon_ahead(std::size_t i) const;
  bool plural_follows(std::size_t i) const;
  // "hide or remove comments": the second verb of a pair is surer than the first.
  bool coordinated_ahead(std::size_t i) const;
  bool preposition_at(std::size_t j) const;
  // "members submitted claims" against "tasks assigned to a user": an object makes it a past.
  VerbForm participle_or_past(std::size_t i) const;
  // "either new or used"
  bool or_ahead(std::size_t i) const;
  bool phrase_goes_on(std::size_t j) const;
  bool number_at(std::size_t j) const;
  bool number_range(std::size_t i) const;
  bool infinitive_follows(std::size_t i) const;
  // Does a clause with a verb of its own follow the marker at i?
  bool clause_follows(std::size_t i) const;
  // Was the participle at i introduced by "be" or "have"?
  bool after_finite_aux(std::size_t i) const;
  bool own_verb_ahead(std::size_t i) const;
  // Is the noun that a relative clause hangs on a plural?
  bool plural_before(std::size_t i) const;

  std::vector<Token>& tokens_;
  std::size_t size_;
  std::vector<WordInfo> info_ = std::vector<WordInfo>(size_);
  std::vector<char> open_ = std::vector<char>(size_, false);  // open-class words
  std::vector<char> list_ = std::vector<char>(size_, false);  // inside a list of names
};

}  // namespace cadre::offline
