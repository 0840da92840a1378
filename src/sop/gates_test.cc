#include "sop/gates.h"

#include <gtest/gtest.h>

#include "sop/gate_catalogue.h"
#include "sop/gates_test_kit.h"

namespace cadre {
namespace {

class Gates : public testing::GatesTest {
 protected:
  GateVerdict judge(const std::string& gate, const std::string& type,
                    const std::string& parameters = "{}", const std::string& blame = "") {
    return GatesTest::judge(gate, type, json::parse(parameters).value(), blame);
  }
  static std::string first(const GateVerdict& verdict) {
    return verdict.findings.empty() ? "" : verdict.findings[0].message;
  }
};

constexpr const char* kStories = R"({"stories": [
  {"id": "US-001", "title": "Borrow", "priority": "must", "requirements": ["FR-001"],
   "criteria": [{"id": "AC-001.1", "text": "A member borrows a book", "given": "g", "when": "w",
                 "then": "t", "requirement": "FR-001"}]},
  {"id": "US-002", "title": "Later", "priority": "wont", "requirements": ["FR-001"],
   "criteria": [{"id": "AC-002.1", "text": "x", "given": "g", "when": "w", "then": "t"}]}]})";
constexpr const char* kRequirements = R"({
  "spec": {"source": {"sentences": [{"id": "S1", "status": "covered"},
                                    {"id": "S2", "status": "not_understood"}]}},
  "statements": {"total": 2, "covered": 1, "partly": 0, "not_understood": 1, "out_of_scope": 0,
                 "no_content": 0},
  "requirements": [{"id": "FR-001", "sentences": ["S1"]}],
  "unhandled": [{"sentence": "S2", "text": "?"}]})";

TEST_F(Gates, EveryGateOfTheCatalogueIsThereAndNoOther) {
  put("x", "{}");
  for (const std::string& name : gate_names()) {
    const GateVerdict verdict = judge(name, "x");
    EXPECT_EQ(first(verdict).find("there is no gate"), std::string::npos) << name;
  }
  const GateVerdict unknown = judge("no_such_gate", "x");
  EXPECT_FALSE(unknown.passed);
  EXPECT_TRUE(first(unknown).starts_with("there is no gate \"no_such_gate\"; there are"));
}

TEST_F(Gates, NothingPassesOnAnEmptyArtifact) {
  put("x", "{}");
  put("user_stories", kStories);
  for (const std::string& name : gate_names()) {
    if (name == "links_complete") continue;  // no reference, nothing dangling
    EXPECT_FALSE(judge(name, "x").passed) << name;
  }
}

TEST_F(Gates, SchemaNamesThePlace) {
  parts_.schemas["note"] = json::parse(R"({"type": "object", "required": ["text"],
                      "properties": {"text": {"type": "string"}}})")
                               .value();
  put("note", R"({"text": "fine"})");
  EXPECT_TRUE(judge("schema", "note").passed);
  put("note", R"({"text": 5})");
  const GateVerdict verdict = judge("schema", "note");
  EXPECT_FALSE(verdict.passed);
  EXPECT_TRUE(first(verdict).starts_with("/text: ")) << first(verdict);
  EXPECT_EQ(verdict.findings[0].blame, "note");
  EXPECT_EQ(verdict.findings[0].gate, "schema");
  put("other", "{}");
  EXPECT_EQ(first(judge("schema", "other")), "there is no schema for other");
  Plan plan;
  plan.artifact_schemas = parts_.schemas;
  EXPECT_EQ(make_gate_keeper({})->check_artifact(plan, "note", Json(JsonObject{})).size(), 1U);
  EXPECT_TRUE(make_gate_keeper({})->check_artifact(plan, "else", Json(1)).empty());
}

TEST_F(Gates, StatementsMustAddUp) {
  put("requirements", kRequirements);
  GateVerdict verdict = judge("statements_accounted", "requirements");
  EXPECT_TRUE(verdict.passed) << first(verdict);
  EXPECT_EQ(json::get_int(verdict.measured, "total"), 2);
  std::string text = kRequirements;
  put("requirements", text.replace(text.find("\"sentence\": \"S2\""), 16, "\"sentence\": \"S9\""));
  EXPECT_EQ(first(judge("statements_accounted", "requirements")),
            "S2 is not understood and is not listed as unhandled");
  text = kRequirements;
  put("requirements", text.replace(text.find("\"covered\": 1"), 12, "\"covered\": 2"));
  EXPECT_EQ(first(judge("statements_accounted", "requirements")),
            "statements.covered is 2, and 1 sentences of the brief are");
}

