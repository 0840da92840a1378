#include "spec/scenario.h"

#include <gtest/gtest.h>

#include "spec/test_models.h"

namespace cadre::spec {
namespace {

std::string tell(const std::vector<Step>& steps) {
  std::string out;
  for (const Step& step : steps) {
    out += step.request.operation + (step.request.row.empty() ? "" : " " + step.request.row);
    if (step.request.body) out += " " + json::write(*step.request.body);
    out += " -> " + std::to_string(step.expected.status) + " " + step.expected.code + "\n";
  }
  return out;
}

TEST(Scenario, EveryRuleOfTheExampleModelsHasAStory) {
  for (const char* name : {"library", "tasks"}) {
    const Spec spec = load_test_model(CADRE_SOURCE_DIR, name);
    for (const Goal& goal : goals_of(spec)) {
      if (goal.code == "out_of_range") continue;  // here it needs a story of twenty steps
      const std::string what = goal.operation + " " + goal.code + " " + goal.rule + " " + goal.role;
      const auto scenario = find_refusal(spec, goal);
      ASSERT_TRUE(scenario.has_value()) << what;
      const auto& steps = scenario->steps;
      EXPECT_EQ(steps.back().expected.code, goal.code) << tell(steps);
      EXPECT_EQ(steps.back().expected.rule, goal.rule) << tell(steps);
      for (std::size_t i = 0; i + 1 < steps.size(); ++i) EXPECT_TRUE(steps[i].expected.ok());
      for (const Step& step : scenario->twin)
        EXPECT_TRUE(step.expected.ok()) << tell(scenario->twin);
    }
  }
}

TEST(Scenario, StoriesAreShort) {
  const Spec spec = load_test_model(CADRE_SOURCE_DIR, "library");
  const auto limit = find_refusal(spec, "R1", "borrow");
  ASSERT_TRUE(limit.has_value());
  // A book or two, a member, three loans, and the one too many.
  EXPECT_LE(limit->steps.size(), 7U) << tell(limit->steps);
  EXPECT_FALSE(limit->twin.empty()) << tell(limit->steps);
  const auto returned = find_refusal(spec, "R6", "");
  ASSERT_TRUE(returned.has_value());
  EXPECT_EQ(returned->steps.size(), 5U) << tell(returned->steps);
  EXPECT_FALSE(find_refusal(spec, "R99", "").has_value());
}

}  // namespace
}  // namespace cadre::spec
