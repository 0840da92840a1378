#include "cli/sop_commands.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/text.h"
#include "interop/agent_files.h"
#include "sop/graph_drawing.h"
#include "sop/loader.h"
#include "sop/sop_template.h"

namespace cadre::cli {
namespace {

int check_command(const Console& console, const SopArguments& arguments) {
  auto source = SopSource::find(arguments.sop);
  if (!source) return report_error(console, source.error());
  const SopCheck check = check_sop(*source);
  if (console.json) {
    console.print(json::write_pretty(
        JsonObject{{"ok", check.plan.has_value()}, {"problems", problems_json(check.problems)}}));
  } else {
    for (const SopProblem& problem : check.problems) console.print(problem.describe() + "\n");
    if (check.plan) {
      console.print(fmt::format("{}: {} stages, {} agents: good\n", check.plan->name,
                                check.plan->stages.size(), check.plan->agents.size()));
    }
  }
  return check.plan ? kDone : kUsage;
}

int new_command(const Console& console, const SopArguments& arguments) {
  const auto files = sop_template(arguments.name);
  if (!files) return report_error(console, files.error());
  const std::vector<std::string> shipped = built_in_sops();
  if (std::ranges::find(shipped, arguments.name) != shipped.end()) {
    return report_error(
        console, Error{ErrorCode::kInvalidInput,
                       fmt::format("an SOP named \"{}\" is shipped, and its name means that one",
                                   arguments.name),
                       "take another name"});
  }
  const std::filesystem::path folder = arguments.dir / arguments.name;
  std::error_code ec;
  if (std::filesystem::exists(folder, ec) && !std::filesystem::is_empty(folder, ec)) {
    return report_error(console, Error{ErrorCode::kInvalidInput,
                                       fmt::format("{} is there and not empty", folder.string()),
                                       "take another name or another --dir"});
  }
  std::vector<interop::FileToWrite> written;
  JsonArray names;
  for (const auto& [path, content] : *files) {
    written.push_back({folder / path, content});
    names.emplace_back(written.back().path.string());
  }
  if (auto done = interop::write_files(written, false); !done) {
    return report_error(console, done.error());
  }
  if (console.json) {
    console.print(json::write_pretty(
        JsonObject{{"ok", true}, {"folder", folder.string()}, {"written", std::move(names)}}));
    return kDone;
  }
  for (const auto& file : written) console.print("wrote " + file.path.string() + "\n");
  console.print(fmt::format("Read {0}/sop.yaml, then: cadre sop check {0}\n", folder.string()));
  return kDone;
}

int graph_command(const Console& console, const SopArguments& arguments) {
  const auto plan = load_sop(arguments.sop);
  if (!plan) return report_error(console, plan.error());
  const Result<std::string> graph =
      arguments.format == "svg" ? sop_graph_svg(*plan) : sop_graph_mermaid(*plan);
  if (!graph) return report_error(console, graph.error());
  console.print(console.json
                    ? json::write_pretty(JsonObject{
                          {"sop", plan->name}, {"format", arguments.format}, {"content", *graph}})
                    : *graph);
  return kDone;
}

}  // namespace

JsonArray problems_json(const std::vector<SopProblem>& problems) {
  JsonArray rows;
  for (const SopProblem& p : problems) {
    rows.push_back(JsonObject{{"severity", p.warning ? "warning" : "error"},
                              {"file", p.file},
                              {"line", p.line},
                              {"message", p.message},
                              {"hint", p.hint}});
  }
  return rows;
}

void add_sop_commands(CLI::App& app, Console& console, SopArguments& arguments,
                      std::function<int()>& action) {
  CLI::App* sop = app.add_subcommand("sop", "standard operating procedures")->require_subcommand(1);
  const auto add = [&](const char* name, const char* help,
                       int (*run)(const Console&, const SopArguments&)) {
    CLI::App* command = sop->add_subcommand(name, help);
    command->add_flag("--json", console.json, "machine-readable output");
    command->callback([&console, &arguments, &action, run] {
      action = [&console, &arguments, run] { return run(console, arguments); };
    });
    return command;
  };
  CLI::App* check = add("check", "check an SOP and its roles", check_command);
  check->add_option("DIR", arguments.sop, "folder of the SOP, or a shipped name")
      ->capture_default_str();
  CLI::App* fresh = add("new", "write a small complete SOP to begin with", new_command);
  fresh->add_option("NAME", arguments.name, "its name: a word, also the folder's")->required();
  fresh->add_option("--dir", arguments.dir, "where to make the folder")->capture_default_str();
  CLI::App* graph = add("graph", "a picture of an SOP on standard output", graph_command);
  graph->add_option("DIR", arguments.sop, "folder of the SOP, or a shipped name")
      ->capture_default_str();
  graph->add_option("--format", arguments.format, "mermaid or svg")
      ->capture_default_str()
      ->check(CLI::IsMember({"mermaid", "svg"}));
}

}  // namespace cadre::cli
