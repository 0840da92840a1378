// approve, reject, answer: what a person decides about a run that waits, in a process of its own.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <string>

#include "cli/cli.h"
#include "cli/commands.h"
#include "core/state.h"
#include "store/store.h"

namespace cadre::cli {

struct ApproveArguments {
  std::string verb;  // approve, reject, answer
  std::string key;
  std::string message;
  bool always = false;
  bool resume = false;
};

int approve_command(const Console& console, const RunReference& reference,
                    const ApproveArguments& arguments, const ResumeArguments& resume);

void add_approve_commands(CLI::App& app, Console& console, RunReference& reference,
                          ApproveArguments& arguments, ResumeArguments& resume,
                          std::function<int()>& action);

// What waits of a run of agents, as approvals; empty for other runs.
std::vector<Approval> agent_approvals(Store& store, const RunInfo& info);

// What waits, with the commands that decide it; "" when nothing does. `resumable`: they can also go
// on with the run.
std::string waiting_lines(const std::string& run, const std::vector<Approval>& waiting,
                          const std::filesystem::path& state, bool resumable = true);

}  // namespace cadre::cli
