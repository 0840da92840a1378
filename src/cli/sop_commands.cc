#include "cli/sop_commands.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/text.h"
#include "sop/loader.h"

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
}

}  // namespace cadre::cli
