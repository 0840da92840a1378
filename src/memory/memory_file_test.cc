#include "memory/memory_file.h"

#include <thread>

#include "memory/memory_test_kit.h"

namespace cadre {
namespace {

using namespace memory_test;  // NOLINT

TEST(MemoryFile, KeepsAConversationOverOpenings) {
  TempFolder folder;
  const std::vector<ItemPtr> items = {user("hello", true), call("c1", R"({"q":"x"})"),
                                      call("c2"),          result("c1", "a\nb"),
                                      result("c2"),        agent("it is done")};
  {
    auto memory = open_file(folder.file());
    auto session = open_session(*memory, "chat");
    ASSERT_TRUE(session->add("r1", std::span(items).first(1)).has_value());
    ASSERT_TRUE(session->add("r1", std::span(items).subspan(1)).has_value());
    EXPECT_EQ(session->added_by("r1").value(), 6U);
    EXPECT_EQ(session->added_by("r2").value(), 0U);
  }
  auto memory = open_file(folder.file());
  const auto loaded = load(*open_session(*memory, "chat"));
  ASSERT_EQ(loaded.size(), items.size());
  for (std::size_t i = 0; i < items.size(); ++i) EXPECT_EQ(loaded[i], *items[i]) << i;
}

TEST(MemoryFile, ALimitNeverCutsAReplyFromItsResults) {
  TempFolder folder;
  for (const bool in_file : {true, false}) {
    auto memory = open_file(folder.file());
    auto session = in_file ? open_session(*memory, "chat") : make_memory_session("chat");
    std::vector<ItemPtr> items = {user("one"), call("a"),      call("b"),   result("a"),
                                  result("b"), agent("first"), user("two"), call("c"),
                                  result("c"), agent("second")};
    ASSERT_TRUE(session->add("r", items).has_value());
    for (std::size_t limit = 1; limit <= items.size() + 1; ++limit) {
      std::vector<std::string> notes;
      const auto loaded = session->load(limit, notes);
      ASSERT_TRUE(loaded.has_value());
      EXPECT_TRUE(notes.empty()) << limit << ": " << notes.front();
      EXPECT_LE(loaded->size(), limit);
      EXPECT_TRUE(History::from(*loaded).has_value()) << limit;
    }
    EXPECT_EQ(load(*session, 2).size(), 1U) << "the call and its result do not fit whole";
    EXPECT_EQ(load(*session, 4).size(), 4U);
  }
}

TEST(MemoryFile, RefusesAResultBeforeItsCallAndWhatIsThereAlready) {
  TempFolder folder;
  auto memory = open_file(folder.file());
  auto session = open_session(*memory, "chat");
  const std::vector<ItemPtr> early = {user("q"), result("c1")};
  const auto refused = session->add("r", early);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(refused.error().message.find("c1"), std::string::npos);
  EXPECT_TRUE(load(*session).empty()) << "a refused add leaves nothing";

  const std::vector<ItemPtr> good = {call("c1"), result("c1")};
  ASSERT_TRUE(session->add("r", good).has_value());
  EXPECT_EQ(session->add("r", good).error().code, ErrorCode::kConflict);
  const std::vector<ItemPtr> again = {result("c1", "another")};
  EXPECT_EQ(session->add("r", again).error().code, ErrorCode::kConflict);
  EXPECT_EQ(load(*session).size(), 2U);
  EXPECT_EQ(session->added_by("r").value(), 2U);
}

// Runs that do not read all of a session cannot know its ids, and some models number their calls
// anew in each conversation.
TEST(MemoryFile, CallsOfDifferentRunsMayHaveTheSameId) {
  TempFolder folder;
  auto memory = open_file(folder.file());
  for (const auto& session : {open_session(*memory, "chat"),
                              open_session(*memory, "sealed", {.secret = std::string(32, 'k')}),
                              make_memory_session("chat")}) {
    for (const char* run : {"run-1", "run-2", "run-3"}) {
      ASSERT_TRUE(session->add(run, std::vector<ItemPtr>{user("q"), call("call_1_0", run)}));
      const std::vector<ItemPtr> rest = {result("call_1_0", run), agent("done")};
      ASSERT_TRUE(session->add(run, rest)) << "the result finds its run's call";
    }
    std::vector<std::string> notes;
    const auto items = session->load(0, notes).value();
    EXPECT_TRUE(notes.empty()) << notes[0];
    ASSERT_EQ(items.size(), 12U);
    EXPECT_TRUE(History::from(items));
    for (std::size_t i = 0; i < items.size(); i += 4) {
      const auto& asked = std::get<ToolCallItem>(*items[i + 1]);
      const auto& answer = std::get<ToolResultItem>(*items[i + 2]);
      EXPECT_EQ(asked.id, answer.call_id);
      EXPECT_EQ(asked.arguments, answer.output);
    }
    EXPECT_EQ(session->history(0, notes)->size(), 12U);
    if (session->quick()) continue;
    for (const ItemPtr& twice : {call("call_1_0"), result("call_1_0")})
      EXPECT_EQ(session->add("run-3", std::span(&twice, 1)).error().code, ErrorCode::kConflict);
  }
}

TEST(MemoryFile, TakesAnyBytesOfATool) {
  TempFolder folder;
  auto memory = open_file(folder.file());
  auto session = open_session(*memory, "chat");
  const std::string huge(8 << 20, 'x');
  const std::vector<ItemPtr> items = {
      call("a"), call("b"), result("a", std::string("\xff\xfe\0ok", 5)), result("b", huge)};
  ASSERT_TRUE(session->add("r", items).has_value());
  const auto loaded = load(*session);
  ASSERT_EQ(loaded.size(), 4U);
  EXPECT_NE(std::get<ToolResultItem>(loaded[2]).output.find("ok"), std::string::npos);
  EXPECT_EQ(std::get<ToolResultItem>(loaded[3]).output, huge);
}

TEST(MemoryFile, PopsAndClears) {
  TempFolder folder;
  auto memory = open_file(folder.file());
  auto session = open_session(*memory, "chat");
  EXPECT_EQ(session->pop().error().code, ErrorCode::kNotFound);
  const std::vector<ItemPtr> items = {user("q"), agent("a")};
  ASSERT_TRUE(session->add("r", items).has_value());
  EXPECT_EQ(*session->pop().value(), *items[1]);
  EXPECT_EQ(load(*session).size(), 1U);
  ASSERT_TRUE(session->add("r", std::span(items).last(1)).has_value());
  EXPECT_EQ(load(*session).size(), 2U);
  ASSERT_TRUE(session->clear().has_value());
  EXPECT_TRUE(load(*session).empty());
}

TEST(MemoryFile, BranchesGoTheirOwnWay) {
  TempFolder folder;
  auto memory = open_file(folder.file());
  auto trunk = open_session(*memory, "trunk");
  const std::vector<ItemPtr> items = {user("q"), call("c"), result("c"), agent("a")};
  ASSERT_TRUE(trunk->add("r", items).has_value());
  auto branch = memory->branch("trunk", 3, "twig");
  ASSERT_TRUE(branch.has_value()) << branch.error().describe();
  EXPECT_EQ(load(**branch).size(), 3U);
  const std::vector<ItemPtr> other = {agent("another answer")};
  ASSERT_TRUE((*branch)->add("r2", other).has_value());
  ASSERT_TRUE(trunk->clear().has_value());
  ASSERT_EQ(load(**branch).size(), 4U);
  EXPECT_EQ(load(**branch)[3], *other[0]);

  EXPECT_EQ(memory->branch("twig", 2, "trunk").error().code, ErrorCode::kConflict);
  EXPECT_EQ(memory->branch("twig", 9, "far").error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(memory->branch("nobody", 0, "new").error().code, ErrorCode::kNotFound);
  const auto infos = memory->sessions();
  ASSERT_EQ(infos->size(), 2U);
  EXPECT_EQ((*infos)[0].id, "twig");
  EXPECT_EQ((*infos)[0].origin, "trunk@3");
  EXPECT_EQ((*infos)[0].items, 4);
}

TEST(MemoryFile, ADeletedSessionIsGone) {
  TempFolder folder;
  auto memory = open_file(folder.file());
  auto session = open_session(*memory, "chat");
  const std::vector<ItemPtr> items = {user("a very secret sentence")};
  ASSERT_TRUE(session->add("r", items).has_value());
  ASSERT_TRUE(session->acquire("r").has_value());
  EXPECT_EQ(memory->remove("chat").error().code, ErrorCode::kConflict);
  session->release("r");
  auto other = open_file(folder.file());  // of a process that goes on
  ASSERT_TRUE(memory->remove("chat").has_value());
  const fs::path log = folder.file().string() + "-wal";
  EXPECT_EQ((slurp(folder.file()) + slurp(log)).find("very secret"), std::string::npos)
      << "deleted text is still in the file or in its log";
  EXPECT_EQ(memory->remove("chat").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(session->add("r", items).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(memory->sessions()->empty());
}

TEST(MemoryFile, OneRunWritesAtATime) {
  TempFolder folder;
  auto memory = open_file(folder.file());
  auto second_opening = open_file(folder.file());
  auto session = open_session(*memory, "chat");
  auto same = open_session(*memory, "chat");
  auto other = open_session(*second_opening, "chat");
  const std::vector<ItemPtr> items = {user("q")};
  ASSERT_TRUE(session->acquire("run-1").has_value());
  for (const auto& again : {session, same}) {
    const auto twice = again->acquire("run-1");
    ASSERT_FALSE(twice.has_value());
    EXPECT_NE(twice.error().message.find("run-1, which is under way already"), std::string::npos)
        << twice.error().message;
  }
  for (const auto& stranger : {same, other}) {
    const auto busy = stranger->acquire("run-2");
    ASSERT_FALSE(busy.has_value());
    EXPECT_EQ(busy.error().code, ErrorCode::kConflict);
    EXPECT_NE(busy.error().message.find("run-1"), std::string::npos) << busy.error().message;
    EXPECT_EQ(stranger->add("run-2", items).error().code, ErrorCode::kConflict);
    stranger->release("run-2");  // not its to release
  }
  EXPECT_EQ(other->clear().error().code, ErrorCode::kConflict);
  EXPECT_EQ(other->acquire("run-1").error().code, ErrorCode::kConflict)
      << "the same run twice is two writers";
  ASSERT_TRUE(session->add("run-1", items).has_value());
  session->release("run-1");
  ASSERT_TRUE(other->acquire("run-2").has_value());
  EXPECT_EQ(session->add("run-1", items).error().code, ErrorCode::kConflict);
  other.reset();  // lets go
  EXPECT_TRUE(session->acquire("run-3").has_value());
}

TEST(MemoryFile, SkipsDamagedRowsAndLeavesThem) {
  TempFolder folder;
  {
    auto memory = open_file(folder.file());
    auto session = open_session(*memory, "chat");
    const std::vector<ItemPtr> items = {user("one"), call("c"), result("c"), agent("two"),
                                        user("three")};
    ASSERT_TRUE(session->add("r", items).has_value());
  }
  sql(folder.file(), "UPDATE items SET body = CAST('{\"type\":\"x\"}' AS BLOB) WHERE seq = 2");
  sql(folder.file(), "UPDATE items SET time_us = time_us + 1 WHERE seq = 4");
  auto memory = open_file(folder.file());
  auto session = open_session(*memory, "chat");
  std::vector<std::string> notes;
  auto loaded = session->load(0, notes);
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->size(), 2U) << "one and three: the result lost its call";
  EXPECT_TRUE(History::from(*loaded).has_value());
  EXPECT_EQ(notes.size(), 3U);
  EXPECT_NE(notes[0].find("item"), std::string::npos);
  ASSERT_TRUE(session->replace("r", *loaded).has_value());
  const std::vector<ItemPtr> more = {user("four")};
  ASSERT_TRUE(session->add("r", more).has_value());
  notes.clear();
  EXPECT_EQ(session->load(0, notes)->size(), 3U);
  EXPECT_EQ(notes.size(), 2U) << "the damaged rows are still there";
}

TEST(MemoryFile, RefusesNewerForeignAndBrokenFilesUntouched) {
  TempFolder folder;
  const std::vector<ItemPtr> items = {user("kept")};
  {
    ASSERT_TRUE(open_session(*open_file(folder.file()), "chat")->add("r", items).has_value());
  }
  sql(folder.file(), "PRAGMA user_version = 99");
  const std::string newer = slurp(folder.file());
  const auto refused = MemoryFile::open(folder.file());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_NE(refused.error().message.find("newer"), std::string::npos);
  EXPECT_NE(refused.error().message.find("memory"), std::string::npos);
  EXPECT_EQ(slurp(folder.file()), newer);

  const fs::path text = folder.path() / "notes.txt";
  std::ofstream(text) << "no database" << std::string(3000, '.');
  EXPECT_EQ(MemoryFile::open(text).error().code, ErrorCode::kCorrupt);
  const fs::path foreign = folder.path() / "songs.db";
  sql(foreign, "CREATE TABLE songs (id INTEGER)");
  EXPECT_EQ(MemoryFile::open(foreign).error().code, ErrorCode::kInvalidInput);
  MemoryOptions existing;
  existing.create = false;
  EXPECT_EQ(MemoryFile::open(folder.path() / "none.db", existing).error().code,
            ErrorCode::kNotFound);
}

TEST(MemoryFile, ReadsWithoutWriting) {
  TempFolder folder;
  const std::vector<ItemPtr> items = {user("kept")};
  {
    ASSERT_TRUE(open_session(*open_file(folder.file()), "chat")->add("r", items).has_value());
  }
  MemoryOptions reading;
  reading.read_only = true;
  auto memory = open_file(folder.file(), reading);
  SessionOptions there;
  there.create = false;
  auto session = open_session(*memory, "chat", there);
  EXPECT_EQ(load(*session).size(), 1U);
  EXPECT_EQ(session->add("r", items).error().code, ErrorCode::kDenied);
  EXPECT_EQ(memory->session("none", there).error().code, ErrorCode::kNotFound);
}

TEST(MemoryFile, ThreadsAddAtOnce) {
  TempFolder folder;
  auto memory = open_file(folder.file());
  std::vector<std::thread> writers;
  for (int w = 0; w < 2; ++w) {
    writers.emplace_back([&, w] {
      auto shared = open_session(*memory, "shared");
      auto own = open_session(*memory, fmt::format("own{}", w));
      for (int i = 0; i < 60; ++i) {
        const std::vector<ItemPtr> items = {user(fmt::format("{} {}", w, i))};
        EXPECT_TRUE(shared->add(fmt::format("r{}", w), items).has_value());
        EXPECT_TRUE(own->add("r", items).has_value());
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(load(*open_session(*memory, "shared")).size(), 120U);
  EXPECT_EQ(load(*open_session(*memory, "own1")).size(), 60U);
}

// A child's work: add numbered pairs of call and result to its session, for ever or `count` times,
// and say each that was acknowledged.
int write_forever(const std::string& file, const std::string& session_name, int count) {
  auto memory = MemoryFile::open(file);
  if (!memory) return 1;
  auto session = (*memory)->session(session_name);
  if (!session || (count == 0 && !(*session)->acquire("child"))) return 2;
  auto done = (*session)->added_by("child" + session_name);
  if (!done) return 3;
  std::vector<std::string> notes;
  const auto start = static_cast<int>((*session)->load(0, notes)->size() / 2);
  for (int i = start; count == 0 || i < start + count; ++i) {
    const std::string id = count == 0 ? fmt::format("c{}", i) : fmt::format("{}-{}", getpid(), i);
    const std::vector<ItemPtr> items = {call(id), result(id, std::string(200, 'r'))};
    if (auto added = (*session)->add("child", items); !added) return 4;
    const std::string line = fmt::format("{}\n", i + 1);
    if (write(1, line.data(), line.size()) < 0) return 5;
  }
  return 0;
}

TEST(MemoryFile, KeepsWhatItAcknowledgedOverKill9AndTakesTheLeaseOver) {
  TempFolder folder;
  Rng rng(7);
  int acknowledged = 0;
  for (int round = 0; round < 10; ++round) {
    Child child({"--memory-child", folder.file(), "chat", "0"});
    const std::uint64_t lines = 5 + rng.below(40);
    for (std::uint64_t i = 0; i < lines; ++i) acknowledged = std::stoi("0" + child.line());
    ASSERT_GT(acknowledged, 0) << "the child could not write";
    usleep(static_cast<useconds_t>(rng.below(3000)));
    if (round == 0) {
      auto memory = open_file(folder.file());
      const auto busy = open_session(*memory, "chat")->acquire("parent");
      ASSERT_FALSE(busy.has_value());
      EXPECT_NE(busy.error().message.find("child"), std::string::npos);
    }
    EXPECT_TRUE(WIFSIGNALED(child.end(SIGKILL)));
    for (std::string more = child.line(); !more.empty(); more = child.line())
      acknowledged = std::stoi(more);

    auto memory = open_file(folder.file());
    auto session = open_session(*memory, "chat");
    ASSERT_TRUE(session->acquire("parent").has_value()) << "the dead holder's place is free";
    const auto items = load(*session);
    ASSERT_EQ(items.size() % 2, 0U) << "half of an add is there";
    ASSERT_GE(static_cast<int>(items.size() / 2), acknowledged);
    for (std::size_t i = 0; i < items.size(); i += 2)
      ASSERT_EQ(std::get<ToolCallItem>(items[i]).id, fmt::format("c{}", i / 2));
  }
  EXPECT_GT(acknowledged, 60);
}

// What history() remembers is what the file says, whoever writes and however.
TEST(MemoryFile, AHistoryThatIsRememberedFollowsTheFile) {
  TempFolder folder;
  auto memory = open_file(folder.file());
  auto second_opening = open_file(folder.file());
  auto session = open_session(*memory, "chat");
  auto other = open_session(*second_opening, "chat");
  Rng rng(11);
  std::vector<std::string> notes;
  for (int step = 0; step < 300; ++step) {
    const auto& writer = rng.below(2) == 0 ? session : other;
    const std::uint64_t what = rng.below(20);
    if (what < 14) {
      const std::string id = fmt::format("c{}", step);
      std::vector<ItemPtr> items = {user(fmt::format("question {}", step))};
      if (what < 4) items.insert(items.end(), {call(id), result(id, "\xff mended")});
      items.push_back(agent("answer"));
      ASSERT_TRUE(writer->add("", items).has_value());
    } else if (what < 17) {
      (void)writer->pop();
    } else if (what == 17) {
      ASSERT_TRUE(writer->replace("r", writer->load(0, notes).value()).has_value());
    } else if (what == 18 && rng.below(4) == 0) {
      ASSERT_TRUE(writer->clear().has_value());
    }
    for (const auto& reader : {session, other}) {
      if (rng.below(3) == 0) continue;
      const auto history = reader->history(0, notes);
      ASSERT_TRUE(history.has_value());
      const auto loaded = reader->load(0, notes).value();
      ASSERT_EQ(history->size(), loaded.size()) << step;
      for (std::size_t i = 0; i < loaded.size(); ++i)
        ASSERT_EQ(*history->items()[i], *loaded[i]) << step;
    }
  }
}

TEST(MemoryFile, AddingToAHistoryThatIsRememberedReadsNothingAgain) {
  TempFolder folder;
  auto memory = open_file(folder.file());
  auto session = open_session(*memory, "chat");
  std::vector<std::string> notes;
  const std::vector<ItemPtr> first = {user("q"), agent("a")}, second = {user("q2"), agent("a2")};
  ASSERT_TRUE(session->history(0, notes).has_value());
  ASSERT_TRUE(session->add("r", first).has_value());
  auto run = session->history(0, notes).value();
  EXPECT_EQ(run.items()[0], first[0]) << "the very item, not one that was read";
  ASSERT_TRUE(run.extend(second).has_value());
  ASSERT_TRUE(session->add("r", second).has_value());
  const auto after = session->history(0, notes).value();
  EXPECT_EQ(after.items().data(), run.items().data()) << "the run's list is the session's";
}

TEST(MemoryFile, SaysWhoHoldsASessionAndOfTheDeadNothing) {
  TempFolder folder;
  auto memory = open_file(folder.file());
  auto second_opening = open_file(folder.file());
  auto session = open_session(*memory, "chat");
  const auto holder = [&] { return second_opening->sessions()->front().holder; };
  EXPECT_EQ(holder(), "");
  ASSERT_TRUE(session->acquire(std::string(300, 'r')).has_value());
  EXPECT_EQ(holder(), std::string(127, 'r'));
  session->release(std::string(300, 'r'));
  EXPECT_EQ(holder(), "");
  Child child({"--memory-child", folder.file(), "chat", "0"});
  ASSERT_FALSE(child.line().empty());
  EXPECT_EQ(holder(), "child");
  child.end(SIGKILL);
  EXPECT_EQ(holder(), "");
}

TEST(MemoryFile, TwoProcessesAddAtOnce) {
  TempFolder folder;
  Child one({"--memory-child", folder.file(), "shared", "40"});
  Child two({"--memory-child", folder.file(), "shared", "40"});
  EXPECT_EQ(one.end(), 0);
  EXPECT_EQ(two.end(), 0);
  auto memory = open_file(folder.file());
  EXPECT_EQ(load(*open_session(*memory, "shared")).size(), 160U);
}

}  // namespace
}  // namespace cadre

int main(int argc, char** argv) {
  if (argc == 5 && std::string_view(argv[1]) == "--memory-child")
    return cadre::write_forever(argv[2], argv[3], std::atoi(argv[4]));
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
