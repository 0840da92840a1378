// Entering a stage: the handoff, its checks, and what a refusal leads to.
#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "core/engine.h"
#include "core/provider_json.h"

namespace cadre::detail {

bool Engine::is_ready(std::size_t stage) const {
  if (s_.stages[stage].status != StageStatus::kWaiting) return false;
  const auto exists = [&](const std::string& need) {
    if (need == "brief") return true;
    const auto at = s_.artifacts.find(need);
    if (at == s_.artifacts.end() || at->second.stale) return false;
    const StageSpec* made_by = maker_of(*s_.plan, need);
    if (made_by == nullptr) return true;  // the user gave it
    const auto maker = static_cast<std::size_t>(made_by - s_.plan->stages.data());
    return s_.stages[maker].status == StageStatus::kDone;
  };
  const StageSpec& stage_spec = spec(stage);
  return std::ranges::all_of(stage_spec.needs, exists) &&
         (!stage_spec.fan_out || exists(stage_spec.fan_out->artifact));
}

void Engine::open_ready_stages() {
  if (s_.ending) return;
  for (std::size_t i = 0; i < s_.stages.size(); ++i) {
    if (!is_ready(i)) continue;
    StageState& stage = s_.stages[i];
    stage.round++;
    stage.attempt = 0;
    stage.source = stage.rework_source.empty() ? choose_source(i) : stage.rework_source;
    stage.rework_source.clear();
    request_handoff(i);
  }
  check_all_done();
}

bool Engine::may_hand(std::string_view source, std::string_view target) const {
  const AgentConfig* agent = find_agent(*s_.plan, source);
  return agent != nullptr && std::ranges::find(agent->handoff_targets, target) !=
                                 agent->handoff_targets.end();
}

// The role whose artifacts the stage works from, the latest in the plan first, if it may hand work
// to the stage's role; the lead when only the brief is needed.
std::string Engine::choose_source(std::size_t stage) const {
  const StageSpec& target = spec(stage);
  std::string first;
  for (std::size_t i = stage; i-- > 0;) {
    const StageSpec& maker = spec(i);
    const bool makes_a_need = std::ranges::any_of(target.needs, [&](const std::string& need) {
      return std::ranges::find(maker.makes, need) != maker.makes.end();
    });
    if (!makes_a_need || maker.role == target.role) continue;
    if (may_hand(maker.role, target.role)) return maker.role;
    if (first.empty()) first = maker.role;
  }
  return first.empty() ? s_.plan->lead : first;
}

void Engine::request_handoff(std::size_t stage) {
  StageState& state = s_.stages[stage];
  const StageSpec& target = spec(stage);
  state.status = StageStatus::kRequested;
  state.attempt++;
  const std::string id = fmt::format("{}.{}", place(stage), state.attempt);
  JsonObject request = body(stage, "handoff/" + id);
  request["handoff"] = id;
  request["source"] = state.source;
  request["target"] = target.role;
  request["task"] = target.title;
  request["priority"] = target.priority;
  request["attempt"] = state.attempt;
  JsonArray context;
  for (const std::string& need : target.needs) {
    JsonObject entry;
    entry["type"] = need;
    if (const auto at = s_.artifacts.find(need); at != s_.artifacts.end()) {
      entry["blob"] = at->second.blob;
    } else if (need == "brief") {
      entry["blob"] = json::get_string(s_.start, "brief");
    }
    context.push_back(std::move(entry));
  }
  request["context"] = std::move(context);
  if (!state.feedback.empty()) request["feedback"] = to_json(state.feedback);
  draft(EventKind::kHandoffRequested, s_.started_seq, state.source, std::move(request),
        static_cast<int>(stage));
}

// The target's checks, in order; what the provider says about the task comes last, as an event.
void Engine::on_handoff_requested(std::size_t stage) {
  s_.handoffs.requested++;
  StageState& state = s_.stages[stage];
  if (s_.ending || state.closing) return;
  const StageSpec& target = spec(stage);
  state.requested_seq = event_.seq;
  if (find_agent(*s_.plan, target.role) == nullptr) {
    return refuse(stage, "unknown_target",
                  fmt::format("there is no agent with the role {}", target.role), JsonArray{});
  }
  if (!may_hand(state.source, target.role)) {
    return refuse(stage, "not_an_allowed_target",
                  fmt::format("{} may not hand work to {}: it is not in its handoff_targets",
                              state.source, target.role), JsonArray{});
  }
  for (const std::string& need : target.needs) {
    const auto at = s_.artifacts.find(need);
    if (need == "brief" || (at != s_.artifacts.end() && !at->second.stale)) continue;
    return refuse(stage, "missing_artifact", fmt::format("{} is missing", need), JsonArray{});
  }
  if (state.reworks > s_.plan->limits.rounds_max) {
    return refuse(stage, "no_rounds_left",
                  fmt::format("{} came back {} times, and {} are allowed", target.id,
                              state.reworks, s_.plan->limits.rounds_max), JsonArray{});
  }
  Effect effect;
  effect.kind = Effect::Kind::kCapability;
  effect.key = "can/" + say("handoff");
  effect.stage = static_cast<int>(stage);
  effect.round = state.round;
  effect.parent = event_.seq;
  if (!target.approve_handoff) return emit(std::move(effect));
  JsonObject details;
  details["task"] = target.title;
  if (const Json* context = json::find(event_.body, "context")) details["context"] = *context;
  std::string question = fmt::format("may {} hand \"{}\" to {}?", state.source, target.title,
                                     target.role);
  hold(std::move(effect), "handoff", fmt::format("handoff:{}->{}", state.source, target.role),
       std::move(question), std::move(details));
}

void Engine::on_capability(std::size_t stage) {
  const std::string answer = say("answer");
  const JsonArray& reasons = json::get_array(event_.body, "reasons");
  if (answer == "no") {
    const auto words = json::get_strings(event_.body, "reasons");
    std::string why = words.empty() ? "the provider cannot do this task" : text::join(words, "; ");
    return refuse(stage, "not_capable", std::move(why), reasons);
  }
  const StageState& state = s_.stages[stage];
  const std::string id = fmt::format("{}.{}", place(stage), state.attempt);
  JsonObject accepted = body(stage, "accepted/" + id);
  accepted["handoff"] = id;
  accepted["source"] = state.source;
  accepted["target"] = spec(stage).role;
  accepted["answer"] = answer;
  draft(EventKind::kHandoffAccepted, state.requested_seq, spec(stage).role, std::move(accepted),
        static_cast<int>(stage));
}

void Engine::refuse(std::size_t stage, std::string_view code, std::string reason, Json details) {
  const StageState& state = s_.stages[stage];
  const std::string id = fmt::format("{}.{}", place(stage), state.attempt);
  JsonObject refused = body(stage, "refused/" + id);
  refused["handoff"] = id;
  refused["source"] = state.source;
  refused["target"] = spec(stage).role;
  refused["code"] = code;
  refused["reason"] = reason;
  refused["details"] = std::move(details);
  draft(EventKind::kHandoffRefused, state.requested_seq, spec(stage).role, std::move(refused),
        static_cast<int>(stage));
}

void Engine::on_handoff_refused(std::size_t stage) {
  s_.handoffs.refused++;
  if (s_.ending) return;
  StageState& state = s_.stages[stage];
  state.status = StageStatus::kWaiting;
  state.closing = false;
  const std::string code = say("code");
  const std::string reason = say("reason");
  if (code == "superseded") return open_ready_stages();
  if (code == "no_rounds_left") {
    JsonObject details;
    details["findings"] = to_json(state.feedback);
    return end_run("gate_failed", 5, reason, std::move(details));
  }
  if (code == "not_capable" || code == "not_approved") return on_capability_refused(stage, reason);
  // Nobody else may hand it over, so the lead does, unless it was the lead.
  state.refusals++;
  if (state.source == s_.plan->lead || state.refusals > s_.plan->limits.refusals_max) {
    return end_run("failed", 1, fmt::format("the handoff of {} was refused: {}", spec(stage).id,
                                            reason), event_.body);
  }
  state.source = s_.plan->lead;
  request_handoff(stage);
}

// Back to the source with the reasons, as long as that can change something.
void Engine::on_capability_refused(std::size_t stage, const std::string& reason) {
  StageState& state = s_.stages[stage];
  state.refusals++;
  std::size_t maker = s_.stages.size();
  std::string signature = reason;
  for (const std::string& need : spec(stage).needs) {
    if (const auto at = s_.artifacts.find(need); at != s_.artifacts.end()) {
      signature += "\n" + at->second.blob;
    }
    const StageSpec* made_by = maker_of(*s_.plan, need);
    if (made_by == nullptr || made_by->role != state.source) continue;
    maker = static_cast<std::size_t>(made_by - s_.plan->stages.data());
  }
  const bool nothing_new = signature == state.last_refusal;
  state.last_refusal = std::move(signature);
  if (maker == s_.stages.size() || nothing_new ||
      state.refusals > s_.plan->limits.refusals_max ||
      s_.stages[maker].reworks >= s_.plan->limits.rounds_max) {
    JsonObject details;
    details["stage"] = spec(stage).id;
    details["role"] = spec(stage).role;
    const Json* reasons = json::find(event_.body, "details");
    details["reasons"] = reasons != nullptr ? *reasons : Json(JsonArray{});
    return end_run("refused", 4, reason, std::move(details));
  }
  Finding finding{"handoff", "high", reason, "", spec(maker).makes.front()};
  rework(maker, spec(stage).role, {std::move(finding)});
  open_ready_stages();
}

void Engine::on_stage_started(std::size_t stage) {
  StageState& state = s_.stages[stage];
  state.status = StageStatus::kWorking;
  state.started_seq = event_.seq;
  state.tasks.clear();
  state.active_tasks = state.done_tasks = 0;
  state.stored = state.gate = 0;
  state.gates_failed = false;
  state.findings.clear();
  if (s_.ending) return;
  if (spec(stage).fan_out) {
    Effect effect;
    effect.kind = Effect::Kind::kPlanTasks;
    effect.key = "tasks/" + place(stage);
    effect.stage = static_cast<int>(stage);
    effect.round = state.round;
    effect.parent = event_.seq;
    return emit(std::move(effect));
  }
  StageTask task;
  task.id = spec(stage).id;
  task.title = spec(stage).title;
  state.tasks.push_back(std::move(task));
  queue_ready(stage, 0);
  schedule();
}

}  // namespace cadre::detail
