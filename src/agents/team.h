// A team of agents, checked and compiled: what the loop and the models need of it, made once.
// Immutable; shared by any number of runs and threads.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_schema.h"
#include "cadre/agent.h"
#include "core/agent_loop.h"

namespace cadre {

// A tool as offered to the model: one of Agent::tools or of Agent::handoffs.
struct OfferedTool {
  std::shared_ptr<const ToolSpec> spec;
  std::shared_ptr<const JsonSchema> arguments;
  int tool = -1;     // index in Agent::tools, or
  int handoff = -1;  // index in Agent::handoffs
  int target = -1;   // agent of a handoff or of an agent tool
};

struct CompiledAgent {
  Agent agent;
  std::vector<OfferedTool> offered;                      // tools, then handoffs
  std::vector<std::shared_ptr<const ToolSpec>> specs;    // of `offered`, in order
  std::map<std::string, int, std::less<>> by_name;       // tool name -> index in `offered`
  bool always_offered = true;                            // no `enabled` function anywhere
  std::vector<int> blocking, beside;  // indices in Agent::input_guardrails
};

struct AgentTeam::Compiled {
  std::vector<CompiledAgent> agents;
  std::shared_ptr<const TeamPolicy> policy;
  int find(std::string_view name) const;  // -1: no such agent
};

}  // namespace cadre
