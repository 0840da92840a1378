// Machines that are not as they should be: a full disk, no sandbox, no Python, folders that cannot
// be written, a journal that was damaged. Each is said precisely, with the documented exit code,
// and nothing is lost or overwritten.
#include <gtest/gtest.h>

#include <unistd.h>

#include "program.h"
#include "project.h"

namespace cadre::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBrief = "Each book has a title and an isbn (unique).";

// Runs the program in mounts of its own, after `script`; "$@" is the program with its arguments.
std::vector<std::string> with_mounts(const std::string& script) {
  return {"/usr/bin/unshare", "--user", "--map-root-user",   "--mount",
          "/bin/sh",          "-c",     "set -e; " + script, "sh"};
}

std::string hide(const std::string& program) {
  return ": > .hidden; mount --bind .hidden \"$(readlink -f /usr/bin/" + program + ")\"; ";
}

// Containers and hardened kernels may forbid what these tests need.
bool mounts_work() {
  TestFolder folder;
  ProcessOptions options;
  options.argv = with_mounts("mkdir -p m; mount -t tmpfs -o size=16k none m; exec \"$@\"");
  options.argv.emplace_back("/usr/bin/true");
  options.env = {"PATH=/usr/bin:/bin"};
  options.cwd = folder.path();
  const auto result = run_process(options);
  return result.has_value() && result->success();
}

class AlteredMachine : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!mounts_work())
      GTEST_SKIP() << "this machine does not let a user mount in a namespace of their own "
                      "(unshare --user --mount); full disks and missing programs are not tested";
  }
  TestFolder folder_;
};

// The disk that holds the project is full at different moments: at its first file, in a git
// commit, near the end.
TEST_F(AlteredMachine, AFullProjectDiskStopsTheRunAndRoomLetsItGoOn) {
  for (const char* size : {"8k", "96k", "320k"}) {
    TestFolder folder;
    const std::string script =
        std::string("mkdir small; mount -t tmpfs -o size=") + size +
        " none small; code=0; \"$@\" > first.txt 2>&1 || code=$?; echo $code > first.code; "
        "find small > first.files; mount -o remount,size=64m small; code=0; "
        "\"$1\" resume last --quiet || code=$?; cp -r small/out kept; exit $code";
    const ProcessResult resumed =
        run_cadre(folder.path(), {"run", kBrief, "--out", "small/out", "--quiet"},
                  {.wrapper = with_mounts(script)});
    const std::string first = read_file(folder.path() / "first.txt");
    EXPECT_EQ(read_file(folder.path() / "first.code"), "1\n") << size << first;
    EXPECT_NE(first.find("cannot write"), std::string::npos) << size << first;
    EXPECT_NE(first.find("make room or make it writable, then: cadre resume "),
              std::string::npos)
        << size << first;
    const std::string files = read_file(folder.path() / "first.files");
    EXPECT_EQ(files.find("cadre-part"), std::string::npos) << "half a file was left\n" << files;
    EXPECT_EQ(files.find("result.json"), std::string::npos) << files;
    EXPECT_EQ(resumed.exit_code, 0) << size << resumed.out << resumed.err;
    expect_sound_project(folder.path() / "kept");
  }
}

TEST_F(AlteredMachine, AFullJournalDiskStopsTheRunAndRoomLetsItGoOn) {
  for (const char* size : {"200k", "500k"}) {
    TestFolder folder;
    const std::string script =
        std::string("mkdir small; mount -t tmpfs -o size=") + size +
        " none small; code=0; \"$@\" > first.txt 2>&1 || code=$?; echo $code > first.code; "
        "\"$1\" show last --state small/state > shown.txt 2>&1 || echo broken >> shown.txt; "
        "mount -o remount,size=64m small; exec \"$1\" resume last --state small/state";
    const ProcessResult resumed =
        run_cadre(folder.path(),
                  {"run", kBrief, "--out", "out", "--state", "small/state", "--no-memory"},
                  {.wrapper = with_mounts(script)});
    const std::string first = read_file(folder.path() / "first.txt");
    EXPECT_EQ(read_file(folder.path() / "first.code"), "1\n") << size << first;
    EXPECT_NE(first.find("cannot write the journal"), std::string::npos) << size << first;
    EXPECT_NE(first.find("disk is full"), std::string::npos) << size << first;
    // What was written before is intact and readable.
    const std::string shown = read_file(folder.path() / "shown.txt");
    EXPECT_EQ(shown.find("broken"), std::string::npos) << size << shown;
    EXPECT_NE(shown.find("running"), std::string::npos) << size << shown;
    EXPECT_EQ(resumed.exit_code, 0) << size << resumed.out << resumed.err;
    expect_sound_project(folder.path() / "out");
  }
}

