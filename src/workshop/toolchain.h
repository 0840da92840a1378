// What this machine has for testing the projects that are written: the system's Python and its
// modules. One process of about 20 ms finds all of it out. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace cadre::workshop {

struct ToolchainPart {
  std::string name;         // "python3", "python module fastapi"
  std::string package;      // Debian's
  std::string consequence;  // what does not work without it
  bool required = true;
  bool found = false;
  std::string detail;  // version, or what is wrong
};

std::vector<ToolchainPart> examine_toolchain();

// kDenied with what is missing and how to install it, so that a run which cannot be tested does
// not begin.
Result<void> check_toolchain();

}  // namespace cadre::workshop
