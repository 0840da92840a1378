#include "runtime/runner.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "core/apply.h"
#include "runtime/testing.h"
#include "store/sqlite_store.h"

namespace cadre {
namespace {

using testing::call_tools;
using testing::finished;
using testing::FunctionTool;
using testing::make_parts;
using testing::make_plan;
using testing::ScriptedGates;
using testing::ScriptedProvider;

using Results = std::span<const ToolResult>;

std::vector<Event> events_of(const RunnerParts& parts, const std::string& run) {
  auto journal = parts.store->read(run);
  EXPECT_TRUE(journal.has_value());
  return journal ? journal->events : std::vector<Event>{};
}

int count(const std::vector<Event>& events, EventKind kind) {
  return static_cast<int>(std::ranges::count(events, kind, &Event::kind));
}

std::string data_of(const RunOutcome& outcome, const std::string& type) {
  const auto at = outcome.artifacts.find(type);
  return at == outcome.artifacts.end() ? "none" : json::write(at->second->data);
}

std::shared_ptr<ScriptedProvider> finisher() {
  return std::make_shared<ScriptedProvider>(
      [](const Task& task, Results, std::stop_token) -> Result<Turn> { return finished(task); });
}

Plan two_stages() { return make_plan({"one pm brief notes", "two dev notes code"}); }

TEST(Runner, WalksTwoStagesAndJournalsEveryStep) {
  auto provider = finisher();
  auto parts = make_parts(provider);
  Runner runner(parts);
  std::vector<std::int64_t> seen;
  runner.subscribe([&](const Event& event) { seen.push_back(event.seq); });
  const auto outcome = runner.start_run(two_stages(), "Do it.", {});
  ASSERT_TRUE(outcome.has_value()) << outcome.error().describe();
  EXPECT_EQ(outcome->status, "done") << outcome->reason;
  EXPECT_EQ(outcome->exit_code, 0);
  EXPECT_EQ(data_of(*outcome, "code"), R"({"by":"two#1/two","round":1})");
  EXPECT_EQ(outcome->artifacts.at("code")->files.front().content, "from notes\n");
  EXPECT_EQ(outcome->made_by.at("code"), "dev");
  EXPECT_EQ(outcome->handoffs.requested, 2);
  EXPECT_EQ(outcome->handoffs.completed, 2);
  EXPECT_EQ(provider->calls(), 2);
  const auto events = events_of(parts, outcome->run);
  ASSERT_EQ(static_cast<std::int64_t>(events.size()), outcome->events);
  ASSERT_EQ(seen.size(), events.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].seq, static_cast<std::int64_t>(i) + 1);
    EXPECT_EQ(seen[i], events[i].seq);
    EXPECT_LT(events[i].parent, events[i].seq);
  }
  EXPECT_EQ(count(events, EventKind::kModelCallStarted), 2);
  EXPECT_EQ(count(events, EventKind::kModelCallEnded), 2);
  EXPECT_EQ(events.back().kind, EventKind::kRunEnded);
  const auto row = parts.store->info(outcome->run);
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ(row->status, "done");
  EXPECT_EQ(row->title, "Do it.");
}


// Two that wait for each other: passes only when both run at the same time.
class Meeting {
 public:
  bool wait_for_the_other() {
    std::unique_lock lock(mutex_);
    ++here_;
    changed_.notify_all();
    return changed_.wait_for(lock, std::chrono::seconds(5), [&] { return here_ >= 2; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int here_ = 0;
};

TEST(Runner, RunsStagesSideBySide) {
  Meeting meeting;
  auto provider = std::make_shared<ScriptedProvider>(
      [&](const Task& task, Results, std::stop_token) -> Result<Turn> {
        if (task.stage == "build" || task.stage == "plan") {
          EXPECT_TRUE(meeting.wait_for_the_other()) << task.stage << " was alone";
        }
        return finished(task);
      });
  auto parts = make_parts(provider);
  const auto outcome = Runner(parts).start_run(
      make_plan({"design arch brief apis", "build dev apis code", "plan qa apis tests",
                 "verify qa code,tests report"}), "x", {});
  ASSERT_TRUE(outcome.has_value()) << outcome.error().describe();
  EXPECT_EQ(outcome->status, "done") << outcome->reason;
  EXPECT_EQ(provider->most_at_once(), 2);
}

Plan fan_out_plan() {
  Plan plan = make_plan({"design arch brief tasks", "build dev tasks code"});
  plan.stages[1].fan_out = StageSpec::FanOut{"tasks", "tasks"};
  return plan;
}

Turn planned(const std::string& tasks) {
  Turn turn;
  turn.artifacts.push_back({"tasks", json::parse("{\"tasks\":" + tasks + "}").value(), {}});
  return turn;
}

TEST(Runner, FansOutAlongTheTaskGraphAndJoinsTheParts) {
  std::mutex mutex;
  std::vector<std::string> order;
  auto provider = std::make_shared<ScriptedProvider>(
      [&](const Task& task, Results, std::stop_token) -> Result<Turn> {
        if (task.stage == "design") {
          return planned(R"([{"id":"api","owner":"dev","title":"API","depends_on":["models"]},
                             {"id":"models","owner":"dev","title":"Models","depends_on":[]},
                             {"id":"other","owner":"qa","depends_on":["api"]},
                             {"id":"docs","owner":"dev","depends_on":["api","other"]}])");
        }
        EXPECT_EQ(json::get_string(*json::find(task.parameters, "item"), "id"), task.id);
        EXPECT_EQ(json::get_string(task.parameters, "stack"), "python");
        const std::lock_guard lock(mutex);
        order.push_back(task.id);
        return finished(task);
      });
  auto parts = make_parts(provider);
  RunOptions options;
  options.parameters = JsonObject{{"stack", "python"}};
  const auto outcome = Runner(parts).start_run(fan_out_plan(), "x", options);
  ASSERT_TRUE(outcome.has_value()) << outcome.error().describe();
  EXPECT_EQ(outcome->status, "done") << outcome->reason;
  EXPECT_EQ(order, (std::vector<std::string>{"models", "api", "docs"}));
  const Artifact& code = *outcome->artifacts.at("code");
  ASSERT_EQ(code.files.size(), 3U);
  EXPECT_EQ(code.files[0].path, "code/api.txt") << "parts stand in the order of the tasks";
  EXPECT_EQ(json::write(code.data), R"({"parts":[{"by":"build#1/api","round":1},)"
                                    R"({"by":"build#1/models","round":1},)"
                                    R"({"by":"build#1/docs","round":1}]})");
}

TEST(Runner, TwoContentsForOnePathAreAnError) {
  auto provider = std::make_shared<ScriptedProvider>(
      [&](const Task& task, Results, std::stop_token) -> Result<Turn> {
        if (task.stage == "design") {
          return planned(R"([{"id":"a","owner":"dev"},{"id":"b","owner":"dev"}])");
        }
        Turn turn = finished(task);
        turn.artifacts[0].files = {{"same.py", task.id, false}};
        return turn;
      });
  const auto outcome = Runner(make_parts(provider)).start_run(fan_out_plan(), "x", {});
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->status, "gate_failed");
  EXPECT_NE(outcome->reason.find("different contents to same.py"), std::string::npos)
      << outcome->reason;
}

TEST(Runner, ACircleAmongTasksIsBlamedOnTheirMaker) {
  int rounds = 0;
  auto provider = std::make_shared<ScriptedProvider>(
      [&](const Task& task, Results, std::stop_token) -> Result<Turn> {
        if (task.stage != "design") return finished(task);
        ++rounds;
        if (task.round == 1) {
          return planned(R"([{"id":"a","owner":"dev","depends_on":["b"]},
                             {"id":"b","owner":"dev","depends_on":["a"]}])");
        }
        EXPECT_EQ(task.feedback.size(), 1U);
        return planned(R"([{"id":"a","owner":"dev"}])");
      });
  const auto outcome = Runner(make_parts(provider)).start_run(fan_out_plan(), "x", {});
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->status, "done") << outcome->reason;
  EXPECT_EQ(rounds, 2);
}

// Build and test plan side by side, then a verify whose gate a test decides.
Plan verify_plan() {
  Plan plan = make_plan({"design arch brief apis", "build dev apis code", "plan qa apis tests",
                         "verify qa code,tests report"});
  plan.stages[3].gates.push_back({"tests_pass", "report", JsonObject{}, "code"});
  return plan;
}

GateVerdict failed(const std::string& message, const std::string& blame = "") {
  GateVerdict verdict;
  verdict.findings.push_back({"tests_pass", "high", message, "trace", blame});
  return verdict;
}

TEST(Runner, AFailedGateGoesToWhoeverIsToBlame) {
  auto gates = std::make_shared<ScriptedGates>();
  gates->gates["tests_pass"] = [](const GateSpec&, const Artifact& report, const ArtifactMap& all) {
    EXPECT_EQ(all.size(), 5U);  // with the brief
    if (json::get_int(report.data, "round") == 1) return failed("2 tests fail");
    GateVerdict passed;
    passed.passed = true;
    return passed;
  };
  std::vector<Finding> feedback;
  auto provider = std::make_shared<ScriptedProvider>(
      [&](const Task& task, Results, std::stop_token) -> Result<Turn> {
        if (task.stage == "build" && task.round == 2) feedback = task.feedback;
        return finished(task);
      });
  auto parts = make_parts(provider, {}, gates);
  const auto outcome = Runner(parts).start_run(verify_plan(), "x", {});
  ASSERT_TRUE(outcome.has_value()) << outcome.error().describe();
  EXPECT_EQ(outcome->status, "done") << outcome->reason;
  EXPECT_EQ(provider->calls("build#1/build"), 1);
  EXPECT_EQ(provider->calls("build#2/build"), 1);
  EXPECT_EQ(provider->calls("verify#2/verify"), 1);
  EXPECT_EQ(provider->calls("plan#2/plan"), 0) << "nobody blamed the tests";
  EXPECT_EQ(provider->calls(), 6);
  ASSERT_EQ(feedback.size(), 1U);
  EXPECT_EQ(feedback[0].message, "2 tests fail");
  EXPECT_EQ(feedback[0].blame, "code");
  bool handed_back = false;
  for (const Event& event : events_of(parts, outcome->run)) {
    handed_back = handed_back || (event.kind == EventKind::kHandoffRequested &&
                                  json::get_string(event.body, "source") == "qa" &&
                                  json::get_string(event.body, "target") == "dev");
  }
  EXPECT_TRUE(handed_back) << "the evidence travels by handoff";
}

TEST(Runner, StopsWhenARoundFailsLikeTheOneBefore) {
  auto gates = std::make_shared<ScriptedGates>();
  gates->gates["tests_pass"] = [](const GateSpec&, const Artifact&, const ArtifactMap&) {
    return failed("always the same");
  };
  auto provider = finisher();
  const auto outcome =
      Runner(make_parts(provider, {}, gates)).start_run(verify_plan(), "x", {});
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->status, "gate_failed");
  EXPECT_EQ(outcome->exit_code, 5);
  EXPECT_EQ(provider->calls("verify#2/verify"), 1);
  EXPECT_EQ(provider->calls("verify#3/verify"), 0);
  EXPECT_NE(outcome->reason.find("always the same"), std::string::npos) << outcome->reason;
  EXPECT_EQ(outcome->artifacts.count("report"), 1U) << "what was made is still shown";
}

