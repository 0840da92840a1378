// Whole runs of the SOP `software` with a language model that is a server by other people
// (@copilotkit/aimock): for two requirements that the offline engine refuses, and for a service that
// it audits. What the model says is written by hand (sop_fixtures/); what the project does is real:
// it is built, tested and asked in the sandbox. Run by sop_aimock_test.sh, which starts a server for
// each fixture and checks what they were sent.
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

std::string game_url, library_url, service_url;

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
    process = run_cadre(
        folder.path(), {"run", "--model", model, "--team", "full", "--out", "out", brief}, options);
    if (process.exit_code != 0) return;
    result = read_json(folder.path() / "out" / "result.json");
    report = json::parse(run_cadre(folder.path(), {"report", "last", "--json"}).out).value();
    events = run_cadre(folder.path(), {"show", "last", "--events"}).out;
  }
  // Whether the offline engine refuses the brief.
  static void expect_refused(const std::string& fixture) {
    TestFolder folder;
    const ProcessResult refused = run_cadre(
        folder.path(), {"spec", fmt::format("{}/tests/interop/sop_fixtures/{}/brief.txt",
                                            CADRE_SOURCE_DIR, fixture)});
    EXPECT_EQ(refused.exit_code, 4) << refused.out;
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
  EXPECT_EQ(run.events.find("sk-test-secret"), std::string::npos);
  const Json& prefix = run.report.at("prefix");
  EXPECT_GT(json::get_double(prefix, "repeated_percent"), 40) << json::write(prefix);
  fmt::print("{:.1f} s, {} requests, {:.1f} % of their bytes repeat a prefix\n",
             run.process.seconds, json::get_int(prefix, "requests"),
             json::get_double(prefix, "repeated_percent"));
}

// Round 2 is there because this gate of round 1 failed.
void expect_failed_first(const WholeRun& run, const std::string& gate) {
  EXPECT_TRUE(testing::says(run.process, "gate " + gate + " FAILED")) << run.process.out;
}

TEST(SopAimock, ATerminalGameInCpp) {
  WholeRun::expect_refused("game2048");
  const WholeRun run("openai-chat+" + game_url + "/v1#some-model", "game2048");
  expect_measured(run);
  if (run.process.exit_code != 0) return;
  expect_failed_first(run, "tests_pass");
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
  WholeRun::expect_refused("algolib");
  const WholeRun run("anthropic+" + library_url + "/v1#some-model", "algolib");
  expect_measured(run);
  if (run.process.exit_code != 0) return;
  expect_failed_first(run, "tests_pass");
  EXPECT_EQ(json::get_int(run.quality().at("tests"), "passed"), 11);
  // QA quoted the contract against its own test: the code was not touched.
  EXPECT_NE(run.process.out.find("stage test_plan started by qa_engineer (round 2)"),
            std::string::npos);
  EXPECT_EQ(run.process.out.find("stage build started by developer (round 2)"), std::string::npos);
  const std::string tests = read_file(run.folder.path() / "out" / "tests" / "test_paths.py");
  EXPECT_NE(tests.find("(None, [])"), std::string::npos);
}

// Its own names and contract; its own tests do not see that a fourth loan is lent.
TEST(SopAimock, AServiceIsAuditedAgainstTheBrief) {
  const WholeRun run("openai+" + service_url + "/v1#some-model", "toolshed");
  expect_measured(run);
  if (run.process.exit_code != 0) return;
  expect_failed_first(run, "differential_clean");
  EXPECT_FALSE(testing::says(run.process, "gate tests_pass FAILED"));
  EXPECT_EQ(json::get_int(run.quality().at("tests"), "passed"), 12);

  const auto rounds = testing::gate_verdicts(run.folder.path(), "differential_clean");
  ASSERT_EQ(rounds.size(), 2U);
  EXPECT_EQ(json::get_int(rounds[0].at("measured"), "mismatches"), 1);
  const JsonArray& findings = rounds[0].at("findings").as_array();
  ASSERT_EQ(findings.size(), 1U) << json::write(rounds[0]);
  const std::string message = json::get_string(findings[0], "message");
  EXPECT_NE(message.find("POST /api/neighbours/{neighbourId}/loans accepts what must be refused"),
            std::string::npos)
      << message;
  EXPECT_NE(message.find("A neighbour can have at most 3 open loans."), std::string::npos);
  const std::string evidence = json::get_string(findings[0], "evidence");
  EXPECT_TRUE(evidence.starts_with("Requirement FR-004: ")) << evidence;
  EXPECT_NE(evidence.find("AC-002.3"), std::string::npos) << evidence;
  EXPECT_EQ(json::get_string(findings[0], "blame"), "code");
  EXPECT_TRUE(json::get_bool(rounds[1], "passed"));
  EXPECT_EQ(json::get_int(rounds[1].at("measured"), "mismatches", -1), 0);
  EXPECT_GE(json::get_int(rounds[1].at("measured"), "operations"), 100);
  // Both rounds in what `cadre show` says.
  const std::string shown = run_cadre(run.folder.path(), {"show", "last"}).out;
  EXPECT_NE(shown.find("audit: POST /api/neighbours"), std::string::npos) << shown;

  // The task that serves the story mended it; the other was left alone, and so were the tests.
  EXPECT_TRUE(testing::says(run.process, "stage build started by developer (round 2)"));
  EXPECT_FALSE(testing::says(run.process, "stage test_plan started by qa_engineer (round 2)"));
  EXPECT_NE(read_file(run.folder.path() / "out" / "shed" / "loans.py").find("count >= MAX"),
            std::string::npos);
  const Json& audit = run.quality().at("audit");
  EXPECT_EQ(json::get_string(audit, "verdict"), "agrees");
  EXPECT_EQ(json::get_int(audit, "contradicts", -1), 0);
  EXPECT_GE(json::get_int(audit, "operations_mapped"), 10);
  EXPECT_LT(json::get_double(audit, "seconds", 99), 30);
  // What the contract has no operation for is said.
  EXPECT_NE(json::write(run.quality().at("not_verified")).find("delete_tool"), std::string::npos);
  EXPECT_TRUE(testing::says(run.process, "audit       ")) << run.process.out;
  fmt::print("audit: {} requests, {} s\n", json::get_int(audit, "requests"),
             json::get_double(audit, "seconds"));
}

}  // namespace
}  // namespace cadre

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (argc != 4) {
    fmt::print(stderr, "usage: {} URL-OF-GAME2048 URL-OF-ALGOLIB URL-OF-TOOLSHED\n", argv[0]);
    return 2;
  }
  cadre::game_url = argv[1];
  cadre::library_url = argv[2];
  cadre::service_url = argv[3];
  return RUN_ALL_TESTS();
}
