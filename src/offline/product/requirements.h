// From a model to numbered requirements: every entity, operation, guard, rule, lifecycle, grant and
// query becomes one, with the user's sentence where there is one. Pure; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "offline/product/work.h"
#include "spec/model.h"

namespace cadre::offline::product {

std::vector<Requirement> write_requirements(const spec::Spec& spec);
std::vector<NonFunctional> write_nfrs(const spec::Spec& spec);

// True when no entry lets the actor do it, or an unconditional one forbids it.
bool is_denied(const spec::Spec& spec, std::string_view actor, std::string_view operation);
// The first actor that may do it, stated grants first; "" when the model has none.
std::string usual_actor(const spec::Spec& spec, std::string_view operation);
// "member", or "user" without actors.
std::string usual_person(const spec::Spec& spec, const spec::Operation& operation);
// What an operation does to the records: "record a loan and set the loan's due on to …"; "" if
// nothing.
std::string effects_text(const spec::Spec& spec, const spec::Operation& operation);
// True when the rule's parameters name the entity.
bool concerns(const spec::Rule& rule, std::string_view entity);
// True when the rule's parameters name the entity's attribute.
bool concerns(const spec::Rule& rule, std::string_view entity, std::string_view attribute);
// A rule that stays on paper.
bool documented_only(const spec::Rule& rule);
bool is_permission_rule(const spec::Rule& rule);

}  // namespace cadre::offline::product
