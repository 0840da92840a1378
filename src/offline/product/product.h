// The offline engine's Product Manager: see docs/offline-engine.md for what it can and cannot do.
#pragma once

#include "core/provider.h"
#include "spec/model.h"

namespace cadre::offline::product {

// The four artifacts of the requirements stage from the model of the brief, or a refusal with
// reason and help. The model must be valid. Pure; thread-safe.
Turn prepare(const spec::Spec& spec);

}  // namespace cadre::offline::product
