#include "runtime/tools/git_project_writer.h"

#include <gtest/gtest.h>

#include <fstream>

#include "process/process.h"
#include "process/tree.h"

namespace cadre {
namespace {

namespace fs = std::filesystem;

class GitProjectWriterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    scratch_ = std::make_unique<ScratchFolder>(ScratchFolder::make("/tmp").value());
    out_ = scratch_->path() / "project";
    AgentConfig developer;
    developer.role = "developer";
    developer.name = "Developer";
    plan_.agents.push_back(developer);
    stage_.id = "build";
    stage_.title = "Build the service";
    stage_.role = "developer";
    stage_.makes = {"code"};
  }
  StageDone done(std::vector<File> files, int round = 1) {
    StageDone stage;
    stage.run = "20261122-231504-3fa9c1";
    stage.plan = &plan_;
    stage.stage = &stage_;
    stage.round = round;
    stage.time_us = 1'767'225'600'000'000;
    stage.artifacts = {"code"};
    stage.all["code"] =
        std::make_shared<const Artifact>(Artifact{"code", JsonObject{}, std::move(files)});
    return stage;
  }
  std::string read(const std::string& path) {
    return read_beneath(out_, path, 1 << 20).value_or("(nothing)");
  }
  std::string git(std::vector<std::string> arguments) {
    if (find_program("git").empty()) return {};
    ProcessOptions options;
    options.argv = {"git", "-c", "safe.directory=*"};
    options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
    options.cwd = out_;
    options.env = {"PATH=/usr/bin:/bin", "HOME=/nonexistent"};
    auto run = run_process(options);
    EXPECT_TRUE(run && run->success()) << (run ? run->err : run.error().message);
    return run ? run->out : "";
  }
  std::unique_ptr<ScratchFolder> scratch_;
  fs::path out_;
  Plan plan_;
  StageSpec stage_;
};

TEST_F(GitProjectWriterTest, WritesFilesAndOneCommitByTheRole) {
  GitProjectWriter writer(out_);
  auto result = writer.stage_done(done({{"app/main.py", "x = 1\n", false}, {"run", "#!", true}}));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(read("app/main.py"), "x = 1\n");
  EXPECT_NE(fs::status(out_ / "run").permissions() & fs::perms::owner_exec, fs::perms::none);
  EXPECT_TRUE(GitProjectWriter::made_by_cadre(out_));
  if (!writer.has_history()) GTEST_SKIP() << "git is not installed";
  EXPECT_EQ(git({"log", "--format=%an <%ae> %aI %s"}),
            "Developer <developer@cadre.invalid> 2026-01-01T00:00:00+00:00 build: Build the "
            "service\n");
  EXPECT_NE(git({"log", "--format=%b"}).find("Cadre-Run: 20261122-231504-3fa9c1"),
            std::string::npos);
  EXPECT_EQ(git({"status", "--porcelain"}), "");
}

TEST_F(GitProjectWriterTest, DoingAStageTwiceLeavesTheSameAsOnce) {
  ASSERT_TRUE(GitProjectWriter(out_).stage_done(done({{"a.py", "1", false}})));
  const std::string before = git({"rev-parse", "HEAD"});
  GitProjectWriter again(out_);
  ASSERT_TRUE(again.stage_done(done({{"a.py", "1", false}})));
  EXPECT_EQ(git({"rev-parse", "HEAD"}), before);
  EXPECT_TRUE(again.kept_files().empty());
  ASSERT_TRUE(again.stage_done(done({{"a.py", "2", false}}, 2)));
  EXPECT_EQ(read("a.py"), "2");
  if (again.has_history()) {
    EXPECT_EQ(git({"rev-list", "--count", "HEAD"}), "2\n");
  }
}

