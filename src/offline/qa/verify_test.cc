// The verify stage with tool results made by hand.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "offline/product/product.h"
#include "offline/qa/qa.h"
#include "offline/qa/test_plan.h"

namespace cadre::offline::qa {
namespace {

Json library() {
  std::ifstream in(std::string(CADRE_SOURCE_DIR) + "/src/spec/testdata/library.json");
  std::stringstream text;
  text << in.rdbuf();
  return json::parse(text.str()).value();
}

Task verifying() {
  Task task;
  task.run = "run-1";
  task.makes = {"quality_report"};
  Json model = library();
  spec::Spec spec = spec::spec_from_json(model).value();
  auto put = [&task](Artifact artifact) {
    std::string type = artifact.type;
    task.inputs[type] = std::make_shared<Artifact>(std::move(artifact));
  };
  Turn turn = product::prepare(spec);
  Json stories;
  for (Artifact& artifact : turn.artifacts) {
    if (artifact.type == "user_stories") stories = artifact.data;
    put(std::move(artifact));
  }
  for (Artifact& artifact : tests_for(spec, stories)) put(std::move(artifact));
  put({.type = "code",
       .data = JsonObject{},
       .files = {
           {.path = "app/services/loan.py",
            .content = "def borrow(ctx, data):\n    \"\"\"R2 R5 R7\"\"\"\n    if loans >= 3:\n"
                       "        raise Problem(422, \"max_open_loans\", rule=\"R1\")\n"
                       "    raise Problem(rule=\"R3\")\n    raise Problem(rule=\"R4\")\n"
                       "    raise Problem(rule=\"R6\")\n    raise Problem(rule=\"C1\")\n"},
           {.path = "app/db.py", .content = "BEGIN = \"BEGIN IMMEDIATE\"\n"},
           {.path = "migrations/0001.sql",
            .content = "CREATE TABLE a;CREATE TABLE b;CREATE TABLE c;"}}});
  return task;
}

ToolResult result(std::string id, Json value, bool ok = true) {
  return {.call_id = std::move(id), .ok = ok, .value = std::move(value)};
}

// A JUnit report in which every test of the suite passes, or one fails.
std::string junit(const Task& task, const std::string& failing) {
  std::string out = "<testsuites><testsuite time=\"1\">";
  for (const Json& test : json::get_array(task.inputs.at("test_suite")->data, "tests")) {
    std::string file = json::get_string(test, "file");
    std::string name = json::get_string(test, "name");
    std::string module = "tests." + file.substr(6, file.size() - 9);
    out += "<testcase classname=\"" + module + "\" name=\"" + name + "\" time=\"0.1\">";
    if (name == failing) out += "<failure message=\"assert 201 == 422\">app/x.py</failure>";
    out += "</testcase>";
  }
  return out + "</testsuite></testsuites>";
}

std::vector<ToolResult> results(const Task& task, const std::string& failing = {}) {
  JsonObject tests{{"exit_code", failing.empty() ? 0 : 1},
                   {"timed_out", false},
                   {"seconds", 2.0},
                   {"sandboxed", true}};
  tests["outputs"] =
      JsonObject{{"reports/junit.xml", junit(task, failing)},
                 {"reports/coverage.xml",
                  "<coverage line-rate=\"0.95\" branch-rate=\"0.9\" branches-valid=\"2\"/>"}};
  JsonObject quiet{
      {"exit_code", 0}, {"timed_out", false}, {"seconds", 0.1}, {"outputs", JsonObject{}}};
  JsonObject differential{
      {"seed", 7}, {"operations", 300}, {"mismatches", JsonArray{}}, {"seconds", 1.0}};
  return {result("tests", tests), result("differential", differential), result("lint", quiet),
          result("compile", quiet)};
}

ToolResult mutation() {
  JsonObject value{{"exit_code", 0}, {"timed_out", false}, {"seconds", 4.0}};
  value["outputs"] = JsonObject{
      {"reports/mutation.json",
       "{\"mutants\":4,\"killed\":3,\"survived\":[{\"file\":\"app/services/loan.py\",\"line\":3,"
       "\"rule\":\"R1\",\"description\":\"comparison swapped\"}],\"not_run\":[],"
       "\"rules\":{\"R1\":{\"run\":4,\"killed\":3,\"not_run\":0}}}"}};
  return result("mutation", value);
}

const Json& report_of(const Result<Turn>& turn) { return turn->artifacts.at(0).data; }

TEST(Verify, AsksForTheTestsFirstAndForMutantsWhenTheyPass) {
  Task task = verifying();
  Result<Turn> first = perform(task, {});
  ASSERT_TRUE(first.has_value());
  std::vector<std::string> ids;
  for (const ToolCall& call : first->tool_calls) ids.push_back(call.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"tests", "differential", "lint", "compile"}));
  EXPECT_EQ(json::write(first->tool_calls[1].arguments),
            json::write(perform(task, {})->tool_calls[1].arguments));

