// ConversationTracker and ExecutionState.
#include "memory/conversation_tracker.h"
#include "memory/execution_state.h"
#include "memory/memory_test_kit.h"

namespace cadre {
namespace {

using namespace memory_test;  // NOLINT

TEST(ConversationTracker, SaysWhoSaidWhatToWhomInWhichOrder) {
  const std::vector<ItemPtr> items = {user("Refund my order"),
                                      call("c1", R"({"order":7})"),
                                      result("c1", "order 7: 20 EUR"),
                                      agent("I hand you over to billing.", "triage"),
                                      agent("It is refunded.", "billing"),
                                      user("Thanks")};
  const auto tracker = ConversationTracker::of(items, "triage");
  const auto said = tracker.utterances();
  ASSERT_EQ(said.size(), 6U);
  const auto is = [&](std::size_t i, UtteranceKind kind, const char* from, const char* to) {
    EXPECT_EQ(said[i].order, i + 1);
    EXPECT_EQ(said[i].kind, kind) << i;
    EXPECT_EQ(said[i].from, from) << i;
    EXPECT_EQ(said[i].to, to) << i;
  };
  is(0, UtteranceKind::kMessage, "user", "triage");
  is(1, UtteranceKind::kToolCall, "triage", "search");
  is(2, UtteranceKind::kToolResult, "search", "triage");
  is(3, UtteranceKind::kMessage, "triage", "user");
  is(4, UtteranceKind::kMessage, "billing", "user");
  is(5, UtteranceKind::kMessage, "user", "billing");
  EXPECT_EQ(tracker.between("billing", "user").size(), 2U);
  EXPECT_EQ(tracker.said_by("user").size(), 2U);
  EXPECT_EQ(tracker.participants(),
            (std::vector<std::string>{"user", "triage", "search", "billing"}));
  EXPECT_EQ(tracker.to_json().as_array().size(), 6U);
}

// As a run leaves it: the target's calls come before its first word.
TEST(ConversationTracker, AfterAHandoffTheTargetCallsAndIsAnswered) {
  const std::vector<ItemPtr> items = {
      user("I paid twice"),
      item(ToolCallItem{"1", "transfer_to_billing", R"({"task":"pay back 7"})", {}}),
      item(ToolResultItem{"1", R"({"assistant":"billing"})", true}),
      call("2"),
      result("2", R"({"assistant":"x","paid":true})"),
      agent("Done.", "billing")};
  const auto tracker = ConversationTracker::of(items, "triage");
  std::vector<std::string> lines;
  for (const Utterance& said : tracker.utterances())
    lines.push_back(fmt::format("{} {}->{}", to_string(said.kind), said.from, said.to));
  EXPECT_EQ(lines, (std::vector<std::string>{
                       "message user->triage", "tool_call triage->transfer_to_billing",
                       "handoff triage->billing", "tool_call billing->search",
                       "tool_result search->billing", "message billing->user"}));
  EXPECT_EQ(tracker.utterances()[2].text, "pay back 7");
  EXPECT_EQ(tracker.agent(), "billing");
}

TEST(ConversationTracker, AHandoverPassesTheTurn) {
  ConversationTracker tracker;
  tracker.say("user", "agent", "help");
  tracker.hand_over("agent", "dev", "it is code");
  tracker.add(*user("and now?"));
  EXPECT_EQ(tracker.utterances()[1].kind, UtteranceKind::kHandoff);
  EXPECT_EQ(tracker.utterances()[2].to, "dev");
}

TEST(ExecutionState, TasksGoFromPendingOverRunningToDoneOrFailed) {
  ExecutionState state;
  ASSERT_TRUE(state.add("design", "architect").has_value());
  ASSERT_TRUE(state.add("code", "dev", {"design"}).has_value());
  EXPECT_EQ(state.add("code", "dev").error().code, ErrorCode::kConflict);
  EXPECT_EQ(state.add("x", "dev", {"nothing"}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(state.add("self", "dev", {"self"}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(state.ready(), std::vector<std::string>{"design"});
  EXPECT_EQ(state.start("code", 1).error().code, ErrorCode::kConflict) << "design is not done";
  EXPECT_EQ(state.finish("design", 1).error().code, ErrorCode::kConflict) << "it does not run";
  EXPECT_EQ(state.start("nothing", 1).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(state.start("design", 1).has_value());
  EXPECT_EQ(state.start("design", 1).error().code, ErrorCode::kConflict);
  ASSERT_TRUE(state.fail_task("design", 2, "no brief").has_value());
  EXPECT_EQ(state.in_state(TaskState::kFailed), std::vector<std::string>{"design"});
  EXPECT_TRUE(state.ready().empty());
  ASSERT_TRUE(state.start("design", 3).has_value());
  ASSERT_TRUE(state.finish("design", 9, "12 entities").has_value());
  EXPECT_EQ(state.find("design")->attempts, 2);
  EXPECT_EQ(state.find("design")->started_us, 3);
  EXPECT_EQ(state.find("design")->ended_us, 9);
  EXPECT_EQ(state.ready(), std::vector<std::string>{"code"});
  EXPECT_FALSE(state.all_done());
  for (const TaskRecord& task : state.tasks()) {
    const auto again = task_record_from_json(to_json(task));
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(*again, task);
  }
  EXPECT_FALSE(task_record_from_json(JsonObject{{"state", "odd"}}).has_value());
}

TEST(ExecutionState, WhatMayNotBeginSaysForWhatItWaitsAndWhatToDo) {
  ExecutionState state;
  state.restore({.id = "a"});
  state.restore({.id = "b", .depends_on = {"a"}});
  state.restore({.id = "c", .depends_on = {"gone"}});
  const auto said = [&](const char* id) {
    const auto may = state.may_begin(id);
    return may ? "" : may.error().describe();
  };
  EXPECT_EQ(said("a"), "");
  EXPECT_EQ(said("nobody knows it"), "");
  const std::string b = state.may_begin("b").error().message;
  EXPECT_EQ(b, "task 'b' waits for 'a', which is pending");
  EXPECT_EQ(state.start("b", 1).error().message, b);
  EXPECT_NE(said("b").find("do 'a' first, or set it to done"), std::string::npos) << said("b");
  EXPECT_EQ(state.may_begin("c").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(state.may_begin("c").error().message, "task 'c' waits for 'gone', which is not known");
  ASSERT_TRUE(state.start("a", 1));
  EXPECT_EQ(said("a"), "") << "who began it may be gone";
  ASSERT_TRUE(state.fail_task("a", 2, "no brief"));
  EXPECT_EQ(state.may_begin("b").error().message,
            "task 'b' waits for 'a', which is failed (no brief)");
  ASSERT_TRUE(state.start("a", 3));
  ASSERT_TRUE(state.finish("a", 4));
  EXPECT_EQ(said("b"), "");
  EXPECT_EQ(state.may_begin("a").error().message, "task 'a' is done already");
  EXPECT_NE(said("a").find("set its state to pending"), std::string::npos) << said("a");
}

TEST(ExecutionState, TenThousandTasksAreNoMatter) {
  ExecutionState state;
  ASSERT_TRUE(state.add("0", "dev"));
  const auto began = std::chrono::steady_clock::now();
  for (int i = 1; i < 10'000; ++i)
    ASSERT_TRUE(state.add(std::to_string(i), "dev", {std::to_string(i - 1)}));
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_TRUE(state.start(std::to_string(i), i));
    ASSERT_TRUE(state.finish(std::to_string(i), i));
  }
  EXPECT_TRUE(state.all_done());
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(400));
}

}  // namespace
}  // namespace cadre
