#include "interop/agent_mapping.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "sop/agent_fields.h"

namespace cadre::interop {
namespace {

const std::vector<std::string>& known_keys() {
  static const std::vector<std::string> kKeys{
      "role",       "name",         "description", "instructions",    "tools",    "approvals",
      "guardrails", "model_config", "extra",       "handoff_targets", "reasoning"};
  return kKeys;
}

// Phase 1 has thresholds here: {quality_threshold: 0.85}.
void read_guardrails(const std::string& file, Fields& fields, AgentConfig& agent,
                     SopProblems& problems) {
  const Json* value = fields.raw("guardrails");
  if (value == nullptr || !value->is_object()) {
    agent.guardrails = fields.list("guardrails", false);
    return;
  }
  agent.extra.get_object()["guardrails"] = *value;
  problems.warning(file, fields.line("guardrails"),
                   "\"guardrails\" is a mapping; it is kept and not used",
                   "thresholds are gates of a stage: {gate: coverage, min_percent: 90}");
}

// Guardrails in the form in which they came, where that says it all.
bool has_guardrail_mapping(const AgentConfig& agent) {
  const Json* kept = json::find(agent.extra, "guardrails");
  return agent.guardrails.empty() && kept != nullptr && kept->is_object();
}

}  // namespace

std::optional<ReadAgent> read_agent_mapping(const std::string& file, const YamlDocument& document,
                                            const std::string& pointer, SopProblems& problems) {
  Fields fields(file, document, pointer, problems);
  if (!fields.is_mapping()) {
    problems.error(file, document.line_of(pointer), "an agent must be a mapping",
                   "begin with \"role: ...\"");
    return std::nullopt;
  }
  ReadAgent read;
  AgentConfig& agent = read.agent;
  agent.role = fields.word("role", true);
  agent.name = fields.text("name", false, default_agent_name(agent.role));
  if (fields.has("instructions")) {
    take_instructions(file, fields.line("instructions"), fields.text("instructions", true), read,
                      problems);
  } else {
    fields.text("instructions", true);
  }
  if (fields.has("description")) {
    agent.description = fields.text("description", true);
  } else {
    agent.description = first_sentence(agent.instructions);
    if (agent.description.empty()) agent.description = agent.name;
    problems.warning(file, fields.line("role"),
                     fmt::format("\"{}\" has no description; the first sentence of its "
                                 "instructions is taken",
                                 agent.role),
                     "add a line \"description: ...\"");
  }
  agent.tools = fields.list("tools", false);
  agent.approvals = fields.list("approvals", false);
  agent.reasoning = fields.list("reasoning", false);
  agent.handoff_targets = fields.list("handoff_targets", false);
  read_guardrails(file, fields, agent, problems);
  read_model_config(fields, agent);
  fields.raw("extra");
  keep_unknown(file, fields, known_keys(), agent, problems);
  read_extra(fields, agent);
  read.line = fields.line("role");
  read.tools_line = fields.line("tools");
  read.guardrails_line = fields.line("guardrails");
  read.handoff_line = fields.line("handoff_targets");
  return read;
}

JsonObject agent_to_mapping(const AgentConfig& agent, bool all_under_extra) {
  const bool guardrail_mapping = !all_under_extra && has_guardrail_mapping(agent);
  JsonObject mapping;
  mapping["role"] = agent.role;
  mapping["name"] = agent.name;
  mapping["description"] = agent.description;
  if (!all_under_extra) mapping["instructions"] = agent.instructions;
  mapping["tools"] = json::to_array(agent.tools);
  if (!agent.approvals.empty()) mapping["approvals"] = json::to_array(agent.approvals);
  if (!agent.reasoning.empty()) mapping["reasoning"] = json::to_array(agent.reasoning);
  mapping["handoff_targets"] = json::to_array(agent.handoff_targets);
  mapping["guardrails"] = json::to_array(agent.guardrails);
  if (guardrail_mapping) mapping["guardrails"] = *json::find(agent.extra, "guardrails");
  if (!agent.model_config.get_object().empty()) mapping["model_config"] = agent.model_config;
  JsonObject under_extra;
  for (const auto& [key, value] : agent.extra.get_object()) {
    const std::string_view name(key.data(), key.size());
    if (guardrail_mapping && name == "guardrails") continue;
    const bool clashes =
        std::find(known_keys().begin(), known_keys().end(), name) != known_keys().end();
    (clashes || all_under_extra ? under_extra : mapping)[key] = value;
  }
  if (!under_extra.empty()) mapping["extra"] = std::move(under_extra);
  return mapping;
}

}  // namespace cadre::interop