  std::vector<ToolResult> done = results(task);
  Result<Turn> second = perform(task, done);
  ASSERT_TRUE(second.has_value());
  ASSERT_EQ(second->tool_calls.size(), 1u);
  EXPECT_EQ(second->tool_calls[0].id, "mutation");

  std::vector<ToolResult> broken = results(task, "test_borrow");
  Result<Turn> last = perform(task, broken);
  ASSERT_TRUE(last.has_value());
  EXPECT_TRUE(last->tool_calls.empty()) << "a kill rate means nothing when tests fail anyway";
}

TEST(Verify, ReportsWhatWasMeasured) {
  Task task = verifying();
  std::vector<ToolResult> done = results(task);
  done.push_back(mutation());
  Result<Turn> turn = perform(task, done);
  ASSERT_TRUE(turn.has_value());
  const Json& data = report_of(turn);
  EXPECT_EQ(data.at("tests").at("failed"), 0);
  EXPECT_DOUBLE_EQ(data.at("coverage").at("lines_percent").as_double(), 95);
  EXPECT_DOUBLE_EQ(data.at("rule_kill_rate_percent").as_double(), 75);
  EXPECT_EQ(data.at("differential").at("mismatches"), 0);
  EXPECT_EQ(data.at("sandboxed"), true);
  EXPECT_EQ(data.at("traceability").at("criteria"),
            data.at("traceability").at("with_passing_test"));
  EXPECT_FALSE(data.at("not_verified").as_array().empty());
  for (const Json& finding : data.at("findings").as_array()) {
    bool review_of_apis =
        json::get_string(finding, "blame") == "apis";  // there is none in this test
    EXPECT_TRUE(review_of_apis || json::get_string(finding, "severity") != "high")
        << json::write(finding);
  }
}

TEST(Verify, AFailingTestIsAHighFindingForTheCode) {
  Task task = verifying();
  std::vector<ToolResult> done = results(task, "test_borrow");
  Result<Turn> turn = perform(task, done);
  ASSERT_TRUE(turn.has_value());
  const Json& data = report_of(turn);
  EXPECT_EQ(data.at("tests").at("failed"), 1);
  const Json& finding = data.at("findings").as_array().at(0);
  EXPECT_EQ(finding.at("severity"), "high");
  EXPECT_EQ(finding.at("blame"), "code");
  EXPECT_TRUE(data.at("rule_kill_rate_percent").is_null());
  EXPECT_LT(data.at("traceability").at("with_passing_test").as_int64(),
            data.at("traceability").at("criteria").as_int64());
}

TEST(Verify, WhatDidNotRunIsNullWithAReason) {
  Task task = verifying();
  std::vector<ToolResult> done;
  for (const char* id : {"tests", "differential", "lint", "compile"}) {
    done.push_back(result(id, JsonObject{{"error", "bubblewrap is not installed"}}, false));
  }
  Result<Turn> turn = perform(task, done);
  ASSERT_TRUE(turn.has_value());
  const Json& data = report_of(turn);
  EXPECT_TRUE(data.at("tests").at("passed").is_null());
  EXPECT_TRUE(data.at("coverage").at("lines_percent").is_null());
  EXPECT_TRUE(data.at("differential").at("operations").is_null());
  EXPECT_TRUE(data.at("sandboxed").is_null());
  EXPECT_NE(json::write(data.at("not_verified")).find("bubblewrap is not installed"),
            std::string::npos);
}

TEST(Verify, HostileToolOutputIsAFinding) {
  Task task = verifying();
  std::vector<ToolResult> done = results(task);
  done[0].value.at("outputs").as_object()["reports/junit.xml"] =
      "<!DOCTYPE x [<!ENTITY y 'z'>]><x>&y;</x>";
  done[0].value.as_object()["exit_code"] = 1;
  done[1].value = JsonArray{};
  Result<Turn> turn = perform(task, done);
  ASSERT_TRUE(turn.has_value());
  EXPECT_TRUE(report_of(turn).at("tests").at("passed").is_null());
  EXPECT_TRUE(report_of(turn).at("differential").at("operations").is_null());
}

TEST(Verify, TheTraceHasNoHoles) {
  Task task = verifying();
  std::vector<ToolResult> done = results(task);
  done.push_back(mutation());
  Result<Turn> turn = perform(task, done);
  ASSERT_TRUE(turn.has_value());
  for (const File& file : turn->artifacts[0].files) {
    if (file.path != "docs/traceability.csv") continue;
    EXPECT_NE(file.content.find("app/services/loan.py:4"), std::string::npos) << "the guard of R1";
    EXPECT_EQ(file.content.find(",not run\n"), std::string::npos);
    return;
  }
  FAIL() << "no docs/traceability.csv";
}

}  // namespace
}  // namespace cadre::offline::qa
