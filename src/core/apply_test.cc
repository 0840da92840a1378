// The engine under simulated shells: every order of events that a shell can produce keeps the
// invariants, ends, and folds again to the same state.
#include "core/apply.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/clock.h"
#include "core/provider_json.h"

namespace cadre {
namespace {

AgentConfig agent(const std::string& role, std::vector<std::string> targets) {
  AgentConfig config;
  config.role = config.name = role;
  config.tools = {"tool"};
  config.handoff_targets = std::move(targets);
  return config;
}

StageSpec stage(const std::string& id, const std::string& role, std::vector<std::string> needs,
                std::vector<std::string> makes) {
  StageSpec spec;
  spec.id = spec.title = id;
  spec.role = role;
  spec.needs = std::move(needs);
  spec.makes = std::move(makes);
  return spec;
}

// The shape of the default SOP.
std::shared_ptr<const Plan> software() {
  Plan plan;
  plan.name = "software";
  plan.lead = "lead";
  plan.agents = {agent("lead", {"pm", "arch", "dev", "qa"}), agent("pm", {"arch"}),
                 agent("arch", {"dev", "qa", "pm"}), agent("dev", {"qa"}),
                 agent("qa", {"dev", "arch", "pm"})};
  plan.stages = {stage("requirements", "pm", {"brief"}, {"requirements", "stories"}),
                 stage("design", "arch", {"requirements", "stories"}, {"apis", "tasks"}),
                 stage("build", "dev", {"requirements", "apis"}, {"code", "docs"}),
                 stage("plan", "qa", {"stories", "apis"}, {"tests"}),
                 stage("verify", "qa", {"code", "tests"}, {"report"})};
  plan.stages[2].fan_out = StageSpec::FanOut{"tasks", "tasks"};
  plan.stages[1].gates = {{"openapi", "apis", JsonObject{}, ""},
                          {"graph", "tasks", JsonObject{}, ""}};
  plan.stages[3].gates = {{"covered", "tests", JsonObject{}, ""}};
  plan.stages[4].gates = {{"pass", "report", JsonObject{}, "code"}};
  return std::make_shared<const Plan>(std::move(plan));
}

// A shell that starts and finishes effects in an order, and with results, drawn from a seed.
class RandomShell {
 public:
  RandomShell(std::shared_ptr<const Plan> plan, std::uint64_t seed, int trouble_percent)
      : state_(make_state("r", std::move(plan))), rng_(seed), trouble_(trouble_percent) {}

  void run(int events_max) {
    JsonObject start;
    start["brief"] = "b";
    add(run_started(state_, std::move(start)));
    while (state_.status == "running" && static_cast<int>(journal.size()) < events_max) {
      if (const Event* draft = next_record(state_)) {
        add(Event(*draft));
        continue;
      }
      for (std::string& key : take_effects(state_)) waiting_.push_back(std::move(key));
      if (waiting_.empty() && running_.empty()) {
        stuck = true;
        return;
      }
      const bool start_one = !waiting_.empty() && (running_.empty() || rng_.below(2) == 0);
      start_one ? begin(pick(waiting_)) : finish(pick(running_));
    }
  }

  const RunState& state() const { return state_; }
  std::vector<Event> journal;
  bool stuck = false;
  int most_active = 0;

 private:
  std::string pick(std::vector<std::string>& from) {
    const auto at = from.begin() + static_cast<std::ptrdiff_t>(rng_.below(from.size()));
    std::string key = std::move(*at);
    from.erase(at);
    return key;
  }
  bool trouble() { return rng_.below(100) < static_cast<std::uint64_t>(trouble_); }

  void add(Event event) {
    event.seq = state_.last_seq + 1;
    event.time_us = event.seq;
    const auto applied = apply(state_, event);
    ASSERT_TRUE(applied.has_value()) << applied.error().describe();
    most_active = std::max(most_active, state_.active_tasks);
    journal.push_back(std::move(event));
  }

  void begin(const std::string& key) {
    const Effect* effect = find_effect(state_, key);
    if (effect == nullptr) return;
    if (has_intent(effect->kind)) add(intent_of(state_, *effect));
    running_.push_back(key);
  }

  void finish(const std::string& key) {
    const Effect* effect = find_effect(state_, key);
    if (effect == nullptr) return;
    add(outcome_of(state_, *effect, result_of(*effect)));
  }

  static Json artifacts(const std::vector<std::string>& types, const std::string& blob) {
    JsonArray array;
    for (const std::string& type : types) {
      array.push_back(JsonObject{{"type", type}, {"blob", blob + type}});
    }
    return array;
  }

