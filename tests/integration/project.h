// Test kit: what a finished run promises about its project and its result.json.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "program.h"

namespace cadre::testing {

// Against sops/software/result.schema.json.
void expect_valid_result(const Json& result);

// Tests that ran and passed, coverage, a clean differential test, complete traceability, and every
// file that result.json names; the OpenAPI document too, where its validator is there.
void expect_sound_project(const std::filesystem::path& out);

// What a third party's validator (CADRE_OPENAPI_VALIDATOR, see ./check) has against a document: ""
// when it accepts it, nothing when there is no validator.
std::optional<std::string> openapi_problems(const std::filesystem::path& document);

}  // namespace cadre::testing
