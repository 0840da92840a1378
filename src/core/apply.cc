#include "core/apply.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/engine.h"
#include "core/provider_json.h"

namespace cadre {
namespace detail {

Result<void> Engine::run() {
  if (event_.run != s_.run || event_.seq != s_.last_seq + 1) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("event {} of run {} came where event {} of run {} was due", event_.seq,
                            event_.run, s_.last_seq + 1, s_.run));
  }
  if ((event_.kind == EventKind::kRunStarted) != (event_.seq == 1)) {
    return fail(ErrorCode::kCorrupt, "a run begins with run_started, and with that alone");
  }
  s_.last_seq = event_.seq;
  s_.last_us = event_.time_us;
  const Json* key = json::find(event_.body, "key");
  if (key == nullptr || !key->is_string()) return on_free_event();
  if (!s_.drafts.empty() && s_.drafts.front().event.kind == event_.kind &&
      json::get_string(s_.drafts.front().event.body, "key") == json::as_view(key->get_string())) {
    const Draft draft = std::move(s_.drafts.front());
    s_.drafts.pop_front();
    return on_record(draft);
  }
  return on_effect(std::string(json::as_view(key->get_string())));
}

// Events that nobody commanded: the outside world.
Result<void> Engine::on_free_event() {
  switch (event_.kind) {
    case EventKind::kRunStarted: on_run_started(); return {};
    case EventKind::kRunInterrupted:
      s_.status = say("status") == "waiting" ? "waiting" : "interrupted";
      return {};
    case EventKind::kApprovalDecided: return on_approval_decided();
    case EventKind::kRunResumed: s_.status = "running"; return {};
    case EventKind::kNote: return {};
    case EventKind::kBudget:
      if (!s_.ending) end_run("budget", 6, say("reason"), event_.body);
      return {};
    default:
      return fail(ErrorCode::kCorrupt, fmt::format("event {} ({}) names no command", event_.seq,
                                                   to_string(event_.kind)));
  }
}

Result<void> Engine::on_record(const Draft& draft) {
  const auto stage = static_cast<std::size_t>(std::max(draft.stage, 0));
  switch (event_.kind) {
    case EventKind::kHandoffRequested: on_handoff_requested(stage); break;
    case EventKind::kHandoffAccepted:
      s_.handoffs.accepted++;
      if (!s_.ending && !s_.stages[stage].closing) {
        JsonObject started = body(stage, "stage/" + place(stage));
        started["title"] = spec(stage).title;
        started["role"] = spec(stage).role;
        this->draft(EventKind::kStageStarted, s_.started_seq, spec(stage).role, std::move(started),
                    draft.stage);
      }
      break;
    case EventKind::kHandoffRefused: on_handoff_refused(stage); break;
    case EventKind::kStageStarted: on_stage_started(stage); break;
    case EventKind::kAgentStarted: on_agent_started(stage, draft.task); break;
    case EventKind::kGuardrail: on_call_denied(stage, draft.task); break;
    case EventKind::kAgentEnded: on_agent_ended(stage, draft.task); break;
    case EventKind::kApprovalRequested: on_approval_requested(); break;
    case EventKind::kArtifactStored: on_artifact_stored(stage); break;
    case EventKind::kStageEnded: on_stage_ended(stage); break;
    case EventKind::kRunEnded:
      s_.status = say("status");
      s_.exit_code = static_cast<int>(json::get_int(event_.body, "exit_code"));
      break;
    default: return fail(ErrorCode::kCorrupt, "a draft of a kind that is no decision");
  }
  return {};
}