TEST_F(AlteredMachine, AJournalThatCannotBeginSaysThatTheDiskIsFull) {
  for (const char* size : {"8k", "64k"}) {
    TestFolder folder;
    const ProcessResult run =
        run_cadre(folder.path(), {"run", kBrief, "--state", "small"},
                  {.wrapper = with_mounts(std::string("mkdir small; mount -t tmpfs -o size=") +
                                          size + " none small; exec \"$@\"")});
    EXPECT_EQ(run.exit_code, 1) << run.out << run.err;
    EXPECT_TRUE(says(run, "small/journal.db")) << run.err;
    EXPECT_TRUE(says(run, "full")) << run.err;
    // No project folder is left for a run that did not begin.
    EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
  }
}

TEST_F(AlteredMachine, AReadOnlyFolderIsSaid) {
  const ProcessResult run = run_cadre(
      folder_.path(), {"run", kBrief, "--out", "fixed/out"},
      {.wrapper = with_mounts("mkdir fixed; mount -t tmpfs -o ro none fixed; exec \"$@\"")});
  EXPECT_EQ(run.exit_code, 1) << run.out << run.err;
  EXPECT_TRUE(says(run, "cannot write into")) << run.err;
  EXPECT_TRUE(says(run, "Read-only file system")) << run.err;
}

TEST_F(AlteredMachine, WithoutBubblewrapNothingGeneratedRuns) {
  const auto without = with_mounts(hide("bwrap") + "exec \"$@\"");
  const ProcessResult run =
      run_cadre(folder_.path(), {"run", kBrief, "--out", "out"}, {.wrapper = without});
  EXPECT_EQ(run.exit_code, 4) << run.out << run.err;
  EXPECT_TRUE(says(run, "bubblewrap is not installed")) << run.err;
  EXPECT_TRUE(says(run, "apt-get install bubblewrap")) << run.err;
  EXPECT_TRUE(says(run, "--no-sandbox")) << run.err;
  EXPECT_FALSE(fs::exists(folder_.path() / "out"));
  EXPECT_FALSE(fs::exists(folder_.path() / ".cadre"));

  const ProcessResult machine =
      run_cadre(folder_.path(), {"run", kBrief, "--out", "out", "--json"}, {.wrapper = without});
  EXPECT_EQ(machine.exit_code, 4);
  const auto answer = json::parse(machine.out);
  ASSERT_TRUE(answer.has_value()) << machine.out;
  EXPECT_EQ(json::get_int(*answer, "exit_code"), 4);

  const ProcessResult doctor = run_cadre(folder_.path(), {"doctor"}, {.wrapper = without});
  EXPECT_EQ(doctor.exit_code, 1) << doctor.out;
  EXPECT_TRUE(says(doctor, "MISSING sandbox")) << doctor.out;
}

TEST_F(AlteredMachine, NoSandboxIsTheUsersWordAndMarksTheReport) {
  const ProcessResult run =
      run_cadre(folder_.path(), {"run", kBrief, "--out", "out", "--no-sandbox"},
                {.wrapper = with_mounts(hide("bwrap") + "exec \"$@\"")});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  const fs::path out = folder_.path() / "out";
  expect_sound_project(out);
  const Json report = read_json(out / "result.json").at("quality_report").at("data");
  EXPECT_FALSE(json::get_bool(report, "sandboxed", true));
  EXPECT_NE(read_file(out / "docs" / "quality-report.md").find("ran in a sandbox | **no**"),
            std::string::npos);
  EXPECT_TRUE(says(run, "NONE: the written code ran with your rights")) << run.out;
}

