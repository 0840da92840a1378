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

}  // namespace
}  // namespace cadre::rules
