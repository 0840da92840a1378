#include "runtime/testing.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/text.h"

namespace cadre::testing {
namespace {

std::vector<std::string> names(const std::string& word) {
  return word == "-" ? std::vector<std::string>{} : text::split(word, ',');
}

std::string place_of(const Task& task) {
  return fmt::format("{}#{}/{}", task.stage, task.round, task.id);
}

}  // namespace

ScriptedProvider::ScriptedProvider(Script script, Can can)
    : script_(std::move(script)), can_(std::move(can)) {}

CapabilityAnswer ScriptedProvider::can(const Task& task) const {
  return can_ ? can_(task) : CapabilityAnswer{Capability::kYes, {}};
}

Result<Turn> ScriptedProvider::next(const Task& task, std::span<const ToolResult> results,
                                    std::stop_token stop) {
  {
    const std::lock_guard lock(mutex_);
    calls_[place_of(task)]++;
  }
  const int now = ++running_;
  int most = most_;
  while (now > most && !most_.compare_exchange_weak(most, now)) {
  }
  auto turn = script_(task, results, std::move(stop));
  --running_;
  return turn;
}

int ScriptedProvider::calls(const std::string& place) const {
  const std::lock_guard lock(mutex_);
  const auto at = calls_.find(place);
  return at == calls_.end() ? 0 : at->second;
}

int ScriptedProvider::calls() const {
  const std::lock_guard lock(mutex_);
  int sum = 0;
  for (const auto& [place, count] : calls_) sum += count;
  return sum;
}

Turn finished(const Task& task) {
  Turn turn;
  for (const std::string& type : task.makes) {
    Artifact artifact;
    artifact.type = type;
    JsonObject data;
    data["by"] = place_of(task);
    data["round"] = task.round;
    artifact.data = std::move(data);
    std::string content = "from";
    for (const auto& [input, made] : task.inputs) content.append(" ").append(input);
    artifact.files.push_back({fmt::format("{}/{}.txt", type, task.id), content + "\n", false});
    turn.artifacts.push_back(std::move(artifact));
  }
  return turn;
}

Turn call_tools(std::vector<ToolCall> calls) {
  Turn turn;
  turn.tool_calls = std::move(calls);
  return turn;
}

GateVerdict ScriptedGates::evaluate(const GateSpec& spec, const Artifact& artifact,
                                    const ArtifactMap& all) const {
  const auto at = gates.find(spec.name);
  if (at != gates.end()) return at->second(spec, artifact, all);
  GateVerdict passed;
  passed.passed = true;
  return passed;
}

std::vector<ArtifactIssue> ScriptedGates::check_artifact(const Plan&, const std::string& type,
                                                         const Json& data) const {
  return check ? check(type, data) : std::vector<ArtifactIssue>{};
}

Plan make_plan(const std::vector<std::string>& stages, const std::vector<std::string>& tools) {
  Plan plan;
  plan.name = plan.title = "test";
  plan.version = "1";
  plan.lead = "lead";
  std::set<std::string> roles = {"lead"};
  for (const std::string& line : stages) {
    const auto words = text::split(line, ' ');
    CADRE_CHECK(words.size() == 4, "a stage is \"id role needs makes\"");
    StageSpec stage;
    stage.id = stage.title = words[0];
    stage.role = words[1];
    stage.needs = names(words[2]);
    stage.makes = names(words[3]);
    roles.insert(stage.role);
    plan.stages.push_back(std::move(stage));
  }
  for (const std::string& role : roles) {
    AgentConfig agent;
    agent.role = agent.name = role;
    agent.tools = tools;
    for (const std::string& other : roles) {
      if (other != role) agent.handoff_targets.push_back(other);
    }
    plan.agents.push_back(std::move(agent));
  }
  plan.limits.run_timeout_s = 60;
  return plan;
}

RunnerParts make_parts(std::shared_ptr<Provider> provider,
                       std::vector<std::shared_ptr<TaskTool>> tools,
                       std::shared_ptr<GateKeeper> gates) {
  RunnerParts parts;
  parts.store = make_memory_store();
  parts.provider = std::move(provider);
  auto registry = std::make_shared<ToolRegistry>();
  for (auto& tool : tools) {
    const auto added = registry->add(std::move(tool));
    CADRE_CHECK(added.has_value(), "tools of a test have different names");
  }
  parts.tools = std::move(registry);
  parts.gates = gates != nullptr ? std::move(gates) : std::make_shared<ScriptedGates>();
  parts.clock = std::make_shared<SystemClock>();
  return parts;
}

}  // namespace cadre::testing
