// The final screen: what was built, what was understood, what the tests say, where to look, how to
// start it. Every figure comes from the artifacts; one that was not measured is said to be so.
#pragma once

#include <filesystem>
#include <string>

#include "runtime/runner.h"

namespace cadre::cli {

std::string render_summary(const RunOutcome& outcome, const std::filesystem::path& out_dir,
                           double seconds);

}  // namespace cadre::cli
