#include "interop/claude_agent.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "interop/yaml_writer.h"
#include "sop/agent_fields.h"
#include "sop/front_matter.h"

namespace cadre::interop {
namespace {

constexpr std::string_view kForm =
    "a subagent begins with ---, then \"name: ...\" and \"description: ...\", then --- and the "
    "instructions";

const std::vector<std::string>& known_keys() {
  static const std::vector<std::string> kKeys{"name", "description", "tools", "model", "cadre"};
  return kKeys;
}

// Fields of Claude Code that Cadre keeps and does not act on.
bool is_claude_field(std::string_view key) {
  static const std::set<std::string, std::less<>> kFields{
      "disallowedTools", "permissionMode", "maxTurns", "skills", "mcpServers", "hooks",
      "memory",          "background",     "effort",   "color",  "isolation",  "initialPrompt"};
  return kFields.contains(key);
}

bool is_claude_model(std::string_view model) {
  return model == "sonnet" || model == "opus" || model == "haiku" || model == "fable" ||
         model.starts_with("claude-");
}

// "code-reviewer" -> "code_reviewer"; nothing when the name is not of that form.
std::optional<std::string> exact_role(std::string_view name) {
  std::string role = text::replace_all(std::string(name), "-", "_");
  if (name.find('_') != std::string_view::npos || !is_word(role)) return std::nullopt;
  return role;
}

bool is_harmless_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name.front() != '.' &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == ' ' || c == '-' || c == '_' || c == '.';
         });
}

// Front matter as people write it: "description: Use it when: ..." is no YAML. Such one-line values
// are quoted; the line numbers stay. `quoted` gets the keys.
std::string quote_loose_values(std::string_view yaml, std::vector<std::string>& quoted) {
  std::string out;
  for (const std::string_view line : text::lines(yaml)) {
    const std::size_t colon = line.find(": ");
    const std::string_view key = line.substr(0, std::min(colon, line.size()));
    const bool is_key =
        colon != std::string_view::npos && !key.empty() && std::ranges::all_of(key, [](char c) {
          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
        });
    const std::string_view value = is_key ? text::trim(line.substr(colon + 2)) : "";
    const bool loose = !value.empty() && !std::string_view("\"'[{|>&*!").contains(value.front()) &&
                       (value.find(": ") != value.npos || value.ends_with(':'));
    if (loose) {
      quoted.emplace_back(key);
      out += fmt::format("{}: '{}'\n", key, text::replace_all(std::string(value), "'", "''"));
    } else {
      out += std::string(line) + "\n";
    }
  }
  return out;
}

// A line that begins a field of a subagent: the field's name, else "".
std::string_view field_begun_by(std::string_view line) {
  const std::string_view key = line.substr(0, std::min(line.find(':'), line.size()));
  const bool known = std::find(known_keys().begin(), known_keys().end(), key) != known_keys().end();
  return key.size() < line.size() && (known || is_claude_field(key)) ? key : "";
}

// The same for descriptions that run over several lines, blank ones and "Context: ..." among them:
// a text ends where the next field of a subagent begins. Its lines stay, empty, behind it.
std::string quote_loose_texts(std::string_view yaml, std::vector<std::string>& quoted) {
  const std::vector<std::string_view> lines = text::lines(yaml);
  std::string out;
  for (std::size_t at = 0; at < lines.size();) {
    const std::string_view key = field_begun_by(lines[at]);
    std::size_t end = at + 1;
    while (end < lines.size() && field_begun_by(lines[end]).empty()) ++end;
    const std::string_view first = key.empty() ? "" : text::trim(lines[at].substr(key.size() + 1));
    const bool loose = !first.empty() && !std::string_view("\"'[{|>&*!").contains(first.front());
    std::string value(first);
    for (std::size_t i = at + 1; i < end; ++i) value += "\n" + std::string(lines[i]);
    if (loose && end > at + 1) {
      quoted.emplace_back(key);
      const JsonObject field{{key, text::trim(value)}};
      out += write_yaml(field, {.blocks = false}) + std::string(end - at - 1, '\n');
    } else {
      for (std::size_t i = at; i < end; ++i) out += std::string(lines[i]) + "\n";
    }
    at = end;
  }
  return out;
}

