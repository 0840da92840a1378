// Runs with models as a user starts them: recorded, replayed, within a budget, from the cache, with
// a chain; `cadre models` and what `doctor` says of providers. Nothing here needs a network.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>

#include "program.h"

namespace cadre::testing {
namespace {

const std::filesystem::path kRecordings =
    std::filesystem::path(CADRE_SOURCE_DIR) / "tests" / "recordings";
constexpr const char* kPrices = R"({"prices":[{"provider":"scripted","model":"*","input":10,
  "output":100,"date":"2026-11-23","source":"the test"},{"provider":"replay-by-place","model":"*",
  "input":10,"output":100,"date":"2026-11-23","source":"the test"}]})";

class Models : public ::testing::Test {
 protected:
  void SetUp() override {
    write_file(folder_.path() / "order.txt",
               "Order 1001\nPaid: 30.00 EUR on 2026-01-03\nLamp, broken on arrival\n");
    write_file(folder_.path() / "policy.txt",
               "A broken article is refunded in full within 30 days of payment.\n");
    write_file(folder_.path() / "allow.yaml", "allow: [\"gate:refund/*\"]\n");
    write_file(folder_.path() / "prices.json", kPrices);
  }
  ProcessResult run(const std::string& sop, const std::string& model,
                    std::vector<std::string> more = {}, std::vector<std::string> env = {}) {
    std::filesystem::remove_all(folder_.path() / "out");
    std::vector<std::string> arguments{"run",        "My lamp came broken. What now?",
                                       "--sop",      sop,
                                       "--model",    model,
                                       "--out",      "out",
                                       "--input",    "order.txt",
                                       "policy.txt", "--policy",
                                       "allow.yaml"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_cadre(folder_.path(), arguments, {.env = std::move(env)});
  }
  ProcessResult research(const std::string& model, std::vector<std::string> more = {}) {
    return run("research", model, std::move(more));
  }
  Json result() const { return read_json(folder_.path() / "out" / "result.json"); }
  static std::string recording(const std::string& name, bool by_place = true) {
    return (by_place ? "replay-by-place:" : "replay:") + (kRecordings / (name + ".jsonl")).string();
  }
  std::string file(const char* name) const { return read_file(folder_.path() / name); }

  TestFolder folder_;
};

// The shipped recordings, made through a server of other people. By place, because the words of
// prompts change with every version.
TEST_F(Models, TheShippedRecordingsRunAgain) {
  for (const char* name : {"research_chat", "research_ollama"}) {
    const ProcessResult ran = research(recording(name));
    ASSERT_EQ(ran.exit_code, 0) << name << ran.out << ran.err;
    EXPECT_NE(file("out/report.md").find("Broken ones are refunded within 30 days"),
              std::string::npos);
  }
  for (const char* name : {"triage_anthropic", "triage_responses"}) {
    const ProcessResult ran = run("support_triage", recording(name));
    ASSERT_EQ(ran.exit_code, 0) << name << ran.out << ran.err;
    EXPECT_NE(file("out/refund.json").find("\"amount\": 30"), std::string::npos);
    EXPECT_EQ(json::get_int(result().at("run").at("tokens"), "output"), 340);
  }
}

TEST_F(Models, ARunIsRecordedAndRunsAgainToTheSameEnd) {
  const ProcessResult first = research(recording("research_chat"), {"--record", "own.jsonl"});
  ASSERT_EQ(first.exit_code, 0) << first.out << first.err;
  const Json before = result();
  const std::string report = file("out/report.md");
  const ProcessResult again = research("replay:own.jsonl");
  ASSERT_EQ(again.exit_code, 0) << again.out << again.err;
  EXPECT_NE(again.out.find("answers that were recorded"), std::string::npos) << again.out;
  EXPECT_EQ(file("out/report.md"), report);
  EXPECT_EQ(result().at("artifacts"), before.at("artifacts"));
  // Each line is a call; the head says what it is.
  std::ifstream in(folder_.path() / "own.jsonl");
  std::string line;
  int calls = -1;
  for (; std::getline(in, line); ++calls) {
    const auto json = json::parse(line);
    ASSERT_TRUE(json) << line;
    if (calls < 0) {
      EXPECT_EQ(json::get_int(*json, "cadre_recording"), 1);
    }
  }
  EXPECT_EQ(calls, 6);
}

TEST_F(Models, WhatWasNotRecordedIsExitCode7AndNamesTheDifference) {
  ASSERT_EQ(research(recording("research_chat"), {"--record", "own.jsonl"}).exit_code, 0);
  write_file(folder_.path() / "policy.txt", "Nothing is ever refunded.\n");
  const ProcessResult ran = research("replay:own.jsonl");
  EXPECT_EQ(ran.exit_code, 7) << ran.out << ran.err;
  EXPECT_NE(ran.err.find("has no recording of the request plan#1/plan/turn:1"), std::string::npos)
      << ran.err;
  EXPECT_NE(ran.err.find("\"Nothing is ever"), std::string::npos) << ran.err;
}

TEST_F(Models, ABudgetEndsTheRunWithExitCode6) {
  const ProcessResult calls = research(recording("research_chat"), {"--max-calls", "3"});
  EXPECT_EQ(calls.exit_code, 6) << calls.out << calls.err;
  EXPECT_NE(calls.out.find("budget"), std::string::npos) << calls.out;
  const ProcessResult tokens = research(recording("research_chat"), {"--max-tokens", "2000"});
  EXPECT_EQ(tokens.exit_code, 6) << tokens.out << tokens.err;
  const ProcessResult enough =
      research(recording("research_chat"),
               {"--max-calls", "50", "--max-tokens", "200000", "--max-time", "100"});
  EXPECT_EQ(enough.exit_code, 0) << enough.out << enough.err;
}

TEST_F(Models, AResumedRunKeepsItsLimitsAndWhatItSpent) {
  std::string cut;  // a recording without the report: the run stops there
  std::ifstream in(kRecordings / "research_chat.jsonl");
  for (std::string line; std::getline(in, line);) {
    if (line.find("\"key\":\"write") == std::string::npos) cut += line + "\n";
  }
  write_file(folder_.path() / "cut.jsonl", cut);
  const ProcessResult stopped = research("replay-by-place:cut.jsonl", {"--max-calls", "4"});
  ASSERT_EQ(stopped.exit_code, 7) << stopped.out << stopped.err;
  const std::string model = recording("research_chat");
  const ProcessResult over = run_cadre(folder_.path(), {"resume", "last", "--model", model});
  EXPECT_EQ(over.exit_code, 6) << over.out << over.err;
  EXPECT_NE(over.out.find("budget of 4 model calls"), std::string::npos) << over.out;
  EXPECT_NE(over.out.find("cost not known"), std::string::npos) << over.out;
  // With a higher limit it goes on.
  ASSERT_EQ(research("replay-by-place:cut.jsonl", {"--max-calls", "4"}).exit_code, 7);
  const ProcessResult done =
      run_cadre(folder_.path(), {"resume", "last", "--model", model, "--max-calls", "40"});
  EXPECT_EQ(done.exit_code, 0) << done.out << done.err;
}

// Its time, too: what the first process took is gone.
TEST_F(Models, AResumedRunKeepsItsTime) {
  const auto script = [&](const char* name, const char* write, int delay_ms) {
    const auto call = [&](const char* at, const char* tool, const char* data) {
      return fmt::format(R"({{"at": "{}", "delay_ms": {}, "calls": [{{"tool": "deliver_{}",
                             "arguments": {{"data": {}}}}}]}},)",
                         at, delay_ms, tool, data);
    };
    write_file(folder_.path() / name,
               "{\"replies\": [" +
                   call("plan#*", "plan", R"({"question": "q", "questions": [{"id": "Q1",
                        "text": "t"}], "sections": ["s"]})") +
                   call("read#*/D1/*", "notes", R"({"document": "D1", "notes": [{"claim": "c",
                        "quotes": [{"source": "D1", "quote": "Lamp, broken on arrival"}]}]})") +
                   call("read#*/D2/*", "notes", R"({"document": "D2", "notes": [{"claim": "c",
                        "quotes": [{"source": "D2", "quote": "is refunded in full"}]}]})") + write +
                   "]}");
  };
  script("down.json", R"({"at": "*", "error": "the service is down"})", 300);
  const ProcessResult stopped = research("scripted:down.json", {"--max-time", "1"});
  ASSERT_EQ(stopped.exit_code, 7) << stopped.out << stopped.err;  // after 0.6 s
  script("up.json", R"({"at": "*", "text": "x", "delay_ms": 700})", 0);
  const ProcessResult over =
      run_cadre(folder_.path(), {"resume", "last", "--model", "scripted:up.json"});
  EXPECT_EQ(over.exit_code, 6) << over.out << over.err;
  EXPECT_NE(over.out.find("longer than it may"), std::string::npos) << over.out;
  // With nothing left no model is asked.
  script("later.json", R"({"at": "*", "error": "the service is down"})", 550);
  ASSERT_EQ(research("scripted:later.json", {"--max-time", "20"}).exit_code, 7);  // after 1.1 s
  const ProcessResult none = run_cadre(
      folder_.path(), {"resume", "last", "--model", "scripted:up.json", "--max-time", "1"});
  EXPECT_EQ(none.exit_code, 6) << none.out << none.err;
  EXPECT_NE(none.out.find("models      4 calls"), std::string::npos) << none.out;
}

