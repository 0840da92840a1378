// Spelling: unknown words that are one slip away from a word of the brief or a common one.
//
// Cautious on purpose, because a wrong repair changes what the user asked for: names, acronyms,
// words used three times, and rare words of the dictionary are left alone. Each change is recorded
// in Brief::repairs and made in Token::lower only.
#pragma once

#include "offline/language/language.h"

namespace cadre::offline {

// Needs the words of all sentences (split_words), before finish_tokens.
void repair_spelling(Brief& brief);

// Insertions, deletions, replacements and swaps of neighbours; more than `limit` gives limit + 1.
int edit_distance(std::string_view a, std::string_view b, int limit);

}  // namespace cadre::offline
