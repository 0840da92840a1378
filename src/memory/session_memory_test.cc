#include "memory/session_memory.h"

#include <algorithm>
#include <thread>

#include "memory/lessons.h"
#include "memory/memory_test_kit.h"
#include "memory/tokens.h"

namespace cadre {
namespace {

using namespace memory_test;  // NOLINT

struct Memory {
  TempFolder folder;
  std::shared_ptr<MemoryFile> file = open_file(folder.file());
  std::shared_ptr<SessionMemory> memory = SessionMemory::open(*file, "team").value();

  std::int64_t output(const std::string& agent, const std::string& text, bool pinned = false) {
    const auto id = memory->store_agent_output(agent, "note", text, {}, {"r1", pinned});
    EXPECT_TRUE(id.has_value()) << id.error().describe();
    return id.value_or(0);
  }
  RelevantContext context(std::string_view query, std::size_t budget = 4000) {
    auto found = memory->get_relevant_context("writer", query, budget);
    EXPECT_TRUE(found.has_value()) << found.error().describe();
    if (!found) return {};
    EXPECT_LE(found->tokens, budget);
    EXPECT_LE(estimate_tokens(found->text()), found->tokens);
    return *found;
  }
};

std::vector<ContextPart> of_kind(const RelevantContext& context, ContextKind kind) {
  std::vector<ContextPart> parts;
  for (const ContextPart& part : context.parts) {
    if (part.kind == kind) parts.push_back(part);
  }
  return parts;
}

TEST(SessionMemory, LastsOverRunsAndIsShared) {
  TempFolder folder;
  {
    auto file = open_file(folder.file());
    auto memory = SessionMemory::open(*file, "team").value();
    const Json metadata = JsonObject{{"score", 3}};
    ASSERT_TRUE(memory->store_agent_output("qa", "review", "two findings", metadata, {"r1", false})
                    .has_value());
    ASSERT_TRUE(memory
                    ->record_execution({0, "dev", "t1", "pytest", ExecutionOutcome::kFailed,
                                        "3 failed", 1'000, 2'500'000, "r1"})
                    .has_value());
    Knowledge knowledge{0, "dev", "port", "8080", "docker-compose.yml", "r1", 0, false};
    ASSERT_TRUE(memory->learn(knowledge).has_value());
    knowledge.value = "9090";
    ASSERT_TRUE(memory->learn(knowledge).has_value());
    ExecutionState state;
    ASSERT_TRUE(state.add("t1", "dev").has_value());
    ASSERT_TRUE(state.start("t1", 5).has_value());
    ASSERT_TRUE(memory->set_task(*state.find("t1"), "r1").has_value());
  }
  auto file = open_file(folder.file());
  auto memory = SessionMemory::open(*file, "team").value();
  const auto outputs = memory->outputs(0).value();
  ASSERT_EQ(outputs.size(), 1U);
  EXPECT_EQ(outputs[0].text, "two findings");
  EXPECT_EQ(json::get_int(outputs[0].metadata, "score"), 3);
  const auto executions = memory->executions(0).value();
  ASSERT_EQ(executions.size(), 1U);
  EXPECT_EQ(executions[0].outcome, ExecutionOutcome::kFailed);
  EXPECT_EQ(executions[0].duration_us, 2'500'000);
  const auto knowledge = memory->knowledge().value();
  ASSERT_EQ(knowledge.size(), 1U) << "the new value takes the old one's place";
  EXPECT_EQ(knowledge[0].value, "9090");
  EXPECT_EQ(knowledge[0].source, "docker-compose.yml");
  const auto state = memory->workflow().value();
  ASSERT_NE(state.find("t1"), nullptr);
  EXPECT_EQ(state.find("t1")->state, TaskState::kRunning);
}

TEST(SessionMemory, GivesTheLastTenExchanges) {
  Memory m;
  std::vector<ItemPtr> items;
  for (int i = 0; i < 30; ++i) {
    items.push_back(user(fmt::format("question {}", i)));
    items.push_back(call(fmt::format("c{}", i)));
    items.push_back(result(fmt::format("c{}", i)));
    items.push_back(agent(fmt::format("answer {}", i)));
  }
  ASSERT_TRUE(m.memory->conversation()->add("r1", items).has_value());
  const auto parts = of_kind(m.context("anything"), ContextKind::kConversation);
  ASSERT_EQ(parts.size(), 20U);
  EXPECT_EQ(parts.front().text, "question 20");
  EXPECT_EQ(parts.back().text, "answer 29");
  EXPECT_EQ(parts.back().agent, "writer");

  const auto tight = m.context("anything", 60);
  const auto few = of_kind(tight, ContextKind::kConversation);
  ASSERT_FALSE(few.empty());
  EXPECT_EQ(few.back().text, "answer 29") << "the newest stay";
  EXPECT_EQ(tight.left_out_of(ContextKind::kConversation), 20 - few.size());
}

TEST(SessionMemory, RanksOutputsByWordsAndRecencyWithReasons) {
  Memory m;
  const auto refund = m.output("billing", "Refunds need approval by a manager above 100 EUR.");
  for (int i = 0; i < 60; ++i) m.output("qa", fmt::format("Check number {} passed.", i));
  const auto last = m.output("qa", "All screens were looked at.");
  const auto context = m.context("Who approves a refund?");
  const auto outputs = of_kind(context, ContextKind::kOutput);
  ASSERT_GE(outputs.size(), 2U);
  EXPECT_EQ(outputs[0].id, refund);
  EXPECT_NE(outputs[0].reason.find("refund"), std::string::npos) << outputs[0].reason;
  EXPECT_NE(outputs[0].reason.find("61 newer"), std::string::npos) << outputs[0].reason;
  EXPECT_EQ(outputs[1].id, last);
  EXPECT_EQ(outputs[1].reason, "the newest");
  EXPECT_LE(outputs.size(), 12U) << "old outputs that say nothing of it are not there";

  // Of two that say the same, the newer one.
  const auto older = m.output("a", "The invoice template is blue.");
  for (int i = 0; i < 30; ++i) m.output("qa", fmt::format("More checks {}.", i));
  const auto newer = m.output("a", "The invoice template is green.");
  const auto two = of_kind(m.context("invoice template"), ContextKind::kOutput);
  const auto at = [&](std::int64_t id) {
    return std::ranges::find(two, id, &ContextPart::id) - two.begin();
  };
  EXPECT_LT(at(newer), at(older));
}

TEST(SessionMemory, OtherSessionsAreNotSeen) {
  Memory m;
  auto other = SessionMemory::open(*m.file, "other").value();
  ASSERT_TRUE(other->store_agent_output("a", "note", "refund secret").has_value());
  m.output("b", "refund rules");
  const auto outputs = of_kind(m.context("refund"), ContextKind::kOutput);
  ASSERT_EQ(outputs.size(), 1U);
  EXPECT_EQ(outputs[0].text, "(note) refund rules");
}

TEST(SessionMemory, PinnedComesFirstInATightBudget) {
  Memory m;
  const auto rule = m.output("pm", "Never delete a customer.", true);
  for (int i = 0; i < 100; ++i)
    m.output("qa", fmt::format("invoice {} was checked {}", i, std::string(100, 'x')));
  const auto context = m.context("invoice", 80);
  ASSERT_FALSE(context.parts.empty());
  const auto outputs = of_kind(context, ContextKind::kOutput);
  EXPECT_NE(std::ranges::find(outputs, rule, &ContextPart::id), outputs.end());
  EXPECT_GT(context.left_out_of(ContextKind::kOutput), 0U);
  EXPECT_TRUE(m.context("invoice", 0).parts.empty());
}

TEST(SessionMemory, ALongOutputIsShortenedNotDropped) {
  Memory m;
  std::string text = "The report on invoices. ";
  for (int i = 0; i < 5000; ++i) text += "word ";
  m.output("pm", text);
  const auto outputs = of_kind(m.context("invoices", 600), ContextKind::kOutput);
  ASSERT_EQ(outputs.size(), 1U);
  EXPECT_TRUE(outputs[0].shortened);
  EXPECT_NE(outputs[0].text.find("The report on invoices"), std::string::npos);
  EXPECT_EQ(m.memory->outputs(0)->front().text, text) << "whole in the memory";
}

TEST(SessionMemory, OffersWhatTheOthersKnowAndLessons) {
  Memory m;
  const auto learn = [&](const std::string& agent, const std::string& key) {
    const Knowledge knowledge{0, agent, key, "a value of " + key, "a file", "r1", 0, false};
    EXPECT_TRUE(m.memory->learn(knowledge).has_value());
  };
  learn("writer", "own_thing");
  learn("dev", "database_url");
  learn("dev", "colour");
  Lessons lessons(*m.file);
  ASSERT_TRUE(lessons
                  .learn("The database was locked.", "Set a busy timeout.",
                         {"r0", "gate tests: 2 failed before, 0 after"})
                  .has_value());
  const auto context = m.context("where is the database?");
  const auto known = of_kind(context, ContextKind::kKnowledge);
  ASSERT_EQ(known.size(), 3U);
  EXPECT_EQ(known[0].text, "database_url = a value of database_url");
  EXPECT_NE(known[0].reason.find("from a file"), std::string::npos);
  EXPECT_EQ(known[2].agent, "writer");
  const auto offered = of_kind(context, ContextKind::kLesson);
  ASSERT_EQ(offered.size(), 1U);
  EXPECT_NE(offered[0].reason.find("database"), std::string::npos);
}

TEST(SessionMemory, PunctuationAsInBooksPartsWords) {
  TempFolder folder;
  auto memory_file = open_file(folder.file());
  auto memory = SessionMemory::open(*memory_file, "s").value();
  ASSERT_TRUE(memory->store_agent_output("qa", "note", "The limit is ten."));
  for (const char* query : {"refund—limit", "“limit”", "limit’s", "«limit»", "a\u00a0limit…"}) {
    const auto context = memory->get_relevant_context("dev", query, 4000).value();
    ASSERT_EQ(context.parts.size(), 1U);
    EXPECT_EQ(context.parts[0].reason, "has limit; the newest") << query;
  }
}

// What a run tells of its task must not make the plan forget what it waits for.
TEST(SessionMemory, WorkOnATaskKeepsWhatItWaitsForAndCountsAttempts) {
  for (const char* secret : {"", "0123456789abcdef0123456789abcdef"}) {
    TempFolder folder;
    auto memory_file = open_file(folder.file());
    auto memory = SessionMemory::open(*memory_file, "s", {.secret = secret}).value();
    ASSERT_TRUE(memory->set_task({.id = "design", .owner = "a"}, "plan"));
    ASSERT_TRUE(memory->set_task({.id = "code", .owner = "a", .depends_on = {"design"}}, "plan"));
    const auto told = [&](const char* run, TaskState state) {
      const TaskRecord task{.id = "code", .owner = "b", .state = state, .attempts = 1};
      ASSERT_TRUE(memory->work_on_task(task, run));
      ASSERT_TRUE(memory->work_on_task(task, run)) << "a resumed run tells it again";
    };
    const auto attempts = [&] { return memory->workflow().value().find("code")->attempts; };
    told("r1", TaskState::kRunning);
    told("r1", TaskState::kFailed);
    EXPECT_EQ(attempts(), 1);
    told("r2", TaskState::kDone);
    EXPECT_EQ(attempts(), 2);
    const ExecutionState state = memory->workflow().value();
    EXPECT_EQ(state.find("code")->depends_on, std::vector<std::string>{"design"});
    EXPECT_EQ(state.find("code")->owner, "b");
    EXPECT_EQ(state.find("code")->state, TaskState::kDone);
    ASSERT_TRUE(memory->work_on_task({.id = "new", .owner = "b", .attempts = 1}, "r1"));
    EXPECT_EQ(memory->workflow().value().find("new")->attempts, 1);
  }
}

TEST(SessionMemory, HostileQueriesAreOnlyWords) {
  Memory m;
  const auto id = m.output("a", "The quick brown fox NEAR the river OR bank.");
  const std::vector<std::string> hostile = {"\"",
                                            "\" OR 1=1 --",
                                            "fox\" OR scope:\"s2k0",
                                            "NEAR(fox bank, 2)",
                                            "text:fox",
                                            "{scope text}: fox",
                                            "-fox",
                                            "fox*",
                                            "^fox",
                                            "fox AND NOT river",
                                            "(((((",
                                            "'; DROP TABLE entries; --",
                                            std::string("fo\0x", 4),
                                            "\xff\xfe fox \xc0",
                                            std::string(100'000, '('),
                                            "“fox” — ‚river‘",
                                            "🦊 🦊",
                                            ""};
  for (const std::string& query : hostile) {
    const auto found = m.memory->get_relevant_context("a", query, 2000);
    ASSERT_TRUE(found.has_value()) << query << ": " << found.error().describe();
    EXPECT_EQ(of_kind(*found, ContextKind::kOutput).size(), 1U) << "the newest is always there";
  }
  EXPECT_EQ(of_kind(m.context("fox*"), ContextKind::kOutput)[0].id, id);
  Rng rng(3);
  for (int i = 0; i < 300; ++i) {
    std::string query;
    for (std::uint64_t n = rng.below(40); n > 0; --n) query += static_cast<char>(rng.below(256));
    EXPECT_TRUE(m.memory->get_relevant_context("a", query, 500).has_value()) << i;
  }
}

TEST(SessionMemory, SaysWhatItDoesNotTake) {
  Memory m;
  EXPECT_EQ(m.memory->store_agent_output("", "note", "x").error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(m.memory->store_agent_output("a", "note", "x", JsonArray{1}).error().code,
            ErrorCode::kInvalidInput);
  const std::string huge(SessionMemory::kMaxTextBytes + 1, 'x');
  EXPECT_EQ(m.memory->store_agent_output("a", "note", huge).error().code, ErrorCode::kExhausted);
  EXPECT_EQ(m.memory->learn({0, "a", "k", "v", "", "", 0, false}).error().code,
            ErrorCode::kInvalidInput);
  EXPECT_TRUE(m.memory->store_agent_output("a", "note", "\xff\xfe").has_value());
  EXPECT_TRUE(m.memory->outputs(0)->size() == 1U);
}

TEST(SessionMemory, DamagedRowsAreNotedAndLeft) {
  Memory m;
  m.output("a", "refund one");
  m.output("a", "refund two");
  m.memory.reset();
  m.file.reset();
  sql(m.folder.file(), "UPDATE entries SET pinned = 1 WHERE id = 1");
  m.file = open_file(m.folder.file());
  m.memory = SessionMemory::open(*m.file, "team").value();
  const auto context = m.context("refund");
  EXPECT_EQ(of_kind(context, ContextKind::kOutput).size(), 1U);
  EXPECT_FALSE(context.notes.empty());
  ASSERT_TRUE(m.file->remove("team").has_value());
}

TEST(SessionMemory, AgentsOfTwoThreadsShareIt) {
  Memory m;
  std::vector<std::thread> agents;
  for (int a = 0; a < 2; ++a) {
    agents.emplace_back([&, a] {
      for (int i = 0; i < 40; ++i) {
        const std::string name = fmt::format("agent{}", a);
        EXPECT_TRUE(
            m.memory->store_agent_output(name, "note", fmt::format("text {}", i)).has_value());
        EXPECT_TRUE(m.memory->get_relevant_context(name, "text", 300).has_value());
      }
    });
  }
  for (std::thread& thread : agents) thread.join();
  EXPECT_EQ(m.memory->outputs(0)->size(), 80U);
}

TEST(SelectContext, NeverExceedsTheBudgetAndCountsTheRest) {
  Rng rng(11);
  for (int round = 0; round < 400; ++round) {
    std::vector<ContextPart> candidates;
    const std::uint64_t count = rng.below(40);
    for (std::uint64_t i = 0; i < count; ++i) {
      ContextPart part;
      part.kind = static_cast<ContextKind>(rng.below(kContextKinds));
      part.id = static_cast<std::int64_t>(1000 - i);
      part.agent = rng.below(2) == 0 ? "" : "agent";
      for (std::uint64_t n = rng.below(120); n > 0; --n)
        part.text +=
            rng.below(10) == 0 ? "ü" : std::string(1, static_cast<char>('a' + rng.below(26)));
      part.pinned = rng.below(8) == 0;
      candidates.push_back(std::move(part));
    }
    const std::size_t budget = rng.below(600);
    const RelevantContext context = select_context(candidates, budget);
    ASSERT_LE(context.tokens, budget);
    ASSERT_LE(estimate_tokens(context.text()), context.tokens);
    std::size_t left_out = 0;
    for (const std::size_t one : context.left_out) left_out += one;
    ASSERT_EQ(context.parts.size() + left_out, candidates.size());
    std::int64_t before = 0;
    for (const ContextPart& part : of_kind(context, ContextKind::kConversation)) {
      ASSERT_LT(before, part.id) << "the conversation is in its order";
      before = part.id;
    }
  }
}

TEST(Tokens, ShortenedTextFitsAndIsWholeCharacters) {
  Rng rng(5);
  for (int i = 0; i < 300; ++i) {
    std::string text;
    for (std::uint64_t n = rng.below(60); n > 0; --n)
      text += std::vector<std::string>{"a", "bc ", "ü", "語", "🦊"}[rng.below(5)];
    const std::size_t tokens = rng.below(40);
    const std::string cut = shorten_to_tokens(text, tokens);
    ASSERT_LE(estimate_tokens(cut), tokens);
    ASSERT_TRUE(json::parse(json::write(Json(cut))).has_value()) << "valid UTF-8";
    ASSERT_TRUE(estimate_tokens(text) > tokens || cut == text);
  }
}

}  // namespace
}  // namespace cadre
