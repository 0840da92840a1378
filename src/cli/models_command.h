// `cadre models`: which providers are configured and reachable, what their models cost and hold.
#pragma once

#include <CLI/App.hpp>
#include <filesystem>
#include <functional>
#include <string>

#include "cli/cli.h"

namespace cadre::cli {

struct ModelsArguments {
  std::string provider;  // "": all, in a line each
  bool check = false;    // ask the servers
  std::filesystem::path prices;
  std::string model;  // what runs would use, by cadre.toml; "": CADRE_MODEL, else offline
};
// Goes by cadre.toml, too.
int models_command(const Console& console, const ModelsArguments& given);
void add_models_command(CLI::App& app, Console& console, ModelsArguments& arguments,
                        std::function<int()>& action);

}  // namespace cadre::cli
