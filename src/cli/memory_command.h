// cadre memory: looks into the memory that lasts over runs, and forgets what it should not keep.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "cli/cli.h"

namespace CLI {
class App;
}  // namespace CLI

namespace cadre::cli {

struct MemoryArguments {
  std::filesystem::path state = ".cadre";
  std::string what;  // a lesson's number, or a session's id
};

// Adds `memory` to the program; a chosen command sets `action`. All arguments must outlive `app`.
void add_memory_commands(CLI::App& app, Console& console, MemoryArguments& arguments,
                         std::function<int()>& action);

}  // namespace cadre::cli