TEST_F(Gates, StoriesNeedCriteria) {
  put("user_stories", kStories);
  EXPECT_TRUE(judge("stories_testable", "user_stories").passed);
  put("user_stories", R"({"stories": [{"id": "US-001", "title": "Borrow", "criteria": []}]})");
  EXPECT_EQ(first(judge("stories_testable", "user_stories")), "US-001 has no criterion: Borrow");
  put("user_stories", R"({"stories": [{"id": "US-001", "criteria": [
      {"id": "AC-001.1", "given": "g", "when": " ", "then": "t"}]}]})");
  EXPECT_EQ(first(judge("stories_testable", "user_stories")), "AC-001.1 has no \"when\"");
}

TEST_F(Gates, DanglingAndDoubleIdsAreFound) {
  put("requirements", kRequirements);
  put("user_stories", kStories);
  GateVerdict verdict = judge("links_complete", "user_stories");
  EXPECT_TRUE(verdict.passed) << first(verdict);
  EXPECT_EQ(json::get_int(verdict.measured, "references"), 3);
  put("tasks", R"({"tasks": [{"id": "T-a", "title": "T-shirt", "stories": ["US-009"],
                              "depends_on": ["T-b"]}, {"id": "T-a", "depends_on": []}]})");
  verdict = judge("links_complete", "tasks");
  ASSERT_EQ(verdict.findings.size(), 3U);
  EXPECT_EQ(verdict.findings[0].message, "/tasks holds the id T-a twice");
  EXPECT_EQ(verdict.findings[1].message, "/tasks/0/stories/0 refers to US-009, which is not there");
  EXPECT_EQ(verdict.findings[2].message, "/tasks/0/depends_on/0 refers to T-b, which is not there");
}

TEST_F(Gates, ComponentsServeStoriesAndStoriesAreServed) {
  put("user_stories", kStories);
  put("architecture", R"({"components": [{"id": "C-loans", "stories": ["US-001"]}]})");
  EXPECT_TRUE(judge("components_serve_stories", "architecture").passed);
  put("architecture", R"({"components": [{"id": "C-loans", "stories": []}]})");
  const GateVerdict verdict = judge("components_serve_stories", "architecture");
  ASSERT_EQ(verdict.findings.size(), 2U);
  EXPECT_EQ(verdict.findings[0].message, "the component C-loans serves no story");
  EXPECT_EQ(verdict.findings[1].message, "no component serves US-001: Borrow");
}

TEST_F(Gates, CriteriaNeedTests) {
  put("user_stories", kStories);
  put("test_suite", R"({"tests": [{"id": "TC-001", "criteria": ["AC-001.1"]}]})");
  EXPECT_TRUE(judge("criteria_have_tests", "test_suite").passed);
  put("test_suite", R"({"tests": [{"id": "TC-001", "criteria": ["AC-001.9"]}]})");
  const GateVerdict verdict = judge("criteria_have_tests", "test_suite");
  ASSERT_EQ(verdict.findings.size(), 2U);
  EXPECT_EQ(verdict.findings[0].message, "AC-001.1 has no test: A member borrows a book");
  EXPECT_EQ(verdict.findings[1].message, "a test names the criterion AC-001.9, which is not there");
}

TEST_F(Gates, QuotesStandInTheSources) {
  put("docs", R"({"documents": [{"id": "D1", "title": "a", "text": "It was\n a cold, wet day."}]})");
  const auto with = [](const std::string& source, const std::string& quote) {
    return R"({"claim": "c", "quotes": [{"source": ")" + source + R"(", "quote": ")" + quote +
           "\"}]}";
  };
  put("report", R"({"sections": [)" + with("D1", "was a cold, wet") + "]}");
  EXPECT_TRUE(judge("quotes_exist", "report", R"({"sources": "docs"})").passed);
  EXPECT_TRUE(judge("quotes_exist", "report").passed);
  for (const auto& [source, quote, said] :
       {std::tuple{"D1", "was a hot day", "does not say"}, {"D2", "was a cold", "not given"},
        {"", "was a cold", "names no source"}, {"D1", "cold, wet", "fewer than 3 words"}}) {
    put("report", with(source, quote));
    const GateVerdict verdict = judge("quotes_exist", "report", R"({"sources": "docs"})");
    EXPECT_FALSE(verdict.passed);
    EXPECT_NE(first(verdict).find(said), std::string::npos) << first(verdict);
  }
  put("report", R"({"claim": "nothing proves it", "quotes": []})");
  EXPECT_NE(first(judge("quotes_exist", "report")).find("cites no source"), std::string::npos);
  EXPECT_NE(first(judge("quotes_exist", "report", R"({"sources": "nowhere"})")).find("no sources"),
            std::string::npos);
}

