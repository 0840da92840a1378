// Rules 33, 38 and 40, and deliberate breaks: sessions, streams, traces.
#include <deque>
#include <mutex>

#include "agents/rules_test_kit.h"
#include "store/forwarding_store.h"

namespace cadre::rules {
namespace {

TEST(Rule33, ASessionGetsOnlyWhatIsNewACallBeforeItsResult) {
  Agent a = agent("a");
  a.tools = {counting("t", count())};
  const auto session = make_memory_session("s");
  for (int i = 0; i < 3; ++i) {
    const auto model = script({calls("t", "{}", "c"), says("done")});
    ASSERT_EQ(run(team({a}), "go", {.model = model, .session = session}).output, "done");
    const auto kept = lines(*session);
    ASSERT_EQ(kept.size(), 4U * static_cast<unsigned>(i + 1));
    EXPECT_EQ(Lines(kept.end() - 4, kept.end()),
              (Lines{"user:go", "call:t", "result:done", "assistant:done"}));
  }
}

TEST(Rule33, NoMoreOfTheSessionIsReadThanAskedFor) {
  const auto session = make_memory_session("s");
  const auto model = script({says("1"), says("2"), says("3")});
  for (int i = 0; i < 3; ++i)
    (void)run(team({agent("a")}), "go", {.model = model, .session = session, .session_items = 2});
  EXPECT_EQ(lines(model->requests()[2].items), (Lines{"user:go", "assistant:2", "user:go"}));
  EXPECT_EQ(lines(*session).size(), 6U);
}

TEST(Break5, TheSessionIsSavedAsItemsSettle) {
  Agent a = agent("a");
  const auto open = std::make_shared<std::atomic<bool>>(false);
  a.tools = {counting("t", count()),
             make_tool<NoArgs>("slow", "Waits.", [open](const NoArgs&, const RunContext&) {
               while (!*open) std::this_thread::sleep_for(milliseconds(1));
               return "late";
             })};
  const auto session = make_memory_session("s");
  Runtime runtime;
  const RunHandle handle = runtime.start(
      team({a}), "hi",
      {.model = script({calls("t", "{}", "1"), calls("slow", "{}", "2"), says("done")}),
       .session = session});
  const Lines so_far{"user:hi", "call:t", "result:done"};
  EXPECT_TRUE(eventually([&] { return lines(*session) == so_far; }));  // the run is still going
  EXPECT_EQ(handle.wait(milliseconds(1)).status, RunStatus::kRunning);
  *open = true;
  EXPECT_EQ(handle.wait().output, "done");
  EXPECT_EQ(lines(*session).size(), 6U);
}

// A journal whose writes are for good when the test says so.
class HeldStore final : public Store {
 public:
  void append_async(Append append, Ack ack) override {
    const std::lock_guard lock(mutex_);
    held_.emplace_back(std::move(append), std::move(ack));
  }
  bool let_one_through() {
    std::unique_lock lock(mutex_);
    if (held_.empty()) return false;
    auto [append, ack] = std::move(held_.front());
    held_.pop_front();
    lock.unlock();
    store_->append_async(std::move(append), std::move(ack));
    return true;
  }
  Result<Journal> read(const std::string& run, std::int64_t from) override {
    return store_->read(run, from);
  }
  Result<RunInfo> info(const std::string& run) override { return store_->info(run); }
  Result<std::vector<RunInfo>> list_runs() override { return store_->list_runs(); }
  Result<std::string> get_blob(const std::string& name) override { return store_->get_blob(name); }

