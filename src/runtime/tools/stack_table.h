// How projects of a language are built, tested and measured: the plan's table `stacks` as data, or
// what an architecture states for a language that no stack is known for.
//
// The table is read leniently where a default makes sense and strictly where a mistake would give
// wrong figures. StackMachine looks at what is installed, once for each program; thread-safe.
#pragma once

#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "core/plan.h"

namespace cadre {

struct FigureFile {
  std::string format, file;
  std::string compiled;   // of coverage: where scripts stand that were made of the sources
  bool complete = false;  // of coverage: a source that it does not name has no line that can run
};

struct StackStep {
  std::string kind;  // build, lint, test, coverage
  std::vector<std::string> argv;
  std::vector<std::string> without_coverage;  // instead, where coverage cannot be measured
  std::map<std::string, std::string> env;
  std::optional<FigureFile> results, coverage;
  std::string tool, warnings;  // of lint: its name, and the pattern of one finding in the output
  bool count_lines = false;    // of lint: each line of its output is a finding
  double timeout_s = 120;
};

struct StackProgram {
  std::string program, package;
  std::string needed_for;          // build, test, coverage, lint
  std::vector<std::string> check;  // a command that succeeds when it is there; empty: look for it
};

struct StackVariant {
  std::string when;  // a file that the project has; "": always
  std::vector<StackStep> steps;
};

struct Stack {
  std::string id, title, conventions, no_coverage, error_place;
  std::vector<std::string> languages, sources, headers, paths, missing;
  std::map<std::string, std::string> env;
  std::map<std::string, std::string> files;  // beside the project in .cadre/, for the steps
  std::vector<StackProgram> programs;
  std::vector<StackVariant> variants;
  int memory_mb = 4096;
};

// The table of a plan; empty when it has none. kInvalidInput names what is wrong in it.
Result<std::vector<Stack>> read_stacks(const Plan& plan);

// The stack for what an architecture states: by its commands, else by its language. Nothing when
// neither is known.
std::optional<Stack> stack_for(const std::vector<Stack>& stacks, const Json& architecture);

// "C++20" -> "c++": the word of `languages` that the text begins with, the longest of all.
const Stack* find_stack(const std::vector<Stack>& stacks, std::string_view language);

// Where the programs of a stack's steps are looked for.
std::string program_path(const Stack& stack);

// Those of the programs that are needed for one of these: build, test, coverage, lint.
std::vector<StackProgram> needed_for(const std::vector<StackProgram>& programs,
                                     std::initializer_list<std::string_view> kinds);
// "cargo, rustc" and "cargo rustc": their names, and the packages to install, each once.
std::string names_of(const std::vector<StackProgram>& programs);
std::string packages_of(const std::vector<StackProgram>& programs);

class StackMachine {
 public:
  // What is not installed, of what the stack names, where its steps would look for it.
  std::vector<StackProgram> missing(const Stack& stack);
  // kDenied with the packages to install when it cannot be built or tested here; `otherwise` ends
  // the hint.
  Result<void> can_test(const Stack& stack, std::string_view otherwise = {});

 private:
  bool there(const StackProgram& program, const Stack& stack);
  std::mutex mutex_;
  std::map<std::string, bool> known_;
};

}  // namespace cadre
