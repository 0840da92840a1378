// Phase 1 agents: Markdown without front matter, with one fenced YAML block that holds "role:".
//
// The block is the agent; the text around it is kept in extra.phase1 {before, after}, unless it is
// what write_phase1_agent() puts there itself. Pure; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "interop/agent_reading.h"

namespace cadre::interop {

std::optional<ReadAgent> read_phase1_agent(const std::string& file, std::string_view content,
                                           SopProblems& problems);

// `plainly`: the text around the block is our own, and extra.phase1 stands in the block.
std::string write_phase1_agent(const AgentConfig& agent, bool plainly);

}  // namespace cadre::interop
