// Runs of an SOP and the memory: what they leave, what later ones are given, what stays secret.
#include "runtime/remembering.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "cadre/testing.h"
#include "runtime/delivery.h"
#include "runtime/model_provider.h"
#include "runtime/testing.h"

namespace cadre {
namespace {

using testing::finished;
using testing::make_parts;
using testing::make_plan;
using testing::ScriptedGates;
using testing::ScriptedProvider;

bool has(const std::string& text, std::string_view words) {
  return text.find(words) != std::string::npos;
}

struct RememberingRuns : ::testing::Test {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() /
      ("cadre_remembering_" + std::to_string(getpid()) + "_" +
       ::testing::UnitTest::GetInstance()->current_test_info()->name());
  std::shared_ptr<RunMemory> memory = open();

  ~RememberingRuns() override { std::filesystem::remove_all(folder); }
  std::shared_ptr<RunMemory> open(const RunMemoryOptions& options = {}) {
    std::filesystem::create_directories(folder);
    auto opened = RunMemory::open(folder / "memory.db", "sop:test", {}, options);
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().describe());
    return opened.value_or(nullptr);
  }
  std::vector<Lesson> lessons() {
    std::vector<std::string> notes;
    return Lessons(*memory->file()).list(notes).value();
  }
};

// Plans, builds, and is sent back once because of a port that is taken.
struct Team {
  Plan plan = [] {
    Plan made = make_plan({"plan planner brief plan", "build dev plan code"});
    made.stages[1].gates.push_back({"port_free", "code", JsonObject{}, ""});
    return made;
  }();
  std::shared_ptr<ScriptedGates> gates = [] {
    auto made = std::make_shared<ScriptedGates>();
    made->gates["port_free"] = [](const GateSpec&, const Artifact& code, const ArtifactMap&) {
      GateVerdict verdict;
      verdict.passed = has(code.files[0].content, "port = 0");
      if (!verdict.passed)
        verdict.findings.push_back({"", "high", "the port 80 is taken; the token \"sk-" +
                                    std::string(24, 'a') + "\" was seen", "bind failed", "code"});
      return verdict;
    };
    return made;
  }();
  std::vector<std::string> seen;  // Task::known of each turn
  std::mutex mutex;
  std::shared_ptr<ScriptedProvider> provider = std::make_shared<ScriptedProvider>(
      [this](const Task& task, std::span<const ToolResult>,
             const std::stop_token&) -> Result<Turn> {
        const std::lock_guard lock(mutex);
        seen.push_back(task.role + ": " + task.known);
        Turn turn = finished(task);
        if (task.stage != "build") return turn;
        turn.artifacts[0].files = {
            {"src/main.cc", task.round == 1 ? "int main() {}\nport = 80\npassword = \"hunter22\"\n"
                                            : "int main() {}\nport = 0\npassword = \"hunter22\"\n",
             false}};
        return turn;
      });
  RunnerParts parts(const std::shared_ptr<RunMemory>& memory) {
    RunnerParts made = make_parts(provider, {}, gates);
    made.memory = memory;
    made.secrets = {"house-key-1"};
    return made;
  }
};

TEST_F(RememberingRuns, ARunLeavesWhatWasMadeWhatFailedAndWhatMendedIt) {
  Team team;
  Runner runner(team.parts(memory));
  const auto outcome = runner.start_run(team.plan, "Open a door with house-key-1", {});
  ASSERT_TRUE(outcome) << outcome.error().describe();
  ASSERT_EQ(outcome->status, "done") << outcome->reason;
  EXPECT_EQ(outcome->memory_fault, "");
  const auto outputs = memory->session()->outputs(0).value();
  ASSERT_EQ(outputs.size(), 2U);
  for (const AgentOutput& output : outputs) EXPECT_FALSE(has(output.text, "house-key-1"));
  EXPECT_EQ(outputs[1].agent + outputs[1].kind + outputs[0].agent + outputs[0].kind,
            "devcodeplannerplan");
  const auto& code = outputs[1];
  EXPECT_TRUE(has(code.text, "For: Open a door with [secret]")) << code.text;
  EXPECT_TRUE(has(code.text, "Files: src/main.cc")) << code.text;
  EXPECT_EQ(json::get_int(code.metadata, "round"), 2);
  const auto ran = memory->session()->executions(0).value();
  ASSERT_EQ(ran.size(), 1U);
  EXPECT_EQ(ran[0].agent + " " + ran[0].action, "dev gate port_free");
  EXPECT_TRUE(has(ran[0].detail, "the port 80 is taken; the token \"[secret]\"")) << ran[0].detail;
  const auto learnt = lessons();
  ASSERT_EQ(learnt.size(), 1U);
  EXPECT_TRUE(has(learnt[0].problem, "In the stage build the gate port_free failed: the port 80"));
  EXPECT_EQ(learnt[0].fix, "dev changed code: src/main.cc\n -port = 80\n +port = 0");
  ASSERT_EQ(learnt[0].evidence.size(), 1U);
  EXPECT_EQ(learnt[0].evidence[0].what,
            "gate port_free of build failed in round 1 and passed in round 2");
  // Told again it is the same.
  ASSERT_TRUE(runner.resume_run(outcome->run, {}));
  EXPECT_EQ(memory->session()->outputs(0)->size(), 2U);
  EXPECT_EQ(memory->session()->executions(0)->size(), 1U);
  EXPECT_EQ(lessons()[0].seen, 1);
}

TEST_F(RememberingRuns, ALaterRunIsGivenItByRoleAndItsJournalSaysWhat) {
  Team first;
  ASSERT_TRUE(Runner(first.parts(memory)).start_run(first.plan, "Open a door", {}));
  EXPECT_EQ(first.seen, (std::vector<std::string>{"planner: ", "dev: ", "dev: "}));
  Team second;
  const RunnerParts parts = second.parts(memory);
  const auto outcome = Runner(parts).start_run(second.plan, "Open a window", {});
  ASSERT_TRUE(outcome);
  ASSERT_EQ(second.seen.size(), 3U);
  EXPECT_TRUE(has(second.seen[1], "src/main.cc\n -port = 80")) << second.seen[1];
  EXPECT_TRUE(has(second.seen[1], "not instructions"));
  EXPECT_FALSE(has(second.seen[0], "-port = 80")) << "the planner's part has nothing to do with it";
  EXPECT_EQ(second.seen[1], second.seen[2]) << "the same in every round";
  const auto journal = parts.store->read(outcome->run).value();
  const Json* known = json::find(journal.events[0].body, "known");
  ASSERT_NE(known, nullptr);
  const Json& dev = known->at("dev");
  EXPECT_EQ("dev: " + parts.store->get_blob(json::get_string(dev, "text")).value(),
            second.seen[1]);
  ASSERT_EQ(json::get_array(dev, "lessons").size(), 1U);
  // It was used, and did not help: the same happened again.
  EXPECT_EQ(lessons()[0].uses, 1);
  EXPECT_EQ(lessons()[0].helped, 0);
  EXPECT_EQ(lessons()[0].seen, 2);
}

TEST_F(RememberingRuns, AResumedRunReadsWhatItReadWhateverTheMemorySaysByThen) {
  Team first;
  ASSERT_TRUE(Runner(first.parts(memory)).start_run(first.plan, "Open a door", {}));
  Team second;
  RunnerParts parts = second.parts(memory);
  std::stop_source stop;
  auto script = std::make_shared<ScriptedProvider>(
      [&](const Task& task, std::span<const ToolResult> results,
          const std::stop_token& token) -> Result<Turn> {
        if (task.stage == "build") stop.request_stop();
        return second.provider->next(task, results, token);
      });
  parts.provider = script;
  const auto stopped = Runner(parts).start_run(second.plan, "Open a window", {}, stop.get_token());
  ASSERT_TRUE(stopped);
  ASSERT_EQ(stopped->status, "interrupted");
  EXPECT_EQ(lessons()[0].uses, 0) << "it has not ended";
  ASSERT_TRUE(memory->session()->store_agent_output("dev", "note", "build the window port anew"));
  const std::string before = second.seen.at(1);
  ASSERT_FALSE(has(before, "anew"));
  parts.provider = second.provider;
  const auto outcome = Runner(parts).resume_run(stopped->run, {});
  ASSERT_TRUE(outcome) << outcome.error().describe();
  ASSERT_EQ(outcome->status, "done");
  EXPECT_EQ(second.seen.back(), before);
  EXPECT_EQ(lessons()[0].uses, 1);
}

TEST_F(RememberingRuns, WithoutABudgetNothingIsGivenAndAllIsKept) {
  Team first;
  memory = open({.token_budget = 0});
  ASSERT_TRUE(Runner(first.parts(memory)).start_run(first.plan, "Open a door", {}));
  Team second;
  ASSERT_TRUE(Runner(second.parts(memory)).start_run(second.plan, "Open a door", {}));
  EXPECT_EQ(second.seen[1], "dev: ");
  EXPECT_EQ(memory->session()->outputs(0)->size(), 4U);
  Team third;
  ASSERT_TRUE(Runner(third.parts(nullptr)).start_run(third.plan, "Open a door", {}));
  EXPECT_EQ(memory->session()->outputs(0)->size(), 4U);
}

TEST_F(RememberingRuns, AMemoryThatCannotBeWrittenIsSaidAndTheRunStands) {
  memory.reset();
  auto file = MemoryFile::open(folder / "memory.db", {.read_only = true});
  ASSERT_TRUE(file);
  auto locked = RunMemory::open(*file, "sop:test", {.create = false});
  ASSERT_TRUE(locked);
  Team team;
  const auto outcome = Runner(team.parts(*locked)).start_run(team.plan, "Open a door", {});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->status, "done");
  EXPECT_NE(outcome->memory_fault, "");
}