TEST(Runner, StopsWhenTheRoundsAreUsedUp) {
  auto gates = std::make_shared<ScriptedGates>();
  gates->gates["tests_pass"] = [](const GateSpec&, const Artifact& report, const ArtifactMap&) {
    return failed("failure of round " + std::to_string(json::get_int(report.data, "round")));
  };
  auto provider = finisher();
  Plan plan = verify_plan();
  plan.limits.rounds_max = 2;
  const auto outcome = Runner(make_parts(provider, {}, gates)).start_run(plan, "x", {});
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->status, "gate_failed");
  EXPECT_EQ(provider->calls("build#3/build"), 1);
  EXPECT_EQ(provider->calls("build#4/build"), 0);
}

TEST(Runner, BlameOnAnEarlyStageSupersedesWhatRuns) {
  // The test plan finds the contract wrong while build is still at it.
  auto gates = std::make_shared<ScriptedGates>();
  gates->gates["contract"] = [](const GateSpec&, const Artifact& tests, const ArtifactMap&) {
    if (json::get_int(tests.data, "round") == 1) return failed("the contract is wrong", "apis");
    GateVerdict passed;
    passed.passed = true;
    return passed;
  };
  std::atomic<bool> redesigned{false};
  auto provider = std::make_shared<ScriptedProvider>(
      [&](const Task& task, Results, std::stop_token) -> Result<Turn> {
        if (task.stage == "design" && task.round == 2) redesigned = true;
        if (task.stage == "build" && task.round == 1) {
          for (int i = 0; i < 500 && !redesigned; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
          }
        }
        return finished(task);
      });
  Plan plan = verify_plan();
  plan.stages[2].gates.push_back({"contract", "tests", JsonObject{}, ""});
  auto parts = make_parts(provider, {}, gates);
  const auto outcome = Runner(parts).start_run(plan, "x", {});
  ASSERT_TRUE(outcome.has_value()) << outcome.error().describe();
  EXPECT_EQ(outcome->status, "done") << outcome->reason;
  EXPECT_TRUE(redesigned);
  EXPECT_EQ(data_of(*outcome, "code"), R"({"by":"build#2/build","round":2})");
  EXPECT_EQ(data_of(*outcome, "report"), R"({"by":"verify#1/verify","round":1})");
}

TEST(Runner, ARefusalEndsTheRunWithItsReasons) {
  auto provider = std::make_shared<ScriptedProvider>(
      [](const Task&, Results, std::stop_token) -> Result<Turn> {
        Turn turn;
        turn.refusal = Refusal{"a video codec is no record-keeping service", "describe records",
                               JsonObject{{"class", "codec"}}};
        return turn;
      });
  const auto outcome = Runner(make_parts(provider)).start_run(two_stages(), "x", {});
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->status, "refused");
  EXPECT_EQ(outcome->exit_code, 4);
  EXPECT_EQ(outcome->reason, "a video codec is no record-keeping service");
  EXPECT_EQ(json::write(outcome->details),
            R"({"reason":"a video codec is no record-keeping service","help":"describe records",)"
            R"("details":{"class":"codec"}})");
}

TEST(Runner, AHandoffThatIsRefusedGoesBackToItsSource) {
  auto provider = std::make_shared<ScriptedProvider>(
      [](const Task& task, Results, std::stop_token) -> Result<Turn> { return finished(task); },
      [](const Task& task) -> CapabilityAnswer {
        if (task.stage == "two" &&
            json::get_int(task.inputs.at("notes")->data, "round") < 2) {
          return {Capability::kNo, {"the notes are too short"}};
        }
        return {Capability::kPartly, {"as far as I can"}};
      });
  auto parts = make_parts(provider);
  const auto outcome = Runner(parts).start_run(two_stages(), "x", {});
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->status, "done") << outcome->reason;
  EXPECT_EQ(outcome->handoffs.refused, 1);
  EXPECT_EQ(provider->calls("one#2/one"), 1);
}

