// cadre agents list|import|export|check: agents of SOPs, and to and from other tools' files
// (docs/agents.md).
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "cli/cli.h"

namespace CLI {
class App;
}  // namespace CLI

namespace cadre::cli {

struct AgentsArguments {
  std::string sop = "software";
  std::filesystem::path dir;  // instead of an SOP
  std::vector<std::filesystem::path> files;
  std::vector<std::string> roles;
  std::string from;  // the format of what is read; "": told from each file
  std::string format;
  std::filesystem::path to;
  bool force = false;
};

// Adds `agents` to the program; a chosen command sets `action`. All arguments must outlive `app`.
void add_agents_commands(CLI::App& app, Console& console, AgentsArguments& arguments,
                         std::function<int()>& action);

}  // namespace cadre::cli
