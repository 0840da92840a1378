#include "runtime/runner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "core/apply.h"
#include "runtime/testing.h"

namespace cadre {
namespace {

using testing::call_tools;
using testing::finished;
using testing::FunctionTool;
using testing::make_parts;
using testing::make_plan;
using testing::ScriptedGates;
using testing::ScriptedProvider;

using Results = std::span<const ToolResult>;

std::vector<Event> events_of(const RunnerParts& parts, const std::string& run) {
  auto journal = parts.store->read(run);
  EXPECT_TRUE(journal.has_value());
  return journal ? journal->events : std::vector<Event>{};
}

int count(const std::vector<Event>& events, EventKind kind) {
  return static_cast<int>(std::ranges::count(events, kind, &Event::kind));
}

std::string data_of(const RunOutcome& outcome, const std::string& type) {
  const auto at = outcome.artifacts.find(type);
  return at == outcome.artifacts.end() ? "none" : json::write(at->second->data);
}

std::shared_ptr<ScriptedProvider> finisher() {
  return std::make_shared<ScriptedProvider>(
      [](const Task& task, Results, std::stop_token) -> Result<Turn> { return finished(task); });
}

Plan two_stages() { return make_plan({"one pm brief notes", "two dev notes code"}); }

TEST(Runner, WalksTwoStagesAndJournalsEveryStep) {
  auto provider = finisher();
  Runner runner(make_parts(provider));
  std::vector<std::int64_t> seen;
  runner.subscribe([&](const Event& event) { seen.push_back(event.seq); });
  auto parts = make_parts(provider);
  Runner with_store(parts);
  with_store.subscribe([&](const Event& event) { seen.push_back(event.seq); });
  const auto outcome = with_store.start_run(two_stages(), "Do it.", {});
  ASSERT_TRUE(outcome.has_value()) << outcome.error().describe();
  EXPECT_EQ(outcome->status, "done") << outcome->reason;
  EXPECT_EQ(outcome->exit_code, 0);
  EXPECT_EQ(data_of(*outcome, "code"), R"({"by":"two#1/two","round":1})");
  EXPECT_EQ(outcome->artifacts.at("code")->files.front().content, "from notes\n");
  EXPECT_EQ(outcome->made_by.at("code"), "dev");
  EXPECT_EQ(outcome->handoffs.requested, 2);
  EXPECT_EQ(outcome->handoffs.completed, 2);
  EXPECT_EQ(provider->calls(), 2);
  const auto events = events_of(parts, outcome->run);
  ASSERT_EQ(static_cast<std::int64_t>(events.size()), outcome->events);
  ASSERT_EQ(seen.size(), events.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].seq, static_cast<std::int64_t>(i) + 1);
    EXPECT_EQ(seen[i], events[i].seq);
    EXPECT_LT(events[i].parent, events[i].seq);
  }
  EXPECT_EQ(count(events, EventKind::kModelCallStarted), 2);
  EXPECT_EQ(count(events, EventKind::kModelCallEnded), 2);
  EXPECT_EQ(events.back().kind, EventKind::kRunEnded);
  const auto row = parts.store->info(outcome->run);
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ(row->status, "done");
  EXPECT_EQ(row->title, "Do it.");
}

}  // namespace
}  // namespace cadre
