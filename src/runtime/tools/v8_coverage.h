// What node writes when NODE_V8_COVERAGE is set, as lines and branches of the sources: JavaScript
// as it ran, or what it was compiled from where its source map says so.
//
// A report is of one process; a line counts as run when one of them ran it. Offsets are UTF-16
// units, as V8 counts them. A branch is a range of a function that V8 counted by itself. All of it
// comes out of a sandbox: what does not fit is left out. Pure; one thread at a time.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/tools/test_readers.h"

namespace cadre {

struct V8Script {
  std::string path;  // beneath the project
  std::string text;  // as it ran
  std::string map;   // its source map (JSON), or empty
};

struct V8Project {
  std::string root;  // the project's folder as the programs saw it: "/work"
  std::vector<V8Script> scripts;
  std::map<std::string, std::string> sources;  // content by path, of the files that are measured
};

class V8Coverage {
 public:
  explicit V8Coverage(V8Project project);
  ~V8Coverage();
  V8Coverage(const V8Coverage&) = delete;
  V8Coverage& operator=(const V8Coverage&) = delete;

  // kInvalidInput when it is no such report.
  Result<void> add(std::string_view report);
  // A script that no process loaded is not in it, unless its map says that nothing in it can run.
  CoverageData take();

 private:
  struct Run;
  V8Project project_;
  std::map<std::string, std::vector<Run>> runs_;  // by the script's path as the process saw it
};

}  // namespace cadre
