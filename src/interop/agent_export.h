// Agents to files of other tools, without loss: what is written is read back and compared before
// it is given out, so import_agents() of the result gives the same agents. Pure; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "core/plan.h"
#include "interop/agent_format.h"

namespace cadre::interop {

// One agent in one file. kInvalidInput for an agent that no file can hold (a role that is no word,
// empty instructions, ...); the message names the field.
Result<std::string> export_agent(const AgentConfig& agent, AgentFormat format);

// Several in one file: a list, in YAML and JSON only. One agent gives what export_agent() gives.
Result<std::string> export_agents(const std::vector<AgentConfig>& agents, AgentFormat format);

}  // namespace cadre::interop