std::expected<YamlDocument, YamlError> read_front(const std::string& file, std::string_view yaml,
                                                  SopProblems& problems) {
  auto document = read_yaml(yaml, 2);
  if (document) return document;
  for (const auto quote : {quote_loose_values, quote_loose_texts}) {
    std::vector<std::string> quoted;
    auto loose = read_yaml(quote(yaml, quoted), 2);
    if (!loose || quoted.empty()) continue;
    for (const std::string& key : quoted) {
      problems.warning(
          file, loose->line_of("/" + key),
          fmt::format("\"{}\" is no YAML as it stands; it is taken word for word", key),
          "put the text in quotes");
    }
    return loose;
  }
  return document;
}

class Reader {
 public:
  // `at`: the pointer of the agent's fields.
  Reader(const std::string& file, const YamlDocument& document, const std::string& at,
         SopProblems& problems)
      : file_(file),
        problems_(problems),
        line_(document.line_of(at)),
        fields_(file, document, at, problems),
        cadre_(file, document, at + "/cadre", problems) {}

  // Of a member of a mapping: its name is its key, its instructions are a field.
  std::optional<ReadAgent> read_member(const std::string& name) {
    given_name_ = name;
    const Json* prompt = fields_.is_mapping() ? fields_.raw("prompt") : nullptr;
    if (prompt != nullptr && !prompt->is_string()) {
      fields_.error("prompt", fmt::format("\"prompt\" must be text, not {}", kind_of(*prompt)));
      return std::nullopt;
    }
    return read(prompt == nullptr ? std::string_view() : json::as_view(prompt->get_string()));
  }

  std::optional<ReadAgent> read(std::string_view body) {
    if (!fields_.is_mapping()) {
      if (given_name_) {
        problems_.error(file_, line_, fmt::format("the agent \"{}\" has no fields", *given_name_),
                        "write its description and its prompt");
      } else {
        problems_.error(file_, 2, "the front matter has no fields", std::string(kForm));
      }
      return std::nullopt;
    }
    if (const Json* cadre = fields_.raw("cadre"); cadre != nullptr && !cadre->is_object()) {
      fields_.error("cadre", fmt::format("\"cadre\" must be a mapping, not {}", kind_of(*cadre)),
                    "write \"cadre: {handoff_targets: [...]}\", or leave it out");
    }
    AgentConfig& agent = read_.agent;
    read_name();
    agent.name = cadre_.text("name", false, default_agent_name(agent.role));
    agent.description = fields_.text("description", true);
    read_tools();
    agent.approvals = cadre_.list("approvals", false);
    agent.reasoning = cadre_.list("reasoning", false);
    agent.handoff_targets = cadre_.list("handoff_targets", false);
    agent.guardrails = cadre_.list("guardrails", false);
    read_model_config(cadre_, agent);
    read_model();
    read_extra(cadre_, agent);
    if (cadre_.is_mapping()) cadre_.report_unknown("\"cadre\"");
    keep_foreign();
    add_facts();
    take_instructions(file_, given_name_ ? line_ : 0, body, read_, problems_);
    read_.line = name_line();
    read_.guardrails_line = cadre_.line("guardrails");
    read_.handoff_line = cadre_.line("handoff_targets");
    return std::move(read_);
  }

 private:
  int name_line() { return given_name_ ? line_ : fields_.line("name"); }

  void read_name() {
    const std::string name = given_name_ ? *given_name_ : fields_.text("name", true);
    if (name.empty()) return;
    std::optional<std::string> role = exact_role(name);
    if (role) {
      read_.agent.role = *role;
    } else if (is_harmless_name(name)) {
      read_.agent.role = text::snake_case(name);
      facts_["name"] = name;
      problems_.warning(
          file_, name_line(),
          fmt::format("\"{}\" is no name of a role; the role is \"{}\"", name, read_.agent.role),
          fmt::format("Claude Code wants \"{}\"", text::kebab_case(name)));
    } else {
      problems_.error(file_, name_line(), fmt::format("\"{}\" is no name for an agent", name),
                    fmt::format("write \"{}\": lower-case letters, digits and -, beginning with "
                                "a letter",
                                text::kebab_case(name.substr(0, 64))));
    }
  }

