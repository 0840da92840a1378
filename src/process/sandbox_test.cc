#include "process/sandbox.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <fstream>

namespace cadre {
namespace {

namespace fs = std::filesystem;

// Each test runs a hostile or an honest program. A machine that cannot sandbox skips, with the
// reason; everything else about refusing is tested below without needing one.
class Sandbox : public ::testing::Test {
 protected:
  static const SandboxSupport& support() {
    static const SandboxSupport kSupport = probe_sandbox();
    return kSupport;
  }
  void SetUp() override {
    if (!support().works) GTEST_SKIP() << support().reason;
    auto made = make_sandbox_folder(support(), "/tmp");
    ASSERT_TRUE(made) << made.error().message;
    folder_ = std::make_unique<ScratchFolder>(std::move(*made));
    policy_.work = folder_->path();
    policy_.limits.wall_s = 5;
    policy_.limits.cpu_s = 5;
  }
  SandboxResult run(const std::vector<std::string>& argv) {
    auto result = run_sandboxed(support(), policy_, argv);
    EXPECT_TRUE(result) << result.error().message;
    return result ? *result : SandboxResult{};
  }
  SandboxResult python(const std::string& code) { return run({"python3", "-c", code}); }
  SandboxResult sh(const std::string& code) { return run({"/bin/sh", "-c", code}); }

