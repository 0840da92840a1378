// Guardrails of runs that were interrupted: what they look at, and what is said of calls that they
// did not get to see.
#include "agents/rules_test_kit.h"

namespace cadre::rules {
namespace {

// The events up to and with the first that `is_last` names, as a killed process leaves them.
template <class IsLast>
std::shared_ptr<Store> cut_after(Store& whole, const std::string& run, IsLast is_last) {
  std::shared_ptr<Store> store = make_memory_store();
  Append append;
  append.run = run;
  for (Event& event : events_of(whole, run)) {
    append.events.push_back(std::move(event));
    if (is_last(append.events.back())) break;
  }
  append.info = RunInfo{};
  append.info->run = run;
  EXPECT_TRUE(store->append(std::move(append)));
  return store;
}

TEST(Rule29, AGuardrailBesideTheModelLooksAtTheSameInputAfterAResume) {
  Agent a = agent("a");
  a.output = typed<Verdictual>();
  std::atomic<bool> slow{true};
  std::vector<std::string> looked_at;
  std::mutex mutex;
  a.input_guardrails = {
      {.name = "input", .check = [&](const GuardrailSubject& subject, const RunContext&) {
         while (slow) std::this_thread::sleep_for(milliseconds(1));
         const std::lock_guard lock(mutex);
         looked_at.emplace_back(subject.text);
         looked_at.push_back(std::to_string(subject.history.size()));
         return GuardrailVerdict::allow();
       }}};
  const AgentTeam made = team({a});
  const std::shared_ptr<Store> whole = make_memory_store();
  Runtime runtime;
  const RunHandle handle = runtime.start(
      made, "hi", {.model = script({says("no form"), says(R"({"score": 1})")}), .store = whole});
  ASSERT_TRUE(eventually(
      [&] { return events_of(*whole, handle.id(), EventKind::kModelCallEnded).size() == 2; }));
  slow = false;
  ASSERT_EQ(handle.wait().output, R"({"score": 1})");
  const auto store = cut_after(*whole, handle.id(), [](const Event& event) {
    return event.kind == EventKind::kModelCallStarted && json::get_int(event.body, "turn") == 2;
  });
  const RunResult again =
      resume(made, handle.id(), {.model = script({says(R"({"score": 2})")}), .store = store});
  EXPECT_EQ(again.output, R"({"score": 2})") << again.reason;
  EXPECT_EQ(looked_at, (Lines{"hi", "1", "hi", "1"}));
}

TEST(Rule27, ACallThatHasRunIsNotSaidToBeNotRun) {
  Agent a = agent("a");
  Tool paid = counting("pay", count());
  std::atomic<bool> looks{false};
  paid.options.output_guardrails = {
      {.name = "output", .check = [&](const GuardrailSubject&, const RunContext& context) {
         looks = true;
         for (int i = 0; i < 100 && !context.stop.stop_requested(); ++i)
           std::this_thread::sleep_for(milliseconds(1));
         return GuardrailVerdict::allow();
       }}};
  a.tools = {paid};
  const auto session = make_memory_session("s");
  Runtime runtime;
  const RunHandle handle = runtime.start(
      team({a}), "hi", {.model = script({calls("pay", "{}", "1")}), .session = session});
  ASSERT_TRUE(eventually([&] { return looks.load(); }));
  handle.cancel();
  const RunResult result = handle.wait();
  EXPECT_EQ(result.status, RunStatus::kCancelled);
  const auto& last = std::get<ToolResultItem>(*result.new_items.back());
  EXPECT_EQ(last.output, "done, but the run ended before its result was checked");
  EXPECT_FALSE(last.ok);
}

// What user code is given as a call's id is of that call alone: tools use it to do a thing once.
TEST(Rule30, IdsThatAFilterLeftOutAreNotUsedAgainInABranchEither) {
  Agent a = agent("a"), b = agent("b"), c = agent("c");
  std::vector<std::string> ids;
  const Tool noted = make_tool<NoArgs>("t", "Is noted.",
                                       [&ids](const NoArgs&, const RunContext& context) {
                                         ids.emplace_back(context.call_id);
                                         return "done";
                                       },
                                       {.quick = true});
  a.tools = {noted};
  a.handoffs = {{.target = "b", .filter = without_tools}};
  b.tools = {agent_tool("c", "helps")};
  c.tools = {noted};
  const RunResult result =
      run(team({a, b, c}), "hi",
          {.model = script({calls("t", "{}", "1"), calls("transfer_to_b", R"({"task": "x"})", "2"),
                            calls("c", R"({"input": "x"})", "3"), calls("t", "{}", "1"),
                            says("c is done"), says("done")})});
  ASSERT_EQ(result.output, "done") << result.reason;
  ASSERT_EQ(ids.size(), 2U);
  EXPECT_NE(ids[0], ids[1]);
}

}  // namespace
}  // namespace cadre::rules
