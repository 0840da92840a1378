#include "runtime/tools/repository.h"

#include <gtest/gtest.h>

#include <optional>

#include "process/tree.h"
#include "runtime/tools/git_test_kit.h"

namespace cadre {
namespace {

TEST(Repository, SecretsAreKnownByTheirNames) {
  for (const char* path : {".env", "a/.env.production", "prod.env", "id_rsa", "keys/server.PEM",
                           "x/credentials.json", ".npmrc", "store.p12", "terraform.tfstate"}) {
    EXPECT_NE(secret_by_name(path), "") << path;
  }
  for (const char* path : {".env.example", "environment.py", "id_rsa.pub", "keys.py", "src/pem.cc",
                           "secrets.py", "docs/credentials.md"}) {
    EXPECT_EQ(secret_by_name(path), "") << path;
  }
}

TEST(Repository, TheStackWithMostSourcesThatHasWhatItNeeds) {
  Stack python;
  python.id = "python";
  python.sources = {".py"};
  python.variants = {{"", {}}};
  Stack rust;
  rust.id = "rust";
  rust.sources = {".rs"};
  rust.variants = {{"Cargo.toml", {}}};
  const std::vector<Stack> stacks{python, rust};
  EXPECT_EQ(detect_stack(stacks, {"a.rs", "b.rs", "tool.py"})->id, "python");
  EXPECT_EQ(detect_stack(stacks, {"a.rs", "b.rs", "tool.py", "Cargo.toml"})->id, "rust");
  EXPECT_EQ(detect_stack(stacks, {"README.md"}), nullptr);
}

class Repo : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = ScratchFolder::make(std::filesystem::temp_directory_path());
    ASSERT_TRUE(made.has_value());
    folder_.emplace(std::move(*made));
    git({"init", "--quiet"});
  }
  const std::filesystem::path& root() const { return folder_->path(); }
  void write(const std::string& path, const std::string& content) {
    std::filesystem::remove(root() / path);
    ASSERT_TRUE(write_beneath(root(), path, content).has_value());
  }
  void git(std::vector<std::string> arguments) {
    (void)testing::run_git(root(), std::move(arguments));
  }
  Result<Artifact> read(const RepositoryLimits& limits) {
    auto git = Git::find("");
    auto place = find_repository(*git, root());
    if (!place) return propagate(place);
    return read_repository(*git, *place, {}, limits);
  }
  static std::string why_not(const Artifact& artifact, const std::string& path) {
    for (const Json& file : json::get_array(artifact.data, "files")) {
      if (json::get_string(file, "path") == path) return json::get_string(file, "why_not");
    }
    return "not listed";
  }

 private:
  std::optional<ScratchFolder> folder_;
};

TEST_F(Repo, LimitsAreKeptAndTold) {
  write("README.md", "first\n");
  write("a.txt", std::string(600, 'a'));
  write("b.txt", std::string(600, 'b'));
  write("large.txt", std::string(3000, 'c'));
  write("key.txt", "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n");
  write("big.psd", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n");
  git({"add", "--all"});
  git({"commit", "--quiet", "-m", "begin"});
  const auto artifact = read({.file_bytes = 1000, .text_bytes = 800, .listed = 100});
  ASSERT_TRUE(artifact.has_value()) << artifact.error().message;
  EXPECT_EQ(why_not(*artifact, "README.md"), "");
  EXPECT_EQ(why_not(*artifact, "a.txt"), "");
  EXPECT_NE(why_not(*artifact, "b.txt").find("beyond the"), std::string::npos);
  EXPECT_NE(why_not(*artifact, "large.txt").find("larger than"), std::string::npos);
  EXPECT_EQ(why_not(*artifact, "key.txt"), "holds a private key");
  EXPECT_EQ(why_not(*artifact, "big.psd"), "kept in Git LFS");
  for (const File& file : artifact->files) {
    EXPECT_EQ(file.content.find("PRIVATE KEY"), std::string::npos);
  }
}

TEST_F(Repo, ItIsReadFromWhatIsCommittedAndChangedFilesAreNamed) {
  write("a.py", "one\n");
  git({"add", "--all"});
  git({"commit", "--quiet", "-m", "begin"});
  const auto artifact = read({});
  ASSERT_TRUE(artifact.has_value());
  ASSERT_EQ(artifact->files.size(), 1U);
  EXPECT_EQ(artifact->files[0].content, "one\n");
  write("a.py", "two\n");
  const auto dirty = read({});
  ASSERT_FALSE(dirty.has_value());
  EXPECT_NE(dirty.error().message.find("a.py"), std::string::npos);
  EXPECT_NE(dirty.error().hint.find("git commit"), std::string::npos);
}

TEST_F(Repo, NoHookOfTheRepositoryRuns) {
  write("a.py", "one\n");
  git({"add", "--all"});
  git({"commit", "--quiet", "-m", "begin"});
  const std::filesystem::path hook = root() / ".git" / "hooks" / "post-checkout";
  std::filesystem::create_directories(hook.parent_path());
  std::filesystem::remove(hook);
  {
    auto out = write_beneath(root() / ".git" / "hooks", "post-checkout",
                             "#!/bin/sh\ntouch \"" + root().string() + "/hooked\"\n", true);
    ASSERT_TRUE(out.has_value()) << out.error().message;
  }
  auto git = Git::find("");
  ASSERT_TRUE(git->run(root(), {"worktree", "add", "--quiet", "-b", "x",
                                (root() / "tree").string()})
                  .has_value());
  EXPECT_TRUE(std::filesystem::exists(root() / "tree" / "a.py"));
  EXPECT_FALSE(std::filesystem::exists(root() / "hooked"));
}

}  // namespace
}  // namespace cadre