constexpr const char* kOpenApi = R"({"openapi": {
  "openapi": "3.1.0", "info": {"title": "Library", "version": "1"},
  "paths": {"/books/{book_id}": {"get": {"operationId": "read_book",
    "parameters": [{"$ref": "#/components/parameters/book_id"}],
    "responses": {"200": {"description": "The book",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Book"}}}}}}}},
  "components": {"schemas": {"Book": {"type": "object"}},
    "parameters": {"book_id": {"name": "book_id", "in": "path", "required": true,
                               "schema": {"type": "integer"}}}}}})";

TEST_F(Gates, SoundOpenApiPasses) {
  put("apis", kOpenApi);
  const GateVerdict verdict = judge("openapi_sound", "apis");
  EXPECT_TRUE(verdict.passed) << first(verdict);
  EXPECT_EQ(json::get_int(verdict.measured, "operations"), 1);
}

TEST_F(Gates, OpenApiMistakesAreNamed) {
  const std::vector<std::array<std::string, 3>> cases{
      {"\"3.1.0\"", "\"3.0.0\"", "openapi is \"3.0.0\", and must be 3.1.x"},
      {"\"operationId\": \"read_book\",", "", "Get /books/{book_id} has no operationId"},
      {"schemas/Book\"", "schemas/Nook\"",
       "/paths/~1books~1{book_id}/get/responses/200/content/application~1json/schema/$ref refers "
       "to #/components/schemas/Nook, which is not there"},
      {"\"$ref\": \"#/components/parameters/book_id\"",
       "\"name\": \"q\", \"in\": \"query\", \"schema\": {}",
       "Get /books/{book_id} does not declare its path parameter book_id"},
      {"\"required\": true,", "",
       "the path parameter book_id of Get /books/{book_id} is not required"},
      {"\"description\": \"The book\",", "",
       "response 200 of Get /books/{book_id} has no description"},
      {"/books/{book_id}\": {\"get\"", "/books/{book_id\": {\"get\"",
       "the path /books/{book_id has a { without }"}};
  for (const auto& [from, to, expected] : cases) {
    std::string text = kOpenApi;
    ASSERT_NE(text.find(from), std::string::npos) << from;
    put("apis", text.replace(text.find(from), from.size(), to));
    const GateVerdict verdict = judge("openapi_sound", "apis");
    EXPECT_FALSE(verdict.passed) << from;
    EXPECT_EQ(first(verdict), expected);
  }
}

TEST_F(Gates, DdlIsLoadedByWhoeverHasADatabase) {
  put("data_structures", R"({"ddl": "CREATE TABLE a (id INTEGER);"})");
  EXPECT_EQ(first(judge("ddl_loads", "data_structures")),
            "not measured: no database is there to load the DDL");
  parts_.check_ddl = [](std::string_view ddl) {
    return std::string(ddl.starts_with("CREATE") ? "" : "syntax error");
  };
  EXPECT_TRUE(judge("ddl_loads", "data_structures").passed);
  put("data_structures", R"({"ddl": "CRATE"})");
  EXPECT_EQ(first(judge("ddl_loads", "data_structures")), "the DDL does not load: syntax error");
}

TEST_F(Gates, TestsPassOnlyWhenTheyRan) {
  put("quality_report", R"({"tests": {"passed": 5, "failed": 0, "skipped": 0}})");
  EXPECT_TRUE(judge("tests_pass", "quality_report").passed);
  put("quality_report", R"({"tests": {"passed": 0, "failed": 0}})");
  EXPECT_EQ(first(judge("tests_pass", "quality_report")), "no test ran");
  put("quality_report", R"({"tests": {"passed": 4, "failed": 1}})");
  const GateVerdict verdict = judge("tests_pass", "quality_report");
  EXPECT_EQ(first(verdict), "1 of 5 tests failed");
  EXPECT_EQ(verdict.findings[0].blame, "code");
}

TEST_F(Gates, FailuresGoToWhoIsToBlame) {
  put("quality_report", R"({"tests": {"passed": 4, "failed": 2}, "findings": [
      {"gate": "tests_pass", "severity": "high", "title": "test_a fails", "evidence": "409 for 201",
       "blame": "test_suite"},
      {"gate": "tests_pass", "severity": "high", "title": "test_b fails", "blame": ""},
      {"gate": "review", "severity": "high", "title": "no lock", "blame": "code"}]})");
  const GateVerdict tests = judge("tests_pass", "quality_report");
  ASSERT_EQ(tests.findings.size(), 2U);
  EXPECT_EQ(tests.findings[0].blame, "test_suite");
  EXPECT_EQ(tests.findings[0].evidence, "409 for 201");
  EXPECT_EQ(tests.findings[1].blame, "code");
  const GateVerdict high = judge("no_high_findings", "quality_report");
  EXPECT_EQ(high.findings.size(), 3U);
  put("quality_report", R"({"findings": [{"severity": "medium", "title": "x"}]})");
  EXPECT_TRUE(judge("no_high_findings", "quality_report").passed);
}

