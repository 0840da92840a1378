// What only a file can suffer: damage, other versions, full disks, kill -9.
#include "store/sqlite_store.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <barrier>
#include <fstream>
#include <future>
#include <thread>

#include "base/clock.h"
#include "base/hash.h"
#include "store/store_test_kit.h"

namespace cadre {
namespace {

using testing::append_of;
using testing::event;
using testing::TempFolder;

namespace fs = std::filesystem;

std::unique_ptr<Store> open(const fs::path& file) {
  auto store = open_sqlite_store(file);
  EXPECT_TRUE(store.has_value()) << store.error().describe();
  return store ? std::move(*store) : nullptr;
}

std::string slurp(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void spill(const fs::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

void sql(const fs::path& file, const std::string& statement) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database, statement.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(database);
  sqlite3_close(database);
}

TEST(SqliteStore, ARunThatEndedGoesOnWhereItWas) {
  TempFolder folder;
  const auto store = open(folder.path() / "journal.db");
  Append ends = append_of("r", 0, 3);
  ends.info.emplace();
  ends.info->run = "r";
  ends.info->status = "done";
  ends.info->title = "t";
  ASSERT_TRUE(store->append(std::move(ends)).has_value());
  EXPECT_EQ(store->info("r")->status, "done");
  EXPECT_EQ(store->info("r")->title, "t");
  const auto early = store->append(append_of("r", 0, 1));
  ASSERT_FALSE(early.has_value());
  EXPECT_EQ(early.error().code, ErrorCode::kConflict);
  ASSERT_TRUE(store->append(append_of("r", 3, 2)).has_value());
  EXPECT_EQ(store->read("r")->events.size(), 5U);
}

// A thousand appends at once: the first go on while the last are still to be written.
TEST(SqliteStore, TheFirstOfManyAppendsDoNotWaitForTheLast) {
  constexpr int kMany = 1000;
  TempFolder folder;
  const auto store = open(folder.path() / "journal.db");
  std::promise<void> all_wait;
  std::promise<std::size_t> seen;
  store->append_async(append_of("before", 0, 1),
                      [&, wait = all_wait.get_future().share()](Result<void>) { wait.wait(); });
  for (int i = 0; i < kMany; ++i) {
    store->append_async(append_of(fmt::format("r{}", i), 0, 1), [&, i](Result<void> done) {
      ASSERT_TRUE(done.has_value());
      if (i == 0) seen.set_value(store->list_runs().value().size());
    });
  }
  all_wait.set_value();
  const std::size_t runs = seen.get_future().get();
  EXPECT_GT(runs, 1U);
  EXPECT_LT(runs, kMany / 2U);
  ASSERT_TRUE(store->append(append_of("after", 0, 1)).has_value());
  EXPECT_EQ(store->list_runs().value().size(), kMany + 2U);
}

TEST(SqliteStore, AFileThatWasLeftHalfMadeIsNew) {
  TempFolder folder;
  const fs::path file = folder.path() / "journal.db";
  sql(file, "PRAGMA journal_mode=WAL");
  const auto store = open(file);
  ASSERT_NE(store, nullptr);
  ASSERT_TRUE(store->append(append_of("r", 0, 2)).has_value());
  EXPECT_EQ(store->read("r")->events.size(), 2U);
}

TEST(SqliteStore, TwoMakeTheFileAtOnce) {
  TempFolder folder;
  for (int round = 0; round < 200; ++round) {
    const fs::path file = folder.path() / fmt::format("{}.db", round);
    std::barrier both(2);
    const auto make = [&] {
      both.arrive_and_wait();
      const auto store = open_sqlite_store(file);
      EXPECT_TRUE(store.has_value()) << store.error().describe();
    };
    std::jthread other(make);
    make();
  }
}

TEST(SqliteStore, NamesTheEventThatWasChangedAndReadsWhatPrecedesIt) {
  TempFolder folder;
  const fs::path file = folder.path() / "journal.db";
  ASSERT_TRUE(open(file)->append(append_of("r", 0, 9)).has_value());
  sql(file, "UPDATE events SET body = replace(body, '\"number\":6', '\"number\":7')");
  const std::string before = slurp(file);
  const auto journal = open(file)->read("r");
  ASSERT_TRUE(journal.has_value());
  ASSERT_TRUE(journal->damage.has_value());
  EXPECT_EQ(journal->damage->code, ErrorCode::kCorrupt);
  EXPECT_NE(journal->damage->message.find("event 6 of run r"), std::string::npos)
      << journal->damage->message;
  ASSERT_EQ(journal->events.size(), 5U);
  EXPECT_EQ(journal->events.back(), event("r", 5));
  EXPECT_EQ(slurp(file), before);
}

TEST(SqliteStore, NamesTheEventThatIsMissing) {
  TempFolder folder;
  const fs::path file = folder.path() / "journal.db";
  ASSERT_TRUE(open(file)->append(append_of("r", 0, 5)).has_value());
  sql(file, "DELETE FROM events WHERE seq = 3");
  const auto journal = open(file)->read("r");
  ASSERT_TRUE(journal->damage.has_value());
  EXPECT_NE(journal->damage->message.find("event 3 of run r"), std::string::npos);
  EXPECT_NE(journal->damage->message.find("is missing"), std::string::npos);
  EXPECT_EQ(journal->events.size(), 2U);
}

TEST(SqliteStore, SurvivesPagesFullOfGarbageWithoutOverwritingThem) {
  TempFolder folder;
  const fs::path file = folder.path() / "journal.db";
  ASSERT_TRUE(open(file)->append(append_of("r", 0, 400, 300)).has_value());
  const std::string good = slurp(file);
  Rng rng(7);
  int noticed = 0;
  for (int round = 0; round < 30; ++round) {
    std::string bad = good;
    const std::size_t page = 1 + rng.below(good.size() / 4096 - 1);
    for (std::size_t i = 0; i < 4096; ++i) bad[page * 4096 + i] = static_cast<char>(rng.next());
    spill(file, bad);
    auto store = open_sqlite_store(file);
    if (!store) {
      EXPECT_EQ(store.error().code, ErrorCode::kCorrupt) << store.error().describe();
      noticed++;
    } else {
      const auto journal = (*store)->read("r");
      if (!journal) {
        EXPECT_EQ(journal.error().code, ErrorCode::kCorrupt) << journal.error().describe();
        noticed++;
      } else {
        if (journal->damage) noticed++;
        for (std::size_t i = 0; i < journal->events.size(); ++i) {
          ASSERT_EQ(journal->events[i], event("r", static_cast<std::int64_t>(i) + 1, 300));
        }
        if (!journal->damage) {
          EXPECT_EQ(journal->events.size() % 400, 0U);
        }
      }
      store->reset();
    }
    EXPECT_EQ(slurp(file), bad) << "the damaged file was changed";
  }
  EXPECT_GT(noticed, 20);
}

TEST(SqliteStore, RefusesWhatIsNoJournal) {
  TempFolder folder;
  const fs::path text = folder.path() / "notes.txt";
  spill(text, "These are my notes, and no database at all. " + std::string(2000, '.'));
  const std::string before = slurp(text);
  const auto refused = open_sqlite_store(text);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(refused.error().message.find("notes.txt"), std::string::npos);
  EXPECT_EQ(slurp(text), before);

  const fs::path foreign = folder.path() / "foreign.db";
  sql(foreign, "CREATE TABLE songs (id INTEGER PRIMARY KEY)");
  const auto other = open_sqlite_store(foreign);
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().code, ErrorCode::kInvalidInput);
}

TEST(SqliteStore, RefusesANewerVersion) {
  TempFolder folder;
  const fs::path file = folder.path() / "journal.db";
  ASSERT_TRUE(open(file)->append(append_of("r", 0, 1)).has_value());
  sql(file, "PRAGMA user_version = 99");
  const auto refused = open_sqlite_store(file);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_NE(refused.error().message.find("newer"), std::string::npos);
}

TEST(SqliteStore, SaysWhenTheFileCannotBeMade) {
  TempFolder folder;
  spill(folder.path() / "file", "in the way");
  const auto refused = open_sqlite_store(folder.path() / "file" / "journal.db");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kIo);
  EXPECT_NE(refused.error().message.find("file"), std::string::npos);
  SqliteOptions existing;
  existing.create = false;
  EXPECT_EQ(open_sqlite_store(folder.path() / "none.db", existing).error().code,
            ErrorCode::kNotFound);
}

TEST(SqliteStore, OpenForReadingWritesNothing) {
  TempFolder folder;
  const fs::path file = folder.path() / "journal.db";
  ASSERT_TRUE(open(file)->append(append_of("r", 0, 2)).has_value());
  SqliteOptions reading;
  reading.read_only = true;
  auto store = open_sqlite_store(file, reading);
  ASSERT_TRUE(store.has_value()) << store.error().describe();
  EXPECT_EQ((*store)->read("r")->events.size(), 2U);
  EXPECT_EQ((*store)->append(append_of("r", 2, 1)).error().code, ErrorCode::kDenied);
}

TEST(SqliteStore, AFullDiskIsAnErrorAndLosesNothing) {
  TempFolder folder;
  const fs::path file = folder.path() / "journal.db";
  auto store = open(file);
  ASSERT_TRUE(store->append(append_of("r", 0, 3)).has_value());
  struct rlimit old {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  signal(SIGXFSZ, SIG_IGN);
  struct rlimit small = old;
  small.rlim_cur = 256 * 1024;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  std::int64_t last = 3;
  Result<void> result;
  while (last < 10'000) {
    result = store->append(append_of("r", last, 10, 500));
    if (!result) break;
    last += 10;
  }
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
  ASSERT_FALSE(result.has_value()) << "the limit did not bite";
  EXPECT_EQ(result.error().code, ErrorCode::kIo) << result.error().describe();
  EXPECT_FALSE(result.error().hint.empty());
  EXPECT_EQ(static_cast<std::int64_t>(store->read("r")->events.size()), last);
  EXPECT_TRUE(store->append(append_of("r", last, 1)).has_value()) << "there is room again";
  store.reset();
  EXPECT_EQ(static_cast<std::int64_t>(open(file)->read("r")->events.size()), last + 1);
}

TEST(SqliteStore, ASecondProcessIsFencedToo) {
  TempFolder folder;
  const fs::path file = folder.path() / "journal.db";
  auto one = open(file);
  auto two = open(file);
  ASSERT_TRUE(one->append(append_of("r", 0, 2)).has_value());
  ASSERT_TRUE(two->append(append_of("r", 2, 2)).has_value());
  EXPECT_EQ(one->append(append_of("r", 2, 1)).error().code, ErrorCode::kConflict);
  EXPECT_TRUE(one->append(append_of("r", 4, 1)).has_value());
  EXPECT_EQ(two->read("r")->events.size(), 5U);
}

// A child that appends to several runs and says on stdout what was acknowledged.
int crash_child(const std::string& file) {
  auto store = open_sqlite_store(file);
  if (!store) return 1;
  std::vector<std::thread> writers;
  for (int w = 0; w < 3; ++w) {
    writers.emplace_back([&, w] {
      const std::string run = "run" + std::to_string(w);
      auto last = static_cast<std::int64_t>((*store)->read(run)->events.size());
      while (true) {
        Append append = append_of(run, last, 1 + static_cast<int>(last % 3));
        append.blobs.push_back(fmt::format("blob {} {}", run, last));
        const auto count = static_cast<std::int64_t>(append.events.size());
        if (!(*store)->append(std::move(append))) return;
        last += count;
        const std::string line = fmt::format("{} {}\n", w, last);
        if (write(1, line.data(), line.size()) < 0) return;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  return 0;
}

TEST(SqliteStore, KeepsWhatItAcknowledgedOverKill9) {
  TempFolder folder;
  const std::string file = folder.path() / "journal.db";
  std::array<std::int64_t, 3> acked{};
  Rng rng(42);
  for (int round = 0; round < 12; ++round) {
    std::array<int, 2> pipe_ends{};
    ASSERT_EQ(pipe2(pipe_ends.data(), O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], 1);
    std::string program = "/proc/self/exe", flag = "--crash-child", path = file;
    std::array<char*, 4> argv = {program.data(), flag.data(), path.data(), nullptr};
    pid_t child = 0;
    ASSERT_EQ(posix_spawn(&child, "/proc/self/exe", &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(pipe_ends[1]);
    // It dies a random moment after it said a random number of lines.
    std::string said;
    std::array<char, 64> buffer{};
    const std::size_t enough = 50 + rng.below(600);
    bool alive = true;
    for (ssize_t n = 0; (n = read(pipe_ends[0], buffer.data(), buffer.size())) > 0;) {
      said.append(buffer.data(), static_cast<std::size_t>(n));
      if (!alive || said.size() < enough) continue;
      std::this_thread::sleep_for(std::chrono::microseconds(rng.below(2000)));
      kill(child, SIGKILL);
      alive = false;
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child could not write";
    close(pipe_ends[0]);
    std::istringstream lines(said);
    std::size_t run = 0;
    std::int64_t seq = 0;
    while (lines >> run >> seq && run < acked.size()) acked[run] = std::max(acked[run], seq);

    auto store = open(file);
    for (std::size_t w = 0; w < acked.size(); ++w) {
      const std::string name = "run" + std::to_string(w);
      const auto journal = store->read(name);
      ASSERT_TRUE(journal.has_value());
      ASSERT_FALSE(journal->damage.has_value()) << journal->damage->describe();
      ASSERT_GE(static_cast<std::int64_t>(journal->events.size()), acked[w]);
      for (std::size_t i = 0; i < journal->events.size(); ++i) {
        ASSERT_EQ(journal->events[i], event(name, static_cast<std::int64_t>(i) + 1));
      }
    }
  }
  EXPECT_GT(acked[0] + acked[1] + acked[2], 100) << "the children did hardly anything";
  auto store = open(file);
  std::int64_t at = 0;
  while (at < acked[0]) {
    const std::string blob = fmt::format("blob run0 {}", at);
    ASSERT_EQ(store->get_blob(sha256_hex(blob)).value_or("lost"), blob);
    at += 1 + at % 3;
  }
}

}  // namespace
}  // namespace cadre

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "--crash-child") {
    return cadre::crash_child(argv[2]);
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
