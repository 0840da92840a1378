// Rules 7, 8 and 30 to 32, and what Cadre adds: several handoffs at once (docs/agent-loop.md).
#include "agents/rules_test_kit.h"

namespace cadre::rules {
namespace {

const std::string kTask = R"({"task": "x"})";

struct Two {
  Agent a = agent("a"), b = agent("b");
  Two() { a.handoffs = {{.target = "b"}}; }
  AgentTeam made() const { return team({a, b}); }
};

TEST(Rule07, AHandoffBeatsAnAnswerInTheSameReply) {
  const Two two;
  const RunResult result =
      run(two.made(), "hi",
          {.model = script({says_and_calls("my answer", {call("1", "transfer_to_b", kTask)}),
                            says("b's answer")})});
  EXPECT_EQ(result.output, "b's answer");
  EXPECT_EQ(result.agent, "b");
}

TEST(Rule08, OfSeveralHandoffsTheFirstIsTakenAndTheOthersAreAnswered) {
  Two two;
  Agent c = agent("c");
  two.a.handoffs.push_back({.target = "c"});
  const RunResult result =
      run(team({two.a, two.b, c}), "hi",
          {.model = script({calls({call("1", "transfer_to_c", kTask),
                                   call("2", "transfer_to_b", kTask)}),
                            says("c here")})});
  EXPECT_EQ(result.agent, "c");
  EXPECT_EQ(outputs(result.new_items),
            (Lines{R"({"assistant":"c"})",
                   "Not done: another handoff of the same reply was taken first."}));
}

TEST(Rule30, AFilterChangesWhatTheNextAgentReadsAndNothingElse) {
  Two two;
  two.a.tools = {counting("t", count())};
  two.a.handoffs[0].filter = without_tools;
  const auto session = make_memory_session("s");
  const auto model = script({calls("t", "{}", "1"), calls("transfer_to_b", kTask, "2"),
                             says("bye")});
  const RunResult result = run(two.made(), "hi", {.model = model, .session = session});
  ASSERT_EQ(result.output, "bye") << result.reason;
  EXPECT_EQ(lines(model->requests()[2].items), Lines{"user:hi"});
  EXPECT_EQ(lines(*session), (Lines{"user:hi", "call:t", "result:done", "call:transfer_to_b",
                                    R"(result:{"assistant":"b"})", "assistant:bye"}));
}

TEST(Rule30, IdsThatAFilterLeftOutAreNotUsedAgainInTheSession) {
  Two two;
  two.b.tools = two.a.tools = {counting("t", count())};
  two.a.handoffs[0].filter = without_tools;
  const auto session = make_memory_session("s");
  const auto model = script({calls("t", "{}", "1"), calls("transfer_to_b", kTask, "2"),
                             calls("t", "{}", "1"), says("bye")});
  ASSERT_EQ(run(two.made(), "hi", {.model = model, .session = session}).output, "bye");
  EXPECT_EQ(lines(*session).size(), 8U);  // the session's own check would leave doubles out
}

TEST(Rule30, AFilterThatBreaksTheConversationIsARefusal) {
  Two two;
  two.a.handoffs[0].filter = [](std::span<const ItemPtr> items) {
    return std::vector<ItemPtr>(items.begin() + 1, items.end() - 1);  // a call without its result
  };
  const RunResult result =
      run(two.made(), "hi",
          {.model = script({calls("transfer_to_b", kTask, "1"), says("I do it")})});
  EXPECT_EQ(result.agent, "a");
  EXPECT_NE(outputs(result.new_items)[0].find("valid history"), std::string::npos);
}

TEST(Rule30, TheRunsInputFilterChangesOneRequestAndMayNotBreakIt) {
  const auto model = script({says("hello")});
  RunOptions options{.model = model};
  options.input_filter = [](std::span<const ItemPtr> items, const RunContext&) {
    return std::vector<ItemPtr>(items.begin(), items.end() - 1);
  };
  EXPECT_EQ(run(team({agent("a")}), "hi", options).output, "hello");
  EXPECT_TRUE(model->requests()[0].items.empty());
  options.input_filter = [](std::span<const ItemPtr>, const RunContext&) {
    return std::vector<ItemPtr>{std::make_shared<const Item>(ToolResultItem{"1", "x", true})};
  };
  const RunResult broken = run(team({agent("a")}), "hi", options);
  EXPECT_EQ(broken.status, RunStatus::kInternal);
  EXPECT_NE(broken.reason.find("input_filter"), std::string::npos) << broken.reason;
}

TEST(Rule31, TheInputOfAHandoffIsValidated) {
  Two two;
  two.a.handoffs[0].input = schema_of<Verdictual>();
  int score = 0;
  two.a.handoffs[0].on_handoff = [&](const HandoffRequest& request, const RunContext&) {
    score = from_json<Verdictual>(*request.arguments)->score;
    return HandoffAnswer::accept();
  };
  const RunResult result = run(
      two.made(), "hi",
      {.model = script({calls("transfer_to_b", "{not json", "1"),
                        calls("transfer_to_b", R"({"score": "x"})", "2"),
                        calls("transfer_to_b", R"({"score": 4})", "3"), says("b's")})});
  ASSERT_EQ(result.output, "b's") << result.reason;
  EXPECT_EQ(score, 4);
  const auto told = outputs(result.new_items);
  EXPECT_NE(told[0].find("Refused: the arguments are not valid JSON"), std::string::npos);
  EXPECT_NE(told[1].find("/score"), std::string::npos) << told[1];
  EXPECT_EQ(result.handoffs_refused, 2);
}

TEST(Rule31, ADisabledHandoffIsNotOffered) {
  Two two;
  two.a.handoffs[0].enabled = [](const RunContext& context) { return context.turn > 1; };
  two.a.tools = {counting("t", count())};
  const auto model = script({calls("t", "{}", "1"), says("done")});
  (void)run(two.made(), "hi", {.model = model});
  EXPECT_EQ(model->requests()[0].tools, Lines{"t"});
  EXPECT_EQ(model->requests()[1].tools, (Lines{"t", "transfer_to_b"}));
}

TEST(Rule31, AResumedRunGoesOnWithTheAgentAfterTheHandoff) {
  Two two;
  two.b.tools = {counting("t", count(), {.approval = Approval::kAlways})};
  const std::shared_ptr<Store> store = make_memory_store();
  const RunOptions options{.model = script({calls("transfer_to_b", kTask, "1"),
                                            calls("t", "{}", "2"), says("b's")}),
                           .store = store};
  const RunResult waits = run(two.made(), "hi", options);
  ASSERT_EQ(waits.approvals.size(), 1U) << waits.reason;
  Runtime runtime;
  const RunHandle handle = runtime.resume(two.made(), waits.run, options);
  ASSERT_EQ(handle.wait().approvals.size(), 1U);
  ASSERT_TRUE(handle.approve("2"));
  EXPECT_EQ(handle.wait().agent, "b");
  EXPECT_EQ(handle.wait().output, "b's");
}

TEST(Rule31, ARefusalGoesBackToTheSourceWithItsReason) {
  Two two;
  two.b.accept = [](const HandoffRequest& request, const RunContext&) {
    EXPECT_EQ(request.task, "x");
    return HandoffAnswer::refuse("I am full");
  };
  const RunResult result = run(
      two.made(), "hi", {.model = script({calls("transfer_to_b", kTask, "1"), says("alone")})});
  EXPECT_EQ(result.output, "alone");
  EXPECT_EQ(outputs(result.new_items), Lines{"Refused: I am full"});
}

std::shared_ptr<ScriptedModel> nested(std::string first_of_b, Lines* seen_by_b = nullptr) {
  return std::make_shared<ScriptedModel>([=](const SeenRequest& seen) -> Result<ModelReply> {
    const bool first = seen.items.size() == 1;
    if (seen.instructions == "a")
      return first ? calls("b", R"({"input": "sum up"})", "1") : says("a is done");
    if (seen_by_b != nullptr && first) *seen_by_b = lines(seen.items);
    if (!first || first_of_b.empty()) return says("b's answer");
    return calls(first_of_b, "{}", "n1");
  });
}

TEST(Rule32, AnAgentAsToolGivesItsAnswerFromAConversationOfItsOwn) {
  Agent a = agent("a"), b = agent("b");
  a.tools = {agent_tool("b", "asks b")};
  Lines seen;
  const RunResult result = run(team({a, b}), "long story", {.model = nested("", &seen)});
  EXPECT_EQ(result.output, "a is done");
  EXPECT_EQ(outputs(result.new_items), Lines{"b's answer"});
  EXPECT_EQ(seen, Lines{"user:sum up"});
}

TEST(Rule32, ApprovalsInsideAreDecidedThroughTheOuterRun) {
  Agent a = agent("a"), b = agent("b");
  a.tools = {agent_tool("b", "asks b", {.approval = Approval::kAlways})};
  const Count made = count();
  b.tools = {counting("t", made, {.approval = Approval::kAlways})};
  Runtime runtime;
  const RunHandle handle = runtime.start(team({a, b}), "hi", {.model = nested("t")});
  ASSERT_EQ(handle.wait().approvals.at(0).tool, "b");
  ASSERT_TRUE(handle.approve("1"));
  const RunResult inner = handle.wait();
  ASSERT_EQ(inner.approvals.size(), 1U);  // the outer approval is not inherited
  EXPECT_EQ(inner.approvals[0].agent, "b");
  EXPECT_EQ(*made, 0);
  ASSERT_TRUE(handle.approve("n1"));
  EXPECT_EQ(handle.wait().output, "a is done");
  EXPECT_EQ(*made, 1);
}

// ---- several at once --------------------------------------------------------------------------

AgentTeam fan(JoinRule join, Agent b = agent("b"), Agent c = agent("c")) {
  Agent a = agent("a");
  a.handoffs = {{.target = "b"}, {.target = "c"}};
  a.join = join;
  return team({a, b, c});
}

std::shared_ptr<ScriptedModel> fan_model(bool c_fails = false) {
  return std::make_shared<ScriptedModel>([=](const SeenRequest& seen) -> Result<ModelReply> {
    if (seen.instructions == "a") {
      if (seen.items.size() > 1) return says("joined");
      return calls({call("1", "transfer_to_b", kTask), call("2", "transfer_to_c", kTask)});
    }
    if (seen.instructions == "c" && c_fails) return fail(ErrorCode::kUnavailable, "no line");
    return says("from " + seen.instructions);
  });
}

TEST(Join, AllWaitsForAllAndMergesInCallOrder) {
  const RunResult result = run(fan({.kind = JoinRule::Kind::kAll}), "hi", {.model = fan_model()});
  EXPECT_EQ(result.output, "joined") << result.reason;
  EXPECT_EQ(outputs(result.new_items), (Lines{"from b", "from c"}));
}

TEST(Join, OfAllAFailureIsToldToTheSource) {
  const RunResult result =
      run(fan({.kind = JoinRule::Kind::kAll}), "hi", {.model = fan_model(true)});
  EXPECT_EQ(result.output, "joined");
  EXPECT_NE(
      outputs(result.new_items)[1].find("The agent 'c' gave no answer (model_error): no line"),
      std::string::npos)
      << outputs(result.new_items)[1];
}

TEST(Join, FirstCancelsTheOthersEvenWhileTheyAreBeingAsked) {
  Agent c = agent("c");
  const Count refused = count();
  c.accept = [refused](const HandoffRequest&, const RunContext&) {
    std::this_thread::sleep_for(milliseconds(40));
    ++*refused;
    return HandoffAnswer::refuse("too late anyway");
  };
  Runtime runtime;
  const RunResult result = runtime
                               .start(fan({.kind = JoinRule::Kind::kFirst}, agent("b"), c), "hi",
                                      {.model = fan_model()})
                               .wait();
  EXPECT_EQ(result.output, "joined") << result.reason;
  EXPECT_EQ(outputs(result.new_items),
            (Lines{"from b", "Cancelled: enough other agents have answered."}));
  EXPECT_TRUE(eventually([&] { return *refused == 1; }));
}

TEST(Join, AQuorumOfTwoNeedsTwo) {
  const JoinRule two{.kind = JoinRule::Kind::kQuorum, .quorum = 2};
  EXPECT_EQ(outputs(run(fan(two), "hi", {.model = fan_model()}).new_items),
            (Lines{"from b", "from c"}));
}

TEST(Join, CollectTakesWhateverComes) {
  const RunResult result =
      run(fan({.kind = JoinRule::Kind::kCollect}), "hi", {.model = fan_model(true)});
  EXPECT_EQ(outputs(result.new_items)[0], "from b");
}

TEST(Join, CallsOfTwoBranchesWithOneIdAreApprovedApart) {
  Agent b = agent("b"), c = agent("c");
  const Count of_b = count(), of_c = count();
  b.tools = {counting("t", of_b, {.approval = Approval::kAlways})};
  c.tools = {counting("t", of_c, {.approval = Approval::kAlways})};
  const auto model = std::make_shared<ScriptedModel>([](const SeenRequest& seen) {
    const bool last_is_result = std::holds_alternative<ToolResultItem>(*seen.items.back());
    if (last_is_result) return Result<ModelReply>(says("done"));
    if (seen.instructions != "a") return Result<ModelReply>(calls("t", "{}", "same"));
    return Result<ModelReply>(
        calls({call("1", "transfer_to_b", kTask), call("2", "transfer_to_c", kTask)}));
  });
  Runtime runtime;
  const RunHandle handle =
      runtime.start(fan({.kind = JoinRule::Kind::kAll}, b, c), "hi", {.model = model});
  const auto pending = handle.wait().approvals;
  ASSERT_EQ(pending.size(), 2U);
  ASSERT_NE(pending[0].call_id, pending[1].call_id);
  for (const PendingApproval& each : pending) {
    ASSERT_TRUE(each.agent == "b" ? handle.approve(each.call_id)
                                  : handle.reject(each.call_id, "not c"));
  }
  EXPECT_EQ(handle.wait().status, RunStatus::kDone);
  EXPECT_EQ(*of_b, 1);
  EXPECT_EQ(*of_c, 0);
}

}  // namespace
}  // namespace cadre::rules
