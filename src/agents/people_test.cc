// What people say to a run that is under way: decisions of the right kind, for the right agent;
// words that are read or refused; who watches.
#include "agents/rules_test_kit.h"

namespace cadre::rules {
namespace {

TEST(BadPeople, AQuestionIsNotApprovedAndACallIsNotAnswered) {
  Agent a = agent("a");
  const Count paid = count();
  a.tools = {ask_user_tool(), counting("pay", paid, {.approval = Approval::kAlways})};
  Runtime runtime;
  const RunHandle handle = runtime.start(
      team({a}), "hi",
      {.model = script({calls({call("q", "ask_user", R"({"question": "who?"})"), call("p", "pay")}),
                        says("done")})});
  ASSERT_EQ(handle.wait().approvals.size(), 2U);
  EXPECT_EQ(handle.approve("q").error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(handle.answer("p", "it is paid").error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(handle.reject("q", "no", true).error().code, ErrorCode::kInvalidInput);
  ASSERT_EQ(handle.wait().approvals.size(), 2U);
  ASSERT_TRUE(handle.answer("q", "Ada"));
  ASSERT_TRUE(handle.approve("p"));
  const RunResult result = handle.wait_end();
  EXPECT_EQ(outputs(result.new_items), (Lines{"Ada", "done"}));
  EXPECT_EQ(*paid, 1);
}

TEST(Cancel, AfterTheTurnWaitsForThePersonWhoIsAsked) {
  Agent a = agent("a");
  const Count paid = count();
  a.tools = {counting("pay", paid, {.approval = Approval::kAlways})};
  const auto model = script({calls("pay", "{}", "p"), says("never said")});
  Runtime runtime;
  const RunHandle handle = runtime.start(team({a}), "hi", {.model = model});
  ASSERT_EQ(handle.wait().approvals.size(), 1U);
  handle.cancel(Cancel::kAfterTurn, "enough");
  const RunResult waits = handle.wait();
  EXPECT_EQ(waits.status, RunStatus::kRunning);
  ASSERT_EQ(waits.approvals.size(), 1U) << "the turn is open until it is decided";
  ASSERT_TRUE(handle.approve("p"));
  const RunResult result = handle.wait();
  EXPECT_EQ(result.status, RunStatus::kCancelled);
  EXPECT_EQ(result.reason, "enough");
  EXPECT_EQ(outputs(result.new_items), Lines{"done"});
  EXPECT_EQ(*paid, 1);
  EXPECT_EQ(model->requests().size(), 1U);
}

TEST(Rule32, AStandingApprovalIsNotInheritedByAnotherAgent) {
  Agent a = agent("a"), b = agent("b");
  const Count outer = count(), inner = count();
  a.tools = {counting("pay", outer, {.approval = Approval::kAlways}), agent_tool("b", "helps")};
  b.tools = {counting("pay", inner, {.approval = Approval::kAlways})};
  const auto made = team({a, b});
  const std::shared_ptr<Store> store = make_memory_store();
  const RunOptions options{.model = script({calls("pay", "{}", "1"), calls("pay", "{}", "2"),
                                            calls("b", R"({"input": "x"})", "3"),
                                            calls("pay", "{}", "4"), says("b"), says("done")}),
                           .store = store};
  std::string id;
  {
    Runtime runtime;
    const RunHandle handle = runtime.start(made, "hi", options);
    id = handle.id();
    ASSERT_EQ(handle.wait().approvals.at(0).call_id, "1");
    ASSERT_TRUE(handle.approve("1", true));
    const RunResult waits = handle.wait();
    EXPECT_EQ(*outer, 2);
    EXPECT_EQ(*inner, 0);
    ASSERT_EQ(waits.approvals.size(), 1U);
    EXPECT_EQ(waits.approvals[0].agent, "b");
  }
  Runtime runtime;  // the same after a resume
  const RunHandle handle = runtime.resume(made, id, options);
  ASSERT_EQ(handle.wait().approvals.size(), 1U);
  EXPECT_EQ(*inner, 0);
  ASSERT_TRUE(handle.approve(handle.wait().approvals[0].call_id));
  EXPECT_EQ(handle.wait_end().output, "done");
  EXPECT_EQ(*inner, 1);
}

TEST(Rule37, WhatWasLeftToWaitWaitsAfterAResume) {
  Agent a = agent("a");
  const Count made = count();
  a.tools = {counting("t", made, {.approval = Approval::kAlways})};
  const AgentTeam built = team({a});
  const std::shared_ptr<Store> store = make_memory_store();
  const RunOptions options{.model = script({calls({call("1", "t"), call("2", "t")}),
                                            calls("t", "{}", "3"), says("done")}),
                           .store = store};
  std::string id;
  {
    Runtime runtime;
    const RunHandle handle = runtime.start(built, "hi", options);
    id = handle.id();
    ASSERT_EQ(handle.wait().approvals.size(), 2U);
    ASSERT_TRUE(handle.approve("1", true));  // of later calls: the second is not one
    ASSERT_TRUE(eventually([&] { return handle.wait().approvals.size() == 1; }));
  }
  Runtime runtime;
  const RunHandle handle = runtime.resume(built, id, options);
  ASSERT_EQ(handle.wait().approvals.size(), 1U);
  EXPECT_EQ(*made, 1);
  ASSERT_TRUE(handle.reject("2", "not this one"));
  EXPECT_EQ(outputs(handle.wait_end().new_items), (Lines{"done", "not this one", "done"}));
}

TEST(Rule37, WhatIsSaidIsReadOrRefused) {
  const AgentTeam made = team({agent("a")});
  Runtime runtime;
  for (int i = 0; i < 200; ++i) {
    const auto model = std::make_shared<ScriptedModel>(
        [](const SeenRequest&) { return Result<ModelReply>(says("well")); });
    const RunHandle handle = runtime.start(made, "hi", {.model = model});
    std::this_thread::sleep_for(std::chrono::microseconds(i % 50));
    const bool taken = handle.say("more").has_value();
    const Lines said = lines(handle.wait().new_items);
    ASSERT_EQ(std::ranges::count(said, "user:more"), taken ? 1 : 0) << i;
  }
}

TEST(Rule38, WhoSubscribesIsToldFromThenOn) {
  Agent a = agent("a");
  a.tools = {counting("t", count(), {.approval = Approval::kAlways})};
  Runtime runtime;
  const RunHandle handle =
      runtime.start(team({a}), "hi", {.model = script({calls("t", "{}", "1"), says("done")})});
  ASSERT_EQ(handle.wait().approvals.size(), 1U);
  auto told = std::make_shared<std::vector<std::string>>();
  auto thrown = count();
  ASSERT_TRUE(handle.subscribe([thrown](const RunEvent&) {
    ++*thrown;
    throw std::runtime_error("no screen");
  }));
  ASSERT_TRUE(handle.subscribe([told](const RunEvent& event) {
    if (event.kind == RunEvent::Kind::kToolEnded)
      told->push_back("tool:" + std::string(event.text));
    if (event.kind == RunEvent::Kind::kTextDelta)
      told->push_back("delta:" + std::string(event.text));
    if (event.kind == RunEvent::Kind::kMessage)
      told->push_back("message:" + std::string(event.text));
    if (event.kind == RunEvent::Kind::kRunEnded) told->push_back("end");
  }));
  EXPECT_EQ(handle.subscribe({}).error().code, ErrorCode::kInvalidInput);
  ASSERT_TRUE(handle.approve("1"));
  ASSERT_EQ(handle.wait_end().output, "done");
  EXPECT_EQ(*told, (Lines{"tool:done", "delta:done", "message:done", "end"}));
  EXPECT_EQ(*thrown, 1);
  EXPECT_EQ(handle.subscribe([](const RunEvent&) {}).error().code, ErrorCode::kNotFound);
}

TEST(Rule38, WhoWatchesIsToldWhichGuardrailHasSpoken) {
  Agent a = agent("a");
  Tool guarded = counting("t", count());
  guarded.options.input_guardrails = {guard("before", GuardrailVerdict::allow())};
  guarded.options.output_guardrails = {guard("after", GuardrailVerdict::reject("no"))};
  a.tools = {guarded};
  a.input_guardrails = {guard("first", GuardrailVerdict::allow(), true)};
  a.output_guardrails = {guard("last", GuardrailVerdict::allow())};
  Lines told;
  RunOptions options{.model = script({calls("t", "{}", "1"), says("done")})};
  options.on_event = [&told](const RunEvent& event) {
    if (event.kind != RunEvent::Kind::kGuardrail) return;
    told.push_back(std::string(event.tool) + ":" + std::string(event.call_id) +
                   (event.ok ? "" : " objects"));
  };
  ASSERT_EQ(run(team({a}), "hi", options).output, "done");
  EXPECT_EQ(told, (Lines{"first:", "before:1", "after:1 objects", "last:"}));
}

TEST(Budgets, TheLastCallsAreForTheAgentsThatWaitForOthers) {
  Agent a = agent("a"), b = agent("b");
  a.tools = {agent_tool("b", "helps")};
  b.tools = {counting("t", count())};
  const AgentTeam made = team({a, b});
  for (int calls_max = 1; calls_max <= 8; ++calls_max) {
    const auto model = std::make_shared<ScriptedModel>([](const SeenRequest& seen) {
      if (seen.tools.empty()) return Result<ModelReply>(says(seen.instructions + " finishes"));
      if (seen.instructions == "a") return Result<ModelReply>(calls("b", R"({"input": "x"})", ""));
      return Result<ModelReply>(calls("t", "{}", ""));
    });
    const auto budget = std::make_shared<Budget>(BudgetLimits{.model_calls = calls_max});
    const RunResult result = run(made, "hi", {.model = model, .budget = budget});
    EXPECT_LE(budget->used().model_calls, calls_max);
    if (calls_max == 1) {
      EXPECT_EQ(result.status, RunStatus::kBudget);
    } else {
      EXPECT_EQ(result.output, "a finishes") << calls_max << ": " << result.reason;
    }
  }
}

// ---- what a model leaves out -------------------------------------------------------------------

struct Search {
  std::string words;
  std::optional<int> limit;
};
BOOST_DESCRIBE_STRUCT(Search, (), (words, limit))

// MessageItem is a user's unless told otherwise: a model of a user's own making forgets it easily.
TEST(BadModel, WhatAModelSaysIsNotTheUsers) {
  ModelReply reply;
  MessageItem message;
  message.text = "hello";
  reply.items.emplace_back(message);
  const RunResult result = run(team({agent("a")}), "hi", {.model = script({reply})});
  EXPECT_EQ(lines(result.new_items), (Lines{"user:hi", "assistant:hello"}));
}

TEST(Tools, AnOptionalFieldMayBeLeftOut) {
  Agent a = agent("a");
  a.tools = {make_tool<Search>("find", "Finds.", [](const Search& search, const RunContext&) {
    return search.words + (search.limit ? " limited" : " all");
  })};
  a.output = typed<Search>();
  const RunResult result =
      run(team({a}), "hi",
          {.model = script({calls({call("1", "find", R"({"words": "x"})"),
                                   call("2", "find", R"({"words": "x", "limit": null})"),
                                   call("3", "find", R"({"words": "x", "limit": 2})"),
                                   call("4", "find", R"({"limit": 2})")}),
                            says(R"({"words": "done"})")})});
  ASSERT_EQ(result.output, R"({"words": "done"})") << result.reason;
  const Lines said = outputs(result.new_items);
  EXPECT_EQ(Lines(said.begin(), said.begin() + 3), (Lines{"x all", "x all", "x limited"}));
  EXPECT_NE(said[3].find("\"words\" is missing"), std::string::npos) << said[3];
  EXPECT_FALSE(result.as<Search>()->limit);
  // What a model is asked for is every field, as strict vendors want it.
  EXPECT_EQ(json::get_array(a.tools[0].parameters, "required").size(), 2U);
}

TEST(Rule30, AFilterThatGivesANullPointerIsARefusal) {
  Agent a = agent("a"), b = agent("b");
  a.handoffs = {{.target = "b",
                 .filter = [](std::span<const ItemPtr>) { return std::vector<ItemPtr>{nullptr}; }}};
  const RunResult result =
      run(team({a, b}), "hi",
          {.model = script({calls("transfer_to_b", R"({"task": "x"})", "1"), says("done")})});
  EXPECT_EQ(result.output, "done");
  EXPECT_EQ(result.agent, "a");
  EXPECT_NE(outputs(result.new_items).at(0).find("item 0 is a null pointer"), std::string::npos);
}

TEST(Tools, ASchemaThatSaysNothingIsThatOfAnObject) {
  Agent a = agent("a");
  Tool bare = counting("t", count());
  bare.accepted.reset();
  bare.parameters = JsonObject{};
  a.tools = {bare};
  EXPECT_TRUE(make_team({a}));
  for (const Json& bad : {Json{{"anyOf", JsonArray{}}}, Json{{"type", JsonArray{"object", "null"}}},
                          Json{{"$ref", "#"}}}) {
    a.tools[0].parameters = bad;
    const auto made = make_team({a});
    ASSERT_FALSE(made) << json::write(bad);
    EXPECT_NE(made.error().message.find("of type 'object'"), std::string::npos)
        << made.error().message;
  }
}

}  // namespace
}  // namespace cadre::rules
