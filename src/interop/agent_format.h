// The file formats in which agents come and go (docs/agents.md), and how a file's format is told.
// Pure; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cadre::interop {

enum class AgentFormat {
  kRole,    // Cadre's own: Markdown, front matter with "role:"
  kClaude,  // a subagent of Claude Code: Markdown, front matter with "name:"
  kPhase1,  // Markdown with a fenced YAML block that has "role:"
  kYaml,    // one mapping, a list of them, or "agents:" and a list
  kJson,    // the same in JSON
  kClaudeJson,  // subagents as `claude --agents` takes them: {"name": {"description", "prompt", …}}
};

// "role", "claude", "phase1", "yaml", "json", "claude-json".
const char* to_string(AgentFormat format);
std::optional<AgentFormat> agent_format_named(std::string_view name);
std::vector<std::string> agent_format_names();

// By the name's ending where that decides (.json, .yaml, .yml), else by what the text begins with.
// Nothing when it looks like none of them.
std::optional<AgentFormat> guess_agent_format(std::string_view file, std::string_view content);

// The name of the file that holds one agent: "product_manager.md", "product-manager.md" (claude).
std::string agent_file_name(std::string_view role, AgentFormat format);

}  // namespace cadre::interop
