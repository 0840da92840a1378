#include "runtime/runner.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/text.h"
#include "core/apply.h"
#include "core/provider_json.h"
#include "runtime/remembering.h"
#include "runtime/run_loop.h"

namespace cadre {
namespace {

constexpr std::size_t kTitleBytes = 80;

std::string title_of(const std::string& brief) {
  const std::string clean = text::clean_utf8(brief);
  const auto lines = text::lines(text::trim(clean));
  return lines.empty() ? std::string() : text::shorten(lines.front(), kTitleBytes);
}

Result<Json> read_json(Store& store, const std::string& blob) {
  auto bytes = store.get_blob(blob);
  if (!bytes) return propagate(bytes);
  return json::parse(*bytes);
}

std::filesystem::path scratch_root(const std::filesystem::path& asked) {
  return asked.empty() ? std::filesystem::temp_directory_path() / "cadre" : asked;
}

// What the user gives beside the brief is what the plan asks for.
Result<void> check_input(const Plan& plan, const GateKeeper& gates,
                         const std::optional<Artifact>& input) {
  if (!input && plan.input.empty()) return {};
  if (!input) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the SOP {} works from {}, and none were given", plan.name, plan.input),
                "give them with --input FILE...");
  }
  if (input->type != plan.input) {
    return fail(ErrorCode::kInvalidInput,
                plan.input.empty()
                    ? fmt::format("the SOP {} takes nothing beside the brief", plan.name)
                    : fmt::format("the SOP {} takes {}, not {}", plan.name, plan.input,
                                  input->type),
                "leave --input away");
  }
  const auto issues = gates.check_artifact(plan, input->type, input->data);
  if (issues.empty()) return {};
  return fail(ErrorCode::kInvalidInput,
              fmt::format("what was given as {} does not fit at {}: {}", input->type,
                          issues[0].path.empty() ? "/" : issues[0].path, issues[0].message));
}

LoadText loader_of(Store& store) {
  return [&store](const std::string& address) { return store.get_blob(address); };
}

// What a run that has stopped leaves in the memory. The run's outcome stands, whatever comes of it.
Result<RunOutcome> remembered(const RunnerParts& parts, Result<RunOutcome> outcome) {
  if (parts.memory == nullptr || !outcome) return outcome;
  const auto kept = [&]() -> Result<void> {
    auto journal = parts.store->read(outcome->run);
    if (!journal) return propagate(journal);
    auto left = left_memory(journal->events, loader_of(*parts.store), parts.secrets);
    if (!left) return propagate(left);
    if (auto noted = parts.memory->remember(outcome->run, left->notes); !noted) return noted;
    return left->ended ? parts.memory->learn(left->lessons) : Result<void>();
  }();
  if (!kept) outcome->memory_fault = kept.error().describe();
  return outcome;
}

}  // namespace

