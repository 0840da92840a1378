// The events around an effect, and the state as JSON.
#include <fmt/core.h>

#include <array>

#include "core/apply.h"
#include "core/provider_json.h"

namespace cadre {
namespace {

// Where the effect stands; the common part of its intent and its outcome.
JsonObject place_of(const RunState& state, const Effect& effect) {
  JsonObject body;
  body["key"] = effect.key;
  const StageSpec& spec = state.plan->stages[static_cast<std::size_t>(effect.stage)];
  const StageState& stage = state.stages[static_cast<std::size_t>(effect.stage)];
  body["stage"] = spec.id;
  body["round"] = effect.round;
  if (effect.kind == Effect::Kind::kCapability) {
    body["handoff"] = effect.key.substr(effect.key.find('/') + 1);
  }
  if (effect.kind == Effect::Kind::kGate) {
    body["gate"] = spec.gates[effect.gate].name;
    body["artifact"] = spec.gates[effect.gate].artifact;
  }
  if (effect.task < 0 || effect.orphan) return body;
  const StageTask& task = stage.tasks[static_cast<std::size_t>(effect.task)];
  body["task"] = task.id;
  body["turn"] = effect.turn;
  if (effect.kind == Effect::Kind::kTool) {
    body["call"] = task.results[effect.call].call_id;
    body["tool"] = task.results[effect.call].tool;
  }
  return body;
}

struct Kinds {
  EventKind intent, outcome;
  std::string_view actor;
};

Kinds kinds_of(Effect::Kind kind) {
  switch (kind) {
    case Effect::Kind::kCapability:
      return {EventKind::kNote, EventKind::kCapability, "provider"};
    case Effect::Kind::kPlanTasks: return {EventKind::kNote, EventKind::kTasksPlanned, "runtime"};
    case Effect::Kind::kTurn:
      return {EventKind::kModelCallStarted, EventKind::kModelCallEnded, "provider"};
    case Effect::Kind::kTool:
      return {EventKind::kToolCallStarted, EventKind::kToolCallEnded, "tool"};
    case Effect::Kind::kJoin: return {EventKind::kNote, EventKind::kArtifactsJoined, "runtime"};
    case Effect::Kind::kGate: return {EventKind::kGateStarted, EventKind::kGateEnded, "gate"};
    case Effect::Kind::kProject:
      return {EventKind::kProjectStarted, EventKind::kProjectEnded, "runtime"};
  }
  return {EventKind::kNote, EventKind::kNote, "runtime"};
}

JsonObject dump(const StageTask& task) {
  JsonObject object;
  object["id"] = task.id;
  object["status"] = static_cast<int>(task.status);
  object["blockers"] = task.blockers;
  object["turn"] = task.turn;
  object["open_calls"] = task.open_calls;
  object["started_seq"] = task.started_seq;
  JsonArray results;
  for (const ResultRef& result : task.results) {
    JsonObject entry;
    entry["call"] = result.call_id;
    entry["done"] = result.done;
    entry["ok"] = result.ok;
    entry["value"] = result.value;
    entry["blob"] = result.blob;
    results.push_back(std::move(entry));
  }
  object["results"] = std::move(results);
  return object;
}

JsonObject dump(const StageState& stage) {
  JsonObject object;
  object["status"] = static_cast<int>(stage.status);
  object["round"] = stage.round;
  object["reworks"] = stage.reworks;
  object["refusals"] = stage.refusals;
  object["attempt"] = stage.attempt;
  object["source"] = stage.source;
  object["rework_source"] = stage.rework_source;
  object["feedback"] = to_json(stage.feedback);
  object["findings"] = to_json(stage.findings);
  object["active"] = stage.active_tasks;
  object["done"] = stage.done_tasks;
  object["stored"] = stage.stored;
  object["gate"] = stage.gate;
  object["closing"] = stage.closing;
  object["last_failure"] = stage.last_failure;
  object["started_seq"] = stage.started_seq;
  JsonArray tasks;
  for (const StageTask& task : stage.tasks) tasks.push_back(dump(task));
  object["tasks"] = std::move(tasks);
  return object;
}

}  // namespace

bool has_intent(Effect::Kind kind) { return kinds_of(kind).intent != EventKind::kNote; }

Event intent_of(const RunState& state, const Effect& effect) {
  Event event;
  event.run = state.run;
  event.parent = effect.parent;
  event.kind = kinds_of(effect.kind).intent;
  event.actor = kinds_of(effect.kind).actor;
  JsonObject body = place_of(state, effect);
  body["attempt"] = effect.attempts + 1;
  event.body = std::move(body);
  return event;
}

Event outcome_of(const RunState& state, const Effect& effect, JsonObject result) {
  Event event;
  event.run = state.run;
  event.parent = effect.started_seq != 0 ? effect.started_seq : effect.parent;
  event.kind = kinds_of(effect.kind).outcome;
  event.actor = kinds_of(effect.kind).actor;
  JsonObject body = place_of(state, effect);
  for (auto& member : result) body[member.key()] = std::move(member.value());
  event.body = std::move(body);
  return event;
}

Json to_json(const RunState& state) {
  JsonObject object;
  object["run"] = state.run;
  object["status"] = state.status;
  object["last_seq"] = state.last_seq;
  object["active_tasks"] = state.active_tasks;
  JsonArray stages, drafts, effects;
  for (const StageState& stage : state.stages) stages.push_back(dump(stage));
  for (const Draft& draft : state.drafts) {
    JsonObject entry;
    entry["kind"] = to_string(draft.event.kind);
    entry["parent"] = draft.event.parent;
    entry["body"] = draft.event.body;
    drafts.push_back(std::move(entry));
  }
  for (const std::string& key : open_effects(state)) {
    JsonObject entry;
    entry["key"] = key;
    entry["started_seq"] = find_effect(state, key)->started_seq;
    entry["parent"] = find_effect(state, key)->parent;
    effects.push_back(std::move(entry));
  }
  JsonArray approvals;
  for (const Approval* approval : pending_approvals(state)) approvals.push_back(to_json(*approval));
  if (!approvals.empty()) object["approvals"] = std::move(approvals);
  JsonObject artifacts;
  for (const auto& [type, ref] : state.artifacts) artifacts[type] = ref.blob;
  object["stages"] = std::move(stages);
  object["drafts"] = std::move(drafts);
  object["effects"] = std::move(effects);
  object["artifacts"] = std::move(artifacts);
  if (state.ending) object["ending"] = state.ending->status;
  return object;
}

}  // namespace cadre
