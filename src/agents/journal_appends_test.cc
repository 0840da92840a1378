// When a run waits for its journal: before every effect, and not for what has none.
#include <algorithm>
#include <mutex>

#include "agents/rules_test_kit.h"
#include "store/forwarding_store.h"

namespace cadre::rules {
namespace {

// Notes the kinds of each append.
class WatchedStore final : public ForwardingStore {
 public:
  WatchedStore() : ForwardingStore(make_memory_store()) {}
  void append_async(Append append, Ack ack) override {
    std::vector<EventKind> kinds;
    for (const Event& event : append.events) kinds.push_back(event.kind);
    {
      const std::lock_guard lock(mutex_);
      appends_.push_back(std::move(kinds));
    }
    ForwardingStore::append_async(std::move(append), std::move(ack));
  }

  std::vector<std::vector<EventKind>> appends() {
    const std::lock_guard lock(mutex_);
    return appends_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::vector<EventKind>> appends_;
};

bool holds(const std::vector<EventKind>& kinds, EventKind kind) {
  return std::ranges::find(kinds, kind) != kinds.end();
}

// The appends of a run with one call of a tool, and whether the intent of the call had been handed
// to the journal when the tool ran.
struct Seen {
  std::vector<std::vector<EventKind>> appends;
  bool intent_before = false;
};

Seen run_with(ToolOptions options) {
  auto store = std::make_shared<WatchedStore>();
  Seen seen;
  Agent one = agent("one");
  one.tools = {make_tool<NoArgs>(
      "look", "Looks.",
      [store, &seen](const NoArgs&, const RunContext&) {
        for (const auto& kinds : store->appends())
          seen.intent_before = seen.intent_before || holds(kinds, EventKind::kToolCallStarted);
        return std::string("seen");
      },
      std::move(options))};
  RunOptions run_options;
  run_options.model = script({testing::calls("look", "{}", "c1"), testing::says("done")});
  run_options.store = store;
  const RunResult result = run(team({one}), "go", std::move(run_options));
  EXPECT_TRUE(result.done()) << result.reason;
  EXPECT_EQ(outputs(result.new_items), (std::vector<std::string>{"seen"}));
  seen.appends = store->appends();
  return seen;
}

TEST(JournalAppends, AQuickToolWithoutEffectsIsNotWaitedFor) {
  const Seen seen = run_with({.effect = ToolEffect::kPure, .quick = true});
  EXPECT_FALSE(seen.intent_before);
  ASSERT_EQ(seen.appends.size(), 3U);
  const auto& both = seen.appends[1];
  EXPECT_TRUE(holds(both, EventKind::kModelCallEnded));
  EXPECT_TRUE(holds(both, EventKind::kToolCallStarted));
  EXPECT_TRUE(holds(both, EventKind::kToolCallEnded));
  EXPECT_TRUE(holds(both, EventKind::kModelCallStarted));
}

TEST(JournalAppends, TheIntentOfAToolWithEffectsIsWrittenBeforeItRuns) {
  for (const ToolEffect effect : {ToolEffect::kExternal, ToolEffect::kIdempotent}) {
    for (const bool quick : {true, false}) {
      const Seen seen = run_with({.effect = effect, .quick = quick});
      EXPECT_TRUE(seen.intent_before);
      EXPECT_EQ(seen.appends.size(), 4U);
    }
  }
  EXPECT_TRUE(run_with({.effect = ToolEffect::kPure, .quick = false}).intent_before);
}

TEST(JournalAppends, AHarmlessCallBesideOneWithEffectsRunsOnce) {
  auto store = std::make_shared<WatchedStore>();
  const Count looked = count(), sent = count();
  Agent one = agent("one");
  one.tools = {counting("look", looked, {.effect = ToolEffect::kPure, .quick = true}, "seen"),
               counting("send", sent, {.effect = ToolEffect::kExternal}, "sent")};
  RunOptions options;
  options.model = script({says_and_calls("", {call("c1", "send"), call("c2", "look")}),
                          testing::says("done")});
  options.store = store;
  const RunResult result = run(team({one}), "go", std::move(options));
  EXPECT_TRUE(result.done()) << result.reason;
  EXPECT_EQ(outputs(result.new_items), (std::vector<std::string>{"sent", "seen"}));
  EXPECT_EQ(*looked, 1);
  EXPECT_EQ(*sent, 1);
  // What was written folds to the same end.
  RunOptions again;
  again.model = script({});
  again.store = store;
  const RunResult resumed = resume(team({one}), result.run, std::move(again));
  EXPECT_TRUE(resumed.done()) << resumed.reason;
  EXPECT_EQ(outputs(resumed.new_items), (std::vector<std::string>{"sent", "seen"}));
  EXPECT_EQ(*looked, 1);
}

}  // namespace
}  // namespace cadre::rules
