// What each effect of a run needs to be performed: tasks, inputs and results gathered on the loop
// thread, in a job that owns or shares all of it.
#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "core/provider_json.h"
#include "runtime/run_loop.h"

namespace cadre::detail {
namespace {

// What the user wrote, as gates see it.
std::shared_ptr<const Artifact> brief_artifact(const std::string& brief) {
  Artifact artifact;
  artifact.type = "brief";
  artifact.data = JsonObject{{"text", brief}};
  return std::make_shared<const Artifact>(std::move(artifact));
}

}  // namespace

Result<RunLoop::Job> RunLoop::job_of(const Effect& effect) {
  const auto stage = static_cast<std::size_t>(effect.stage);
  const StageSpec& spec = state_.plan->stages[stage];
  switch (effect.kind) {
    case Effect::Kind::kCapability: {
      auto task = make_task(stage, nullptr);
      if (!task) return propagate(task);
      return Job([provider = parts_.provider, task = std::move(*task)] {
        return perform_capability(*provider, task);
      });
    }
    case Effect::Kind::kPlanTasks: {
      auto tasks = artifact(state_.artifacts[spec.fan_out->artifact].blob);
      if (!tasks) return propagate(tasks);
      return Job([tasks = *tasks, fan_out = *spec.fan_out, role = spec.role,
                  makes = spec.makes] {
        return perform_plan_tasks(*tasks, fan_out, role, makes);
      });
    }
    case Effect::Kind::kTurn: return turn_job(effect);
    case Effect::Kind::kTool: return tool_job(effect);
    case Effect::Kind::kJoin: return join_job(effect);
    case Effect::Kind::kGate: {
      if (spec.gates[effect.gate].name == kApprovalGate) {
        return Job([gate = spec.gates[effect.gate], said = effect.decision.value_or(Decision{})] {
          return perform_approval(gate, said);
        });
      }
      auto all = load_all(current_blobs());
      if (!all) return propagate(all);
      all->try_emplace("brief", brief_artifact(brief_));
      return Job([gates = parts_.gates, gate = spec.gates[effect.gate], all = std::move(*all)] {
        return perform_gate(*gates, gate, all);
      });
    }
    case Effect::Kind::kProject: return project_job(effect);
  }
  return fail(ErrorCode::kInternal, "an effect of no kind");
}

Result<RunLoop::Job> RunLoop::turn_job(const Effect& effect) {
  auto run = task_run(effect);
  if (!run) return propagate(run);
  const auto stage = static_cast<std::size_t>(effect.stage);
  const StageTask& task = state_.stages[stage].tasks[static_cast<std::size_t>(effect.task)];
  if (auto collected = collect_results(task, **run, task.results.size()); !collected) {
    return propagate(collected);
  }
  const bool whole = !state_.plan->stages[stage].fan_out.has_value();
  return Job([provider = parts_.provider, gates = parts_.gates, plan = state_.plan, run = *run,
              whole, stop = stop_.get_token()] {
    return perform_turn(*provider, run->task, run->results, *gates, *plan, whole, stop);
  });
}

Result<RunLoop::Job> RunLoop::tool_job(const Effect& effect) {
  auto run = task_run(effect);
  if (!run) return propagate(run);
  const auto stage = static_cast<std::size_t>(effect.stage);
  const StageTask& task = state_.stages[stage].tasks[static_cast<std::size_t>(effect.task)];
  const std::size_t index = (*run)->first_call + (effect.call - task.turn_calls);
  if (index >= (*run)->task.calls.size()) {
    return fail(ErrorCode::kCorrupt, fmt::format("the reply of {} does not hold the tool call that "
                                                 "the journal names", effect.key));
  }
  std::string folder = effect.key;
  std::ranges::replace_if(folder, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  TaskToolContext context;
  context.run = state_.run;
  context.call_id = (*run)->task.calls[index].id;
  context.task = &(*run)->task;
  context.inputs = (*run)->task.inputs;
  context.out_dir = options_.out_dir;
  context.scratch_dir = options_.work_dir / state_.run / folder;
  context.deadline_us = options_.deadline_us;
  context.stop = stop_.get_token();
  if (effect.decision) context.answer = effect.decision->message;
  if (auto known = rebuild_claims(); !known) return propagate(known);
  context.claims = claims_;
  context.call = index;
  if (auto collected = collect_results(task, **run, (*run)->first_call); !collected) {
    return propagate(collected);
  }
  context.results = std::span(run->get()->results).first((*run)->first_call);
  return Job([tools = parts_.tools, run = *run, index, context = std::move(context)] {
    const ToolCall& call = run->task.calls[index];
    return perform_tool(tools->find(call.tool), call, context);
  });
}

Result<RunLoop::Job> RunLoop::join_job(const Effect& effect) {
  std::vector<std::shared_ptr<const Artifact>> parts;
  for (const StageTask& task : state_.stages[static_cast<std::size_t>(effect.stage)].tasks) {
    for (const ArtifactRef& ref : task.artifacts) {
      auto part = artifact(ref.blob);
      if (!part) return propagate(part);
      parts.push_back(std::move(*part));
    }
  }
  return Job([parts = std::move(parts), gates = parts_.gates, plan = state_.plan] {
    return perform_join(parts, *gates, *plan);
  });
}

Result<RunLoop::Job> RunLoop::project_job(const Effect& effect) {
  auto all = load_all(effect.artifacts);
  if (!all) return propagate(all);
  const StageSpec& spec = state_.plan->stages[static_cast<std::size_t>(effect.stage)];
  StageDone done;
  done.run = state_.run;
  done.plan = state_.plan.get();
  done.stage = &spec;
  done.round = effect.round;
  done.passed = effect.passed;
  done.time_us = effect.time_us;
  done.artifacts = spec.makes;
  done.all = std::move(*all);
  return Job([writer = parts_.project, plan = state_.plan, done = std::move(done)] {
    if (writer != nullptr) return perform_project(*writer, done);
    Performed nothing;
    nothing.result["ok"] = true;
    return nothing;
  });
}

Result<Task> RunLoop::make_task(std::size_t stage, const StageTask* state) {
  const StageSpec& spec = state_.plan->stages[stage];
  const AgentConfig* agent = find_agent(*state_.plan, spec.role);
  Task task;
  task.run = state_.run;
  task.stage = spec.id;
  task.id = state != nullptr ? state->id : spec.id;
  task.role = spec.role;
  task.title = state != nullptr ? state->title : spec.title;
  if (agent != nullptr) task.instructions = agent->instructions;
  task.brief = brief_;
  if (const auto known = options_.known.find(spec.role); known != options_.known.end())
    task.known = known->second;
  task.plan = state_.plan;
  task.makes = spec.makes;
  JsonObject parameters;
  if (options_.parameters.is_object()) parameters = options_.parameters.get_object();
  const bool is_item = state != nullptr && state->parameters.is_object() &&
                       !state->parameters.get_object().empty();
  if (is_item) parameters["item"] = state->parameters;
  task.parameters = std::move(parameters);
  task.round = state_.stages[stage].round;
  task.feedback = state_.stages[stage].feedback;
  std::vector<std::string> needs = spec.needs;
  if (spec.fan_out) needs.push_back(spec.fan_out->artifact);
  for (const std::string& need : needs) {
    const auto at = state_.artifacts.find(need);
    if (at == state_.artifacts.end()) continue;
    auto input = artifact(at->second.blob);
    if (!input) return propagate(input);
    task.inputs[need] = std::move(*input);
  }
  if (task.round > 1) {
    for (const std::string& type : spec.makes) {
      const auto at = state_.artifacts.find(type);
      if (at == state_.artifacts.end()) continue;
      auto made = artifact(at->second.blob);
      if (!made) return propagate(made);
      task.previous[type] = std::move(*made);
    }
  }
  if (is_item) {
    if (auto added = add_item(stage, *state, task); !added) return propagate(added);
  }
  return task;
}

// What a task of a fan-out has for itself: what it makes, where its item says so, and the work of
// the tasks that it depends on, straight or through others.
Result<void> RunLoop::add_item(std::size_t stage, const StageTask& state, Task& task) {
  const auto makes = json::get_strings(state.parameters, "makes");
  if (!makes.empty()) {
    std::erase_if(task.makes, [&](const std::string& type) {
      return std::ranges::find(makes, type) == makes.end();
    });
    std::erase_if(task.previous, [&](const auto& entry) {
      return std::ranges::find(makes, entry.first) == makes.end();
    });
  }
  const std::vector<StageTask>& tasks = state_.stages[stage].tasks;
  const auto at = static_cast<std::size_t>(&state - tasks.data());
  std::vector<bool> needed(tasks.size(), false);
  for (bool again = true; again;) {
    again = false;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      if (needed[i]) continue;
      needed[i] = std::ranges::any_of(tasks[i].dependents, [&](int next) {
        const auto index = static_cast<std::size_t>(next);
        return index == at || needed[index];
      });
      again = again || needed[i];
    }
  }
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (!needed[i]) continue;
    for (const ArtifactRef& ref : tasks[i].artifacts) {
      auto made = artifact(ref.blob);
      if (!made) return propagate(made);
      task.before.push_back(std::move(*made));
    }
  }
  return {};
}

