#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "cadre/cadre.h"

namespace cadre {
namespace {

using testing::calls;
using testing::says;
using testing::ScriptedModel;

struct WeatherArgs {
  std::string city;
};
BOOST_DESCRIBE_STRUCT(WeatherArgs, (), (city))

Tool weather(ToolOptions options = {}) {
  return make_tool<WeatherArgs>(
      "weather", "Weather of a city.",
      [](const WeatherArgs& args, const RunContext&) { return "rain in " + args.city; }, options);
}

Agent agent(std::string name) {
  Agent made;
  made.name = std::move(name);
  return made;
}

TEST(Run, PlainTextIsTheAnswer) {
  auto model = std::make_shared<ScriptedModel>(std::vector{says("hello")});
  const RunResult result = run(make_team({agent("a")}).value(), "hi", {.model = model});
  EXPECT_EQ(result.status, RunStatus::kDone) << result.reason;
  EXPECT_EQ(result.output, "hello");
  EXPECT_EQ(result.model_calls, 1);
}

TEST(Run, ToolResultsGoBackToTheModel) {
  auto model = std::make_shared<ScriptedModel>(
      std::vector{calls("weather", R"({"city": "Oslo"})", "c1"), says("take an umbrella")});
  Agent a = agent("a");
  a.tools = {weather()};
  const RunResult result = run(make_team({a}).value(), "weather?", {.model = model});
  ASSERT_EQ(result.status, RunStatus::kDone) << result.reason;
  EXPECT_EQ(result.output, "take an umbrella");
  ASSERT_EQ(model->requests().size(), 2U);
  const auto items = model->requests()[1].items;
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(std::get<ToolResultItem>(*items[2]).output, "rain in Oslo");
}

TEST(Run, HandsOver) {
  auto model = std::make_shared<ScriptedModel>(
      std::vector{calls("transfer_to_b", R"({"task": "refund"})", "h1"), says("done by b")});
  Agent a = agent("a"), b = agent("b");
  a.handoffs = {{.target = "b"}};
  b.handoffs = {{.target = "a"}};
  const RunResult result = run(make_team({a, b}).value(), "refund", {.model = model});
  ASSERT_EQ(result.status, RunStatus::kDone) << result.reason;
  EXPECT_EQ(result.agent, "b");
  EXPECT_EQ(result.handoffs_accepted, 1);
}

TEST(Run, JournalsAndResumes) {
  const std::shared_ptr<Store> store = make_memory_store();
  auto model = std::make_shared<ScriptedModel>(
      std::vector{calls("weather", R"({"city": "Oslo"})", "c1"), says("umbrella")});
  Agent a = agent("a");
  a.tools = {weather({.approval = Approval::kAlways})};
  const AgentTeam team = make_team({a}).value();
  const RunResult waits = run(team, "weather?", {.model = model, .store = store});
  ASSERT_EQ(waits.status, RunStatus::kRunning) << waits.reason;
  ASSERT_EQ(waits.approvals.size(), 1U);
  Runtime runtime;
  const RunHandle handle = runtime.resume(team, waits.run, {.model = model, .store = store});
  ASSERT_EQ(handle.wait().approvals.size(), 1U);
  EXPECT_FALSE(handle.approve("nobody"));
  ASSERT_TRUE(handle.approve("c1"));
  const RunResult result = handle.wait();
  ASSERT_EQ(result.status, RunStatus::kDone) << result.reason;
  EXPECT_EQ(result.output, "umbrella");
  const RunResult again = runtime.resume(team, waits.run, {.model = model, .store = store}).wait();
  EXPECT_EQ(again.output, "umbrella");
  EXPECT_EQ(model->requests().size(), 2U);
}

TEST(Run, ASlowToolIsAnsweredWithoutIt) {
  auto model = std::make_shared<ScriptedModel>(
      std::vector{calls("weather", R"({"city": "Oslo"})", "c1"), says("never mind")});
  Agent a = agent("a");
  a.tools = {weather({.timeout = std::chrono::milliseconds(30)})};
  // Shared: the call is given up, so it may outlive the test's frame.
  auto stopped = std::make_shared<std::atomic<bool>>(false);
  a.tools[0].function = [stopped](const Json&, const RunContext& context) -> Result<std::string> {
    while (!context.stop.stop_requested()) std::this_thread::yield();
    *stopped = true;
    stopped->notify_all();
    return "late";
  };
  const RunResult result = run(make_team({a}).value(), "weather?", {.model = model});
  ASSERT_EQ(result.status, RunStatus::kDone) << result.reason;
  EXPECT_EQ(std::get<ToolResultItem>(*result.new_items[2]).output,
            "Tool 'weather' timed out after 30 ms.");
  stopped->wait(false);  // its stop token was asked
}

TEST(Run, SessionsKeepTheConversation) {
  const auto session = make_memory_session("s");
  auto model = std::make_shared<ScriptedModel>(std::vector{says("one"), says("two")});
  const AgentTeam team = make_team({agent("a")}).value();
  (void)run(team, "1", {.model = model, .session = session});
  const RunResult second = run(team, "2", {.model = model, .session = session});
  ASSERT_EQ(second.output, "two") << second.reason;
  std::vector<std::string> notes;
  EXPECT_EQ(session->load(0, notes)->size(), 4U);
  EXPECT_EQ(model->requests()[1].items.size(), 3U);
}

TEST(Run, AgentsAsToolsAndParallelHandoffs) {
  auto model = std::make_shared<ScriptedModel>(
      [](const testing::SeenRequest& request) -> Result<ModelReply> {
        if (request.instructions == "lead") {
          if (request.items.size() > 1) return says("joined");
          return calls({{"1", "transfer_to_b", R"({"task": "x"})", {}},
                        {"2", "transfer_to_c", R"({"task": "y"})", {}},
                        {"3", "b", R"({"input": "z"})", {}}});
        }
        return says(request.instructions + ":" +
                    std::get<MessageItem>(*request.items.back()).text);
      });
  Agent lead = agent("lead"), b = agent("b"), c = agent("c");
  for (Agent* each : {&lead, &b, &c}) each->instructions = each->name;
  lead.handoffs = {{.target = "b"}, {.target = "c"}};
  lead.tools = {agent_tool("b", "asks b")};
  lead.join = {.kind = JoinRule::Kind::kAll};
  const RunResult result = run(make_team({lead, b, c}).value(), "go", {.model = model});
  ASSERT_EQ(result.output, "joined") << result.reason;
  ASSERT_EQ(result.new_items.size(), 8U);
  EXPECT_EQ(std::get<ToolResultItem>(*result.new_items[4]).output, "b:x");
  EXPECT_EQ(std::get<ToolResultItem>(*result.new_items[5]).output, "c:y");
  EXPECT_EQ(std::get<ToolResultItem>(*result.new_items[6]).output, "b:z");
}

}  // namespace
}  // namespace cadre