Result<void> Engine::on_effect(const std::string& key) {
  const auto at = s_.effects.find(key);
  if (at == s_.effects.end()) {
    return fail(ErrorCode::kCorrupt, fmt::format("event {} ({}) answers \"{}\", which is not open",
                                                 event_.seq, to_string(event_.kind), key));
  }
  switch (event_.kind) {
    case EventKind::kModelCallStarted:
    case EventKind::kToolCallStarted:
    case EventKind::kGateStarted:
    case EventKind::kProjectStarted:
      at->second.started_seq = event_.seq;
      at->second.attempts++;
      return {};
    default: break;
  }
  const Effect effect = std::move(at->second);
  s_.effects.erase(at);
  if (effect.orphan) return {};  // superseded while it ran: recorded, of no consequence
  finish_effect(effect);
  return {};
}

void Engine::finish_effect(const Effect& effect) {
  const auto stage = static_cast<std::size_t>(effect.stage);
  switch (effect.kind) {
    case Effect::Kind::kCapability: on_capability(stage); break;
    case Effect::Kind::kPlanTasks: on_tasks_planned(stage); break;
    case Effect::Kind::kTurn: on_turn_ended(effect); break;
    case Effect::Kind::kTool: on_tool_ended(effect); break;
    case Effect::Kind::kJoin: on_artifacts_joined(stage); break;
    case Effect::Kind::kGate: on_gate_ended(stage); break;
    case Effect::Kind::kProject: on_project_ended(); break;
  }
}

void Engine::on_run_started() {
  s_.status = "running";
  s_.started_seq = event_.seq;
  s_.started_us = event_.time_us;
  s_.start = event_.body;
  for (ArtifactRef& given : refs_from_json(json::get_array(event_.body, "inputs"), "user")) {
    std::string type = given.type;
    s_.artifacts[std::move(type)] = std::move(given);
  }
  open_ready_stages();
}

// Ends the run: what is open is dropped, except writing what was made to the project folder.
void Engine::end_run(std::string status, int exit_code, std::string reason, Json details) {
  s_.ending = Ending{std::move(status), exit_code, std::move(reason), std::move(details)};
  s_.drafts.clear();
  s_.ready.clear();
  for (auto& [key, effect] : s_.effects) {
    if (effect.kind != Effect::Kind::kProject) effect.orphan = true;
  }
  std::erase_if(s_.effects, [](const auto& entry) {
    return entry.second.orphan && entry.second.started_seq == 0;
  });
  std::erase_if(s_.fresh, [&](const std::string& key) { return !s_.effects.contains(key); });
  finish_ending();
}

void Engine::finish_ending() {
  const bool writing = std::ranges::any_of(s_.effects, [](const auto& entry) {
    return entry.second.kind == Effect::Kind::kProject && !entry.second.orphan;
  });
  if (writing) return;
  JsonObject ended;
  ended["key"] = "run";
  ended["status"] = s_.ending->status;
  ended["exit_code"] = s_.ending->exit_code;
  ended["reason"] = s_.ending->reason;
  ended["details"] = s_.ending->details;
  draft(EventKind::kRunEnded, s_.started_seq, s_.plan->lead, std::move(ended));
}

void Engine::check_all_done() {
  const auto done = [](const StageState& stage) { return stage.status == StageStatus::kDone; };
  if (s_.ending || !std::ranges::all_of(s_.stages, done)) return;
  const auto incomplete = [](const auto& entry) { return entry.second.incomplete; };
  if (std::ranges::any_of(s_.artifacts, incomplete)) {
    end_run("incomplete", 3, "done, but something that was stated is not covered", JsonObject{});
  } else {
    end_run("done", 0, "", JsonObject{});
  }
}

void Engine::emit_project(std::size_t stage, bool passed) {
  Effect effect;
  effect.kind = Effect::Kind::kProject;
  effect.key = "project/" + place(stage);
  effect.stage = static_cast<int>(stage);
  effect.round = s_.stages[stage].round;
  effect.parent = s_.started_seq;
  effect.passed = passed;
  effect.time_us = event_.time_us;
  for (const auto& [type, ref] : s_.artifacts) effect.artifacts[type] = ref.blob;
  emit(std::move(effect));
}

