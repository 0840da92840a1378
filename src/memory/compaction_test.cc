#include "memory/compaction.h"

#include <algorithm>
#include <set>

#include "memory/memory_test_kit.h"
#include "memory/tokens.h"

namespace cadre {
namespace {

using namespace memory_test;  // NOLINT

std::string words(Rng& rng, std::uint64_t most) {
  static const std::vector<std::string> kWords = {"order", "refund", "is",      "the", "late",
                                                  "box",   "please", "check. ", "why", "blue"};
  std::string out;
  for (std::uint64_t n = 1 + rng.below(most); n > 0; --n) out += kWords[rng.below(10)] + " ";
  return out;
}

std::vector<ItemPtr> random_history(Rng& rng) {
  History history;
  int calls = 0;
  for (std::uint64_t steps = 1 + rng.below(40); steps > 0; --steps) {
    switch (rng.below(6)) {
      case 0:
        EXPECT_TRUE(
            history.add_message({Speaker::kSystem, words(rng, 20), "", rng.below(9) == 0, {}}));
        break;
      case 1:
      case 2:
        EXPECT_TRUE(
            history.add_message({Speaker::kUser, words(rng, 60), "", rng.below(9) == 0, {}}));
        break;
      default: {
        std::vector<Item> reply;
        if (rng.below(3) == 0) reply.emplace_back(ReasoningItem{words(rng, 30), {}});
        if (rng.below(2) == 0)
          reply.emplace_back(
              MessageItem{Speaker::kAssistant, words(rng, 60), "a", rng.below(9) == 0, {}});
        std::vector<std::string> ids;
        for (std::uint64_t n = rng.below(4); n > 0; --n) {
          ids.push_back(fmt::format("c{}", calls++));
          reply.emplace_back(ToolCallItem{ids.back(), "search", words(rng, 20), {}});
        }
        EXPECT_TRUE(history.add_reply(std::move(reply)));
        for (const std::string& id : ids)
          EXPECT_TRUE(history.add_result({id, words(rng, 80), rng.below(4) != 0}));
      }
    }
  }
  return {history.items().begin(), history.items().end()};
}

bool is_summary(const ItemPtr& one) {
  const auto* message = std::get_if<MessageItem>(one.get());
  return message != nullptr && message->agent == kSummaryAuthor;
}

TEST(Compaction, HoldsItsPromisesOnRandomHistories) {
  Rng rng(2026);
  int compacted = 0;
  for (int round = 0; round < 600; ++round) {
    const std::vector<ItemPtr> items = random_history(rng);
    const std::size_t target = rng.below(2000);
    const auto done = compact(items, target, extractive_summarizer());
    ASSERT_TRUE(done.has_value()) << done.error().describe();
    ASSERT_TRUE(History::from(done->items).has_value());
    ASSERT_EQ(done->tokens_after, estimate_tokens(done->items));
    ASSERT_LE(done->tokens_after, done->tokens_before);
    ASSERT_EQ(done->reached_target, done->tokens_after <= target);
    // What is there is of the old history, in its order, plus at most one summary.
    std::size_t at = 0, summaries = 0, kept = 0;
    for (const ItemPtr& one : done->items) {
      if (is_summary(one)) {
        ++summaries;
        continue;
      }
      while (at < items.size() && items[at] != one) ++at;
      ASSERT_LT(at, items.size()) << "an item from nowhere, or out of order";
      ++kept;
    }
    ASSERT_EQ(kept + done->dropped, items.size());
    ASSERT_EQ(summaries, done->dropped > 0 ? 1U : 0U);
    const std::set<ItemPtr> left(done->items.begin(), done->items.end());
    for (const ItemPtr& one : items) {
      const auto* message = std::get_if<MessageItem>(one.get());
      ASSERT_TRUE(message == nullptr || !message->pinned || left.contains(one)) << "pinned lost";
    }
    ASSERT_TRUE(items.empty() || done->items.back() == items.back()) << "the newest stays";
    if (done->dropped > 0) ++compacted;
  }
  EXPECT_GT(compacted, 200);
}

std::vector<ItemPtr> long_talk() {
  std::vector<ItemPtr> items = {
      item(MessageItem{Speaker::kSystem, "You are helpful.", "", false, {}})};
  for (int i = 0; i < 20; ++i) {
    items.push_back(user(
        fmt::format("Question {} about the refund of order {}. {}", i, i, std::string(300, 'x'))));
    items.push_back(call(fmt::format("c{}", i)));
    items.push_back(result(fmt::format("c{}", i), std::string(400, 'y')));
    items.push_back(agent(fmt::format("Answer {}.", i)));
  }
  return items;
}

TEST(Compaction, KeepsTheNewestExchangesWholeAndNamesItsMaker) {
  const auto items = long_talk();
  const auto done = compact(items, 1500, extractive_summarizer());
  ASSERT_TRUE(done.has_value());
  EXPECT_TRUE(done->reached_target);
  EXPECT_EQ(done->items[0], items[0]) << "the instructions stay";
  ASSERT_TRUE(is_summary(done->items[1]));
  const std::string text = std::get<MessageItem>(*done->items[1]).text;
  EXPECT_NE(text.find("by extraction without a language model"), std::string::npos) << text;
  EXPECT_NE(text.find("refund"), std::string::npos) << text;
  EXPECT_EQ((done->items.size() - 2) % 4, 0U) << "whole exchanges";
  EXPECT_GE(done->items.size(), 10U);
  // Once more: the summary is summarized with what came after it.
  std::vector<ItemPtr> longer = done->items;
  for (int i = 0; i < 10; ++i) longer.push_back(user(std::string(400, 'z')));
  const auto again = compact(longer, 1500, extractive_summarizer());
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(std::ranges::count_if(again->items, is_summary), 1);
  EXPECT_NE(std::get<MessageItem>(*again->items[1]).text.find("refund"), std::string::npos);
}

TEST(Compaction, OneEndlessExchangeIsCompactedInside) {
  std::vector<ItemPtr> items = {user("Do all of it")};
  for (int i = 0; i < 200; ++i) {
    items.push_back(call(fmt::format("c{}", i)));
    items.push_back(result(fmt::format("c{}", i), std::string(200, 'y')));
  }
  const auto done = compact(items, 1000, extractive_summarizer());
  ASSERT_TRUE(done.has_value());
  EXPECT_TRUE(done->reached_target);
  EXPECT_EQ(done->items.front(), items.front()) << "the question stays";
  EXPECT_EQ(done->items.back(), items.back());
  EXPECT_GT(done->items.size(), 10U);
}

TEST(Compaction, AFailingModelChangesNothing) {
  TempFolder folder;
  auto memory = open_file(folder.file());
  auto session = open_session(*memory, "chat");
  const auto items = long_talk();
  ASSERT_TRUE(session->add("r", items).has_value());
  const Summarizer broken{"model-x", [](auto, std::size_t) -> Result<std::string> {
                            return fail(ErrorCode::kUnavailable, "HTTP 529");
                          }};
  const auto refused = compact_session(*session, "r", 1000, broken);
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find("model-x"), std::string::npos);
  EXPECT_NE(refused.error().message.find("HTTP 529"), std::string::npos);
  const Summarizer silent{"model-x", [](auto, std::size_t) { return Result<std::string>(""); }};
  EXPECT_FALSE(compact_session(*session, "r", 1000, silent).has_value());
  const Summarizer throwing{"model-x", [](auto, std::size_t) -> Result<std::string> {
                              throw std::runtime_error("no route");
                            }};
  const auto thrown = compact_session(*session, "r", 1000, throwing);
  ASSERT_FALSE(thrown.has_value());
  EXPECT_NE(thrown.error().message.find("no route"), std::string::npos);
  EXPECT_EQ(compact_session(*session, "r", 1000, {"none", nullptr}).error().code,
            ErrorCode::kInvalidInput);
  EXPECT_EQ(load(*session).size(), items.size());

  const Summarizer chatty{
      "model-x", [](auto, std::size_t) { return Result<std::string>(std::string(100'000, 'z')); }};
  const auto done = compact_session(*session, "r", 1000, chatty);
  ASSERT_TRUE(done.has_value());
  EXPECT_TRUE(done->reached_target) << "a longer summary than was asked for is cut";
  EXPECT_EQ(load(*session).size(), done->items.size());
  EXPECT_EQ(session->added_by("r").value(), items.size());
  EXPECT_FALSE(compact(std::span(items).subspan(3), 1, extractive_summarizer()).has_value())
      << "a result without its call is no history";

  auto elsewhere = open_session(*open_file(folder.file()), "chat");
  ASSERT_TRUE(elsewhere->acquire("other").has_value());
  EXPECT_EQ(compact_session(*session, "r", 300, extractive_summarizer()).error().code,
            ErrorCode::kConflict);
}

}  // namespace
}  // namespace cadre
