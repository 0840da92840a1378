// The state that a noun phrase names: "open tickets", "jobs in progress", "shipments that are in
// transit".
//
// Pure functions over a sentence.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "offline/analysis/actions.h"
#include "offline/analysis/scan.h"

namespace cadre::offline::analysis {

struct StatedStates {
  std::vector<std::string> states;
  // Something describes the noun, but no state that is known: "large orders".
  bool strange = false;
};

// The states in which the action's object is said to be. `known` are the states of its
// record, as far as they are listed; without any, what looks like a state is one. `last` is the end
// of the part of the sentence; `name` is the record's.
StatedStates stated_states(const Scan& scan, const Action& action, const Name& object, int last,
                           std::string_view name, const std::vector<std::string>& known);

// The known state that this verb leads to, also by another word for the same: "finish" -> "done",
// "start" -> "in progress". Empty when there is none.
std::string state_reached(const std::vector<std::string>& known, std::string_view verb);

}  // namespace cadre::offline::analysis