TEST_F(RememberingRuns, AModelReadsItAfterTheBrief) {
  Lessons known(*memory->file());
  ASSERT_TRUE(known.learn("In the stage plan the gate schema failed: no title", "add the title",
                          {"r0", "seen"}));
  Plan plan = make_plan({"plan planner brief plan"});
  const auto model = std::make_shared<testing::ScriptedModel>(
      [](const testing::SeenRequest&) -> Result<ModelReply> {
        return testing::calls("deliver_plan", R"({"data": {"title": "x"}})", "1");
      });
  auto tools = std::make_shared<ToolRegistry>();
  ASSERT_TRUE(tools->add(make_deliver_tool()));
  RunnerParts parts = make_parts(make_model_provider(model, tools));
  parts.tools = tools;
  parts.memory = memory;
  const auto outcome = Runner(parts).start_run(plan, "Plan a feast", {});
  ASSERT_TRUE(outcome) << outcome.error().describe();
  ASSERT_EQ(outcome->status, "done") << outcome->reason;
  const auto* first = std::get_if<MessageItem>(model->requests().at(0).items[0].get());
  ASSERT_NE(first, nullptr);
  const std::size_t at = first->text.find("<memory>");
  ASSERT_NE(at, std::string::npos) << first->text;
  EXPECT_LT(first->text.find("Plan a feast"), at);
  EXPECT_LT(at, first->text.find("# Your task"));
  EXPECT_TRUE(has(first->text, "Fix: add the title"));
  EXPECT_EQ(known.list(*std::make_unique<std::vector<std::string>>())->front().helped, 1);
}

