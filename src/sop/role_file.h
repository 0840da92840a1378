// A role file: Markdown with YAML front matter in the AgentConfig form; the body is the role's
// instructions. Keys that Cadre does not know are kept in `extra` and reported as warnings; keys
// under `extra:` are kept without a word (docs/agents.md). Pure; thread-safe.
#pragma once

#include <cstddef>
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
  // Where its fields and the elements of lists stand: "tools" -> 7, "tools/0" -> 8.
  std::map<std::string, int> lines;

  // The line of a list's element, or of the list where it stands in one line as text.
  int line_of(const std::string& list, std::size_t index) const;
};

// Nothing when the front matter cannot be read at all; otherwise what could be read, with a
// problem for everything that is wrong.
std::optional<RoleFile> read_role_file(const std::string& file, std::string_view content,
                                       SopProblems& problems);

}  // namespace cadre