  void read_tools() {
    const bool ours = cadre_.has("tools");
    const Json* value = fields_.raw("tools");
    if (ours) {
      read_.agent.tools = cadre_.list("tools", false);
      read_.tools_line = cadre_.line("tools");
      return;
    }
    read_.tools_line = fields_.line("tools");
    if (value != nullptr && !value->is_null()) {
      read_.agent.tools = fields_.list("tools", false);
      return;
    }
    facts_["tools"] = "inherited";
    problems_.warning(file_, name_line(),
                      "no tools are named; Claude Code then gives all of its tools, Cadre gives "
                      "none",
                      "add a line \"tools: ...\"");
  }

  void read_model() {
    if (!fields_.has("model")) return;
    const std::string model = fields_.text("model", true);
    JsonObject& config = read_.agent.model_config.get_object();
    if (model.empty()) return;
    if (config.contains("model")) {
      fields_.error("model", "\"model\" is in the front matter and in cadre: model_config",
                    "keep one");
    } else if (model == "inherit") {
      facts_["model"] = model;
    } else {
      config["model"] = model;
    }
  }

  void keep_foreign() {
    for (const std::string& key : fields_.unknown_keys()) {
      const std::string meant = did_you_mean(key, known_keys());
      if (!read_.agent.extra.get_object().emplace(key, *fields_.raw(key)).second) {
        fields_.error(key, fmt::format("\"{}\" is here and in cadre: extra", key), "keep one");
        continue;
      }
      problems_.warning(
          file_, fields_.line(key),
          is_claude_field(key)
              ? fmt::format("\"{}\" is for Claude Code; it is kept and not used", key)
              : fmt::format("neither Claude Code nor Cadre has \"{}\"; it is kept", key),
          is_claude_field(key) || meant.empty() ? "" : fmt::format("did you mean \"{}\"?", meant));
    }
  }

  void add_facts() {
    if (facts_.empty()) return;
    Json& claude = read_.agent.extra.get_object()["claude"];
    if (claude.is_null()) claude = JsonObject{};
    if (!claude.is_object()) {
      problems_.error(file_, fields_.line("cadre"), "\"claude\" in extra must be a mapping",
                      "take it out");
      return;
    }
    for (auto& [key, value] : facts_) claude.get_object()[key] = value;
  }

  const std::string& file_;
  SopProblems& problems_;
  int line_;
  std::optional<std::string> given_name_;
  Fields fields_;
  Fields cadre_;
  ReadAgent read_;
  JsonObject facts_;
};

class Writer {
 public:
  Writer(const AgentConfig& agent, bool plainly, bool member)
      : agent_(agent), member_(member), extra_(agent.extra.get_object()) {
    if (const Json* kept = json::find(agent.extra, "claude");
        !plainly && kept != nullptr && kept->is_object()) {
      facts_ = kept->get_object();
      extra_.erase("claude");
    }
  }

  std::string write() {
    fill();
    return fmt::format("---\n{}---\n{}\n", write_yaml(front_, {.blocks = false}),
                       agent_.instructions);
  }

  void write_member(JsonObject& mapping) {
    fill();
    const std::string name(json::as_view(front_["name"].get_string()));
    JsonObject member;
    for (auto& field : front_) {
      if (field.key() != "name") member[field.key()] = std::move(field.value());
      if (field.key() == "description") member["prompt"] = agent_.instructions;
    }
    mapping[name] = std::move(member);
  }

 private:
  void fill() {
    write_name();
    front_["description"] = agent_.description;
    write_tools();
    write_model();
    for (const auto& [key, value] : agent_.extra.get_object()) {
      const std::string_view name(key.data(), key.size());
      // "role" beside "name" would make it a role file.
      if (name == "claude" || name == "role" || (member_ && name == "prompt") ||
          std::find(known_keys().begin(), known_keys().end(), name) != known_keys().end()) {
        continue;
      }
      front_[key] = value;
      extra_.erase(key);
    }
    if (agent_.name != default_agent_name(agent_.role)) cadre_["name"] = agent_.name;
    if (!agent_.handoff_targets.empty()) {
      cadre_["handoff_targets"] = json::to_array(agent_.handoff_targets);
    }
    if (!agent_.approvals.empty()) cadre_["approvals"] = json::to_array(agent_.approvals);
    if (!agent_.reasoning.empty()) cadre_["reasoning"] = json::to_array(agent_.reasoning);
    if (!agent_.guardrails.empty()) cadre_["guardrails"] = json::to_array(agent_.guardrails);
    if (!config_.empty()) cadre_["model_config"] = config_;
    if (!facts_.empty()) extra_["claude"] = facts_;
    if (!extra_.empty()) cadre_["extra"] = extra_;
    if (!cadre_.empty()) front_["cadre"] = cadre_;
  }