TEST_F(Models, MoneyIsCountedWhereThePriceIsKnown) {
  const ProcessResult ran =
      research(recording("research_chat"), {"--prices", "prices.json", "--max-cost", "5"});
  ASSERT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  const Json run = result().at("run");
  const double in = static_cast<double>(json::get_int(run.at("tokens"), "input"));
  const double out = static_cast<double>(json::get_int(run.at("tokens"), "output"));
  EXPECT_GT(in, 1000);
  EXPECT_NEAR(json::get_double(run, "cost_usd"), (in * 10 + out * 100) / 1e6, 1e-9);
  EXPECT_EQ(research(recording("research_chat"), {"--prices", "prices.json", "--max-cost", "0.01"})
                .exit_code,
            6);
  // Not known is not 0.
  ASSERT_EQ(research(recording("research_chat")).exit_code, 0);
  EXPECT_TRUE(result().at("run").at("cost_usd").is_null());
}

TEST_F(Models, OptionsThatDoNotGoTogetherAreUsageErrors) {
  struct Case {
    const char* model;
    std::vector<std::string> more;
    const char* says;
  };
  const Case cases[] = {
      {"openai:gpt-99", {"--max-cost", "1"}, "the price of openai:gpt-99 is not known"},
      {"http://h:1/v1#m", {"--max-cost", "1"}, "provider \"http://h:1\""},
      {"offline", {"--record", "x.jsonl"}, "nothing to record"},
      {"openai:gpt-5", {"--prices", "none.json"}, "there is no file none.json"},
      {"openai:gpt-5", {"--prices", "order.txt"}, "is not valid JSON"},
      {"openai:gpt-5", {"--max-cost", "-1"}, "max-cost"},
      {"openai:gpt-5", {"--max-calls", "0"}, "max-calls"},
  };
  for (const Case& c : cases) {
    const ProcessResult ran = research(c.model, c.more);
    EXPECT_EQ(ran.exit_code, 2) << c.says << ran.out << ran.err;
    EXPECT_NE((ran.err + ran.out).find(c.says), std::string::npos) << ran.err;
  }
}

