// Which requirements and criteria of the project's own a finding of the audit is about: those that
// quote the words of the brief on which the finding stands. By them it finds the tasks that serve
// the story, and whoever mends it finds what was promised. Pure.
#pragma once

#include "base/json.h"
#include "core/gate.h"

namespace cadre {

// Puts a line with them before the evidence of each finding that has any.
void name_requirements(const ArtifactMap& inputs, JsonArray& findings);

}  // namespace cadre