TEST_F(GitProjectWriterTest, SameRunGivesTheSameCommit) {
  ASSERT_TRUE(GitProjectWriter(out_).stage_done(done({{"a.py", "1", false}})));
  const std::string first = git({"rev-parse", "HEAD"});
  ASSERT_TRUE(remove_tree(out_));
  ASSERT_TRUE(GitProjectWriter(out_).stage_done(done({{"a.py", "1", false}})));
  EXPECT_EQ(git({"rev-parse", "HEAD"}), first);
}

TEST_F(GitProjectWriterTest, FilesThatSomebodyElseWroteAreKeptAndNamed) {
  ASSERT_TRUE(GitProjectWriter(out_).stage_done(done({{"a.py", "1", false}})));
  std::ofstream(out_ / "a.py") << "edited by hand";
  std::ofstream(out_ / "notes.txt") << "mine";
  GitProjectWriter writer(out_);
  ASSERT_TRUE(writer.stage_done(done({{"a.py", "2", false}, {"notes.txt", "x", false}}, 2)));
  EXPECT_EQ(read("a.py"), "edited by hand");
  EXPECT_EQ(read("notes.txt"), "mine");
  EXPECT_EQ(writer.kept_files(), (std::vector<std::string>{"a.py", "notes.txt"}));
}

TEST_F(GitProjectWriterTest, FilesOfAnEarlierRoundThatAreNoLongerMadeGo) {
  GitProjectWriter writer(out_);
  ASSERT_TRUE(writer.stage_done(done({{"old.py", "1", false}, {"kept.py", "1", false}})));
  std::ofstream(out_ / "kept.py") << "edited by hand";
  ASSERT_TRUE(writer.stage_done(done({{"new.py", "1", false}}, 2)));
  EXPECT_EQ(read("old.py"), "(nothing)");
  EXPECT_EQ(read("kept.py"), "edited by hand");
  EXPECT_EQ(read("new.py"), "1");
}

TEST_F(GitProjectWriterTest, NothingIsWrittenOutsideOrThroughLinks) {
  fs::create_directories(out_);
  fs::create_directories(scratch_->path() / "elsewhere");
  fs::create_directory_symlink(scratch_->path() / "elsewhere", out_ / "docs");
  GitProjectWriter writer(out_);
  for (const char* path : {"../x", "/tmp/x", "docs/x", ".git/config", "a/../../x"}) {
    EXPECT_FALSE(writer.stage_done(done({{path, "x", false}}))) << path;
  }
  EXPECT_TRUE(fs::is_empty(scratch_->path() / "elsewhere"));
  EXPECT_FALSE(fs::exists(scratch_->path() / "x"));
}

TEST_F(GitProjectWriterTest, RepositoryAroundTheFolderIsLeftAlone) {
  if (find_program("git").empty()) GTEST_SKIP() << "git is not installed";
  fs::create_directories(out_);
  const fs::path inner = out_;
  out_ = scratch_->path();
  git({"init", "--quiet"});
  ASSERT_TRUE(GitProjectWriter(inner).stage_done(done({{"a.py", "1", false}})));
  EXPECT_EQ(git({"rev-list", "--all", "--count"}), "0\n");
  out_ = inner;
  EXPECT_EQ(git({"rev-list", "--all", "--count"}), "1\n");
}

TEST_F(GitProjectWriterTest, ResultIsWrittenAndReplaced) {
  GitProjectWriter writer(out_);
  ASSERT_TRUE(writer.write_result("{}", "run-1", 1'767'225'600'000'000));
  ASSERT_TRUE(writer.write_result("{\"a\":1}", "run-2", 1'767'225'600'000'000));
  EXPECT_EQ(read("result.json"), "{\"a\":1}");
}

TEST_F(GitProjectWriterTest, BrokenManifestIsNotOverwritten) {
  fs::create_directories(out_);
  std::ofstream(out_ / ".cadre-files.json") << "{broken";
  const auto result = GitProjectWriter(out_).stage_done(done({{"a.py", "1", false}}));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(read(".cadre-files.json"), "{broken");
}

}  // namespace
}  // namespace cadre
