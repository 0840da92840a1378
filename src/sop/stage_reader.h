// Reads one stage and the gates of it from sop.yaml. What other stages make, and who there is, is
// checked later by graph.h, when all is read.
#pragma once

#include <map>
#include <string>

#include "core/plan.h"
#include "sop/fields.h"
#include "sop/problem.h"

namespace cadre {

struct ReadStage {
  StageSpec spec;
  std::string pointer;  // in sop.yaml: "/stages/2"
};

ReadStage read_stage(const std::string& file, const YamlDocument& document,
                     const std::string& pointer, SopProblems& problems);

}  // namespace cadre
