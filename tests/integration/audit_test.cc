// The audit of a service in whole runs, with the replies of tests/interop/sop_fixtures/toolshed as
// a script: the service's own tests miss that a fourth loan is lent; the second round mends it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/text.h"
#include "program.h"
#include "project.h"

namespace cadre {
namespace {

using testing::gate_verdicts;
using testing::ProgramOptions;
using testing::read_file;
using testing::read_json;
using testing::run_cadre;
using testing::says;
using testing::TestFolder;

const std::string kFixture =
    std::string(CADRE_SOURCE_DIR) + "/tests/interop/sop_fixtures/toolshed/";

// With {"$file": path} and {"$artifact": name} filled in.
Json filled(const Json& value, const Json& artifacts) {
  if (value.is_array()) {
    JsonArray out;
    for (const Json& element : value.get_array()) out.push_back(filled(element, artifacts));
    return out;
  }
  if (!value.is_object()) return value;
  if (json::find(value, "$file") != nullptr) {
    return Json(read_file(kFixture + json::get_string(value, "$file")));
  }
  if (json::find(value, "$artifact") != nullptr) {
    return artifacts.at(json::get_string(value, "$artifact"));
  }
  JsonObject out;
  for (const auto& member : value.get_object()) {
    out[member.key()] = filled(member.value(), artifacts);
  }
  return out;
}

class AuditRun : public ::testing::Test {
 protected:
  // `change` may alter a reply, or answer with others in its place.
  using Change = std::function<std::vector<Json>(const std::string& place, Json reply)>;

  void write_script(const Change& change) {
    const Json script = read_json(kFixture + "script.json");
    const Json artifacts = read_json(kFixture + "artifacts.json");
    JsonArray replies;
    for (const Json& one : script.at("replies").as_array()) {
      const std::string stage = json::get_string(one, "stage");
      const Json* round = json::find(one, "round");
      const std::string place = fmt::format(
          "{}#{}/{}/turn:{}", stage,
          round == nullptr     ? "1"
          : round->is_string() ? json::get_string(one, "round")
                               : std::to_string(json::get_int(one, "round")),
          json::get_string(one, "task", stage), json::get_int(one, "turn", 1));
      const Json reply = JsonObject{{"at", place}, {"calls", filled(one.at("calls"), artifacts)}};
      for (Json& made : change ? change(place, reply) : std::vector<Json>{reply}) {
        replies.push_back(std::move(made));
      }
    }
    testing::write_file(folder_.path() / "script.json",
                        json::write(JsonObject{{"replies", std::move(replies)}}));
  }
  std::vector<std::string> arguments() const {
    return {"run",   "--model", "scripted:script.json",   "--team", "full",
            "--out", "out",     kFixture + "brief.txt"};
  }
  void expect_clean_end(const ProcessResult& run) const {
    ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
    const Json result = read_json(folder_.path() / "out" / "result.json");
    testing::expect_valid_result(result);
    const Json& quality = result.at("quality_report").at("data");
    EXPECT_EQ(json::get_string(quality.at("audit"), "verdict"), "agrees");
    EXPECT_EQ(json::get_int(quality.at("differential"), "mismatches", -1), 0);
    const std::string report = read_file(folder_.path() / "out" / "docs" / "quality-report.md");
    EXPECT_NE(report.find("## Audit"), std::string::npos);
    EXPECT_NE(report.find("A neighbour can have at most 3 open loans."), std::string::npos);
    EXPECT_TRUE(says(run, "audit       ")) << run.out;
    EXPECT_FALSE(says(run, "reference   ")) << run.out;
  }