  std::unique_ptr<ScratchFolder> folder_;
  SandboxPolicy policy_;
};

TEST_F(Sandbox, HonestProgramWorksInItsFolder) {
  ASSERT_TRUE(write_beneath(policy_.work, "in.txt", "hello"));
  const auto result = python("open('out.txt', 'w').write(open('in.txt').read().upper())");
  EXPECT_TRUE(result.process.success()) << result.process.err;
  EXPECT_TRUE(result.sandboxed);
  EXPECT_EQ(read_beneath(policy_.work, "out.txt", 100).value(), "HELLO");
}

TEST_F(Sandbox, EnvironmentIsOursAndTheGiven) {
  policy_.env = {"APP_SECRET=x y", "TZ=Europe/Paris"};
  const auto result = sh("echo $APP_SECRET; echo $HOME; pwd; echo $TZ; id -u; hostname");
  EXPECT_EQ(result.process.out, "x y\n/tmp\n/work\nEurope/Paris\n1000\nsandbox\n");
}

TEST_F(Sandbox, ForkBombIsHeldByTheProcessLimit) {
  policy_.limits.processes = 32;
  policy_.limits.wall_s = 3;
  const auto result = python(
      "import os, time\n"
      "n = 0\n"
      "try:\n"
      "  while n < 500:\n"
      "    if os.fork() == 0:\n"
      "      time.sleep(60)\n"
      "    n += 1\n"
      "except OSError as e:\n"
      "  print('stopped', n < 40, e.errno)\n");
  if (::geteuid() == 0 && !support().own_user) GTEST_SKIP() << "root without another user id";
  EXPECT_EQ(result.process.out, "stopped True 11\n") << result.process.err;
}

TEST_F(Sandbox, ClassicForkBombEndsInTime) {
  policy_.limits.processes = 32;
  policy_.limits.wall_s = 0.5;
  const auto result = sh("bomb() { bomb | bomb & }; bomb; sleep 20");
  EXPECT_LT(result.process.seconds, 4);
}

TEST_F(Sandbox, EndlessOutputIsEnded) {
  policy_.limits.output_mb = 1;
  const auto result = sh("yes");
  EXPECT_EQ(result.process.limit, "it printed more than 1048576 bytes");
  EXPECT_LT(result.process.out.size(), 70'000U);
}

TEST_F(Sandbox, LargeFileStopsAtTheLimit) {
  policy_.limits.file_mb = 2;
  const auto result = sh("head -c 10000000 /dev/zero > big; stat -c %s big");
  EXPECT_EQ(result.process.out, "2097152\n");
}

TEST_F(Sandbox, FillingTheWorkFolderIsEnded) {
  policy_.limits.file_mb = 1;
  policy_.limits.work_mb = 5;
  const auto result =
      sh("i=0; while :; do head -c 1000000 /dev/zero > f$i; i=$((i+1)); sleep 0.01; done");
  EXPECT_EQ(result.process.limit, "its work folder grew over 5 MB");
}

TEST_F(Sandbox, ManySmallFilesAreEnded) {
  policy_.limits.work_entries = 200;
  const auto result = python("i = 0\nwhile True:\n  open(f'f{i}', 'w').close()\n  i += 1\n");
  EXPECT_EQ(result.process.limit, "it made more than 200 files and folders");
}

TEST_F(Sandbox, TemporaryFoldersAreSmall) {
  policy_.limits.memory_mb = 256;
  const auto result =
      sh("for d in /tmp /dev/shm; do i=0; while [ $i -lt 40 ]; do"
         " head -c 1000000 /dev/zero > $d/f$i 2>/dev/null || break; i=$((i+1)); done;"
         " [ $i -lt 40 ] && echo full; done");
  EXPECT_EQ(result.process.out, "full\nfull\n");
}

TEST_F(Sandbox, NoNetworkAndNoNames) {
  const auto result = python(
      "import socket\n"
      "for host in ('1.1.1.1', '127.0.0.1'):\n"
      "  try:\n"
      "    socket.create_connection((host, 53), 2); print('connected')\n"
      "  except OSError: print('refused')\n"
      "try:\n"
      "  socket.getaddrinfo('example.com', 80); print('resolved')\n"
      "except OSError: print('unknown')\n"
      "try:\n"
      "  s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b'x', ('8.8.8.8', 53))\n"
      "  print('sent')\n"
      "except OSError: print('refused')\n");
  EXPECT_EQ(result.process.out, "refused\nrefused\nunknown\nrefused\n") << result.process.err;
}

TEST_F(Sandbox, HostFilesAreNotThere) {
  const auto result = python(
      "import os\n"
      "for p in ('/root', '/home', '/etc/shadow', '/etc/passwd', '/etc/hostname', '/var', '/srv',"
      " '/mnt', '/run', '/sys', '/opt'):\n"
      "  if os.path.exists(p): print('sees', p)\n"
      "print(len([p for p in os.listdir('/proc') if p.isdigit()]) < 6)\n");
  EXPECT_EQ(result.process.out, "True\n") << result.process.err;
}

TEST_F(Sandbox, WritesNowhereElse) {
  const auto result =
      sh("for d in / /usr /usr/bin /etc /dev /proc /lib/x /bin; do"
         " (echo x > $d/cadre-was-here) 2>/dev/null && echo wrote $d; done; echo done");
  EXPECT_EQ(result.process.out, "done\n");
  EXPECT_FALSE(fs::exists("/usr/cadre-was-here"));
}

TEST_F(Sandbox, HasNoPowers) {
  const auto result = sh("grep -E '^(CapEff|CapPrm|CapBnd|NoNewPrivs)' /proc/self/status");
  EXPECT_EQ(result.process.out,
            "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
            "CapBnd:\t0000000000000000\nNoNewPrivs:\t1\n");
}

TEST_F(Sandbox, HangThatIgnoresTermEndsInTime) {
  policy_.limits.wall_s = 0.3;
  const auto result = python(
      "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
      "while True: time.sleep(1)\n");
  EXPECT_TRUE(result.process.timed_out);
  EXPECT_LT(result.process.seconds, 3);
}

TEST_F(Sandbox, BusyLoopEndsByCpuTime) {
  policy_.limits.cpu_s = 1;
  const auto result = python("while True: pass");
  EXPECT_FALSE(result.process.timed_out);
  EXPECT_TRUE(result.process.signal == SIGXCPU || result.process.signal == SIGKILL)
      << result.process.exit_code;
}

TEST_F(Sandbox, BackgroundChildEndsWithTheProgram) {
  const auto result = sh("(while :; do date +%s%N > /work/alive; sleep 0.02; done) & sleep 0.1");
  EXPECT_TRUE(result.process.success());
  EXPECT_LT(result.process.seconds, 3);
  const auto before = read_beneath(policy_.work, "alive", 100);
  ::usleep(100'000);
  EXPECT_EQ(before.value(), read_beneath(policy_.work, "alive", 100).value());
}

TEST_F(Sandbox, DaemonThatLeavesTheGroupEndsToo) {
  const auto result =
      sh("setsid sh -c 'while :; do date +%s%N > /work/alive; sleep 0.02; done'"
         " >/dev/null 2>&1 & sleep 0.1");
  EXPECT_TRUE(result.process.success());
  const auto before = read_beneath(policy_.work, "alive", 100);
  ::usleep(100'000);
  EXPECT_EQ(before.value(), read_beneath(policy_.work, "alive", 100).value());
}

TEST_F(Sandbox, MemoryIsLimited) {
  policy_.limits.memory_mb = 128;
  const auto result = python("try:\n  b'x' * 300_000_000\nexcept MemoryError: print('refused')\n");
  EXPECT_EQ(result.process.out, "refused\n");
}

TEST_F(Sandbox, LinksThatItLeavesAreNotFollowed) {
  EXPECT_TRUE(sh("ln -s /etc/passwd report; mkfifo pipe; ln -s / up").process.success());
  EXPECT_EQ(read_beneath(policy_.work, "report", 1 << 20).error().code, ErrorCode::kDenied);
  EXPECT_EQ(read_beneath(policy_.work, "pipe", 1 << 20).error().code, ErrorCode::kDenied);
  EXPECT_EQ(read_beneath(policy_.work, "up/etc/passwd", 1 << 20).error().code, ErrorCode::kDenied);
}

TEST_F(Sandbox, UnreadableFoldersThatItLeavesAreRemoved) {
  EXPECT_TRUE(sh("mkdir -p a/b/c; touch a/b/c/d; chmod 0 a/b a").process.success());
  const fs::path path = folder_->path();
  folder_.reset();
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(Sandbox, BindsAreReadOnlyUnlessSaid) {
  auto extra = make_sandbox_folder(support(), "/tmp");
  ASSERT_TRUE(extra);
  ::chmod(extra->path().c_str(), 0755);
  policy_.binds = {{extra->path(), "/data", false}};
  EXPECT_FALSE(sh("echo x > /data/y").process.success());
  policy_.binds = {{extra->path(), "/data", true}};
  EXPECT_TRUE(sh("echo x > /data/y").process.success());
}

TEST_F(Sandbox, DeathBySignalIsReported) {
  EXPECT_EQ(sh("kill -SEGV $$").process.signal, SIGSEGV);
  EXPECT_EQ(sh("exit 3").process.exit_code, 3);
}

TEST_F(Sandbox, CancellationKillsEverything) {
  std::stop_source source;
  source.request_stop();
  auto result = run_sandboxed(support(), policy_, {"/bin/sleep", "30"}, {}, source.get_token());
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->process.cancelled);
  EXPECT_LT(result->process.seconds, 3);
}

TEST(SandboxRefusal, MissingBubblewrapIsRefusedWithReasonAndHelp) {
  SandboxSupport none;
  none.reason = "bubblewrap is not installed";
  none.hint = "install it with: apt-get install bubblewrap";
  SandboxPolicy policy;
  auto result = run_sandboxed(none, policy, {"/bin/true"});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kDenied);
  EXPECT_EQ(result.error().describe(),
            "generated code is not run without a sandbox, and bubblewrap is not installed "
            "(install it with: apt-get install bubblewrap; or accept the risk with --no-sandbox)");
}

TEST(SandboxRefusal, WithoutSandboxTheResultSaysSoAndLimitsStay) {
  auto folder = ScratchFolder::make("/tmp");
  SandboxPolicy policy;
  policy.work = folder->path();
  policy.allow_unsandboxed = true;
  policy.limits.file_mb = 1;
  auto result = run_sandboxed(SandboxSupport{}, policy,
                              {"/bin/sh", "-c", "pwd; head -c 3000000 /dev/zero > big"});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_FALSE(result->sandboxed);
  EXPECT_EQ(result->process.out, folder->path().string() + "\n");
  EXPECT_EQ(fs::file_size(folder->path() / "big"), 1024U * 1024U);
}

TEST(SandboxRefusal, BadPolicyIsRefused) {
  SandboxPolicy policy;
  policy.allow_unsandboxed = true;
  policy.env = {"NOVALUE"};
  EXPECT_EQ(run_sandboxed(SandboxSupport{}, policy, {"/bin/true"}).error().code,
            ErrorCode::kInvalidInput);
  policy.env.clear();
  policy.limits.memory_mb = 1;
  EXPECT_EQ(run_sandboxed(SandboxSupport{}, policy, {"/bin/true"}).error().code,
            ErrorCode::kInvalidInput);
  EXPECT_EQ(run_sandboxed(SandboxSupport{}, policy, {}).error().code, ErrorCode::kInvalidInput);
}

}  // namespace
}  // namespace cadre
