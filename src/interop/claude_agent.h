// Subagents of Claude Code: Markdown, front matter with name, description, tools, model and more,
// the body the system prompt.
//
// What Claude Code has no field for stands under one key of ours, "cadre:", which it ignores; what
// Cadre has no field for is kept in AgentConfig::extra under its own name. Three facts that an
// AgentConfig cannot hold are kept in extra.claude: a name that is no role ("Code Reviewer"),
// "tools: inherited" (no tools line: Claude Code then gives all), "model: inherit". No tool of
// Claude Code does exactly what one of Cadre's does, so their names stay. Pure; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "interop/agent_reading.h"
#include "sop/yaml_reader.h"

namespace cadre::interop {

std::optional<ReadAgent> read_claude_agent(const std::string& file, std::string_view content,
                                           SopProblems& problems);

// The same as `claude --agents` takes them: a mapping of names, the body as "prompt".
std::optional<ReadAgent> read_claude_member(const std::string& file, const YamlDocument& document,
                                            const std::string& name, SopProblems& problems);
// Adds the agent to the mapping.
void write_claude_member(const AgentConfig& agent, bool plainly, JsonObject& mapping);

// `plainly`: nothing is written in Claude Code's way that "cadre:" can say exactly.
std::string write_claude_agent(const AgentConfig& agent, bool plainly);

// "\"Bash\" is a tool of Claude Code ..." for a name that is one, or of an MCP server; else "".
std::string about_claude_tool(std::string_view name);

}  // namespace cadre::interop