TEST_F(AlteredMachine, WithoutGitNoExistingCodeIsChanged) {
  // As git leaves it; who lacks git got the folder from somewhere else.
  const fs::path repo = folder_.path() / "repo";
  write_file(repo / "a.txt", "a\n");
  for (std::vector<std::string> words : {std::vector<std::string>{"init", "--quiet"},
                                         {"add", "a.txt"},
                                         {"-c", "user.name=a", "-c", "user.email=a@b", "commit",
                                          "--quiet", "-m", "begin"}}) {
    ProcessOptions git;
    git.argv = {"/usr/bin/git"};
    git.argv.insert(git.argv.end(), words.begin(), words.end());
    git.env = {"PATH=/usr/bin:/bin", "HOME=" + folder_.path().string()};
    git.cwd = repo;
    const auto done = run_process(git);
    ASSERT_TRUE(done && done->success()) << (done ? done->err : done.error().message);
  }
  write_file(folder_.path() / "s.json", R"({"replies": []})");
  const std::vector<std::string> change{"run",     "add b",  "--on", "repo", "--model",
                                        "scripted:s.json"};
  const auto without = with_mounts(hide("git") + "exec \"$@\"");
  const ProcessResult run = run_cadre(folder_.path(), change, {.wrapper = without});
  EXPECT_EQ(run.exit_code, 4) << run.out << run.err;
  EXPECT_TRUE(says(run, "git is not installed (apt-get install git")) << run.err;
  EXPECT_FALSE(fs::exists(folder_.path() / ".cadre"));
  // With it the model is asked.
  EXPECT_EQ(run_cadre(folder_.path(), change).exit_code, 7);
  const ProcessResult doctor = run_cadre(folder_.path(), {"doctor"}, {.wrapper = without});
  EXPECT_TRUE(says(doctor, "missing git ")) << doctor.out;
  EXPECT_TRUE(says(doctor, "apt-get install git")) << doctor.out;
}

TEST_F(AlteredMachine, WithoutPythonTheRunDoesNotBegin) {
  const auto without = with_mounts(hide("python3") + "exec \"$@\"");
  const ProcessResult run =
      run_cadre(folder_.path(), {"run", kBrief, "--out", "out"}, {.wrapper = without});
  EXPECT_EQ(run.exit_code, 4) << run.out << run.err;
  EXPECT_TRUE(says(run, "/usr/bin/python3")) << run.err;
  EXPECT_TRUE(says(run, "apt-get install python3 python3-fastapi")) << run.err;
  EXPECT_FALSE(fs::exists(folder_.path() / "out"));
  const ProcessResult doctor =
      run_cadre(folder_.path(), {"doctor", "--json"}, {.wrapper = without});
  EXPECT_EQ(doctor.exit_code, 1);
  const auto body = json::parse(doctor.out);
  ASSERT_TRUE(body.has_value()) << doctor.out;
  EXPECT_FALSE(json::get_bool(*body, "ok", true));
  // What needs no generated code to run still works.
  EXPECT_EQ(run_cadre(folder_.path(), {"spec", kBrief}, {.wrapper = without}).exit_code, 0);
}

TEST_F(AlteredMachine, AMissingModuleIsNamedWithItsPackage) {
  const fs::path module = "/usr/lib/python3/dist-packages/fastapi";
  if (!fs::exists(module)) GTEST_SKIP() << module << " is not where Debian has it";
  const ProcessResult run = run_cadre(
      folder_.path(), {"run", kBrief, "--out", "out"},
      {.wrapper = with_mounts("mount -t tmpfs none " + module.string() + "; exec \"$@\"")});
  EXPECT_EQ(run.exit_code, 4) << run.out << run.err;
  EXPECT_TRUE(says(run, "missing: python module fastapi (")) << run.err;
  EXPECT_TRUE(says(run, "apt-get install python3-fastapi;")) << run.err;
}

TEST_F(AlteredMachine, WithoutGitThereIsAProjectWithoutHistory) {
  const ProcessResult run = run_cadre(folder_.path(), {"run", kBrief, "--out", "out"},
                                      {.wrapper = with_mounts(hide("git") + "exec \"$@\"")});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  expect_sound_project(folder_.path() / "out");
  EXPECT_FALSE(fs::exists(folder_.path() / "out" / ".git"));
}

