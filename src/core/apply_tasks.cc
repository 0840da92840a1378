// The agent loop: tasks of a stage, the provider's turns, tool calls and their results.
#include <fmt/core.h>

#include <algorithm>
#include <unordered_map>

#include "core/engine.h"
#include "core/provider_json.h"

namespace cadre::detail {

void Engine::on_tasks_planned(std::size_t stage) {
  StageState& state = s_.stages[stage];
  std::vector<Finding> findings = findings_from_json(json::get_array(event_.body, "findings"));
  const JsonArray& items = json::get_array(event_.body, "tasks");
  const std::string problem = findings.empty() ? link_tasks(stage, items) : std::string();
  if (!problem.empty()) {
    findings.push_back({"tasks", "high", problem, "", spec(stage).fan_out->artifact});
  }
  if (!findings.empty()) return end_stage(stage, "failed", findings);
  if (state.tasks.empty()) {  // nobody planned anything for this role: the stage is one task
    StageTask task;
    task.id = spec(stage).id;
    task.title = spec(stage).title;
    state.tasks.push_back(std::move(task));
  }
  for (std::size_t i = 0; i < state.tasks.size(); ++i) {
    if (state.tasks[i].blockers == 0) queue_ready(stage, static_cast<int>(i));
  }
  schedule();
}

// Fills the stage's tasks and their dependencies; says what is wrong with them, or "".
std::string Engine::link_tasks(std::size_t stage, const JsonArray& items) {
  std::vector<StageTask>& tasks = s_.stages[stage].tasks;
  std::unordered_map<std::string, int> index;
  for (const Json& item : items) {
    StageTask task;
    task.id = json::get_string(item, "id");
    task.title = json::get_string(item, "title", task.id);
    if (const Json* parameters = json::find(item, "parameters")) task.parameters = *parameters;
    if (task.id.empty()) return "a task has no id";
    if (!index.emplace(task.id, static_cast<int>(tasks.size())).second) {
      return fmt::format("there are two tasks {}", task.id);
    }
    tasks.push_back(std::move(task));
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    for (const std::string& before : json::get_strings(items[i], "depends_on")) {
      const auto at = index.find(before);
      if (at == index.end()) continue;  // another role's task: the stages' order sees to it
      tasks[static_cast<std::size_t>(at->second)].dependents.push_back(static_cast<int>(i));
      tasks[i].blockers++;
    }
  }
  // Kahn's count: what can never become free stands in a circle.
  std::vector<int> blockers, free;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    blockers.push_back(tasks[i].blockers);
    if (tasks[i].blockers == 0) free.push_back(static_cast<int>(i));
  }
  for (std::size_t done = 0; done < free.size(); ++done) {
    for (const int next : tasks[static_cast<std::size_t>(free[done])].dependents) {
      if (--blockers[static_cast<std::size_t>(next)] == 0) free.push_back(next);
    }
  }
  if (free.size() == tasks.size()) return "";
  const auto stuck = std::ranges::find_if(blockers, [](int count) { return count > 0; });
  return fmt::format("the tasks around {} depend on each other in a circle",
                     tasks[static_cast<std::size_t>(stuck - blockers.begin())].id);
}

void Engine::queue_ready(std::size_t stage, int task) {
  StageState& state = s_.stages[stage];
  state.tasks[static_cast<std::size_t>(task)].status = TaskStatus::kReady;
  s_.ready.push_back({static_cast<int>(stage), state.round, task});
}

// Starts ready tasks, first come first served, as far as there are slots.
void Engine::schedule() {
  while (!s_.ending && !s_.ready.empty() && s_.active_tasks < s_.plan->limits.parallel_tasks) {
    const ReadyTask next = s_.ready.front();
    s_.ready.pop_front();
    const auto stage = static_cast<std::size_t>(next.stage);
    StageState& state = s_.stages[stage];
    const bool open = state.status == StageStatus::kWorking && !state.closing;
    if (state.round != next.round || !open) continue;
    StageTask& task = state.tasks[static_cast<std::size_t>(next.task)];
    if (task.status != TaskStatus::kReady) continue;
    task.status = TaskStatus::kActive;
    state.active_tasks++;
    s_.active_tasks++;
    JsonObject started = body(stage, next.task, "agent/" + place(stage, next.task));
    started["role"] = spec(stage).role;
    started["title"] = task.title;
    draft(EventKind::kAgentStarted, state.started_seq, spec(stage).role, std::move(started),
          next.stage, next.task);
  }
}