TEST(Runner, RefusalsAreBounded) {
  auto provider = std::make_shared<ScriptedProvider>(
      [](const Task& task, Results, std::stop_token) -> Result<Turn> { return finished(task); },
      [](const Task& task) -> CapabilityAnswer {
        if (task.stage == "two") return {Capability::kNo, {"never"}};
        return {Capability::kYes, {}};
      });
  const auto outcome = Runner(make_parts(provider)).start_run(two_stages(), "x", {});
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->status, "refused");
  EXPECT_EQ(outcome->reason, "never");
  EXPECT_EQ(outcome->handoffs.refused, 3) << "two are allowed";
}

TEST(Runner, TheLeadHandsOverWhatTheSourceMayNot) {
  Plan plan = two_stages();
  for (AgentConfig& agent : plan.agents) {
    if (agent.role == "pm") agent.handoff_targets.clear();
  }
  auto provider = finisher();
  const auto outcome = Runner(make_parts(provider)).start_run(plan, "x", {});
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->status, "done") << outcome->reason;
  EXPECT_EQ(outcome->handoffs.refused, 1);
  for (AgentConfig& agent : plan.agents) agent.handoff_targets.clear();
  const auto nobody = Runner(make_parts(provider)).start_run(plan, "x", {});
  ASSERT_TRUE(nobody.has_value());
  EXPECT_EQ(nobody->status, "failed");
  EXPECT_EQ(nobody->exit_code, 1);
}

