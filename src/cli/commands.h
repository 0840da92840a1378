// One function per subcommand; each gives the process's exit code. app.cc parses arguments into
// these structures.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/cli.h"
#include "cli/model_options.h"

namespace cadre::cli {

struct RunArguments {
  std::string brief;          // text, file name or "-"
  std::filesystem::path out;  // empty: from the brief's words
  std::filesystem::path on;   // the repository to be changed; empty: something new is made
  std::filesystem::path state = ".cadre";
  std::string sop;                            // "": chosen by `team`
  std::string team;                           // "": auto; solo, full
  std::string model;                          // "": CADRE_MODEL, else offline
  ModelAround around;                         // prices, budget, cache, recording
  std::filesystem::path policy;               // "": policy.yaml in the folder of the journal
  std::vector<std::filesystem::path> inputs;  // files for the SOP, beside the brief
  std::string stack = "python";
  int timeout_s = 0;  // 0: the SOP's
  bool no_sandbox = false;
  std::optional<bool> memory{};  // unset: as cadre.toml says, else yes
};
int run_command(const Console& console, const RunArguments& arguments);

struct RunReference {
  std::string run = "last";  // id, unique beginning, or "last"
  std::filesystem::path state = ".cadre";
};
struct ResumeArguments {
  std::string model;  // "": as the run was started
  ModelAround around;
  std::filesystem::path policy;
  bool no_sandbox = false;
  std::optional<bool> memory{};  // unset: as cadre.toml says, else yes
};
int resume_command(const Console& console, const RunReference& reference,
                   const ResumeArguments& arguments);
int runs_command(const Console& console, const std::filesystem::path& state);
struct ShowArguments {
  RunReference reference;
  bool trace = false;
  bool events = false;
};
int show_command(const Console& console, const ShowArguments& arguments);
int report_command(const Console& console, const RunReference& reference);

int spec_command(const Console& console, const std::string& brief, bool explain);
int doctor_command(const Console& console);

}  // namespace cadre::cli
