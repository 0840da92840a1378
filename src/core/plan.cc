#include "core/plan.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

namespace cadre {
namespace {

Json to_json(const AgentConfig& agent) {
  JsonObject object;
  object["role"] = agent.role;
  object["name"] = agent.name;
  object["description"] = agent.description;
  object["instructions"] = agent.instructions;
  object["tools"] = json::to_array(agent.tools);
  if (!agent.approvals.empty()) object["approvals"] = json::to_array(agent.approvals);
  if (!agent.reasoning.empty()) object["reasoning"] = json::to_array(agent.reasoning);
  object["handoff_targets"] = json::to_array(agent.handoff_targets);
  object["guardrails"] = json::to_array(agent.guardrails);
  object["model_config"] = agent.model_config;
  object["extra"] = agent.extra;
  return object;
}

Json to_json(const GateSpec& gate) {
  JsonObject object;
  object["name"] = gate.name;
  object["artifact"] = gate.artifact;
  object["parameters"] = gate.parameters;
  object["blame"] = gate.blame;
  return object;
}

Json to_json(const StageSpec& stage) {
  JsonObject object;
  object["id"] = stage.id;
  object["title"] = stage.title;
  object["role"] = stage.role;
  object["needs"] = json::to_array(stage.needs);
  object["makes"] = json::to_array(stage.makes);
  JsonArray gates;
  for (const GateSpec& gate : stage.gates) gates.push_back(to_json(gate));
  object["gates"] = std::move(gates);
  if (stage.fan_out) {
    JsonObject fan_out;
    fan_out["artifact"] = stage.fan_out->artifact;
    fan_out["path"] = stage.fan_out->path;
    object["fan_out"] = std::move(fan_out);
  }
  object["priority"] = stage.priority;
  if (stage.approve_handoff) object["approve_handoff"] = true;
  if (!stage.context.empty()) {
    JsonObject context;
    for (const auto& [type, members] : stage.context) context[type] = json::to_array(members);
    object["context"] = std::move(context);
  }
  return object;
}

Json object_at(const Json& json, std::string_view key) {
  const Json* found = json::find(json, key);
  return found != nullptr ? *found : Json(JsonObject{});
}

AgentConfig agent_from(const Json& json) {
  AgentConfig agent;
  agent.role = json::get_string(json, "role");
  agent.name = json::get_string(json, "name", agent.role);
  agent.description = json::get_string(json, "description");
  agent.instructions = json::get_string(json, "instructions");
  agent.tools = json::get_strings(json, "tools");
  agent.approvals = json::get_strings(json, "approvals");
  agent.reasoning = json::get_strings(json, "reasoning");
  agent.handoff_targets = json::get_strings(json, "handoff_targets");
  agent.guardrails = json::get_strings(json, "guardrails");
  agent.model_config = object_at(json, "model_config");
  agent.extra = object_at(json, "extra");
  return agent;
}

StageSpec stage_from(const Json& json) {
  StageSpec stage;
  stage.id = json::get_string(json, "id");
  stage.title = json::get_string(json, "title", stage.id);
  stage.role = json::get_string(json, "role");
  stage.needs = json::get_strings(json, "needs");
  stage.makes = json::get_strings(json, "makes");
  for (const Json& gate : json::get_array(json, "gates")) {
    stage.gates.push_back({json::get_string(gate, "name"), json::get_string(gate, "artifact"),
                           object_at(gate, "parameters"), json::get_string(gate, "blame")});
  }
  if (const Json* fan_out = json::find(json, "fan_out"); fan_out && fan_out->is_object()) {
    stage.fan_out = StageSpec::FanOut{json::get_string(*fan_out, "artifact"),
                                      json::get_string(*fan_out, "path")};
  }
  stage.priority = json::get_string(json, "priority", "normal");
  stage.approve_handoff = json::get_bool(json, "approve_handoff");
  const Json context = object_at(json, "context");
  for (const auto& member : json::get_object(json, "context")) {
    const std::string type(member.key().data(), member.key().size());
    stage.context[type] = json::get_strings(context, type);
  }
  return stage;
}

Limits limits_from(const Json& json) {
  const Limits standard;
  const auto number = [&](std::string_view key, int fallback) {
    const std::int64_t value = json::get_int(json, key, fallback);
    return static_cast<int>(std::clamp<std::int64_t>(value, 0, 1'000'000'000));
  };
  Limits limits;
  limits.rounds_max = number("rounds_max", standard.rounds_max);
  limits.refusals_max = number("refusals_max", standard.refusals_max);
  limits.turns_max = std::max(1, number("turns_max", standard.turns_max));
  limits.parallel_tasks = std::max(1, number("parallel_tasks", standard.parallel_tasks));
  limits.parallel_tools = std::max(1, number("parallel_tools", standard.parallel_tools));
  limits.run_timeout_s = std::max(1, number("run_timeout_s", standard.run_timeout_s));
  return limits;
}

// The graph must be walkable: what the core relies on, whoever made the plan.
Result<void> check(const Plan& plan) {
  if (plan.stages.empty()) return fail(ErrorCode::kInvalidInput, "the plan has no stages");
  if (find_agent(plan, plan.lead) == nullptr) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the plan's lead \"{}\" is not one of its agents", plan.lead));
  }
  std::set<std::string> ids, made = {"brief"};
  if (!plan.input.empty()) made.insert(plan.input);
  for (const StageSpec& stage : plan.stages) {
    if (stage.id.empty() || !ids.insert(stage.id).second) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("stage id \"{}\" is empty or used twice", stage.id));
    }
    if (stage.makes.empty()) {
      return fail(ErrorCode::kInvalidInput, fmt::format("stage {} makes nothing", stage.id));
    }
    std::vector<std::string> needs = stage.needs;
    if (stage.fan_out) needs.push_back(stage.fan_out->artifact);
    for (const std::string& need : needs) {
      if (made.contains(need)) continue;
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("stage {} needs {}, which no earlier stage makes", stage.id, need));
    }
    for (const std::string& type : stage.makes) {
      if (made.insert(type).second) continue;
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("stage {} makes {}, which is made already", stage.id, type));
    }
    for (const GateSpec& gate : stage.gates) {
      if (made.contains(gate.artifact) && gate.artifact != "brief") continue;
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("gate {} of stage {} looks at {}, which does not exist by then",
                              gate.name, stage.id, gate.artifact));
    }
  }
  return {};
}

}  // namespace

