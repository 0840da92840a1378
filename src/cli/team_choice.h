// Which SOP a run takes when the user named none: the whole team, or one agent for a trivial job.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/commands.h"
#include "core/plan.h"

namespace cadre::cli {

struct ChosenSop {
  Plan plan;
  std::string line;  // why, for the user; "" when there was nothing to choose
};

// --sop as it is; else `software`, or what its table team_size says for the brief when a language
// model is in charge, or what --team says. kInvalidInput when --team does not fit the rest.
Result<ChosenSop> choose_sop(const RunArguments& arguments, const std::string& brief, bool offline,
                             const std::vector<std::string>& tools);

}  // namespace cadre::cli
