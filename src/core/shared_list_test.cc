#include "core/shared_list.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>

#include "core/call_ids.h"

namespace cadre {
namespace {

using Value = std::shared_ptr<const int>;

Value make(int number) { return std::make_shared<const int>(number); }

struct Note : ListNote {
  explicit Note(std::shared_ptr<const void> who, std::size_t values) {
    maker = std::move(who);
    covered = values;
  }
};

std::unique_ptr<ListNote> note(const std::shared_ptr<const void>& who, std::size_t values) {
  return std::make_unique<Note>(who, values);
}

TEST(SharedList, CopiesThatPartHoldTheirOwn) {
  SharedList<Value> first;
  const Value one = make(1), two = make(2), three = make(3);
  first.push_back(one);
  SharedList<Value> second = first;
  first.push_back(two);
  second.push_back(three);
  ASSERT_EQ(first.size(), 2U);
  ASSERT_EQ(second.size(), 2U);
  EXPECT_EQ(first.view()[1], two);
  EXPECT_EQ(second.view()[1], three);
  EXPECT_EQ(second.view()[0], one);
  EXPECT_NE(first.view().data(), second.view().data());
}

TEST(SharedList, WhoGoesOnWithTheSameValuesSharesThem) {
  SharedList<Value> session, run;
  session.push_back(make(1));
  run = session;
  for (int i = 0; i < 3; ++i) {
    run.push_back(make(i));
    session.push_back(run.back());
  }
  EXPECT_EQ(session.view().data(), run.view().data());
  EXPECT_EQ(session.size(), 4U);
}

TEST(SharedList, AsALongListDoesWhateverIsCopiedAndWhen) {
  std::mt19937 dice(7);
  std::vector<SharedList<Value>> lists(1);
  std::vector<std::vector<Value>> models(1);
  for (int step = 0; step < 20'000; ++step) {
    const std::size_t at = dice() % lists.size();
    if (dice() % 8 == 0) {
      const SharedList<Value> copy = lists[at];
      const std::vector<Value> model = models[at];
      if (lists.size() < 12) {
        lists.push_back(copy);
        models.push_back(model);
      } else {
        const std::size_t to = dice() % lists.size();
        lists[to] = copy;
        models[to] = model;
      }
      continue;
    }
    // Often what another list has there.
    const std::size_t other = dice() % lists.size();
    const bool same = models[other].size() > models[at].size() && dice() % 2 == 0;
    const Value value = same ? models[other][models[at].size()] : make(step);
    lists[at].push_back(value);
    models[at].push_back(value);
    ASSERT_TRUE(std::ranges::equal(lists[at].view(), models[at]));
  }
  for (std::size_t i = 0; i < lists.size(); ++i)
    EXPECT_TRUE(std::ranges::equal(lists[i].view(), models[i]));
}

TEST(SharedList, NotesFollowTheLongestListAndAreNeverOfOtherValues) {
  const auto who = std::make_shared<const int>(0);
  SharedList<Value> list;
  for (int i = 0; i < 5; ++i) list.push_back(make(i));
  const SharedList<Value> shorter = list;
  list.push_back(make(5));
  list.keep_note(note(who, 6));
  EXPECT_EQ(shorter.take_note(who.get()), nullptr);  // it covers more than this one has
  SharedList<Value> parted = shorter;
  parted.push_back(make(9));
  EXPECT_EQ(parted.take_note(who.get()), nullptr);
  for (int i = 0; i < 100; ++i) list.push_back(make(i));
  auto taken = list.take_note(who.get());
  ASSERT_NE(taken, nullptr);
  EXPECT_EQ(taken->covered, 6U);
  EXPECT_EQ(list.take_note(who.get()), nullptr);  // somebody has it
  list.keep_note(std::move(taken));
  list.keep_note(note(who, 3));  // a longer one is there
  EXPECT_EQ(list.take_note(who.get())->covered, 6U);
  EXPECT_EQ(list.take_note(&taken), nullptr);  // nobody's
}

TEST(SharedList, KeepsNotesOfAFewReaders) {
  SharedList<Value> list;
  list.push_back(make(1));
  std::vector<std::shared_ptr<const int>> readers;
  for (int i = 0; i < 6; ++i) {
    readers.push_back(make(i));
    list.keep_note(note(readers.back(), 1));
  }
  EXPECT_EQ(list.take_note(readers[0].get()), nullptr);
  EXPECT_NE(list.take_note(readers[5].get()), nullptr);
}

TEST(SharedList, CopiesGoOnOnManyThreads) {
  SharedList<Value> list;
  for (int i = 0; i < 3; ++i) list.push_back(make(i));
  const auto who = std::make_shared<const int>(0);
  list.keep_note(note(who, 3));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([copy = list, t, who]() mutable {
      for (int i = 0; i < 2'000; ++i) {
        copy.push_back(make(1'000'000 * (t + 1) + i));
        auto taken = copy.take_note(who.get());
        if (taken != nullptr) taken->covered = copy.size();
        copy.keep_note(taken != nullptr ? std::move(taken) : note(who, 3));
      }
      for (int i = 0; i < 2'000; ++i)
        ASSERT_EQ(*copy.view()[static_cast<std::size_t>(i + 3)], 1'000'000 * (t + 1) + i);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(list.size(), 3U);
}

TEST(CallIds, HoldsWhatWasInsertedAndCopiesGoTheirOwnWay) {
  std::vector<std::string> texts;
  for (int i = 0; i < 3'000; ++i) texts.push_back("call_" + std::to_string(i * 7919 % 3'001));
  CallIds ids;
  CallIds half;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i == texts.size() / 2) half = ids;
    EXPECT_TRUE(ids.insert(texts[i]));
    EXPECT_FALSE(ids.insert(texts[i / 2]));
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_TRUE(ids.contains(texts[i]));
    EXPECT_EQ(half.contains(texts[i]), i < texts.size() / 2);
  }
  EXPECT_FALSE(ids.contains("call_x"));
  ids.clear();
  EXPECT_FALSE(ids.contains(texts[0]));
}

}  // namespace
}  // namespace cadre
