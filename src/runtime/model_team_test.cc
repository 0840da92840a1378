// A small team of models without network: files of tasks, figures by a tool, a round repaired by
// blame, agents that want one file, and a journal that is cut off anywhere.
#include <gtest/gtest.h>

#include <mutex>

#include "cadre/testing.h"
#include "runtime/delivery.h"
#include "runtime/model_provider.h"
#include "runtime/runner.h"
#include "runtime/scripted_replies.h"
#include "runtime/testing.h"
#include "runtime/tools/file_tools.h"
#include "sop/gates.h"
#include "store/forwarding_store.h"

namespace cadre {
namespace {

using testing::FunctionTool;
using testing::make_plan;

Json parsed(const char* text) { return json::parse(text).value(); }

// Plans two files, builds them side by side, measures them.
Plan team_plan() {
  Plan plan =
      make_plan({"plan planner brief tasks", "build dev tasks code", "check qa code report"},
                {"list_files", "read_file", "write_file", "edit_file", "measure"});
  plan.stages[1].fan_out = StageSpec::FanOut{"tasks", "tasks"};
  plan.stages[2].gates.push_back({"tests_pass", "report", JsonObject{}, ""});
  plan.artifact_schemas["tasks"] = parsed(R"({"type": "object", "required": ["tasks"]})");
  plan.artifact_schemas["code"] = parsed(R"({"type": "object", "properties": {"parts":
      {"type": "array", "items": {"type": "object", "required": ["files"]}}}})");
  plan.artifact_schemas["report"] = parsed(R"({"type": "object", "required": ["tests"],
      "x-measured-by": {"tool": "measure", "figures": ["tests"]},
      "x-document": "docs/report.md", "title": "Report"})");
  return plan;
}

constexpr const char* kScript = R"({"replies": [
  {"at": "plan#*/plan/turn:1", "calls": [{"tool": "deliver_tasks", "arguments": {"data": {"tasks": [
     {"id": "T-a", "owner": "dev", "files": ["a.txt"]},
     {"id": "T-b", "owner": "dev", "files": ["b.txt"]}]}}}]},
  {"at": "build#1/T-a/turn:1", "calls": [
     {"tool": "write_file", "arguments": {"path": "a.txt", "content": "one bug\n"}},
     {"tool": "write_file", "arguments": {"path": "../a.txt", "content": "x"}},
     {"tool": "write_file", "arguments": {"path": "b.txt", "content": "x"}}]},
  {"at": "build#1/T-a/turn:2", "calls": [
     {"tool": "edit_file", "arguments": {"path": "a.txt", "old": "one", "new": "two"}},
     {"tool": "deliver_code", "arguments": {"data": {"files": ["a.txt"]}}}]},
  {"at": "build#1/T-b/turn:1", "calls": [
     {"tool": "list_files", "arguments": {}},
     {"tool": "deliver_code", "arguments": {"data": {"files": ["b.txt"]},
        "files": [{"path": "b.txt", "content": "fine\n"}]}}]},
  {"at": "build#2/T-a/turn:1", "calls": [
     {"tool": "edit_file", "arguments": {"path": "a.txt", "old": "bug", "new": "fixed"}},
     {"tool": "deliver_code", "arguments": {"data": {"files": ["a.txt"]}}}]},
  {"at": "check#*/check/turn:1", "calls": [
     {"tool": "deliver_report", "arguments": {"data": {"tests": {"passed": 99, "failed": 0}}}}]},
  {"at": "check#*/check/turn:2", "calls": [{"tool": "measure", "arguments": {}}]},
  {"at": "check#*/check/turn:3", "calls": [
     {"tool": "deliver_report", "arguments": {"data": {"tests": {"passed": 99, "failed": 0}}}}]}
]})";

