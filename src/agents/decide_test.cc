// Decisions that another process writes into the journal of a run that waits.
#include "agents/rules_test_kit.h"
#include "store/forwarding_store.h"

namespace cadre::rules {
namespace {

struct Office {
  std::shared_ptr<Store> store = make_memory_store();
  Count paid = count();
  SystemClock clock;
  AgentTeam built = [this] {
    Agent lead = agent("lead"), clerk = agent("clerk");
    lead.tools = {ask_user_tool(), agent_tool("clerk", "Pays.")};
    clerk.tools = {counting("pay", paid, {.approval = Approval::kAlways})};
    lead.handoffs = {{.target = "clerk", .approval = Approval::kAlways}};
    return team({lead, clerk});
  }();
  std::shared_ptr<ScriptedModel> model =
      std::make_shared<ScriptedModel>([](const SeenRequest& seen) -> Result<ModelReply> {
        const std::size_t results = outputs(seen.items).size();
        if (seen.instructions == "clerk")
          return results == 0 ? calls("pay", "{}", "p") : says("paid");
        if (results == 0) {
          return calls({call("q", "ask_user", R"({"question": "how much?"})"),
                        call("c", "clerk", R"({"input": "pay"})")});
        }
        return says("done");
      });
  RunOptions options() { return {.model = model, .store = store}; }
  std::string begin() {
    const RunResult waits = run(built, "pay", options());
    EXPECT_EQ(waits.approvals.size(), 2U) << waits.reason;
    return waits.run;
  }
  Result<DecidedCall> decide(const std::string& run, CallDecision decision) {
    return decide_call(*store, clock, run, decision);
  }
};

TEST(DecideCall, WhatIsDecidedElsewhereIsGoneOnWith) {
  Office office;
  const std::string id = office.begin();
  const auto waits = waiting_calls(*office.store, id).value();
  ASSERT_EQ(waits.size(), 2U);
  EXPECT_EQ(waits[0].key, "a1");
  EXPECT_TRUE(waits[0].question);
  EXPECT_EQ(waits[1].key, "a2");
  EXPECT_EQ(waits[1].tool, "pay");
  EXPECT_EQ(waits[1].agent, "clerk");
  const auto first = office.decide(id, {.call = "p", .approved = true, .always = true});
  ASSERT_TRUE(first) << first.error().describe();
  EXPECT_EQ(first->still_waiting, 1);
  EXPECT_EQ(office.store->info(id)->status, "waiting");
  EXPECT_EQ(*office.paid, 0) << "who decides does nothing";
  ASSERT_TRUE(office.decide(id, {.answers = true, .message = "20 euros"}));
  EXPECT_EQ(office.store->info(id)->status, "interrupted");
  EXPECT_TRUE(waiting_calls(*office.store, id)->empty());
  const RunResult result = resume(office.built, id, office.options());
  EXPECT_EQ(result.output, "done") << result.reason;
  EXPECT_EQ(*office.paid, 1);
  EXPECT_EQ(outputs(result.new_items), (Lines{"20 euros", "paid"}));
}

TEST(DecideCall, ARejectionIsReadByTheAgentAndSaysWho) {
  Office office;
  const std::string id = office.begin();
  ASSERT_TRUE(office.decide(id, {.call = "a2", .message = "too much", .by = "Ada"}));
  ASSERT_TRUE(office.decide(id, {.call = "a1", .message = "ask her"}));
  const RunResult result = resume(office.built, id, office.options());
  EXPECT_EQ(result.output, "done") << result.reason;
  EXPECT_EQ(*office.paid, 0);
  EXPECT_EQ(outputs(result.new_items)[0], "ask her");
  const Event decided = events_of(*office.store, id, EventKind::kApprovalDecided).at(0);
  EXPECT_EQ(json::get_string(decided.body, "by"), "Ada");
}

TEST(DecideCall, WrongDecisionsAreSaidAndWriteNothing) {
  Office office;
  const std::string id = office.begin();
  const std::size_t before = events_of(*office.store, id).size();
  const auto code = [&](const std::string& run, CallDecision decision) {
    const auto decided = office.decide(run, std::move(decision));
    EXPECT_FALSE(decided);
    return decided ? ErrorCode::kInternal : decided.error().code;
  };
  EXPECT_EQ(code("nobody", {.approved = true}), ErrorCode::kNotFound);
  EXPECT_EQ(code(id, {.call = "a9", .approved = true}), ErrorCode::kNotFound);
  EXPECT_EQ(code(id, {.approved = true}), ErrorCode::kInvalidInput) << "which of the two?";
  EXPECT_EQ(code(id, {.call = "a1", .approved = true}), ErrorCode::kInvalidInput);
  EXPECT_EQ(code(id, {.call = "a2", .answers = true, .message = "x"}), ErrorCode::kInvalidInput);
  EXPECT_EQ(code(id, {.call = "a2", .message = "\xff"}), ErrorCode::kInvalidInput);
  EXPECT_EQ(events_of(*office.store, id).size(), before);
  ASSERT_TRUE(office.decide(id, {.call = "a2", .approved = true}));
  EXPECT_EQ(code(id, {.call = "a2", .message = "no"}), ErrorCode::kConflict);
  ASSERT_TRUE(office.decide(id, {.call = "a1", .answers = true, .message = "20"}));
  EXPECT_EQ(code(id, {.approved = true}), ErrorCode::kConflict);
  ASSERT_EQ(resume(office.built, id, office.options()).output, "done");
  // For a call of a run that has ended.
  EXPECT_EQ(code(id, {.call = "a2", .approved = true}), ErrorCode::kConflict);
  EXPECT_EQ(*office.paid, 1);
}

TEST(DecideCall, WhatARunGaveUpWaitsNoMore) {
  Office office;
  Runtime runtime;
  const RunHandle handle = runtime.start(office.built, "pay", office.options());
  ASSERT_EQ(handle.wait().approvals.size(), 2U);
  handle.cancel();
  EXPECT_EQ(handle.wait().status, RunStatus::kCancelled);
  const auto decided = office.decide(handle.id(), {.call = "a2", .approved = true});
  ASSERT_FALSE(decided);
  EXPECT_EQ(decided.error().code, ErrorCode::kConflict);
  EXPECT_TRUE(waiting_calls(*office.store, handle.id())->empty());
}

// Counts how often it is asked whether anything was written.
class AskedStore final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  Result<Journal> read(const std::string& run, std::int64_t from) override {
    ++reads;
    return ForwardingStore::read(run, from);
  }
  std::optional<std::int64_t> version() override {
    ++asked;
    return blind ? 1 : ForwardingStore::version();
  }
  std::atomic<int> asked = 0, reads = 0;
  std::atomic<bool> blind = false;  // says that nothing is ever written
};

TEST(DecideCall, ARunThatIsStillAtWorkNoticesAndNothingIsLost) {
  Office office;
  const auto store = std::make_shared<AskedStore>(office.store);
  store->blind = true;
  Runtime runtime;
  RunOptions options = office.options();
  options.store = store;
  const RunHandle handle = runtime.start(office.built, "pay", options);
  ASSERT_EQ(handle.wait().approvals.size(), 2U);
  ASSERT_TRUE(eventually([&] { return store->reads > 0; }));
  ASSERT_TRUE(office.decide(handle.id(), {.call = "a2", .approved = true}));
  ASSERT_TRUE(handle.answer("q", "20"));  // this process knows nothing of that
  const RunResult fenced = handle.wait();
  EXPECT_EQ(fenced.status, RunStatus::kInternal);
  EXPECT_NE(fenced.reason.find("another process has written"), std::string::npos)
      << fenced.reason;
  EXPECT_EQ(*office.paid, 0);
  const RunHandle again = runtime.resume(office.built, handle.id(), office.options());
  ASSERT_EQ(again.wait().approvals.size(), 1U) << again.wait().reason;
  ASSERT_TRUE(again.answer("q", "20"));
  EXPECT_EQ(again.wait().output, "done");
  EXPECT_EQ(*office.paid, 1);
}

// ---- by a program that is still there ---------------------------------------------------------

TEST(DecidedElsewhere, AProgramThatWaitsGoesOnByItself) {
  Office office;
  Runtime runtime;
  std::vector<std::string> told;
  RunOptions options = office.options();
  options.deadline = milliseconds(400);  // waiting takes nothing from it
  options.on_event = [&told](const RunEvent& event) {
    if (event.kind == RunEvent::Kind::kApprovalDecided) told.emplace_back(event.call_id);
  };
  const RunHandle handle = runtime.start(office.built, "pay", options);
  ASSERT_EQ(handle.wait().approvals.size(), 2U);
  EXPECT_EQ(handle.wait_end(milliseconds(500)).approvals.size(), 2U) << "still waits";
  ASSERT_TRUE(office.decide(handle.id(), {.call = "p", .approved = true}));
  EXPECT_TRUE(eventually([&] { return *office.paid == 1; }));
  EXPECT_TRUE(eventually([&] {
    const RunResult now = handle.wait(milliseconds(0));
    return now.approvals.size() == 1 && now.approvals[0].call_id == "q";
  }));
  EXPECT_EQ(office.store->info(handle.id())->status, "waiting");
  const auto before = std::chrono::steady_clock::now();
  ASSERT_TRUE(office.decide(handle.id(), {.answers = true, .message = "20 euros"}));
  const RunResult result = handle.wait_end(milliseconds(5000));
  EXPECT_LT(std::chrono::steady_clock::now() - before, milliseconds(2000));  // 0.2 s at rest
  EXPECT_EQ(result.output, "done") << result.reason;
  EXPECT_EQ(outputs(result.new_items), (Lines{"20 euros", "paid"}));
  EXPECT_EQ(told, (Lines{"p", "q"}));
  EXPECT_EQ(office.store->info(handle.id())->status, "done");
  // Its journal reads like any other.
  const RunResult again = resume(office.built, handle.id(), office.options());
  EXPECT_EQ(again.output, "done") << again.reason;
  EXPECT_EQ(*office.paid, 1);
}

TEST(DecidedElsewhere, ItsOwnWordStillCountsAndAlwaysLasts) {
  const auto done = count();
  Agent lead = agent("lead");
  lead.tools = {counting("pay", done, {.approval = Approval::kAlways})};
  const auto built = team({lead});
  const auto model = script({calls("pay", "{}", "a"), calls("pay", "{}", "b"), says("done")});
  const std::shared_ptr<Store> store = make_memory_store();
  Runtime runtime;
  const RunHandle first = runtime.start(built, "go", {.model = model, .store = store});
  ASSERT_EQ(first.wait().approvals.size(), 1U);
  SystemClock clock;
  ASSERT_TRUE(decide_call(*store, clock, first.id(), {.approved = true, .always = true}));
  EXPECT_EQ(first.wait_end(milliseconds(5000)).output, "done");
  EXPECT_EQ(*done, 2) << "the second call needs nobody's word";
  const auto again = script({calls("pay", "{}", "a"), says("done")});
  const RunHandle second = runtime.start(built, "go", {.model = again, .store = store});
  ASSERT_EQ(second.wait().approvals.size(), 1U);
  ASSERT_TRUE(second.approve("a"));
  EXPECT_EQ(second.wait_end(milliseconds(5000)).output, "done");
}

TEST(DecidedElsewhere, ARunThatWasResumedElsewhereIsLetGo) {
  Office office;
  Runtime runtime;
  const RunHandle handle = runtime.start(office.built, "pay", office.options());
  ASSERT_EQ(handle.wait().approvals.size(), 2U);
  EXPECT_EQ(resume(office.built, handle.id(), office.options()).approvals.size(), 2U);
  const RunResult result = handle.wait_end(milliseconds(5000));
  EXPECT_EQ(result.status, RunStatus::kInternal);
  EXPECT_NE(result.reason.find("another process has written"), std::string::npos) << result.reason;
}

TEST(DecidedElsewhere, OnlyWhatWaitsIsWatchedAndOnceForAll) {
  Office office;
  const auto store = std::make_shared<AskedStore>(office.store);
  Runtime runtime;
  RunOptions options = office.options();
  options.store = store;
  const auto plain = team({agent("plain")});
  const auto quick = script({says("hi")});
  ASSERT_EQ(runtime.start(plain, "go", {.model = quick, .store = store}).wait().output, "hi");
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_EQ(store->asked, 0);
  std::vector<RunHandle> handles;
  for (int i = 0; i < 20; ++i) handles.push_back(runtime.start(office.built, "pay", options));
  for (const RunHandle& handle : handles) ASSERT_EQ(handle.wait().approvals.size(), 2U);
  std::this_thread::sleep_for(milliseconds(700));
  EXPECT_GT(store->asked, 0);
  EXPECT_LE(store->asked, 8) << "one question for all of them";
  EXPECT_LE(store->reads, 60) << "nobody has written: nothing is read again and again";
  for (const RunHandle& handle : handles) handle.cancel();
  for (const RunHandle& handle : handles) (void)handle.wait_end();
  std::this_thread::sleep_for(milliseconds(300));
  const int asked = store->asked;
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_EQ(store->asked, asked);
}

}  // namespace
}  // namespace cadre::rules
