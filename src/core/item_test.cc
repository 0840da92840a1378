// Histories are valid by construction; what was stored is read, refused by its place, or mended.
#include "core/item.h"

#include <gtest/gtest.h>

#include <map>

#include "core/agent_loop_test_kit.h"

namespace cadre {
namespace {

using testing::Dice;
using testing::dump;
using testing::message;

ItemPtr asked(std::string id) {
  return std::make_shared<const Item>(ToolCallItem{std::move(id), "t", "{}", {}});
}
ItemPtr answered(std::string id) {
  return std::make_shared<const Item>(ToolResultItem{std::move(id), "out", true});
}
ItemPtr thought() { return std::make_shared<const Item>(ReasoningItem{"hm", {}}); }

// Any items in any order: orphans, doubles, empty ids, reasoning at the end.
std::vector<ItemPtr> jumble(Dice& dice) {
  std::vector<ItemPtr> items;
  const int count = dice.roll(14);
  for (int i = 0; i < count; ++i) {
    const std::string id =
        dice.chance(3) ? "" : std::string(1, static_cast<char>('a' + dice.roll(5)));
    switch (dice.roll(6)) {
      case 0: items.push_back(message(Speaker::kUser, "u")); break;
      case 1: items.push_back(message(Speaker::kAssistant, "a")); break;
      case 2: items.push_back(thought()); break;
      case 3: items.push_back(message(Speaker::kSystem, "s")); break;
      case 4: items.push_back(asked(id)); break;
      default: items.push_back(answered(id)); break;
    }
  }
  return items;
}

// What every vendor asks of a conversation, said once more without History's own code.
std::string fault_of(std::span<const ItemPtr> items) {
  std::map<std::string, int> calls;
  std::vector<std::string> open;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Item& item = *items[i];
    if (const auto* call = std::get_if<ToolCallItem>(&item)) {
      if (call->id.empty()) return "an empty id";
      if (++calls[call->id] > 1) return "an id twice";
      open.push_back(call->id);
    } else if (const auto* result = std::get_if<ToolResultItem>(&item)) {
      if (open.empty() || open.front() != result->call_id) return "a result out of place";
      open.erase(open.begin());
    } else if (!open.empty() && i > 0 && std::holds_alternative<ToolResultItem>(*items[i - 1])) {
      return "something between results";
    }
    const auto* said = std::get_if<MessageItem>(&item);
    if (said != nullptr && said->speaker != Speaker::kAssistant && !open.empty())
      return "a message before the results";
    const bool last_of_reply =
        i + 1 == items.size() || std::holds_alternative<ToolResultItem>(*items[i + 1]) ||
        (std::holds_alternative<MessageItem>(*items[i + 1]) &&
         std::get<MessageItem>(*items[i + 1]).speaker != Speaker::kAssistant);
    if (std::holds_alternative<ReasoningItem>(item) && last_of_reply) return "reasoning at the end";
  }
  return open.empty() ? "" : "a call without its result";
}

TEST(HistoryProperty, WhatIsReadOrMendedIsValid) {
  int valid = 0;
  for (std::uint64_t seed = 0; seed < 12'000; ++seed) {
    SCOPED_TRACE(seed);
    Dice dice(seed);
    const std::vector<ItemPtr> items = jumble(dice);
    const auto read = History::from(items);
    if (read) {
      ++valid;
      ASSERT_EQ(fault_of(read->items()), "") << dump(items);
    }
    std::vector<std::string> notes;
    const History mended = History::repaired(items, notes);
    ASSERT_EQ(mended.open_calls(), 0U) << dump(items);
    ASSERT_EQ(fault_of(mended.items()), "") << dump(items) << "->\n" << dump(mended.items());
    ASSERT_TRUE(History::from(mended.items())) << dump(items);
    // No words are lost, whatever calls are; and what was left out is said.
    const auto words = [](std::span<const ItemPtr> all) {
      return std::ranges::count_if(
          all, [](const ItemPtr& item) { return std::holds_alternative<MessageItem>(*item); });
    };
    ASSERT_EQ(words(mended.items()), words(items)) << dump(items) << "->\n"
                                                   << dump(mended.items());
    ASSERT_EQ(mended.size() == items.size(), notes.empty()) << dump(items);
    // Mending what is whole changes nothing.
    std::vector<std::string> none;
    ASSERT_EQ(dump(History::repaired(mended.items(), none).items()), dump(mended.items()));
    ASSERT_TRUE(none.empty());
  }
  EXPECT_GT(valid, 300);  // the generator reaches both sides
}

TEST(HistoryProperty, TheFirstFaultIsNamedByItsPlace) {
  const std::vector<ItemPtr> items{message(Speaker::kUser, "u"), answered("a")};
  const auto read = History::from(items);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message.substr(0, 7), "item 1:");
  const std::vector<ItemPtr> open{asked("a")};
  EXPECT_NE(History::from(open).error().message.find("have no result"), std::string::npos);
}

TEST(History, ResultsStandInCallOrderHoweverTheyCome) {
  History history;
  ASSERT_TRUE(history.add_reply({ToolCallItem{"a", "t", "{}", {}}, ToolCallItem{"b", "t", "{}", {}},
                                 ToolCallItem{"c", "t", "{}", {}}}));
  for (const char* id : {"c", "a", "b"}) {
    EXPECT_EQ(history.size(), 3U);
    ASSERT_TRUE(history.add_result({id, "out", true}));
  }
  for (const std::size_t i : {0U, 1U, 2U})
    EXPECT_EQ(std::get<ToolResultItem>(*history.items()[3 + i]).call_id, std::string(1, "abc"[i]));
}

TEST(History, ARefusedReplyLeavesNothingBehind) {
  History history;
  const auto refused =
      history.add_reply({ToolCallItem{"a", "t", "{}", {}}, ToolCallItem{"a", "t", "{}", {}}});
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(history.size(), 0U);
  EXPECT_FALSE(history.knows_call("a"));
  ASSERT_TRUE(history.add_reply({ToolCallItem{"a", "t", "{}", {}}}));
  EXPECT_EQ(history.add_message({}).error().code, ErrorCode::kConflict);
  EXPECT_EQ(history.add_result({"b", "", true}).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(history.add_result({"a", "", true}));
  EXPECT_EQ(history.add_result({"a", "", true}).error().code, ErrorCode::kNotFound);
}

TEST(History, ACopyKeepsItsCallsWhenTheOriginalGoes) {
  auto first = std::make_unique<History>();
  ASSERT_TRUE(
      first->add_reply({ToolCallItem{"a long enough id to be on the heap", "t", "{}", {}}}));
  History copy = *first;
  first.reset();
  EXPECT_TRUE(copy.knows_call("a long enough id to be on the heap"));
  ASSERT_TRUE(copy.add_result({"a long enough id to be on the heap", "out", true}));
  EXPECT_EQ(copy.size(), 2U);
}

TEST(Item, IsReadBackAsWritten) {
  const std::vector<Item> items{
      MessageItem{Speaker::kAssistant, "hé", "a", true, Json{{"id", 1}}},
      ReasoningItem{"hm", Json{{"signature", "x"}}}, ToolCallItem{"a", "t", "{\"b\": 1}", {}},
      ToolResultItem{"a", "out", false}};
  for (const Item& item : items) {
    const auto read = item_from_json(json::parse(json::write(to_json(item))).value());
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, item);
  }
  for (const char* broken : {"{}", "[]", "3", R"({"type": "x"})",
                             R"({"type": "message", "speaker": "god"})"})
    EXPECT_FALSE(item_from_json(json::parse(broken).value())) << broken;
}

}  // namespace
}  // namespace cadre
