// The fields of an AgentConfig that are read alike in every file format: `model_config`, `extra`,
// and the keys that Cadre does not know, which are kept in AgentConfig::extra. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/plan.h"
#include "sop/fields.h"
#include "sop/problem.h"

namespace cadre {

// What people are shown when a file gives no name: "product_manager" -> "Product manager".
std::string default_agent_name(std::string_view role);

// A mapping; `temperature`, `top_p` and `max_tokens` in it are checked, other keys are free.
void read_model_config(Fields& fields, AgentConfig& agent);

// Keys under `extra:` are kept as they are, without a word: somebody put them there on purpose.
// An `extra` that is no mapping is itself kept, under its name.
void read_extra(Fields& fields, AgentConfig& agent);

// Keys that nobody asked for go to `extra`, each with a warning; `known` is for "did you mean".
void keep_unknown(const std::string& file, Fields& fields, const std::vector<std::string>& known,
                  AgentConfig& agent, SopProblems& problems);

}  // namespace cadre
