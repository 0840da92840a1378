// Who does what to what: the predications of a sentence, read from tags and word order alone.
//
// "Members can borrow books", "requests are approved by managers", "As a clerk, I want to see
// orders", "the system lets users add tasks" all come out in the same form, so that what follows
// does not depend on how the user put it. Works for words nobody knows.
#pragma once

#include <string>
#include <vector>

#include "offline/analysis/scan.h"

namespace cadre::offline::analysis {

struct Thing {
  Name name;               // empty for a pronoun
  std::string determiner;  // "the", "their", "each"
  std::string of;          // "author of a post": "post"
  std::string pronoun;     // "it", "they", "i"
  bool antecedent = false; // the name is that of what the pronoun means
  int first = 0, last = 0;  // with determiner and complement
};

struct Preposition {
  std::string word;
  Thing thing;
};

struct Action {
  std::vector<Thing> subjects;     // empty: the user of the application, or unknown
  std::string verb;                // lemma, particle joined: "check_in"
  std::vector<Thing> objects;
  std::vector<Preposition> prepositions;
  bool negated = false, only = false, passive = false;
  bool first_person = false;       // "I want to ..."
  bool system = false;             // "the system shall ..."
  bool dependent = false;          // inside if/when/unless/until/before/after
  std::string modal;
  int first = 0, last = 0;         // tokens, from the subject to the last object
  int verb_first = 0, verb_last = 0;
};

std::vector<Action> read_actions(const Sentence& sentence);

// True when the sentence (or its part in front of a colon) is a title: no predicate at all.
bool is_fragment(const Scan& scan, int first, int last);

}  // namespace cadre::offline::analysis
