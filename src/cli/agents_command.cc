#include "cli/agents_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>

#include "base/text.h"
#include "cli/sop_commands.h"
#include "interop/agent_export.h"
#include "interop/agent_files.h"
#include "runtime/tools/tools.h"
#include "sop/loader.h"

namespace cadre::cli {
namespace {

using interop::AgentFormat;
using interop::ImportedAgent;

std::vector<std::string> tool_names() {
  std::vector<std::string> names;
  for (const auto& tool : make_software_tools()) names.push_back(tool->name());
  return names;
}

Json agent_json(const AgentConfig& agent) {
  return JsonObject{{"role", agent.role},
                    {"name", agent.name},
                    {"description", agent.description},
                    {"tools", json::to_array(agent.tools)},
                    {"handoff_targets", json::to_array(agent.handoff_targets)},
                    {"guardrails", json::to_array(agent.guardrails)},
                    {"model_config", agent.model_config},
                    {"extra", agent.extra}};
}

struct Imported {
  std::vector<ImportedAgent> agents;
  std::vector<SopProblem> problems;
  bool good = false;
};

Imported import_all(const std::vector<std::filesystem::path>& paths, const std::string& format) {
  interop::ImportOptions options;
  if (!format.empty()) options.format = interop::agent_format_named(format);
  options.tools = tool_names();
  SopProblems problems;
  Imported imported;
  imported.agents = interop::import_agent_files(paths, problems, options);
  imported.good = !problems.has_errors();
  imported.problems = problems.take_sorted();
  return imported;
}

void print_problems(const Console& console, const std::vector<SopProblem>& problems) {
  for (const SopProblem& problem : problems) console.print(problem.describe() + "\n");
}

// An agent of the list or of an export, from an SOP or a folder of files.
struct Source {
  std::vector<AgentConfig> agents;
  std::string lead;
};

// Nothing after the mistakes were printed; `code` is set then.
std::optional<Source> load(const Console& console, const AgentsArguments& arguments, int& code) {
  Source source;
  if (arguments.dir.empty()) {
    auto plan = load_sop(arguments.sop);
    if (!plan) {
      code = report_error(console, plan.error());
      return std::nullopt;
    }
    source.agents = std::move(plan->agents);
    source.lead = plan->lead;
    return source;
  }
  Imported imported = import_all({arguments.dir}, "");
  if (!imported.good) {
    std::vector<std::string> lines;
    for (const SopProblem& problem : imported.problems) {
      if (!problem.warning) lines.push_back(problem.describe());
    }
    code = report_error(console, Error{ErrorCode::kInvalidInput,
                                       fmt::format("the agents in {} cannot be read:\n{}",
                                                   arguments.dir.string(), text::join(lines, "\n")),
                                       {}});
    return std::nullopt;
  }
  for (ImportedAgent& agent : imported.agents) source.agents.push_back(std::move(agent.agent));
  return source;
}

int list_command(const Console& console, const AgentsArguments& arguments) {
  int code = kDone;
  const std::optional<Source> source = load(console, arguments, code);
  if (!source) return code;
  if (console.json) {
    JsonArray rows;
    for (const AgentConfig& agent : source->agents) rows.push_back(agent_json(agent));
    console.print(json::write_pretty(rows));
    return kDone;
  }
  for (const AgentConfig& agent : source->agents) {
    console.print(fmt::format("{}{}\n  {}\n", agent.role,
                              agent.role == source->lead ? " (lead)" : "", agent.description));
    if (!agent.tools.empty()) console.print("  tools: " + text::join(agent.tools, ", ") + "\n");
    if (!agent.handoff_targets.empty()) {
      console.print("  hands over to: " + text::join(agent.handoff_targets, ", ") + "\n");
    }
  }
  return kDone;
}

// What check and import have in common: agents and problems, and for import the files written.
int report_import(const Console& console, const Imported& imported,
                  const std::vector<interop::FileToWrite>& written) {
  const int code = imported.good ? kDone : kUsage;
  if (console.json) {
    JsonArray agents, files;
    for (const ImportedAgent& agent : imported.agents) {
      JsonObject row{
          {"file", agent.file}, {"line", agent.line}, {"format", interop::to_string(agent.format)}};
      const Json fields = agent_json(agent.agent);
      for (const auto& member : fields.get_object()) {
        row[member.key()] = member.value();
      }
      agents.push_back(std::move(row));
    }
    for (const auto& file : written) files.emplace_back(file.path.string());
    console.print(json::write_pretty(JsonObject{{"ok", imported.good},
                                                {"agents", std::move(agents)},
                                                {"problems", problems_json(imported.problems)},
                                                {"written", std::move(files)}}));
    return code;
  }
  print_problems(console, imported.problems);
  for (const auto& file : written) console.print("wrote " + file.path.string() + "\n");
  return code;
}

int check_command(const Console& console, const AgentsArguments& arguments) {
  const Imported imported = import_all(arguments.files, arguments.from);
  const int code = report_import(console, imported, {});
  if (console.json || !imported.good) return code;
  for (const ImportedAgent& agent : imported.agents) {
    console.print(fmt::format("{}: {} ({}): good\n", agent.file, agent.agent.role,
                              interop::to_string(agent.format)));
  }
  return code;
}

int import_command(const Console& console, const AgentsArguments& arguments) {
  const Imported imported = import_all(arguments.files, arguments.from);
  if (!imported.good) {
    const int code = report_import(console, imported, {});
    if (!console.json) console.warn("nothing was written");
    return code;
  }
  // Into an SOP's folder means: as roles of it.
  std::error_code ec;
  const bool is_sop = std::filesystem::exists(arguments.to / "sop.yaml", ec);
  const std::filesystem::path folder = is_sop ? arguments.to / "roles" : arguments.to;
  std::vector<interop::FileToWrite> files;
  for (const ImportedAgent& agent : imported.agents) {
    auto content = interop::export_agent(agent.agent, AgentFormat::kRole);
    if (!content) return report_error(console, content.error());
    files.push_back({folder / interop::agent_file_name(agent.agent.role, AgentFormat::kRole),
                     std::move(*content)});
  }
  if (auto done = interop::write_files(files, arguments.force); !done) {
    print_problems(console, console.json ? std::vector<SopProblem>{} : imported.problems);
    return report_error(console, done.error());
  }
  return report_import(console, imported, files);
}

Result<std::vector<AgentConfig>> choose(const std::vector<AgentConfig>& agents,
                                        const std::vector<std::string>& roles) {
  if (roles.empty()) return agents;
  std::vector<std::string> known;
  for (const AgentConfig& agent : agents) known.push_back(agent.role);
  std::vector<AgentConfig> chosen;
  for (const std::string& role : roles) {
    const auto at = std::ranges::find(agents, role, &AgentConfig::role);
    if (at == agents.end()) {
      const std::string meant = did_you_mean(role, known);
      return fail(ErrorCode::kNotFound, fmt::format("there is no role \"{}\"", role),
                  "write " + (meant.empty() ? one_of(known) : "\"" + meant + "\""));
    }
    chosen.push_back(*at);
  }
  return chosen;
}

int export_command(const Console& console, const AgentsArguments& arguments) {
  int code = kDone;
  const std::optional<Source> source = load(console, arguments, code);
  if (!source) return code;
  const AgentFormat format = interop::agent_format_named(arguments.format).value();
  const auto agents = choose(source->agents, arguments.roles);
  if (!agents) return report_error(console, agents.error());
  if (arguments.to == "-") {
    const auto content = interop::export_agents(*agents, format);
    if (!content) return report_error(console, content.error());
    console.print(console.json ? json::write_pretty(JsonObject{{"format", arguments.format},
                                                               {"agents", agents->size()},
                                                               {"content", *content}})
                               : *content);
    return kDone;
  }
  std::vector<interop::FileToWrite> files;
  JsonArray names;
  for (const AgentConfig& agent : *agents) {
    auto content = interop::export_agent(agent, format);
    if (!content) return report_error(console, content.error());
    files.push_back({arguments.to / interop::agent_file_name(agent.role, format), *content});
    names.emplace_back(files.back().path.string());
  }
  if (auto done = interop::write_files(files, arguments.force); !done) {
    return report_error(console, done.error());
  }
  if (console.json) {
    console.print(json::write_pretty(
        JsonObject{{"ok", true}, {"format", arguments.format}, {"written", std::move(names)}}));
  } else {
    for (const auto& file : files) console.print("wrote " + file.path.string() + "\n");
  }
  return kDone;
}

}  // namespace

void add_agents_commands(CLI::App& app, Console& console, AgentsArguments& arguments,
                         std::function<int()>& action) {
  CLI::App* agents = app.add_subcommand("agents", "agents of SOPs and of other tools' files");
  agents->require_subcommand(1);
  const auto add = [&](const char* name, const char* help,
                       int (*run)(const Console&, const AgentsArguments&)) {
    CLI::App* command = agents->add_subcommand(name, help);
    command->add_flag("--json", console.json, "machine-readable output");
    command->callback([&console, &arguments, &action, run] {
      action = [&console, &arguments, run] { return run(console, arguments); };
    });
    return command;
  };
  const auto add_source = [&](CLI::App* command) {
    CLI::Option* sop =
        command->add_option("--sop", arguments.sop, "SOP: a shipped name or a folder")
            ->capture_default_str();
    command->add_option("--dir", arguments.dir, "folder with agents in any of the formats")
        ->excludes(sop);
  };
  const auto add_files = [&](CLI::App* command) {
    command->add_option("FILE", arguments.files, "files or folders with agents")->required();
    command->add_option("--from", arguments.from, "their format; default: told from each file")
        ->check(CLI::IsMember(interop::agent_format_names()));
  };
  const auto add_force = [&](CLI::App* command) {
    command->add_flag("--force", arguments.force, "replace files that are there");
  };
  add_source(add("list", "list them with their tools and handoff targets", list_command));
  add_files(add("check", "read files of agents and report every mistake", check_command));
  CLI::App* import = add("import", "turn files of other tools into roles of Cadre", import_command);
  add_files(import);
  add_force(import);
  import->add_option("--to", arguments.to, "folder for the roles; of an SOP: its roles/")
      ->required();
  CLI::App* write = add("export", "write agents in another tool's format", export_command);
  add_source(write);
  add_force(write);
  write->add_option("ROLE", arguments.roles, "which agents; default: all");
  write->add_option("--format", arguments.format, "role, claude, claude-json, phase1, yaml or json")
      ->required()
      ->check(CLI::IsMember(interop::agent_format_names()));
  write->add_option("--to", arguments.to, "folder, or - for standard output")->required();
}

}  // namespace cadre::cli
