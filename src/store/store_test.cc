// What every store has to do: one suite, run over each of them.
#include "store/store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <boost/json/monotonic_resource.hpp>
#include <filesystem>
#include <future>
#include <thread>

#include "base/hash.h"
#include "store/sqlite_store.h"
#include "store/store_test_kit.h"

namespace cadre {
namespace {

using testing::append_of;
using testing::event;
using testing::TempFolder;

struct Kind {
  const char* name;
  bool durable;
};

class StoreConformance : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override { open(); }
  void open() {
    if (!GetParam().durable) {
      if (store_ == nullptr) store_ = make_memory_store();
      return;
    }
    store_.reset();
    auto opened = open_sqlite_store(folder_.path() / "journal.db");
    ASSERT_TRUE(opened.has_value()) << opened.error().describe();
    store_ = std::move(*opened);
  }

  TempFolder folder_;
  std::unique_ptr<Store> store_;
};

TEST_P(StoreConformance, ReadsBackWhatWasAppendedInOrder) {
  ASSERT_TRUE(store_->append(append_of("r", 0, 3)).has_value());
  ASSERT_TRUE(store_->append(append_of("r", 3, 2)).has_value());
  ASSERT_TRUE(store_->append(append_of("other", 0, 1)).has_value());
  const auto journal = store_->read("r");
  ASSERT_TRUE(journal.has_value());
  EXPECT_FALSE(journal->damage.has_value());
  ASSERT_EQ(journal->events.size(), 5U);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(journal->events[static_cast<std::size_t>(i)], event("r", i + 1));
  }
  const auto tail = store_->read("r", 4);
  ASSERT_TRUE(tail.has_value());
  ASSERT_EQ(tail->events.size(), 2U);
  EXPECT_EQ(tail->events.front().seq, 4);
  EXPECT_TRUE(store_->read("nobody")->events.empty());
}

// Bodies may stand in a piece of memory that knows nothing of threads.
TEST_P(StoreConformance, WhatIsReadSharesNoMemoryWithTheStore) {
  Append append;
  append.run = "r";
  const auto piece = boost::json::make_shared_resource<boost::json::monotonic_resource>(1024);
  append.events.push_back({.run = "r", .seq = 1, .actor = "a",
                           .body = Json(JsonObject({{"text", "words"}}, piece))});
  ASSERT_TRUE(append.events[0].body.storage().is_shared());
  ASSERT_TRUE(store_->append(std::move(append)).has_value());
  const auto journal = store_->read("r");
  ASSERT_TRUE(journal.has_value());
  EXPECT_EQ(json::get_string(journal->events.at(0).body, "text"), "words");
  EXPECT_FALSE(journal->events[0].body.storage().is_shared());
}

TEST_P(StoreConformance, FencesASecondWriterOff) {
  ASSERT_TRUE(store_->append(append_of("r", 0, 2)).has_value());
  const auto stale = store_->append(append_of("r", 1, 1));
  ASSERT_FALSE(stale.has_value());
  EXPECT_EQ(stale.error().code, ErrorCode::kConflict);
  const auto ahead = store_->append(append_of("r", 5, 1));
  ASSERT_FALSE(ahead.has_value());
  EXPECT_EQ(ahead.error().code, ErrorCode::kConflict);
  EXPECT_EQ(store_->read("r")->events.size(), 2U);
  EXPECT_TRUE(store_->append(append_of("r", 2, 1)).has_value());
}

TEST_P(StoreConformance, ARunThatWasFencedOffBeforeItBeganCanBegin) {
  const auto early = store_->append(append_of("r", 3, 1));
  ASSERT_FALSE(early.has_value());
  EXPECT_EQ(early.error().code, ErrorCode::kConflict);
  ASSERT_TRUE(store_->append(append_of("r", 0, 2)).has_value());
  EXPECT_EQ(store_->read("r")->events.size(), 2U);
  EXPECT_TRUE(store_->append(append_of("r", 2, 1)).has_value());
  EXPECT_EQ(store_->read("r")->events.size(), 3U);
}

TEST_P(StoreConformance, RefusesEventsThatAreNotDense) {
  Append gap = append_of("r", 0, 3);
  gap.events.erase(gap.events.begin() + 1);
  const auto refused = store_->append(std::move(gap));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidInput);
  EXPECT_TRUE(store_->read("r")->events.empty());
}

TEST_P(StoreConformance, AFailedAppendLeavesNothing) {
  ASSERT_TRUE(store_->append(append_of("r", 0, 1)).has_value());
  Append stale = append_of("r", 0, 1);
  stale.blobs.push_back("never");
  ASSERT_FALSE(store_->append(std::move(stale)).has_value());
  const auto blob = store_->get_blob(sha256_hex("never"));
  ASSERT_FALSE(blob.has_value());
  EXPECT_EQ(blob.error().code, ErrorCode::kNotFound);
}

