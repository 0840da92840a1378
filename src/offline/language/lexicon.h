// The embedded word list: what a word form can be.
//
// Everything is read from the embedded, sorted text by binary search; nothing is built at start, so
// the first look-up costs as much as the thousandth. Pure and thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "offline/language/language.h"

namespace cadre::offline {

// The readings of one word form. Weights are 1..10, 0 when the form has no such reading.
struct WordInfo {
  bool known = false;
  int noun = 0, verb = 0, adjective = 0, adverb = 0;
  char noun_file = 0;  // 'a' + lexicographer file - 3
  bool person = false;
  bool plural = false;  // of the noun reading
  VerbForm form = VerbForm::kNone;
  std::string noun_lemma, verb_lemma, adjective_lemma;
};

WordInfo look_up(std::string_view lower);

// Words that are known to exist and no more; a spelling check leaves them alone.
bool is_rare_word(std::string_view lower);

// The words with this first letter that are common enough to be what somebody meant.
struct CommonWord {
  std::string_view word;
  int weight = 0;
};
std::vector<CommonWord> common_words(char first);

// noun.group: "committee", "department".
bool is_group_noun(std::string_view lemma);

// Regular inflection, without looking anything up.
std::string regular_past(std::string_view verb);

// Verbs with a particle that make one word: "check" + "in", "sign" + "up".
bool is_particle_verb(std::string_view verb, std::string_view particle);

}  // namespace cadre::offline
