// Whole runs of the SOP `software` with a language model that is a server by other people
// (@copilotkit/aimock), for two requirements that the offline engine refuses. What the model says
// is written by hand (sop_fixtures/); what the project does is real: it is built and tested in the
// sandbox. Run by sop_aimock_test.sh, which starts a server for each fixture.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "program.h"
#include "project.h"

namespace cadre {
namespace {

using testing::ProgramOptions;
using testing::read_file;
using testing::read_json;
using testing::run_cadre;
using testing::TestFolder;

std::string game_url, library_url;

struct WholeRun {
  TestFolder folder;
  ProcessResult process;
  Json result, report;
  std::string events;

  WholeRun(const std::string& model, const std::string& fixture) {
    const std::string brief =
        fmt::format("{}/tests/interop/sop_fixtures/{}/brief.txt", CADRE_SOURCE_DIR, fixture);
    const ProgramOptions options{
        .env = {"OPENAI_API_KEY=sk-test-secret", "ANTHROPIC_API_KEY=sk-test-secret"}};
    const ProcessResult refused = run_cadre(folder.path(), {"run", brief, "--out", "offline"});
    EXPECT_EQ(refused.exit_code, 4) << "the offline engine takes the brief: " << refused.out;
    process = run_cadre(
        folder.path(), {"run", "--model", model, "--team", "full", "--out", "out", brief}, options);
    if (process.exit_code != 0) return;
    result = read_json(folder.path() / "out" / "result.json");
    report = json::parse(run_cadre(folder.path(), {"report", "last", "--json"}).out).value();
    events = run_cadre(folder.path(), {"show", "last", "--events"}).out;
  }
  const Json& quality() const { return result.at("quality_report").at("data"); }
};

void expect_measured(const WholeRun& run) {
  ASSERT_EQ(run.process.exit_code, 0) << run.process.out << run.process.out;
  testing::expect_valid_result(run.result);
  const Json& quality = run.quality();
  EXPECT_EQ(json::get_string(quality, "measured_by"), "measure_project");
  EXPECT_EQ(json::get_int(quality.at("tests"), "failed", -1), 0);
  EXPECT_GE(json::get_double(quality.at("coverage"), "lines_percent"), 90);
  EXPECT_EQ(json::get_int(quality.at("traceability"), "criteria"),
            json::get_int(quality.at("traceability"), "with_passing_test"));
  EXPECT_TRUE(json::get_bool(quality, "sandboxed"));
  EXPECT_TRUE(quality.at("rule_kill_rate_percent").is_null());
  EXPECT_NE(json::write(quality.at("not_verified")).find("not applicable"), std::string::npos);
  // Round 2 is there because a test of round 1 failed.
  EXPECT_NE(run.process.out.find("gate tests_pass FAILED"), std::string::npos) << run.process.out;
  EXPECT_EQ(run.events.find("sk-test-secret"), std::string::npos);
  const Json& prefix = run.report.at("prefix");
  EXPECT_GT(json::get_double(prefix, "repeated_percent"), 40) << json::write(prefix);
  fmt::print("{:.1f} s, {} requests, {:.1f} % of their bytes repeat a prefix\n",
             run.process.seconds, json::get_int(prefix, "requests"),
             json::get_double(prefix, "repeated_percent"));
}

TEST(SopAimock, ATerminalGameInCpp) {
  const WholeRun run("openai-chat+" + game_url + "/v1#some-model", "game2048");
  expect_measured(run);
  if (run.process.exit_code != 0) return;
  EXPECT_EQ(json::get_int(run.quality().at("tests"), "passed"), 16);
  EXPECT_EQ(json::get_string(run.result.at("architecture").at("data"), "kind"), "program");
  // The test that failed went to the developer of the board; the other tasks were left alone.
  EXPECT_NE(run.process.out.find("stage build started by developer (round 2)"), std::string::npos);
  EXPECT_EQ(run.process.out.find("stage test_plan started by qa_engineer (round 2)"),
            std::string::npos);
  const std::string board = read_file(run.folder.path() / "out" / "src" / "board.cc");
  EXPECT_NE(board.find("target - 1 != merged"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(run.folder.path() / "board.h"));
  EXPECT_FALSE(std::filesystem::exists(run.folder.path() / "out" / "docs" / "docs"));
  EXPECT_TRUE(std::filesystem::exists(run.folder.path() / "out" / "docs" / "requirements.md"));
}

TEST(SopAimock, AnAlgorithmLibraryInPython) {
  const WholeRun run("anthropic+" + library_url + "/v1#some-model", "algolib");
  expect_measured(run);
  if (run.process.exit_code != 0) return;
  EXPECT_EQ(json::get_int(run.quality().at("tests"), "passed"), 11);
  // QA quoted the contract against its own test: the code was not touched.
  EXPECT_NE(run.process.out.find("stage test_plan started by qa_engineer (round 2)"),
            std::string::npos);
  EXPECT_EQ(run.process.out.find("stage build started by developer (round 2)"), std::string::npos);
  const std::string tests = read_file(run.folder.path() / "out" / "tests" / "test_paths.py");
  EXPECT_NE(tests.find("(None, [])"), std::string::npos);
}

}  // namespace
}  // namespace cadre

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (argc != 3) {
    fmt::print(stderr, "usage: {} URL-OF-GAME2048 URL-OF-ALGOLIB\n", argv[0]);
    return 2;
  }
  cadre::game_url = argv[1];
  cadre::library_url = argv[2];
  return RUN_ALL_TESTS();
}
