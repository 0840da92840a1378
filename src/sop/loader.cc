#include "sop/loader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_schema.h"
#include "base/text.h"
#include "sop/framework.h"
#include "sop/graph.h"
#include "sop/text_check.h"

namespace cadre {
namespace {

constexpr const char* kSopFile = "sop.yaml";
constexpr std::string_view kAsksFirst = "fetch_url";  // a tool that a person has to allow
constexpr std::size_t kTextBytesMax = 256 * 1024;
constexpr std::size_t kStagesMax = 200;

// Schemas may be longer: from_folder() bounds them.
bool check_text(const std::string& file, const std::string& content, SopProblems& problems) {
  return check_text(file, content, file.ends_with(".json") ? content.size() : kTextBytesMax,
                    problems);
}

Limits read_limits(const std::string& file, const YamlDocument& document, Fields& top,
                   SopProblems& problems) {
  Limits limits;
  const Json* value = top.raw("limits");
  if (value == nullptr || value->is_null()) return limits;
  Fields fields(file, document, "/limits", problems);
  if (!fields.is_mapping()) {
    top.error("limits", fmt::format("\"limits\" must be a mapping, not {}", kind_of(*value)),
              "write \"limits: {rounds_max: 3}\"");
    return limits;
  }
  limits.rounds_max = fields.number("rounds_max", limits.rounds_max, 0, 100);
  limits.refusals_max = fields.number("refusals_max", limits.refusals_max, 0, 100);
  limits.turns_max = fields.number("turns_max", limits.turns_max, 1, 10'000);
  limits.parallel_tasks = fields.number("parallel_tasks", limits.parallel_tasks, 1, 256);
  limits.parallel_tools = fields.number("parallel_tools", limits.parallel_tools, 1, 256);
  limits.run_timeout_s = fields.number("run_timeout_s", limits.run_timeout_s, 1, 30 * 86'400);
  fields.report_unknown("limits");
  return limits;
}

void read_stages(const std::string& file, const YamlDocument& document, Fields& top,
                 std::vector<ReadStage>& stages, SopProblems& problems) {
  const Json* value = top.raw("stages");
  if (value == nullptr || !value->is_array() || value->get_array().empty()) {
    top.error("stages",
              value == nullptr ? "\"stages\" is missing"
                               : fmt::format("\"stages\" must be a list of at least one stage, "
                                             "not {}",
                                             value->is_array() ? "an empty one" : kind_of(*value)),
              "write \"stages:\" and below it \"- id: ...\"");
    return;
  }
  const std::size_t count = value->get_array().size();
  if (count > kStagesMax) {
    top.error("stages", fmt::format("there are {} stages, and {} are allowed", count, kStagesMax));
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    stages.push_back(read_stage(file, document, fmt::format("/stages/{}", i), problems));
  }
}

void read_roles(const SopSource& source, SopParts& parts, SopProblems& problems) {
  for (const auto& [file, content] : source.files) {
    if (!file.starts_with("roles/")) continue;
    std::optional<RoleFile> role;
    if (check_text(file, content, problems)) role = read_role_file(file, content, problems);
    if (role) {
      parts.roles.push_back(std::move(*role));
    } else {
      parts.unread_roles.push_back(file.substr(6, file.size() - 6 - 3));
    }
  }
  if (parts.roles.empty() && parts.unread_roles.empty()) {
    problems.error("roles/", 0, "there is no role",
                   "add one file for each role: roles/developer.md");
  }
}

void check_names(const std::vector<std::string>& known, const char* field, const char* what,
                 const std::vector<std::string> AgentConfig::* list, const SopParts& parts,
                 SopProblems& problems) {
  if (known.empty()) return;
  for (const RoleFile& role : parts.roles) {
    for (std::size_t i = 0; i < (role.agent.*list).size(); ++i) {
      const std::string& name = (role.agent.*list)[i];
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      const std::string meant = did_you_mean(name, known);
      problems.error(role.file, role.line_of(field, i),
                     fmt::format("there is no {} \"{}\"", what, name),
                     "write " + (meant.empty() ? one_of(known) : "\"" + meant + "\""));
    }
  }
}

// Who has to ask before calling a tool must have the tool.
void check_approvals(const SopParts& parts, SopProblems& problems) {
  for (const RoleFile& role : parts.roles) {
    const std::vector<std::string>& tools = role.agent.tools;
    const auto asks = std::find(tools.begin(), tools.end(), kAsksFirst);
    if (asks != tools.end() && std::find(role.agent.approvals.begin(), role.agent.approvals.end(),
                                         kAsksFirst) == role.agent.approvals.end()) {
      problems.error(role.file,
                     role.line_of("tools", static_cast<std::size_t>(asks - tools.begin())),
                     fmt::format("\"{}\" looks at the world outside, and nobody is asked",
                                 kAsksFirst),
                     fmt::format("write \"approvals: [{}]\" as well", kAsksFirst));
    }
    for (std::size_t i = 0; i < role.agent.approvals.size(); ++i) {
      const std::string& name = role.agent.approvals[i];
      if (std::find(tools.begin(), tools.end(), name) != tools.end()) continue;
      problems.error(role.file, role.line_of("approvals", i),
                     fmt::format("\"approvals\" names \"{}\", which is not one of its tools", name),
                     tools.empty() ? "it has no tools" : "write " + one_of(tools));
    }
  }
}

// A schema for everything that is made; those that are there must be sound.
void read_schemas(const SopSource& source, const std::vector<StageSpec>& stages, Plan& plan,
                  SopProblems& problems) {
  for (const auto& [file, content] : source.files) {
    if (!file.starts_with("artifacts/") || !check_text(file, content, problems)) continue;
    const Result<Json> schema = json::parse(content);
    if (!schema) {
      problems.error(file, 0, "it is not valid JSON: " + schema.error().message);
      continue;
    }
    if (const Result<JsonSchema> compiled = JsonSchema::compile(*schema); !compiled) {
      problems.error(file, 0, "it is no JSON Schema that we can use: " + compiled.error().message);
      continue;
    }
    const std::size_t begin = std::string_view("artifacts/").size();
    const std::size_t end = file.size() - std::string_view(".schema.json").size();
    plan.artifact_schemas[file.substr(begin, end - begin)] = *schema;
  }
  const auto require = [&](const std::string& type, const std::string& why) {
    const std::string file = "artifacts/" + type + ".schema.json";
    if (!is_word(type) || source.files.contains(file) || source.unreadable.contains(file)) return;
    problems.error(file, 0, fmt::format("it is missing: {}", why),
                   "add the JSON Schema of its data; {\"type\": \"object\"} accepts anything");
  };
  for (const StageSpec& stage : stages) {
    for (const std::string& type : stage.makes) {
      require(type, fmt::format("the stage \"{}\" makes \"{}\"", stage.id, type));
    }
  }
  if (!plan.input.empty()) require(plan.input, fmt::format("\"input\" is \"{}\"", plan.input));
}

// Data for tools: what is in it is the tool's business, here it only has to be YAML.
void read_tables(const SopSource& source, Plan& plan, SopProblems& problems) {
  constexpr std::string_view kFolder = "tables/", kEnd = ".yaml";
  for (const auto& [file, content] : source.files) {
    if (!file.starts_with(kFolder) || !check_text(file, content, problems)) continue;
    const auto document = read_yaml(content);
    if (!document) {
      problems.error(file, document.error().line, document.error().message);
      continue;
    }
    plan.tables[file.substr(kFolder.size(), file.size() - kFolder.size() - kEnd.size())] =
        document->value;
  }
}

// The frameworks that roles name: the SOP's own, else those that ship.
void read_frameworks(const SopSource& source, const SopParts& parts, Plan& plan,
                     SopProblems& problems) {
  constexpr std::string_view kFolder = "frameworks/", kEnd = ".yaml";
  std::map<std::string, Json> known;
  std::vector<std::string> names = shipped_frameworks();
  for (const auto& [file, content] : source.files) {
    if (!file.starts_with(kFolder) || !check_text(file, content, problems)) continue;
    names.push_back(file.substr(kFolder.size(), file.size() - kFolder.size() - kEnd.size()));
    if (auto read = read_framework(file, content, problems)) known[read->id] = to_plan(*read);
  }
  check_names(names, "reasoning", "reasoning framework", &AgentConfig::reasoning, parts, problems);
  for (const AgentConfig& agent : plan.agents) {
    for (const std::string& id : agent.reasoning) {
      if (const auto own = known.find(id); own != known.end()) {
        plan.frameworks[id] = own->second;
      } else if (const std::string_view shipped = shipped_framework(id); !shipped.empty()) {
        const std::string file = fmt::format("{}{}{}", kFolder, id, kEnd);
        if (auto read = read_framework(file, shipped, problems))
          plan.frameworks[id] = to_plan(*read);
      }
    }
  }
}

// Artifact schemas, tables and frameworks that the SOP takes from a shipped one, where it has none
// of its own under the same name.
void take_base(Fields& top, SopSource& source) {
  if (!top.has("base")) return;
  const std::string name = top.word("base", true);
  const std::vector<std::string> known = built_in_sops();
  if (std::ranges::find(known, name) == known.end()) {
    const std::string meant = did_you_mean(name, known);
    top.error("base", fmt::format("there is no shipped SOP \"{}\" to build on", name),
              "write " + (meant.empty() ? one_of(known) : "\"" + meant + "\""));
    return;
  }
  const auto base = SopSource::built_in(name);
  if (!base) return;  // it is known
  for (const auto& [file, content] : base->files) {
    if (file == kSopFile || file.starts_with("roles/")) continue;
    if (!source.unreadable.contains(file)) source.files.emplace(file, content);
  }
}

void read_sop(SopSource source, const SopOptions& options, Plan& plan, SopProblems& problems) {
  const auto at = source.files.find(kSopFile);
  if (at == source.files.end()) {
    if (!source.unreadable.contains(kSopFile)) {
      problems.error(kSopFile, 0, "it is missing",
                     "an SOP is a folder with sop.yaml, roles/ and artifacts/");
    }
    return;
  }
  if (!check_text(kSopFile, at->second, problems)) return;
  const auto document = read_yaml(at->second);
  if (!document) {
    problems.error(kSopFile, document.error().line, document.error().message);
    return;
  }
  Fields top(at->first, *document, "", problems);
  if (!top.is_mapping()) {
    problems.error(kSopFile, 1,
                   fmt::format("it must be a mapping, not {}", kind_of(document->value)),
                   "begin with \"name: ...\"");
    return;
  }
  take_base(top, source);
  SopParts parts;
  parts.file = kSopFile;
  parts.document = &*document;
  plan.name = top.word("name", true);
  plan.title = top.text("title", false, plan.name);
  plan.version = top.text("version", true);
  plan.lead = parts.lead = top.word("lead", true);
  plan.limits = read_limits(parts.file, *document, top, problems);
  plan.input = parts.input = top.has("input") ? top.word("input", true) : "";
  read_stages(parts.file, *document, top, parts.stages, problems);
  top.report_unknown("an SOP");
  read_roles(source, parts, problems);
  check_names(options.tools, "tools", "tool", &AgentConfig::tools, parts, problems);
  check_names(guardrail_names(), "guardrails", "guardrail", &AgentConfig::guardrails, parts,
              problems);
  check_approvals(parts, problems);
  plan.stages = check_graph(parts, problems);
  for (const RoleFile& role : parts.roles) plan.agents.push_back(role.agent);
  std::vector<StageSpec> all;
  for (const ReadStage& stage : parts.stages) all.push_back(stage.spec);
  read_schemas(source, all, plan, problems);
  read_tables(source, plan, problems);
  read_frameworks(source, parts, plan, problems);
}

}  // namespace

std::vector<std::string> guardrail_names() { return {"tools_listed_only", "files_inside_project"}; }

SopCheck check_sop(const SopSource& source, const SopOptions& options) {
  SopProblems problems;
  Plan plan;
  for (const auto& [file, reason] : source.unreadable) problems.error(file, 0, reason);
  read_sop(source, options, plan, problems);
  SopCheck check;
  if (!problems.has_errors()) check.plan = std::move(plan);
  check.problems = problems.take_sorted();
  return check;
}

Result<Plan> load_sop(const SopSource& source, const SopOptions& options) {
  SopCheck check = check_sop(source, options);
  if (check.plan) return std::move(*check.plan);
  std::vector<std::string> lines;
  for (const SopProblem& problem : check.problems) {
    if (!problem.warning) lines.push_back(problem.describe());
  }
  const std::size_t count = lines.size();
  if (count > 20) {
    lines.resize(20);
    lines.push_back(fmt::format("and {} more", count - 20));
  }
  return fail(ErrorCode::kInvalidInput,
              fmt::format("the SOP {} has {}:\n{}", source.name,
                          count == 1 ? "a mistake" : fmt::format("{} mistakes", count),
                          text::join(lines, "\n")));
}

Result<Plan> load_sop(const std::string& name_or_folder, const SopOptions& options) {
  Result<SopSource> source = SopSource::find(name_or_folder);
  if (!source) return propagate(source);
  return load_sop(*source, options);
}

}  // namespace cadre
