// cadre.toml: what a user or a project sets once instead of with every command.
//
// `./cadre.toml` goes before `$XDG_CONFIG_HOME/cadre/cadre.toml` (else `~/.config/...`), setting by
// setting; options and the environment's variables go before both. A file with an unknown key, a
// value of the wrong type, or something that looks like a secret is refused as a whole, with file
// and line: nothing is started on half of a configuration. docs/command-line.md describes it.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "cli/commands.h"
#include "cli/models_command.h"

namespace cadre::cli {

struct Setting {
  Json value;          // text, number or boolean; files as full paths
  std::string origin;  // "./cadre.toml:3"
};

struct Config {
  std::map<std::string, Setting> settings;   // by key: "model", "budget.max_cost"
  std::vector<std::filesystem::path> files;  // that are there, the first goes before the second
};

// Where a file may be; those that are not there are left out.
std::vector<std::filesystem::path> config_places();
Result<Config> read_config(const std::vector<std::filesystem::path>& places = config_places());

// Puts what is set there where no option and no variable of the environment says otherwise. A run
// that is resumed keeps its model and its limits.
void apply_config(const Config& config, RunArguments& arguments);
void apply_config(const Config& config, ResumeArguments& arguments);
void apply_config(const Config& config, ModelsArguments& arguments);

struct EffectiveSetting {
  std::string key, value, origin;  // origin: file:line, a variable's name, or "default"
};
// What a run without options would go by.
std::vector<EffectiveSetting> effective_settings(const Config& config);

}  // namespace cadre::cli
