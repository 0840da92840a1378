// Builds a set of files by a stack's commands in the sandbox and runs its tests: what came out,
// case by case, without any judgement.
#pragma once

#include "runtime/tools/measured_project.h"
#include "runtime/tools/stack_table.h"
#include "runtime/tools/task_folder.h"
#include "runtime/tools/workspace.h"

namespace cadre {

// Steps of the kinds build and test, until a build fails. Measurement::not_verified names files
// that could not be put there.
Result<Measurement> run_stack(SandboxAccess& access, const TaskToolContext& context,
                              const Stack& stack, const FolderFiles& files);

}  // namespace cadre