std::shared_ptr<TaskTool> measure_tool() {
  return std::make_shared<FunctionTool>(
      "measure", ToolEffect::kPure,
      [](const Json&, const TaskToolContext& context) -> Result<Json> {
        bool bug = false;
        for (const File& file : context.inputs.at("code")->files) {
          bug = bug || file.content.find("bug") != std::string::npos;
        }
        JsonArray findings;
        if (bug) {
          findings.push_back(JsonObject{{"id", "M-001"},
                                        {"gate", "tests_pass"},
                                        {"severity", "high"},
                                        {"title", "the test t fails"},
                                        {"evidence", "a.txt says bug"},
                                        {"blame", "code"}});
        }
        return Json(JsonObject{
            {"figures",
             JsonObject{{"tests", JsonObject{{"passed", bug ? 0 : 1}, {"failed", bug ? 1 : 0}}}}},
            {"append", JsonObject{{"findings", std::move(findings)}}}});
      });
}

RunnerParts team_parts(const Plan& plan, std::shared_ptr<Model> model) {
  auto tools = make_file_tools();
  tools.push_back(make_deliver_tool());
  tools.push_back(measure_tool());
  RunnerParts parts = testing::make_parts(nullptr, std::move(tools));
  GateParts gates;
  gates.schemas = plan.artifact_schemas;
  parts.gates = make_gate_keeper(std::move(gates));
  parts.provider = make_model_provider(std::move(model), parts.tools);
  return parts;
}

std::shared_ptr<Model> scripted() { return scripted_model(parsed(kScript)).value(); }

std::string files_of(const RunOutcome& outcome, const std::string& type) {
  std::string out;
  const auto at = outcome.artifacts.find(type);
  if (at == outcome.artifacts.end()) return out;
  for (const File& file : at->second->files) out += file.path + "=" + file.content;
  return out;
}

TEST(ModelTeam, ARoundIsRepairedByBlameAndFiguresAreMeasured) {
  const Plan plan = team_plan();
  RunnerParts parts = team_parts(plan, scripted());
  const auto outcome = Runner(parts).start_run(plan, "Two files.", {});
  ASSERT_TRUE(outcome.has_value()) << outcome.error().describe();
  ASSERT_EQ(outcome->status, "done") << outcome->reason;
  EXPECT_EQ(files_of(*outcome, "code"), "a.txt=two fixed\nb.txt=fine\n");
  const Json& report = outcome->artifacts.at("report")->data;
  EXPECT_EQ(json::get_int(report.at("tests"), "passed"), 1);
  EXPECT_EQ(json::get_string(report, "measured_by"), "measure");
  EXPECT_NE(files_of(*outcome, "report").find("docs/report.md=# Report"), std::string::npos);
  std::string told;
  bool kept = false;
  auto journal = parts.store->read(outcome->run);
  ASSERT_TRUE(journal.has_value());
  for (const Event& event : journal->events) {
    if (event.kind == EventKind::kToolCallEnded && !json::get_bool(event.body, "ok")) {
      told += json::write(*json::find(event.body, "value")) + "\n";
    }
    // The other task's work is taken over without a model call.
    kept = kept || json::write(event.body).find("its work is kept") != std::string::npos;
  }
  EXPECT_NE(told.find("is refused: it has a"), std::string::npos) << told;
  EXPECT_NE(told.find("conflict: b.txt belongs to the task T-b"), std::string::npos) << told;
  EXPECT_NE(told.find("measured by measure, which has not run"), std::string::npos) << told;
  EXPECT_TRUE(kept);
}

TEST(ModelTeam, TheSameFailureTwiceEndsTheRunWithCode5) {
  Json script = parsed(kScript);
  for (Json& reply : script.at("replies").as_array()) {
    // The repair does not repair.
    if (json::get_string(reply, "at") != "build#2/T-a/turn:1") continue;
    reply.at("calls").as_array()[0].at("arguments").as_object()["new"] = "bug again";
  }
  const Plan plan = team_plan();
  RunnerParts parts = team_parts(plan, scripted_model(script).value());
  const auto outcome = Runner(parts).start_run(plan, "Two files.", {});
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->exit_code, 5);
  EXPECT_NE(outcome->reason.find("failed twice in the same way"), std::string::npos)
      << outcome->reason;
}