  // Takes the fact out: it is then said by the front matter itself.
  bool take_fact(const char* key, std::string_view value) {
    const Json* kept = facts_.if_contains(key);
    if (kept == nullptr || !kept->is_string() || json::as_view(kept->get_string()) != value) {
      return false;
    }
    facts_.erase(key);
    return true;
  }

  void write_name() {
    const Json* kept = facts_.if_contains("name");
    if (kept != nullptr && kept->is_string()) {
      const std::string name(json::as_view(kept->get_string()));
      if (!exact_role(name) && is_harmless_name(name) && text::snake_case(name) == agent_.role) {
        front_["name"] = name;
        facts_.erase("name");
        return;
      }
    }
    front_["name"] = text::replace_all(agent_.role, "_", "-");
  }

  void write_tools() {
    if (agent_.tools.empty() && take_fact("tools", "inherited")) return;
    const std::string line = text::join(agent_.tools, ", ");
    if (!member_ && !agent_.tools.empty() && split_names(line) == agent_.tools) {
      front_["tools"] = line;
    } else {
      front_["tools"] = json::to_array(agent_.tools);
    }
  }

  void write_model() {
    config_ = agent_.model_config.get_object();
    const Json* model = config_.if_contains("model");
    if (model == nullptr) {
      if (take_fact("model", "inherit")) front_["model"] = "inherit";
    } else if (model->is_string() && is_claude_model(json::as_view(model->get_string()))) {
      front_["model"] = *model;
      config_.erase("model");
    }
  }

  const AgentConfig& agent_;
  const bool member_;
  JsonObject front_, cadre_, extra_, facts_, config_;
};

}  // namespace

std::optional<ReadAgent> read_claude_agent(const std::string& file, std::string_view content,
                                           SopProblems& problems) {
  const auto split = split_front_matter(file, content, kForm, problems);
  if (!split) return std::nullopt;
  const auto document = read_front(file, split->yaml, problems);
  if (!document) {
    problems.error(file, document.error().line, document.error().message);
    return std::nullopt;
  }
  return Reader(file, *document, "", problems).read(split->body);
}

std::optional<ReadAgent> read_claude_member(const std::string& file, const YamlDocument& document,
                                            const std::string& name, SopProblems& problems) {
  const std::string escaped = text::replace_all(text::replace_all(name, "~", "~0"), "/", "~1");
  return Reader(file, document, "/" + escaped, problems).read_member(name);
}

void write_claude_member(const AgentConfig& agent, bool plainly, JsonObject& mapping) {
  Writer(agent, plainly, true).write_member(mapping);
}

std::string write_claude_agent(const AgentConfig& agent, bool plainly) {
  return Writer(agent, plainly, false).write();
}

std::string about_claude_tool(std::string_view name) {
  static const std::set<std::string, std::less<>> kTools{
      "Agent",        "Bash",      "BashOutput", "Edit",      "ExitPlanMode", "Glob",
      "Grep",         "KillShell", "LS",         "LSP",       "MultiEdit",    "NotebookEdit",
      "NotebookRead", "Read",      "Skill",      "Task",      "TaskCreate",   "TaskUpdate",
      "TodoRead",     "TodoWrite", "WebFetch",   "WebSearch", "Write"};
  if (name.starts_with("mcp__")) {
    return fmt::format("\"{}\" comes from an MCP server; it is kept, and there when that is", name);
  }
  if (!kTools.contains(name.substr(0, name.find('(')))) return {};
  return fmt::format(
      "\"{}\" is a tool of Claude Code, and Cadre has none that does the same; it "
      "is kept",
      name);
}

}  // namespace cadre::interop
