// A small complete SOP to begin with: three roles, two stages, comments that teach. check_sop()
// finds nothing wrong with it. Pure; thread-safe.
#pragma once

#include <map>
#include <string>

#include "base/result.h"

namespace cadre {

// The files by their path in the SOP's folder. kInvalidInput when the name is no word.
Result<std::map<std::string, std::string>> sop_template(const std::string& name);

}  // namespace cadre
