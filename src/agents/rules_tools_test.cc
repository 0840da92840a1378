// Rules 18 to 23: tools side by side, their failures and their time (docs/agent-loop.md).
#include "agents/rules_test_kit.h"

namespace cadre::rules {
namespace {

struct Busy {
  std::atomic<int> now{0}, most{0}, begun{0};
  void enter() {
    ++begun;
    const int many = ++now;
    int seen = most;
    while (many > seen && !most.compare_exchange_weak(seen, many)) {
    }
  }
};

Tool busy(std::shared_ptr<Busy> gauge) {
  return make_tool<Verdictual>("t", "Sleeps.", [gauge](const Verdictual& args, const RunContext&) {
    gauge->enter();
    std::this_thread::sleep_for(milliseconds(12 - args.score));  // the later, the sooner done
    --gauge->now;
    return std::to_string(args.score);
  });
}

ModelReply many(int number) {
  std::vector<ToolCallItem> asked;
  for (int i = 0; i < number; ++i) {
    asked.push_back(call("c" + std::to_string(i), "t",
                         R"({"score": )" + std::to_string(i) + "}"));
  }
  return calls(std::move(asked));
}

TEST(Rule18, TheCapHoldsAndResultsStandInCallOrder) {
  const auto gauge = std::make_shared<Busy>();
  Agent a = agent("a");
  a.tools = {busy(gauge)};
  const RunResult result =
      run(team({a}), "hi",
          {.model = script({many(7), says("done")}), .limits = {.parallel_tools = 2}});
  ASSERT_EQ(result.output, "done") << result.reason;
  EXPECT_EQ(gauge->most, 2);
  EXPECT_EQ(outputs(result.new_items), (Lines{"0", "1", "2", "3", "4", "5", "6"}));
}

TEST(Break4, ToolsAreCappedByDefault) {
  const auto gauge = std::make_shared<Busy>();
  Agent a = agent("a");
  a.tools = {busy(gauge)};
  ASSERT_EQ(run(team({a}), "hi", {.model = script({many(12), says("done")})}).output, "done");
  EXPECT_EQ(gauge->begun, 12);
  EXPECT_LE(gauge->most, LoopLimits{}.parallel_tools);
  EXPECT_GT(gauge->most, 1);
}

TEST(Rule18, AfterAFatalFailureQueuedCallsNeverStart) {
  Agent a = agent("a");
  const Count made = count();
  a.tools = {failing("bad", "broken", {.fatal = true}), counting("t", made),
             counting("asks", made, {.approval = Approval::kAlways})};
  const RunResult result = run(
      team({a}), "hi",
      {.model = script({calls({call("1", "bad"), call("2", "t"), call("3", "asks")})}),
       .limits = {.parallel_tools = 1}});
  EXPECT_EQ(result.status, RunStatus::kToolError);
  EXPECT_EQ(*made, 0);
}

TEST(Rule19, CallOrderDecidesWhichFailureSurfaces) {
  Agent a = agent("a");
  a.tools = {failing("slow", "the first", {.fatal = true}, milliseconds(30)),
             failing("fast", "the second", {.fatal = true})};
  const RunResult result =
      run(team({a}), "hi", {.model = script({calls({call("1", "slow"), call("2", "fast")})})});
  EXPECT_EQ(result.status, RunStatus::kToolError);
  EXPECT_NE(result.reason.find("the first"), std::string::npos) << result.reason;
}

TEST(Rule20, AToolThatWasCancelledIsAnErrorOutputAndTheRunGoesOn) {
  Agent a = agent("a");
  a.tools = {make_tool<NoArgs>("gone", "Cancelled.",
                               [](const NoArgs&, const RunContext&) -> Result<std::string> {
                                 return fail(ErrorCode::kCancelled, "somebody cancelled it");
                               }),
             counting("t", count(), {}, "fine")};
  const RunResult result =
      run(team({a}), "hi",
          {.model = script({calls({call("1", "gone"), call("2", "t")}), says("done")})});
  ASSERT_EQ(result.output, "done") << result.reason;
  const auto results = outputs(result.new_items);
  EXPECT_NE(results[0].find("somebody cancelled it"), std::string::npos);
  EXPECT_EQ(results[1], "fine");
}

TEST(Rule21, SiblingsOfAFatalFailureEndFirst) {
  Agent a = agent("a");
  const Count ended = count();
  a.tools = {failing("bad", "broken", {.fatal = true}),
             make_tool<NoArgs>("slow", "Takes long.", [ended](const NoArgs&, const RunContext&) {
               std::this_thread::sleep_for(milliseconds(40));
               ++*ended;
               return "late";
             })};
  const RunResult result =
      run(team({a}), "hi", {.model = script({calls({call("1", "bad"), call("2", "slow")})})});
  EXPECT_EQ(result.status, RunStatus::kToolError);
  EXPECT_EQ(*ended, 1);
  EXPECT_EQ(outputs(result.new_items)[1], "late");
}

TEST(Rule21, CancellingDoesNotWaitForTools) {
  Agent a = agent("a");
  const Count begun = count(), asked_to_stop = count();
  a.tools = {make_tool<NoArgs>("slow", "Takes long.",
                               [=](const NoArgs&, const RunContext& context) {
                                 ++*begun;
                                 for (int i = 0; i < 400 && !context.stop.stop_requested(); ++i)
                                   std::this_thread::sleep_for(milliseconds(5));
                                 *asked_to_stop += context.stop.stop_requested();
                                 std::this_thread::sleep_for(milliseconds(100));
                                 return "late";
                               })};
  Runtime runtime;
  const RunHandle handle =
      runtime.start(team({a}), "hi", {.model = script({calls("slow", "{}", "1")})});
  ASSERT_TRUE(eventually([&] { return *begun == 1; }));
  const auto before = std::chrono::steady_clock::now();
  handle.cancel(Cancel::kNow, "enough");
  const RunResult result = handle.wait();
  EXPECT_LT(std::chrono::steady_clock::now() - before, milliseconds(90));
  EXPECT_EQ(result.status, RunStatus::kCancelled);
  EXPECT_EQ(result.reason, "enough");
  EXPECT_EQ(outputs(result.new_items), Lines{"cancelled: the run ended"});
  EXPECT_TRUE(eventually([&] { return *asked_to_stop == 1; }));
}

Tool hanging(ToolOptions options) {
  return make_tool<NoArgs>(
      "hangs", "Never ends.",
      [](const NoArgs&, const RunContext& context) {
        while (!context.stop.stop_requested()) std::this_thread::sleep_for(milliseconds(1));
        return "too late";
      },
      std::move(options));
}

TEST(Rule22, ATimeoutIsToldToTheModel) {
  Agent a = agent("a");
  a.tools = {hanging({.timeout = milliseconds(20)})};
  const RunResult result =
      run(team({a}), "hi", {.model = script({calls("hangs", "{}", "1"), says("never mind")})});
  EXPECT_EQ(result.output, "never mind");
  EXPECT_EQ(outputs(result.new_items), Lines{"Tool 'hangs' timed out after 20 ms."});
}

TEST(Rule22, ATimeoutOfAFatalToolEndsTheRun) {
  Agent a = agent("a");
  a.tools = {hanging({.timeout = milliseconds(20), .fatal = true})};
  const RunResult result =
      run(team({a}), "hi", {.model = script({calls("hangs", "{}", "1")})});
  EXPECT_EQ(result.status, RunStatus::kToolError);
  EXPECT_NE(result.reason.find("timed out"), std::string::npos);
}

TEST(Rule22, TimeInTheQueueDoesNotCount) {
  Agent a = agent("a");
  a.tools = {make_tool<NoArgs>(
      "t", "Sleeps.",
      [](const NoArgs&, const RunContext&) {
        std::this_thread::sleep_for(milliseconds(25));
        return "done";
      },
      {.timeout = milliseconds(90)})};
  std::vector<ToolCallItem> asked;
  for (int i = 0; i < 6; ++i) asked.push_back(call("c" + std::to_string(i), "t"));
  Runtime runtime({.workers = 1});
  const RunResult result =
      runtime.start(team({a}), "hi", {.model = script({calls(asked), says("all")})}).wait();
  ASSERT_EQ(result.output, "all") << result.reason;
  EXPECT_EQ(outputs(result.new_items), Lines(6, "done"));
}

TEST(Rule23, AToolErrorIsToldInAFixedForm) {
  Agent a = agent("a");
  a.tools = {failing("t", "the disk is full"),
             make_tool<NoArgs>("throws", "Throws.", [](const NoArgs&, const RunContext&) {
               throw std::runtime_error("out of cheese");
               return "";
             })};
  const RunResult result = run(
      team({a}), "hi",
      {.model = script({calls({call("1", "t"), call("2", "throws")}), says("I see")})});
  ASSERT_EQ(result.output, "I see") << result.reason;
  const std::string form =
      "An error occurred while running the tool. Try again or do without it. Error: ";
  EXPECT_EQ(outputs(result.new_items),
            (Lines{form + "the disk is full", form + "out of cheese"}));
}

// ---- agents as tools -------------------------------------------------------------------------

Agent lead_with(ToolOptions options) {
  Agent lead = agent("lead");
  lead.tools = {agent_tool("slow", "Takes its time.", std::move(options))};
  return lead;
}

std::shared_ptr<ScriptedModel> slow_model(milliseconds delay) {
  auto model = std::make_shared<ScriptedModel>([](const SeenRequest& seen) {
    if (seen.instructions == "slow") return Result<ModelReply>(says("late"));
    return Result<ModelReply>(outputs(seen.items).empty()
                                  ? calls("slow", R"({"input": "x"})", "1")
                                  : says("went on"));
  });
  model->set_delay(delay);
  return model;
}

TEST(Rule22, AnAgentAsAToolThatTakesTooLongIsAFailedCall) {
  const std::shared_ptr<Store> store = make_memory_store();
  const auto model = slow_model(milliseconds(120));
  const AgentTeam made = team({lead_with({.timeout = milliseconds(30)}), agent("slow")});
  const RunResult result = run(made, "hi", {.model = model, .store = store});
  ASSERT_EQ(result.output, "went on") << result.reason;
  EXPECT_EQ(outputs(result.new_items)[0],
            "The agent 'slow' gave no answer (deadline): Tool 'slow' timed out after 30 ms.");
  const RunResult again = resume(made, result.run, {.model = model, .store = store});
  EXPECT_EQ(outputs(again.new_items), outputs(result.new_items)) << "the journal folds to it";
  const RunResult fatal =
      run(team({lead_with({.timeout = milliseconds(30), .fatal = true}), agent("slow")}), "hi",
          {.model = model});
  EXPECT_EQ(fatal.status, RunStatus::kToolError);
}

TEST(Rule22, AnAgentAsAToolHasNoTimeoutUnlessItIsGivenOne) {
  const RunResult result = run(team({lead_with({}), agent("slow")}), "hi",
                               {.model = slow_model(milliseconds(40))});
  EXPECT_EQ(outputs(result.new_items), (Lines{"late"}));
  EXPECT_FALSE(ToolOptions{}.timeout);
}

TEST(Rule22, TheTimeInWhichAPersonIsAskedIsNotTheAgents) {
  Agent slow = agent("slow");
  slow.tools = {counting("t", count(), {.approval = Approval::kAlways})};
  const auto model = std::make_shared<ScriptedModel>([](const SeenRequest& seen) {
    const bool asked = outputs(seen.items).empty();
    if (seen.instructions == "slow")
      return Result<ModelReply>(asked ? calls("t", "{}", "2") : says("in time"));
    return Result<ModelReply>(asked ? calls("slow", R"({"input": "x"})", "1") : says("done"));
  });
  Runtime runtime;
  const RunHandle handle = runtime.start(
      team({lead_with({.timeout = milliseconds(60)}), slow}), "hi", {.model = model});
  ASSERT_EQ(handle.wait().approvals.size(), 1U);
  std::this_thread::sleep_for(milliseconds(150));
  ASSERT_TRUE(handle.approve("2"));
  EXPECT_EQ(outputs(handle.wait().new_items), (Lines{"in time"}));
}

}  // namespace
}  // namespace cadre::rules