// Who wrote which file, from the journal: after a resume the first writer is still the first.
Result<void> RunLoop::rebuild_claims() {
  if (std::exchange(claims_known_, true)) return {};
  for (std::size_t stage = 0; stage < state_.stages.size(); ++stage) {
    for (const StageTask& task : state_.stages[stage].tasks) {
      std::size_t index = 0;
      for (const std::string& blob : task.replies) {
        auto bytes = parts_.store->get_blob(blob);
        if (!bytes) return propagate(bytes);
        auto reply = json::parse(*bytes);
        if (!reply) return propagate(reply);
        for (const Json& call : json::get_array(*reply, "calls")) {
          const Json* arguments = json::find(call, "arguments");
          const std::string path =
              written_path({"", json::get_string(call, "tool"),
                            arguments != nullptr ? *arguments : Json()});
          const std::size_t at = index++;
          if (path.empty() || at >= task.results.size() || !task.results[at].ok) continue;
          (void)claims_->claim(path, state_.plan->stages[stage].id + "/" + task.id);
        }
      }
    }
  }
  return {};
}

// The task of a turn or a tool call; built anew after a resume, with what its turns noted and the
// calls of the last one.
Result<std::shared_ptr<RunLoop::TaskRun>> RunLoop::task_run(const Effect& effect) {
  const std::string place = effect.key.substr(0, effect.key.rfind("/turn:"));
  if (const auto at = task_runs_.find(place); at != task_runs_.end()) return at->second;
  const auto stage = static_cast<std::size_t>(effect.stage);
  const StageTask& state = state_.stages[stage].tasks[static_cast<std::size_t>(effect.task)];
  auto task = make_task(stage, &state);
  if (!task) return propagate(task);
  auto run = std::make_shared<TaskRun>();
  run->task = std::move(*task);
  run->task.kept = std::make_shared<std::any>();
  for (std::size_t i = 0; i < state.replies.size(); ++i) {
    auto bytes = parts_.store->get_blob(state.replies[i]);
    if (!bytes) return propagate(bytes);
    auto reply = json::parse(*bytes);
    if (!reply) return propagate(reply);
    const Json* memo = json::find(*reply, "memo");
    run->task.memos.push_back(memo != nullptr ? *memo : Json());
    run->first_call = run->task.calls.size();
    for (const Json& call : json::get_array(*reply, "calls")) {
      const Json* arguments = json::find(call, "arguments");
      run->task.calls.push_back({json::get_string(call, "id"), json::get_string(call, "tool"),
                                 arguments != nullptr ? *arguments : Json()});
    }
  }
  task_runs_[place] = run;
  return run;
}

