// kill -9 at every durable event of a run, and at random moments: each resumed run ends with the
// same artifacts, and nothing whose end was journalled runs a second time.
//
// The children are this very program, started with a flag; a store of the test's own kills the
// process when a chosen event is on the disk.
#include <fcntl.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "base/clock.h"
#include "runtime/decide.h"
#include "runtime/runner.h"
#include "runtime/testing.h"
#include "store/forwarding_store.h"
#include "store/sqlite_store.h"

namespace cadre {
namespace {

namespace fs = std::filesystem;
using testing::call_tools;
using testing::finished;
using testing::FunctionTool;
using testing::make_plan;
using testing::ScriptedGates;
using testing::ScriptedProvider;

// Passes appends on until `left` events are durable; then the process dies, in the middle of the
// append if need be, before anybody hears of it.
class DeadlyStore final : public ForwardingStore {
 public:
  DeadlyStore(std::shared_ptr<Store> inner, std::int64_t left)
      : ForwardingStore(std::move(inner)), left_(left) {}
  void append_async(Append append, Ack ack) override {
    const auto count = static_cast<std::int64_t>(append.events.size());
    if (count < left_) {
      left_ -= count;
      return ForwardingStore::append_async(std::move(append), std::move(ack));
    }
    append.events.resize(static_cast<std::size_t>(left_));
    ForwardingStore::append_async(std::move(append), [](Result<void>) { raise(SIGKILL); });
    std::this_thread::sleep_for(std::chrono::seconds(10));
  }

 private:
  std::int64_t left_;
};

// One line for each thing that runs: what the world sees of the run.
void log_line(const std::string& log, const std::string& line) {
  const int fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const std::string whole = line + "\n";
  EXPECT_EQ(::write(fd, whole.data(), whole.size()), static_cast<ssize_t>(whole.size()));
  ::close(fd);
}

std::map<std::string, int> read_log(const std::string& log) {
  std::map<std::string, int> counts;
  std::ifstream in(log);
  for (std::string line; std::getline(in, line);) counts[line]++;
  return counts;
}

Result<Turn> script(const std::string& log, const Task& task, std::span<const ToolResult> results) {
  log_line(log, fmt::format("turn {}#{}/{}/turn:{}", task.stage, task.round, task.id,
                            results.size() / 2 + 1));
  if (results.size() < 2) {
    return call_tools({{"c1", "mark", JsonObject{{"text", task.id + " one"}}},
                       {"c2", "count", JsonObject{{"text", task.id + " two"}}}});
  }
  if (task.stage == "design") {
    Turn turn = finished(task);
    turn.artifacts[0].data = json::parse(
        R"({"tasks":[{"id":"models","owner":"dev"},
                     {"id":"api","owner":"dev","depends_on":["models"]}]})").value();
    return turn;
  }
  Turn turn = finished(task);
  turn.artifacts[0].files[0].content += json::write(results[0].value) +
                                        json::write(results[1].value);
  return turn;
}

RunnerParts parts_for(std::shared_ptr<Store> store, const std::string& log) {
  const auto tool = [&](const std::string& name, ToolEffect effect) {
    return std::make_shared<FunctionTool>(
        name, effect, [log](const Json& arguments, const TaskToolContext& context) -> Result<Json> {
          log_line(log, fmt::format("tool {}#{}/{}/{}", context.task->stage, context.task->round,
                                    context.task->id, context.call_id));
          std::this_thread::sleep_for(std::chrono::microseconds(200));
          return Json(json::get_string(arguments, "text") + " done");
        });
  };
  auto gates = std::make_shared<ScriptedGates>();
  gates->gates["tests_pass"] = [](const GateSpec&, const Artifact& report, const ArtifactMap&) {
    GateVerdict verdict;
    verdict.passed = json::get_int(report.data, "round") > 1;
    if (!verdict.passed) verdict.findings.push_back({"", "high", "a test fails", "", "code"});
    return verdict;
  };
  auto provider = std::make_shared<ScriptedProvider>(
      [log](const Task& task, std::span<const ToolResult> results, std::stop_token) {
        return script(log, task, results);
      });
  RunnerParts parts = testing::make_parts(
      provider, {tool("mark", ToolEffect::kIdempotent), tool("count", ToolEffect::kPure)}, gates);
  parts.store = std::move(store);
  return parts;
}

Plan crash_plan() {
  Plan plan = make_plan({"design arch brief tasks", "build dev tasks code",
                         "verify qa code report"}, {"mark", "count"});
  plan.stages[1].fan_out = StageSpec::FanOut{"tasks", "tasks"};
  plan.stages[2].gates.push_back({"tests_pass", "report", JsonObject{}, ""});
  // People are asked at all places where they can be.
  plan.stages[1].approve_handoff = true;
  plan.stages[2].gates.push_back({"approval", "report", JsonObject{}, ""});
  for (AgentConfig& agent : plan.agents) {
    if (agent.role == "arch") agent.approvals = {"mark"};
  }
  return plan;
}

Result<RunOutcome> go(std::shared_ptr<Store> store, const std::string& log, const std::string& run,
                      const fs::path& work) {
  const bool begun = !store->read(run)->events.empty();
  Runner runner(parts_for(store, log));
  ResumeOptions again;
  again.work_dir = work;
  RunOptions options;
  options.run = run;
  options.work_dir = work;
  auto outcome = begun ? runner.resume_run(run, again)
                       : runner.start_run(crash_plan(), "Make it.", options);
  SystemClock clock;
  while (outcome && outcome->status == "waiting") {
    for (const Approval& approval : outcome->waiting) {
      const auto decided =
          decide_approval(*store, clock, run, {.key = approval.id, .approved = true});
      if (!decided) return std::unexpected(decided.error());
    }
    outcome = runner.resume_run(run, again);
  }
  return outcome;
}

