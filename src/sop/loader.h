// From an SOP's files to a plan that the core can walk.
//
// Every mistake is reported with its file, its line, what is wrong and what to write instead, and
// all of them at once. A plan is only made when there is no error. Pure; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/plan.h"
#include "sop/problem.h"
#include "sop/source.h"

namespace cadre {

struct SopOptions {
  // The tools that there are; empty: names are not checked.
  std::vector<std::string> tools;
};

// The guardrails that a role may name. Both hold for every role, named or not: an agent may call
// only the tools that its role lists (core), and its files stay inside the project
// (process/tree.h).
std::vector<std::string> guardrail_names();

struct SopCheck {
  std::vector<SopProblem> problems;  // by file and line
  std::optional<Plan> plan;          // when no problem is an error
};

SopCheck check_sop(const SopSource& source, const SopOptions& options = {});

// The plan, or an error that lists the mistakes, one a line.
Result<Plan> load_sop(const SopSource& source, const SopOptions& options = {});
// By name ("software") or folder.
Result<Plan> load_sop(const std::string& name_or_folder, const SopOptions& options = {});

}  // namespace cadre
