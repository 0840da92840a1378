// Clauses of a sentence from its noun phrases and verb groups.
#pragma once

#include "offline/language/language.h"

namespace cadre::offline {

// Needs tokens and nouns; fills clauses.
void build_clauses(Sentence& sentence);
// One clause without a verb, for headings and lists of values.
void build_verbless(Sentence& sentence);

}  // namespace cadre::offline
