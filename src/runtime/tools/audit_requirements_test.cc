#include "runtime/tools/audit_requirements.h"

#include <gtest/gtest.h>

namespace cadre {
namespace {

Json parsed(const char* text) { return json::parse(text).value(); }

ArtifactMap inputs() {
  ArtifactMap out;
  const auto add = [&](const char* type, const char* data) {
    out[type] = std::make_shared<const Artifact>(Artifact{type, parsed(data), {}});
  };
  add("requirements", R"({"requirements": [
      {"id": "FR-001", "text": "Tools are kept.", "quote": "Each tool has a name"},
      {"id": "FR-002", "text": "Loans are limited.", "quote": "at most 3 open loans"},
      {"id": "FR-003", "text": "Loans last.", "quote": "loans"}]})");
  add("user_stories", R"({"stories": [{"id": "US-001", "criteria": [
      {"id": "AC-001.1", "text": "a tool can be read", "requirement": "FR-001"},
      {"id": "AC-001.2", "text": "the fourth loan is refused", "requirement": "FR-002"}]}]})");
  return out;
}

std::string evidence_after(const char* evidence) {
  JsonArray findings{JsonObject{{"id", "A-001"}, {"evidence", evidence}}};
  name_requirements(inputs(), findings);
  return json::get_string(findings[0], "evidence");
}

TEST(AuditRequirements, AreThoseThatQuoteTheFindingsWordsOfTheBrief) {
  EXPECT_EQ(evidence_after("The brief says: \"A neighbour can have at most 3\n Open loans.\" (S6)\n"
                           "POST /loans {\"label\": \"Each tool has a name\"}"),
            "Requirement FR-002: Loans are limited. (AC-001.2: the fourth loan is refused)\n"
            "The brief says: \"A neighbour can have at most 3\n Open loans.\" (S6)\n"
            "POST /loans {\"label\": \"Each tool has a name\"}");
}

TEST(AuditRequirements, NothingIsNamedWhereTheBriefSaysNothing) {
  EXPECT_EQ(evidence_after("Requests: Each tool has a name"), "Requests: Each tool has a name");
  EXPECT_EQ(evidence_after(""), "");
}

}  // namespace
}  // namespace cadre
