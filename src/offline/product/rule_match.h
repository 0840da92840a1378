// Which rule a grant, a transition or an action's input comes from, by the parameters that the
// analysis gives its rules. Pure; thread-safe.
#pragma once

#include <string>

#include "spec/model.h"

namespace cadre::offline::product {

// The rule that says whether the actor may do it, or nullptr. For a refused operation that is the
// "only" rule of another actor.
const spec::Rule* permission_rule(const spec::Spec& spec, std::string_view actor,
                                  const spec::Operation& operation, bool denied);
// The rule that draws this edge of the entity's lifecycle, or else one about its transitions.
const spec::Rule* transition_rule(const spec::Spec& spec, const spec::Entity& entity,
                                  std::string_view from, std::string_view to);
// The operation to try a rule on: one that its parameters name, or else one of an entity that they
// name, or else the first.
const spec::Operation* operation_for(const spec::Spec& spec, const spec::Rule& rule);

}  // namespace cadre::offline::product
