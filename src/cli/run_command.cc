// run, resume: the main job.
#include <fmt/format.h>

#include "base/clock.h"
#include "cli/approve_command.h"
#include "cli/brief_input.h"
#include "cli/change_run.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/interrupt.h"
#include "cli/model_options.h"
#include "cli/progress.h"
#include "cli/summary.h"
#include "cli/team_choice.h"
#include "core/apply.h"
#include "runtime/runner.h"
#include "trace/report.h"
#include "workshop/journal_access.h"
#include "workshop/result_files.h"
#include "workshop/result_json.h"
#include "workshop/run_limits.h"
#include "workshop/run_lock.h"
#include "workshop/workshop.h"

namespace cadre::cli {
namespace {

struct Workbench {
  RunnerParts parts;
  std::shared_ptr<GitProjectWriter> writer;
  Mind mind;
};

// `sandbox` is null with --no-sandbox, and when no role has a tool that runs programs. An error is
// the mind's: exit code 7.
Result<Workbench> open_workbench(const Plan& plan, std::shared_ptr<Store> store,
                                 const std::filesystem::path& out_dir,
                                 std::shared_ptr<const SandboxSupport> sandbox,
                                 const std::string& model, const ModelAround& around) {
  auto tools = workshop::make_tools(std::move(sandbox), http_options());
  if (!tools) return propagate(tools);
  auto mind = open_mind(model, *tools, around);
  if (!mind) return propagate(mind);
  auto shop =
      workshop::make_workshop(plan, std::move(store), mind->provider, std::move(*tools), out_dir);
  return Workbench{std::move(shop.parts), std::move(shop.writer), std::move(*mind)};
}

// Where a run reads and leaves its files.
struct Places {
  std::filesystem::path out_dir, state;
  const Plan* plan = nullptr;
  std::shared_ptr<const ChangeRun> change = nullptr;  // with --on
};

int conclude(const Console& console, Workbench& shop, const Result<RunOutcome>& outcome,
             const Places& places, double seconds) {
  if (!outcome) {
    const Error& error = outcome.error();
    return report_error(console, error, error.code == ErrorCode::kUnavailable
                                            ? int{kProvider}
                                            : exit_code_of(error));
  }
  if (!outcome->memory_fault.empty())
    console.warn("what the run left could not be remembered: " + outcome->memory_fault);
  const bool waiting = outcome->status == "waiting";
  const bool interrupted = outcome->status == "interrupted" || waiting;
  const std::string where =
      places.state == RunReference().state ? "" : fmt::format(" --state {}", places.state.string());
  Result<std::filesystem::path> result = std::filesystem::path();
  if (!interrupted) {
    result =
        workshop::write_result_files(*shop.parts.store, places.change ? nullptr : shop.writer.get(),
                                     *outcome, *places.plan, places.out_dir, places.state);
    if (!result && console.json) return report_error(console, result.error());
  }
  if (console.json) {
    JsonArray waits;
    for (const Approval& approval : outcome->waiting) waits.push_back(to_json(approval));
    JsonObject body{{"run", outcome->run},
                    {"status", outcome->status},
                    {"exit_code", outcome->exit_code},
                    {"reason", outcome->reason},
                    {"out", places.out_dir.string()},
                    {"result", interrupted ? Json(nullptr) : Json(result->string())},
                    {"seconds", seconds}};
    if (waiting) body["waiting"] = std::move(waits);
    if (places.change) add_change(*places.change, body);
    console.print(json::write_pretty(body));
  } else if (waiting) {
    console.print(fmt::format("\nwaiting for a person; nothing runs meanwhile (run {})\n{}",
                              outcome->run,
                              waiting_lines(outcome->run, outcome->waiting, places.state)));
  } else if (interrupted) {
    console.print(
        fmt::format("\ninterrupted; nothing finished is lost. Go on with:\n  cadre resume {}{}\n",
                    outcome->run, where));
  } else {
    console.print(render_summary(*outcome, places.out_dir, seconds));
    const auto& spending = shop.mind.spending;
    if (spending != nullptr && spending->used().model_calls > 0)
      console.print(fmt::format("models      {}\n", spending->describe()));
    if (places.change) console.print(change_lines(*places.change, *outcome));
    if ((outcome->status == "refused" || places.change) && result)
      console.print(fmt::format("result      {}\n", result->string()));
    console.print(
        fmt::format("run         {}  (cadre report {}{})\n", outcome->run, outcome->run, where));
  }
  return result ? outcome->exit_code : report_error(console, result.error());
}

// A disk that has no room for a memory is no reason not to run.
Result<void> remember(const Console& console, Workbench& shop, const Plan& plan,
                      const std::filesystem::path& state, const ModelAround& around) {
  auto memory = open_memory(state, plan.name, shop.mind.spec, around);
  if (!memory && memory.error().code == ErrorCode::kIo) {
    console.warn("nothing is remembered of this run: " + memory.error().message);
    return {};
  }
  if (!memory) return propagate(memory);
  shop.parts.memory = std::move(*memory);
  shop.parts.secrets = known_secrets();
  return {};
}

class Stopwatch {
 public:
  double seconds() { return static_cast<double>(clock_.now_us() - start_) / 1e6; }

