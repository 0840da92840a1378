// What test runners and coverage tools write, as cases and lines: JUnit, TAP, `go test -json`,
// cargo's text; Cobertura, JaCoCo, LCOV, gcov's JSON, Go's cover profile.
//
// All of it comes out of a sandbox that ran generated code, so nothing is trusted: what cannot be
// read is an error or left out, numbers are bounded. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cadre {

struct TestCase {
  std::string name;    // as the runner reports it, without parameters
  std::string suite;   // class, file or package; may be empty
  std::string outcome; // passed, failed, skipped, error: it was not there to be run
  std::string message; // the first line of what went wrong
  std::string output;  // trimmed: the end says the most
  double seconds = 0;
};

// By line number: how often it ran.
using LineCounts = std::map<int, std::int64_t>;

struct FileCounts {
  LineCounts lines;
  std::int64_t branches = 0, branches_taken = 0;
};

struct CoverageData {
  std::map<std::string, FileCounts> files;  // by the path as the tool writes it
};

// Whether a report's path for a file can mean this path beneath the project: many write it from
// the root of the system or of a module.
bool is_same_file(const std::string& reported, const std::string& path);

// `format` as in the table of stacks; kInvalidInput for one that is not known.
Result<std::vector<TestCase>> read_test_results(std::string_view format, std::string_view text);
Result<CoverageData> read_coverage(std::string_view format, std::string_view text);

}  // namespace cadre
