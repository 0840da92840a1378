// Rules 24 to 29 and the first two deliberate breaks: guardrails (docs/agent-loop.md).
#include "agents/rules_test_kit.h"

namespace cadre::rules {
namespace {

using V = GuardrailVerdict;

TEST(Rule24, ABlockingGuardrailPreventsModelAndTools) {
  Agent a = agent("a");
  const Count later = count();
  a.input_guardrails = {guard("first", V::stop("no"), true),
                        guard("beside", V::allow(), false, later)};
  const auto model = script({says("never asked")});
  const RunResult result = run(team({a}), "hi", {.model = model});
  EXPECT_EQ(result.status, RunStatus::kGuardrail);
  EXPECT_EQ(result.reason, "no");
  EXPECT_TRUE(model->requests().empty());
  EXPECT_EQ(*later, 0);
}

TEST(Rule24, AllBlockingGuardrailsEndBeforeTheModel) {
  Agent a = agent("a");
  const Count asked = count();
  for (const int ms : {0, 10, 20})
    a.input_guardrails.push_back(guard("g", V::allow(), true, asked, milliseconds(ms)));
  const auto model = std::make_shared<ScriptedModel>([asked](const SeenRequest&) {
    EXPECT_EQ(*asked, 3);
    return Result<ModelReply>(says("hello"));
  });
  EXPECT_EQ(run(team({a}), "hi", {.model = model}).output, "hello");
}

TEST(Rule24, AStopDoesNotWaitForTheOthers) {
  Agent a = agent("a");
  a.input_guardrails = {guard("slow", V::allow(), true, count(), milliseconds(300)),
                        guard("stops", V::stop("no"), true)};
  Runtime runtime;
  const auto before = std::chrono::steady_clock::now();
  const RunResult result = runtime.start(team({a}), "hi", {.model = script({})}).wait();
  EXPECT_EQ(result.status, RunStatus::kGuardrail);
  EXPECT_LT(std::chrono::steady_clock::now() - before, milliseconds(250));
}

// The model asks for a tool at once; the guardrail decides when `gate` opens.
struct Race {
  Count pure = count(), outside = count();
  std::shared_ptr<std::atomic<bool>> gate = std::make_shared<std::atomic<bool>>(false);

