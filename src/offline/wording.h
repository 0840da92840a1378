// English for pieces of a model: what the Product Manager and the Architect write in documents.
//
// These are explanations for people, not the canonical form (spec/canonical.h is that, and parses
// back). Every expression has a wording; an unusual one is longer, never wrong. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "spec/model.h"

namespace cadre::offline::wording {

std::string words(std::string_view id);           // "due_on" -> "due on"
std::string article(std::string_view noun);       // "a", "an"
std::string with_article(std::string_view noun);  // "a loan"
std::string third_person(std::string_view verb);  // "apply" -> "applies", "check in" -> "checks in"
std::string count(std::int64_t number, std::string_view noun);  // "1 loan", "5 loans"

std::string entity_name(const spec::Spec& spec, std::string_view id);    // "loan"
std::string entity_plural(const spec::Spec& spec, std::string_view id);  // "loans"
std::string actor_name(const spec::Spec& spec, std::string_view id);     // "team member"

// "borrow a book", "add a member", "list loans", "approve a request".
std::string action(const spec::Spec& spec, const spec::Operation& operation);
// "borrows a book": the same after a subject.
std::string action_of(const spec::Spec& spec, const spec::Operation& operation);
// What a query answers: "the number of loans by month".
std::string report(const spec::Spec& spec, const spec::Query& query);

// The value of an expression: "14 days after today", "the book's copies". `self` names the row.
struct Voice {
  const spec::Spec* spec = nullptr;
  std::string self = "record";  // entity name of ["self"]
  std::string row = "row";      // entity name of ["row"], inside aggregates
};
std::string value(const Voice& voice, const spec::Expr& expr);
// A condition as a clause: "the number of open loans of the member is below 5"; negated: "… is at
// least 5".
std::string condition(const Voice& voice, const spec::Expr& expr, bool negated = false);

// What a sum or an average is of: "hours" for ["row", "hours"], else value().
std::string measured(const Voice& voice, const spec::Expr& expr);

// What a filter of an aggregate says about its rows beyond who they belong to: "open", or "".
// `rest` gets the parts that are no plain adjective, in words ("whose amount is above 5").
struct RowFilter {
  std::string adjective;  // "open", "active or pending"
  std::string owner;      // role the rows are counted by: "member"
  std::string rest;
};
RowFilter row_filter(const Voice& voice, std::string_view entity, const spec::Expr* filter);

}  // namespace cadre::offline::wording