TEST_F(Gates, ThresholdsAreInclusiveAndBlameAsTold) {
  put("quality_report", R"({"coverage": {"lines_percent": 90.0}, "rule_kill_rate_percent": 79.9})");
  EXPECT_TRUE(judge("coverage", "quality_report", R"({"min_percent": 90})").passed);
  GateVerdict verdict = judge("coverage", "quality_report", R"({"min_percent": 95})", "test_suite");
  EXPECT_EQ(first(verdict), "line coverage is 90.0 %, and must be at least 95 %");
  EXPECT_EQ(verdict.findings[0].blame, "test_suite");
  EXPECT_EQ(first(judge("rule_kill_rate", "quality_report")),
            "the rule kill rate is 79.9 %, and must be at least 80 %");
  put("quality_report", R"({"rule_kill_rate_percent": null, "rule_mutants": {"total": 0}})");
  EXPECT_TRUE(judge("rule_kill_rate", "quality_report").passed);
}

TEST_F(Gates, NotMeasuredFailsWithTheReason) {
  put("quality_report", R"({"tests": {"passed": null, "failed": null},
      "coverage": {"lines_percent": null}, "rule_kill_rate_percent": null,
      "differential": {"operations": null, "mismatches": null, "seed": null},
      "traceability": {"criteria": null, "with_passing_test": null},
      "not_verified": ["the tests did not start", "coverage: pytest-cov is not installed"]})");
  for (const char* gate : {"tests_pass", "coverage", "rule_kill_rate", "differential_clean",
                           "traceability_complete"}) {
    const GateVerdict verdict = judge(gate, "quality_report", "{}", "code");
    EXPECT_FALSE(verdict.passed) << gate;
    EXPECT_TRUE(first(verdict).starts_with("not measured: ")) << gate;
    EXPECT_EQ(verdict.findings[0].blame, "quality_report") << gate;
    EXPECT_TRUE(judge(gate, "quality_report", R"({"allow_unmeasured": true})").passed) << gate;
  }
  EXPECT_EQ(first(judge("coverage", "quality_report")),
            "not measured: coverage: pytest-cov is not installed");
}

TEST_F(Gates, DifferentialAndTraceabilityCount) {
  put("quality_report", R"({"differential": {"operations": 300, "mismatches": 0, "seed": 7},
                            "traceability": {"criteria": 9, "with_passing_test": 9}})");
  EXPECT_TRUE(judge("differential_clean", "quality_report").passed);
  EXPECT_TRUE(judge("traceability_complete", "quality_report").passed);
  put("quality_report", R"({"differential": {"operations": 300, "mismatches": 1, "seed": 7},
                            "traceability": {"criteria": 9, "with_passing_test": 7}})");
  EXPECT_EQ(first(judge("differential_clean", "quality_report")),
            "1 of 300 random operations were answered otherwise than the requirement model says");
  EXPECT_EQ(first(judge("traceability_complete", "quality_report")),
            "2 of 9 criteria have no passing test");
}

TEST_F(Gates, FloodOfFindingsIsCut) {
  std::string stories;
  for (int i = 0; i < 200; ++i) {
    stories += (i == 0 ? "" : ",") + std::string(R"({"id": "US-)") + std::to_string(i) + "\"}";
  }
  put("user_stories", "{\"stories\": [" + stories + "]}");
  const GateVerdict verdict = judge("stories_testable", "user_stories");
  EXPECT_EQ(verdict.findings.size(), 31U);
  EXPECT_EQ(verdict.findings.back().message, "and 170 more of the kind");
}

}  // namespace
}  // namespace cadre
