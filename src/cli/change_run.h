// `cadre run --on DIR`: a run that changes an existing repository, in a worktree of its own: what
// it reads before it begins, where it leaves its branch, and what the user is told at the end.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "runtime/runner.h"
#include "runtime/tools/worktree_writer.h"

namespace cadre::cli {

struct ChangeRun {
  std::string run;
  std::optional<Artifact> input;           // the repository as it was read; not after a resume
  std::string line;                        // how much that was, for the user
  std::shared_ptr<WorktreeWriter> writer;
};

// Null without --on. Reads the repository; makes nothing yet. kDenied (exit code 4) without a
// language model; kInvalidInput names what is wrong with the repository or the arguments.
Result<std::shared_ptr<ChangeRun>> read_change(const RunArguments& arguments, const Plan& plan,
                                               bool offline);
// Makes branch and worktree and keeps where they are beside the journal.
Result<void> open_change(const ChangeRun& change, const std::filesystem::path& state);
// That of an earlier run; null when the run changes no repository. With `open`, its worktree is
// made ready to go on.
Result<std::shared_ptr<ChangeRun>> resume_change(const std::filesystem::path& state,
                                                 const std::string& run, const Plan& plan,
                                                 bool open);

// What the branch holds, where it is, and how to look at it, take it or drop it.
std::string change_lines(const ChangeRun& change, const RunOutcome& outcome);
// branch, worktree, repository, base, files_changed
void add_change(const ChangeRun& change, JsonObject& body);

}  // namespace cadre::cli
