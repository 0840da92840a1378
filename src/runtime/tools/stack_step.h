// One command of a stack, run in the sandbox in the folder of a project: the one place that says
// under which limits projects are built and tested. Thread-safe.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "process/process.h"
#include "runtime/tools/measured_project.h"
#include "runtime/tools/stack_table.h"
#include "runtime/tools/workspace.h"

namespace cadre {

// Of a file that a step leaves its figures in.
inline constexpr std::size_t kFigureBytesMax = 64 * 1024 * 1024;

struct StepPlace {
  std::filesystem::path folder;
  std::optional<int> work_mb{};  // what the folder may grow to; unset: the sandbox's own limit
};

// How the programs of a step see the folder.
std::string seen_as(SandboxAccess& access, const StepPlace& place);

// The files of a folder whose paths end so, sorted; at most 5,000.
std::vector<std::string> files_ending(const std::filesystem::path& folder,
                                      const std::string& ending);

// The stack's own files, in .cadre/ beneath the folder.
Result<void> put_stack_files(const std::filesystem::path& folder, const Stack& stack);

// What the lists in a step's command stand for.
struct StepFiles {
  std::vector<std::string> sources, tests;
};
// The command with "{work}", "{sources}", "{tests}" and "{found:.x}" filled in; empty when a list
// is.
std::vector<std::string> fill_command(const std::vector<std::string>& argv, const StepFiles& files,
                                      const std::filesystem::path& folder, const std::string& work);

struct StepDone {
  StepRun run;
  ProcessResult process;  // as it was printed, for whoever reads results from it
};

// `argv` is the step's command with everything filled in. kCancelled when the call was stopped.
Result<StepDone> run_stack_step(SandboxAccess& access, const TaskToolContext& context,
                                const Stack& stack, const StackStep& step,
                                const std::vector<std::string>& argv, const StepPlace& place);

}  // namespace cadre
