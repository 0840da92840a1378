#include "interop/agent_export.h"

#include <fmt/format.h>

#include "interop/agent_import.h"
#include "interop/agent_mapping.h"
#include "interop/agent_reading.h"
#include "interop/claude_agent.h"
#include "interop/phase1_agent.h"
#include "interop/yaml_writer.h"

namespace cadre::interop {
namespace {

std::string write(const AgentConfig& agent, AgentFormat format, bool plainly) {
  switch (format) {
    case AgentFormat::kClaude: return write_claude_agent(agent, plainly);
    case AgentFormat::kPhase1: return write_phase1_agent(agent, plainly);
    case AgentFormat::kYaml: return write_yaml(agent_to_mapping(agent));
    case AgentFormat::kJson: return json::write_pretty(agent_to_mapping(agent));
    case AgentFormat::kClaudeJson: {
      JsonObject mapping;
      write_claude_member(agent, plainly, mapping);
      return json::write_pretty(mapping);
    }
    case AgentFormat::kRole: break;
  }
  return fmt::format("---\n{}---\n{}\n",
                     write_yaml(agent_to_mapping(agent, true), {.blocks = false}),
                     agent.instructions);
}

struct ReadBack {
  std::vector<ImportedAgent> agents;
  std::string error;
};

ReadBack read_back(const std::string& content, AgentFormat format) {
  SopProblems problems;
  ReadBack back;
  ImportOptions options;
  options.format = format;
  back.agents = import_agents("export", content, problems, options);
  for (const SopProblem& problem : problems.take_sorted()) {
    if (!problem.warning && back.error.empty()) back.error = problem.message;
  }
  return back;
}

std::string difference(const AgentConfig& a, const AgentConfig& b) {
  if (a.role != b.role) return "role";
  if (a.name != b.name) return "name";
  if (a.description != b.description) return "description";
  if (a.instructions != b.instructions) return "instructions";
  if (a.tools != b.tools) return "tools";
  if (a.approvals != b.approvals) return "approvals";
  if (a.reasoning != b.reasoning) return "reasoning";
  if (a.handoff_targets != b.handoff_targets) return "handoff_targets";
  if (a.guardrails != b.guardrails) return "guardrails";
  return a.model_config != b.model_config ? "model_config" : "extra";
}

std::unexpected<Error> cannot_write(const AgentConfig& agent, AgentFormat format,
                                    const std::string& why) {
  return fail(ErrorCode::kInvalidInput, fmt::format("the agent \"{}\" cannot be written as {}: {}",
                                                    agent.role, to_string(format), why));
}

}  // namespace

Result<std::string> export_agent(const AgentConfig& agent, AgentFormat format) {
  if (!agent.model_config.is_object() || !agent.extra.is_object()) {
    return cannot_write(agent, format, "model_config and extra must be mappings");
  }
  std::string why;
  for (const bool plainly : {false, true}) {
    std::string content = write(agent, format, plainly);
    const ReadBack back = read_back(content, format);
    if (back.agents.size() == 1 && same_agent(back.agents[0].agent, agent)) return content;
    why = back.agents.size() == 1 ? fmt::format("its {} would read back otherwise",
                                                difference(agent, back.agents[0].agent))
                                  : back.error;
  }
  return cannot_write(agent, format, why);
}

Result<std::string> export_agents(const std::vector<AgentConfig>& agents, AgentFormat format) {
  if (agents.size() == 1) return export_agent(agents[0], format);
  const bool mapping = format == AgentFormat::kClaudeJson;
  if (format != AgentFormat::kYaml && format != AgentFormat::kJson && !mapping) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("a file in the form {} holds one agent, not {}", to_string(format),
                            agents.size()),
                "name one role, or write to a folder");
  }
  JsonArray list;
  JsonObject named;
  for (const AgentConfig& agent : agents) {
    if (auto alone = export_agent(agent, format); !alone) return propagate(alone);
    if (mapping) {
      const auto alone = json::parse(*export_agent(agent, format));
      for (const auto& member : alone->as_object()) named[member.key()] = member.value();
    } else {
      list.push_back(agent_to_mapping(agent));
    }
  }
  std::string content = mapping                        ? json::write_pretty(named)
                        : format == AgentFormat::kYaml ? write_yaml(list)
                                                       : json::write_pretty(list);
  const ReadBack back = read_back(content, format);
  bool same = back.agents.size() == agents.size();
  for (std::size_t i = 0; same && i < agents.size(); ++i) {
    same = same_agent(back.agents[i].agent, agents[i]);
  }
  if (same) return content;
  return fail(ErrorCode::kInvalidInput,
              fmt::format("{} agents do not fit into one file: {}", agents.size(),
                          back.error.empty() ? "they would read back otherwise" : back.error),
              "write them to a folder, one file each");
}

}  // namespace cadre::interop
