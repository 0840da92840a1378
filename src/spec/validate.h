// Soundness of a requirement model: everything named exists, every expression has a type, every
// operation can be executed. A sound model runs in the interpreter without surprises and becomes
// code without escaping. Pure; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "spec/model.h"

namespace cadre::spec {

struct Problem {
  std::string place;    // "operation borrow, guard R1"
  std::string message;  // what is wrong, and what to write instead where that is known
};

// All problems, in model order; empty when the model is sound. A refused model (verdict refuse)
// has no entities and is sound.
std::vector<Problem> validate(const Spec& spec);

// The problems of one element of a model whose records, references and actors are sound.
std::vector<Problem> validate_operation(const Spec& spec, const Operation& operation);
std::vector<Problem> validate_query(const Spec& spec, const Query& query);
std::vector<Problem> validate_permission(const Spec& spec, const Permission& permission);

// The first problems as one error.
Result<void> check_sound(const Spec& spec);

}  // namespace cadre::spec