void Engine::on_project_ended() {
  if (!json::get_bool(event_.body, "ok")) {
    const Json* error = json::find(event_.body, "error");
    const Json details = error != nullptr ? *error : Json(JsonObject{});
    for (auto& [key, effect] : s_.effects) effect.orphan = true;
    end_run("failed", 1, "cannot write the project: " + error_from_json(details).describe(),
            details);
  } else if (s_.ending) {
    finish_ending();
  }
}

std::string Engine::place(std::size_t stage) const {
  return fmt::format("{}#{}", spec(stage).id, s_.stages[stage].round);
}

std::string Engine::place(std::size_t stage, int task) const {
  const auto index = static_cast<std::size_t>(task);
  return fmt::format("{}#{}/{}", spec(stage).id, s_.stages[stage].round,
                     s_.stages[stage].tasks[index].id);
}

JsonObject Engine::body(std::size_t stage, std::string key) const {
  JsonObject object;
  object["key"] = std::move(key);
  object["stage"] = spec(stage).id;
  object["round"] = s_.stages[stage].round;
  return object;
}

JsonObject Engine::body(std::size_t stage, int task, std::string key) const {
  JsonObject object = body(stage, std::move(key));
  object["task"] = s_.stages[stage].tasks[static_cast<std::size_t>(task)].id;
  return object;
}

void Engine::draft(EventKind kind, std::int64_t parent, std::string actor, JsonObject body,
                   int stage, int task) {
  Event event;
  event.run = s_.run;
  event.parent = parent;
  event.kind = kind;
  event.actor = std::move(actor);
  event.body = std::move(body);
  s_.drafts.push_back({std::move(event), stage, task});
}

void Engine::emit(Effect effect) {
  std::string key = effect.key;
  effect.order = ++s_.effects_made;
  s_.fresh.push_back(key);
  s_.effects.insert_or_assign(std::move(key), std::move(effect));
}

// The stage starts over or fails: what runs for it may finish, and then nothing follows from it.
void Engine::drop_effects(std::size_t stage) {
  for (auto& [key, effect] : s_.effects) {
    if (effect.stage == static_cast<int>(stage) && effect.kind != Effect::Kind::kProject) {
      effect.orphan = true;
    }
  }
  std::erase_if(s_.effects, [](const auto& entry) {
    return entry.second.orphan && entry.second.started_seq == 0;
  });
  std::erase_if(s_.fresh, [&](const std::string& key) { return !s_.effects.contains(key); });
}

}  // namespace detail

RunState make_state(std::string run, std::shared_ptr<const Plan> plan) {
  RunState state;
  state.run = std::move(run);
  state.stages.resize(plan->stages.size());
  state.plan = std::move(plan);
  return state;
}

Result<void> apply(RunState& state, const Event& event) {
  return detail::Engine(state, event).run();
}

const Event* next_record(const RunState& state) {
  return state.drafts.empty() ? nullptr : &state.drafts.front().event;
}

std::vector<std::string> take_effects(RunState& state) { return std::exchange(state.fresh, {}); }

std::vector<std::string> open_effects(const RunState& state) {
  std::vector<const Effect*> open;
  for (const auto& [key, effect] : state.effects) {
    if (!effect.orphan && !effect.held) open.push_back(&effect);
  }
  std::ranges::sort(open, {}, &Effect::order);
  std::vector<std::string> keys;
  for (const Effect* effect : open) keys.push_back(effect->key);
  return keys;
}

const Effect* find_effect(const RunState& state, const std::string& key) {
  const auto at = state.effects.find(key);
  return at == state.effects.end() ? nullptr : &at->second;
}

Event run_started(const RunState& state, JsonObject start) {
  Event event;
  event.run = state.run;
  event.kind = EventKind::kRunStarted;
  event.actor = state.plan->lead;
  event.body = std::move(start);
  return event;
}

}  // namespace cadre
