// What the tests of git's tools share.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "process/process.h"

namespace cadre::testing {

// Runs git in the folder, as a user who is nobody; what it said.
inline std::string run_git(const std::filesystem::path& folder,
                           std::vector<std::string> arguments) {
  ProcessOptions process;
  process.argv = {"git", "-c", "user.name=U", "-c", "user.email=u@example.org"};
  process.argv.insert(process.argv.end(), arguments.begin(), arguments.end());
  process.env = {"PATH=/usr/bin:/bin", "HOME=/nonexistent"};
  process.cwd = folder;
  const auto ran = run_process(process);
  EXPECT_TRUE(ran && ran->success()) << (ran ? ran->err : ran.error().message);
  return ran ? ran->out : "";
}

}  // namespace cadre::testing
