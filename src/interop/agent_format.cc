#include "interop/agent_format.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "sop/front_matter.h"

namespace cadre::interop {
namespace {

constexpr std::array<std::pair<AgentFormat, const char*>, 6> kNames{{
    {AgentFormat::kRole, "role"},
    {AgentFormat::kClaude, "claude"},
    {AgentFormat::kPhase1, "phase1"},
    {AgentFormat::kYaml, "yaml"},
    {AgentFormat::kJson, "json"},
    {AgentFormat::kClaudeJson, "claude-json"},
}};

// Whether a line of the front matter begins with the key.
bool front_matter_has(std::string_view content, std::string_view key) {
  bool first = true;
  for (const std::string_view line : text::lines(content)) {
    if (!first && line.starts_with("---")) return false;
    first = false;
    if (line.starts_with(key) && text::trim(line.substr(key.size())).starts_with(':')) return true;
  }
  return false;
}

// Subagents by name: no "role" and no "agents", and one with description and prompt among them.
bool is_claude_map(std::string_view content) {
  const auto value = json::parse(content);
  if (!value || !value->is_object() || json::find(*value, "role") != nullptr) return false;
  if (const Json* agents = json::find(*value, "agents"); agents != nullptr && agents->is_array())
    return false;
  return std::ranges::any_of(value->get_object(), [](const auto& member) {
    return json::find(member.value(), "prompt") != nullptr &&
           json::find(member.value(), "description") != nullptr;
  });
}

AgentFormat json_format(std::string_view content) {
  return is_claude_map(content) ? AgentFormat::kClaudeJson : AgentFormat::kJson;
}

}  // namespace

const char* to_string(AgentFormat format) {
  for (const auto& [known, name] : kNames) {
    if (known == format) return name;
  }
  return "?";
}

std::optional<AgentFormat> agent_format_named(std::string_view name) {
  for (const auto& [format, known] : kNames) {
    if (known == name) return format;
  }
  return std::nullopt;
}

std::vector<std::string> agent_format_names() {
  std::vector<std::string> names;
  for (const auto& [format, name] : kNames) names.emplace_back(name);
  return names;
}

std::optional<AgentFormat> guess_agent_format(std::string_view file, std::string_view content) {
  const std::string name = text::lower(file);
  if (name.ends_with(".json")) return json_format(content);
  if (name.ends_with(".yaml") || name.ends_with(".yml")) return AgentFormat::kYaml;
  if (has_front_matter(content)) {
    return front_matter_has(content, "role") ? AgentFormat::kRole : AgentFormat::kClaude;
  }
  const bool markdown = name.ends_with(".md") || name.ends_with(".markdown");
  if (markdown || content.find("```yaml") != std::string_view::npos) return AgentFormat::kPhase1;
  const std::string_view begin = text::trim(content);
  if (begin.starts_with('{') || begin.starts_with('[')) return json_format(content);
  for (const std::string_view line : text::lines(begin)) {
    for (const char* sign : {"role:", "- role:", "agents:"}) {
      if (line.starts_with(sign)) return AgentFormat::kYaml;
    }
  }
  return std::nullopt;
}

std::string agent_file_name(std::string_view role, AgentFormat format) {
  switch (format) {
    case AgentFormat::kClaude: return text::replace_all(std::string(role), "_", "-") + ".md";
    case AgentFormat::kYaml: return std::string(role) + ".yaml";
    case AgentFormat::kJson: return std::string(role) + ".json";
    case AgentFormat::kClaudeJson:
      return text::replace_all(std::string(role), "_", "-") + ".json";
    case AgentFormat::kRole:
    case AgentFormat::kPhase1: break;
  }
  return std::string(role) + ".md";
}

}  // namespace cadre::interop
