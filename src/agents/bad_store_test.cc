// A store of a user's own making that throws: it ends the run, and nothing else.
#include <stdexcept>

#include "agents/rules_test_kit.h"
#include "store/forwarding_store.h"

namespace cadre::rules {
namespace {

// Throws in one of its functions while it is broken; appends from the `after`-th on.
class ThrowingStore final : public ForwardingStore {
 public:
  ThrowingStore() : ForwardingStore(make_memory_store()) {}

  void append_async(Append append, Ack ack) override {
    const int number = appends++;
    if (number >= after) maybe("append");
    ForwardingStore::append_async(std::move(append), std::move(ack));
    if (number >= after) maybe("append, when it is done");
  }
  Result<Journal> read(const std::string& run, std::int64_t from_seq) override {
    maybe("read");
    return ForwardingStore::read(run, from_seq);
  }
  Result<RunInfo> info(const std::string& run) override {
    maybe("info");
    return ForwardingStore::info(run);
  }
  Result<std::string> get_blob(const std::string& sha256) override {
    maybe("get_blob");
    return ForwardingStore::get_blob(sha256);
  }
  std::optional<std::int64_t> version() override {
    maybe("version");
    return ForwardingStore::version();
  }

  void broken(std::string in, int from = 0) {
    const std::lock_guard lock(mutex_);
    throws_in_ = std::move(in);
    after = from;
    appends = 0;
  }

  std::atomic<int> thrown = 0;
  std::atomic<int> appends = 0, after = 0;

 private:
  void maybe(const std::string& function) {
    const std::lock_guard lock(mutex_);
    if (function != throws_in_) return;
    ++thrown;
    throw std::runtime_error(function + " is broken");
  }
  std::mutex mutex_;
  std::string throws_in_;
};

struct Asking {
  std::shared_ptr<ThrowingStore> store = std::make_shared<ThrowingStore>();
  std::shared_ptr<Session> session = make_memory_session("s");
  Count paid = count();
  AgentTeam made = [this] {
    Agent a = agent("a");
    a.tools = {counting("look", count(), {}, std::string(20'000, 'x')),
               counting("pay", paid, {.approval = Approval::kAlways})};
    return team({a});
  }();
  RunOptions options() const {
    const auto model = std::make_shared<ScriptedModel>([](const SeenRequest& seen) {
      const std::size_t results = outputs(seen.items).size();
      return Result<ModelReply>(results == 0   ? calls("look", "{}", "1")
                                : results == 1 ? calls("pay", "{}", "2")
                                               : says("done"));
    });
    return {.model = model, .session = session, .store = store, .id = "r"};
  }
};

TEST(BadStore, ThatThrowsWhileTheRunIsAtWorkEndsItAndTheRestIsKept) {
  for (int good = 0; good < 4; ++good) {
    SCOPED_TRACE(good);
    const Asking asking;
    asking.store->broken("append", good);
    const RunResult result = run(asking.made, "hi", asking.options());
    EXPECT_EQ(asking.store->thrown, 1);
    EXPECT_EQ(result.status, RunStatus::kInternal);
    EXPECT_NE(result.reason.find("the journal could not be written: the store threw: append is "
                                 "broken"),
              std::string::npos)
        << result.reason;
    EXPECT_TRUE(asking.session->acquire("next")) << "the session is free again";
    asking.session->release("next");
    if (good == 0) continue;
    asking.store->broken("");  // mended: the run goes on with what the journal has
    Runtime runtime;
    const RunHandle handle = runtime.resume(asking.made, "r", asking.options());
    ASSERT_EQ(handle.wait().approvals.size(), 1U) << handle.wait().reason;
    ASSERT_TRUE(handle.approve("2"));
    EXPECT_EQ(handle.wait().output, "done") << handle.wait().reason;
    EXPECT_EQ(*asking.paid, 1);
  }
}

TEST(BadStore, ThatHasKeptItAndThrowsIsBelieved) {
  const Asking asking;
  asking.store->broken("append, when it is done");
  Runtime runtime;
  const RunHandle handle = runtime.start(asking.made, "hi", asking.options());
  ASSERT_EQ(handle.wait().approvals.size(), 1U) << handle.wait().reason;
  ASSERT_TRUE(handle.approve("2"));
  EXPECT_EQ(handle.wait().output, "done") << handle.wait().reason;
}

TEST(BadStore, ThatThrowsWhenItIsReadKeepsTheRunFromResuming) {
  for (const std::string where : {"append", "info", "read", "get_blob"}) {
    const Asking asking;
    ASSERT_EQ(run(asking.made, "hi", asking.options()).approvals.size(), 1U);
    const Lines before = lines(*asking.session);
    asking.store->broken(where);
    const RunResult result = resume(asking.made, "r", asking.options());
    EXPECT_EQ(result.status, RunStatus::kNotStarted) << where;
    EXPECT_NE(result.reason.find("the store threw: " + where + " is broken"), std::string::npos)
        << result.reason;
    EXPECT_EQ(lines(*asking.session), before);
    EXPECT_TRUE(asking.session->acquire("next")) << where;
  }
}

// Decisions of other processes are looked for while it waits.
TEST(BadStore, ThatThrowsWhileTheRunWaitsIsAskedAgain) {
  for (const std::string where : {"version", "read"}) {
    const Asking asking;
    Runtime runtime;
    const RunHandle handle = runtime.start(asking.made, "hi", asking.options());
    asking.store->broken(where);
    ASSERT_EQ(handle.wait().approvals.size(), 1U);
    EXPECT_TRUE(eventually([&] { return asking.store->thrown > 0; }));
    asking.store->broken("");
    ASSERT_TRUE(handle.approve("2"));
    EXPECT_EQ(handle.wait().output, "done") << handle.wait().reason;
  }
}

}  // namespace
}  // namespace cadre::rules
