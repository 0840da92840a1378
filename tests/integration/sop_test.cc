// The shipped SOPs that make no software, with a scripted model in place of a language model: from
// given files to the result, with rework by blame, a person's decision in another process, and kill
// -9 in between.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <set>

#include "base/clock.h"
#include "net/http_test_server.h"
#include "program.h"

namespace cadre::testing {
namespace {

Json call(const std::string& type, const char* data, const char* files = "[]") {
  return JsonObject{{"tool", "deliver_" + type},
                    {"arguments", JsonObject{{"data", json::parse(data).value()},
                                             {"files", json::parse(files).value()}}}};
}

Json reply(const std::string& at, Json one_call, int delay_ms = 0) {
  return JsonObject{{"at", at},
                    {"calls", JsonArray{std::move(one_call)}},
                    {"tokens", JsonObject{{"input", 100}, {"output", 10}}},
                    {"delay_ms", delay_ms}};
}

const std::string kOrder = "Order 1001\nPaid: 30.00 EUR on 2026-01-03\nLamp, broken on arrival\n";
const std::string kPolicy = "A broken article is refunded in full within 30 days of payment.\n";

// The report quotes first what nobody wrote, and is sent back for it.
Json research_script(int delay_ms) {
  return JsonObject{
      {"replies",
       JsonArray{
           reply("plan#*", call("plan", R"({"question": "What of broken lamps?",
          "questions": [{"id": "Q1", "text": "What is refunded?"}], "sections": ["Refunds"]})"),
                 delay_ms),
           reply("read#*/D1/*", call("notes", R"({"document": "D1", "notes": [{"question": "Q1",
          "claim": "The lamp came broken.",
          "quotes": [{"source": "D1", "quote": "Lamp, broken on arrival"}]}]})"),
                 delay_ms),
           reply("read#*/D2/*", call("notes", R"({"document": "D2", "notes": [{"question": "Q1",
          "claim": "Broken articles are refunded.",
          "quotes": [{"source": "D2", "quote": "is refunded in full within 30 days"}]}]})"),
                 delay_ms),
           reply(
               "write#1/*",
               call("report", R"({"title": "Lamps", "answer": "Refunded.",
          "sections": [{"title": "Refunds", "findings": [{"claim": "All is refunded.",
            "quotes": [{"source": "D2", "quote": "everything is always refunded"}]}]}]})",
                    R"([{"path": "report.md", "content": "# Lamps\n\nAll is refunded [D2].\n"}])"),
               delay_ms),
           reply(
               "write#2/*",
               call(
                   "report", R"({"title": "Lamps", "answer": "Refunded when broken.",
          "sections": [{"title": "Refunds", "findings": [{"claim": "Broken articles are refunded.",
            "quotes": [{"source": "D2", "quote": "is refunded in full within 30 days"}]}]}]})",
                   R"([{"path": "report.md", "content": "# Lamps\n\nBroken ones are refunded [D2].\n"}])"),
               delay_ms),
           reply("check#*", call("review", R"({"verdict": "It holds.", "findings": []})"),
                 delay_ms)}}};
}

// The first proposal is too high for the person who is asked.
Json triage_script() {
  const char* facts = R"({"facts": [{"claim": "30 EUR were paid.",
      "quotes": [{"source": "D1", "quote": "Paid: 30.00 EUR"}]}]})";
  const char* reason = R"("reasons": [{"claim": "It came broken.",
      "quotes": [{"source": "D1", "quote": "Lamp, broken on arrival"}]}]})";
  return JsonObject{
      {"replies",
       JsonArray{
           reply("classify#*", call("ticket", R"({"kind": "refund", "urgency": "normal",
          "wants": "Money back.", "references": ["1001"]})")),
           reply("look_up#*", call("facts", facts)),
           reply("propose#1/*", call("proposal", (std::string(R"({"action": "refund", "amount": 40,
          "currency": "EUR", )") + reason)
                                                     .c_str())),
           reply("propose#2/*", call("proposal", (std::string(R"({"action": "refund", "amount": 30,
          "currency": "EUR", )") + reason)
                                                     .c_str())),
           reply("refund#1/*", call("refund", R"({"due": true, "order": "1001", "amount": 40,
          "currency": "EUR", "reason": "Broken."})")),
           reply("refund#2/*",
                 call("refund", R"({"due": true, "order": "1001", "amount": 30,
          "currency": "EUR", "reason": "Broken."})",
                      R"([{"path": "refund.json", "content": "{\"amount\": 30}\n"}])")),
           reply("reply#*",
                 call("reply", R"({"subject": "Your lamp", "text": "30 EUR are on their way."})",
                      R"([{"path": "reply.txt", "content": "30 EUR are on their way.\n"}])"))}}};
}

