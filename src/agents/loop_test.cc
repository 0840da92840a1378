// Who has a turn when on the thread that owns runs.
#include "agents/loop.h"

#include <gtest/gtest.h>

#include <future>
#include <latch>

#include "cadre/cadre.h"

namespace cadre {
namespace {

AgentTeam one_agent() { return make_team({{.name = "a", .instructions = "Answer."}}).value(); }

std::shared_ptr<testing::ScriptedModel> yes() {
  return std::make_shared<testing::ScriptedModel>(
      [](const testing::SeenRequest&) -> Result<ModelReply> { return testing::says("yes"); });
}

RunOptions answered() {
  RunOptions options;
  options.model = yes();
  return options;
}

// A run whose end keeps the loop busy until it is told to go on.
class HeldLoop {
 public:
  HeldLoop(Runtime& runtime, const AgentTeam& team) {
    RunOptions options = answered();
    options.on_end = [wait = go_on_.get_future().share()](const RunResult&) { wait.wait(); };
    runtime.start(team, "hold the loop", options);
  }
  void go_on() { go_on_.set_value(); }

 private:
  std::promise<void> go_on_;
};

// A thousand runs are asked for while the loop is busy: those that began first end while others
// have not begun.
TEST(Loop, RunsUnderWayGoBeforeNewOnes) {
  constexpr int kRuns = 1000;
  const AgentTeam team = one_agent();
  Runtime runtime;
  HeldLoop loop(runtime, team);
  std::latch ended(kRuns);
  int begun = 0, begun_when_first_ended = 0;  // of the loop's thread
  for (int i = 0; i < kRuns; ++i) {
    RunOptions options = answered();
    bool counted = false;
    options.on_event = [&begun, counted](const RunEvent&) mutable {
      if (!std::exchange(counted, true)) ++begun;
    };
    options.on_end = [&, i](const RunResult& result) {
      EXPECT_TRUE(result.done()) << result.reason;
      if (i == 0) begun_when_first_ended = begun;
      ended.count_down();
    };
    runtime.start(team, "now", options);
  }
  loop.go_on();
  ended.wait();
  EXPECT_EQ(begun, kRuns);
  EXPECT_GT(begun_when_first_ended, 0);
  EXPECT_LT(begun_when_first_ended, kRuns / 4);
}

// Of one run, what users ask for keeps its order.
TEST(Loop, WhatUsersAskForKeepsItsOrder) {
  const AgentTeam team = one_agent();
  Runtime runtime;
  HeldLoop loop(runtime, team);
  RunOptions slow;
  const auto model = yes();
  model->set_delay(std::chrono::minutes(1));
  slow.model = model;
  std::vector<RunHandle> handles;
  for (int i = 0; i < 50; ++i) {
    handles.push_back(runtime.start(team, "now", slow));
    handles.back().cancel(Cancel::kNow, "not needed");
  }
  loop.go_on();
  for (const RunHandle& handle : handles) {
    const RunResult result = handle.wait();
    EXPECT_EQ(result.status, RunStatus::kCancelled);
    EXPECT_EQ(result.reason, "not needed");
  }
  EXPECT_EQ(model->requests().size(), handles.size());  // begun, then cancelled
}

// Cancelled by another run's subscriber, which the loop hears at once: it does not begin.
TEST(Loop, ARunThatIsCancelledBeforeItBeginsDoesNotBegin) {
  const AgentTeam team = one_agent();
  const auto model = yes();
  RunOptions options;
  options.model = model;
  Runtime runtime;
  std::promise<void> held;
  std::promise<RunHandle> asked;
  RunOptions first = answered();
  first.on_end = [&held, handle = asked.get_future().share()](const RunResult&) {
    held.set_value();
    handle.get().cancel(Cancel::kNow, "not needed");
  };
  const RunHandle blocking = runtime.start(team, "hold the loop", first);
  held.get_future().wait();
  const RunHandle handle = runtime.start(team, "now", options);
  asked.set_value(handle);
  EXPECT_EQ(handle.wait().status, RunStatus::kCancelled);
  EXPECT_TRUE(runtime.start(team, "another", answered()).wait().done());
  EXPECT_TRUE(model->requests().empty());
}

}  // namespace
}  // namespace cadre
