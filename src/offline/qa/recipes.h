// Finds, for every operation, a request that the model accepts, by trying on the oracle.
//
// Plain values come first; when a rule refuses them, other values, states of the row and of the
// rows it refers to, children, earlier actions and a moved clock are tried. What is found becomes
// the project's data factories. Deterministic.
#pragma once

#include "offline/qa/world.h"

namespace cadre::offline::qa {

Recipes find_recipes(const spec::Spec& spec, const spec::Contract& contract);

// The operation has a row in its path.
bool has_row(const spec::Endpoint& endpoint);
// A create or event_create: POST that makes a row of the entity.
bool makes_row(const spec::Endpoint& endpoint);
// An action on a row: transition, event_close, move_quantity, and updates with a verb of their own.
bool is_action(const spec::Endpoint& endpoint);

}  // namespace cadre::offline::qa
