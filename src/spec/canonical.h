// Canonical English: the model as sentences that people read and correct, one sentence an element.
//
//   A book has a title (required string), an isbn (required unique string) and copies (required
//   int, at least 0).
//   A loan refers to a book (required).
//   Books can be created, listed, read, updated and deleted.
//   To borrow a loan (new event), give all its fields.
//   borrow lets the given member have at most 3 loans where (returned_on is empty); otherwise
//   422 max_open_loans [R1].
//   borrow sets its due_on to 14 days after today.
//   A member may borrow and renew where (its member is the actor).
//
// parse_canonical(render(model)) gives the model again: product, actors, entities, relations,
// lifecycles, operations, permissions, queries and rules; not where they come from (origins,
// sentences, assumptions, questions). Sentences may stand in any order and be wrapped; lines that
// begin with "#" are headings. english.h lists the forms of expressions. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "spec/model.h"

namespace cadre::spec {

std::string render(const Spec& spec);

// One sentence for a guard of an operation, for use in documents.
std::string render_guard(const Spec& spec, const Operation& operation, const Guard& guard);
// An expression in words: "the number of loans where (returned_on is empty) is below 3".
std::string render_expr(const Spec& spec, const Expr& expr);

// The error says line and column, what was expected, and what stood there.
Result<Spec> parse_canonical(std::string_view text);

}  // namespace cadre::spec