void prepare(const std::filesystem::path& folder, const Json& script) {
  write_file(folder / "order.txt", kOrder);
  write_file(folder / "policy.txt", kPolicy);
  write_file(folder / "script.json", json::write(script));
}

std::vector<std::string> run_arguments(const std::string& sop) {
  return {"run",       "My lamp came broken. What now?",
          "--sop",     sop,
          "--model",   "scripted:script.json",
          "--out",     "out",
          "--input",   "order.txt",
          "policy.txt"};
}

std::vector<Json> events_of(const std::filesystem::path& folder) {
  const ProcessResult shown = run_cadre(folder, {"show", "last", "--events", "--json"});
  const auto events = json::parse(shown.out);
  EXPECT_TRUE(events.has_value()) << shown.out << shown.err;
  if (!events) return {};
  return {events->as_array().begin(), events->as_array().end()};
}

int count(const std::vector<Json>& events, const std::string& kind) {
  int n = 0;
  for (const Json& event : events) n += json::get_string(event, "kind") == kind ? 1 : 0;
  return n;
}

TEST(Research, FromDocumentsToAReportWhoseQuotesExist) {
  TestFolder folder;
  prepare(folder.path(), research_script(0));
  const ProcessResult ran = run_cadre(folder.path(), run_arguments("research"));
  ASSERT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  EXPECT_NE(ran.out.find("model scripted"), std::string::npos) << ran.out;
  EXPECT_EQ(ran.out.find("tests "), std::string::npos) << ran.out;
  EXPECT_NE(read_file(folder.path() / "out" / "report.md").find("Broken ones"), std::string::npos);
  const Json result = read_json(folder.path() / "out" / "result.json");
  EXPECT_EQ(json::get_string(result.at("run"), "model"), "scripted");
  EXPECT_EQ(json::get_int(result.at("run").at("tokens"), "input"), 600);
  EXPECT_FALSE(result.as_object().contains("apis"));
  EXPECT_TRUE(result.at("artifacts").as_object().contains("report"));
  // Both documents were read, the report came back once, and every model call is in the journal.
  const auto events = events_of(folder.path());
  EXPECT_EQ(count(events, "model_call_ended"), 6);
  int failed = 0;
  for (const Json& event : events) {
    if (json::get_string(event, "kind") != "gate_ended") continue;
    if (json::get_bool(event.at("body"), "passed")) continue;
    ++failed;
    EXPECT_NE(json::write(event).find("D2 does not say"), std::string::npos);
  }
  EXPECT_EQ(failed, 1);
}

TEST(Research, AfterKillAtAnyMomentTheReportIsTheSame) {
  Rng rng(7);
  for (int round = 0; round < 4; ++round) {
    TestFolder folder;
    prepare(folder.path(), research_script(60));
    ProcessOptions options;
    options.argv = run_arguments("research");
    options.argv.insert(options.argv.begin(), CADRE_BINARY);
    options.argv.push_back("--quiet");
    options.env = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + folder.path().string()};
    options.cwd = folder.path();
    options.timeout = Milliseconds(60'000);
    auto child = ChildProcess::start(options);
    ASSERT_TRUE(child.has_value());
    child->wait(Milliseconds(60 + static_cast<int>(rng.below(500))));
    child->finish(Milliseconds(0));
    const ProcessResult resumed = run_cadre(folder.path(), {"resume", "last"});
    if (resumed.exit_code == 2) continue;  // killed before the journal had a run
    ASSERT_EQ(resumed.exit_code, 0) << resumed.out << resumed.err;
    EXPECT_NE(read_file(folder.path() / "out" / "report.md").find("Broken ones"),
              std::string::npos);
    std::set<std::string> ended;
    for (const Json& event : events_of(folder.path())) {
      if (json::get_string(event, "kind") != "model_call_ended") continue;
      EXPECT_TRUE(ended.insert(json::get_string(event.at("body"), "key")).second);
    }
    EXPECT_EQ(ended.size(), 6U);
  }
}

