// Noun phrases and verb groups of a tagged sentence.
//
// Both passes are linear and without recursion.
#pragma once

#include <vector>

#include "offline/language/language.h"

namespace cadre::offline {

// Marks "in" of "check guests in" as a particle and joins it to the verb's lemma.
void join_particles(std::vector<Token>& tokens);

std::vector<NounPhrase> chunk_nouns(const std::vector<Token>& tokens);

// A verb group and what the clause builder has to know about it.
struct VerbGroup {
  VerbPhrase phrase;
  bool finite = true;
  bool infinitive = false;  // "to adopt"
  bool gerund = false;      // "returning a book"
  bool copula = false;      // "be" with no verb behind it
};

std::vector<VerbGroup> chunk_verbs(const std::vector<Token>& tokens);

}  // namespace cadre::offline
