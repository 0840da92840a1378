// Options, sessions and functions of users that make no sense or fail: a clear word at once, and
// nothing hangs, crashes or is lost.
#include <future>

#include "agents/rules_test_kit.h"
#include "store/forwarding_store.h"

namespace cadre::rules {
namespace {

RunResult run_with(const std::function<void(RunOptions&)>& change) {
  RunOptions options{.model = script({says("done")})};
  change(options);
  return run(team({agent("a")}), "hi", options);
}

TEST(BadOptions, WhatIsBelowZeroIsSaidAtOnce) {
  using Change = std::function<void(RunOptions&)>;
  const std::pair<std::string, Change> all[] = {
      {"turns_max", [](RunOptions& options) { options.limits.turns_max = -1; }},
      {"parallel_tools", [](RunOptions& options) { options.limits.parallel_tools = -1; }},
      {"repeat_calls", [](RunOptions& options) { options.limits.repeat_calls = -2; }},
      {"deadline", [](RunOptions& options) { options.deadline = milliseconds(-1); }},
      {"tokens_per_call", [](RunOptions& options) { options.tokens_per_call = -5; }}};
  for (const auto& [name, change] : all) {
    const RunResult result = run_with(change);
    EXPECT_EQ(result.status, RunStatus::kNotStarted) << name;
    ASSERT_TRUE(result.error) << name;
    EXPECT_EQ(result.error->code, ErrorCode::kInvalidInput);
    EXPECT_NE(result.reason.find(name), std::string::npos) << result.reason;
  }
  Agent a = agent("a");
  a.tools = {counting("t", count(), {.timeout = milliseconds(-1)})};
  EXPECT_NE(make_team({a}).error().message.find("a timeout below zero"), std::string::npos);
}

TEST(BadOptions, WhatIsLongerThanTheClockIsLong) {
  Agent a = agent("a");
  a.tools = {counting("t", count(), {.timeout = milliseconds::max()})};
  Runtime runtime;
  const RunHandle handle = runtime.start(
      team({a}), "hi",
      {.model = script({calls("t", "{}", "1"), says("done")}), .deadline = milliseconds::max()});
  EXPECT_EQ(handle.wait(milliseconds::max()).output, "done") << handle.wait().reason;
}

TEST(BadOptions, ARuntimeOfNoWorkersHasOne) {
  for (const int workers : {0, -1}) {
    Agent a = agent("a");
    a.tools = {counting("t", count())};
    Runtime runtime({.workers = workers});
    const RunHandle handle = runtime.start(
        team({a}), "hi",
        {.model = script({calls("t", "{}", "1"), says("done")}), .deadline = milliseconds(5000)});
    EXPECT_EQ(handle.wait().output, "done") << handle.wait().reason;
  }
}

TEST(BadOptions, TextsThatAreNotUtf8) {
  EXPECT_EQ(run_with([](RunOptions& options) { options.id = "\xff"; }).status,
            RunStatus::kNotStarted);
  EXPECT_EQ(run_with([](RunOptions& options) { options.title = "\xff"; }).status,
            RunStatus::kNotStarted);
  Agent named = agent("a\xff"), told = agent("a"), described = agent("a"), dynamic = agent("a");
  told.instructions = "\xff";
  described.description = "\xff";
  for (const Agent& bad : {named, told, described})
    EXPECT_NE(make_team({bad}).error().message.find("not valid UTF-8"), std::string::npos);
  dynamic.tools = {counting("t", count())};
  dynamic.tools[0].description = "\xff";
  EXPECT_NE(make_team({dynamic}).error().message.find("not valid UTF-8"), std::string::npos);
  dynamic.tools = {};
  dynamic.dynamic_instructions = [](const RunContext&) { return std::string("be \xff nice"); };
  const auto model = script({says("done")});
  EXPECT_EQ(run(team({dynamic}), "hi", {.model = model}).output, "done");
  EXPECT_EQ(model->requests()[0].instructions, "be \xEF\xBF\xBD nice");
}

TEST(BadUserCode, OnEndThatThrowsHidesNothing) {
  for (const bool own_thread : {true, false}) {
    RunOptions options{.model = script({says("done")})};
    options.on_end = [](const RunResult&) { throw std::runtime_error("no screen"); };
    Runtime runtime;
    const RunResult result = own_thread ? runtime.start(team({agent("a")}), "hi", options).wait()
                                        : run(team({agent("a")}), "hi", options);
    EXPECT_EQ(result.output, "done");
  }
}

// A session of a user's own making that throws where it is told to.
struct ThrowingSession final : Session {
  std::string throws_in, name = "s";
  int held = 0;
  void maybe(const std::string& function) const {
    if (function == throws_in) throw std::runtime_error(function + " is broken");
  }
  const std::string& id() const override { return name; }
  Result<std::vector<ItemPtr>> load(std::size_t, std::vector<std::string>&) override {
    maybe("load");
    return std::vector<ItemPtr>();
  }
  Result<void> add(const std::string&, std::span<const ItemPtr>) override {
    maybe("add");
    return {};
  }
  Result<ItemPtr> pop() override { return fail(ErrorCode::kNotFound, "empty"); }
  Result<void> clear() override { return {}; }
  Result<void> acquire(const std::string&) override {
    maybe("acquire");
    ++held;
    return {};
  }
  void release(const std::string&) override {
    --held;
    maybe("release");
  }
};

TEST(BadSession, ThatThrowsFailsTheRunAndNotTheProcess) {
  for (const std::string where : {"acquire", "load", "add", "release"}) {
    const auto session = std::make_shared<ThrowingSession>();
    session->throws_in = where;
    const RunResult result =
        run(team({agent("a")}), "hi", {.model = script({says("done")}), .session = session});
    EXPECT_EQ(session->held, 0) << where;
    if (where == "release") {
      EXPECT_EQ(result.output, "done");
      continue;
    }
    EXPECT_EQ(result.status, where == "add" ? RunStatus::kInternal : RunStatus::kNotStarted);
    EXPECT_NE(result.reason.find(where + " is broken"), std::string::npos) << result.reason;
  }
}

// ---- resume ------------------------------------------------------------------------------------

struct WaitsInAJournal {
  std::shared_ptr<Store> store = make_memory_store();
  std::vector<Agent> agents{agent("a"), agent("b")};
  RunResult waits;

