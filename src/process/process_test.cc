#include "process/process.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <thread>

#include "process/tree.h"

namespace cadre {
namespace {

using namespace std::chrono_literals;

ProcessOptions shell(const std::string& script) {
  ProcessOptions options;
  options.argv = {"/bin/sh", "-c", script};
  options.env = {"PATH=/usr/bin:/bin"};
  options.timeout = 10s;
  return options;
}

TEST(Capture, KeepsEverythingThatFits) {
  Capture capture(10);
  capture.append("01234");
  capture.append("56789");
  EXPECT_EQ(capture.text(), "0123456789");
  EXPECT_FALSE(capture.truncated());
}

TEST(Capture, KeepsHeadAndTailOfMore) {
  Capture capture(8);
  for (char c = 'a'; c <= 'z'; ++c) capture.append(std::string(1, c));
  EXPECT_EQ(capture.text(), "abcd\n[... 18 bytes left out ...]\nwxyz");
  EXPECT_TRUE(capture.truncated());
  Capture one(8);
  one.append("abcdefghijklmnopqrstuvwxyz");
  EXPECT_EQ(one.text(), capture.text());
}

TEST(Process, GivesStatusAndBothStreams) {
  auto run = run_process(shell("echo out; echo err >&2; exit 3"));
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_EQ(run->exit_code, 3);
  EXPECT_EQ(run->signal, 0);
  EXPECT_EQ(run->out, "out\n");
  EXPECT_EQ(run->err, "err\n");
  EXPECT_FALSE(run->success());
}

TEST(Process, FeedsInputLargerThanAPipe) {
  ProcessOptions options = shell("wc -c");
  options.stdin_text.assign(300'000, 'x');
  auto run = run_process(options);
  ASSERT_TRUE(run);
  EXPECT_EQ(run->out, "300000\n");
}

TEST(Process, ProgramThatDoesNotReadItsInputIsFine) {
  ProcessOptions options = shell("exit 0");
  options.stdin_text.assign(300'000, 'x');
  EXPECT_TRUE(run_process(options)->success());
}

TEST(Process, EnvironmentIsExactlyWhatIsGiven) {
  ProcessOptions options;
  options.argv = {"/usr/bin/env"};
  options.env = {"ONE=1", "TWO=a b"};
  EXPECT_EQ(run_process(options)->out, "ONE=1\nTWO=a b\n");
}

TEST(Process, HasNoOtherOpenFiles) {
  const int extra = ::dup2(1, 77);
  ProcessOptions options;
  options.argv = {"/bin/ls", "/proc/self/fd"};
  EXPECT_EQ(run_process(options)->out, "0\n1\n2\n3\n");  // 3 is ls reading the folder
  ::close(extra);
}

TEST(Process, StartsInTheGivenFolder) {
  ProcessOptions options = shell("pwd");
  options.cwd = "/usr";
  EXPECT_EQ(run_process(options)->out, "/usr\n");
}

TEST(Process, MissingProgramIsAnError) {
  ProcessOptions options;
  options.argv = {"no-such-program"};
  auto run = run_process(options);
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(run.error().message, "the program \"no-such-program\" is not installed");
  options.argv = {"/no/such"};
  EXPECT_EQ(run_process(options).error().code, ErrorCode::kNotFound);
  options.argv = {};
  EXPECT_EQ(run_process(options).error().code, ErrorCode::kInvalidInput);
}

TEST(Process, DeathBySignalIsReported) {
  auto run = run_process(shell("kill -SEGV $$"));
  EXPECT_EQ(run->signal, SIGSEGV);
  EXPECT_EQ(run->exit_code, -1);
}

TEST(Process, TimeoutKillsTheWholeGroupAlsoWhenTermIsIgnored) {
  ProcessOptions options = shell("trap '' TERM; sleep 30 & sleep 30; sleep 30");
  options.timeout = 100ms;
  options.grace = 100ms;
  auto run = run_process(options);
  EXPECT_TRUE(run->timed_out);
  EXPECT_EQ(run->signal, SIGKILL);
  EXPECT_LT(run->seconds, 2);
}

TEST(Process, TermLetsAProgramCleanUp) {
  ProcessOptions options = shell("trap 'echo bye; exit 9' TERM; while :; do sleep 0.02; done");
  options.timeout = 150ms;
  options.grace = 5s;
  auto run = run_process(options);
  EXPECT_TRUE(run->timed_out);
  EXPECT_EQ(run->exit_code, 9);
  EXPECT_EQ(run->out, "bye\n");
}

TEST(Process, CancellationWakesTheWaiterAtOnce) {
  std::stop_source source;
  ProcessOptions options = shell("sleep 30");
  options.stop = source.get_token();
  std::chrono::steady_clock::time_point asked;
  std::jthread other([&] {
    std::this_thread::sleep_for(50ms);
    asked = std::chrono::steady_clock::now();
    source.request_stop();
  });
  auto run = run_process(options);
  const auto took = std::chrono::steady_clock::now() - asked;
  EXPECT_TRUE(run->cancelled);
  EXPECT_LT(took, 500ms);  // generous for a loaded machine; a few ms on an idle one
}

TEST(Process, StopRequestedBeforeTheStart) {
  std::stop_source source;
  source.request_stop();
  ProcessOptions options = shell("sleep 30");
  options.stop = source.get_token();
  EXPECT_TRUE(run_process(options)->cancelled);
}

TEST(Process, EndlessOutputIsBoundedAndEnded) {
  ProcessOptions options = shell("yes");
  options.output_bytes_max = 1000;
  options.output_bytes_total_max = 1'000'000;
  auto run = run_process(options);
  EXPECT_EQ(run->limit, "it printed more than 1000000 bytes");
  EXPECT_LT(run->out.size(), 1100U);
  EXPECT_TRUE(run->out.starts_with("y\ny\n"));
}

TEST(Process, BackgroundChildDoesNotOutliveTheLeader) {
  auto run = run_process(shell("sleep 30 & echo $!"));
  ASSERT_TRUE(run->success());
  EXPECT_LT(run->seconds, 5);
  const int background = std::stoi(run->out);
  // Killed; init reaps it in a moment.
  for (int i = 0; i < 200 && ::kill(background, 0) == 0; ++i) {
    std::ifstream stat("/proc/" + std::to_string(background) + "/stat");
    std::string line;
    std::getline(stat, line);
    if (line.find(") Z ") != std::string::npos) return;
    std::this_thread::sleep_for(5ms);
  }
  EXPECT_NE(::kill(background, 0), 0);
}

TEST(Process, WatchEndsIt) {
  ProcessOptions options = shell("sleep 30");
  options.watch_interval = 20ms;
  options.watch = [] { return std::optional<std::string>("enough"); };
  EXPECT_EQ(run_process(options)->limit, "enough");
}

TEST(ChildProcess, ServerIsWatchedAndStopped) {
  auto child = ChildProcess::start(shell("echo ready; while :; do sleep 0.02; done"));
  ASSERT_TRUE(child);
  for (int i = 0; i < 200 && child->out().empty(); ++i) EXPECT_FALSE(child->wait(10ms));
  EXPECT_EQ(child->out(), "ready\n");
  const ProcessResult result = child->finish();
  EXPECT_EQ(result.signal, SIGTERM);
}

TEST(ChildProcess, EndOfAServerIsNoticed) {
  auto child = ChildProcess::start(shell("echo broken >&2; exit 7"));
  ASSERT_TRUE(child);
  EXPECT_TRUE(child->wait(5s));
  const ProcessResult result = child->finish();
  EXPECT_EQ(result.exit_code, 7);
  EXPECT_EQ(result.err, "broken\n");
}

TEST(Tree, PathsThatLeadOutsideAreRefused) {
  EXPECT_EQ(path_problem("app/main.py"), "");
  EXPECT_EQ(path_problem("über/ä b.txt"), "");
  EXPECT_EQ(path_problem("..."), "");
  for (const char* bad : {"", "/etc/passwd", "../x", "a/../b", "a/./b", "a//b", "a/", "a\nb",
                          "a\\b", "\xff", ".git/config", "a/.GIT/hooks/x"}) {
    EXPECT_NE(path_problem(bad), "") << bad;
  }
  EXPECT_NE(path_problem(std::string(201, 'a')), "");
}

TEST(Tree, WritesAndReadsBeneathWithoutFollowingLinks) {
  auto folder = ScratchFolder::make("/tmp");
  ASSERT_TRUE(folder);
  const auto& root = folder->path();
  EXPECT_TRUE(write_beneath(root, "a/b/c.txt", "hello"));
  EXPECT_EQ(read_beneath(root, "a/b/c.txt", 100).value(), "hello");
  EXPECT_EQ(write_beneath(root, "a/b/c.txt", "again").error().code, ErrorCode::kConflict);
  EXPECT_EQ(write_beneath(root, "../x", "x").error().code, ErrorCode::kDenied);
  EXPECT_EQ(read_beneath(root, "a/b/c.txt", 3).error().code, ErrorCode::kExhausted);
  EXPECT_EQ(read_beneath(root, "a/missing", 3).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(read_beneath(root, "a/b", 3).error().code, ErrorCode::kDenied);
  std::filesystem::create_symlink("/etc/passwd", root / "link");
  std::filesystem::create_directory_symlink("/etc", root / "folder");
  EXPECT_EQ(read_beneath(root, "link", 1 << 20).error().code, ErrorCode::kDenied);
  EXPECT_EQ(read_beneath(root, "folder/passwd", 1 << 20).error().code, ErrorCode::kDenied);
  EXPECT_FALSE(write_beneath(root, "link", "x"));
  EXPECT_EQ(write_beneath(root, "folder/x", "x").error().code, ErrorCode::kDenied);
}

TEST(Tree, ScratchFolderIsRemovedAlsoWhenUnreadable) {
  std::filesystem::path path;
  {
    auto folder = ScratchFolder::make("/tmp");
    path = folder->path();
    ASSERT_TRUE(write_beneath(path, "a/b", "x"));
    std::filesystem::permissions(path / "a", std::filesystem::perms::none);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace cadre
