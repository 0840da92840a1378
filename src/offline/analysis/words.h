// Generic word classes that the analysis knows: nothing here names a domain or a product.
//
// All functions are pure and thread-safe and take lower-case lemmas.
#pragma once

#include <string>
#include <string_view>

#include "spec/model.h"

namespace cadre::offline::analysis {

// "app", "system", "tracker": names the product, never a record.
bool is_product_noun(std::string_view lemma);
// "time", "day", "way", "thing": never a record by itself.
bool is_generic_noun(std::string_view lemma);
// "somebody", "everyone", "user"-less quantifier pronouns: anybody at all.
bool is_anybody(std::string_view lemma);
// "status", "type", "priority": an attribute that takes one of a few values.
bool is_choice_noun(std::string_view lemma);
// "field", "attribute", "detail", "information": introduces a list of attributes.
bool is_field_noun(std::string_view lemma);
// Words that say nothing about the application: "please", "simple", "want".
bool is_filler(std::string_view lemma);
// Adjectives and quantifiers that are no part of a name: "several", "own", "optional".
bool is_name_stop(std::string_view lemma);

enum class VerbClass {
  kOther, kCreate, kRead, kUpdate, kDelete, kManage, kTransition, kEvent, kOwn, kContain, kHave,
  kBuild, kAllow, kClose, kBelong
};
VerbClass verb_class(std::string_view lemma);
// "borrow" -> "return", "book" -> "cancel", others -> "end".
std::string closing_verb(std::string_view opening);
bool is_closing_verb(std::string_view lemma);
// Receives into or takes out of a stock: +1, -1, or 0.
int stock_direction(std::string_view lemma);

struct TypeGuess {
  spec::Type type = spec::Type::kString;
  bool known = false;     // by a word of the table, not the fallback
  bool count = false;     // a number of things: never negative
  bool optional = false;  // usually left empty
};
// By the words of an attribute's name ("due date", "number of copies" comes as count=true).
TypeGuess guess_type(std::string_view name, bool number_of);

// Ids for attributes, for roles and operations, for entities; safe in SQL, Python and C++.
std::string safe_snake(std::string_view name);
std::string safe_role(std::string_view name);
std::string safe_pascal(std::string_view name);
// Snake case without regard to reserved words.
std::string plain_snake(std::string_view name);

}  // namespace cadre::offline::analysis
