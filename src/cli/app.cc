#include <unistd.h>

#include <CLI/CLI.hpp>
#include <functional>

#include "cli/agents_command.h"
#include "cli/approve_command.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/memory_command.h"
#include "cli/models_command.h"
#include "cli/sop_commands.h"

namespace cadre::cli {
namespace {

constexpr const char* kVersion = "0.1.0";

constexpr const char* kFooter = R"(Examples:
  cadre run "A library service. Members borrow books. Each book has a title and an ISBN (unique)."
  cadre run brief.txt --out library
  cadre run --on . "add due dates to tasks" --model openai:NAME    change existing code
  cadre spec brief.txt            what would be understood, sentence by sentence
  cadre resume last               go on after an interruption or a crash)";

constexpr const char* kExitCodes =
    R"(Exit codes: 0 done; 1 internal error, or a file or disk that cannot be read or written; 2 wrong
arguments or input; 3 done, something stated is not covered; 4 refused, with what would help; 5 a
gate failed; 6 budget or deadline; 7 model provider; 8 waits for a person (cadre approve, reject,
answer); 130 interrupted (cadre resume goes on).)";

struct Parsed {
  Console console;
  RunArguments run;
  RunReference reference;
  ShowArguments show;
  SopArguments sop;
  AgentsArguments agents;
  MemoryArguments memory;
  ModelsArguments models;
  std::string text;
  ResumeArguments resume;
  ApproveArguments approve;
  bool explain = false;
  std::function<int()> action;
};

void add_common(CLI::App* command, Parsed& parsed) {
  command->add_flag("--json", parsed.console.json, "JSON on standard output");
}

void add_reference(CLI::App* command, Parsed& parsed) {
  command->add_option("RUN", parsed.reference.run, "run id, a unique beginning of it, or \"last\"")
      ->capture_default_str();
  command->add_option("--state", parsed.reference.state, "folder of the journal")
      ->capture_default_str();
  add_common(command, parsed);
}

void add_around(CLI::App* command, ModelAround& around) {
  command->add_option("--max-cost", around.max_cost, "dollars that the run may spend on models")
      ->check(CLI::PositiveNumber);
  command->add_option("--max-tokens", around.max_tokens, "tokens that it may use")
      ->check(CLI::PositiveNumber);
  command->add_option("--max-calls", around.max_calls, "model calls that it may make")
      ->check(CLI::PositiveNumber);
  command->add_option("--max-time", around.max_time_s, "seconds that it may take")
      ->check(CLI::Range(1, 7 * 24 * 3600));
  command->add_option("--prices", around.prices,
                      "a price table that goes before the shipped one (default: CADRE_PRICES)");
  command->add_option("--cache", around.cache,
                      "folder of answers: the same request is answered from there (default: "
                      "CADRE_CACHE, else none)");
  command->add_option("--record", around.record,
                      "file for the run's model traffic; --model replay:FILE runs it again");
}

void add_run(CLI::App& app, Parsed& parsed) {
  CLI::App* run =
      app.add_subcommand("run", "turn a requirement into a designed, built and tested project");
  run->add_option("BRIEF", parsed.run.brief,
                  "the requirement: a text, a file's name, or - for standard input")
      ->required();
  run->add_option(
      "--out", parsed.run.out,
      "project folder: new, empty, or made by an earlier run (default: a new one, named after "
      "the requirement's first words)");
  run->add_option("--on", parsed.run.on,
                  "a folder in a git repository: change what is there instead of making something "
                  "new, on a branch and in a worktree of its own (SOP change; needs a model; "
                  "docs/existing-code.md)")
      ->type_name("DIR");
  run->add_option("--sop", parsed.run.sop,
                  "standard operating procedure (stages, roles, gates): a shipped name or a folder "
                  "(default: software, or solo for a trivial job with a language model)");
  run->add_option("--team", parsed.run.team,
                  "auto (one agent for a trivial job), solo, or full; with a language model "
                  "(default: auto)");
  run->add_option("--model", parsed.run.model,
                  "who thinks: offline (the embedded engine, no language model), openai:NAME, "
                  "anthropic:NAME, ollama:NAME, claude-code, URL#NAME, replay:FILE, scripted:FILE; "
                  "a,b: b answers when a cannot (default: CADRE_MODEL, else offline)");
  add_around(run, parsed.run.around);
  run->add_option("--input", parsed.run.inputs,
                  "files that the SOP works from, beside the brief");
  run->add_option("--policy", parsed.run.policy,
                  "rules that approve or deny in your name (default: policy.yaml in the folder of "
                  "the journal)");
  run->add_option("--stack", parsed.run.stack,
                  "what the project is written in; python is the only one in this version")
      ->capture_default_str();
  run->add_option("--state", parsed.run.state, "folder of the journal")->capture_default_str();
  run->add_option("--timeout", parsed.run.timeout_s,
                  "seconds for the whole run (0: the SOP's limit)")
      ->check(CLI::Range(0, 7 * 24 * 3600));
  run->add_flag(
      "--no-sandbox", parsed.run.no_sandbox,
      "run generated code with your rights instead of in bubblewrap; the report is marked");
  run->add_flag_function(
      "--memory,!--no-memory", [&](std::int64_t n) { parsed.run.memory = n > 0; },
      "whether to read and keep what is remembered over runs (docs/memory.md; default: yes)");
  run->add_flag("--quiet", parsed.console.quiet, "only the final summary");
  add_common(run, parsed);
  run->callback([&] {
    if (!parsed.run.on.empty() && run->count("--sop") == 0) parsed.run.sop = "change";
    parsed.action = [&] { return run_command(parsed.console, parsed.run); };
  });
}