const AgentConfig* find_agent(const Plan& plan, std::string_view role) {
  const auto at = std::ranges::find(plan.agents, role, &AgentConfig::role);
  return at == plan.agents.end() ? nullptr : &*at;
}

const StageSpec* find_stage(const Plan& plan, std::string_view id) {
  const auto at = std::ranges::find(plan.stages, id, &StageSpec::id);
  return at == plan.stages.end() ? nullptr : &*at;
}

const StageSpec* maker_of(const Plan& plan, std::string_view artifact) {
  const auto makes = [&](const StageSpec& stage) {
    return std::ranges::find(stage.makes, artifact) != stage.makes.end();
  };
  const auto at = std::ranges::find_if(plan.stages, makes);
  return at == plan.stages.end() ? nullptr : &*at;
}

Json to_json(const Plan& plan) {
  JsonObject object;
  object["name"] = plan.name;
  object["title"] = plan.title;
  object["version"] = plan.version;
  object["lead"] = plan.lead;
  if (!plan.input.empty()) object["input"] = plan.input;
  JsonArray agents, stages;
  for (const AgentConfig& agent : plan.agents) agents.push_back(to_json(agent));
  for (const StageSpec& stage : plan.stages) stages.push_back(to_json(stage));
  object["agents"] = std::move(agents);
  object["stages"] = std::move(stages);
  JsonObject limits;
  limits["rounds_max"] = plan.limits.rounds_max;
  limits["refusals_max"] = plan.limits.refusals_max;
  limits["turns_max"] = plan.limits.turns_max;
  limits["parallel_tasks"] = plan.limits.parallel_tasks;
  limits["parallel_tools"] = plan.limits.parallel_tools;
  limits["run_timeout_s"] = plan.limits.run_timeout_s;
  object["limits"] = std::move(limits);
  JsonObject schemas;
  for (const auto& [type, schema] : plan.artifact_schemas) schemas[type] = schema;
  object["artifact_schemas"] = std::move(schemas);
  if (!plan.tables.empty()) {
    JsonObject tables;
    for (const auto& [name, table] : plan.tables) tables[name] = table;
    object["tables"] = std::move(tables);
  }
  if (!plan.frameworks.empty()) {
    JsonObject frameworks;
    for (const auto& [id, framework] : plan.frameworks) frameworks[id] = framework;
    object["frameworks"] = std::move(frameworks);
  }
  return object;
}

Result<Plan> plan_from_json(const Json& json) {
  if (!json.is_object()) return fail(ErrorCode::kInvalidInput, "a plan is a JSON object");
  Plan plan;
  plan.name = json::get_string(json, "name");
  plan.title = json::get_string(json, "title", plan.name);
  plan.version = json::get_string(json, "version");
  plan.lead = json::get_string(json, "lead");
  plan.input = json::get_string(json, "input");
  for (const Json& agent : json::get_array(json, "agents")) {
    plan.agents.push_back(agent_from(agent));
  }
  for (const Json& stage : json::get_array(json, "stages")) {
    plan.stages.push_back(stage_from(stage));
  }
  plan.limits = limits_from(object_at(json, "limits"));
  for (const auto& member : json::get_object(json, "artifact_schemas")) {
    plan.artifact_schemas[std::string(member.key())] = member.value();
  }
  for (const auto& member : json::get_object(json, "tables")) {
    plan.tables[std::string(member.key())] = member.value();
  }
  for (const auto& member : json::get_object(json, "frameworks")) {
    plan.frameworks[std::string(member.key())] = member.value();
  }
  if (auto good = check(plan); !good) return propagate(good);
  return plan;
}

}  // namespace cadre