  JsonObject result_of(const Effect& effect) {
    const StageSpec& spec = state_.plan->stages[static_cast<std::size_t>(effect.stage)];
    JsonObject result;
    result["ok"] = true;
    switch (effect.kind) {
      case Effect::Kind::kCapability: result["answer"] = trouble() ? "no" : "yes"; break;
      case Effect::Kind::kPlanTasks:
        result["tasks"] = json::parse(R"([{"id":"a"},{"id":"b","depends_on":["a"]},{"id":"c"},
                                         {"id":"d","depends_on":["b","c"]}])").value();
        break;
      case Effect::Kind::kTurn: turn(effect, spec, result); break;
      case Effect::Kind::kTool:
        result["ok"] = !trouble();
        result["value"] = static_cast<std::int64_t>(rng_.below(100));
        break;
      case Effect::Kind::kJoin: result["artifacts"] = artifacts(spec.makes, effect.key); break;
      case Effect::Kind::kGate: gate(spec, result); break;
      case Effect::Kind::kProject: break;
    }
    return result;
  }

  void turn(const Effect& effect, const StageSpec& spec, JsonObject& result) {
    if (effect.turn < 4 && rng_.below(2) == 0) {
      JsonArray calls;
      for (std::uint64_t i = 0; i <= rng_.below(3); ++i) {
        calls.push_back(JsonObject{{"id", fmt::format("{}.{}", effect.turn, i)},
                                   {"tool", trouble() ? "hammer" : "tool"}});
      }
      result["calls"] = std::move(calls);
    } else if (trouble() && rng_.below(8) == 0) {
      result["ok"] = false;
      result["error"] = JsonObject{{"code", "internal"}, {"message", "broken"}};
    } else if (trouble() && rng_.below(4) == 0) {
      result["refusal"] = JsonObject{{"reason", "no"}};
    } else if (trouble()) {
      result["artifacts"] = artifacts({spec.makes.front(), "surprise"}, effect.key);
    } else {
      result["artifacts"] = artifacts(spec.makes, effect.key);
    }
  }

  void gate(const StageSpec& spec, JsonObject& result) {
    result["passed"] = !trouble();
    if (result["passed"].as_bool()) return;
    std::vector<std::string> blamable = {"", spec.makes.front(), "apis", "requirements", "code"};
    result["findings"] = to_json(std::vector<Finding>{
        {"g", "high", fmt::format("failure {}", rng_.below(6)), "",
         blamable[rng_.below(blamable.size())]}});
  }

  RunState state_;
  Rng rng_;
  int trouble_;
  std::vector<std::string> waiting_, running_;
};

TEST(Apply, ARunWithoutTroubleDoesEachStageOnce) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    RandomShell shell(software(), seed, 0);
    shell.run(5000);
    ASSERT_EQ(shell.state().status, "done") << seed;
    std::map<std::string, int> started;
    for (const Event& event : shell.journal) {
      if (event.kind == EventKind::kStageStarted) started[json::get_string(event.body, "stage")]++;
    }
    EXPECT_EQ(started, (std::map<std::string, int>{
                           {"requirements", 1}, {"design", 1}, {"build", 1}, {"plan", 1},
                           {"verify", 1}}));
    EXPECT_EQ(shell.state().handoffs.completed, 5);
    EXPECT_EQ(shell.state().handoffs.refused, 0);
  }
}

// What has to hold in every journal.
void check_invariants(const RandomShell& shell, std::uint64_t seed) {
  const Limits& limits = shell.state().plan->limits;
  ASSERT_FALSE(shell.stuck) << "seed " << seed << ": nothing to do and no end";
  ASSERT_NE(shell.state().status, "running") << "seed " << seed << ": no end in sight";
  EXPECT_LE(shell.most_active, limits.parallel_tasks) << seed;
  std::set<std::string> valid = {"brief"};      // artifacts that exist
  std::map<std::string, int> open_agents;       // stage#round/task -> started minus ended
  std::map<std::string, std::int64_t> started;  // key of an intent -> seq
  for (const Event& event : shell.journal) {
    const std::string stage = json::get_string(event.body, "stage");
    const std::string place = fmt::format("{}#{}/{}", stage, json::get_int(event.body, "round"),
                                          json::get_string(event.body, "task"));
    if (event.seq > 1) {
      EXPECT_GT(event.parent, 0) << event.seq;
    }
    EXPECT_LT(event.parent, event.seq);
    switch (event.kind) {
      case EventKind::kStageStarted:
        for (const std::string& need : find_stage(*shell.state().plan, stage)->needs) {
          EXPECT_TRUE(valid.contains(need)) << "seed " << seed << ": " << stage << " without "
                                            << need;
        }
        EXPECT_LE(json::get_int(event.body, "round"), 1 + 6 * limits.rounds_max);
        break;
      case EventKind::kArtifactStored: valid.insert(json::get_string(event.body, "type")); break;
      case EventKind::kAgentStarted: EXPECT_EQ(++open_agents[place], 1) << seed; break;
      case EventKind::kAgentEnded: EXPECT_EQ(--open_agents[place], 0) << seed; break;
      case EventKind::kModelCallStarted:
      case EventKind::kToolCallStarted:
        EXPECT_TRUE(started.emplace(json::get_string(event.body, "key"), event.seq).second)
            << "seed " << seed << ": started twice";
        break;
      case EventKind::kModelCallEnded:
      case EventKind::kToolCallEnded:
        EXPECT_EQ(event.parent, started.at(json::get_string(event.body, "key"))) << seed;
        break;
      case EventKind::kRunEnded: EXPECT_EQ(&event, &shell.journal.back()) << seed; break;
      default: break;
    }
  }
}