// Two tasks whose plan names no files want the same one.
TEST(ModelTeam, TheSecondWriterOfAFileIsTold) {
  Plan plan = team_plan();
  plan.stages.pop_back();
  auto model = std::make_shared<testing::ScriptedModel>(
      [](const testing::SeenRequest& request) -> Result<ModelReply> {
        if (request.key.find("/plan#") != std::string::npos) {
          return testing::calls("deliver_tasks", R"({"data": {"tasks": [
              {"id": "T-a", "owner": "dev"}, {"id": "T-b", "owner": "dev"}]}})");
        }
        const std::string own =
            request.key.find("/T-a/") != std::string::npos ? "own-a.txt" : "own-b.txt";
        const std::string last = json::write(to_json(*request.items.back()));
        const auto write = [](const std::string& path) {
          return R"({"path": ")" + path + R"(", "content": "by )" + path + "\"}";
        };
        const auto deliver = [](const std::string& path) {
          return R"({"data": {"files": [")" + path + "\"]}}";
        };
        if (request.items.size() == 1) return testing::calls("write_file", write("shared.txt"));
        if (last.find("was written first by build/") != std::string::npos) {
          return testing::calls(std::vector<ToolCallItem>{{"1", "write_file", write(own), {}},
                                                          {"2", "deliver_code", deliver(own), {}}});
        }
        return testing::calls("deliver_code", deliver("shared.txt"));
      });
  RunnerParts parts = team_parts(plan, model);
  const auto outcome = Runner(parts).start_run(plan, "Two files.", {});
  ASSERT_TRUE(outcome.has_value());
  ASSERT_EQ(outcome->status, "done") << outcome->reason;
  EXPECT_EQ(outcome->artifacts.at("code")->files.size(), 2U) << files_of(*outcome, "code");
}

// Takes so many events, then no more: the process is as good as dead.
class CutStore final : public ForwardingStore {
 public:
  CutStore(std::shared_ptr<Store> inner, std::int64_t left)
      : ForwardingStore(std::move(inner)), left_(left) {}
  void append_async(Append append, Ack ack) override {
    const auto count = static_cast<std::int64_t>(append.events.size());
    {
      const std::lock_guard lock(mutex_);
      left_ -= count;
      if (left_ < 0) return ack(fail(ErrorCode::kIo, "the power went out"));
    }
    ForwardingStore::append_async(std::move(append), std::move(ack));
  }

 private:
  std::mutex mutex_;
  std::int64_t left_;
};

TEST(ModelTeam, CutOffAnywhereTheFilesAreTheSame) {
  const Plan plan = team_plan();
  RunnerParts whole = team_parts(plan, scripted());
  const auto expected = Runner(whole).start_run(plan, "Two files.", {});
  ASSERT_TRUE(expected.has_value());
  for (std::int64_t cut = 2; cut < expected->events; ++cut) {
    RunnerParts parts = team_parts(plan, scripted());
    const std::shared_ptr<Store> store = parts.store;
    parts.store = std::make_shared<CutStore>(store, cut);
    RunOptions options;
    options.run = "r";
    (void)Runner(parts).start_run(plan, "Two files.", options);
    if (!store->info("r")) continue;  // not even its beginning is there
    RunnerParts again = team_parts(plan, scripted());
    again.store = store;
    const auto outcome = Runner(again).resume_run("r", {});
    ASSERT_TRUE(outcome.has_value()) << cut << ": " << outcome.error().describe();
    EXPECT_EQ(outcome->status, "done") << cut << ": " << outcome->reason;
    EXPECT_EQ(files_of(*outcome, "code"), files_of(*expected, "code")) << cut;
    EXPECT_EQ(json::write(outcome->artifacts.at("report")->data),
              json::write(expected->artifacts.at("report")->data))
        << cut;
  }
}

}  // namespace
}  // namespace cadre
