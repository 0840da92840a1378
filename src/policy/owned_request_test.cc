#include "policy/owned_request.h"

#include <gtest/gtest.h>

#include "model/wire_common.h"

namespace cadre::policy {
namespace {

MessageItem message(std::string text) {
  return {Speaker::kUser, std::move(text), "", false, Json()};
}

TEST(OwnedRequest, SharesTheConversationSoThatAdaptersKnowItAgain) {
  History history;
  ASSERT_TRUE(history.add_message(message("one")));
  ModelRequest asked;
  asked.history = history;
  asked.items = asked.history.items();
  OwnedRequest owned(asked);
  EXPECT_EQ(owned.view().items.data(), history.items().data());
  EXPECT_TRUE(model::is_history_of(owned.view()));
  owned.say(message("two"));
  const ModelRequest more = owned.view();
  ASSERT_EQ(more.items.size(), 2U);
  EXPECT_EQ(more.items[0], history.items()[0]);
  EXPECT_EQ(std::get<MessageItem>(*more.items[1]).text, "two");
  EXPECT_TRUE(model::is_history_of(more));
  EXPECT_EQ(history.size(), 1U);
}

TEST(OwnedRequest, KeepsItemsThatHaveNoHistory) {
  OwnedRequest owned{ModelRequest{}};
  EXPECT_TRUE(owned.view().items.empty());
  {
    const std::vector<ItemPtr> items{std::make_shared<const Item>(message("one"))};
    ModelRequest asked;
    asked.items = items;
    owned = OwnedRequest(asked);
  }
  owned.say(message("two"));
  const ModelRequest view = owned.view();
  ASSERT_EQ(view.items.size(), 2U);
  EXPECT_EQ(std::get<MessageItem>(*view.items[0]).text, "one");
  EXPECT_FALSE(model::is_history_of(view));
}

// A conversation with an open call takes no message: it is said all the same.
TEST(OwnedRequest, SaysItAlsoWhereTheHistoryTakesNothing) {
  History history;
  ASSERT_TRUE(history.add_message(message("one")));
  ToolCallItem call;
  call.id = "c1";
  call.tool = "t";
  call.arguments = "{}";
  ASSERT_TRUE(history.add_reply({Item(call)}));
  ModelRequest asked;
  asked.history = history;
  asked.items = asked.history.items();
  OwnedRequest owned(asked);
  const std::size_t before = owned.view().items.size();
  owned.say(message("two"));
  EXPECT_EQ(owned.view().items.size(), before + 1);
}

}  // namespace
}  // namespace cadre::policy
