// Test kit: what a finished run promises about its project and its result.json.
#pragma once

#include <filesystem>

#include "program.h"

namespace cadre::testing {

// Against sops/software/result.schema.json.
void expect_valid_result(const Json& result);

// Tests that ran and passed, coverage, a clean differential test, complete traceability, and every
// file that result.json names.
void expect_sound_project(const std::filesystem::path& out);

}  // namespace cadre::testing