int crash_child(const std::string& folder, const std::string& run, std::int64_t after) {
  auto store = open_sqlite_store(folder + "/journal.db");
  if (!store) return 3;
  auto deadly = std::make_shared<DeadlyStore>(std::move(*store), after);
  const auto outcome = go(deadly, folder + "/" + run + ".log", run, folder + "/work");
  return outcome && outcome->status == "done" ? 0 : 4;
}

class Crash : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / ("cadre_crash_" + std::to_string(getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    store_ = open();
    const auto whole = go(store_, log_of("whole"), "whole", folder_ / "work");
    ASSERT_TRUE(whole.has_value()) << whole.error().describe();
    ASSERT_EQ(whole->status, "done") << whole->reason;
    events_ = whole->events;
    expected_ = show(*whole);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::shared_ptr<Store> open() {
    auto store = open_sqlite_store(folder_ / "journal.db");
    EXPECT_TRUE(store.has_value()) << store.error().describe();
    return std::move(*store);
  }
  std::string log_of(const std::string& run) const { return folder_ / (run + ".log"); }

  static std::string show(const RunOutcome& outcome) {
    std::string text;
    for (const auto& [type, artifact] : outcome.artifacts) {
      text += type + " " + json::write(artifact->data) + "\n";
      for (const File& file : artifact->files) text += file.path + ": " + file.content;
    }
    return text;
  }

  pid_t spawn(const std::string& run, std::int64_t after) const {
    std::string program = "/proc/self/exe", flag = "--crash-child", folder = folder_.string();
    std::string name = run, number = std::to_string(after);
    std::array<char*, 6> argv = {program.data(), flag.data(), folder.data(),
                                 name.data(),    number.data(), nullptr};
    pid_t child = 0;
    EXPECT_EQ(posix_spawn(&child, "/proc/self/exe", nullptr, nullptr, argv.data(), environ), 0);
    return child;
  }
  // Whether it was killed; else it ended by itself, which has to be well.
  static bool killed(pid_t child) {
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) return true;
    EXPECT_EQ(WEXITSTATUS(status), 0);
    return false;
  }

  // What has its end in the journal, as the log names it, with how often it had run by then.
  std::map<std::string, int> ended(const std::string& run) const {
    std::map<std::string, int> done;
    const auto log = read_log(log_of(run));
    const auto journal = store_->read(run);
    for (const Event& event : journal->events) {
      std::string line = fmt::format("#{}/{}/", json::get_int(event.body, "round"),
                                     json::get_string(event.body, "task"));
      line.insert(0, json::get_string(event.body, "stage"));
      if (event.kind == EventKind::kToolCallEnded) {
        line = "tool " + line + json::get_string(event.body, "call");
      } else if (event.kind == EventKind::kModelCallEnded) {
        line = fmt::format("turn {}turn:{}", line, json::get_int(event.body, "turn"));
      } else {
        continue;
      }
      EXPECT_TRUE(log.contains(line)) << line << " ended and never ran";
      done[line] = log.contains(line) ? log.at(line) : 0;
    }
    return done;
  }

  void resume_and_compare(const std::string& run) {
    const auto before = ended(run);
    const auto outcome = go(store_, log_of(run), run, folder_ / "work");
    ASSERT_TRUE(outcome.has_value()) << run << ": " << outcome.error().describe();
    EXPECT_EQ(outcome->status, "done") << run << ": " << outcome->reason;
    EXPECT_EQ(show(*outcome), expected_) << run;
    const auto after = read_log(log_of(run));
    for (const auto& [line, count] : before) {
      EXPECT_EQ(after.at(line), count) << run << ": " << line << " had ended and ran again";
    }
    const auto journal = store_->read(run);
    for (std::size_t i = 0; i < journal->events.size(); ++i) {
      ASSERT_EQ(journal->events[i].seq, static_cast<std::int64_t>(i) + 1);
    }
  }

  fs::path folder_;
  std::shared_ptr<Store> store_;
  std::int64_t events_ = 0;
  std::string expected_;
};

TEST_F(Crash, AtEveryDurableEvent) {
  ASSERT_GT(events_, 80);
  for (std::int64_t k = 1; k < events_; ++k) {
    const std::string run = "at" + std::to_string(k);
    ASSERT_TRUE(killed(spawn(run, k))) << k;
    ASSERT_EQ(static_cast<std::int64_t>(store_->read(run)->events.size()), k);
    resume_and_compare(run);
    if (HasFatalFailure()) return;
  }
}

TEST_F(Crash, AtRandomMoments) {
  Rng rng(20261122);
  for (int i = 0; i < 12; ++i) {
    const std::string run = "random" + std::to_string(i);
    const pid_t child = spawn(run, 1'000'000);
    std::this_thread::sleep_for(std::chrono::microseconds(8'000 + rng.below(40'000)));
    kill(child, SIGKILL);
    killed(child);
    resume_and_compare(run);
    if (HasFatalFailure()) return;
  }
}

TEST_F(Crash, AgainAndAgain) {
  const std::string run = "often";
  int crashes = 0;
  while (killed(spawn(run, 6))) ASSERT_LT(++crashes, 100) << "no progress";
  EXPECT_GT(crashes, 10);
  resume_and_compare(run);
}

}  // namespace
}  // namespace cadre

int main(int argc, char** argv) {
  if (argc == 5 && std::string_view(argv[1]) == "--crash-child") {
    return cadre::crash_child(argv[2], argv[3], std::strtoll(argv[4], nullptr, 10));
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
