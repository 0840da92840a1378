// Sessions encrypted at rest, and those with a time to live.
#include <algorithm>

#include "memory/memory_test_kit.h"
#include "memory/seal.h"
#include "memory/session_memory.h"

namespace cadre {
namespace {

using namespace memory_test;  // NOLINT

const std::string kSecret = "0123456789abcdef0123456789abcdef";

SessionOptions with_secret(const std::string& secret = kSecret) {
  SessionOptions options;
  options.secret = secret;
  return options;
}

TEST(Sealer, OpensOnlyWhatItSealed) {
  const auto sealer = detail::Sealer::derive(kSecret, "salt-a").value();
  const auto other_salt = detail::Sealer::derive(kSecret, "salt-b").value();
  std::string sealed = sealer.seal("the text", "row 1").value();
  EXPECT_EQ(sealed.find("the text"), std::string::npos);
  EXPECT_EQ(sealer.open(sealed, "row 1").value(), "the text");
  EXPECT_NE(sealer.seal("the text", "row 1").value(), sealed) << "a nonce for each row";
  EXPECT_EQ(sealer.open(sealed, "row 2").error().code, ErrorCode::kCorrupt);
  EXPECT_FALSE(other_salt.open(sealed, "row 1").has_value());
  EXPECT_FALSE(sealer.open("short", "row 1").has_value());
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string flipped = sealed;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    EXPECT_FALSE(sealer.open(flipped, "row 1").has_value()) << i;
  }
  EXPECT_EQ(sealer.open(sealer.seal("", "x").value(), "x").value(), "");
  EXPECT_EQ(detail::Sealer::derive("short", "salt").error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(sealer.index_name("a"), sealer.index_name("a"));
  EXPECT_NE(sealer.index_name("a"), other_salt.index_name("a"));
}

TEST(EncryptedSession, LeavesNoWordInTheFile) {
  TempFolder folder;
  const std::vector<ItemPtr> items = {user("Xylophone concert"), call("call-zanzibar"),
                                      result("call-zanzibar", "Quokka"), agent("Walrus")};
  {
    auto memory = open_file(folder.file());
    auto team = SessionMemory::open(*memory, "secret", with_secret()).value();
    ASSERT_TRUE(team->conversation()->add("r", items).has_value());
    ASSERT_TRUE(team->store_agent_output("qa", "note", "The narwhal review").has_value());
    ASSERT_TRUE(team->learn({0, "dev", "ocelot", "margay", "a file", "r", 0, false}).has_value());
    ASSERT_TRUE(team->learn({0, "dev", "ocelot", "puma", "a file", "r", 0, false}).has_value());
    const auto context = team->get_relevant_context("pm", "what of the narwhals?", 2000);
    ASSERT_TRUE(context.has_value()) << context.error().describe();
    const bool found = std::ranges::any_of(context->parts, [](const ContextPart& part) {
      return part.reason.find("has narwhals") != std::string::npos;
    });
    EXPECT_TRUE(found) << "full text works, from an index in memory";
    EXPECT_EQ(team->knowledge()->size(), 1U);
    EXPECT_EQ(team->knowledge()->front().value, "puma");
    const std::vector<ItemPtr> again = {call("call-zanzibar")};
    EXPECT_EQ(team->conversation()->add("r", again).error().code, ErrorCode::kConflict);
    for (const fs::path& file : {folder.file(), fs::path(folder.file().string() + "-wal")}) {
      const std::string bytes = slurp(file);
      for (const char* word : {"ylophon", "anzibar", "uokka", "alrus", "arwhal", "celot", "margay"})
        EXPECT_EQ(bytes.find(word), std::string::npos) << word << " in " << file;
    }
  }
  auto memory = open_file(folder.file());
  auto team = SessionMemory::open(*memory, "secret", with_secret()).value();
  const auto loaded = load(*team->conversation());
  ASSERT_EQ(loaded.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(loaded[i], *items[i]);
  EXPECT_TRUE(memory->sessions()->front().encrypted);
  // Another agent's opening of the session sees what is added through this one.
  auto second = SessionMemory::open(*memory, "secret", with_secret()).value();
  ASSERT_TRUE(second->get_relevant_context("pm", "narwhal", 2000).has_value());
  ASSERT_TRUE(team->store_agent_output("qa", "note", "A pangolin appeared").has_value());
  const auto context = second->get_relevant_context("pm", "pangolin", 2000).value();
  EXPECT_NE(context.text().find("has pangolin"), std::string::npos) << context.text();
}

// Its index is in memory and only grows.
TEST(EncryptedSession, FindsWhatStandsBesideAllThatWasReplaced) {
  TempFolder folder;
  auto file = open_file(folder.file());
  auto memory = SessionMemory::open(*file, "s", {.secret = std::string(32, 'k')}).value();
  const auto learn = [&](const std::string& key, const std::string& value) {
    ASSERT_TRUE(memory->learn({.agent = "qa", .key = key, .value = value, .source = "a test"}));
  };
  for (int i = 0; i <= 60; ++i) {
    learn("animal", "the zebra lives in room " + std::to_string(i));
    ASSERT_TRUE(memory->get_relevant_context("dev", "zebra", 4000));  // indexed now
  }
  for (int i = 0; i < 20; ++i) learn("key " + std::to_string(i), "of no use");
  const auto context = memory->get_relevant_context("dev", "zebra", 4000).value();
  EXPECT_NE(context.text().find("room 60 [from a test; has zebra"), std::string::npos)
      << context.text();
}

TEST(EncryptedSession, SaysWhatIsWrongWithTheSecret) {
  TempFolder folder;
  auto memory = open_file(folder.file());
  const std::vector<ItemPtr> items = {user("hello")};
  ASSERT_TRUE(open_session(*memory, "secret", with_secret())->add("r", items).has_value());
  ASSERT_TRUE(open_session(*memory, "plain")->add("r", items).has_value());
  const auto wrong = memory->session("secret", with_secret("another secret of 32 bytes here!"));
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().code, ErrorCode::kDenied);
  EXPECT_NE(wrong.error().message.find("secret"), std::string::npos);
  EXPECT_EQ(memory->session("secret").error().code, ErrorCode::kDenied);
  EXPECT_EQ(memory->session("plain", with_secret()).error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(memory->session("new", with_secret("password")).error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(memory->sessions()->size(), 2U) << "a refused session is not begun";
  EXPECT_TRUE(memory->remove("secret").has_value()) << "deleting needs no secret";
}

TEST(EncryptedSession, BranchesAreSealedAnew) {
  TempFolder folder;
  auto memory = open_file(folder.file());
  const std::vector<ItemPtr> items = {user("one"), agent("two"), user("three")};
  ASSERT_TRUE(open_session(*memory, "a", with_secret())->add("r", items).has_value());
  EXPECT_EQ(memory->branch("a", 2, "b").error().code, ErrorCode::kDenied);
  auto branch = memory->branch("a", 2, "b", with_secret());
  ASSERT_TRUE(branch.has_value()) << branch.error().describe();
  EXPECT_EQ(load(**branch).size(), 2U);
  // A row of one session in the other's place is noticed, though the user's secret is the same.
  sql(folder.file(),
      "UPDATE items SET body = (SELECT body FROM items AS o WHERE o.session = 1 AND"
      " o.seq = items.seq) WHERE session = 2 AND seq = 1");
  std::vector<std::string> notes;
  EXPECT_EQ((*branch)->load(0, notes)->size(), 1U);
  EXPECT_EQ(notes.size(), 1U);
}

class SharedClock final : public Clock {
 public:
  std::int64_t now_us() override { return now; }
  std::int64_t now = 1'000'000'000;
};

TEST(Session, OldItemsExpireWhereThatIsAsked) {
  TempFolder folder;
  MemoryOptions options;
  auto clock = std::make_shared<SharedClock>();
  options.clock = clock;
  for (const bool encrypted : {false, true}) {
    SessionOptions mortal = encrypted ? with_secret() : SessionOptions();
    mortal.ttl_us = 1'000;
    const std::string name = encrypted ? "sealed" : "open";
    auto memory = open_file(folder.file(), options);
    auto team = SessionMemory::open(*memory, name, mortal).value();
    const std::vector<ItemPtr> old = {user("old", true)}, fresh = {user("fresh")};
    ASSERT_TRUE(team->conversation()->add("r", old).has_value());
    ASSERT_TRUE(team->store_agent_output("a", "note", "an old armadillo").has_value());
    clock->now += 800;
    ASSERT_TRUE(team->conversation()->add("r", fresh).has_value());
    EXPECT_EQ(load(*team->conversation()).size(), 2U);
    clock->now += 300;
    EXPECT_EQ(load(*team->conversation()).size(), 1U);
    EXPECT_TRUE(team->outputs(0)->empty());
    EXPECT_EQ(team->get_relevant_context("a", "armadillo", 1000)->parts.size(), 1U);
    EXPECT_EQ(memory->sessions()->front().items, 2) << "not loaded, and not yet deleted";
    team.reset();
    memory.reset();
    memory = open_file(folder.file(), options);
    const auto infos = memory->sessions().value();
    for (const SessionInfo& info : infos) {
      if (info.id != name) continue;
      EXPECT_EQ(info.items, 1) << "deleted when the file is opened";
      EXPECT_EQ(info.entries, 0);
    }
  }
}

}  // namespace
}  // namespace cadre
