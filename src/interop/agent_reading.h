// What the readers of the formats share: an agent that is being read with the places of its
// fields, and the checks that hold in every format. Pure; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/plan.h"
#include "sop/fields.h"
#include "sop/problem.h"

namespace cadre::interop {

struct ReadAgent {
  AgentConfig agent;
  int line = 0;  // of its role or name
  int tools_line = 0;
  int guardrails_line = 0;
  int handoff_line = 0;
};

// Instructions as they are compared and kept: "\n" ends a line, no white space around.
std::string normal_instructions(std::string_view text);
// Line ends become "\n", a byte order mark goes.
std::string normal_text(std::string_view content);

// The first sentence, at most 200 bytes; for files that describe an agent nowhere.
std::string first_sentence(std::string_view instructions);

// The instructions, or a problem when they are missing.
void take_instructions(const std::string& file, int line, std::string_view text, ReadAgent& read,
                       SopProblems& problems);

// What must hold whatever the format was: sizes, depth, no handoff to itself; and what is only
// reported: tools and guardrails that Cadre does not have. `tools` empty: names are not compared.
void check_agent(const std::string& file, const ReadAgent& read,
                 const std::vector<std::string>& tools, SopProblems& problems);

bool same_agent(const AgentConfig& a, const AgentConfig& b);

}  // namespace cadre::interop
