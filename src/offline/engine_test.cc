#include "offline/engine.h"

#include <gtest/gtest.h>

#include "offline/artifact_test_kit.h"
#include "spec/test_models.h"

namespace cadre {
namespace {

Task task_for(std::string role, std::vector<std::string> makes) {
  Task task;
  task.role = std::move(role);
  task.makes = std::move(makes);
  return task;
}

Task with_model(Task task) {
  const spec::Spec spec = spec::load_test_model(CADRE_SOURCE_DIR, "library");
  for (const Artifact& artifact : offline::product::prepare(spec).artifacts) {
    task.inputs[artifact.type] = std::make_shared<const Artifact>(artifact);
  }
  return task;
}

constexpr const char* kLibrary =
    "A library service. Members borrow books. Each book has a title, an author, an ISBN (unique) "
    "and a number of copies. A member can borrow at most 5 books at the same time. Loans last 14 "
    "days.";

TEST(OfflineProvider, HasAName) { EXPECT_EQ(make_offline_provider()->name(), "offline"); }

TEST(OfflineProvider, ReadsABriefAndMakesWhatIsAskedFor) {
  const auto provider = make_offline_provider();
  Task task = task_for("product_manager", {"requirements", "user_stories"});
  task.brief = kLibrary;
  EXPECT_NE(provider->can(task).capability, Capability::kNo);
  const auto turn = provider->next(task, {}, {});
  ASSERT_TRUE(turn.has_value()) << turn.error().describe();
  ASSERT_FALSE(turn->refusal.has_value()) << turn->refusal->reason;
  ASSERT_EQ(turn->artifacts.size(), 2U);
  for (const Artifact& artifact : turn->artifacts) {
    EXPECT_EQ(offline::schema_issues(artifact.type, artifact.data), "");
  }
}

TEST(OfflineProvider, WhatIsMadeDecidesNotTheNameOfTheRole) {
  const auto provider = make_offline_provider();
  Task task = with_model(task_for("designer", {"apis"}));
  EXPECT_EQ(provider->can(task).capability, Capability::kYes);
  const auto turn = provider->next(task, {}, {});
  ASSERT_TRUE(turn.has_value()) << turn.error().describe();
  ASSERT_EQ(turn->artifacts.size(), 1U);
  EXPECT_EQ(turn->artifacts[0].type, "apis");
}

TEST(OfflineProvider, RefusesABriefOutsideItsClassWithReasonAndHelp) {
  const auto provider = make_offline_provider();
  Task task = task_for("product_manager", {"requirements"});
  task.brief = "Write a cli snake game";
  EXPECT_EQ(provider->can(task).capability, Capability::kNo);
  EXPECT_FALSE(provider->can(task).reasons.empty());
  const auto turn = provider->next(task, {}, {});
  ASSERT_TRUE(turn.has_value());
  ASSERT_TRUE(turn->refusal.has_value());
  EXPECT_FALSE(turn->refusal->reason.empty());
  EXPECT_NE(turn->refusal->help.find("--model"), std::string::npos);
}

TEST(OfflineProvider, RefusesWhatItCannotMake) {
  const auto provider = make_offline_provider();
  const Task task = task_for("researcher", {"research_report"});
  const CapabilityAnswer answer = provider->can(task);
  EXPECT_EQ(answer.capability, Capability::kNo);
  ASSERT_EQ(answer.reasons.size(), 1U);
  EXPECT_NE(answer.reasons[0].find("research_report"), std::string::npos);
  const auto turn = provider->next(task, {}, {});
  ASSERT_TRUE(turn.has_value());
  EXPECT_TRUE(turn->refusal.has_value());
}

TEST(OfflineProvider, RefusesRequirementsWithoutAModel) {
  const auto provider = make_offline_provider();
  Task task = task_for("developer", {"code"});
  task.inputs["requirements"] =
      std::make_shared<const Artifact>(Artifact{"requirements", JsonObject{{"text", "free"}}, {}});
  EXPECT_EQ(provider->can(task).capability, Capability::kNo);
}

TEST(OfflineProvider, RefusesStacksThatItDoesNotWrite) {
  const auto provider = make_offline_provider();
  Task task = with_model(task_for("developer", {"code"}));
  EXPECT_EQ(provider->can(task).capability, Capability::kYes);
  task.parameters = JsonObject{{"stack", "java"}};
  EXPECT_EQ(provider->can(task).capability, Capability::kNo);
  EXPECT_NE(provider->can(task).reasons[0].find("java"), std::string::npos);
}

TEST(OfflineProvider, StopsWhenAsked) {
  const auto provider = make_offline_provider();
  std::stop_source stop;
  stop.request_stop();
  const auto turn =
      provider->next(task_for("product_manager", {"requirements"}), {}, stop.get_token());
  ASSERT_FALSE(turn.has_value());
  EXPECT_EQ(turn.error().code, ErrorCode::kCancelled);
}

// result.json is a contract: a whole one and a refused one fit, a guessed figure's type does not.
TEST(ResultSchema, TakesWholeAndRefusedRunsAndNoNonsense) {
  auto schema = JsonSchema::compile(
      offline::read_json_file(std::string(CADRE_SOURCE_DIR) + "/sops/software/result.schema.json"));
  ASSERT_TRUE(schema.has_value()) << schema.error().describe();
  JsonObject run{
      {"id", "r1"},
      {"status", "refused"},
      {"exit_code", 4},
      {"seconds", 0.1},
      {"model", "offline"},
      {"sop", "software"},
      {"handoffs", JsonObject{{"requested", 1}, {"accepted", 1}, {"refused", 0}, {"completed", 0}}},
      {"tokens", nullptr},
      {"cost_usd", nullptr},
      {"events", 9},
      {"spans", 3},
      {"refusal", JsonObject{{"reason", "a game"}, {"help", "…"}}}};
  JsonObject result{{"cadre", 1}, {"run", run}, {"statements", nullptr}};
  for (const char* key :
       {"user_stories", "competitive_analysis", "requirements", "architecture", "data_structures",
        "apis", "implementation", "documentation", "tests", "quality_report"}) {
    result[key] = JsonObject{{"data", nullptr}, {"files", JsonArray{}}};
  }
  EXPECT_EQ(offline::issues_of(*schema, result), "");
  result["quality_report"] = *json::parse(R"({"files": ["docs/quality-report.md"], "data": {
    "tests": {"passed": 41, "failed": 0, "skipped": 0},
    "coverage": {"lines_percent": 97.5, "branches_percent": null},
    "rule_kill_rate_percent": 100, "differential": {"operations": 500, "mismatches": 0, "seed": 7},
    "traceability": {"criteria": 40, "with_passing_test": 40}, "findings": [],
    "not_verified": ["load"]}})");
  EXPECT_EQ(offline::issues_of(*schema, result), "");
  result["statements"] = JsonObject{{"total", 5}};
  EXPECT_NE(offline::issues_of(*schema, result), "");
  result["statements"] = nullptr;
  result["cadre"] = 2;
  EXPECT_NE(offline::issues_of(*schema, result), "");
}

}  // namespace
}  // namespace cadre
