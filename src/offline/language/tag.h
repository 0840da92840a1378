// Decides what each open-class word is, left to right, by its neighbours.
//
// In: tokens with closed-class tags. Out: tag, lemma, verb form, plural for all of them. Linear.
#pragma once

#include <vector>

#include "offline/language/language.h"

namespace cadre::offline {

void tag_tokens(std::vector<Token>& tokens);

}  // namespace cadre::offline
