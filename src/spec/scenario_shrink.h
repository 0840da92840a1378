// Makes a story shorter and finds its twin. Private to scenario.cc and its tests. Pure.
#pragma once

#include <vector>

#include "spec/scenario.h"

namespace cadre::spec {

// True when all requests succeed but the last, and that one is refused as the goal says.
bool ends_in(const Interpreter& start, const Goal& goal, const std::vector<Request>& story,
             Budget& budget);

// Drops steps (renumbering the ids that later ones use), fields and moves of time while the story
// still ends in the goal.
std::vector<Request> shrink(const Interpreter& start, const Goal& goal, std::vector<Request> story,
                            Budget& budget);

// The story with one small change after which every request succeeds; empty when none is found.
std::vector<Request> find_twin(const Interpreter& start, const std::vector<Request>& story,
                               Budget& budget);

// Executes the story and notes each answer.
std::vector<Step> replay(const Interpreter& start, const std::vector<Request>& story);

}  // namespace cadre::spec
