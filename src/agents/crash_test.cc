// A run that is killed anywhere and resumed ends with the same answer: what has ended never runs
// again, what has effects and was under way is answered as unknown, the rest runs again.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <set>

#include "agents/rules_test_kit.h"
#include "store/sqlite_store.h"

namespace cadre::rules {
namespace {

// Who ran, by call id; in memory, and in a file that a killed process leaves behind.
class Ran {
 public:
  explicit Ran(std::filesystem::path file = {}) : file_(std::move(file)) {}
  void note(std::string_view call_id) {
    const std::lock_guard lock(mutex_);
    ++times_[std::string(call_id)];
    if (!file_.empty()) std::ofstream(file_, std::ios::app) << call_id << "\n";
  }
  int times(const std::string& call_id) {
    const std::lock_guard lock(mutex_);
    return times_[call_id];
  }

 private:
  std::filesystem::path file_;
  std::mutex mutex_;
  std::map<std::string, int> times_;
};

Tool noted(std::string name, ToolEffect effect, std::shared_ptr<Ran> ran, milliseconds takes,
           Approval approval = Approval::kNever) {
  return make_tool<NoArgs>(
      std::move(name), "Is noted.",
      [ran, takes](const NoArgs&, const RunContext& context) {
        ran->note(context.call_id);
        std::this_thread::sleep_for(takes);
        return "did " + std::string(context.call_id);
      },
      {.effect = effect, .approval = approval});
}

// Parallel tools of all kinds, an agent as a tool, a parallel handoff, an approval.
AgentTeam crash_team(const std::shared_ptr<Ran>& ran, milliseconds takes = {}) {
  Agent lead = agent("lead"), b = agent("b"), c = agent("c"), sub = agent("sub");
  const Tool look = noted("look", ToolEffect::kPure, ran, takes);
  const Tool put = noted("put", ToolEffect::kIdempotent, ran, takes);
  const Tool send = noted("send", ToolEffect::kExternal, ran, takes);
  lead.tools = {look, put, send, agent_tool("sub", "looks"),
                noted("pay", ToolEffect::kExternal, ran, takes, Approval::kAlways)};
  lead.handoffs = {{.target = "b"}, {.target = "c"}};
  lead.join = {.kind = JoinRule::Kind::kAll};
  b.tools = {send};
  c.tools = {put};
  sub.tools = {look};
  return team({lead, b, c, sub});
}

const std::map<std::string, ToolEffect> kEffects = {
    {"1", ToolEffect::kPure},        {"2", ToolEffect::kIdempotent},
    {"3", ToolEffect::kExternal},    {"b1", ToolEffect::kExternal},
    {"c1", ToolEffect::kIdempotent}, {"s1", ToolEffect::kPure},
    {"7", ToolEffect::kExternal}};

// Its reply follows from the conversation alone: so a resumed run can be asked again.
std::shared_ptr<ScriptedModel> crash_model() {
  return std::make_shared<ScriptedModel>([](const SeenRequest& seen) -> Result<ModelReply> {
    const std::size_t results = outputs(seen.items).size();
    const bool answered = std::holds_alternative<ToolResultItem>(*seen.items.back());
    if (seen.instructions == "b") return answered ? says("b") : calls("send", "{}", "b1");
    if (seen.instructions == "c") return answered ? says("c") : calls("put", "{}", "c1");
    if (seen.instructions == "sub") return answered ? says("sub") : calls("look", "{}", "s1");
    if (results == 0) {
      return calls({call("1", "look"), call("2", "put"), call("3", "send"),
                    call("4", "sub", R"({"input": "look"})")});
    }
    const std::string task = R"({"task": "part"})";
    if (results == 4)
      return calls({call("5", "transfer_to_b", task), call("6", "transfer_to_c", task)});
    if (results == 6) return calls("pay", "{}", "7");
    return says("all done");
  });
}

RunInfo row_of(const std::string& run) {
  RunInfo info;
  info.run = run;
  return info;
}

// Approves what waits until the run has ended.
RunResult carry_on(const RunHandle& handle) {
  RunResult result = handle.wait();
  while (result.status == RunStatus::kRunning && !result.approvals.empty()) {
    (void)handle.approve(result.approvals[0].call_id);
    result = handle.wait();
  }
  return result;
}

// What the journal says of each call: begun, and ended.
struct Known {
  std::set<std::string> begun, ended;
  explicit Known(const std::vector<Event>& events) {
    for (const Event& event : events) {
      const std::string id = json::get_string(event.body, "call_id");
      if (event.kind == EventKind::kToolCallStarted) begun.insert(id);
      if (event.kind == EventKind::kToolCallEnded) ended.insert(id);
    }
  }
};

TEST(Crash, ResumedAtEveryEventOfTheJournalTheRunEndsAlike) {
  const std::shared_ptr<Store> whole = make_memory_store();
  auto ran = std::make_shared<Ran>();
  Runtime runtime;
  RunHandle handle =
      runtime.start(crash_team(ran), "go", {.model = crash_model(), .store = whole});
  const RunResult first = carry_on(handle);
  ASSERT_EQ(first.output, "all done") << first.reason;
  for (const auto& [id, effect] : kEffects) ASSERT_EQ(ran->times(id), 1) << id;
  const Journal journal = whole->read(first.run).value();
  ASSERT_GT(journal.events.size(), 40U);
  for (std::size_t cut = 1; cut <= journal.events.size(); ++cut) {
    SCOPED_TRACE(::testing::Message() << "killed after event " << cut << " of "
                                      << journal.events.size());
    const std::shared_ptr<Store> store = make_memory_store();
    Append append;
    append.run = first.run;
    append.events.assign(journal.events.begin(),
                         journal.events.begin() + static_cast<std::ptrdiff_t>(cut));
    append.info = row_of(first.run);
    const Known known(append.events);
    ASSERT_TRUE(store->append(std::move(append)));
    ran = std::make_shared<Ran>();
    handle = runtime.resume(crash_team(ran), first.run, {.model = crash_model(), .store = store});
    const RunResult result = carry_on(handle);
    ASSERT_EQ(result.status, RunStatus::kDone) << result.reason;
    ASSERT_EQ(result.output, "all done");
    ASSERT_EQ(lines(result.new_items).size(), lines(first.new_items).size());
    for (const auto& [id, effect] : kEffects) {
      const bool unknown = known.begun.contains(id) && effect == ToolEffect::kExternal;
      const int times = known.ended.contains(id) || unknown ? 0 : 1;
      ASSERT_EQ(ran->times(id), times) << "call " << id;
    }
    // The resumed journal is a whole one: it resumes again to the same result.
    const RunResult again =
        resume(crash_team(ran), first.run, {.model = crash_model(), .store = store});
    ASSERT_EQ(again.output, "all done") << again.reason;
    ASSERT_EQ(lines(again.new_items), lines(result.new_items));
  }
}

TEST(Crash, ACallOfUnknownEndIsSaidToBeUnknown) {
  const std::shared_ptr<Store> whole = make_memory_store();
  Agent a = agent("a");
  a.tools = {counting("send", count())};
  const AgentTeam built = team({a});
  const auto model = script({calls("send", "{}", "1"), says("done"), says("asked for")});
  const RunResult first = run(built, "go", {.model = model, .store = whole});
  Append append;
  append.run = first.run;
  append.info = row_of(first.run);
  for (Event& event : events_of(*whole, first.run)) {
    if (event.kind == EventKind::kToolCallEnded) break;
    append.events.push_back(std::move(event));
  }
  const std::shared_ptr<Store> store = make_memory_store();
  ASSERT_TRUE(store->append(std::move(append)));
  const RunResult result = resume(built, first.run, {.model = model, .store = store});
  ASSERT_EQ(result.output, "asked for") << result.reason;
  EXPECT_TRUE(outputs(result.new_items)[0].starts_with("Unknown: the call had begun"));
}

// ---- a process that is really killed -----------------------------------------------------------

std::filesystem::path ran_file(const std::filesystem::path& folder) { return folder / "ran"; }

// Started by the test below, in a process of its own; its last argument is the folder.
TEST(CrashChild, DISABLED_RunsUntilItIsKilled) {
  const std::filesystem::path folder = ::testing::internal::GetArgvs().back();
  const std::shared_ptr<Store> store = std::move(open_sqlite_store(folder / "journal.db").value());
  Runtime runtime;
  (void)carry_on(runtime.start(
      crash_team(std::make_shared<Ran>(ran_file(folder)), milliseconds(2)), "go",
      {.model = crash_model(), .store = store, .id = "killed"}));
}

void run_and_kill(const std::filesystem::path& folder, milliseconds after) {
  std::string program = std::filesystem::read_symlink("/proc/self/exe");
  std::string filter = "--gtest_filter=CrashChild.*", disabled = "--gtest_also_run_disabled_tests";
  std::string where = folder;
  char* arguments[] = {program.data(), filter.data(), disabled.data(), where.data(), nullptr};
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  ASSERT_EQ(posix_spawn(&child, program.c_str(), &files, nullptr, arguments, environ), 0);
  posix_spawn_file_actions_destroy(&files);
  // The moment counts from the first tool, so that it falls into the run.
  (void)eventually([&] { return std::filesystem::exists(ran_file(folder)); });
  std::this_thread::sleep_for(after);
  kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
}

TEST(Crash, AKilledProcessLeavesARunThatResumes) {
  int midway = 0;
  for (int round = 0; round < 8; ++round) {
    SCOPED_TRACE(::testing::Message() << "round " << round);
    const std::filesystem::path folder =
        std::filesystem::path(::testing::TempDir()) /
        ("cadre_crash_" + std::to_string(getpid()) + "_" + std::to_string(round));
    std::filesystem::create_directories(folder);
    run_and_kill(folder, milliseconds(3 * round));
    const std::shared_ptr<Store> store =
        std::move(open_sqlite_store(folder / "journal.db").value());
    const std::vector<Event> events = events_of(*store, "killed");
    if (!events.empty()) {
      const Known known(events);
      midway += events.back().kind != EventKind::kRunEnded;
      auto ran = std::make_shared<Ran>(ran_file(folder));
      Runtime runtime;
      const RunResult result = carry_on(runtime.resume(
          crash_team(ran), "killed", {.model = crash_model(), .store = store}));
      EXPECT_EQ(result.output, "all done") << result.reason;
      std::map<std::string, int> times;
      std::ifstream in(ran_file(folder));
      for (std::string id; std::getline(in, id);) ++times[id];
      for (const auto& [id, effect] : kEffects) {
        if (known.ended.contains(id)) {
          EXPECT_EQ(times[id], 1) << id;
        } else if (effect == ToolEffect::kExternal) {
          EXPECT_LE(times[id], 1) << id;
        } else {
          EXPECT_GE(times[id], 1) << id;
        }
      }
    }
    std::filesystem::remove_all(folder);
  }
  EXPECT_GT(midway, 0) << "no round killed the process in the middle of the run";
}

}  // namespace
}  // namespace cadre::rules
