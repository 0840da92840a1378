// What the tests of memory/ share: a folder that goes away, items, and child processes.
#pragma once

#include <fcntl.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "memory/memory_file.h"

namespace cadre::memory_test {

namespace fs = std::filesystem;

class TempFolder {
 public:
  TempFolder() {
    // In memory where that is: the tests kill processes, not the power.
    const fs::path top = fs::exists("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path();
    std::string name = (top / "cadre_memory_XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TempFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  fs::path file() const { return path_ / "memory.db"; }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

inline ItemPtr item(Item one) { return std::make_shared<const Item>(std::move(one)); }
inline ItemPtr user(std::string text, bool pinned = false) {
  return item(MessageItem{Speaker::kUser, std::move(text), "", pinned, {}});
}
inline ItemPtr agent(std::string text, std::string name = "writer") {
  return item(MessageItem{Speaker::kAssistant, std::move(text), std::move(name), false, {}});
}
inline ItemPtr call(std::string id, std::string arguments = "{}") {
  return item(ToolCallItem{std::move(id), "search", std::move(arguments), {}});
}
inline ItemPtr result(std::string id, std::string output = "found") {
  return item(ToolResultItem{std::move(id), std::move(output), true});
}

inline std::shared_ptr<MemoryFile> open_file(const fs::path& file, MemoryOptions options = {}) {
  auto memory = MemoryFile::open(file, options);
  EXPECT_TRUE(memory.has_value()) << memory.error().describe();
  return memory.value_or(nullptr);
}

inline std::shared_ptr<Session> open_session(MemoryFile& memory, const std::string& id,
                                             const SessionOptions& options = {}) {
  auto session = memory.session(id, options);
  EXPECT_TRUE(session.has_value()) << session.error().describe();
  return session.value_or(nullptr);
}

inline std::vector<Item> load(Session& session, std::size_t limit = 0) {
  std::vector<std::string> notes;
  auto items = session.load(limit, notes);
  EXPECT_TRUE(items.has_value()) << items.error().describe();
  EXPECT_TRUE(notes.empty()) << notes.front();
  std::vector<Item> out;
  for (const ItemPtr& one : items.value_or(std::vector<ItemPtr>())) out.push_back(*one);
  return out;
}

inline std::string slurp(const fs::path& file) {
  std::stringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

inline void sql(const fs::path& file, const std::string& statements) {
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &raw), SQLITE_OK);
  char* message = nullptr;
  EXPECT_EQ(sqlite3_exec(raw, statements.c_str(), nullptr, nullptr, &message), SQLITE_OK)
      << (message == nullptr ? "" : message);
  sqlite3_free(message);
  sqlite3_close(raw);
}

// This program again, in another process, with the arguments; its standard output is read.
class Child {
 public:
  explicit Child(std::vector<std::string> arguments) {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    arguments.insert(arguments.begin(), "/proc/self/exe");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    EXPECT_EQ(posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    out_ = ends[0];
  }
  ~Child() {
    if (pid_ > 0) end(SIGKILL);
    close(out_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // A line of its output, "" at the end.
  std::string line() {
    std::string text;
    char c = 0;
    while (read(out_, &c, 1) == 1 && c != '\n') text += c;
    return text;
  }
  int end(int signal = 0) {
    if (signal != 0) kill(pid_, signal);
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = 0;
    return status;
  }

 private:
  pid_t pid_ = 0;
  int out_ = -1;
};

}  // namespace cadre::memory_test
