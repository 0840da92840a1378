// Clauses of a sentence from its noun phrases and verb groups.
#pragma once

#include "offline/language/language.h"

namespace cadre::offline {

// Needs tokens and nouns; fills clauses.
void build_clauses(Sentence& sentence);

}  // namespace cadre::offline
