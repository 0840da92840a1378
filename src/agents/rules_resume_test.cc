// Rules 13, 36 and 37: what a resumed run does, and what people decide (docs/agent-loop.md).
#include "agents/rules_test_kit.h"

namespace cadre::rules {
namespace {

TEST(Rule13, AResumedRunKeepsItsTurnsAndItsLimits) {
  Agent a = agent("a");
  a.tools = {counting("t", count(), {.approval = Approval::kAlways})};
  const std::shared_ptr<Store> store = make_memory_store();
  const AgentTeam made = team({a});
  RunOptions options{.model = script({calls("t", "{}", "1"), calls("t", "{}", "2")}),
                     .store = store};
  options.limits.turns_max = 2;
  const RunResult waits = run(made, "hi", options);
  ASSERT_EQ(waits.turns, 1) << waits.reason;
  options.limits.turns_max = 50;  // those of the journal count
  Runtime runtime;
  const RunHandle handle = runtime.resume(made, waits.run, options);
  (void)handle.wait();
  ASSERT_TRUE(handle.approve("1"));
  ASSERT_EQ(handle.wait().approvals.at(0).call_id, "2");
  ASSERT_TRUE(handle.approve("2"));
  EXPECT_EQ(handle.wait().status, RunStatus::kMaxTurns);
  EXPECT_EQ(handle.wait().turns, 2);
}

TEST(Rule36, ResumeRunsOnlyWhatIsApprovedAndNotDone) {
  Agent a = agent("a");
  const Count plain = count(), guarded = count();
  a.tools = {counting("plain", plain),
             counting("guarded", guarded, {.approval = Approval::kAlways})};
  const std::shared_ptr<Store> store = make_memory_store();
  const AgentTeam made = team({a});
  const RunOptions options{
      .model = script({calls({call("1", "plain"), call("2", "guarded"), call("3", "guarded")}),
                       says("done")}),
      .store = store};
  const RunResult waits = run(made, "hi", options);
  ASSERT_EQ(waits.approvals.size(), 2U) << waits.reason;
  {
    Runtime runtime;
    const RunHandle handle = runtime.resume(made, waits.run, options);
    (void)handle.wait();
    ASSERT_TRUE(handle.approve("2"));
    ASSERT_TRUE(eventually([&] { return handle.wait().approvals.size() == 1; }));
  }
  Runtime again;  // a third process: one call is done, one is still pending
  const RunHandle handle = again.resume(made, waits.run, options);
  ASSERT_EQ(handle.wait().approvals.size(), 1U);
  EXPECT_EQ(handle.wait().approvals[0].call_id, "3");
  ASSERT_TRUE(handle.reject("3", "not this one"));
  const RunResult result = handle.wait();
  EXPECT_EQ(result.output, "done") << result.reason;
  EXPECT_EQ(outputs(result.new_items), (Lines{"done", "done", "not this one"}));
  EXPECT_EQ(*plain, 1);
  EXPECT_EQ(*guarded, 1);
}

TEST(Rule36, WhetherAnApprovalIsNeededFailsClosed) {
  Agent a = agent("a");
  const Count made = count();
  a.tools = {counting("t", made,
                      {.approval = Approval::kAsk,
                       .needs_approval = [](const Json&, const RunContext&) -> bool {
                         throw std::runtime_error("no policy");
                       }})};
  const RunResult waits = run(team({a}), "hi", {.model = script({calls("t", "{}", "1")})});
  EXPECT_EQ(waits.approvals.size(), 1U);
  EXPECT_EQ(*made, 0);
  a.tools[0].options.needs_approval = [](const Json&, const RunContext&) { return false; };
  EXPECT_EQ(run(team({a}), "hi", {.model = script({calls("t", "{}", "1"), says("done")})}).output,
            "done");
}

TEST(Rule36, AToolOfferedOnSomeTurnsOnlyCanStillBeApprovedAfterAResume) {
  Agent a = agent("a");
  const Count made = count();
  a.tools = {counting("t", made, {.approval = Approval::kAlways,
                                  .enabled = [](const RunContext& c) { return c.turn == 1; }})};
  const std::shared_ptr<Store> store = make_memory_store();
  const AgentTeam built = team({a});
  const RunOptions options{.model = script({calls("t", "{}", "1"), says("done")}), .store = store};
  const RunResult waits = run(built, "hi", options);
  Runtime runtime;
  const RunHandle handle = runtime.resume(built, waits.run, options);
  (void)handle.wait();
  ASSERT_TRUE(handle.approve("1"));
  EXPECT_EQ(handle.wait().output, "done");
  EXPECT_EQ(*made, 1);
}

TEST(Rule37, ADecisionForACallStandsBeforeTheOneForItsTool) {
  Agent a = agent("a");
  const Count made = count();
  a.tools = {counting("t", made, {.approval = Approval::kAlways})};
  Runtime runtime;
  const RunHandle handle = runtime.start(
      team({a}), "hi",
      {.model = script({calls({call("1", "t"), call("2", "t")}), calls("t", "{}", "3"),
                        says("done")})});
  ASSERT_EQ(handle.wait().approvals.size(), 2U);
  ASSERT_TRUE(handle.approve("1", true));
  ASSERT_TRUE(eventually([&] { return handle.wait().approvals.size() == 1; }));
  ASSERT_TRUE(handle.reject("2", "not this one"));
  const RunResult result = handle.wait();  // the third needs nobody
  EXPECT_EQ(result.output, "done") << result.reason;
  EXPECT_EQ(outputs(result.new_items), (Lines{"done", "not this one", "done"}));
}

TEST(Rule37, WhatTheUserSaysMeanwhileEntersOnceAlsoAfterAResume) {
  Agent a = agent("a");
  a.tools = {counting("t", count(), {.approval = Approval::kAlways})};
  const std::shared_ptr<Store> store = make_memory_store();
  const AgentTeam built = team({a});
  const auto model = script({calls("t", "{}", "1"), says("done")});
  const RunOptions options{.model = model, .store = store};
  std::string id;
  {
    Runtime runtime;
    const RunHandle handle = runtime.start(built, "hi", options);
    id = handle.id();
    ASSERT_EQ(handle.wait().approvals.size(), 1U);
    ASSERT_TRUE(handle.say("and be quick"));
    ASSERT_TRUE(eventually(
        [&] { return events_of(*store, id, EventKind::kMessage).size() == 1; }));
  }
  Runtime runtime;
  const RunHandle handle = runtime.resume(built, id, options);
  (void)handle.wait();
  ASSERT_TRUE(handle.approve("1"));
  ASSERT_EQ(handle.wait().output, "done");
  EXPECT_EQ(lines(model->requests()[1].items),
            (Lines{"user:hi", "call:t", "result:done", "user:and be quick"}));
}

TEST(Rule37, WhatTheUserSaysDuringTheLastReplyIsAnswered) {
  const auto open = std::make_shared<std::atomic<bool>>(false);
  Agent a = agent("a");
  a.output_guardrails = {{.name = "slow", .check = [open](const GuardrailSubject&,
                                                          const RunContext&) {
                            while (!*open) std::this_thread::sleep_for(milliseconds(1));
                            return GuardrailVerdict::allow();
                          }}};
  const auto model = script({says("first"), says("second")});
  Runtime runtime;
  const RunHandle handle = runtime.start(team({a}), "hi", {.model = model});
  ASSERT_TRUE(eventually([&] { return model->requests().size() == 1; }));
  ASSERT_TRUE(handle.say("wait, also this"));
  std::this_thread::sleep_for(milliseconds(10));
  *open = true;
  EXPECT_EQ(handle.wait().output, "second");
  EXPECT_EQ(lines(model->requests()[1].items),
            (Lines{"user:hi", "assistant:first", "user:wait, also this"}));
}

TEST(Resume, ARunThatHasEndedGivesItsResultAgainAndTheSessionItsLastItems) {
  const std::shared_ptr<Store> store = make_memory_store();
  const AgentTeam built = team({agent("a")});
  const auto model = script({says("hello")});
  const RunResult first = run(built, "hi", {.model = model, .store = store});
  // The session of the resumed run has nothing of it: as after a crash before it was written.
  const auto session = make_memory_session("s");
  const RunResult again =
      resume(built, first.run, {.model = model, .session = session, .store = store});
  EXPECT_EQ(again.output, "hello");
  EXPECT_EQ(again.usage.requests, first.usage.requests);
  EXPECT_EQ(lines(*session), (Lines{"user:hi", "assistant:hello"}));
  EXPECT_EQ(model->requests().size(), 1U);
}

TEST(Resume, WhoWaitsForARunOfARuntimeThatEndsIsTold) {
  Agent a = agent("a");
  a.tools = {counting("t", count(), {.approval = Approval::kAlways})};
  auto runtime = std::make_unique<Runtime>();
  const auto model = script({says("never")});
  model->set_delay(milliseconds(60'000));
  const RunHandle handle = runtime->start(team({a}), "hi", {.model = model});
  std::thread ends([&] {
    std::this_thread::sleep_for(milliseconds(20));
    runtime.reset();
  });
  const RunResult result = handle.wait();
  ends.join();
  EXPECT_EQ(result.status, RunStatus::kRunning);
  EXPECT_NE(result.reason.find("runtime ended"), std::string::npos);
  EXPECT_FALSE(handle.approve("1"));
}

TEST(Deadline, WaitingForAPersonDoesNotUseItUp) {
  Agent a = agent("a");
  a.tools = {counting("t", count(), {.approval = Approval::kAlways})};
  Runtime runtime;
  const RunHandle handle =
      runtime.start(team({a}), "hi", {.model = script({calls("t", "{}", "1"), says("done")}),
                                      .deadline = milliseconds(500)});
  ASSERT_EQ(handle.wait().approvals.size(), 1U);
  std::this_thread::sleep_for(milliseconds(600));
  ASSERT_TRUE(handle.approve("1"));
  EXPECT_EQ(handle.wait().output, "done") << handle.wait().reason;
}

TEST(Rule37, AStandingDecisionHoldsAfterAResume) {
  for (const bool yes : {true, false}) {
    Agent a = agent("a");
    const Count made = count();
    a.tools = {counting("t", made, {.approval = Approval::kAlways})};
    const std::shared_ptr<Store> store = make_memory_store();
    const AgentTeam built = team({a});
    // Between the decision and the tool's next call the run waits for another person's word.
    a.tools.push_back(counting("other", count(), {.approval = Approval::kAlways}));
    const AgentTeam both = team({a});
    const RunOptions options{.model = script({calls({call("1", "t"), call("2", "other")}),
                                              calls("t", "{}", "3"), says("done")}),
                             .store = store};
    std::string id;
    {
      Runtime runtime;
      const RunHandle handle = runtime.start(both, "hi", options);
      id = handle.id();
      ASSERT_EQ(handle.wait().approvals.size(), 2U);
      ASSERT_TRUE(yes ? handle.approve("1", true) : handle.reject("1", "never", true));
      ASSERT_TRUE(eventually([&] { return handle.wait().approvals.size() == 1; }));
    }
    const Event decided = events_of(*store, id, EventKind::kApprovalDecided).at(0);
    EXPECT_TRUE(json::get_bool(decided.body, "always"));
    EXPECT_EQ(json::get_string(decided.body, "by"), "user");
    Runtime runtime;
    const RunHandle handle = runtime.resume(both, id, options);
    ASSERT_EQ(handle.wait().approvals.at(0).call_id, "2");
    ASSERT_TRUE(handle.approve("2"));
    const RunResult result = handle.wait();  // the third needs nobody
    EXPECT_EQ(result.output, "done") << result.reason;
    EXPECT_EQ(*made, yes ? 2 : 0);
    EXPECT_EQ(outputs(result.new_items),
              (yes ? Lines{"done", "done", "done"}
                   : Lines{"never", "done", "Not approved, as before."}));
  }
}

// ---- what a resumed run has used ---------------------------------------------------------------

ModelReply priced(ModelReply reply, std::int64_t tokens) {
  reply.usage.input_tokens = tokens;
  reply.usage.output_tokens = 0;
  return reply;
}

struct Interrupted {
  std::shared_ptr<Store> store = make_memory_store();
  AgentTeam made = [] {
    Agent a = agent("a");
    a.tools = {counting("t", count(), {.approval = Approval::kAlways})};
    return team({a});
  }();
  std::shared_ptr<ScriptedModel> model = script({priced(calls("t", "{}", "1"), 70),
                                                 priced(calls("t", "{}", "2"), 20),
                                                 priced(says("done"), 5)});
  RunOptions options(std::shared_ptr<Budget> budget) {
    return {.model = model, .store = store, .budget = std::move(budget),
            .price = [](const Usage& usage) {
              return static_cast<double>(usage.input_tokens.value_or(0)) / 10;
            }};
  }
};

TEST(Budgets, AResumedRunTellsAFreshBudgetWhatItUsed) {
  Interrupted run_of;
  const RunResult waits =
      run(run_of.made, "hi", run_of.options(std::make_shared<Budget>(BudgetLimits{})));
  ASSERT_EQ(waits.approvals.size(), 1U) << waits.reason;
  const auto parent = std::make_shared<Budget>(BudgetLimits{});
  const auto fresh = std::make_shared<Budget>(BudgetLimits{.tokens = 90}, parent);
  Runtime runtime;
  const RunHandle handle = runtime.resume(run_of.made, waits.run, run_of.options(fresh));
  ASSERT_EQ(handle.wait().approvals.size(), 1U);
  for (const auto& budget : {fresh, parent}) {
    EXPECT_EQ(budget->used().model_calls, 1);
    EXPECT_EQ(budget->used().tokens, 70);
    EXPECT_DOUBLE_EQ(budget->used().money, 7);
  }
  ASSERT_TRUE(handle.approve("1"));
  ASSERT_EQ(handle.wait().approvals.size(), 1U);
  ASSERT_TRUE(handle.approve("2"));  // 70 + 20 reach the limit: one turn is left to finish
  const RunResult result = handle.wait();
  EXPECT_EQ(run_of.model->requests().size(), 3U) << result.reason;
  EXPECT_TRUE(run_of.model->requests().back().tools.empty());
  EXPECT_EQ(fresh->used().tool_calls, 2);
}

TEST(Budgets, CallsThatWereRefusedAreNotCountedNorChargedByAResume) {
  Agent lead = agent("lead"), sub = agent("sub");
  const Count looked = count();
  lead.tools = {counting("look", looked, {.effect = ToolEffect::kPure}),
                agent_tool("sub", "asks sub"),
                counting("pay", count(), {.approval = Approval::kAlways})};
  const AgentTeam made = team({lead, sub});
  const auto model = script({calls({call("1", "look"), call("2", "look"),
                                    call("3", "look", R"({"odd": 1})"),
                                    call("4", "sub", R"({"input": "x"})"), call("5", "pay")}),
                             says("done")});
  RunOptions options{.model = model, .store = make_memory_store()};
  // One tool call; and the second model call is kept for the lead, which waits for sub.
  options.budget =
      std::make_shared<Budget>(BudgetLimits{.model_calls = 2, .tool_calls = 1});
  const RunResult waits = run(made, "hi", options);
  ASSERT_EQ(waits.approvals.size(), 1U) << waits.reason;
  EXPECT_EQ(*looked, 1);
  EXPECT_EQ(waits.tool_calls, 1);
  EXPECT_EQ(waits.model_calls, 1);
  options.budget = std::make_shared<Budget>(BudgetLimits{});
  Runtime runtime;
  const RunHandle handle = runtime.resume(made, waits.run, options);
  EXPECT_EQ(handle.wait().tool_calls, 1);
  EXPECT_EQ(options.budget->used().tool_calls, 1);
  EXPECT_EQ(options.budget->used().model_calls, 1);
  ASSERT_TRUE(handle.approve("5"));
  const RunResult result = handle.wait();
  EXPECT_EQ(result.output, "done") << result.reason;
  EXPECT_EQ(result.tool_calls, 2);
  EXPECT_EQ(result.model_calls, 2);
  EXPECT_EQ(options.budget->used().model_calls, 2);
}

TEST(Budgets, TheBudgetThatTheRunBeganWithIsNotToldTwice) {
  Interrupted run_of;
  const auto parent = std::make_shared<Budget>(BudgetLimits{});
  const auto budget = std::make_shared<Budget>(BudgetLimits{}, parent);
  const RunResult waits = run(run_of.made, "hi", run_of.options(budget));
  for (int again = 0; again < 2; ++again) {
    (void)resume(run_of.made, waits.run, run_of.options(budget));
    EXPECT_EQ(budget->used().tokens, 70);
  }
  // Another child of the same parent: the parent knows the run.
  const auto sister = std::make_shared<Budget>(BudgetLimits{}, parent);
  (void)resume(run_of.made, waits.run, run_of.options(sister));
  EXPECT_EQ(sister->used().tokens, 70);
  EXPECT_EQ(parent->used().tokens, 70);
}

// ---- sessions that changed meanwhile ---------------------------------------------------------

struct Shared {
  std::shared_ptr<Session> session = make_memory_session("chat");
  std::shared_ptr<Store> store = make_memory_store();
  Count made = count();
  AgentTeam built = [this] {
    Agent a = agent("a");
    a.tools = {counting("look", count(), {.effect = ToolEffect::kPure}),
               counting("t", made, {.approval = Approval::kAlways})};
    return team({a});
  }();
  RunOptions options() {
    return {.model = script({says("earlier")}), .session = session, .store = store};
  }
  // A run that waits, after it has saved a turn of its own or before.
  std::string begin(bool saved) {
    (void)run(team({agent("b")}), "before", {.model = script({says("yes")}), .session = session});
    RunOptions waiting = options();
    waiting.model = saved ? script({calls("look", "{}", "0"), calls("t", "{}", "1"), says("done")})
                          : script({calls("t", "{}", "1"), says("done")});
    const RunResult waits = run(built, "go", waiting);
    EXPECT_EQ(waits.approvals.size(), 1U) << waits.reason;
    return waits.run;
  }
};

TEST(BadSession, ThatAnotherRunHasWrittenToIsNoticedAndNothingIsLost) {
  for (const bool saved : {true, false}) {
    SCOPED_TRACE(saved);
    Shared shared;
    const std::string id = shared.begin(saved);
    ASSERT_EQ(run(team({agent("b")}), "me too",
                  {.model = script({says("welcome")}), .session = shared.session})
                  .output,
              "welcome");
    const Lines before = lines(*shared.session);
    const std::size_t events = events_of(*shared.store, id).size();
    const RunResult result = resume(shared.built, id, shared.options());
    EXPECT_EQ(result.status, RunStatus::kNotStarted);
    ASSERT_TRUE(result.error);
    EXPECT_EQ(result.error->code, ErrorCode::kConflict);
    EXPECT_NE(result.reason.find("the session 'chat' has changed since the run " + id),
              std::string::npos)
        << result.reason;
    EXPECT_EQ(lines(*shared.session), before);
    EXPECT_EQ(events_of(*shared.store, id).size(), events);
    EXPECT_TRUE(shared.session->acquire("next")) << "and it is free again";
  }
}

TEST(BadSession, ItemsTakenBackOrReplacedAreNoticedToo) {
  for (const bool popped : {true, false}) {
    Shared shared;
    const std::string id = shared.begin(false);
    if (popped) {
      ASSERT_TRUE(shared.session->pop());
    } else {
      MessageItem other;
      other.text = "something else";
      const std::vector<ItemPtr> items(3, std::make_shared<const Item>(other));
      ASSERT_TRUE(shared.session->replace("editor", items));
    }
    const RunResult result = resume(shared.built, id, shared.options());
    ASSERT_TRUE(result.error) << result.reason;
    EXPECT_EQ(result.error->code, ErrorCode::kConflict);
  }
}

TEST(BadSession, ThatIsAsItWasGoesOn) {
  for (const bool saved : {true, false}) {
    Shared shared;
    const std::string id = shared.begin(saved);
    RunOptions options = shared.options();
    options.model = script({says("done")});
    Runtime runtime;
    const RunHandle handle = runtime.resume(shared.built, id, options);
    ASSERT_EQ(handle.wait().approvals.size(), 1U) << handle.wait().reason;
    ASSERT_TRUE(handle.approve("1"));
    EXPECT_EQ(handle.wait().output, "done") << handle.wait().reason;
    const Lines all = lines(*shared.session);
    EXPECT_EQ(all[2], "user:go");
    EXPECT_EQ(all.back(), "assistant:done");
    EXPECT_EQ(all.size(), saved ? 8U : 6U);
  }
}

TEST(BadStart, ARunOfAnIdThatIsThereAlreadyIsRefused) {
  const std::shared_ptr<Store> store = make_memory_store();
  const auto model = script({says("one"), says("two")});
  const RunOptions options{.model = model, .store = store, .id = "mine"};
  ASSERT_EQ(run(team({agent("a")}), "hi", options).output, "one");
  const RunResult second = run(team({agent("a")}), "hi", options);
  EXPECT_EQ(second.status, RunStatus::kNotStarted);
  ASSERT_TRUE(second.error);
  EXPECT_EQ(second.error->code, ErrorCode::kConflict);
  EXPECT_NE(second.reason.find("has a run mine already"), std::string::npos) << second.reason;
  EXPECT_EQ(model->requests().size(), 1U);
  EXPECT_EQ(resume(team({agent("a")}), "mine", options).output, "one");
}

TEST(Resume, ARunThatWaitsIsListedAsWaiting) {
  Agent a = agent("a");
  a.tools = {counting("t", count(), {.approval = Approval::kAlways})};
  const std::shared_ptr<Store> store = make_memory_store();
  const AgentTeam built = team({a});
  const RunOptions options{.model = script({calls("t", "{}", "1"), says("done")}), .store = store};
  const RunResult waits = run(built, "hi", options);
  EXPECT_EQ(store->info(waits.run)->status, "waiting");
  EXPECT_EQ(store->info(waits.run)->exit_code, 8);
  Runtime runtime;
  const RunHandle handle = runtime.resume(built, waits.run, options);
  (void)handle.wait();
  EXPECT_EQ(store->info(waits.run)->status, "waiting");
  ASSERT_TRUE(handle.approve("1"));
  (void)handle.wait();
  EXPECT_EQ(store->info(waits.run)->status, "done");
  EXPECT_EQ(store->info(waits.run)->exit_code, 0);
}

}  // namespace
}  // namespace cadre::rules
