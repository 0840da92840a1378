// What was found when a project was built and tested: from cases and lines to figures, findings
// with blame, and the trace from criteria to passing tests. Pure.
//
// Blame follows evidence, not opinion: an error in a file of the test suite is the test suite's,
// unless what it misses stands in the contract; everything else is the code's.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "core/gate.h"
#include "runtime/tools/stack_table.h"
#include "runtime/tools/test_readers.h"

namespace cadre {

// A command of the stack as it ran.
struct StepRun {
  std::string kind, command;
  bool passed = false;
  double seconds = 0;
  std::string output;                     // trimmed
  std::string broken_limit;               // the limit that ended it, in words, or ""
  std::optional<std::int64_t> warnings;   // of lint and of builds that count them
  std::string tool;
};

struct Measurement {
  std::string stack;                      // its title
  std::vector<StepRun> steps;
  bool tests_ran = false;
  std::vector<TestCase> cases;
  std::optional<CoverageData> coverage;
  std::string no_coverage;                // why there is none and none can be expected
  std::vector<std::string> problems;      // results that could not be read
  std::vector<std::string> not_verified;
  std::vector<Finding> findings;          // found on the way; blame filled
  bool sandboxed = true;
};

// The words that stand between code and tests.
class Contract {
 public:
  explicit Contract(const ArtifactMap& inputs);
  bool promises(const std::string& name) const { return words_.contains(name); }
  bool is_test_file(const std::string& path) const { return tests_.contains(path); }
  bool has_tests() const { return !tests_.empty(); }

 private:
  std::set<std::string, std::less<>> words_;
  std::set<std::string, std::less<>> tests_;
};

// Which artifact an error's output accuses: "code" or "test_suite".
std::string blame_of_output(const Stack& stack, const Contract& contract, std::string_view output);
// From the first error on; the end where no error is found.
std::string telling_part(const Stack& stack, std::string_view output);

// Whether a test suite's name for a test means this case.
bool is_named(const TestCase& one, const std::string& name);
// Without what differs from run to run though nothing changed: addresses and durations.
std::string without_noise(std::string text);

// What became of one planned test: passed, failed, or "not run".
using OutcomeOfTest = std::function<std::string(const std::string& name)>;
// From criteria to tests: how many have a test that passed and none that failed, which fail, which
// no test reached, and the matrix. `tests` are {name, criteria}; without `outcome_of` (nothing ran)
// only the criteria are counted.
Json trace_criteria(const std::vector<std::string>& criteria, const JsonArray& tests,
                    const OutcomeOfTest& outcome_of);

// {"figures": {...}, "append": {"findings": [...], "not_verified": [...]}} as measure_project
// answers. `sources` are the files whose lines count, by path.
Json report_of(const Measurement& measured, const Stack& stack, const ArtifactMap& inputs,
               const std::map<std::string, std::string>& sources);

}  // namespace cadre