void Engine::on_agent_started(std::size_t stage, int task) {
  s_.stages[stage].tasks[static_cast<std::size_t>(task)].started_seq = event_.seq;
  ask_turn(stage, task);
}

void Engine::ask_turn(std::size_t stage, int task) {
  StageState& state = s_.stages[stage];
  StageTask& work = state.tasks[static_cast<std::size_t>(task)];
  if (work.status != TaskStatus::kActive || state.closing || s_.ending) return;
  if (work.turn >= s_.plan->limits.turns_max) {
    JsonObject more;
    more["findings"] = to_json(std::vector<Finding>{
        {"turns", "high", fmt::format("no result after {} turns", work.turn), "",
         spec(stage).makes.front()}});
    return end_task(stage, task, "failed", std::move(more));
  }
  work.turn++;
  Effect effect;
  effect.kind = Effect::Kind::kTurn;
  effect.key = fmt::format("{}/turn:{}", place(stage, task), work.turn);
  effect.stage = static_cast<int>(stage);
  effect.round = state.round;
  effect.task = task;
  effect.turn = work.turn;
  effect.parent = work.started_seq;
  emit(std::move(effect));
}

void Engine::on_turn_ended(const Effect& effect) {
  s_.model_calls++;
  const auto stage = static_cast<std::size_t>(effect.stage);
  StageTask& task = s_.stages[stage].tasks[static_cast<std::size_t>(effect.task)];
  JsonObject more;
  if (!json::get_bool(event_.body, "ok")) {
    const Json* error = json::find(event_.body, "error");
    more["error"] = error != nullptr ? *error : Json(JsonObject{});
    return end_task(stage, effect.task, "failed", std::move(more));
  }
  task.replies.push_back(say("reply"));
  const JsonArray& calls = json::get_array(event_.body, "calls");
  if (!calls.empty()) return on_calls(effect, task, calls);
  if (const Json* refusal = json::find(event_.body, "refusal"); refusal && refusal->is_object()) {
    more["refusal"] = *refusal;
    return end_task(stage, effect.task, "refused", std::move(more));
  }
  task.artifacts = refs_from_json(json::get_array(event_.body, "artifacts"), spec(stage).role);
  std::vector<Finding> findings = findings_from_json(json::get_array(event_.body, "findings"));
  const bool whole = !spec(stage).fan_out.has_value();
  for (Finding& finding : check_makes(stage, task.artifacts, whole)) {
    findings.push_back(std::move(finding));
  }
  more["artifacts"] = refs_to_json(task.artifacts);
  if (!findings.empty()) more["findings"] = to_json(findings);
  end_task(stage, effect.task, findings.empty() ? "done" : "failed", std::move(more));
}

void Engine::on_calls(const Effect& effect, StageTask& task, const JsonArray& calls) {
  const auto stage = static_cast<std::size_t>(effect.stage);
  const AgentConfig* agent = find_agent(*s_.plan, spec(stage).role);
  task.turn_calls = task.results.size();
  task.open_calls = static_cast<int>(calls.size());
  for (std::size_t i = 0; i < calls.size(); ++i) {
    ResultRef result;
    result.call_id = json::get_string(calls[i], "id");
    result.tool = json::get_string(calls[i], "tool");
    task.results.push_back(std::move(result));
    const ResultRef& call = task.results.back();
    const std::string key = fmt::format("{}/call:{}", effect.key, i);
    const bool listed =
        agent != nullptr && std::ranges::find(agent->tools, call.tool) != agent->tools.end();
    if (agent == nullptr || (!listed && call.tool != kDeliverTool)) {
      JsonObject denied = body(stage, effect.task, key);
      denied["turn"] = effect.turn;
      denied["call"] = call.call_id;
      denied["tool"] = call.tool;
      denied["index"] = task.turn_calls + i;
      denied["verdict"] = "denied";
      denied["reason"] = fmt::format("{} has no tool {}", spec(stage).role, call.tool);
      draft(EventKind::kGuardrail, task.started_seq, spec(stage).role, std::move(denied),
            effect.stage, effect.task);
      continue;
    }
    Effect run = effect;
    run.kind = Effect::Kind::kTool;
    run.key = key;
    run.call = task.turn_calls + i;
    run.parent = task.started_seq;
    run.started_seq = 0;
    run.attempts = 0;
    emit_call(std::move(run), call.tool, *agent, calls[i]);
  }
}