 private:
  std::mutex mutex_;
  std::deque<std::pair<Append, Ack>> held_;
  std::unique_ptr<Store> store_ = make_memory_store();
};

TEST(Break5, TheSessionHasNothingThatTheJournalMayLose) {
  const auto store = std::make_shared<HeldStore>();
  const auto session = make_memory_session("s");
  const auto model = script({says("yes")});
  Runtime runtime;
  const RunHandle handle =
      runtime.start(team({agent("a")}), "hi", {.model = model, .session = session, .store = store});
  ASSERT_TRUE(eventually([&] { return store->let_one_through(); }));
  ASSERT_TRUE(eventually([&] { return model->requests().size() == 1; }));
  std::this_thread::sleep_for(milliseconds(5));
  EXPECT_EQ(lines(*session), Lines{}) << "the question stands in the journal";
  ASSERT_TRUE(eventually([&] { return store->let_one_through(); }));
  EXPECT_EQ(handle.wait(milliseconds(2000)).output, "yes");
  EXPECT_EQ(lines(*session), (Lines{"user:hi", "assistant:yes"}));
}

struct Heard {
  Lines words;
  std::string streamed;
  std::function<void(const RunEvent&)> ear() {
    return [this](const RunEvent& event) {
      using Kind = RunEvent::Kind;
      if (event.kind == Kind::kTextDelta) streamed += event.text;
      if (event.kind == Kind::kToolStarted) words.push_back("tool:" + std::string(event.tool));
      if (event.kind == Kind::kHandoffAccepted)
        words.push_back("handoff:" + std::string(event.tool));
      if (event.kind == Kind::kAgentStarted) words.push_back("agent:" + std::string(event.agent));
      if (event.kind == Kind::kRunEnded) words.push_back("end");
    };
  }
};

TEST(Rule38, AWatchedRunIsTheSameRun) {
  Agent a = agent("a"), b = agent("b");
  a.tools = {counting("t", count())};
  a.handoffs = {{.target = "b"}};
  Heard heard;
  RunResult results[2];
  Lines kept[2];
  for (const bool watched : {false, true}) {
    const auto session = make_memory_session("s");
    RunOptions options{.model = script({calls("t", "{}", "1"),
                                        calls("transfer_to_b", R"({"task": "x"})", "2"),
                                        says("bye")}),
                       .session = session};
    if (watched) options.on_event = heard.ear();
    results[watched] = run(team({a, b}), "hi", options);
    kept[watched] = lines(*session);
  }
  EXPECT_EQ(results[0].output, results[1].output);
  EXPECT_EQ(results[0].agent, results[1].agent);
  EXPECT_EQ(lines(results[0].new_items), lines(results[1].new_items));
  EXPECT_EQ(results[0].usage, results[1].usage);
  EXPECT_EQ(kept[0], kept[1]);
  EXPECT_EQ(heard.streamed, "bye");
  EXPECT_EQ(heard.words, (Lines{"agent:a", "tool:t", "handoff:transfer_to_b", "agent:b", "end"}));
}

TEST(Rule38, ASoftCancelFinishesTheTurnAndSavesIt) {
  Agent a = agent("a");
  const Count begun = count();
  a.tools = {make_tool<NoArgs>("t", "Takes long.", [begun](const NoArgs&, const RunContext&) {
    ++*begun;
    std::this_thread::sleep_for(milliseconds(40));
    return "whole";
  })};
  const auto session = make_memory_session("s");
  Runtime runtime;
  const RunHandle handle =
      runtime.start(team({a}), "hi",
                    {.model = script({calls("t", "{}", "1"), says("never")}), .session = session});
  ASSERT_TRUE(eventually([&] { return *begun == 1; }));
  handle.cancel(Cancel::kAfterTurn);
  EXPECT_EQ(handle.wait().status, RunStatus::kCancelled);
  EXPECT_EQ(lines(*session), (Lines{"user:hi", "call:t", "result:whole"}));
}

TEST(Rule38, CancelIsHeardThoughTheLoopNeverRestsAndFreesWhoWaits) {
  Agent a = agent("a");
  a.tools = {counting("t", count(), {.quick = true})};
  const auto model = std::make_shared<ScriptedModel>(
      [](const SeenRequest&) -> Result<ModelReply> { return calls("t", "{}", ""); });
  model->keep_requests(false);
  LoopLimits limits;
  limits.turns_max = 0;
  limits.repeat_calls = 0;
  Runtime runtime;
  const RunHandle handle = runtime.start(team({a}), "hi", {.model = model, .limits = limits});
  std::this_thread::sleep_for(milliseconds(5));
  handle.cancel();
  EXPECT_EQ(handle.wait(milliseconds(5000)).status, RunStatus::kCancelled);
}

TEST(Rule40, OneRunIsOneTraceAlsoOverAResume) {
  Agent a = agent("a");
  a.tools = {counting("t", count(), {.approval = Approval::kAlways})};
  const std::shared_ptr<Store> store = make_memory_store();
  const RunOptions options{.model = script({calls("t", "{}", "1"), says("done")}), .store = store};
  const AgentTeam made = team({a});
  const RunResult waits = run(made, "hi", options);
  Runtime runtime;
  const RunHandle handle = runtime.resume(made, waits.run, options);
  (void)handle.wait();
  ASSERT_TRUE(handle.approve("1"));
  ASSERT_EQ(handle.wait().output, "done");
  EXPECT_EQ(events_of(*store, waits.run, EventKind::kRunStarted).size(), 1U);
  EXPECT_EQ(events_of(*store, waits.run, EventKind::kRunEnded).size(), 1U);
  EXPECT_EQ(events_of(*store, waits.run, EventKind::kAgentStarted).size(), 1U);
  std::int64_t seq = 0;
  for (const Event& event : events_of(*store, waits.run)) {
    EXPECT_EQ(event.seq, ++seq);
    EXPECT_LT(event.parent, event.seq);
    EXPECT_TRUE(event.parent > 0 || event.kind == EventKind::kRunStarted) << seq;
  }
  EXPECT_EQ(store->info(waits.run)->status, "done");
}

TEST(Rule40, ASubscriberThatThrowsHidesNothing) {
  const std::shared_ptr<Store> store = make_memory_store();
  RunOptions options{.model = script({says("hello")}), .store = store};
  options.on_event = [](const RunEvent&) { throw std::runtime_error("mine"); };
  const RunResult result = run(team({agent("a")}), "hi", options);
  EXPECT_EQ(result.output, "hello") << result.reason;
  EXPECT_EQ(events_of(*store, result.run, EventKind::kRunEnded).size(), 1U);
}

// A store whose disk is slow: runs wait for it, nothing is dropped.
class SlowStore final : public ForwardingStore {
 public:
  SlowStore() : ForwardingStore(make_memory_store()) {}
  void append_async(Append append, Ack ack) override {
    std::this_thread::sleep_for(milliseconds(2));
    ForwardingStore::append_async(std::move(append), std::move(ack));
  }
};

TEST(Break3, TheLocalTraceNeverDrops) {
  Agent a = agent("a");
  const Count made = count();
  a.tools = {counting("t", made)};
  std::vector<ToolCallItem> asked;
  for (int i = 0; i < 60; ++i) asked.push_back(call("c" + std::to_string(i), "t"));
  const auto store = std::make_shared<SlowStore>();
  const RunResult result =
      run(team({a}), "hi", {.model = script({calls(asked), says("done")}), .store = store});
  ASSERT_EQ(result.output, "done") << result.reason;
  EXPECT_EQ(events_of(*store, result.run, EventKind::kToolCallStarted).size(), 60U);
  EXPECT_EQ(events_of(*store, result.run, EventKind::kToolCallEnded).size(), 60U);
}

}  // namespace
}  // namespace cadre::rules