TEST(Runner, InvalidOrMissingArtifactsComeBackAsFeedback) {
  auto gates = std::make_shared<ScriptedGates>();
  gates->check = [](const std::string& type, const Json& data) -> std::vector<ArtifactIssue> {
    if (type == "notes" && json::get_int(data, "round") == 1) return {{"/round", "must be 2"}};
    return {};
  };
  auto provider = std::make_shared<ScriptedProvider>(
      [](const Task& task, Results, std::stop_token) -> Result<Turn> {
        Turn turn = finished(task);
        if (task.stage == "two" && task.round == 1) turn.artifacts.clear();
        if (task.stage == "two" && task.round == 2) {
          EXPECT_EQ(task.feedback.at(0).message, "stage two was to make code and did not");
          turn.artifacts[0].files[0].path = "../../etc/passwd";
        }
        if (task.stage == "two" && task.round == 3) {
          EXPECT_NE(task.feedback.at(0).message.find("../../etc/passwd"), std::string::npos);
        }
        return turn;
      });
  const auto outcome =
      Runner(make_parts(provider, {}, gates)).start_run(two_stages(), "x", {});
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->status, "done") << outcome->reason;
  EXPECT_EQ(provider->calls("one#2/one"), 1);
  EXPECT_EQ(provider->calls("two#3/two"), 1);
}