  WaitsInAJournal() {
    agents[0].tools = {counting("t", count(), {.approval = Approval::kAlways})};
    agents[0].handoffs = {{.target = "b"}};
    waits = run(team(agents), "hi", {.model = script({calls("t", "{}", "1")}), .store = store});
    EXPECT_EQ(waits.approvals.size(), 1U);
  }
};

// A store that takes its time, in order.
class SlowStore final : public ForwardingStore {
 public:
  explicit SlowStore(std::shared_ptr<Store> inner) : ForwardingStore(std::move(inner)) {}
  void append_async(Append append, Ack ack) override {
    const std::lock_guard lock(mutex_);
    ++given;
    last_ =
        std::async(std::launch::async, [this, before = std::move(last_), append = std::move(append),
                                        ack = std::move(ack)]() mutable {
          if (before.valid()) before.wait();
          std::this_thread::sleep_for(milliseconds(20));
          ForwardingStore::append_async(std::move(append), std::move(ack));
        });
  }
  std::atomic<int> given{0};

 private:
  std::mutex mutex_;
  std::future<void> last_;
};

TEST(BadResume, WhileTheJournalStillWritesWhatTheLastRuntimeLeft) {
  const auto store = std::make_shared<SlowStore>(make_memory_store());
  Agent a = agent("a");
  const Count made = count();
  a.tools = {counting("t", made, {.effect = ToolEffect::kPure})};
  const auto built = team({a});
  const auto model = std::make_shared<ScriptedModel>([](const SeenRequest& seen) {
    return Result<ModelReply>(seen.items.size() == 1 ? calls("t", "{}", "1") : says("done"));
  });
  for (int appends = 1; appends <= 3; ++appends) {
    const int before = store->given;
    std::string id;
    {
      Runtime runtime;
      id = runtime.start(built, "hi", {.model = model, .store = store}).id();
      ASSERT_TRUE(eventually([&] { return store->given - before >= appends; }));
    }
    const RunResult result = resume(built, id, {.model = model, .store = store});
    EXPECT_EQ(result.output, "done") << appends << ": " << result.reason;
  }
}

TEST(BadResume, WithoutAModel) {
  const WaitsInAJournal kept;
  const RunResult result = resume(team(kept.agents), kept.waits.run, {.store = kept.store});
  EXPECT_EQ(result.status, RunStatus::kNotStarted);
  EXPECT_NE(result.reason.find("has no model"), std::string::npos) << result.reason;
}

TEST(BadResume, WithAnotherTeam) {
  const WaitsInAJournal kept;
  const std::vector<Event> before = events_of(*kept.store, kept.waits.run);
  const RunOptions options{.model = script({says("done")}), .store = kept.store};
  const RunResult turned = resume(team({kept.agents[1], kept.agents[0]}), kept.waits.run, options);
  EXPECT_EQ(turned.status, RunStatus::kNotStarted);
  EXPECT_NE(turned.reason.find("agent 1 of the team is 'b', and was \"a\""), std::string::npos)
      << turned.reason;
  Agent alone = agent("a");
  const RunResult less = resume(team({alone}), kept.waits.run, options);
  EXPECT_NE(less.reason.find("agent 2 of the team is missing"), std::string::npos) << less.reason;
  EXPECT_EQ(events_of(*kept.store, kept.waits.run).size(), before.size());
  const RunResult more =
      resume(team({kept.agents[0], kept.agents[1], agent("c")}), kept.waits.run, options);
  EXPECT_EQ(more.approvals.size(), 1U) << more.reason;
}

}  // namespace
}  // namespace cadre::rules
