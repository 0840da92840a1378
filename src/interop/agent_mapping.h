// An agent as one mapping: the form in YAML and JSON files and in the fenced block of Phase 1.
// Pure; thread-safe.
#pragma once

#include <optional>
#include <string>

#include "interop/agent_reading.h"

namespace cadre::interop {

// The mapping at `pointer`. Nothing when it is none; otherwise what could be read, with a problem
// for everything that is wrong.
std::optional<ReadAgent> read_agent_mapping(const std::string& file, const YamlDocument& document,
                                            const std::string& pointer, SopProblems& problems);

// Foreign keys stand beside ours where their names allow that, else under "extra". With
// `all_under_extra`, and without instructions, it is the front matter of a role file.
JsonObject agent_to_mapping(const AgentConfig& agent, bool all_under_extra = false);

}  // namespace cadre::interop