// A call, or the question whether it may be done.
void Engine::emit_call(Effect run, const std::string& tool, const AgentConfig& agent,
                       const Json& call) {
  const bool asks = tool == kAskUserTool;
  const bool held = std::ranges::find(agent.approvals, tool) != agent.approvals.end();
  if (!asks && !held) return emit(std::move(run));
  const Json* arguments = json::find(call, "arguments");
  JsonObject details;
  details["tool"] = tool;
  if (arguments != nullptr) details["arguments"] = *arguments;
  if (asks) {
    std::string question;
    if (arguments != nullptr) question = json::get_string(*arguments, "question");
    if (question.empty()) question = fmt::format("{} asks without a question", agent.role);
    return hold(std::move(run), "question", "question:" + agent.role, std::move(question),
                std::move(details));
  }
  hold(std::move(run), "tool", "tool:" + tool, fmt::format("may {} call {}?", agent.role, tool),
       std::move(details));
}

void Engine::on_call_denied(std::size_t stage, int task) {
  StageTask& work = s_.stages[stage].tasks[static_cast<std::size_t>(task)];
  const auto index = static_cast<std::size_t>(json::get_int(event_.body, "index"));
  if (index >= work.results.size()) return;
  ResultRef& result = work.results[index];
  result.done = true;
  JsonObject error;
  error["error"] = say("reason");
  error["code"] = to_string(ErrorCode::kDenied);
  result.value = std::move(error);
  call_done(stage, task);
}

void Engine::on_tool_ended(const Effect& effect) {
  s_.tool_calls++;
  const auto stage = static_cast<std::size_t>(effect.stage);
  StageTask& task = s_.stages[stage].tasks[static_cast<std::size_t>(effect.task)];
  ResultRef& result = task.results[effect.call];
  result.done = true;
  result.ok = json::get_bool(event_.body, "ok");
  if (const Json* value = json::find(event_.body, "value")) result.value = *value;
  result.blob = say("blob");
  call_done(stage, effect.task);
}

void Engine::call_done(std::size_t stage, int task) {
  StageTask& work = s_.stages[stage].tasks[static_cast<std::size_t>(task)];
  if (--work.open_calls == 0) ask_turn(stage, task);
}

void Engine::end_task(std::size_t stage, int task, std::string_view status, JsonObject more) {
  const StageTask& work = s_.stages[stage].tasks[static_cast<std::size_t>(task)];
  JsonObject ended = body(stage, task, "agent_end/" + place(stage, task));
  ended["role"] = spec(stage).role;
  ended["status"] = status;
  ended["turns"] = work.turn;
  for (auto& member : more) ended[member.key()] = std::move(member.value());
  draft(EventKind::kAgentEnded, work.started_seq, spec(stage).role, std::move(ended),
        static_cast<int>(stage), task);
}

void Engine::on_agent_ended(std::size_t stage, int task) {
  StageState& state = s_.stages[stage];
  StageTask& work = state.tasks[static_cast<std::size_t>(task)];
  const std::string status = say("status");
  state.active_tasks--;
  s_.active_tasks--;
  if (status == "superseded") {
    work.status = TaskStatus::kSuperseded;
    return schedule();
  }
  if (status == "refused") {
    const Refusal refusal = refusal_from_json(*json::find(event_.body, "refusal"));
    return end_run("refused", 4, refusal.reason, to_json(refusal));
  }
  if (const Json* error = json::find(event_.body, "error")) {
    const Error why = error_from_json(*error);
    if (why.code == ErrorCode::kExhausted) return end_run("budget", 6, why.describe(), *error);
    return end_run("failed", why.code == ErrorCode::kUnavailable ? 7 : 1, why.describe(), *error);
  }
  if (status == "failed") {
    work.status = TaskStatus::kFailed;
    end_stage(stage, "failed", findings_from_json(json::get_array(event_.body, "findings")));
    return schedule();
  }
  work.status = TaskStatus::kDone;
  state.done_tasks++;
  for (const int next : work.dependents) {
    if (--state.tasks[static_cast<std::size_t>(next)].blockers == 0) queue_ready(stage, next);
  }
  schedule();
  if (state.done_tasks == static_cast<int>(state.tasks.size())) all_tasks_done(stage);
}

void Engine::all_tasks_done(std::size_t stage) {
  StageState& state = s_.stages[stage];
  if (!spec(stage).fan_out) return store_artifacts(stage, state.tasks.front().artifacts);
  Effect effect;
  effect.kind = Effect::Kind::kJoin;
  effect.key = "join/" + place(stage);
  effect.stage = static_cast<int>(stage);
  effect.round = state.round;
  effect.parent = state.started_seq;
  emit(std::move(effect));
}

}  // namespace cadre::detail
