#include "program.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

namespace cadre::testing {

TestFolder::TestFolder() {
  std::string name = std::filesystem::temp_directory_path() / "cadre-test-XXXXXX";
  const char* made = mkdtemp(name.data());
  EXPECT_NE(made, nullptr);
  path_ = name;
}

TestFolder::~TestFolder() {
  if (::testing::Test::HasFailure()) {
    std::cerr << "kept for inspection: " << path_ << "\n";
    return;
  }
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

ProcessResult run_cadre(const std::filesystem::path& folder, std::vector<std::string> arguments,
                        const ProgramOptions& options) {
  ProcessOptions process;
  process.argv = options.wrapper;
  process.argv.emplace_back(CADRE_BINARY);
  process.argv.insert(process.argv.end(), arguments.begin(), arguments.end());
  process.env = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + folder.string(), "LANG=C.UTF-8"};
  process.env.insert(process.env.end(), options.env.begin(), options.env.end());
  // Coverage runs write their profiles where they are told to.
  if (const char* profile = std::getenv("LLVM_PROFILE_FILE")) {
    process.env.push_back(std::string("LLVM_PROFILE_FILE=") + profile);
  }
  process.cwd = folder;
  process.stdin_text = options.stdin_text;
  process.timeout = Milliseconds(options.timeout_s * 1000);
  process.output_bytes_max = 4 << 20;
  auto result = run_process(process);
  EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().message);
  if (!result) return {};
  EXPECT_FALSE(result->timed_out) << result->out << result->err;
  return std::move(*result);
}

bool says(const ProcessResult& result, std::string_view words) {
  return (result.out + result.err).find(words) != std::string::npos;
}

Json parsed(const ProcessResult& result) {
  const auto value = json::parse(result.out);
  EXPECT_TRUE(value) << result.out << result.err;
  return value ? *value : Json();
}

std::vector<Json> gate_verdicts(const std::filesystem::path& folder, const std::string& gate) {
  std::vector<Json> out;
  const Json events = parsed(run_cadre(folder, {"show", "last", "--events", "--json"}));
  if (!events.is_array()) return out;
  for (const Json& event : events.get_array()) {
    if (json::get_string(event, "kind") == "gate_ended" &&
        json::get_string(event.at("body"), "gate") == gate) {
      out.push_back(event.at("body"));
    }
  }
  return out;
}

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

void write_file(const std::filesystem::path& file, const std::string& content) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << content;
}

Json read_json(const std::filesystem::path& file) {
  auto value = json::parse(read_file(file));
  EXPECT_TRUE(value.has_value()) << file << ": " << (value ? "" : value.error().message);
  return value ? std::move(*value) : Json();
}

}  // namespace cadre::testing
