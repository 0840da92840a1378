// Test kit: random sound models, for property tests of whatever reads or runs models.
//
// Every model passes validate(). Names are plain words; the shapes vary: 1 to 5 records with all
// types and limits, references of each kind, lifecycles, events, guards, effects, scheduled
// operations, actors with row permissions, searches and reports. Deterministic for a seed. Pure.
#pragma once

#include <cstdint>

#include "spec/model.h"

namespace cadre::spec {

Spec random_spec(std::uint64_t seed);

}  // namespace cadre::spec