Result<RunOutcome> Runner::start_run(const Plan& plan, const std::string& brief,
                                     const RunOptions& options, std::stop_token stop) {
  if (!text::is_valid_utf8(brief)) {
    return fail(ErrorCode::kInvalidInput, "the brief is not valid UTF-8 text");
  }
  // Through its JSON form: what runs is what the journal holds, and it is checked on the way.
  const std::string plan_bytes = json::write(to_json(plan));
  auto stored = plan_from_json(to_json(plan));
  if (!stored) return propagate(stored);
  if (auto good = check_input(*stored, *parts_.gates, options.input); !good) {
    return propagate(good);
  }
  const std::int64_t now = parts_.clock->now_us();
  Rng rng(parts_.seed ^ static_cast<std::uint64_t>(now));
  const std::string run = options.run.empty() ? make_run_id(now, rng.next()) : options.run;
  const int timeout_s = options.timeout_s > 0 ? options.timeout_s : stored->limits.run_timeout_s;

  JsonObject start;
  start["plan"] = sha256_hex(plan_bytes);
  start["plan_name"] = plan.name;
  start["brief"] = sha256_hex(brief);
  start["title"] = title_of(brief);
  start["provider"] = parts_.provider->name();
  start["parameters"] = options.parameters;
  if (!options.model.empty()) start["model"] = options.model;
  start["out_dir"] = options.out_dir.string();
  start["timeout_s"] = timeout_s;

  RunInfo info;
  info.run = run;
  info.title = title_of(brief);
  info.plan = plan.name;
  info.provider = parts_.provider->name();
  info.out_dir = options.out_dir.string();
  info.created_us = now;

  detail::LoopOptions loop_options;
  loop_options.out_dir = options.out_dir;
  loop_options.work_dir = scratch_root(options.work_dir);
  loop_options.parameters = options.parameters;
  loop_options.deadline_us = now + std::int64_t{timeout_s} * 1'000'000;
  std::vector<std::string> blobs = {plan_bytes, brief};
  if (parts_.memory != nullptr) {
    auto offered = offer_memory(*parts_.memory, *stored, brief);
    if (!offered) return propagate(offered);
    start["remembers"] = true;
    if (!offered->given.empty()) start[kKnownMember] = std::move(offered->given);
    for (std::string& text : offered->blobs) blobs.push_back(std::move(text));
    loop_options.known = std::move(offered->texts);
  }
  detail::RunLoop loop(parts_, subscribers_,
                       make_state(run, std::make_shared<const Plan>(std::move(*stored))), brief,
                       std::move(loop_options), std::move(info));
  if (options.input) {
    std::string bytes = json::write(to_json(*options.input));
    JsonObject given;
    given["type"] = options.input->type;
    given["blob"] = sha256_hex(bytes);
    given["bytes"] = bytes.size();
    given["files"] = options.input->files.size();
    start["inputs"] = JsonArray{std::move(given)};
    blobs.push_back(std::move(bytes));
  }
  return remembered(parts_, loop.start(std::move(start), std::move(blobs), std::move(stop)));
}

Result<RunState> load_state(Store& store, const std::string& run) {
  auto journal = store.read(run);
  if (!journal) return propagate(journal);
  if (journal->damage) return std::unexpected(*journal->damage);
  if (journal->events.empty()) return fail(ErrorCode::kNotFound, "there is no run " + run);
  const Event& first = journal->events.front();
  if (json::get_string(first.body, "plan_name") == "agents") {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("run {} is of a program with agents of its own", run),
                "that program goes on with it: cadre::resume()");
  }
  auto plan_json = read_json(store, json::get_string(first.body, "plan"));
  if (!plan_json) return propagate(plan_json);
  auto plan = plan_from_json(*plan_json);
  if (!plan) return propagate(plan);
  RunState state = make_state(run, std::make_shared<const Plan>(std::move(*plan)));
  for (const Event& event : journal->events) {
    if (auto applied = apply(state, event); !applied) return propagate(applied);
  }
  return state;
}

Result<RunOutcome> Runner::resume_run(const std::string& run, const ResumeOptions& options,
                                      std::stop_token stop) {
  auto state = load_state(*parts_.store, run);
  if (!state) return propagate(state);
  auto info = parts_.store->info(run);
  if (!info) return propagate(info);
  auto brief = parts_.store->get_blob(json::get_string(state->start, "brief"));
  if (!brief) return propagate(brief);
  const std::int64_t timeout_s =
      options.timeout_s > 0 ? options.timeout_s : json::get_int(state->start, "timeout_s", 3600);

  detail::LoopOptions loop_options;
  loop_options.out_dir = options.out_dir.empty()
                             ? std::filesystem::path(json::get_string(state->start, "out_dir"))
                             : options.out_dir;
  loop_options.work_dir = scratch_root(options.work_dir);
  const Json* parameters = json::find(state->start, "parameters");
  if (parameters != nullptr) loop_options.parameters = *parameters;
  const std::int64_t may_take_us =
      std::min(timeout_s * 1'000'000, options.left_us.value_or(timeout_s * 1'000'000));
  loop_options.deadline_us = parts_.clock->now_us() + std::max<std::int64_t>(may_take_us, 0);
  auto known = offered_texts(state->start, loader_of(*parts_.store));
  if (!known) return propagate(known);
  loop_options.known = std::move(*known);
  const bool ended = state->status != "running" && state->status != "interrupted" &&
                     state->status != "waiting";
  detail::RunLoop loop(parts_, subscribers_, std::move(*state), std::move(*brief),
                       std::move(loop_options), std::move(*info));
  // What an ended run left is told again: it may have been killed before it was kept.
  if (ended) return remembered(parts_, loop.outcome());
  return remembered(parts_, loop.resume(options.unknown, std::move(stop)));
}

}  // namespace cadre
