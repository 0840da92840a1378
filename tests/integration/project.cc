#include "project.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/json_schema.h"

namespace cadre::testing {

void expect_valid_result(const Json& result) {
  const auto schema =
      json::parse(read_file(std::string(CADRE_SOURCE_DIR) + "/sops/software/result.schema.json"));
  ASSERT_TRUE(schema.has_value());
  const auto compiled = JsonSchema::compile(*schema);
  ASSERT_TRUE(compiled.has_value()) << compiled.error().message;
  for (const SchemaIssue& issue : compiled->validate(result))
    ADD_FAILURE() << issue.pointer << ": " << issue.message;
}

void expect_sound_project(const std::filesystem::path& out) {
  const Json result = read_json(out / "result.json");
  expect_valid_result(result);
  const Json report = result.at("quality_report").at("data");
  ASSERT_TRUE(report.is_object());
  EXPECT_GT(json::get_int(report.at("tests"), "passed"), 0);
  EXPECT_EQ(json::get_int(report.at("tests"), "failed"), 0);
  EXPECT_GE(json::get_double(report.at("coverage"), "lines_percent"), 90.0);
  const Json differential = report.at("differential");
  ASSERT_TRUE(differential.is_object());
  EXPECT_GE(json::get_int(differential, "operations"), 100);
  EXPECT_EQ(json::get_int(differential, "mismatches", -1), 0);
  const Json trace = report.at("traceability");
  EXPECT_EQ(json::get_int(trace, "criteria"), json::get_int(trace, "with_passing_test"));
  for (const char* key :
       {"user_stories", "competitive_analysis", "requirements", "architecture", "data_structures",
        "apis", "implementation", "documentation", "tests", "quality_report"}) {
    for (const Json& file : result.at(key).at("files").as_array()) {
      EXPECT_TRUE(
          std::filesystem::is_regular_file(out / std::string(json::as_view(file.as_string()))))
          << json::write(file);
    }
  }
  EXPECT_EQ(openapi_problems(out / "openapi.json").value_or(""), "");
}

std::optional<std::string> openapi_problems(const std::filesystem::path& document) {
  const char* validator = std::getenv("CADRE_OPENAPI_VALIDATOR");
  if (validator == nullptr || *validator == '\0') return std::nullopt;
  ProcessOptions options;
  options.argv = {validator, document.string()};
  options.env = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + document.parent_path().string()};
  options.timeout = Milliseconds(60'000);
  const auto result = run_process(options);
  if (!result) return "the validator does not run: " + result.error().describe();
  if (result->success()) return "";
  return "refused: " + result->out + result->err;
}

}  // namespace cadre::testing
