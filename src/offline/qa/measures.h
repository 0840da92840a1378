// What the tools measured: JUnit results and Cobertura coverage, read from their XML.
//
// Both formats come out of a sandbox that ran generated code, so nothing in them is trusted:
// numbers that do not parse count as absent. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cadre::offline::qa {

struct CaseResult {
  std::string file = {};        // "tests/test_rules.py"
  std::string name = {};        // "test_r1_limit", without the parameters
  std::string parameters = {};  // "title-empty"
  std::string outcome = {};     // passed, failed, error, skipped
  std::string message = {};     // one line
  std::string details = {};     // trimmed traceback
  double seconds = 0;
};

struct JUnit {
  std::vector<CaseResult> cases = {};
  int passed = 0, failed = 0, skipped = 0;  // errors count as failed
  double seconds = 0;
};

struct FileCoverage {
  std::string path = {};
  int lines = 0, covered = 0;
  std::vector<int> missing = {};  // line numbers
};

struct Coverage {
  std::optional<double> lines_percent, branches_percent;
  std::vector<FileCoverage> files = {};
};

Result<JUnit> read_junit(std::string_view xml);
Result<Coverage> read_cobertura(std::string_view xml);

}  // namespace cadre::offline::qa