TEST(Apply, EveryInterleavingWithTroubleKeepsTheInvariantsAndEnds) {
  std::map<std::string, int> statuses;
  for (std::uint64_t seed = 1; seed <= 600; ++seed) {
    RandomShell shell(software(), seed, static_cast<int>(seed % 40));
    shell.run(20'000);
    check_invariants(shell, seed);
    statuses[shell.state().status]++;
    if (::testing::Test::HasFatalFailure()) return;
  }
  for (const char* status : {"done", "refused", "gate_failed", "failed"}) {
    EXPECT_GT(statuses[status], 0) << status << " never came up: the test is too tame";
  }
}

TEST(Apply, ReplayGivesTheSameStateAndTheSameCommands) {
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    RandomShell shell(software(), seed, 15);
    shell.run(2000);
    // Step by step against a fold from the start, at a few places and at the end.
    RunState live = make_state("r", software());
    for (std::size_t k = 0; k < shell.journal.size(); ++k) {
      ASSERT_TRUE(apply(live, shell.journal[k]).has_value());
      if (k % 17 != 0 && k + 1 != shell.journal.size()) continue;
      RunState again = make_state("r", software());
      for (std::size_t i = 0; i <= k; ++i) ASSERT_TRUE(apply(again, shell.journal[i]).has_value());
      ASSERT_EQ(json::write(to_json(live)), json::write(to_json(again)));
      ASSERT_EQ(open_effects(live), open_effects(again));
    }
    EXPECT_EQ(json::write(to_json(live)), json::write(to_json(shell.state())));
  }
}

TEST(Apply, RefusesAForeignJournal) {
  RandomShell shell(software(), 3, 0);
  shell.run(2000);
  const auto apply_all = [](const std::vector<Event>& events) -> Result<void> {
    RunState state = make_state("r", software());
    for (const Event& event : events) {
      if (auto applied = apply(state, event); !applied) return applied;
    }
    return {};
  };
  ASSERT_TRUE(apply_all(shell.journal).has_value());
  std::vector<Event> gap = shell.journal;
  gap.erase(gap.begin() + 20);
  EXPECT_EQ(apply_all(gap).error().code, ErrorCode::kCorrupt);
  std::vector<Event> twice = shell.journal;
  const auto answer = std::ranges::find(twice, EventKind::kModelCallEnded, &Event::kind);
  Event repeated = *answer;
  repeated.seq = twice.back().seq + 1;
  twice.push_back(repeated);
  EXPECT_EQ(apply_all(twice).error().code, ErrorCode::kCorrupt);
  std::vector<Event> other = shell.journal;
  other[5].run = "someone else";
  EXPECT_EQ(apply_all(other).error().code, ErrorCode::kCorrupt);
  std::vector<Event> headless(shell.journal.begin() + 1, shell.journal.end());
  EXPECT_EQ(apply_all(headless).error().code, ErrorCode::kCorrupt);
}

TEST(Apply, TheHandoffCarriesContextAndIsAcceptedBeforeTheStageStarts) {
  RandomShell shell(software(), 1, 0);
  shell.run(2000);
  std::map<std::string, std::string> source;
  std::set<std::string> accepted;
  for (const Event& event : shell.journal) {
    const std::string stage = json::get_string(event.body, "stage");
    if (event.kind == EventKind::kHandoffRequested) {
      source[stage] = json::get_string(event.body, "source");
      for (const Json& entry : json::get_array(event.body, "context")) {
        EXPECT_FALSE(json::get_string(entry, "blob").empty()) << stage;
      }
    }
    if (event.kind == EventKind::kHandoffAccepted) accepted.insert(stage);
    if (event.kind == EventKind::kStageStarted) {
      EXPECT_TRUE(accepted.contains(stage)) << stage;
    }
  }
  EXPECT_EQ(source, (std::map<std::string, std::string>{{"requirements", "lead"},
                                                        {"design", "pm"},
                                                        {"build", "arch"},
                                                        {"plan", "arch"},
                                                        {"verify", "dev"}}));
}

}  // namespace
}  // namespace cadre