TEST(Runner, WhatIsNotCoveredMakesTheRunIncomplete) {
  auto provider = std::make_shared<ScriptedProvider>(
      [](const Task& task, Results, std::stop_token) -> Result<Turn> {
        Turn turn = finished(task);
        if (task.stage == "one") {
          turn.artifacts[0].data =
              json::parse(R"({"statements":{"total":3,"covered":2,"not_understood":1}})").value();
        }
        return turn;
      });
  const auto outcome = Runner(make_parts(provider)).start_run(two_stages(), "x", {});
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->status, "incomplete");
  EXPECT_EQ(outcome->exit_code, 3);
}

TEST(Runner, ErrorsOfTheProviderEndTheRun) {
  struct Case {
    ErrorCode code;
    const char* status;
    int exit_code;
  };
  for (const Case& one : {Case{ErrorCode::kUnavailable, "failed", 7},
                          Case{ErrorCode::kInternal, "failed", 1},
                          Case{ErrorCode::kExhausted, "budget", 6}}) {
    auto provider = std::make_shared<ScriptedProvider>(
        [one](const Task&, Results, std::stop_token) -> Result<Turn> {
          return fail(one.code, "no answer");
        });
    const auto outcome = Runner(make_parts(provider)).start_run(two_stages(), "x", {});
    ASSERT_TRUE(outcome.has_value());
    EXPECT_EQ(outcome->status, one.status);
    EXPECT_EQ(outcome->exit_code, one.exit_code);
    EXPECT_EQ(outcome->reason, "no answer");
  }
  auto thrower = std::make_shared<ScriptedProvider>(
      [](const Task&, Results, std::stop_token) -> Result<Turn> {
        throw std::runtime_error("boom");
      });
  const auto outcome = Runner(make_parts(thrower)).start_run(two_stages(), "x", {});
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->status, "failed");
  EXPECT_NE(outcome->reason.find("boom"), std::string::npos);
}