// A journal with one finished run, and ways to damage it.
class DamagedJournal : public ::testing::Test {
 protected:
  void SetUp() override {
    const ProcessResult run = run_cadre(folder_.path(), {"run", kBrief, "--out", "out", "--quiet"});
    ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
    bytes_ = read_file(file());
    ASSERT_FALSE(bytes_.empty());
  }
  fs::path file() const { return folder_.path() / ".cadre" / "journal.db"; }
  void damage(std::string bytes) {
    bytes_ = std::move(bytes);
    write_file(file(), bytes_);
  }
  void expect_untouched() const { EXPECT_TRUE(read_file(file()) == bytes_) << "it was changed"; }

  TestFolder folder_;
  std::string bytes_;
};

TEST_F(DamagedJournal, TheIntactPartIsShownAndNothingIsOverwritten) {
  const ProcessResult whole = run_cadre(folder_.path(), {"show", "last", "--events", "--json"});
  ASSERT_EQ(whole.exit_code, 0);
  const auto events = json::parse(whole.out);
  ASSERT_TRUE(events.has_value());
  // One letter in the body of the event that starts the stage "verify".
  std::string bytes = bytes_;
  std::int64_t broken = 0;
  for (const Json& event : events->as_array()) {
    if (json::get_string(event, "kind") != "stage_started") continue;
    if (json::get_string(event.at("body"), "stage") != "verify") continue;
    broken = json::get_int(event, "seq");
    const std::string body = json::write(event.at("body"));
    const std::size_t at = bytes.find(body);
    ASSERT_NE(at, std::string::npos) << body;
    bytes[at + body.find("verify")] = 'V';
  }
  ASSERT_GT(broken, 10);
  damage(bytes);

  const ProcessResult shown = run_cadre(folder_.path(), {"show", "last"});
  EXPECT_EQ(shown.exit_code, 1) << shown.out << shown.err;
  EXPECT_TRUE(says(shown, "stage design")) << shown.out;  // what precedes the damage
  EXPECT_TRUE(says(shown, "event " + std::to_string(broken) + " of run")) << shown.err;
  EXPECT_TRUE(says(shown, "the events before it are intact")) << shown.err;
  const ProcessResult listed = run_cadre(folder_.path(), {"show", "last", "--events", "--json"});
  EXPECT_EQ(listed.exit_code, 1);
  const auto intact = json::parse(listed.out);
  ASSERT_TRUE(intact.has_value()) << listed.out;
  EXPECT_EQ(intact->as_array().size(), static_cast<std::size_t>(broken - 1));
  for (const char* view : {"--trace", "--json"})
    EXPECT_EQ(run_cadre(folder_.path(), {"show", "last", view}).exit_code, 1) << view;
  EXPECT_EQ(run_cadre(folder_.path(), {"report"}).exit_code, 1);
  EXPECT_EQ(run_cadre(folder_.path(), {"runs"}).exit_code, 0);

  const ProcessResult resumed = run_cadre(folder_.path(), {"resume", "last"});
  EXPECT_EQ(resumed.exit_code, 1) << resumed.out << resumed.err;
  EXPECT_TRUE(says(resumed, "event " + std::to_string(broken) + " of run")) << resumed.err;
  expect_untouched();
}

TEST_F(DamagedJournal, ATornFileIsSaidAndNotTouched) {
  damage(bytes_.substr(0, bytes_.size() / 3));
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"show"},
                                                    {"resume"},
                                                    {"report"},
                                                    {"run", kBrief, "--out", "new"}}) {
    const ProcessResult result = run_cadre(folder_.path(), arguments);
    EXPECT_EQ(result.exit_code, 1) << arguments[0] << "\n" << result.out << result.err;
    EXPECT_TRUE(says(result, "journal.db") && says(result, "malformed"))
        << arguments[0] << result.err;
  }
  expect_untouched();
}

TEST_F(DamagedJournal, AForeignDatabaseIsNotTakenForAJournal) {
  std::string bytes = bytes_;
  ASSERT_GT(bytes.size(), 72U);
  bytes[68] = static_cast<char>(bytes[68] ^ 0x55);  // SQLite's application id
  damage(bytes);
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"show"}, {"resume"}, {"run", kBrief, "--out", "new"}}) {
    const ProcessResult result = run_cadre(folder_.path(), arguments);
    EXPECT_EQ(result.exit_code, 2) << arguments[0] << "\n" << result.out << result.err;
    EXPECT_TRUE(says(result, "another program")) << result.err;
  }
  expect_untouched();
}

}  // namespace
}  // namespace cadre::testing