 private:
  SystemClock clock_;
  std::int64_t start_ = clock_.now_us();
};

Result<std::filesystem::path> full_path(const std::filesystem::path& path) {
  std::error_code error;
  auto full = std::filesystem::absolute(path, error).lexically_normal();
  if (error)
    return fail(ErrorCode::kIo, fmt::format("cannot find {}: {}", path.string(), error.message()));
  return full;
}

Result<void> check_choices(const RunArguments& arguments) {
  if (arguments.stack != "python") {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("there is no stack \"{}\" in this version", arguments.stack),
                "python is the only one");
  }
  return {};
}

// What a run works from beside the brief, and where its files go.
struct Ground {
  std::shared_ptr<ChangeRun> change;  // with --on
  std::filesystem::path out_dir;
  bool made_up = false;  // nobody asked for a folder of this name
  std::optional<Artifact> input;

  // A folder by a made-up name in which there is nothing does not stay.
  void tidy() const {
    std::error_code not_empty;
    if (made_up) std::filesystem::remove(out_dir, not_empty);
  }
};

Result<Ground> find_ground(const RunArguments& arguments, const Plan& plan,
                           const std::string& brief, bool offline) {
  Ground ground;
  auto change = read_change(arguments, plan, offline);
  if (!change) return propagate(change);
  if (ground.change = *change; ground.change != nullptr) {
    ground.out_dir = ground.change->writer->record().worktree;
    ground.input = std::move(ground.change->input);
    return ground;
  }
  ground.made_up = arguments.out.empty();
  auto out_dir =
      full_path(ground.made_up ? free_folder(".", folder_name_for(brief)) : arguments.out);
  if (!out_dir) return propagate(out_dir);
  ground.out_dir = std::move(*out_dir);
  auto input = read_inputs(plan, arguments.inputs);
  if (!input) return propagate(input);
  ground.input = std::move(*input);
  return ground;
}

RunOptions run_options(const RunArguments& arguments, const Plan& plan, Ground& ground,
                       bool offline) {
  RunOptions options;
  options.run = ground.change ? ground.change->run
                              : make_run_id(SystemClock().now_us(), workshop::random_seed());
  options.input = std::move(ground.input);
  if (workshop::runs_programs(plan)) {
    JsonObject parameters;
    if (offline) parameters["stack"] = arguments.stack;  // else the architecture says it
    parameters["no_sandbox"] = arguments.no_sandbox;
    options.parameters = std::move(parameters);
  }
  options.out_dir = ground.out_dir;
  options.timeout_s = workshop::shorter(arguments.timeout_s, arguments.around.max_time_s);
  return options;
}

}  // namespace