TEST(Research, AModelThatIsDownCostsNothingThatWasFinished) {
  TestFolder folder;
  Json script = research_script(0);
  Json down = JsonObject{{"at", "write#*"}, {"error", "the service is down"}};
  JsonArray& replies = script.as_object()["replies"].as_array();
  replies.insert(replies.begin(), down);
  prepare(folder.path(), script);
  const ProcessResult ran = run_cadre(folder.path(), run_arguments("research"));
  ASSERT_EQ(ran.exit_code, 7) << ran.out << ran.err;
  EXPECT_NE(ran.err.find("the service is down"), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find("cadre resume"), std::string::npos) << ran.err;
  write_file(folder.path() / "better.json", json::write(research_script(0)));
  const ProcessResult resumed =
      run_cadre(folder.path(), {"resume", "last", "--model", "scripted:better.json"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.out << resumed.err;
  EXPECT_EQ(count(events_of(folder.path()), "model_call_ended"), 6);
}

TEST(Research, WithoutAModelItIsRefusedWithWhatHelps) {
  TestFolder folder;
  prepare(folder.path(), research_script(0));
  auto arguments = run_arguments("research");
  arguments[5] = "offline";
  const ProcessResult ran = run_cadre(folder.path(), arguments);
  EXPECT_EQ(ran.exit_code, 4) << ran.out << ran.err;
  EXPECT_NE(ran.out.find("--model"), std::string::npos) << ran.out;
  const ProcessResult without = run_cadre(
      folder.path(), {"run", "Why?", "--sop", "research", "--model", "scripted:script.json"});
  EXPECT_EQ(without.exit_code, 2);
  EXPECT_NE(without.err.find("--input"), std::string::npos) << without.err;
}

// The Product Manager of the shipped SOP may read a page when a person allows it.
TEST(Software, APageIsReadByAPersonsLeaveOnly) {
  std::atomic<int> asked = 0;
  net::testing::TestServer server(
      [&](const std::string&, const net::testing::TestServer::Connection& connection) {
        ++asked;
        return connection.reply(200, "Loans last 14 days.", "Content-Type: text/plain\r\n");
      });
  const std::string url = server.url("/rules");
  const Json script{
      {"replies",
       JsonArray{JsonObject{{"at", "requirements#1/*/turn:1"},
                            {"calls", JsonArray{JsonObject{{"tool", "fetch_url"},
                                                           {"arguments",
                                                            JsonObject{{"url", url}}}}}}},
                 JsonObject{{"at", "*"}, {"refusal", "enough for the test"}}}}};
  const auto begin = [&](const TestFolder& folder, std::vector<std::string> more) {
    write_file(folder.path() / "script.json", json::write(script));
    std::vector<std::string> words{"run",     "A library that lends by the rules at " + url,
                                   "--sop",   "software",
                                   "--model", "scripted:script.json",
                                   "--out",   "out"};
    words.insert(words.end(), more.begin(), more.end());
    return run_cadre(folder.path(), words);
  };
  const auto page = [](const TestFolder& folder) {
    for (const Json& event : events_of(folder.path())) {
      if (json::get_string(event, "kind") == "tool_call_ended") return json::write(event.at("body"));
    }
    return std::string();
  };
  TestFolder folder;
  const ProcessResult ran = begin(folder, {});
  ASSERT_EQ(ran.exit_code, 8) << ran.out << ran.err;
  EXPECT_NE(ran.out.find("tool:fetch_url"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find(url), std::string::npos) << "a person sees the address";
  EXPECT_EQ(asked, 0);
  const ProcessResult approved = run_cadre(folder.path(), {"approve", "last", "--resume"});
  EXPECT_EQ(approved.exit_code, 4) << approved.out << approved.err;  // as the script refuses
  EXPECT_EQ(asked, 1);
  EXPECT_NE(page(folder).find("Loans last 14 days."), std::string::npos) << page(folder);

  TestFolder no;
  ASSERT_EQ(begin(no, {}).exit_code, 8);
  EXPECT_EQ(run_cadre(no.path(), {"reject", "last", "--message", "not that one", "--resume"})
                .exit_code,
            4);
  EXPECT_EQ(page(no), "") << "it was not called";
  EXPECT_EQ(asked, 1);

  TestFolder rules;
  write_file(rules.path() / "rules.yaml", "allow: [\"tool:fetch_url\"]\n");
  EXPECT_EQ(begin(rules, {"--policy", "rules.yaml"}).exit_code, 4);
  EXPECT_EQ(asked, 2);
}

TEST(SupportTriage, APersonDecidesInAnotherProcess) {
  TestFolder folder;
  prepare(folder.path(), triage_script());
  const ProcessResult ran = run_cadre(folder.path(), run_arguments("support_triage"));
  ASSERT_EQ(ran.exit_code, 8) << ran.out << ran.err;
  EXPECT_NE(ran.out.find("cadre approve"), std::string::npos) << ran.out;
  EXPECT_NE(run_cadre(folder.path(), {"runs"}).out.find("waiting"), std::string::npos);
  const ProcessResult shown = run_cadre(folder.path(), {"show", "last", "--json"});
  const Json waiting = json::parse(shown.out).value().at("waiting");
  ASSERT_EQ(waiting.as_array().size(), 1U);
  EXPECT_EQ(json::get_string(waiting.as_array()[0], "subject"), "gate:refund/approval");
  EXPECT_EQ(json::get_string(json::parse(shown.out).value(), "status"), "waiting");
  // What is decided about: the order, and the proposal that the question is about.
  const std::string seen = run_cadre(folder.path(), {"show", "last"}).out;
  for (const char* part : {"a1: refund\n", "\"amount\":", "a1: proposal\n"})
    EXPECT_NE(seen.find(part), std::string::npos) << part << " in " << seen;
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "out" / "reply.txt"));
  // Nobody decided: nothing goes on.
  EXPECT_EQ(run_cadre(folder.path(), {"resume", "last"}).exit_code, 8);
  EXPECT_EQ(run_cadre(folder.path(), {"approve", "last", "a7"}).exit_code, 2);
  // No: the proposal is at fault, and it is made again with the person's words.
  const ProcessResult rejected = run_cadre(
      folder.path(), {"reject", "last", "a1", "--message", "only what was paid", "--resume"});
  ASSERT_EQ(rejected.exit_code, 8) << rejected.out << rejected.err;
  const ProcessResult twice = run_cadre(folder.path(), {"approve", "last", "a1"});
  EXPECT_EQ(twice.exit_code, 2);
  EXPECT_NE(twice.err.find("decided already"), std::string::npos) << twice.err;
  const ProcessResult approved = run_cadre(folder.path(), {"approve", "last"});
  ASSERT_EQ(approved.exit_code, 0) << approved.out << approved.err;
  EXPECT_NE(approved.out.find("cadre resume"), std::string::npos);
  const ProcessResult done = run_cadre(folder.path(), {"resume", "last"});
  ASSERT_EQ(done.exit_code, 0) << done.out << done.err;
  EXPECT_EQ(read_file(folder.path() / "out" / "refund.json"), "{\"amount\": 30}\n");
  EXPECT_EQ(read_file(folder.path() / "out" / "reply.txt"), "30 EUR are on their way.\n");
  const auto nothing = run_cadre(folder.path(), {"approve", "last"});
  EXPECT_EQ(nothing.exit_code, 2);
  EXPECT_NE(nothing.err.find("nothing"), std::string::npos) << nothing.err;
}

TEST(SupportTriage, OneProcessWorksOnARunAtATime) {
  TestFolder folder;
  prepare(folder.path(), research_script(1500));
  ProcessOptions options;
  options.argv = run_arguments("research");
  options.argv.insert(options.argv.begin(), CADRE_BINARY);
  options.env = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + folder.path().string()};
  options.cwd = folder.path();
  options.timeout = Milliseconds(60'000);
  auto child = ChildProcess::start(options);
  ASSERT_TRUE(child.has_value());
  ProcessResult approved;
  for (int i = 0; i < 20 && approved.err.find("another process") == std::string::npos; ++i) {
    child->wait(Milliseconds(50));
    approved = run_cadre(folder.path(), {"approve", "last"});
    EXPECT_EQ(approved.exit_code, 2) << approved.out << approved.err;
  }
  EXPECT_NE(approved.err.find("another process is working on run"), std::string::npos)
      << approved.err;
  const ProcessResult resumed = run_cadre(folder.path(), {"resume", "last"});
  EXPECT_EQ(resumed.exit_code, 2) << resumed.out << resumed.err;
  child->finish(Milliseconds(0));
}

TEST(SupportTriage, APolicyDecidesOrStopsTheStart) {
  TestFolder folder;
  prepare(folder.path(), triage_script());
  write_file(folder.path() / ".cadre" / "policy.yaml", "allow: [\"gate:refund/*\"]\n");
  const ProcessResult ran = run_cadre(folder.path(), run_arguments("support_triage"));
  ASSERT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  write_file(folder.path() / "broken.yaml", "alow: [\"*\"]\n");
  auto arguments = run_arguments("support_triage");
  arguments.insert(arguments.end(), {"--policy", "broken.yaml"});
  const ProcessResult broken = run_cadre(folder.path(), arguments);
  EXPECT_EQ(broken.exit_code, 2);
  EXPECT_NE(broken.err.find("alow"), std::string::npos) << broken.err;
}

TEST(Model, UnknownOrWithoutAKeyIsExitCode7) {
  TestFolder folder;
  for (const char* spec : {"nobody:x", "openai:gpt-x", "scripted:nowhere.json", "gpt"}) {
    const ProcessResult ran = run_cadre(folder.path(), {"run", "a todo app", "--model", spec});
    EXPECT_EQ(ran.exit_code, 7) << spec << ": " << ran.out << ran.err;
    EXPECT_FALSE(ran.err.empty());
  }
  const ProcessResult key =
      run_cadre(folder.path(), {"run", "a todo app"}, {.env = {"CADRE_MODEL=anthropic:claude"}});
  EXPECT_EQ(key.exit_code, 7);
  EXPECT_NE(key.err.find("ANTHROPIC_API_KEY"), std::string::npos) << key.err;
}

}  // namespace
}  // namespace cadre::testing