  TestFolder folder_;
};

TEST_F(AuditRun, AFaultThatTheTestsMissGoesToTheTaskThatServesTheStory) {
  write_script(nullptr);
  const ProcessResult run = run_cadre(folder_.path(), arguments());
  expect_clean_end(run);
  EXPECT_FALSE(says(run, "gate tests_pass FAILED")) << run.out;
  const auto rounds = gate_verdicts(folder_.path(), "differential_clean");
  ASSERT_EQ(rounds.size(), 2U);
  const JsonArray& findings = rounds[0].at("findings").as_array();
  ASSERT_EQ(findings.size(), 1U) << json::write(rounds[0]);
  EXPECT_TRUE(json::get_string(findings[0], "evidence").starts_with("Requirement FR-004: "));
  EXPECT_TRUE(json::get_bool(rounds[1], "passed"));
  // The other task was not asked again: the script has nothing for it.
  EXPECT_TRUE(says(run, "stage build started by developer (round 2)")) << run.out;
}

TEST_F(AuditRun, AServiceThatCannotStartAsStatedIsTheArchitects) {
  write_script([](const std::string& place, Json reply) {
    std::string text = json::write(reply);
    // The code is right from the beginning, and written again for the mended design.
    text = text::replace_all(text, "count > MAX", "count >= MAX");
    const auto of_round = [&](const std::string& round, const std::string& content) {
      return json::parse(text::replace_all(content, "#1/", "#" + round + "/")).value();
    };
    if (place.starts_with("design#1")) {
      return std::vector<Json>{
          of_round("1", text::replace_all(text, "\"shed.main:service\"", "\"shed.main:servise\"")),
          of_round("2", text)};
    }
    if (place == "verify#*/verify/turn:2") {
      Json first = reply;
      first.at("at") = "verify#1/verify/turn:2";
      Json& data = first.at("calls").as_array()[0].at("arguments").at("data");
      data.get_object()["reassigned"] = JsonArray{JsonObject{{"finding", "A-000"},
                                                             {"blame", "architecture"},
                                                             {"source", "architecture"},
                                                             {"quote", "shed.main:servise"}}};
      return std::vector<Json>{first, reply};
    }
    if (place.starts_with("build#2")) return std::vector<Json>{};
    if (place.starts_with("build#1") || place.starts_with("test_plan#1")) {
      return std::vector<Json>{of_round("1", text), of_round("2", text)};
    }
    return std::vector<Json>{reply};
  });
  const ProcessResult run = run_cadre(folder_.path(), arguments());
  expect_clean_end(run);
  const auto rounds = gate_verdicts(folder_.path(), "no_high_findings");
  ASSERT_EQ(rounds.size(), 2U);
  const std::string first = json::write(rounds[0].at("findings"));
  EXPECT_NE(first.find("the service does not start as architecture.service says"),
            std::string::npos)
      << first;
  EXPECT_NE(first.find("Attribute \\\"servise\\\" not found"), std::string::npos) << first;
  EXPECT_NE(first.find(R"("blame":"architecture")"), std::string::npos) << first;
  EXPECT_TRUE(says(run, "stage design started by architect (round 2)")) << run.out;
}

TEST_F(AuditRun, WithoutAStartTheDesignIsNotTaken) {
  write_script([](const std::string& place, Json reply) {
    if (place.starts_with("design#1")) {
      JsonObject& design = reply.at("calls").as_array()[0].at("arguments").at("data").as_object();
      design.erase("service");
    }
    return std::vector<Json>{std::move(reply)};
  });
  const ProcessResult run = run_cadre(folder_.path(), arguments());
  EXPECT_NE(run.exit_code, 0);
  EXPECT_TRUE(says(run_cadre(folder_.path(), {"show", "last", "--events", "--json"}),
                   R"(\"service\" is missing)"));
}

TEST_F(AuditRun, KilledOnTheWayItEndsTheSame) {
  write_script(nullptr);
  const ProcessResult killed = run_cadre(
      folder_.path(), arguments(), {.wrapper = {"/usr/bin/timeout", "--signal=KILL", "2"}});
  ASSERT_NE(killed.exit_code, 0) << "it ended before it was killed: " << killed.out;
  expect_clean_end(run_cadre(folder_.path(), {"resume", "last"}));
  EXPECT_EQ(gate_verdicts(folder_.path(), "differential_clean").size(), 2U);
}

}  // namespace
}  // namespace cadre