namespace {

int begin_run(const Console& console, const RunArguments& arguments) {
  Stopwatch watch;
  if (auto good = check_choices(arguments); !good) return report_error(console, good.error());
  if (auto good = check_around(arguments.model, arguments.around); !good)
    return report_error(console, good.error());
  auto brief = read_brief_argument(arguments.brief);
  if (!brief) return report_error(console, brief.error());
  const std::string chosen = chosen_model(arguments.model);
  const bool offline = chosen.empty() || chosen == "offline";
  auto sop = choose_sop(arguments, *brief, offline, workshop::tool_names());
  if (!sop) return report_error(console, sop.error());
  const Plan* plan = &sop->plan;
  auto ground = find_ground(arguments, *plan, *brief, offline);
  if (!ground) return report_error(console, ground.error());
  auto policy = open_policy(arguments.policy, arguments.state);
  if (!policy) return report_error(console, policy.error(), kUsage);
  auto sandbox = workshop::check_machine(*plan, arguments.no_sandbox, offline);
  if (!sandbox) return report_error(console, sandbox.error());
  if (auto good = ground->change ? Result<void>() : workshop::check_out_dir(ground->out_dir); !good)
    return report_error(console, good.error());
  auto store = workshop::create_journal(arguments.state);
  if (!store) {
    ground->tidy();
    return report_error(console, store.error());
  }

  InterruptWatch interrupt;
  auto shop =
      open_workbench(*plan, *store, ground->out_dir, *sandbox, arguments.model, arguments.around);
  if (!shop) {
    ground->tidy();
    return report_error(console, shop.error(), kProvider);
  }
  if (ground->change) {
    if (auto opened = open_change(*ground->change, arguments.state); !opened)
      return report_error(console, opened.error());
    shop->parts.project = ground->change->writer;
  }
  shop->parts.policy = std::move(*policy);
  if (arguments.memory.value_or(true)) {
    if (auto good = remember(console, *shop, *plan, arguments.state, arguments.around); !good)
      return report_error(console, good.error());
  }
  Runner runner(shop->parts);
  const std::unique_ptr<Progress> progress = make_progress(console, *plan);
  runner.subscribe([&](const Event& event) { progress->on_event(event); });
  RunOptions options = run_options(arguments, *plan, *ground, offline);
  auto lock = workshop::RunLock::take(arguments.state, options.run);
  if (!lock) return report_error(console, lock.error());
  options.model = shop->mind.spec;
  if (auto kept = workshop::keep_limits(arguments.around, arguments.state, options.run); !kept)
    return report_error(console, kept.error());
  if (!console.quiet && !console.json) {
    console.print(shop->mind.line + "\n");
    if (ground->change) console.print(ground->change->line + "\n");
    if (!sop->line.empty()) console.print(sop->line + "\n");
  }
  auto outcome = runner.start_run(*plan, *brief, options, interrupt.token());
  progress->finish();
  if (!outcome || outcome->status == "refused") ground->tidy();
  if (outcome && outcome->status == "refused" && shop->mind.spec == "offline" &&
      !workshop::makes_software(*plan)) {
    outcome->details = JsonObject{
        {"help", fmt::format("the SOP {} needs a language model: --model openai:NAME, "
                             "anthropic:NAME, ollama:NAME, URL#NAME, or CADRE_MODEL",
                             plan->name)}};
  }
  return conclude(console, *shop, outcome,
                  {ground->out_dir, arguments.state, &*plan, ground->change}, watch.seconds());
}

int go_on(const Console& console, const RunReference& reference,
          const ResumeArguments& arguments) {
  Stopwatch watch;
  auto store = workshop::open_journal(reference.state, false);
  if (!store) return report_error(console, store.error());
  auto info = workshop::find_run(**store, reference.run);
  if (!info) return report_error(console, info.error());
  auto lock = workshop::RunLock::take(reference.state, info->run);
  if (!lock) return report_error(console, lock.error(), kUsage);
  auto state = load_state(**store, info->run);
  if (!state) return report_error(console, state.error());
  // A run that has ended is only shown again: nothing of it runs.
  const bool open = state->status == "running" || state->status == "interrupted" ||
                    state->status == "waiting";
  auto policy = open_policy(arguments.policy, reference.state);
  if (!policy) return report_error(console, policy.error(), kUsage);
  // The same mind as before, unless another is named; none is needed to show what has ended.
  const std::string model = !open                     ? "offline"
                            : arguments.model.empty() ? json::get_string(state->start, "model",
                                                                         "offline")
                                                      : arguments.model;
  Result<std::shared_ptr<const SandboxSupport>> sandbox = nullptr;
  if (open)
    sandbox = workshop::check_machine(*state->plan, arguments.no_sandbox, model == "offline");
  if (!sandbox) return report_error(console, sandbox.error());

  InterruptWatch interrupt;
  const std::filesystem::path out_dir = info->out_dir;
  auto change = resume_change(reference.state, info->run, *state->plan, open);
  if (!change) return report_error(console, change.error());
  ModelAround around = arguments.around;
  workshop::restore_limits(around, reference.state, info->run);
  if (auto good = check_around(model, around); !good) return report_error(console, good.error());
  auto shop = open_workbench(*state->plan, *store, out_dir, *sandbox, model, around);
  if (!shop) return report_error(console, shop.error(), kProvider);
  if (*change) shop->parts.project = (*change)->writer;
  const RunReport earlier = open ? workshop::spent_earlier(**store, info->run) : RunReport();
  if (shop->mind.spending != nullptr && open)
    workshop::count_earlier(*shop->mind.spending, earlier);
  shop->parts.policy = std::move(*policy);
  // A run that began without a memory stays without.
  if (arguments.memory.value_or(true) && json::get_bool(state->start, "remembers")) {
    if (auto good = remember(console, *shop, *state->plan, reference.state, around); !good)
      return report_error(console, good.error());
  }
  Runner runner(shop->parts);
  const std::unique_ptr<Progress> progress = make_progress(console, *state->plan);
  runner.subscribe([&](const Event& event) { progress->on_event(event); });
  ResumeOptions options;
  if (around.max_time_s > 0)
    options.left_us = std::int64_t{around.max_time_s} * 1'000'000 - earlier.working_us;
  const auto outcome = runner.resume_run(info->run, options, interrupt.token());
  progress->finish();
  return conclude(console, *shop, outcome,
                  {out_dir, reference.state, state->plan.get(), *change}, watch.seconds());
}

}  // namespace

int run_command(const Console& console, const RunArguments& given) {
  auto config = read_config();
  if (!config) return report_error(console, config.error());
  RunArguments arguments = given;
  apply_config(*config, arguments);
  return begin_run(console, arguments);
}

int resume_command(const Console& console, const RunReference& reference,
                   const ResumeArguments& given) {
  auto config = read_config();
  if (!config) return report_error(console, config.error());
  ResumeArguments arguments = given;
  apply_config(*config, arguments);
  return go_on(console, reference, arguments);
}

}  // namespace cadre::cli