TEST_F(Models, TheCacheAnswersTheSecondTime) {
  ASSERT_EQ(research(recording("research_chat"), {"--cache", "kept"}).exit_code, 0);
  EXPECT_GT(json::get_int(result().at("run").at("tokens"), "input"), 0);
  const ProcessResult again = research(recording("research_chat"), {"--cache", "kept"});
  ASSERT_EQ(again.exit_code, 0) << again.out << again.err;
  EXPECT_EQ(json::get_int(result().at("run").at("tokens"), "input"), 0);
  const ProcessResult shown = run_cadre(folder_.path(), {"show", "last", "--events", "--json"});
  EXPECT_NE(shown.out.find("from_cache"), std::string::npos);
}

TEST_F(Models, AChainGoesOnWhenTheFirstIsDown) {
  // Nobody listens on port 9.
  const ProcessResult ran = research("http://127.0.0.1:9/v1#m," + recording("research_chat"));
  ASSERT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  const ProcessResult shown = run_cadre(folder_.path(), {"show", "last", "--events", "--json"});
  EXPECT_NE(shown.out.find("http://127.0.0.1:9/v1#m did not (cannot connect"), std::string::npos);
  EXPECT_NE(shown.out.find("answered_by"), std::string::npos);
}

TEST_F(Models, EachProviderIsShownWithWhatItLacksAndNeverAKey) {
  const auto listed = [&](std::vector<std::string> env) {
    const ProcessResult ran =
        run_cadre(folder_.path(), {"models", "--json"}, {.env = std::move(env)});
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    EXPECT_EQ(ran.out.find("sk-hidden"), std::string::npos);
    return json::parse(ran.out).value();
  };
  const auto find = [](const Json& all, const std::string& name) -> Json {
    for (const Json& one : all.at("providers").as_array()) {
      if (json::get_string(one, "name") == name) return one;
    }
    ADD_FAILURE() << "no " << name;
    return {};
  };
  const Json without = listed({});
  EXPECT_EQ(json::get_string(without, "chosen"), "offline");
  for (const char* name : {"openai", "openai-chat", "anthropic", "gemini", "openrouter", "groq",
                           "deepseek", "mistral"}) {
    const Json one = find(without, name);
    EXPECT_FALSE(json::get_bool(one, "usable", true)) << name;
    EXPECT_TRUE(json::get_string(one, "remedy").starts_with("set ")) << name;
  }
  EXPECT_EQ(json::get_string(find(without, "claude-code"), "missing"),
            "the program claude is not in PATH");
  EXPECT_TRUE(json::get_bool(find(without, "ollama"), "usable"));
  const Json with = listed({"ANTHROPIC_API_KEY=sk-hidden", "CADRE_MODEL=anthropic:claude-opus-5"});
  EXPECT_TRUE(json::get_bool(find(with, "anthropic"), "usable"));
  EXPECT_GT(find(with, "anthropic").at("prices").as_array().size(), 5U);
  EXPECT_EQ(json::get_string(with, "chosen"), "anthropic:claude-opus-5");
  EXPECT_EQ(run_cadre(folder_.path(), {"models", "nobody"}).exit_code, 2);
  // A fake one is found and asked for its version.
  write_file(folder_.path() / "bin" / "claude", "#!/bin/sh\necho '2.1.240 (Claude Code)'\n");
  std::filesystem::permissions(folder_.path() / "bin" / "claude",
                               std::filesystem::perms::owner_all);
  const Json claude =
      find(listed({"CADRE_CLAUDE=" + (folder_.path() / "bin" / "claude").string()}), "claude-code");
  EXPECT_TRUE(json::get_bool(claude, "usable"));
  EXPECT_NE(json::get_string(claude, "address").find("2.1.240"), std::string::npos);
  const ProcessResult doctor = run_cadre(folder_.path(), {"doctor"});
  EXPECT_NE(doctor.out.find("there is no key; set OPENAI_API_KEY"), std::string::npos)
      << doctor.out;
}

