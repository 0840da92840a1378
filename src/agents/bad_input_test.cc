// Hostile and broken things: teams, tools, guardrails, models, people. A clear error, nothing lost.
#include "agents/rules_test_kit.h"
#include "base/text.h"

namespace cadre::rules {
namespace {

std::string fault(std::vector<Agent> agents) {
  auto made = make_team(std::move(agents));
  return made ? "" : made.error().describe();
}

Agent with_tool(Tool tool) {
  Agent a = agent("a");
  a.tools = {std::move(tool)};
  return a;
}

TEST(BadTeam, IsRefusedWithTheAgentAndTheFault) {
  const auto says_of = [](std::vector<Agent> agents, std::string_view words) {
    const std::string said = fault(std::move(agents));
    EXPECT_NE(said.find(words), std::string::npos) << "'" << said << "' lacks '" << words << "'";
  };
  Agent self = agent("a"), nobody = agent("a");
  self.handoffs = {{.target = "a"}};
  nobody.handoffs = {{.target = "zoe"}};
  says_of({}, "a team needs an agent");
  says_of({agent("")}, "agent 1 has no name");
  says_of({agent("a"), agent("a")}, "two agents named 'a'");
  says_of({self}, "agent 'a': a handoff goes to the agent itself");
  says_of({nobody}, "agent 'a': a handoff goes to 'zoe', which the team does not have");
  says_of({with_tool(agent_tool("zoe", "x"))}, "the agent 'zoe', which the team does not have");
  for (const std::string& name : {std::string("do it"), std::string(65, 'x'), std::string(),
                                  std::string("tööl"), std::string("a\nb")})
    says_of({with_tool(counting(name, count()))}, "no vendor takes the tool name");
  Agent twice = agent("a");
  twice.tools = {counting("t", count()), counting("t", count())};
  says_of({twice}, "two tools named 't'");
  Tool list = counting("t", count());
  list.parameters = Json{{"type", "array"}};
  says_of({with_tool(list)}, "is of type 'array'");
  list.parameters = "text";
  says_of({with_tool(list)}, "the schema of the tool 't' is not an object");
  list.parameters = Json{{"type", "object"}, {"properties", 3}};
  says_of({with_tool(list)}, "the schema of the tool 't'");
  Tool empty;
  empty.name = "t";
  says_of({with_tool(empty)}, "the tool 't' has no function");
  Agent open = agent("a");
  open.output_guardrails = {{.name = "g"}};
  says_of({open}, "the guardrail 'g' has no function");
}

TEST(BadTool, WhatItReturnsIsCutAndCleaned) {
  Agent a = agent("a");
  a.tools = {make_tool<NoArgs>("huge", "50 MB.",
                               [](const NoArgs&, const RunContext&) {
                                 return std::string(50U << 20U, 'x');
                               }),
             make_tool<NoArgs>("dirty", "Not UTF-8.", [](const NoArgs&, const RunContext&) {
               return std::string("a\xff\xfe" "b\xc3");
             })};
  const std::shared_ptr<Store> store = make_memory_store();
  const AgentTeam built = team({a});
  const RunResult result = run(
      built, "hi",
      {.model = script({calls({call("1", "huge"), call("2", "dirty")}), says("done")}),
       .store = store});
  ASSERT_EQ(result.output, "done") << result.reason;
  const Lines got = outputs(result.new_items);
  EXPECT_LE(got[0].size(), ToolOptions{}.output_max + 64);
  EXPECT_TRUE(got[0].ends_with("[cut: 262144 of 52428800 bytes]")) << got[0].substr(262140);
  EXPECT_TRUE(text::is_valid_utf8(got[1]));
  const RunResult again = resume(built, result.run, {.model = script({}), .store = store});
  EXPECT_EQ(outputs(again.new_items), got);  // the journal reads back
}

TEST(BadTool, WordsOfUserCodeThatAreNotUtf8DoNotDamageTheJournal) {
  Agent a = agent("a"), b = agent("b");
  const std::string dirty = "no \xff";
  a.output_guardrails = {guard("g", GuardrailVerdict::reject(dirty))};
  a.handoffs = {{.target = "b"}};
  b.accept = [dirty](const HandoffRequest&, const RunContext&) {
    return HandoffAnswer::refuse(dirty);
  };
  a.tools = {make_tool<NoArgs>("throws", "Throws.", [dirty](const NoArgs&, const RunContext&) {
    throw std::runtime_error(dirty);
    return "";
  })};
  ModelReply filthy = says(dirty);
  const std::shared_ptr<Store> store = make_memory_store();
  const AgentTeam built = team({a, b});
  const RunResult result =
      run(built, "hi",
          {.model = script({calls("throws", "{}", "1"),
                            calls("transfer_to_b", R"({"task": "x"})", "2"), filthy}),
           .store = store});
  EXPECT_EQ(result.status, RunStatus::kGuardrail) << result.reason;
  for (const Event& event : events_of(*store, result.run)) {
    EXPECT_TRUE(json::parse(json::write(to_json(event)))) << event.seq;
  }
  EXPECT_EQ(run(built, dirty, {.model = script({})}).status, RunStatus::kNotStarted);
}

TEST(BadModel, DoubleAndEmptyIdsAreMadeUnique) {
  const Count made = count();
  const RunResult result =
      run(team({with_tool(counting("t", made))}), "hi",
          {.model = script({calls({call("x", "t"), call("x", "t"), call("", "t"), call("", "t"),
                                   call("x~1.0", "t")}),
                            calls("t", "{}", "x"), says("done")})});
  EXPECT_EQ(result.output, "done") << result.reason;
  EXPECT_EQ(*made, 6);
}

TEST(BadModel, ResultsInAReplyAndFailuresEndTheRunWithTheReason) {
  ModelReply forged = says("x");
  forged.items.push_back(ToolResultItem{"1", "forged", true});
  const RunResult result = run(team({agent("a")}), "hi", {.model = script({forged})});
  EXPECT_EQ(result.status, RunStatus::kModelBehavior);
  EXPECT_NE(result.reason.find("tool result"), std::string::npos);
  const RunResult none = run(team({agent("a")}), "hi", {.model = script({})});
  EXPECT_EQ(none.status, RunStatus::kModelError);
  EXPECT_NE(none.reason.find("no more replies"), std::string::npos);
  struct Throws final : Model {
    std::string name() const override { return "throws"; }
    void start(const ModelRequest&, std::stop_token, OnDelta, OnDone) override {
      throw std::runtime_error("no such socket");
    }
  };
  const RunResult thrown =
      run(team({agent("a")}), "hi", {.model = std::make_shared<Throws>()});
  EXPECT_EQ(thrown.status, RunStatus::kModelError);
  EXPECT_NE(thrown.reason.find("no such socket"), std::string::npos);
  EXPECT_EQ(run(team({agent("a")}), "hi", {}).status, RunStatus::kNotStarted);
}

TEST(BadModel, ArgumentsThatAreNoJsonAreToldToTheModel) {
  const Count made = count();
  const RunResult result = run(
      team({with_tool(counting("t", made))}), "hi",
      {.model = script({calls({call("1", "t", "{"), call("2", "t", R"({"extra": 1})"),
                               call("3", "t", std::string(100'000, '['))}),
                        says("done")})});
  ASSERT_EQ(result.output, "done") << result.reason;
  EXPECT_EQ(*made, 0);
  for (const std::string& told : outputs(result.new_items)) EXPECT_NE(told, "done");
}

TEST(BadUserCode, ThatThrowsFailsTheRunAndNotTheProcess) {
  Agent a = agent("a");
  a.dynamic_instructions = [](const RunContext&) -> std::string {
    throw std::runtime_error("no template");
  };
  const RunResult result = run(team({a}), "hi", {.model = script({says("x")})});
  EXPECT_EQ(result.status, RunStatus::kInternal);
  EXPECT_NE(result.reason.find("no template"), std::string::npos) << result.reason;
  RunOptions priced{.model = script({says("x")}),
                    .budget = std::make_shared<Budget>(BudgetLimits{.money = 1.0})};
  priced.price = [](const Usage&) -> double { throw std::runtime_error("unknown model"); };
  const RunResult unpriced = run(team({agent("a")}), "hi", priced);
  EXPECT_EQ(unpriced.status, RunStatus::kModelError);
  EXPECT_NE(unpriced.reason.find("unknown model"), std::string::npos) << unpriced.reason;
}

TEST(BadPeople, DecideCallsThatDoNotWait) {
  Runtime runtime;
  const RunHandle handle =
      runtime.start(team({with_tool(counting("t", count(), {.approval = Approval::kAlways}))}),
                    "hi", {.model = script({calls("t", "{}", "1"), says("done")})});
  (void)handle.wait();
  EXPECT_EQ(handle.approve("2").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(handle.reject("1", "\xff").error().code, ErrorCode::kInvalidInput);
  ASSERT_TRUE(handle.approve("1"));
  const Result<void> twice = handle.approve("1");
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(handle.wait().output, "done");
  EXPECT_FALSE(handle.say("more"));
}

TEST(BadPeople, ApproveFromInsideASubscriber) {
  Runtime runtime;
  std::optional<RunHandle> handle;
  std::mutex mutex;
  RunOptions options{.model = script({calls("t", "{}", "1"), says("done")})};
  options.on_event = [&](const RunEvent& event) {
    if (event.kind != RunEvent::Kind::kApprovalRequested) return;
    const std::lock_guard lock(mutex);
    EXPECT_TRUE(handle->approve(std::string(event.call_id)));
  };
  {
    const std::lock_guard lock(mutex);
    handle = runtime.start(
        team({with_tool(counting("t", count(), {.approval = Approval::kAlways}))}), "hi", options);
  }
  RunResult result = handle->wait();
  while (result.status == RunStatus::kRunning) result = handle->wait();
  EXPECT_EQ(result.output, "done") << result.reason;
}

TEST(BadSession, OfTwoRunsAtOnceTheSecondIsToldWhoHasIt) {
  const auto session = make_memory_session("s");
  const Count begun = count();
  const auto open = std::make_shared<std::atomic<bool>>(false);
  Agent a = with_tool(make_tool<NoArgs>("t", "Waits.", [=](const NoArgs&, const RunContext&) {
    ++*begun;
    while (!*open) std::this_thread::sleep_for(milliseconds(1));
    return "";
  }));
  Runtime runtime;
  const RunHandle first =
      runtime.start(team({a}), "1", {.model = script({calls("t", "{}", "1"), says("one")}),
                                     .session = session, .id = "first"});
  ASSERT_TRUE(eventually([&] { return *begun == 1; }));
  const RunResult second =
      runtime.start(team({agent("a")}), "2", {.model = script({says("two")}), .session = session})
          .wait();
  EXPECT_EQ(second.status, RunStatus::kNotStarted);
  EXPECT_NE(second.reason.find("in use by the run first"), std::string::npos) << second.reason;
  *open = true;
  EXPECT_EQ(first.wait().output, "one");
  EXPECT_EQ(run(team({agent("a")}), "3", {.model = script({says("three")}), .session = session})
                .output,
            "three");
}

// Without a journal nothing else would notice.
TEST(BadSession, OneRunUnderWayTwiceIsRefusedTheSecondTime) {
  const auto session = make_memory_session("s");
  const auto slow = script({says("one")});
  slow->set_delay(milliseconds(60));
  Runtime runtime;
  const RunHandle first =
      runtime.start(team({agent("a")}), "1", {.model = slow, .session = session, .id = "same"});
  ASSERT_TRUE(eventually([&] { return !slow->requests().empty(); }));
  const RunResult second = run(team({agent("a")}), "2",
                               {.model = script({says("two")}), .session = session, .id = "same"});
  EXPECT_EQ(second.status, RunStatus::kNotStarted);
  ASSERT_TRUE(second.error);
  EXPECT_EQ(second.error->code, ErrorCode::kConflict);
  EXPECT_NE(second.reason.find("in use by the run same, which is under way already"),
            std::string::npos)
      << second.reason;
  EXPECT_EQ(first.wait().output, "one");
  EXPECT_EQ(lines(*session), (Lines{"user:1", "assistant:one"}));
  EXPECT_TRUE(session->acquire("next")) << "the second has not let go of it for the first";
}

TEST(BadSession, AfterItsRuntimeIsGoneTheRunResumesInAnother) {
  Agent a = with_tool(counting("t", count(), {.approval = Approval::kAlways}));
  const RunOptions options{.model = script({calls("t", "{}", "1"), says("done")}),
                           .session = make_memory_session("s"),
                           .store = make_memory_store(),
                           .id = "same"};
  {
    Runtime first;
    ASSERT_EQ(first.start(team({a}), "hi", options).wait().approvals.size(), 1U);
    const RunResult beside = resume(team({a}), "same", options);
    EXPECT_EQ(beside.status, RunStatus::kNotStarted) << "it waits there";
    EXPECT_NE(beside.reason.find("under way already"), std::string::npos) << beside.reason;
  }
  Runtime second;
  const RunHandle handle = second.resume(team({a}), "same", options);
  ASSERT_EQ(handle.wait().approvals.size(), 1U) << handle.wait().reason;
  ASSERT_TRUE(handle.approve("1"));
  EXPECT_EQ(handle.wait().output, "done") << handle.wait().reason;
}

TEST(BadSession, ARunCancelledWhileItsSessionIsReadGivesItBack) {
  const auto session = make_memory_session("s");
  for (int i = 0; i < 20; ++i) {
    Runtime runtime;
    const RunHandle handle = runtime.start(team({agent("a")}), "hi",
                                           {.model = script({says("x")}), .session = session});
    handle.cancel();
    (void)handle.wait();
    ASSERT_TRUE(eventually([&] { return session->acquire("other").has_value(); }));
    session->release("other");
  }
}

TEST(Deadline, EndsARunWhoseToolHangs) {
  Agent a = with_tool(make_tool<NoArgs>(
      "hangs", "Hangs.",
      [](const NoArgs&, const RunContext& context) {
        while (!context.stop.stop_requested()) std::this_thread::sleep_for(milliseconds(1));
        return "";
      },
      {.timeout = milliseconds(0)}));
  const RunResult result = run(team({a}), "hi", {.model = script({calls("hangs", "{}", "1")}),
                                                 .deadline = milliseconds(40)});
  EXPECT_EQ(result.status, RunStatus::kDeadline);
  EXPECT_EQ(result.reason, "not done within 40 ms");
}

// ---- budgets ----------------------------------------------------------------------------------

TEST(Budgets, ACallThatIsNotAllowedIsNotMade) {
  const auto budget = std::make_shared<Budget>(BudgetLimits{.tokens = 100});
  const auto model = script({says("x")});
  const RunResult result = run(team({agent("a")}), "hi",
                               {.model = model, .budget = budget, .tokens_per_call = 101});
  EXPECT_EQ(result.status, RunStatus::kBudget);
  EXPECT_NE(result.reason.find("100 tokens"), std::string::npos) << result.reason;
  EXPECT_TRUE(model->requests().empty());
  EXPECT_EQ(budget->used().tokens, 0);
}

TEST(Budgets, BranchesSideBySideDoNotOvershootTogether) {
  Agent a = agent("a");
  std::vector<Agent> agents;
  std::vector<ToolCallItem> asked;
  for (int i = 0; i < 12; ++i) {
    const std::string name = "b" + std::to_string(i);
    a.handoffs.push_back({.target = name});
    asked.push_back(call(std::to_string(i), "transfer_to_" + name, R"({"task": "x"})"));
    agents.push_back(agent(name));
  }
  a.join = {.kind = JoinRule::Kind::kCollect};
  agents.insert(agents.begin(), a);
  const Count made = count();
  const auto model = std::make_shared<ScriptedModel>([=](const SeenRequest& seen) {
    ++*made;
    return Result<ModelReply>(seen.instructions == "a" ? calls(asked) : says("b"));
  });
  model->set_delay(milliseconds(5));
  const auto parent = std::make_shared<Budget>(BudgetLimits{.model_calls = 8});
  const auto budget = std::make_shared<Budget>(BudgetLimits{.model_calls = 20}, parent);
  const RunResult result = run(team(agents), "hi", {.model = model, .budget = budget});
  EXPECT_EQ(result.status, RunStatus::kBudget) << result.reason;
  EXPECT_EQ(*made, 8);
  EXPECT_EQ(parent->used().model_calls, 8);
  EXPECT_EQ(budget->used().model_calls, 8);
}

TEST(Budgets, TheSoftLimitLeavesOneTurnToFinish) {
  for (const int limit : {2, 3, 20}) {
    const auto model = std::make_shared<ScriptedModel>([](const SeenRequest& seen) {
      return Result<ModelReply>(seen.tools.empty() ? says("with what I have")
                                                   : calls("t", "{}", ""));
    });
    Agent a = agent("a");
    auto number = std::make_shared<std::atomic<int>>(0);
    a.tools = {make_tool<NoArgs>("t", "Counts.", [number](const NoArgs&, const RunContext&) {
      return std::to_string(++*number);
    })};
    LoopLimits limits;
    limits.turns_max = 100;
    const auto budget = std::make_shared<Budget>(BudgetLimits{.model_calls = limit});
    const RunResult result =
        run(team({a}), "hi", {.model = model, .budget = budget, .limits = limits});
    EXPECT_EQ(result.output, "with what I have") << result.reason;
    EXPECT_LE(result.model_calls, limit);
  }
}

// ---- loops -------------------------------------------------------------------------------------

TEST(Loops, TheSameCallWithTheSameResultIsNudgedThenFinishedThenStopped) {
  const auto model = std::make_shared<ScriptedModel>(
      [](const SeenRequest&) { return Result<ModelReply>(calls("t", "{}", "")); });
  LoopLimits limits;
  limits.turns_max = 50;
  limits.repeat_calls = 3;
  const RunResult result = run(team({with_tool(counting("t", count()))}), "hi",
                               {.model = model, .limits = limits});
  EXPECT_EQ(result.status, RunStatus::kLoop) << result.reason;
  EXPECT_EQ(result.turns, 5);  // three, one after the word, the last without tools
  const auto seen = model->requests();
  EXPECT_TRUE(lines(seen[3].items).back().starts_with("system:You have called 't'"));
  EXPECT_TRUE(seen[4].tools.empty());
}

TEST(Loops, AResultThatChangesIsNoLoop) {
  Agent a = agent("a");
  auto number = std::make_shared<std::atomic<int>>(0);
  a.tools = {make_tool<NoArgs>("t", "Counts.", [number](const NoArgs&, const RunContext&) {
    return std::to_string(++*number);
  })};
  std::vector<ModelReply> replies(8, calls("t", "{}", ""));
  replies.push_back(says("done"));
  const auto model = script(replies);
  EXPECT_EQ(run(team({a}), "hi", {.model = model}).output, "done");
  for (const SeenRequest& seen : model->requests()) EXPECT_FALSE(seen.tools.empty());
}

TEST(Loops, HandingBackAndForthWithNothingNewIsEnded) {
  Agent a = agent("a"), b = agent("b");
  a.handoffs = {{.target = "b"}};
  b.handoffs = {{.target = "a"}};
  auto turn = std::make_shared<std::atomic<int>>(0);
  const auto model = std::make_shared<ScriptedModel>([turn](const SeenRequest& seen) {
    if (seen.tools.empty()) return Result<ModelReply>(says("I answer"));
    // New words each time are no new information.
    const std::string task = R"({"task": "try )" + std::to_string(++*turn) + R"("})";
    return Result<ModelReply>(
        calls(seen.instructions == "a" ? "transfer_to_b" : "transfer_to_a", task, ""));
  });
  LoopLimits limits;
  limits.turns_max = 100;
  const RunResult result = run(team({a, b}), "hi", {.model = model, .limits = limits});
  EXPECT_EQ(result.output, "I answer") << result.reason;
  EXPECT_LE(result.turns, 6);
}

}  // namespace
}  // namespace cadre::rules
