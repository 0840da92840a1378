#include "runtime/reasoning.h"

#include <gtest/gtest.h>

#include "core/plan.h"
#include "runtime/delivery.h"

namespace cadre::detail {
namespace {

Task task_with(std::vector<std::string> reasoning) {
  Plan plan;
  plan.frameworks["small"] =
      JsonObject{{"instructions", "### A small one\n"},
                 {"answers", *json::parse(R"({"type": "object", "required": ["seen"],
                                   "properties": {"seen": {"type": "string", "minLength": 1}}})")}};
  AgentConfig agent;
  agent.role = "writer";
  agent.reasoning = std::move(reasoning);
  plan.agents.push_back(agent);
  StageSpec stage;
  stage.id = "write";
  stage.role = "writer";
  stage.makes = {"text", "notes"};
  plan.stages.push_back(stage);
  Task task;
  task.stage = "write";
  task.role = "writer";
  task.makes = {"text", "notes"};
  task.plan = std::make_shared<const Plan>(std::move(plan));
  return task;
}

Json delivery(const char* reasoning) {
  JsonObject out{{"type", "text"}, {"data", JsonObject{}}};
  if (reasoning != nullptr) out["reasoning"] = *json::parse(reasoning);
  return out;
}

TEST(Reasoning, StandsInTheInstructionsAndInTheFirstDelivery) {
  const Task task = task_with({"small"});
  EXPECT_NE(reasoning_instructions(task).find("### A small one"), std::string::npos);
  JsonObject first{{"properties", JsonObject{}}}, second = first;
  add_reasoning_schema(task, "text", first);
  add_reasoning_schema(task, "notes", second);
  const Json whole = first;
  const Json* member = json::find(*json::find(whole, "properties"), "reasoning");
  ASSERT_NE(member, nullptr);
  EXPECT_EQ(json::get_strings(*member, "required"), std::vector<std::string>{"small"});
  EXPECT_EQ(json::find(Json(second), "properties")->get_object().size(), 0U);
}

TEST(Reasoning, ARoleWithoutOneIsAskedNothing) {
  const Task task = task_with({});
  EXPECT_EQ(reasoning_instructions(task), "");
  EXPECT_TRUE(check_reasoning(delivery(nullptr), task, {}).has_value());
  EXPECT_EQ(reasoning_note(delivery(nullptr), task), "");
}

TEST(Reasoning, AnswersAreCheckedAndAskedForOnce) {
  Task task = task_with({"small"});
  EXPECT_TRUE(check_reasoning(delivery(R"({"small": {"seen": "a wall"}})"), task, {}).has_value());
  for (const char* bad : {static_cast<const char*>(nullptr), "{}", R"({"small": {"seen": ""}})",
                          R"({"small": {}})", "[]"}) {
    const auto checked = check_reasoning(delivery(bad), task, {});
    ASSERT_FALSE(checked.has_value()) << (bad == nullptr ? "none" : bad);
    EXPECT_NE(checked.error().message.find("reasoning.small"), std::string::npos);
  }
  // The second delivery is taken, with a word about what is missing.
  ToolCall before;
  before.tool = kDeliverTool;
  before.arguments = delivery(nullptr);
  task.calls.push_back(before);
  const std::vector<ToolResult> results{{"1", false, JsonObject{}}};
  EXPECT_TRUE(check_reasoning(delivery(nullptr), task, results).has_value());
  EXPECT_NE(reasoning_note(delivery(nullptr), task).find("without all answers"), std::string::npos);
  EXPECT_NE(reasoning_note(delivery(R"({"small": {"seen": "x"}})"), task).find("thought: "),
            std::string::npos);
}

TEST(Reasoning, OnlyTheFirstRoundAsks) {
  Task task = task_with({"small"});
  task.round = 2;
  EXPECT_TRUE(check_reasoning(delivery(nullptr), task, {}).has_value());
  EXPECT_EQ(reasoning_note(delivery(nullptr), task), "");
}

}  // namespace
}  // namespace cadre::detail
