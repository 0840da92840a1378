// Rules 1 to 6 and 9 to 17: what ends a run, and what does not (docs/agent-loop.md).
#include "agents/rules_test_kit.h"

namespace cadre::rules {
namespace {

TEST(Rule01, PlainTextIsTheAnswer) {
  const RunResult result = run(team({agent("a")}), "hi", {.model = script({says("hello")})});
  EXPECT_EQ(result.status, RunStatus::kDone);
  EXPECT_EQ(result.output, "hello");
}

TEST(Rule02, OfSeveralMessagesTheLastIsTheAnswer) {
  ModelReply reply = says("one");
  reply.items.push_back(says("two").items[0]);
  EXPECT_EQ(run(team({agent("a")}), "hi", {.model = script({reply})}).output, "two");
}

TEST(Rule03, AnEmptyReplyIsAnEmptyAnswer) {
  const RunResult result = run(team({agent("a")}), "hi", {.model = script({ModelReply{}})});
  EXPECT_EQ(result.status, RunStatus::kDone) << result.reason;
  EXPECT_EQ(result.output, "");
}

TEST(Rule04, TextBesideAToolCallIsNotFinal) {
  Agent a = agent("a");
  const Count made = count();
  a.tools = {counting("t", made)};
  const RunResult result =
      run(team({a}), "hi",
          {.model = script({says_and_calls("wait", {call("1", "t")}), says("now")})});
  EXPECT_EQ(result.output, "now");
  EXPECT_EQ(*made, 1);
}

TEST(Rule05, AStructuredAgentWithoutTextIsAskedAgain) {
  Agent a = agent("a");
  a.output = typed<Verdictual>();
  const auto model = script({ModelReply{}, says(R"({"score": 3})")});
  const RunResult result = run(team({a}), "hi", {.model = model});
  EXPECT_EQ(result.status, RunStatus::kDone) << result.reason;
  EXPECT_EQ(result.as<Verdictual>()->score, 3);
  EXPECT_EQ(result.turns, 2);
}

TEST(Rule05, AStructuredAgentThatNeverAnswersIsNotAskedForEver) {
  Agent a = agent("a");
  a.output = typed<Verdictual>();
  const auto model = std::make_shared<ScriptedModel>(
      [](const SeenRequest&) -> Result<ModelReply> { return ModelReply{}; });
  const RunResult result = run(team({a}), "hi", {.model = model, .limits = {.turns_max = 0}});
  EXPECT_EQ(result.status, RunStatus::kInvalidOutput);
  EXPECT_EQ(result.turns, 1 + a.retries);
}

TEST(Rule06, ValidStructuredTextIsTheAnswerOfSeveralTheLast) {
  Agent a = agent("a");
  a.output = typed<Verdictual>();
  ModelReply reply = says("first some words");
  reply.items.push_back(says(R"({"score": 7})").items[0]);
  const RunResult result = run(team({a}), "hi", {.model = script({reply})});
  EXPECT_EQ(result.as<Verdictual>()->score, 7) << result.reason;
  EXPECT_EQ(result.turns, 1);
}

TEST(Rule09, AnUnknownToolFailsTheRun) {
  Agent a = agent("a");
  const Count made = count();
  a.tools = {counting("t", made)};
  const RunResult result = run(
      team({a}), "hi", {.model = script({calls({call("1", "t"), call("2", "transfer_to_x")})})});
  EXPECT_EQ(result.status, RunStatus::kModelBehavior);
  EXPECT_NE(result.reason.find("'transfer_to_x'"), std::string::npos) << result.reason;
  EXPECT_NE(result.reason.find("there are: t"), std::string::npos) << result.reason;
  EXPECT_EQ(*made, 0);
}

TEST(Rule10, AnUnknownToolIsToldToTheModelWhenAskedFor) {
  Agent a = agent("a");
  a.unknown_tool = UnknownTool::kTellModel;
  const RunResult result =
      run(team({a}), "hi", {.model = script({calls("nothing", "{}", "1"), says("sorry")})});
  EXPECT_EQ(result.output, "sorry");
  EXPECT_EQ(outputs(result.new_items), Lines{"there is no tool 'nothing'; there are none"});
}

std::shared_ptr<ScriptedModel> endless() {
  auto turn = std::make_shared<std::atomic<int>>(0);
  return std::make_shared<ScriptedModel>([turn](const SeenRequest& seen) -> Result<ModelReply> {
    if (seen.tools.empty()) return says("with what I have");
    return calls("t", "{}", "c" + std::to_string(++*turn));
  });
}

Agent caller() {
  Agent a = agent("a");
  auto number = std::make_shared<std::atomic<int>>(0);
  a.tools = {make_tool<NoArgs>("t", "Counts.", [number](const NoArgs&, const RunContext&) {
    return std::to_string(++*number);
  })};
  return a;
}

TEST(Rule11, TooManyTurnsEndTheRun) {
  const RunResult result =
      run(team({caller()}), "hi", {.model = endless(), .limits = {.turns_max = 3}});
  EXPECT_EQ(result.status, RunStatus::kMaxTurns);
  EXPECT_EQ(result.model_calls, 3);
  EXPECT_NE(result.reason.find("3 turns"), std::string::npos);
}

TEST(Rule11, ZeroTurnsMeansNoLimit) {
  std::vector<ModelReply> replies;
  for (int i = 0; i < 50; ++i) replies.push_back(calls("t", "{}", "c" + std::to_string(i)));
  replies.push_back(says("done"));
  const RunResult result =
      run(team({caller()}), "hi", {.model = script(replies), .limits = {.turns_max = 0}});
  EXPECT_EQ(result.output, "done") << result.reason;
  EXPECT_EQ(result.turns, 51);
}

TEST(Rule11, OneMoreTurnWithoutToolsWhenAskedFor) {
  const RunResult result =
      run(team({caller()}), "hi",
          {.model = endless(), .limits = {.turns_max = 3, .finish_on_limit = true}});
  EXPECT_EQ(result.status, RunStatus::kDone) << result.reason;
  EXPECT_EQ(result.output, "with what I have");
  EXPECT_EQ(result.model_calls, 4);
}

TEST(Rule12, AHandlersOutputIsValidatedAndKept) {
  Agent a = caller();
  a.output = typed<Verdictual>();
  const auto session = make_memory_session("s");
  RunOptions options{.model = endless(), .session = session};
  options.limits.turns_max = 1;
  options.limits.recover = {RunStatus::kMaxTurns};
  options.recover = [](RunStatus status, const std::string&, const RunContext&) {
    EXPECT_EQ(status, RunStatus::kMaxTurns);
    return std::optional<std::string>(R"({"score": 0})");
  };
  const RunResult result = run(team({a}), "hi", options);
  EXPECT_EQ(result.status, RunStatus::kDone) << result.reason;
  EXPECT_EQ(result.as<Verdictual>()->score, 0);
  EXPECT_EQ(lines(*session),
            (Lines{"user:hi", "call:t", "result:1", R"(assistant:{"score": 0})"}));
}

TEST(Rule12, AHandlersOutputOfTheWrongFormIsNoAnswer) {
  Agent a = caller();
  a.output = typed<Verdictual>();
  RunOptions options{.model = endless()};
  options.limits.turns_max = 1;
  options.limits.recover = {RunStatus::kMaxTurns};
  options.recover = [](RunStatus, const std::string&, const RunContext&) {
    return std::optional<std::string>("words");
  };
  const RunResult result = run(team({a}), "hi", options);
  EXPECT_EQ(result.status, RunStatus::kMaxTurns);
  EXPECT_NE(result.reason.find("handler's output"), std::string::npos) << result.reason;
}

TEST(Rule14, ARefusalEndsTheRunWithoutAnotherTry) {
  const auto model = script({refuses("I must not"), says("never asked")});
  const RunResult result = run(team({agent("a")}), "hi", {.model = model});
  EXPECT_EQ(result.status, RunStatus::kRefused);
  EXPECT_EQ(result.reason, "I must not");
  EXPECT_EQ(model->requests().size(), 1U);
}

TEST(Rule14, CallsOfAReplyThatDeclinesAreNotCarriedOut) {
  Agent a = agent("a");
  const Count made = count();
  a.tools = {counting("t", made)};
  ModelReply reply = calls("t", "{}", "1");
  reply.refusal = "no";
  const RunResult result = run(team({a}), "hi", {.model = script({reply})});
  EXPECT_EQ(result.status, RunStatus::kRefused);
  EXPECT_EQ(*made, 0);
  EXPECT_EQ(lines(result.new_items), Lines{"user:hi"});
}

TEST(Rule15, AnInvalidAnswerHasAFallbackThatRepeatsNothing) {
  Agent a = agent("a");
  const Count made = count();
  a.tools = {counting("t", made)};
  a.output = typed<Verdictual>();
  a.retries = 0;
  const auto model = script({calls("t", "{}", "1"), says("no JSON")});
  RunOptions options{.model = model};
  options.limits.recover = {RunStatus::kInvalidOutput};
  options.recover = [](RunStatus, const std::string&, const RunContext&) {
    return std::optional<std::string>(R"({"score": -1})");
  };
  const RunResult result = run(team({a}), "hi", options);
  EXPECT_EQ(result.as<Verdictual>()->score, -1) << result.reason;
  EXPECT_EQ(*made, 1);
  EXPECT_EQ(model->requests().size(), 2U);
}

TEST(Rule15, AnInvalidAnswerIsGivenBackWithWhatIsWrongWithIt) {
  Agent a = agent("a");
  a.output = typed<Verdictual>();
  const auto model = script({says(R"({"score": "high"})"), says(R"({"score": 5})")});
  const RunResult result = run(team({a}), "hi", {.model = model});
  EXPECT_EQ(result.as<Verdictual>()->score, 5) << result.reason;
  const auto asked = lines(model->requests()[1].items);
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_NE(asked[2].find("/score"), std::string::npos) << asked[2];
}

TEST(Rule16, StopOnFirstTool) {
  Agent a = agent("a");
  a.tool_use = ToolUse::kStopOnFirst;
  a.tools = {counting("t", count(), {}, "the tool's word")};
  const auto model = script({calls("t", "{}", "1")});
  const RunResult result = run(team({a}), "hi", {.model = model});
  EXPECT_EQ(result.output, "the tool's word") << result.reason;
  EXPECT_EQ(lines(result.new_items).back(), "assistant:the tool's word");
}

TEST(Rule16, NamedToolsEndTheRun) {
  Agent a = agent("a");
  a.tools = {counting("look", count(), {}, "seen"),
             counting("close", count(), {.ends_run = true}, "closed")};
  const RunResult result =
      run(team({a}), "hi",
          {.model = script({calls("look", "{}", "1"),
                            calls({call("2", "look"), call("3", "close")})})});
  EXPECT_EQ(result.output, "closed") << result.reason;
  EXPECT_EQ(result.turns, 2);
}

TEST(Rule16, AToolThatFailedDoesNotEndTheRun) {
  Agent a = agent("a");
  a.tools = {failing("close", "locked", {.ends_run = true})};
  const RunResult result =
      run(team({a}), "hi", {.model = script({calls("close", "{}", "1"), says("could not")})});
  EXPECT_EQ(result.output, "could not");
}

TEST(Rule16, TheAgentsOwnRuleDecides) {
  Agent a = agent("a");
  a.tool_use = ToolUse::kDecide;
  a.decide = [](const std::vector<ToolOutput>& results, const RunContext&) {
    return results.size() == 2 ? std::optional<std::string>(std::string(results[1].output))
                               : std::nullopt;
  };
  a.tools = {counting("t", count(), {}, "x"), counting("u", count(), {}, "y")};
  const RunResult result =
      run(team({a}), "hi",
          {.model = script({calls("t", "{}", "1"), calls({call("2", "t"), call("3", "u")})})});
  EXPECT_EQ(result.output, "y") << result.reason;
}

TEST(Rule17, AForcedToolChoiceIsForTheFirstToolOnly) {
  Agent a = agent("a");
  a.tools = {counting("t", count())};
  a.settings.tool_choice.kind = ToolChoice::Kind::kRequired;
  const AgentTeam made = team({a});
  for (int again = 0; again < 2; ++again) {  // the settings themselves are not changed
    const auto model = script({calls("t", "{}", "1"), says("done")});
    ASSERT_EQ(run(made, "hi", {.model = model}).output, "done");
    EXPECT_EQ(model->requests()[0].tool_choice.kind, ToolChoice::Kind::kRequired);
    EXPECT_EQ(model->requests()[1].tool_choice.kind, ToolChoice::Kind::kAuto);
  }
}

TEST(Rule17, TheResetIsPerAgentAndCanBeTurnedOff) {
  Agent a = agent("a"), b = agent("b");
  for (Agent* each : {&a, &b}) {
    each->tools = {counting("t", count())};
    each->settings.tool_choice.kind = ToolChoice::Kind::kRequired;
  }
  b.reset_tool_choice = false;
  a.handoffs = {{.target = "b"}};
  const auto model = script({calls("t", "{}", "1"), calls("transfer_to_b", R"({"task": "x"})", "2"),
                             calls("t", "{}", "3"), says("done")});
  ASSERT_EQ(run(team({a, b}), "hi", {.model = model}).output, "done");
  using Kind = ToolChoice::Kind;
  const auto seen = model->requests();
  EXPECT_EQ(seen[1].tool_choice.kind, Kind::kAuto);
  EXPECT_EQ(seen[2].tool_choice.kind, Kind::kRequired);  // b has used none yet
  EXPECT_EQ(seen[3].tool_choice.kind, Kind::kRequired);  // b's is not reset
}

}  // namespace
}  // namespace cadre::rules
