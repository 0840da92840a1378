#include "interop/agent_import.h"

#include <fmt/format.h>

#include <functional>
#include <map>

#include "base/text.h"
#include "interop/agent_mapping.h"
#include "interop/agent_reading.h"
#include "interop/claude_agent.h"
#include "interop/json_lines.h"
#include "interop/phase1_agent.h"
#include "sop/role_file.h"
#include "sop/text_check.h"

namespace cadre::interop {
namespace {

constexpr std::size_t kAgentsMax = 500;

// One reading of one agent, with its own problems: an agent is taken when it has no error.
using Reading = std::function<std::optional<ReadAgent>(SopProblems&)>;

class Import {
 public:
  Import(const std::string& file, AgentFormat format, const ImportOptions& options,
         SopProblems& problems)
      : file_(file), format_(format), options_(options), problems_(problems) {}

  std::vector<ImportedAgent> run(std::string_view content) {
    const std::string text = normal_text(content);
    switch (format_) {
      case AgentFormat::kRole:
        add([&](SopProblems& problems) { return read_role(text, problems); });
        break;
      case AgentFormat::kClaude:
        add([&](SopProblems& problems) { return read_claude_agent(file_, text, problems); });
        break;
      case AgentFormat::kPhase1:
        add([&](SopProblems& problems) { return read_phase1_agent(file_, text, problems); });
        break;
      case AgentFormat::kYaml: read_document(read_yaml(text)); break;
      case AgentFormat::kJson:
      case AgentFormat::kClaudeJson: read_json_document(text); break;
    }
    return std::move(agents_);
  }

 private:
  void add(const Reading& reading) {
    SopProblems found;
    std::optional<ReadAgent> read = reading(found);
    if (read) check_agent(file_, *read, options_.tools, found);
    const bool good = read && !found.has_errors();
    for (SopProblem& problem : found.take_sorted()) problems_.add(std::move(problem));
    if (good) agents_.push_back({std::move(read->agent), file_, read->line, format_});
  }

  std::optional<ReadAgent> read_role(std::string_view text, SopProblems& problems) {
    std::optional<RoleFile> role = read_role_file(file_, text, problems);
    if (!role) return std::nullopt;
    ReadAgent read;
    read.agent = std::move(role->agent);
    read.line = role->lines["role"];
    read.tools_line = role->lines["tools"];
    read.guardrails_line = role->lines["guardrails"];
    read.handoff_line = role->lines["handoff_targets"];
    return read;
  }

  void read_json_document(std::string_view text) {
    const auto document = read_json_with_lines(text);
    if (format_ != AgentFormat::kClaudeJson) return read_document(document);
    if (!document) {
      problems_.error(file_, document.error().line, document.error().message);
      return;
    }
    const Json& value = document->value;
    if (!value.is_object() || value.get_object().empty() ||
        value.get_object().size() > kAgentsMax) {
      problems_.error(file_, 1, "it is no mapping of names to agents",
                      R"(write {"code-reviewer": {"description": "...", "prompt": "..."}})");
      return;
    }
    for (const auto& member : value.get_object()) {
      add([&](SopProblems& problems) {
        return read_claude_member(file_, *document, std::string(member.key()), problems);
      });
    }
  }

  void read_document(const std::expected<YamlDocument, YamlError>& document) {
    if (!document) {
      problems_.error(file_, document.error().line, document.error().message);
      return;
    }
    const Json& value = document->value;
    const Json* list = json::find(value, "agents");
    if (value.is_array()) {
      read_list(*document, value, "");
    } else if (list != nullptr && list->is_array() && json::find(value, "role") == nullptr) {
      for (const auto& member : value.get_object()) {
        if (member.key() == "agents") continue;
        const std::string_view key(member.key().data(), member.key().size());
        problems_.warning(
            file_, document->line_of("/" + std::string(key)),
            fmt::format("\"{}\" beside \"agents\" belongs to no agent; it is left out", key));
      }
      read_list(*document, *list, "/agents");
    } else {
      add([&](SopProblems& problems) {
        return read_agent_mapping(file_, *document, "", problems);
      });
    }
  }

  void read_list(const YamlDocument& document, const Json& list, const std::string& pointer) {
    const std::size_t count = list.get_array().size();
    if (count == 0 || count > kAgentsMax) {
      problems_.error(
          file_, document.line_of(pointer),
          count == 0 ? "the list holds no agent"
                     : fmt::format("it holds {} agents, and {} are allowed", count, kAgentsMax));
      return;
    }
    for (std::size_t i = 0; i < count; ++i) {
      add([&](SopProblems& problems) {
        return read_agent_mapping(file_, document, fmt::format("{}/{}", pointer, i), problems);
      });
    }
  }

  const std::string& file_;
  AgentFormat format_;
  const ImportOptions& options_;
  SopProblems& problems_;
  std::vector<ImportedAgent> agents_;
};

}  // namespace

std::vector<ImportedAgent> import_agents(const std::string& file, std::string_view content,
                                         SopProblems& problems, const ImportOptions& options) {
  if (!check_text(file, content, kAgentFileBytesMax, problems)) return {};
  const std::optional<AgentFormat> format =
      options.format ? options.format : guess_agent_format(file, content);
  if (!format) {
    problems.error(file, 1, "its format cannot be told",
                   "name the file .md, .yaml or .json, or say " + one_of(agent_format_names()));
    return {};
  }
  return Import(file, *format, options, problems).run(content);
}

void check_doubles(const std::vector<ImportedAgent>& agents, SopProblems& problems) {
  const auto place = [](const ImportedAgent& agent) {
    return agent.line > 0 ? fmt::format("{}:{}", agent.file, agent.line) : agent.file;
  };
  std::map<std::string, const ImportedAgent*> roles, names;
  for (const ImportedAgent& agent : agents) {
    const auto [role, new_role] = roles.emplace(agent.agent.role, &agent);
    const auto [name, new_name] = names.emplace(text::lower(agent.agent.name), &agent);
    if (!new_role) {
      problems.error(
          agent.file, agent.line,
          fmt::format("the role \"{}\" is already in {}", agent.agent.role, place(*role->second)),
          "give one of them another name, or leave one out");
    } else if (!new_name) {
      problems.error(
          agent.file, agent.line,
          fmt::format("the name \"{}\" is already in {}", agent.agent.name, place(*name->second)),
          "give one of them another \"name\"");
    }
  }
}

}  // namespace cadre::interop
