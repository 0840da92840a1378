// A role file: Markdown with YAML front matter in the AgentConfig form; the body is the role's
// instructions. Keys that Cadre does not know are kept in `extra` and reported as warnings; keys
// under `extra:` are kept without a word (docs/agents.md). Pure; thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/plan.h"
#include "sop/problem.h"

namespace cadre {

struct RoleFile {
  AgentConfig agent;
  std::string file;
  // Where its fields stand: "handoff_targets" -> 7.
  std::map<std::string, int> lines;
};

// Nothing when the front matter cannot be read at all; otherwise what could be read, with a
// problem for everything that is wrong.
std::optional<RoleFile> read_role_file(const std::string& file, std::string_view content,
                                       SopProblems& problems);

}  // namespace cadre
