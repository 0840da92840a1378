// Agents from files of other tools: Claude Code subagents, Phase 1 Markdown, YAML, JSON, and
// Cadre's own role files.
//
// Nothing is dropped: keys that Cadre does not know are kept in AgentConfig::extra and reported as
// warnings. Not kept: comments, the order of keys, how a text was quoted, white space around the
// instructions, "\r". Every mistake is reported with its file, line and what to write instead.
// Pure; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/plan.h"
#include "interop/agent_format.h"
#include "sop/problem.h"

namespace cadre::interop {

inline constexpr std::size_t kAgentFileBytesMax = 1024 * 1024;

struct ImportedAgent {
  AgentConfig agent;
  std::string file;
  int line = 0;  // where its role or name stands
  AgentFormat format = AgentFormat::kRole;
};

struct ImportOptions {
  std::optional<AgentFormat> format;  // nothing: told from the file
  std::vector<std::string> tools;     // the tools that there are; empty: names are not compared
};

// The agents of one file that have no error; a file may hold several in YAML and JSON.
std::vector<ImportedAgent> import_agents(const std::string& file, std::string_view content,
                                         SopProblems& problems, const ImportOptions& options = {});

// Two agents of one role or one shown name are errors at the second.
void check_doubles(const std::vector<ImportedAgent>& agents, SopProblems& problems);

}  // namespace cadre::interop
