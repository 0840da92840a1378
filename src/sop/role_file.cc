#include "sop/role_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "sop/agent_fields.h"
#include "sop/fields.h"

namespace cadre {
namespace {

constexpr std::string_view kForm =
    "a role file begins with ---, then \"role: ...\" and the other fields, then --- and the "
    "instructions";

struct Split {
  std::string_view front;
  std::string_view body;
};

std::optional<Split> split_front_matter(const std::string& file, std::string_view content,
                                        SopProblems& problems) {
  if (content.starts_with("\xef\xbb\xbf")) content.remove_prefix(3);  // byte order mark
  const auto rest_of = [&](std::size_t at) { return content.substr(std::min(at, content.size())); };
  const std::size_t first_end = content.find('\n');
  if (text::trim(content.substr(0, first_end)) != "---" || first_end == std::string_view::npos) {
    problems.error(file, 1, "it does not begin with front matter", std::string(kForm));
    return std::nullopt;
  }
  std::size_t at = first_end + 1;
  while (at < content.size()) {
    std::size_t end = content.find('\n', at);
    if (end == std::string_view::npos) end = content.size();
    if (text::trim(content.substr(at, end - at)) == "---") {
      return Split{content.substr(first_end + 1, at - first_end - 1), rest_of(end + 1)};
    }
    at = end + 1;
  }
  problems.error(file, 1, "the front matter has no end", "close it with a line \"---\"");
  return std::nullopt;
}

}  // namespace

std::optional<RoleFile> read_role_file(const std::string& file, std::string_view content,
                                       SopProblems& problems) {
  const std::optional<Split> split = split_front_matter(file, content, problems);
  if (!split) return std::nullopt;
  const auto document = read_yaml(split->front, 2);
  if (!document) {
    problems.error(file, document.error().line, document.error().message);
    return std::nullopt;
  }
  Fields fields(file, *document, "", problems);
  if (!fields.is_mapping()) {
    problems.error(file, 2, "the front matter has no fields", std::string(kForm));
    return std::nullopt;
  }
  RoleFile role;
  role.file = file;
  AgentConfig& agent = role.agent;
  agent.role = fields.word("role", true);
  agent.name = fields.text("name", false, default_agent_name(agent.role));
  agent.description = fields.text("description", true);
  agent.tools = fields.list("tools", false);
  agent.handoff_targets = fields.list("handoff_targets", false);
  agent.guardrails = fields.list("guardrails", false);
  read_model_config(fields, agent);
  agent.instructions = text::trim(split->body);
  if (agent.instructions.empty()) {
    problems.error(file, 0, "it has no instructions",
                   "write below the second --- what the role does and how");
  }
  fields.raw("extra");  // a known key; read after the unknown ones, which it must not repeat
  keep_unknown(file, fields, document->value,
               {"role", "name", "description", "tools", "handoff_targets", "guardrails",
                "model_config", "extra"},
               agent, problems);
  read_extra(fields, agent);
  for (const char* key : {"role", "name", "handoff_targets", "tools", "guardrails"}) {
    role.lines[key] = fields.line(key);
  }
  return role;
}

}  // namespace cadre