// Three tools at once, the last first to end; then a second turn with all results so far.
TEST(Runner, GivesToolResultsInCallOrder) {
  std::atomic<int> running{0}, most{0};
  auto slow = std::make_shared<FunctionTool>(
      "slow", ToolEffect::kPure, [&](const Json& arguments, const TaskToolContext& context) {
        most = std::max<int>(most, ++running);
        const std::int64_t n = json::get_int(arguments, "n");
        std::this_thread::sleep_for(std::chrono::milliseconds(20 * (4 - n)));
        --running;
        EXPECT_TRUE(std::filesystem::is_directory(context.scratch_dir));
        EXPECT_EQ(context.task->stage, "one");
        Result<Json> value = Json(std::string(n == 2 ? 5000 : 1, static_cast<char>('0' + n)));
        if (n == 3) value = fail(ErrorCode::kNotFound, "three is missing");
        return value;
      });
  std::vector<ToolResult> last;
  auto provider = std::make_shared<ScriptedProvider>(
      [&](const Task& task, Results results, std::stop_token) -> Result<Turn> {
        if (task.stage != "one") return finished(task);
        if (results.empty()) {
          return call_tools({{"a", "slow", JsonObject{{"n", 1}}},
                             {"b", "slow", JsonObject{{"n", 2}}},
                             {"x", "hammer", JsonObject{}},
                             {"c", "slow", JsonObject{{"n", 3}}}});
        }
        if (results.size() == 4) return call_tools({{"d", "slow", JsonObject{{"n", 1}}}});
        last.assign(results.begin(), results.end());
        return finished(task);
      });
  auto parts = make_parts(provider, {slow});
  const auto outcome =
      Runner(parts).start_run(make_plan({"one pm brief notes"}, {"slow"}), "x", {});
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->status, "done") << outcome->reason;
  EXPECT_EQ(most, 2) << "the plan's cap";
  ASSERT_EQ(last.size(), 5U);
  EXPECT_EQ(last[0].call_id, "a");
  EXPECT_EQ(last[0].value, Json("1"));
  EXPECT_EQ(last[1].value.as_string().size(), 5000U) << "large values go by blob";
  EXPECT_FALSE(last[2].ok);
  EXPECT_EQ(json::get_string(last[2].value, "error"), "pm has no tool hammer");
  EXPECT_FALSE(last[3].ok);
  EXPECT_EQ(json::get_string(last[3].value, "error"), "three is missing");
  EXPECT_EQ(last[4].call_id, "d");
  EXPECT_EQ(outcome->tool_calls, 4);
  EXPECT_EQ(count(events_of(parts, outcome->run), EventKind::kGuardrail), 1);
}

TEST(Runner, TurnsAreBounded) {
  auto echo = std::make_shared<FunctionTool>(
      "echo", ToolEffect::kPure, [](const Json&, const TaskToolContext&) -> Result<Json> {
        return Json("again");
      });
  int turns = 0;
  auto provider = std::make_shared<ScriptedProvider>(
      [&](const Task&, Results, std::stop_token) -> Result<Turn> {
        return call_tools({{"c" + std::to_string(++turns), "echo", JsonObject{}}});
      });
  Plan plan = make_plan({"one pm brief notes"}, {"echo"});
  plan.limits.turns_max = 3;
  const auto outcome = Runner(make_parts(provider, {echo})).start_run(plan, "x", {});
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->status, "gate_failed");
  EXPECT_EQ(turns, 6) << "three turns in each of two rounds that fail alike";
}

