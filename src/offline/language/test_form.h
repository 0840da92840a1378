// For tests: a clause as one short line, so that a table of sentences and readings stays readable.
//
//   "member can borrow <=3 book | at the same time"
//   "if: copy be =available", "post can edit* by:author" (a passive and its agent)
#pragma once

#include <string>
#include <vector>

#include "offline/language/language.h"

namespace cadre::offline {

std::string phrase_form(const Sentence& sentence, int noun);
std::string clause_form(const Sentence& sentence, const Clause& clause);
// All clauses of all sentences that have a verb.
std::vector<std::string> verb_forms(const Brief& brief);
// Only those with a verb are asked for most of the time; this has the others too.
std::vector<std::string> all_forms(const Brief& brief);

}  // namespace cadre::offline
