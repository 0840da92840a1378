// What waits for a person, and goes on in whatever process decides.
#include <gtest/gtest.h>

#include "base/clock.h"
#include "core/apply.h"
#include "runtime/decide.h"
#include "runtime/delivery.h"
#include "runtime/runner.h"
#include "runtime/testing.h"

namespace cadre {
namespace {

using testing::call_tools;
using testing::finished;
using testing::FunctionTool;
using testing::make_plan;
using testing::ScriptedProvider;

struct Desk {
  Plan plan = make_plan({"plan boss brief plan", "pay clerk plan order", "tell clerk order reply"},
                        {"refund"});
  int refunds = 0;
  std::string read;  // what the clerk read of the refund
  RunnerParts parts;

  Desk() {
    auto provider = std::make_shared<ScriptedProvider>(
        [this](const Task& task, std::span<const ToolResult> results, std::stop_token) {
          return work(task, results);
        });
    auto refund = std::make_shared<FunctionTool>("refund", ToolEffect::kExternal,
                                                 [this](const Json&, const TaskToolContext&) {
                                                   refunds++;
                                                   return Result<Json>(Json("paid"));
                                                 });
    parts = testing::make_parts(provider, {refund, make_ask_user_tool(), make_deliver_tool()});
  }
  AgentConfig& clerk() {
    for (AgentConfig& agent : plan.agents) {
      if (agent.role == "clerk") return agent;
    }
    return plan.agents.front();
  }
  Result<Turn> work(const Task& task, std::span<const ToolResult> results) {
    if (task.stage != "pay") return finished(task);
    if (results.empty()) {
      const std::string tool = asks ? "ask_user" : "refund";
      return call_tools({{"c1", tool, JsonObject{{"amount", 20}, {"question", "how much?"}}}});
    }
    read = json::write(results[0].value);
    return finished(task);
  }
  RunOutcome start() {
    auto outcome = Runner(parts).start_run(plan, "Pay it back.", {});
    EXPECT_TRUE(outcome.has_value()) << outcome.error().describe();
    return *outcome;
  }
  RunOutcome resume(const std::string& run) {
    auto outcome = Runner(parts).resume_run(run, {});
    EXPECT_TRUE(outcome.has_value()) << outcome.error().describe();
    return *outcome;
  }
  Result<Decided> decide(const std::string& run, DecideOptions options) {
    return decide_approval(*parts.store, *parts.clock, run, options);
  }
  bool asks = false;
};

TEST(Approvals, AToolWaitsAndGoesOnWhenApproved) {
  Desk desk;
  desk.clerk().approvals = {"refund"};
  const RunOutcome waits = desk.start();
  ASSERT_EQ(waits.status, "waiting");
  EXPECT_EQ(waits.exit_code, 8);
  ASSERT_EQ(waits.waiting.size(), 1U);
  EXPECT_EQ(waits.waiting[0].subject, "tool:refund");
  EXPECT_EQ(json::write(waits.waiting[0].details.at("arguments")),
            R"({"amount":20,"question":"how much?"})");
  EXPECT_EQ(desk.refunds, 0);
  EXPECT_EQ(desk.parts.store->info(waits.run)->status, "waiting");
  EXPECT_EQ(desk.resume(waits.run).status, "waiting");  // nobody decided meanwhile
  EXPECT_EQ(desk.refunds, 0);
  const auto decided = desk.decide(waits.run, {.key = "a1", .approved = true});
  ASSERT_TRUE(decided.has_value()) << decided.error().describe();
  EXPECT_EQ(desk.resume(waits.run).status, "done");
  EXPECT_EQ(desk.refunds, 1);
  EXPECT_EQ(desk.read, "\"paid\"");
}

TEST(Approvals, ARejectedToolIsAFailedResult) {
  Desk desk;
  desk.clerk().approvals = {"refund"};
  const std::string run = desk.start().run;
  ASSERT_TRUE(desk.decide(run, {.message = "too much"}));
  EXPECT_EQ(desk.resume(run).status, "done");
  EXPECT_EQ(desk.refunds, 0);
  EXPECT_NE(desk.read.find("not approved: too much"), std::string::npos) << desk.read;
}

TEST(Approvals, AQuestionIsAnswered) {
  Desk desk;
  desk.asks = true;
  desk.clerk().tools.push_back("ask_user");
  const RunOutcome waits = desk.start();
  ASSERT_EQ(waits.waiting.size(), 1U);
  EXPECT_EQ(waits.waiting[0].question, "how much?");
  EXPECT_FALSE(desk.decide(waits.run, {.key = "a1", .approved = true}));
  ASSERT_TRUE(desk.decide(waits.run,
                          {.key = "a1", .approved = true, .answers = true, .message = "20 euros"}));
  EXPECT_EQ(desk.resume(waits.run).status, "done");
  EXPECT_EQ(desk.read, R"({"answer":"20 euros"})");
}

TEST(Approvals, ARejectedGateGoesBackByBlame) {
  Desk desk;
  desk.plan.stages[1].gates.push_back(
      {"approval", "order", JsonObject{{"question", "good?"}}, "plan"});
  RunOutcome outcome = desk.start();
  ASSERT_EQ(outcome.waiting.size(), 1U);
  EXPECT_EQ(outcome.waiting[0].subject, "gate:pay/approval");
  EXPECT_EQ(outcome.waiting[0].question, "good?");
  ASSERT_TRUE(desk.decide(outcome.run, {.message = "plan it smaller"}));
  outcome = desk.resume(outcome.run);
  ASSERT_EQ(outcome.status, "waiting") << outcome.reason;  // planned and paid again, asked again
  auto state = load_state(*desk.parts.store, outcome.run);
  EXPECT_EQ(state->stages[0].round, 2);
  EXPECT_EQ(desk.refunds, 2);
  ASSERT_TRUE(desk.decide(outcome.run, {.approved = true}));
  EXPECT_EQ(desk.resume(outcome.run).status, "done");
}

TEST(Approvals, ARejectedHandoffIsARefusal) {
  Desk desk;
  desk.plan.stages[1].approve_handoff = true;
  RunOutcome outcome = desk.start();
  ASSERT_EQ(outcome.waiting.size(), 1U);
  EXPECT_EQ(outcome.waiting[0].subject, "handoff:boss->clerk");
  ASSERT_TRUE(desk.decide(outcome.run, {.message = "not now"}));
  outcome = desk.resume(outcome.run);
  ASSERT_EQ(outcome.status, "waiting") << outcome.reason;  // the maker mended, and asks again
  EXPECT_EQ(outcome.handoffs.refused, 1);
  EXPECT_EQ(outcome.waiting[0].id, "a2");
  ASSERT_TRUE(desk.decide(outcome.run, {.approved = true, .always = true}));
  EXPECT_EQ(desk.resume(outcome.run).status, "done");
}

TEST(Approvals, ThePolicyDecidesWhatItNames) {
  for (const bool allowed : {true, false}) {
    Desk desk;
    desk.clerk().approvals = {"refund"};
    auto policy =
        allowed ? ApprovalPolicy::make({"tool:*"}, {}) : ApprovalPolicy::make({"*"}, {"tool:ref*"});
    desk.parts.policy = std::make_shared<const ApprovalPolicy>(std::move(*policy));
    EXPECT_EQ(desk.start().status, "done");
    EXPECT_EQ(desk.refunds, allowed ? 1 : 0);
    EXPECT_EQ(desk.read.find("the policy denies it (tool:ref*)") == std::string::npos, allowed);
  }
}

TEST(Approvals, OtherWorkGoesOnMeanwhile) {
  Desk desk;
  desk.plan.stages.push_back(
      make_plan({"plan boss brief plan", "note scribe plan notes"}).stages[1]);
  AgentConfig scribe;
  scribe.role = scribe.name = "scribe";
  scribe.handoff_targets = {"clerk"};
  desk.plan.agents.push_back(std::move(scribe));
  for (AgentConfig& agent : desk.plan.agents) {
    if (agent.role != "scribe") agent.handoff_targets.push_back("scribe");
  }
  desk.clerk().approvals = {"refund"};
  const RunOutcome outcome = desk.start();
  EXPECT_EQ(outcome.status, "waiting");
  EXPECT_TRUE(outcome.artifacts.contains("notes"));
  EXPECT_FALSE(outcome.artifacts.contains("order"));
}

TEST(Approvals, WrongDecisionsAreSaid) {
  Desk desk;
  desk.clerk().approvals = {"refund"};
  EXPECT_EQ(desk.decide("nobody", {}).error().code, ErrorCode::kNotFound);
  const std::string run = desk.start().run;
  EXPECT_EQ(desk.decide(run, {.key = "a9", .approved = true}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(desk.decide(run, {.key = "a1", .approved = true, .answers = true}).error().code,
            ErrorCode::kInvalidInput);
  ASSERT_TRUE(desk.decide(run, {.key = "a1", .approved = true}));
  const auto twice = desk.decide(run, {.key = "a1", .approved = true});
  ASSERT_FALSE(twice);
  EXPECT_NE(twice.error().message.find("decided already"), std::string::npos);
  EXPECT_EQ(desk.resume(run).status, "done");
  EXPECT_EQ(desk.decide(run, {.approved = true}).error().code, ErrorCode::kConflict);
  EXPECT_EQ(desk.resume(run).status, "done");
  EXPECT_EQ(desk.refunds, 1);
}

}  // namespace
}  // namespace cadre