TEST(Runner, TheDeadlineEndsARunThatHangs) {
  auto provider = std::make_shared<ScriptedProvider>(
      [](const Task& task, Results, std::stop_token stop) -> Result<Turn> {
        while (!stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
        return finished(task);
      });
  RunOptions options;
  options.timeout_s = 1;
  auto parts = make_parts(provider);
  const auto outcome = Runner(parts).start_run(two_stages(), "x", options);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->status, "budget");
  EXPECT_EQ(outcome->exit_code, 6);
}

TEST(Runner, AnInterruptedRunGoesOnWhereItWas) {
  std::stop_source stop;
  std::atomic<bool> interrupted{false};
  auto provider = std::make_shared<ScriptedProvider>(
      [&](const Task& task, Results, std::stop_token token) -> Result<Turn> {
        if (task.stage == "two" && !interrupted) {
          interrupted = true;
          stop.request_stop();
          while (!token.stop_requested()) std::this_thread::yield();
          return fail(ErrorCode::kCancelled, "stopped");
        }
        return finished(task);
      });
  auto parts = make_parts(provider);
  Runner runner(parts);
  const auto first = runner.start_run(two_stages(), "x", {}, stop.get_token());
  ASSERT_TRUE(first.has_value()) << first.error().describe();
  EXPECT_EQ(first->status, "interrupted");
  EXPECT_EQ(first->exit_code, 130);
  EXPECT_EQ(parts.store->info(first->run)->status, "interrupted");
  const auto second = runner.resume_run(first->run, {});
  ASSERT_TRUE(second.has_value()) << second.error().describe();
  EXPECT_EQ(second->status, "done") << second->reason;
  EXPECT_EQ(provider->calls("one#1/one"), 1) << "what was finished is not done again";
  EXPECT_EQ(provider->calls("two#1/two"), 2);
  const auto again = runner.resume_run(first->run, {});
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->status, "done");
  EXPECT_EQ(again->events, second->events) << "an ended run is only read";
  EXPECT_EQ(provider->calls(), 3);
  EXPECT_EQ(runner.resume_run("nobody", {}).error().code, ErrorCode::kNotFound);
}

TEST(Runner, ACallOfUnknownOutcomeIsNamed) {
  std::stop_source stop;
  int sent = 0;
  auto send = std::make_shared<FunctionTool>(
      "send_mail", ToolEffect::kExternal,
      [&](const Json&, const TaskToolContext& context) -> Result<Json> {
        ++sent;
        stop.request_stop();
        while (!context.stop.stop_requested()) std::this_thread::yield();
        return fail(ErrorCode::kCancelled, "stopped");
      });
  std::vector<ToolResult> seen;
  auto provider = std::make_shared<ScriptedProvider>(
      [&](const Task& task, Results results, std::stop_token) -> Result<Turn> {
        seen.assign(results.begin(), results.end());
        if (results.empty()) return call_tools({{"m1", "send_mail", JsonObject{}}});
        return finished(task);
      });
  auto parts = make_parts(provider, {send});
  Runner runner(parts);
  const Plan plan = make_plan({"one pm brief notes"}, {"send_mail"});
  const auto first = runner.start_run(plan, "x", {}, stop.get_token());
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->status, "interrupted");
  const auto refused = runner.resume_run(first->run, {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find("send_mail"), std::string::npos);
  ResumeOptions options;
  options.unknown = UnknownPolicy::kTellAgent;
  const auto second = runner.resume_run(first->run, options);
  ASSERT_TRUE(second.has_value()) << second.error().describe();
  EXPECT_EQ(second->status, "done") << second->reason;
  EXPECT_EQ(sent, 1);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(json::get_string(seen[0].value, "code"), "unknown");
}

class RecordingWriter final : public ProjectWriter {
 public:
  Result<void> stage_done(const StageDone& done) override {
    EXPECT_FALSE(writing_.exchange(true)) << "one at a time";
    lines.push_back(done.stage->id + "#" + std::to_string(done.round) +
                    (done.passed ? "" : " failed") + " of " + std::to_string(done.all.size()));
    writing_ = false;
    if (done.stage->id == fails_at) return fail(ErrorCode::kIo, "the disk is full");
    return {};
  }
  std::vector<std::string> lines;
  std::string fails_at;