TEST_P(StoreConformance, KeepsBlobsByContent) {
  const std::string binary("\0\xff\x01 text", 8);
  const auto address = store_->put_blob(binary);
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(*address, sha256_hex(binary));
  EXPECT_EQ(store_->put_blob(binary).value(), *address);
  EXPECT_EQ(store_->put_blob("").value(), sha256_hex(""));
  open();
  EXPECT_EQ(store_->get_blob(*address).value(), binary);
  EXPECT_EQ(store_->get_blob(sha256_hex("")).value(), "");
  EXPECT_EQ(store_->get_blob("00").error().code, ErrorCode::kNotFound);
}

TEST_P(StoreConformance, KeepsTheRowOfARun) {
  Append first = append_of("r", 0, 1);
  first.info = RunInfo{"r", "running", 0, "A library", "software", "offline", "/out", 5, 6};
  ASSERT_TRUE(store_->append(std::move(first)).has_value());
  Append second = append_of("s", 0, 1);
  second.info = RunInfo{"s", "running", 0, "A shop", "software", "offline", "/out", 7, 8};
  ASSERT_TRUE(store_->append(std::move(second)).has_value());
  Append end = append_of("r", 1, 1);
  end.info = RunInfo{"r", "done", 3, "A library", "software", "offline", "/out", 5, 9};
  const RunInfo expected = *end.info;
  ASSERT_TRUE(store_->append(std::move(end)).has_value());
  open();
  EXPECT_EQ(store_->info("r").value(), expected);
  const auto rows = store_->list_runs();
  ASSERT_TRUE(rows.has_value());
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ(rows->front().run, "s");
  EXPECT_EQ(store_->info("t").error().code, ErrorCode::kNotFound);
}

TEST_P(StoreConformance, ItsVersionIsAnotherOneWhenSomethingWasWritten) {
  const auto before = store_->version();
  EXPECT_EQ(store_->version(), before);
  ASSERT_TRUE(store_->append(append_of("r", 0, 1)).has_value());
  const auto after = store_->version();
  EXPECT_NE(after, before);
  (void)store_->read("r");
  EXPECT_EQ(store_->version(), after);
  if (!GetParam().durable) return;
  auto elsewhere = open_sqlite_store(folder_.path() / "journal.db");
  ASSERT_TRUE(elsewhere.has_value());
  ASSERT_TRUE((*elsewhere)->append(append_of("r", 1, 1)).has_value());
  EXPECT_NE(store_->version(), after);
}

TEST_P(StoreConformance, GoesOnAfterItIsOpenedAgain) {
  ASSERT_TRUE(store_->append(append_of("r", 0, 2)).has_value());
  open();
  EXPECT_EQ(store_->read("r")->events.size(), 2U);
  EXPECT_EQ(store_->append(append_of("r", 0, 1)).error().code, ErrorCode::kConflict);
  EXPECT_TRUE(store_->append(append_of("r", 2, 2)).has_value());
  EXPECT_EQ(store_->read("r")->events.size(), 4U);
}

TEST_P(StoreConformance, TakesManyRunsAtOnce) {
  constexpr int kRuns = 8, kEvents = 40;
  std::vector<std::thread> writers;
  std::atomic<int> failures{0};
  for (int w = 0; w < kRuns; ++w) {
    writers.emplace_back([&, w] {
      const std::string run = "run" + std::to_string(w);
      for (int i = 0; i < kEvents; ++i) {
        if (!store_->append(append_of(run, i, 1)).has_value()) failures++;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(failures, 0);
  for (int w = 0; w < kRuns; ++w) {
    const auto journal = store_->read("run" + std::to_string(w));
    ASSERT_EQ(journal->events.size(), static_cast<std::size_t>(kEvents));
    EXPECT_EQ(journal->events.back().seq, kEvents);
  }
}

TEST_P(StoreConformance, OneOfTwoWritersOfARunWinsEachEvent) {
  std::atomic<int> won{0};
  const auto race = [&] {
    for (int i = 0; i < 50; ++i) {
      const auto last = static_cast<std::int64_t>(store_->read("r")->events.size());
      const auto result = store_->append(append_of("r", last, 1));
      if (result) {
        won++;
      } else {
        EXPECT_EQ(result.error().code, ErrorCode::kConflict);
      }
    }
  };
  std::thread one(race), two(race);
  one.join();
  two.join();
  const auto journal = store_->read("r");
  EXPECT_FALSE(journal->damage.has_value());
  EXPECT_EQ(journal->events.size(), static_cast<std::size_t>(won.load()));
}

TEST_P(StoreConformance, AcksInTheOrderOfOneCaller) {
  std::vector<int> order;
  std::promise<void> last;
  for (int i = 0; i < 100; ++i) {
    store_->append_async(append_of("r", i, 1), [&, i](Result<void> result) {
      EXPECT_TRUE(result.has_value());
      order.push_back(i);
      if (i == 99) last.set_value();
    });
  }
  last.get_future().wait();
  ASSERT_EQ(order.size(), 100U);
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreConformance,
                         ::testing::Values(Kind{"memory", false}, Kind{"sqlite", true}),
                         [](const auto& kind) { return std::string(kind.param.name); });

}  // namespace
}  // namespace cadre
