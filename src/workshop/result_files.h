// What a run that has ended leaves for programs and people beside its artifacts: result.json, and
// for a refused one a README that says why.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "runtime/runner.h"
#include "runtime/tools/git_project_writer.h"

namespace cadre::workshop {

// What would help, said by the run or in general.
std::string refusal_help(const RunOutcome& outcome);

// Writes result.json into the project folder; where a refused run has left no folder, or without a
// writer (a change to a repository), into `state`/results/RUN.json. Gives its path.
Result<std::filesystem::path> write_result_files(Store& store, GitProjectWriter* writer,
                                                 const RunOutcome& outcome, const Plan& plan,
                                                 const std::filesystem::path& out_dir,
                                                 const std::filesystem::path& state);

}  // namespace cadre::workshop
