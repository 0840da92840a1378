// What measure_project makes of the audit: its figures, its findings, and what it says where
// nothing was audited. How a service is judged: tests/audit.
#include <fstream>
#include <sstream>

#include "offline/analysis/analyse.h"
#include "runtime/tools/measure_test_kit.h"

namespace cadre {
namespace {

class MeasureAuditTest : public MeasureTest {
 protected:
  void SetUp() override {
    MeasureTest::SetUp();
    if (IsSkipped()) return;
    options_.read_brief = &offline::analyse;
    task_.brief = fixture("library.txt");
    architecture(R"("service": {"start": ["python3", "library.py", "{port}"]})");
    add("apis", R"({"openapi": )" + fixture("library.openapi.json") + "}", {});
    add("requirements", R"({"requirements": [{"id": "FR-001", "text": "Loans are limited.",
                            "quote": "at most 2 open loans"}]})",
        {});
    add("user_stories", R"({"stories": [{"id": "US-001", "priority": "must", "criteria": [
        {"id": "AC-001.1", "text": "the third is refused", "requirement": "FR-001"}]}]})",
        {});
    code(fixture("library.py"));
  }
  static std::string fixture(const std::string& name) {
    std::ifstream in(std::string(CADRE_SOURCE_DIR) + "/src/runtime/audit/testdata/" + name);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
  }
  void architecture(const std::string& service) {
    add("architecture",
        R"({"kind": "service", "stack": {"language": "Python"})" +
            (service.empty() ? "" : ", " + service) + "}",
        {});
  }
  void code(const std::string& content) { add("code", "{}", {{"library.py", content, false}}); }
  Json measured() {
    auto answer = measure();
    EXPECT_TRUE(answer.has_value()) << answer.error().describe();
    return answer ? std::move(*answer) : Json();
  }
  static std::string open(const Json& answer) {
    return json::write(answer.at("append").at("not_verified"));
  }
};

TEST_F(MeasureAuditTest, FiguresAndFindingsStandInTheReport) {
  code(text::replace_all(fixture("library.py"), "FAULT = \"\"", "FAULT = \"limit\""));
  const Json answer = measured();
  const Json& figures = answer.at("figures");
  EXPECT_EQ(json::get_string(figures.at("audit"), "verdict"), "contradicts") << open(answer);
  EXPECT_EQ(figures.at("audit").at("requests"), figures.at("differential").at("operations"));
  EXPECT_EQ(figures.at("audit").at("contradicts"), figures.at("differential").at("mismatches"));
  // The figure is there, so it is not said to be missing as well.
  EXPECT_EQ(open(answer).find("differential test"), std::string::npos) << open(answer);
  const JsonArray& findings = answer.at("append").at("findings").as_array();
  const auto limit = std::ranges::find_if(findings, [](const Json& finding) {
    return json::get_string(finding, "gate") == "differential_clean";
  });
  ASSERT_NE(limit, findings.end()) << json::write(Json(findings)).substr(0, 2000);
  EXPECT_EQ(json::get_string(*limit, "blame"), "code");
  EXPECT_TRUE(json::get_string(*limit, "evidence")
                  .starts_with("Requirement FR-001: Loans are limited. (AC-001.1: the third is "
                               "refused)\nThe brief says: "))
      << json::get_string(*limit, "evidence");
}

TEST_F(MeasureAuditTest, WhatIsNotAuditedIsNullAndSaysWhy) {
  code("def broken(:\n");
  Json answer = measured();
  EXPECT_TRUE(answer.at("figures").at("audit").is_null());
  EXPECT_NE(open(answer).find("not audited: the project was not built"), std::string::npos);

  code(fixture("library.py"));
  architecture("");
  answer = measured();
  EXPECT_TRUE(answer.at("figures").at("audit").is_null());
  EXPECT_TRUE(answer.at("figures").at("differential").at("operations").is_null());
  EXPECT_NE(open(answer).find("not audited: the architecture does not say how the service is "
                              "started (architecture.service.start)"),
            std::string::npos)
      << open(answer);

  task_.brief = "Write a 2048 game for the terminal in C++.";
  answer = measured();
  EXPECT_TRUE(answer.at("figures").at("audit").is_null());
  EXPECT_NE(open(answer).find("not audited: the brief is not of the offline engine's class"),
            std::string::npos)
      << open(answer);
}

// With a requirement model there is the differential test; without a reader there is no audit.
TEST_F(MeasureAuditTest, NothingIsMeasuredTwice) {
  add("requirements", R"({"requirements": [], "spec": {}})", {});
  EXPECT_EQ(json::find(measured().at("figures"), "audit"), nullptr);
  options_.read_brief = nullptr;
  add("requirements", R"({"requirements": []})", {});
  EXPECT_EQ(json::find(measured().at("figures"), "audit"), nullptr);
}

}  // namespace
}  // namespace cadre
