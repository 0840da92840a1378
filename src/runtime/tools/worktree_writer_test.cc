#include "runtime/tools/worktree_writer.h"

#include <gtest/gtest.h>

#include <optional>

#include "process/tree.h"
#include "runtime/tools/git_test_kit.h"

namespace cadre {
namespace {

namespace fs = std::filesystem;

class Writer : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = ScratchFolder::make(fs::temp_directory_path());
    ASSERT_TRUE(made.has_value());
    folder_.emplace(std::move(*made));
    fs::create_directories(root());
    for (const char* path : {"a.py", "b.py", "old.py"}) {
      ASSERT_TRUE(write_beneath(root(), path, std::string("as it was: ") + path).has_value());
    }
    git({"init", "--quiet", "--initial-branch=main"});
    git({"add", "--all"});
    git({"commit", "--quiet", "-m", "begin"});
    plan_.artifact_schemas = {{"plan", JsonObject{{"x-plans-files", "files"}}},
                              {"work", JsonObject{{"x-writes-planned", true}}}};
    AgentConfig developer;
    developer.role = "developer";
    developer.name = "Developer";
    plan_.agents.push_back(developer);
    StageSpec work;
    work.id = "work";
    work.role = "developer";
    work.needs = {"plan"};
    work.makes = {"work"};
    plan_.stages.push_back(work);
    auto artifact = std::make_shared<Artifact>();
    artifact->type = "plan";
    artifact->data = json::parse(R"({"summary": "s", "files": [
      {"path": "a.py", "action": "edit", "owner": "developer"},
      {"path": "new/n.py", "action": "create", "owner": "developer"},
      {"path": "old.py", "action": "delete", "owner": "developer"},
      {"path": "b.py", "action": "edit", "owner": "qa_engineer"}]})").value();
    planned_ = artifact;
    open();
  }

  fs::path root() const { return folder_->path() / "repo"; }
  fs::path tree() const { return folder_->path() / "state" / "tree"; }

  std::string git(std::vector<std::string> arguments) {
    return testing::run_git(root(), std::move(arguments));
  }

  void open() {
    std::string head = git({"rev-parse", "HEAD"});
    head.pop_back();
    writer_.emplace(*Git::find(""), ChangeRecord{root(), tree(), "cadre/r1", head, "main"});
    const auto opened = writer_->open(false);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
  }

  void work(int round, std::vector<File> files, const char* data) {
    auto artifact = std::make_shared<Artifact>();
    artifact->type = "work";
    artifact->data = json::parse(data).value();
    artifact->files = std::move(files);
    StageDone done;
    done.run = "r1";
    done.plan = &plan_;
    done.stage = &plan_.stages.front();
    done.round = round;
    done.time_us = 1'700'000'000'000'000;
    done.artifacts = {"work"};
    done.all = {{"plan", planned_}, {"work", artifact}};
    const auto written = writer_->stage_done(done);
    ASSERT_TRUE(written.has_value()) << written.error().message;
  }

  std::string there(const std::string& path) {
    auto content = read_beneath(tree(), path, 1000);
    return content ? *content : "none";
  }

  std::optional<ScratchFolder> folder_;
  Plan plan_;
  std::shared_ptr<const Artifact> planned_;
  std::optional<WorktreeWriter> writer_;
};

TEST_F(Writer, WritesOnlyWhatIsPlannedForTheRole) {
  work(1,
       {{"a.py", "new a", true}, {"new/n.py", "n", false}, {"b.py", "not mine", false},
        {"evil.py", "x", false}, {"../out.py", "x", false}, {"old.py", "kept", false}},
       R"({"summary": "s", "deleted": ["b.py", "old.py"]})");
  EXPECT_EQ(there("a.py"), "new a");
  EXPECT_EQ(there("new/n.py"), "n");
  EXPECT_EQ(there("b.py"), "as it was: b.py");
  EXPECT_EQ(there("evil.py"), "none");
  EXPECT_EQ(there("old.py"), "none");
  EXPECT_FALSE(fs::exists(tree().parent_path() / "out.py"));
  EXPECT_EQ(git({"diff", "--name-status", "main...cadre/r1"}),
            "M\ta.py\nA\tnew/n.py\nD\told.py\n");
  EXPECT_EQ(there("a.py"), "new a");
  EXPECT_EQ(git({"status", "--porcelain"}), "");
}

TEST_F(Writer, ASecondRoundStartsFromWhatWasAndDoingItTwiceIsDoingItOnce) {
  work(1, {{"a.py", "new a", false}, {"new/n.py", "n", false}}, R"({"deleted": ["old.py"]})");
  work(2, {{"new/n.py", "n2", false}}, R"({"deleted": []})");
  work(2, {{"new/n.py", "n2", false}}, R"({"deleted": []})");
  EXPECT_EQ(there("a.py"), "as it was: a.py");
  EXPECT_EQ(there("new/n.py"), "n2");
  EXPECT_EQ(there("old.py"), "as it was: old.py");
  EXPECT_EQ(git({"rev-list", "--count", "main..cadre/r1"}), "2\n");
  const auto changed = writer_->changed();
  ASSERT_TRUE(changed.has_value());
  ASSERT_EQ(changed->size(), 1U);
  EXPECT_EQ((*changed)[0].status, "created");
}

TEST_F(Writer, AWorktreeThatWasRemovedIsMadeAgainAndABranchThatIsGoneIsSaid) {
  work(1, {{"a.py", "new a", false}}, R"({"deleted": []})");
  fs::remove_all(tree());
  ASSERT_TRUE(writer_->open(true).has_value());
  EXPECT_EQ(there("a.py"), "new a");
  git({"worktree", "remove", "--force", tree().string()});
  git({"branch", "-D", "cadre/r1"});
  const auto gone = writer_->open(true);
  ASSERT_FALSE(gone.has_value());
  EXPECT_NE(gone.error().message.find("cadre/r1 is not in"), std::string::npos);
}

TEST_F(Writer, NothingIsWrittenThroughALink) {
  fs::remove(tree() / "a.py");
  fs::create_symlink(folder_->path() / "outside", tree() / "a.py");
  auto artifact = std::make_shared<Artifact>();
  artifact->type = "work";
  artifact->data = JsonObject{};
  artifact->files = {{"a.py", "x", false}};
  StageDone done;
  done.run = "r1";
  done.plan = &plan_;
  done.stage = &plan_.stages.front();
  done.artifacts = {"work"};
  done.all = {{"plan", planned_}, {"work", artifact}};
  EXPECT_FALSE(writer_->stage_done(done).has_value());
  EXPECT_FALSE(fs::exists(folder_->path() / "outside"));
}

}  // namespace
}  // namespace cadre