TEST(WithoutSecrets, TakesOutWhatLooksLikeOneAndLeavesTheRest) {
  const std::vector<std::string> own{"S3cr3t!"};
  const auto clean = [&](const std::string& text) { return without_secrets(text, own); };
  for (const std::string& secret :
       {std::string("S3cr3t!"), "sk-proj-" + std::string(40, 'x'), "ghp_" + std::string(36, 'Z'),
        std::string("AKIAIOSFODNN7EXAMPLE"), "Bearer " + std::string(30, 'b'),
        std::string("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"),
        "eyJ" + std::string(20, 'a') + "." + std::string(20, 'b') + "." + std::string(20, 'c')}) {
    const std::string text = clean("before " + secret + " after");
    EXPECT_EQ(text, "before [secret] after");
  }
  EXPECT_EQ(clean(R"(password = "correct horse")"), R"(password = "[secret]")");
  EXPECT_EQ(clean(R"({"api_key": "abcdefgh", "n": 1})"), R"({"api_key": "[secret]", "n": 1})");
  EXPECT_EQ(clean("postgres://ada:lovelace@db/x"), "postgres://ada:[secret]@db/x");
  const std::string plain = "def token(self): return self.sk_values  # password: str, task-1234";
  EXPECT_EQ(clean(plain), plain);
}

TEST(DescribeChange, SaysFilesAndMembersThatDiffer) {
  Artifact a{"code", JsonObject{{"n", 1}}, {{"a.py", "x = 1\ny = 2\nz = 3\n", false}}};
  Artifact b = a;
  EXPECT_EQ(describe_change(a, b), "");
  b.data = JsonObject{{"n", 2}, {"m", true}};
  EXPECT_EQ(describe_change(a, b), "data: n\n -1\n +2; new: m\n -\n +true");
  b.files[0].content = "x = 1\ny = 5\nz = 3\n";
  b.files.push_back({"b.py", "", false});
  EXPECT_EQ(describe_change(a, b), "a.py\n -y = 2\n +y = 5; new file b.py");
  EXPECT_EQ(describe_change(b, {"code", a.data, {}}), "removed a.py; removed b.py");
}

}  // namespace
}  // namespace cadre
