// Test kit: runs the cadre program in a folder of its own.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "process/process.h"

namespace cadre::testing {

// A fresh folder, removed at the end of the test (kept and named when the test failed).
class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct ProgramOptions {
  std::string stdin_text = {};
  std::vector<std::string> env = {};  // beside PATH and HOME
  int timeout_s = 240;
  std::vector<std::string> wrapper =
      {};  // put before the program: {"/usr/bin/prlimit", "--fsize=..."}
};

ProcessResult run_cadre(const std::filesystem::path& folder, std::vector<std::string> arguments,
                        const ProgramOptions& options = {});

// Whether either of its outputs has the words.
bool says(const ProcessResult& result, std::string_view words);
// Its output as JSON; a failure of the test when it is none.
Json parsed(const ProcessResult& result);

// The verdicts of a gate in the last run of the folder, round by round.
std::vector<Json> gate_verdicts(const std::filesystem::path& folder, const std::string& gate);

std::string read_file(const std::filesystem::path& file);
void write_file(const std::filesystem::path& file, const std::string& content);
Json read_json(const std::filesystem::path& file);

}  // namespace cadre::testing
