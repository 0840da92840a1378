#include "sop/role_file.h"

#include <fmt/format.h>

#include "base/text.h"
#include "sop/agent_fields.h"
#include "sop/fields.h"
#include "sop/front_matter.h"

namespace cadre {
namespace {

constexpr std::string_view kForm =
    "a role file begins with ---, then \"role: ...\" and the other fields, then --- and the "
    "instructions";

}  // namespace

int RoleFile::line_of(const std::string& list, std::size_t index) const {
  const auto at = lines.find(fmt::format("{}/{}", list, index));
  return at == lines.end() ? lines.at(list) : at->second;
}

std::optional<RoleFile> read_role_file(const std::string& file, std::string_view content,
                                       SopProblems& problems) {
  const auto split = split_front_matter(file, content, kForm, problems);
  if (!split) return std::nullopt;
  const auto document = read_yaml(split->yaml, 2);
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
  agent.approvals = fields.list("approvals", false);
  agent.handoff_targets = fields.list("handoff_targets", false);
  agent.guardrails = fields.list("guardrails", false);
  agent.reasoning = fields.list("reasoning", false);
  read_model_config(fields, agent);
  agent.instructions = text::trim(split->body);
  if (agent.instructions.empty()) {
    problems.error(file, 0, "it has no instructions",
                   "write below the second --- what the role does and how");
  }
  fields.raw("extra");  // a known key; read after the unknown ones, which it must not repeat
  keep_unknown(file, fields,
               {"role", "name", "description", "tools", "approvals", "handoff_targets",
                "guardrails", "reasoning", "model_config", "extra"},
               agent, problems);
  read_extra(fields, agent);
  for (const char* key :
       {"role", "name", "handoff_targets", "tools", "approvals", "guardrails", "reasoning"}) {
    role.lines[key] = fields.line(key);
    for (std::size_t i = 0; const Json& element : json::get_array(document->value, key)) {
      (void)element;
      const std::string place = fmt::format("{}/{}", key, i++);
      role.lines[place] = document->line_of("/" + place);
    }
  }
  return role;
}

}  // namespace cadre