 private:
  std::atomic<bool> writing_{false};
};

TEST(Runner, HandsEachStageToTheProjectWriter) {
  auto writer = std::make_shared<RecordingWriter>();
  auto gates = std::make_shared<ScriptedGates>();
  gates->gates["tests_pass"] = [](const GateSpec&, const Artifact&, const ArtifactMap&) {
    return failed("no");
  };
  auto parts = make_parts(finisher(), {}, gates);
  parts.project = writer;
  Plan plan = two_stages();
  plan.stages[1].gates.push_back({"tests_pass", "code", JsonObject{}, ""});
  const auto outcome = Runner(parts).start_run(plan, "x", {});
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->status, "gate_failed");
  EXPECT_EQ(writer->lines, (std::vector<std::string>{"one#1 of 1", "two#2 failed of 2"}));

}

TEST(Runner, AFolderThatCannotBeWrittenStopsTheRunAndItCanBeResumed) {
  auto writer = std::make_shared<RecordingWriter>();
  auto parts = make_parts(finisher());
  parts.project = writer;
  writer->fails_at = "one";
  RunOptions options;
  options.run = "full";
  const auto full = Runner(parts).start_run(two_stages(), "x", options);
  ASSERT_FALSE(full.has_value());
  EXPECT_EQ(full.error().code, ErrorCode::kIo);
  EXPECT_NE(full.error().message.find("the disk is full"), std::string::npos);
  EXPECT_NE(full.error().hint.find("cadre resume full"), std::string::npos);
  EXPECT_EQ(parts.store->info("full")->status, "interrupted");

  writer->fails_at = "";
  const auto resumed = Runner(parts).resume_run("full", {});
  ASSERT_TRUE(resumed.has_value()) << resumed.error().describe();
  EXPECT_EQ(resumed->status, "done");
  // The stage that could not be written is written now; nothing is left out.
  EXPECT_EQ(writer->lines.front(), "one#1 of 1");
  EXPECT_EQ(std::count(writer->lines.begin(), writer->lines.end(), "two#1 of 2"), 1);
  EXPECT_GE(std::count(writer->lines.begin(), writer->lines.end(), "one#1 of 1"), 2);
}

TEST(Runner, ManyRunsShareOneJournal) {
  const auto folder = std::filesystem::path(::testing::TempDir()) /
                      ("cadre_many_" + std::to_string(getpid()));
  auto opened = open_sqlite_store(folder / "journal.db");
  ASSERT_TRUE(opened.has_value()) << opened.error().describe();
  auto parts = make_parts(finisher());
  parts.store = std::move(*opened);
  std::vector<std::thread> threads;
  std::atomic<int> done{0};
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 4; ++i) {
        RunOptions options;
        options.run = "run" + std::to_string(t) + "." + std::to_string(i);
        const auto outcome = Runner(parts).start_run(verify_plan(), options.run, options);
        if (outcome && outcome->status == "done") done++;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 24);
  EXPECT_EQ(parts.store->list_runs()->size(), 24U);
  RunOptions same;
  same.run = "run0.0";
  const auto taken = Runner(parts).start_run(two_stages(), "x", same);
  ASSERT_FALSE(taken.has_value()) << "a run id is used once";
  EXPECT_EQ(taken.error().code, ErrorCode::kConflict);
  parts.store.reset();
  std::filesystem::remove_all(folder);
}

TEST(Runner, RefusesBadPlansAndBriefs) {
  auto parts = make_parts(finisher());
  Plan plan = two_stages();
  plan.stages[1].needs = {"nothing_makes_this"};
  const auto bad = Runner(parts).start_run(plan, "x", {});
  ASSERT_FALSE(bad.has_value());
  EXPECT_NE(bad.error().message.find("nothing_makes_this"), std::string::npos);
  EXPECT_FALSE(Runner(parts).start_run(two_stages(), "\xff\xfe", {}).has_value());
}

}  // namespace
}  // namespace cadre
