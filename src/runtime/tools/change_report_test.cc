#include "runtime/tools/change_report.h"

#include <gtest/gtest.h>

namespace cadre {
namespace {

TestCase one(const std::string& name, const std::string& outcome) {
  return {name, "suite", outcome, "", "", 0};
}

Measurement ran(std::vector<TestCase> cases) {
  Measurement measured;
  measured.tests_ran = true;
  measured.cases = std::move(cases);
  return measured;
}

// A plan whose baseline is what ran before.
ArtifactMap inputs(const Measurement& before, const char* more = "{}") {
  auto plan = std::make_shared<Artifact>();
  plan->type = "change_plan";
  plan->data = json::parse(more).value();
  plan->data.as_object()["baseline"] = baseline_json(before, JsonObject{});
  plan->data.as_object()["criteria"] =
      JsonArray{JsonObject{{"id", "AC-001"}, {"text", "It is so."}}};
  auto tests = std::make_shared<Artifact>();
  tests->type = "change_tests";
  tests->data = JsonObject{{"tests", JsonArray{JsonObject{
                                         {"id", "TC-001"},
                                         {"name", "new"},
                                         {"criteria", json::to_array({"AC-001"})}}}}};
  return {{"change_plan", plan}, {"change_tests", tests}};
}

Json report(const ChangeMeasurement& measured, const ArtifactMap& all) {
  return change_report_of(measured, Stack{}, all);
}

TEST(ChangeReport, WhatPassedBeforeAndFailsIsARegressionAndWhatFailedBeforeIsNot) {
  const auto all = inputs(ran({one("a", "passed"), one("b", "failed"), one("c", "passed")}));
  const Json told = report({ran({one("a", "failed"), one("b", "failed"), one("new", "passed")}), {}},
                           all);
  const Json& figures = told.at("figures");
  ASSERT_EQ(json::get_array(figures, "regressions").size(), 2U) << json::write(told);
  EXPECT_EQ(json::get_int(figures.at("tests"), "failed_before_too"), 1);
  EXPECT_EQ(json::get_int(figures.at("tests"), "failed"), 0);
  EXPECT_EQ(json::get_int(figures.at("traceability"), "with_passing_test"), 1);
  const auto& findings = json::get_array(told.at("append"), "findings");
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(json::get_string(findings[0], "gate"), "no_regressions");
  EXPECT_EQ(json::get_string(findings[0], "blame"), "change");
  EXPECT_NE(json::get_string(findings[1], "title").find("c passed before and is not there now"),
            std::string::npos);
}

TEST(ChangeReport, ATestThatThePlanRemovesMayGo) {
  const auto all = inputs(ran({one("a", "passed")}), R"({"removes_tests": ["a"]})");
  const Json told = report({ran({one("new", "passed")}), {}}, all);
  EXPECT_TRUE(json::get_array(told.at("figures"), "regressions").empty());
}

TEST(ChangeReport, WhatFailsOnlyWithTheNewTestsIsTheirFault) {
  const auto all = inputs(ran({one("a", "passed"), one("b", "passed")}));
  ChangeMeasurement measured{ran({one("a", "failed"), one("b", "failed")}),
                             ran({one("a", "passed"), one("b", "failed")})};
  const Json told = report(measured, all);
  const auto& findings = json::get_array(told.at("append"), "findings");
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(json::get_string(findings[0], "blame"), "change_tests");
  EXPECT_EQ(json::get_string(findings[1], "blame"), "change");
}

TEST(ChangeReport, ANewTestThatFailsIsTheChangesFaultWithItsCriterion) {
  const auto all = inputs(ran({one("a", "passed")}));
  const Json told = report({ran({one("a", "passed"), one("new", "failed")}), {}}, all);
  EXPECT_EQ(json::get_int(told.at("figures").at("tests"), "failed"), 1);
  const auto& findings = json::get_array(told.at("append"), "findings");
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(json::get_string(findings[0], "gate"), "tests_pass");
  EXPECT_NE(json::get_string(findings[0], "evidence").find("AC-001: It is so."),
            std::string::npos);
}

TEST(ChangeReport, ATestThatFailsOnceOnlyIsSaidToBeUnsteady) {
  Measurement first = ran({one("a", "failed"), one("b", "failed")});
  keep_steady(ran({one("a", "passed"), one("b", "failed")}), first);
  EXPECT_EQ(first.cases[0].outcome, "passed");
  EXPECT_EQ(first.cases[1].outcome, "failed");
  ASSERT_EQ(first.not_verified.size(), 1U);
  EXPECT_NE(first.not_verified[0].find("suite::a"), std::string::npos);
}

TEST(ChangeReport, WhatDoesNotBuildAnyMoreFailsTheTests) {
  const auto all = inputs(ran({one("a", "passed")}));
  Measurement broken;
  StepRun build;
  build.kind = "build";
  build.command = "make";
  build.output = "error";
  broken.steps.push_back(build);
  const Json told = report({broken, {}}, all);
  EXPECT_EQ(json::get_int(told.at("figures").at("tests"), "errors"), 1);
  EXPECT_EQ(json::get_string(json::get_array(told.at("append"), "findings")[0], "gate"),
            "tests_pass");
}

}  // namespace
}  // namespace cadre
