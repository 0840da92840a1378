// cadre sop check|new|graph: standard operating procedures as files (docs/sops.md).
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "cli/cli.h"
#include "sop/problem.h"

namespace CLI {
class App;
}  // namespace CLI

namespace cadre::cli {

struct SopArguments {
  std::string sop = "software";
  std::string name;
  std::filesystem::path dir = ".";
  std::string format = "mermaid";
};

// Adds `sop` to the program; a chosen command sets `action`. All arguments must outlive `app`.
void add_sop_commands(CLI::App& app, Console& console, SopArguments& arguments,
                      std::function<int()>& action);

// What --json shows of problems.
JsonArray problems_json(const std::vector<SopProblem>& problems);

}  // namespace cadre::cli