// Brings the results that came since the last turn to the task, in call order.
Result<void> RunLoop::collect_results(const StageTask& state, TaskRun& run, std::size_t count) {
  while (run.results.size() < count) {
    const ResultRef& ref = state.results[run.results.size()];
    ToolResult result;
    result.call_id = ref.call_id;
    result.ok = ref.ok;
    result.value = ref.value;
    if (!ref.blob.empty()) {
      auto bytes = parts_.store->get_blob(ref.blob);
      if (!bytes) return propagate(bytes);
      auto value = json::parse(*bytes);
      if (!value) return propagate(value);
      result.value = std::move(*value);
    }
    run.results.push_back(std::move(result));
  }
  return {};
}

Result<std::shared_ptr<const Artifact>> RunLoop::artifact(const std::string& blob) {
  if (const auto at = artifacts_.find(blob); at != artifacts_.end()) return at->second;
  auto bytes = parts_.store->get_blob(blob);
  if (!bytes) return propagate(bytes);
  auto parsed = json::parse(*bytes);
  if (!parsed) return propagate(parsed);
  auto read = artifact_from_json(*parsed);
  if (!read) return propagate(read);
  auto shared = std::make_shared<const Artifact>(std::move(*read));
  artifacts_[blob] = shared;
  return shared;
}

Result<ArtifactMap> RunLoop::load_all(const std::map<std::string, std::string>& blobs) {
  ArtifactMap all;
  for (const auto& [type, blob] : blobs) {
    auto one = artifact(blob);
    if (!one) return propagate(one);
    all[type] = std::move(*one);
  }
  return all;
}

std::map<std::string, std::string> RunLoop::current_blobs() const {
  std::map<std::string, std::string> blobs;
  for (const auto& [type, ref] : state_.artifacts) {
    if (!ref.stale) blobs[type] = ref.blob;
  }
  return blobs;
}

Result<RunOutcome> RunLoop::outcome() {
  RunOutcome outcome;
  outcome.run = state_.run;
  outcome.status = state_.status;
  outcome.exit_code = state_.status == "interrupted" ? 130
                      : state_.status == "waiting"   ? 8
                                                     : state_.exit_code;
  for (const Approval* approval : pending_approvals(state_)) outcome.waiting.push_back(*approval);
  if (state_.ending) {
    outcome.reason = state_.ending->reason;
    outcome.details = state_.ending->details;
  }
  std::map<std::string, std::string> blobs;
  for (const auto& [type, ref] : state_.artifacts) {
    blobs[type] = ref.blob;
    outcome.made_by[type] = ref.role;
  }
  auto all = load_all(blobs);
  if (!all) return propagate(all);
  outcome.artifacts = std::move(*all);
  outcome.handoffs = state_.handoffs;
  outcome.events = state_.last_seq;
  outcome.started_us = state_.started_us;
  outcome.ended_us = state_.last_us;
  outcome.model_calls = state_.model_calls;
  outcome.tool_calls = state_.tool_calls;
  return outcome;
}

}  // namespace cadre::detail
