// Whether two names mean the same thing: "loan_id" and "loanId", "due_on" and "dueDate",
// "borrow" and "borrowings". English, general, without a word of any domain. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cadre::audit {

using Words = std::vector<std::string>;

// "bookLoans" -> book, loan: small letters, each in the singular ("movies" -> movy).
Words words_of(std::string_view name);
Words without(const Words& words, const Words& minus);

// 2: the same word; 1: of one stem ("return", "returned"); 0: neither.
int word_score(std::string_view ours, std::string_view theirs);
// The same for several words in order.
int words_score(const Words& ours, const Words& theirs);

// How well the name of a field fits one of ours, both being fields of `entity`: 4 the same words,
// 3 without the entity's own ("book_title"), 2 without words that say nothing of their own
// ("due_on", "due_date"), 1 one within the other or synonyms, 0 not at all.
int field_score(const Words& ours, const Words& theirs, const Words& entity);

}  // namespace cadre::audit