void add_run_views(CLI::App& app, Parsed& parsed) {
  CLI::App* resume = app.add_subcommand("resume", "go on with an interrupted or killed run");
  add_reference(resume, parsed);
  resume->add_option("--model", parsed.resume.model,
                     "who thinks (default: as the run was started)");
  add_around(resume, parsed.resume.around);
  resume->add_option("--policy", parsed.resume.policy,
                     "rules that approve or deny in your name");
  resume->add_flag("--no-sandbox", parsed.resume.no_sandbox,
                   "run generated code with your rights instead of in bubblewrap; the report is "
                   "marked");
  resume->add_flag_function(
      "--memory,!--no-memory", [&](std::int64_t n) { parsed.resume.memory = n > 0; }, "as in run");
  resume->add_flag("--quiet", parsed.console.quiet, "only the final summary");
  resume->callback([&] {
    parsed.action = [&] {
      return resume_command(parsed.console, parsed.reference, parsed.resume);
    };
  });

  add_approve_commands(app, parsed.console, parsed.reference, parsed.approve, parsed.resume,
                       parsed.action);

  CLI::App* runs = app.add_subcommand("runs", "list the runs of this folder");
  runs->add_option("--state", parsed.reference.state, "folder of the journal")
      ->capture_default_str();
  add_common(runs, parsed);
  runs->callback([&] {
    parsed.action = [&] { return runs_command(parsed.console, parsed.reference.state); };
  });

  CLI::App* show = app.add_subcommand("show", "status, stages, gates and figures of a run");
  add_reference(show, parsed);
  show->add_flag("--trace", parsed.show.trace, "the span tree");
  show->add_flag("--events", parsed.show.events, "the journal, event by event");
  show->callback([&] {
    parsed.action = [&] {
      parsed.show.reference = parsed.reference;
      return show_command(parsed.console, parsed.show);
    };
  });

  CLI::App* report = app.add_subcommand("report", "the performance report of a run");
  add_reference(report, parsed);
  report->callback(
      [&] { parsed.action = [&] { return report_command(parsed.console, parsed.reference); }; });
}

void add_tools(CLI::App& app, Parsed& parsed) {
  CLI::App* spec = app.add_subcommand("spec", "what the offline engine understands of a brief");
  spec->add_option("BRIEF", parsed.text, "a text, a file's name, or - for standard input")
      ->required();
  spec->add_flag("--explain", parsed.explain, "show words, chunks and clauses of each sentence");
  add_common(spec, parsed);
  spec->callback([&] {
    parsed.action = [&] { return spec_command(parsed.console, parsed.text, parsed.explain); };
  });

  add_sop_commands(app, parsed.console, parsed.sop, parsed.action);
  add_agents_commands(app, parsed.console, parsed.agents, parsed.action);
  add_models_command(app, parsed.console, parsed.models, parsed.action);
  add_memory_commands(app, parsed.console, parsed.memory, parsed.action);

  CLI::App* doctor =
      app.add_subcommand("doctor", "what is installed, what is missing, and what that means");
  add_common(doctor, parsed);
  doctor->callback([&] { parsed.action = [&] { return doctor_command(parsed.console); }; });
}

}  // namespace

int run_cli(const std::vector<std::string>& arguments) {
  Parsed parsed;
  parsed.console.terminal = isatty(STDOUT_FILENO) == 1;
  CLI::App app(
      "Cadre: one requirement in, a designed, built and tested project out.\nCode = SOP(Team).",
      "cadre");
  app.set_version_flag("--version", std::string("cadre ") + kVersion);
  app.require_subcommand(1);
  add_run(app, parsed);
  add_run_views(app, parsed);
  add_tools(app, parsed);
  app.footer(std::string(kFooter) + "\n\n" + kExitCodes);
  for (const char* command : {"run", "resume", "spec"})
    app.get_subcommand(command)->footer(kExitCodes);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  return parsed.action();
}

}  // namespace cadre::cli
