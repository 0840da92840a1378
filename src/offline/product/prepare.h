// The Product Manager's work behind perform(), from a model instead of a brief.
#pragma once

#include "core/provider.h"
#include "spec/model.h"

namespace cadre::offline::product {

// The four artifacts of the requirements stage, or a refusal with reason and help. The model must
// be valid. Pure; thread-safe.
Turn prepare(const spec::Spec& spec);

}  // namespace cadre::offline::product
