// Builds a set of files by a stack's commands in the sandbox and runs its tests: what came out,
// case by case, without any judgement.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/task_files.h"
#include "runtime/tools/measured_project.h"
#include "runtime/tools/stack_table.h"
#include "runtime/tools/workspace.h"

namespace cadre {

struct StackFiles {
  std::map<std::string, TaskFile> texts;
  // Of `copied_from`: files that no artifact holds (not text, or too large); true: executable.
  std::filesystem::path copied_from;
  std::map<std::string, bool> copied;
  std::map<std::string, std::string> links;  // symbolic links within the files, with their targets
};

// Steps of the kinds build and test, until a build fails. Measurement::not_verified names files
// that could not be put there.
Result<Measurement> run_stack(SandboxAccess& access, const TaskToolContext& context,
                              const Stack& stack, const StackFiles& files);

}  // namespace cadre
