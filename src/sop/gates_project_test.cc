// The gates of `software` over projects of any kind: what applies is said by the artifacts.
#include <gtest/gtest.h>

#include "sop/gates_test_kit.h"

namespace cadre {
namespace {

class ProjectGates : public testing::GatesTest {
 protected:
  GateVerdict judge(const std::string& gate, const std::string& type,
                    const std::string& blame = "") {
    return GatesTest::judge(gate, type, JsonObject{}, blame);
  }
  static std::string said(const GateVerdict& verdict) {
    std::string out;
    for (const Finding& finding : verdict.findings) {
      out += finding.message + " [" + finding.blame + "]\n";
    }
    return out;
  }
};

constexpr const char* kRequirements = R"({
  "sentences": [{"id": "S1", "text": "Members borrow at most three books.", "status": "covered"},
                {"id": "S2", "text": "Make it nice!", "status": "no_content"}],
  "statements": {"total": 2, "covered": 1, "partly": 0, "not_understood": 0, "out_of_scope": 0,
                 "no_content": 1},
  "requirements": [{"id": "FR-001", "text": "At most 3 books.", "sentences": ["S1"]}],
  "unhandled": []})";

TEST_F(ProjectGates, SentencesAreThoseOfTheBrief) {
  put("requirements", kRequirements);
  put("brief", R"({"text": "Members borrow at most\nthree books. Make it nice!"})");
  EXPECT_TRUE(judge("statements_accounted", "requirements").passed);
  put("brief", R"({"text": "Members borrow at most three books. No fines. Make it nice!"})");
  const GateVerdict dropped = judge("statements_accounted", "requirements");
  EXPECT_FALSE(dropped.passed);
  EXPECT_NE(said(dropped).find("no sentence accounts for these words of the brief: no fines"),
            std::string::npos)
      << said(dropped);
  put("brief", R"({"text": "Members borrow books. Make it nice!"})");
  EXPECT_NE(said(judge("statements_accounted", "requirements"))
                .find("S1 is not in the brief's own words"),
            std::string::npos);
}

TEST_F(ProjectGates, TheAuditorNoticesWhatIsDropped) {
  parts_.audit = [](const std::string&) {
    return std::vector<AuditedStatement>{{"Members borrow at most three books."}};
  };
  put("brief", R"({"text": "Members borrow at most three books. Make it nice!"})");
  put("requirements", kRequirements);
  EXPECT_TRUE(judge("statements_accounted", "requirements").passed);
  std::string without = kRequirements;
  without.replace(without.find("At most 3"), 9, "Few of the");
  put("requirements", without);
  EXPECT_NE(said(judge("statements_accounted", "requirements")).find("keeps the 3 of"),
            std::string::npos);
  without = kRequirements;
  without.replace(without.find("\"covered\""), 9, "\"out_of_scope\"");
  put("requirements", without);
  EXPECT_NE(said(judge("statements_accounted", "requirements"))
                .find("drop a statement that the auditor understands"),
            std::string::npos);
}

TEST_F(ProjectGates, AContractIsOpenApiOrTypedSignatures) {
  put("architecture", R"({"components": [{"id": "C-a", "files": ["src/a.h"]}]})");
  put("apis", R"({"signatures": [{"id": "f", "kind": "function", "file": "src/a.h",
                                  "signature": "int f();"}]})");
  const GateVerdict typed = judge("openapi_sound", "apis");
  EXPECT_TRUE(typed.passed) << said(typed);
  EXPECT_NE(said(typed).find("not applicable"), std::string::npos);
  put("apis", R"({"signatures": [
      {"id": "f", "kind": "function", "file": "src/b.h", "signature": "int f();"},
      {"id": "f", "kind": "option", "file": "", "signature": " "}]})");
  const std::string wrong = said(judge("openapi_sound", "apis"));
  for (const char* part :
       {"which no component and no task has", "is there twice", "has no signature"}) {
    EXPECT_NE(wrong.find(part), std::string::npos) << wrong;
  }
  put("apis", "{}");
  EXPECT_FALSE(judge("openapi_sound", "apis").passed);
}

TEST_F(ProjectGates, DdlIsAskedForWhereThereAreTables) {
  put("data_structures", R"({"entities": [{"id": "board", "fields": []}]})");
  EXPECT_TRUE(judge("ddl_loads", "data_structures").passed);
  put("data_structures", R"({"entities": [{"id": "book", "table": "books"}]})");
  EXPECT_FALSE(judge("ddl_loads", "data_structures").passed);
}

TEST_F(ProjectGates, AFileHasOneTask) {
  put("tasks",
      R"({"tasks": [{"id": "T-a", "files": ["x.cc"]}, {"id": "T-b", "files": ["x.cc"]}]})");
  EXPECT_NE(said(judge("links_complete", "tasks")).find("planned by T-a and by T-b"),
            std::string::npos);
}

constexpr const char* kReport = R"({"measured_by": "measure_project",
  "tests": {"passed": 1, "failed": 1, "skipped": 0, "errors": 0},
  "coverage": {"lines_percent": 50, "branches_percent": null},
  "rule_kill_rate_percent": null,
  "differential": {"operations": null, "mismatches": null, "seed": null},
  "traceability": {"criteria": 2, "with_passing_test": 1, "failing": ["AC-001.2"], "untested": []},
  "findings": [{"id": "M-001", "gate": "tests_pass", "severity": "high", "blame": "code",
                "title": "the test t fails", "evidence": "expected 4, got 8"}],
  "not_verified": []})";

TEST_F(ProjectGates, AFailingTestBlamesOnceAndOnlyItsMaker) {
  put("quality_report", kReport);
  put("requirements", kRequirements);
  EXPECT_EQ(said(judge("tests_pass", "quality_report")), "the test t fails [code]\n");
  EXPECT_TRUE(judge("coverage", "quality_report", "test_suite").passed);  // when the tests pass
  EXPECT_EQ(said(judge("traceability_complete", "quality_report", "test_suite")),
            "the test t fails [code]\n");
  EXPECT_TRUE(judge("no_high_findings", "quality_report").passed);  // tests_pass says it
  EXPECT_TRUE(judge("differential_clean", "quality_report").passed);
  EXPECT_TRUE(judge("rule_kill_rate", "quality_report").passed);
  EXPECT_NE(said(judge("rule_kill_rate", "quality_report")).find("not applicable"),
            std::string::npos);
}

TEST_F(ProjectGates, ARequirementModelHasToBeMeasuredAgainst) {
  put("quality_report", kReport);
  put("requirements", R"({"spec": {"im": "0.1"}})");
  EXPECT_FALSE(judge("differential_clean", "quality_report").passed);
  EXPECT_FALSE(judge("rule_kill_rate", "quality_report").passed);
}

TEST_F(ProjectGates, UntestedCriteriaAndThinCoverageAreTheTestSuites) {
  std::string report = kReport;
  report.replace(report.find("\"failed\": 1"), 11, "\"failed\": 0");
  report.replace(report.find("[\"AC-001.2\"]"), 12, "[]");
  report.replace(report.find("\"untested\": []"), 14, "\"untested\": [\"AC-001.2\"]");
  report.replace(report.find("{\"id\": \"M-001\""),
                 report.find("],\n  \"not_verified") - report.find("{\"id\": \"M-001\""), "");
  put("quality_report", report);
  EXPECT_NE(said(judge("coverage", "quality_report", "test_suite")).find("50.0 %"),
            std::string::npos);
  EXPECT_EQ(said(judge("traceability_complete", "quality_report", "test_suite")),
            "no test of AC-001.2 ran [test_suite]\n");
}

}  // namespace
}  // namespace cadre