// Claude Code's command line through the whole program, played by a script.
TEST_F(Models, ClaudeCodeRunsAnSop) {
  const std::string program =
      (std::filesystem::path(CADRE_SOURCE_DIR) / "tests/integration/fake_claude.sh").string();
  const ProcessResult ran = run("research", "claude-code:sonnet", {}, {"CADRE_CLAUDE=" + program});
  ASSERT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  EXPECT_EQ(json::get_int(result().at("run").at("tokens"), "input"), 50);
  EXPECT_NEAR(json::get_double(result().at("run"), "cost_usd"), 0.05, 1e-9);
  // The second run is given what the first one left; the third is not, and leaves nothing.
  write_file(folder_.path() / "claude.sh",
             "#!/bin/sh\nprompt=$(cat)\nprintf '%s' \"$prompt\" >> " +
                 (folder_.path() / "prompts.txt").string() + "\n"
             "printf '%s' \"$prompt\" | " + program + "\n");
  std::filesystem::permissions(folder_.path() / "claude.sh",
                               std::filesystem::perms::owner_all);
  const auto again = [&](std::vector<std::string> more) {
    std::filesystem::remove(folder_.path() / "prompts.txt");
    more.insert(more.end(), {"--input", "order.txt", "policy.txt", "--out", "out2"});
    std::filesystem::remove_all(folder_.path() / "out2");
    std::vector<std::string> words{"run", "My lamp is broken", "--sop", "research", "--model",
                                   "claude-code:sonnet"};
    words.insert(words.end(), more.begin(), more.end());
    const ProcessResult next =
        run_cadre(folder_.path(), words,
                  {.env = {"CADRE_CLAUDE=" + (folder_.path() / "claude.sh").string()}});
    EXPECT_EQ(next.exit_code, 0) << next.out << next.err;
    return file("prompts.txt");
  };
  const auto list = [&] { return run_cadre(folder_.path(), {"memory", "list"}).out; };
  EXPECT_NE(list().find("session sop:research  0 items, 4 entries"), std::string::npos) << list();
  const ProcessResult shown = run_cadre(folder_.path(), {"memory", "show", "sop:research"});
  EXPECT_NE(shown.out.find("of writer (report): For: My lamp came broken."), std::string::npos)
      << shown.out;
  const std::string given = again({});
  EXPECT_NE(given.find("<memory>"), std::string::npos) << given;
  EXPECT_NE(given.find("writer: (report) For: My lamp came broken."), std::string::npos);
  const ProcessResult report = run_cadre(folder_.path(), {"report", "last"});
  EXPECT_NE(report.out.find("memory    "), std::string::npos) << report.out;
  const std::string before = list();
  EXPECT_EQ(again({"--no-memory"}).find("<memory>"), std::string::npos);
  EXPECT_EQ(list(), before);
  const ProcessResult missing = research("claude-code");
  EXPECT_EQ(missing.exit_code, 7);
  EXPECT_NE(missing.err.find("claude is not installed"), std::string::npos) << missing.err;
}

}  // namespace
}  // namespace cadre::testing
