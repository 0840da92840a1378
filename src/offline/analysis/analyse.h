// The offline analyst: brief in, complete requirement model out.
#pragma once

#include <string_view>

#include "spec/model.h"

namespace cadre::offline {

// Reads a brief into a model. The model is always valid (spec/validate.h). With verdict kRefuse it
// has no entities, and `unhandled` says why; otherwise it is complete: standard operations,
// permissions and defaults are in it, each with its origin. Every sentence is accounted for.
// Pure and thread-safe; linear in the brief's length.
spec::Spec analyse(std::string_view brief);

}  // namespace cadre::offline