  Agent make(GuardrailVerdict verdict) const {
    Agent a = agent("a");
    a.tools = {counting("look", pure, {.effect = ToolEffect::kPure}),
               counting("send", outside, {.effect = ToolEffect::kExternal})};
    a.input_guardrails = {{.name = "slow", .check = [gate = gate, verdict](
                               const GuardrailSubject&, const RunContext&) {
                             while (!*gate) std::this_thread::sleep_for(milliseconds(1));
                             return verdict;
                           }}};
    return a;
  }
};

ModelReply both() { return calls({call("1", "look"), call("2", "send")}); }

TEST(Break1, ToolsWithEffectsWaitForTheVerdictAndPureOnesRun) {
  const Race race;
  Runtime runtime;
  const RunHandle handle = runtime.start(team({race.make(V::allow())}), "hi",
                                         {.model = script({both(), says("done")})});
  ASSERT_TRUE(eventually([&] { return *race.pure == 1; }));
  std::this_thread::sleep_for(milliseconds(30));
  EXPECT_EQ(*race.outside, 0);
  *race.gate = true;
  EXPECT_EQ(handle.wait().output, "done");
  EXPECT_EQ(*race.outside, 1);
}

TEST(Break1, NoEffectHappensWhenTheVerdictIsStop) {
  const Race race;
  const auto session = make_memory_session("s");
  Runtime runtime;
  const RunHandle handle = runtime.start(team({race.make(V::stop("bad"))}), "hi",
                                         {.model = script({both()}), .session = session});
  ASSERT_TRUE(eventually([&] { return *race.pure == 1; }));
  *race.gate = true;
  const RunResult result = handle.wait();
  EXPECT_EQ(result.status, RunStatus::kGuardrail);
  EXPECT_EQ(*race.outside, 0);
  EXPECT_EQ(lines(*session), Lines{"user:hi"});
  EXPECT_EQ(lines(result.new_items), Lines{"user:hi"});
}

TEST(Break1, TheAnswerWaitsForTheVerdict) {
  const Race race;
  Runtime runtime;
  const RunHandle handle =
      runtime.start(team({race.make(V::stop("bad"))}), "hi", {.model = script({says("secret")})});
  EXPECT_EQ(handle.wait(milliseconds(30)).status, RunStatus::kRunning);
  *race.gate = true;
  const RunResult result = handle.wait();
  EXPECT_EQ(result.status, RunStatus::kGuardrail);
  EXPECT_EQ(result.output, "");
}

TEST(Break2, AGuardrailBesideTheModelMayAskAgainAndNothingTakesEffectBefore) {
  const Race race;
  const auto model = script({both(), says("after feedback")});
  Runtime runtime;
  const RunHandle handle =
      runtime.start(team({race.make(V::retry("use no outside service"))}), "hi", {.model = model});
  ASSERT_TRUE(eventually([&] { return *race.pure == 1; }));
  *race.gate = true;
  const RunResult result = handle.wait();
  EXPECT_EQ(result.output, "after feedback") << result.reason;
  EXPECT_EQ(*race.outside, 0);
  EXPECT_EQ(lines(model->requests()[1].items),
            (Lines{"user:hi", "call:look", "call:send", "result:done",
                   "result:Not run: use no outside service", "system:use no outside service"}));
}

TEST(Break2, WhatTheFeedbackKeepsFromRunningIsAskedOfNobody) {
  Agent a = agent("a");
  const Count paid = count();
  a.tools = {counting("pay", paid, {.approval = Approval::kAlways})};
  a.input_guardrails = {guard("hint", V::retry("do not pay"))};
  const auto model = script({calls("pay", "{}", "1"), says("not paid")});
  model->set_delay(milliseconds(30));  // the guardrail is done by then
  const RunResult result = run(team({a}), "hi", {.model = model});
  EXPECT_TRUE(result.approvals.empty());
  EXPECT_EQ(result.output, "not paid") << result.reason;
  EXPECT_EQ(outputs(result.new_items), Lines{"Not run: do not pay"});
  EXPECT_EQ(*paid, 0);
}

TEST(Break2, AnAnswerGivenBeforeTheFeedbackIsGivenAgain) {
  const Race race;
  const auto model = script({says("hasty"), says("considered")});
  Runtime runtime;
  const RunHandle handle =
      runtime.start(team({race.make(V::retry("think"))}), "hi", {.model = model});
  ASSERT_TRUE(eventually([&] { return model->requests().size() == 1; }));
  *race.gate = true;
  EXPECT_EQ(handle.wait().output, "considered");
}

TEST(Break2, AnOutputGuardrailMayAskAgainAsOftenAsTheAgentAllows) {
  Agent a = agent("a");
  a.retries = 1;
  a.output_guardrails = {{.name = "polite", .check = [](const GuardrailSubject& subject,
                                                        const RunContext&) {
                            return subject.text == "please" ? V::allow() : V::retry("be polite");
                          }}};
  const auto model = script({says("no"), says("please")});
  EXPECT_EQ(run(team({a}), "hi", {.model = model}).output, "please");
  EXPECT_EQ(lines(model->requests()[1].items),
            (Lines{"user:hi", "assistant:no", "user:be polite"}));
  const RunResult rude = run(team({a}), "hi", {.model = script({says("no"), says("never")})});
  EXPECT_EQ(rude.status, RunStatus::kGuardrail);
  EXPECT_EQ(rude.reason, "be polite");
}

TEST(Break2, FeedbackOfABlockingGuardrailIsReadByTheModel) {
  Agent a = agent("a");
  a.input_guardrails = {guard("hint", V::retry("mind the date"), true)};
  const auto model = script({says("hello")});
  EXPECT_EQ(run(team({a}), "hi", {.model = model}).output, "hello");
  EXPECT_EQ(lines(model->requests()[0].items), (Lines{"user:hi", "system:mind the date"}));
}

TEST(Rule25, AStopBesideTheModelCancelsTheModelCall) {
  Agent a = agent("a");
  a.input_guardrails = {guard("stops", V::stop("no"), false, count(), milliseconds(10))};
  struct Hangs final : Model {
    std::atomic<bool> cancelled{false};
    std::string name() const override { return "hangs"; }
    void start(const ModelRequest&, std::stop_token stop, OnDelta, OnDone done) override {
      std::thread([this, stop, done = std::move(done)]() mutable {
        while (!stop.stop_requested()) std::this_thread::sleep_for(milliseconds(1));
        cancelled = true;
        done(fail(ErrorCode::kCancelled, "cancelled"));
      }).detach();
    }
  };
  const auto model = std::make_shared<Hangs>();
  for (const bool recovers : {false, true}) {
    RunOptions options{.model = model};
    if (recovers) {
      options.limits.recover = {RunStatus::kGuardrail};
      options.recover = [](RunStatus, const std::string&, const RunContext&) {
        std::this_thread::sleep_for(milliseconds(20));  // the model's end comes first
        return std::optional<std::string>("sorry");
      };
    }
    Runtime runtime;
    const RunResult result = runtime.start(team({a}), "hi", options).wait();
    EXPECT_EQ(result.status, recovers ? RunStatus::kDone : RunStatus::kGuardrail) << result.reason;
    EXPECT_TRUE(eventually([&] { return model->cancelled.load(); }));
    model->cancelled = false;
  }
}

TEST(Rule26, AllVerdictsThatCameAreReported) {
  Agent a = agent("a");
  a.output_guardrails = {guard("one", V::allow()), guard("two", V::stop("bad")),
                         guard("three", V::reject("worse"))};
  const std::shared_ptr<Store> store = make_memory_store();
  const RunResult result =
      run(team({a}), "hi", {.model = script({says("x")}), .store = store});
  EXPECT_EQ(result.status, RunStatus::kGuardrail);
  EXPECT_EQ(result.reason, "bad");  // the first objection in the order of the list
  EXPECT_EQ(events_of(*store, result.run, EventKind::kGuardrail).size(), 3U);
}

TEST(Rule27, AnInputTripSavesNoAssistantMessage) {
  Agent a = agent("a");
  a.input_guardrails = {guard("slow", V::stop("no"), false, count(), milliseconds(20))};
  const auto session = make_memory_session("s");
  const RunResult result =
      run(team({a}), "hi", {.model = script({says("secret")}), .session = session});
  EXPECT_EQ(result.status, RunStatus::kGuardrail);
  EXPECT_EQ(lines(*session), Lines{"user:hi"});
}

TEST(Rule27, AnOutputTripKeepsToolPairsAndDropsTheCandidate) {
  Agent a = agent("a");
  a.tools = {counting("t", count())};
  a.output_guardrails = {guard("no", V::reject("withheld"))};
  const auto session = make_memory_session("s");
  const RunResult result =
      run(team({a}), "hi",
          {.model = script({calls("t", "{}", "1"), says("secret")}), .session = session});
  EXPECT_EQ(result.status, RunStatus::kGuardrail);
  EXPECT_EQ(result.output, "withheld");
  EXPECT_EQ(lines(*session), (Lines{"user:hi", "call:t", "result:done"}));
}

TEST(Rule27, AToolsOutputThatIsTheCandidateIsWithheld) {
  Agent a = agent("a");
  a.tools = {counting("t", count(), {.ends_run = true}, "secret")};
  a.output_guardrails = {guard("no", V::stop("leaks"))};
  const auto session = make_memory_session("s");
  const RunResult result = run(
      team({a}), "hi", {.model = script({calls("t", "{}", "1")}), .session = session});
  EXPECT_EQ(result.status, RunStatus::kGuardrail);
  EXPECT_EQ(lines(*session),
            (Lines{"user:hi", "call:t", "result:Withheld by an output guardrail."}));
  EXPECT_EQ(lines(result.new_items), lines(*session));
}

TEST(Rule27, AGuardrailThatThrowsFailsClosed) {
  for (const bool output : {false, true}) {
    Agent a = agent("a");
    (output ? a.output_guardrails : a.input_guardrails) = {
        {.name = "broken", .check = [](const GuardrailSubject&, const RunContext&) -> V {
           throw std::runtime_error("no dictionary");
         }}};
    const auto session = make_memory_session("s");
    const RunResult result =
        run(team({a}), "hi", {.model = script({says("secret")}), .session = session});
    EXPECT_EQ(result.status, RunStatus::kGuardrail);
    EXPECT_EQ(result.reason, "the guardrail 'broken' failed: no dictionary");
    EXPECT_EQ(lines(*session), Lines{"user:hi"});
  }
}

TEST(Rule28, AToolGuardrailReplacesTheOutputOrEndsTheRun) {
  Agent a = agent("a");
  const Count made = count();
  a.tools = {counting("before", made, {.input_guardrails = {guard("g", V::reject("not now"))}}),
             counting("after", made, {.output_guardrails = {guard("g", V::reject("[removed]"))}})};
  const RunResult result = run(
      team({a}), "hi",
      {.model = script({calls({call("1", "before"), call("2", "after")}), says("done")})});
  EXPECT_EQ(result.output, "done") << result.reason;
  EXPECT_EQ(outputs(result.new_items), (Lines{"not now", "[removed]"}));
  EXPECT_EQ(*made, 1);
  a.tools = {counting("t", made, {.output_guardrails = {guard("g", V::stop("poison"))}})};
  const RunResult stopped =
      run(team({a}), "hi", {.model = script({calls("t", "{}", "1"), says("never")})});
  EXPECT_EQ(stopped.status, RunStatus::kGuardrail);
  EXPECT_EQ(stopped.reason, "poison");
}

TEST(Rule28, GuardrailsOfAnAgentToolLookAtItsAnswer) {
  Agent a = agent("a"), b = agent("b");
  a.tools = {agent_tool("b", "asks b",
                        {.output_guardrails = {guard("g", V::reject("[removed]"))}})};
  const auto model = std::make_shared<ScriptedModel>([](const SeenRequest& seen) {
    if (seen.instructions == "b") return Result<ModelReply>(says("secret"));
    return Result<ModelReply>(seen.items.size() == 1 ? calls("b", R"({"input": "x"})", "1")
                                                     : says("done"));
  });
  const RunResult result = run(team({a, b}), "hi", {.model = model});
  EXPECT_EQ(outputs(result.new_items), Lines{"[removed]"});
}

TEST(Rule29, GuardrailsBeforeAnApprovalLookAgainAfterIt) {
  Agent a = agent("a");
  const Count made = count(), asked = count();
  a.tools = {counting("t", made, {.approval = Approval::kAlways,
                                  .input_guardrails = {guard("g", V::allow(), false, asked)}})};
  const std::shared_ptr<Store> store = make_memory_store();
  const RunOptions options{.model = script({calls("t", "{}", "1"), says("done")}), .store = store};
  const AgentTeam made_team = team({a});
  const RunResult waits = run(made_team, "hi", options);
  ASSERT_EQ(waits.approvals.size(), 1U) << waits.reason;
  EXPECT_EQ(*asked, 1);
  Runtime runtime;
  const RunHandle handle = runtime.resume(made_team, waits.run, options);
  ASSERT_EQ(handle.wait().approvals.size(), 1U);
  EXPECT_EQ(*asked, 1);  // the verdict survived
  ASSERT_TRUE(handle.approve("1"));
  EXPECT_EQ(handle.wait().output, "done");
  EXPECT_EQ(*asked, 2);
  EXPECT_EQ(*made, 1);
}

}  // namespace
}  // namespace cadre::rules
