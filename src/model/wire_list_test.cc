#include "model/wire_list.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "model/adapter_test_kit.h"

namespace cadre::model::testing {
namespace {

// Conversations as they grow: people, replies of all kinds, results one by one.
class Talk {
 public:
  Talk(Rng& dice, std::string_view format) : dice_(dice), format_(format) {}

  void go_on(History& history) {
    const auto vendor = [&](const char* what) {
      return dice_.below(2) == 0 ? Json()
                                 : Json(JsonObject{{format_, JsonObject{{"type", what},
                                                                        {"own", number_}}}});
    };
    const std::string words = fmt::format("{} \"quoted\"\n\xc3\xa9 {}", ++number_,
                                          std::string(dice_.below(60), 'x'));
    if (dice_.below(3) == 0) {
      MessageItem message;
      message.speaker = dice_.below(4) == 0 ? Speaker::kSystem : Speaker::kUser;
      message.text = dice_.below(8) == 0 ? "" : words;
      ASSERT_TRUE(history.add_message(std::move(message)).has_value());
      return;
    }
    std::vector<Item> reply;
    if (dice_.below(3) == 0) reply.emplace_back(ReasoningItem{words, vendor("thinking")});
    if (dice_.below(2) == 0)
      reply.emplace_back(MessageItem{Speaker::kAssistant, words, "a", false, vendor("text")});
    std::vector<std::string> asked;
    for (std::uint64_t i = dice_.below(3); i > 0; --i) {
      asked.push_back(fmt::format("call_{}_{}", number_, i));
      reply.emplace_back(ToolCallItem{asked.back(), fmt::format("tool{}", i),
                                      dice_.below(6) == 0 ? "no json" : R"({"a": 1})",
                                      vendor("call")});
    }
    ASSERT_TRUE(history.add_reply(std::move(reply)).has_value());
    for (const std::string& id : asked)
      ASSERT_TRUE(history.add_result({id, words, dice_.below(4) != 0}).has_value());
  }

 private:
  Rng& dice_;
  std::string format_;
  int number_ = 0;
};

const char* format_of(const Profile& profile) {
  switch (profile.wire) {
    case Wire::kResponses: return "responses";
    case Wire::kMessages: return "messages";
    default: return "chat";
  }
}

// Of each format: with what was kept, the same bytes as without, in whatever order conversations
// go on, part and change their instructions.
TEST(WireList, WhatWasKeptChangesNoByte) {
  for (const Profile& base : profiles()) {
    for (const EchoReasoning echo :
         {EchoReasoning::kNever, EchoReasoning::kToolLoop, EchoReasoning::kAlways}) {
      Profile profile = base;
      profile.echo_reasoning = echo;
      if (profile.max_tokens_default == 0) profile.max_tokens_default = 100;
      const auto adapter = make_adapter(profile, "m");
      const auto fresh = make_adapter(profile, "m");
      Rng dice(17);
      Talk talk(dice, format_of(profile));
      std::vector<History> talks(1);
      for (int step = 0; step < 250; ++step) {
        History& history = talks[dice.below(talks.size())];
        talk.go_on(history);
        if (dice.below(30) == 0 && talks.size() < 4) {
          const History part = history;
          talks.push_back(part);
        }
        const History& asked = talks[dice.below(talks.size())];
        ModelRequest request;
        request.items = asked.items();
        request.instructions = dice.below(2) == 0 ? "Be brief." : "";
        const auto plain = fresh->build_request(request);
        request.history = asked;
        const auto kept = adapter->build_request(request);
        ASSERT_EQ(plain.has_value(), kept.has_value()) << profile.name;
        if (!plain) continue;
        ASSERT_EQ(plain->body, kept->body) << profile.name << " at " << step;
      }
    }
  }
}

// That it is used at all: what was kept is gone while somebody else has it.
TEST(WireList, ALongConversationKeepsItsText) {
  const auto adapter = make_adapter(*find_profile("compatible"), "m");
  History history;
  ModelRequest request;
  std::string before;
  for (int i = 0; i < 40; ++i) {
    MessageItem message;
    message.text = std::string(500, 'x');
    ASSERT_TRUE(history.add_message(std::move(message)).has_value());
    request.items = history.items();
    request.history = history;
    const auto wire = adapter->build_request(request);
    ASSERT_TRUE(wire.has_value());
    EXPECT_GT(wire->body.size(), before.size());
    before = wire->body;
  }
  EXPECT_TRUE(history.has_notes());
}

TEST(WireList, AReplysCallsDifferFromThoseOfTheHistory) {
  Kit kit("compatible");
  History history;
  ASSERT_TRUE(history.add_message({Speaker::kUser, "hi", "", false, Json()}).has_value());
  ASSERT_TRUE(history.add_reply({ToolCallItem{"c1", "t", "{}", Json()}}).has_value());
  ASSERT_TRUE(history.add_result({"c1", "r", true}).has_value());
  ModelRequest request;
  request.items = history.items();
  request.history = history;
  const auto wire = kit.adapter->build_request(request);
  ASSERT_TRUE(wire.has_value());
  EXPECT_TRUE(wire->context->knows_call("c1"));
  EXPECT_TRUE(wire->context->calls.empty()) << "nothing was gathered";
  const Parsed reply = kit.reply(
      R"({"choices":[{"message":{"tool_calls":[{"id":"c1","function":{"name":"t"}}]}}]})", 200,
      *wire->context);
  ASSERT_TRUE(reply.has_value());
  EXPECT_NE(std::get<ToolCallItem>(reply->items[0]).id, "c1");
}

}  // namespace
}  // namespace cadre::model::testing
