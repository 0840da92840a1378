// From a sentence to tokens: words, numbers, symbols, multi-word comparators.
//
// Every byte that is not white space belongs to exactly one token. Closed-class words get their
// tag here; open-class words are left to the tagger.
#pragma once

#include <string_view>
#include <vector>

#include "offline/language/language.h"

namespace cadre::offline {

inline constexpr int kTokensMax = 400;  // longer sentences are cut by read_brief()

// `base` is the offset of `text` in the brief. First the words as they stand ...
std::vector<Token> split_words(std::string_view text, int base);
// ... then, when spelling is repaired, multi-word entries, closed classes and units.
std::vector<Token> finish_tokens(std::vector<Token> tokens, std::string_view text, int base);

}  // namespace cadre::offline
