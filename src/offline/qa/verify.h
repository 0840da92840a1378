// The stage that runs the tests, measures, reviews and reports: artifact `quality_report`.
//
// First it asks for the tests with coverage, the linter, a compile check and the differential
// test; when the tests pass, for the mutation run; then it writes the report from what came back.
// A figure that could not be measured is null, and not_verified says why. Pure; thread-safe.
#pragma once

#include <span>

#include "core/provider.h"

namespace cadre::offline::qa {

Result<Turn> verify(const Task& task, std::span<const ToolResult> results);

}  // namespace cadre::offline::qa
