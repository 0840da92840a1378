#include "interop/agent_format.h"

#include <array>
#include <utility>

#include "base/text.h"
#include "sop/front_matter.h"

namespace cadre::interop {
namespace {

constexpr std::array<std::pair<AgentFormat, const char*>, 5> kNames{{
    {AgentFormat::kRole, "role"},
    {AgentFormat::kClaude, "claude"},
    {AgentFormat::kPhase1, "phase1"},
    {AgentFormat::kYaml, "yaml"},
    {AgentFormat::kJson, "json"},
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
  if (name.ends_with(".json")) return AgentFormat::kJson;
  if (name.ends_with(".yaml") || name.ends_with(".yml")) return AgentFormat::kYaml;
  if (has_front_matter(content)) {
    return front_matter_has(content, "role") ? AgentFormat::kRole : AgentFormat::kClaude;
  }
  const bool markdown = name.ends_with(".md") || name.ends_with(".markdown");
  if (markdown || content.find("```yaml") != std::string_view::npos) return AgentFormat::kPhase1;
  const std::string_view begin = text::trim(content);
  if (begin.starts_with('{') || begin.starts_with('[')) return AgentFormat::kJson;
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
    case AgentFormat::kRole:
    case AgentFormat::kPhase1: break;
  }
  return std::string(role) + ".md";
}

}  // namespace cadre::interop
