// Claude Code's command line as a model: one `claude -p` for each call, as a child process.
//
// It uses the login that the user's claude has; no key passes through Cadre. At most `processes`
// run at once, others wait. Stopping a call kills its process. Thread-safe; destruction stops what
// is under way and waits until those processes have ended.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "model/model.h"

namespace cadre::policy {

struct ClaudeOptions {
  std::filesystem::path program;           // the full path of `claude`
  std::string model{};                     // "sonnet"; "": the program's own choice
  std::vector<std::string> environment{};  // "NAME=value": exactly this, nothing is inherited
  std::chrono::milliseconds timeout{900'000};
  int processes = 4;
};

// kUnavailable when there is no such program.
Result<std::shared_ptr<Model>> make_claude_model(ClaudeOptions options);

}  // namespace cadre::policy
