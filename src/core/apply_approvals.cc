// What a person has to decide before it is done: the request, the decision, and what follows.
#include <fmt/core.h>

#include <algorithm>

#include "core/engine.h"

namespace cadre {
namespace detail {

// Keeps the effect back and asks. The effect is in the state from now on, so that whatever drops
// the stage's effects drops the question too.
void Engine::hold(Effect effect, std::string what, std::string subject, std::string question,
                  Json details) {
  effect.subject = subject;
  if (s_.always.contains(subject) && what != "question") {
    effect.decision = Decision{true, "", "user, once and for all"};
    return emit(std::move(effect));
  }
  Approval approval;
  approval.id = fmt::format("a{}", s_.approvals.size() + 1);
  approval.effect = effect.key;
  approval.what = what;
  approval.subject = subject;
  approval.role = spec(static_cast<std::size_t>(effect.stage)).role;
  approval.question = question;
  approval.details = details;
  JsonObject asked =
      effect.task >= 0
          ? body(static_cast<std::size_t>(effect.stage), effect.task, "ask/" + effect.key)
          : body(static_cast<std::size_t>(effect.stage), "ask/" + effect.key);
  asked["approval"] = approval.id;
  asked["effect"] = approval.effect;
  asked["what"] = std::move(what);
  asked["subject"] = std::move(subject);
  asked["role"] = approval.role;
  asked["question"] = std::move(question);
  asked["details"] = std::move(details);
  draft(EventKind::kApprovalRequested, effect.parent, approval.role, std::move(asked), effect.stage,
        effect.task);
  s_.approvals.push_back(std::move(approval));
  effect.held = true;
  effect.order = ++s_.effects_made;
  std::string key = effect.key;
  s_.effects.insert_or_assign(std::move(key), std::move(effect));
}

void Engine::on_approval_requested() {
  const std::string id = say("approval");
  const auto at = std::ranges::find(s_.approvals, id, &Approval::id);
  if (at == s_.approvals.end()) return;
  at->requested_seq = event_.seq;
  at->time_us = event_.time_us;
}

Result<void> Engine::on_approval_decided() {
  const std::string id = say("approval");
  const auto at = std::ranges::find(s_.approvals, id, &Approval::id);
  const auto effect_at = at == s_.approvals.end() ? s_.effects.end() : s_.effects.find(at->effect);
  if (effect_at == s_.effects.end() || at->decision || at->requested_seq == 0 ||
      !effect_at->second.held) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("event {} decides \"{}\", which does not wait", event_.seq, id));
  }
  at->decision = Decision{json::get_bool(event_.body, "approved"), say("message"), say("by")};
  if (at->decision->approved && json::get_bool(event_.body, "always")) {
    s_.always.insert(at->subject);
  }
  Effect& effect = effect_at->second;
  effect.decision = at->decision;
  effect.held = false;
  // A gate says itself what a refusal means; its start and end are journalled as any gate's.
  if (at->decision->approved || effect.kind == Effect::Kind::kGate) {
    s_.fresh.push_back(effect.key);
    return {};
  }
  const Effect rejected = std::move(effect);
  s_.effects.erase(effect_at);
  on_rejected(rejected, *rejected.decision);
  return {};
}

void Engine::on_rejected(const Effect& effect, const Decision& decision) {
  const auto stage = static_cast<std::size_t>(effect.stage);
  const std::string why =
      decision.message.empty() ? std::string("no reason was given") : decision.message;
  if (effect.kind == Effect::Kind::kCapability) {
    return refuse(stage, "not_approved", "not approved: " + why, JsonArray{Json(why)});
  }
  const StageTask& task = s_.stages[stage].tasks[static_cast<std::size_t>(effect.task)];
  const ResultRef& call = task.results[effect.call];
  JsonObject rejected = body(stage, effect.task, effect.key);
  rejected["turn"] = effect.turn;
  rejected["call"] = call.call_id;
  rejected["tool"] = call.tool;
  rejected["index"] = effect.call;
  rejected["verdict"] = "rejected";
  rejected["reason"] = call.tool == kAskUserTool ? "not answered: " + why : "not approved: " + why;
  draft(EventKind::kGuardrail, task.started_seq, decision.by, std::move(rejected), effect.stage,
        effect.task);
}

}  // namespace detail

std::vector<const Approval*> pending_approvals(const RunState& state) {
  std::vector<const Approval*> pending;
  for (const Approval& approval : state.approvals) {
    if (approval.decision || approval.requested_seq == 0) continue;
    const Effect* effect = find_effect(state, approval.effect);
    if (effect != nullptr && effect->held && !effect->orphan) pending.push_back(&approval);
  }
  return pending;
}

bool waits_for_person(const RunState& state) {
  if (state.ending || !state.drafts.empty() || !state.fresh.empty()) return false;
  return std::ranges::all_of(state.effects,
                             [](const auto& entry) {
                               return entry.second.held ||
                                      (entry.second.orphan && entry.second.started_seq == 0);
                             }) &&
         !pending_approvals(state).empty();
}

Event approval_decided(const RunState& state, const Approval& approval, const Decision& decision,
                       bool always) {
  Event event;
  event.run = state.run;
  event.parent =
      approval.requested_seq != 0 ? find_effect(state, approval.effect)->parent : state.started_seq;
  event.kind = EventKind::kApprovalDecided;
  event.actor = "user";
  JsonObject body;
  body["approval"] = approval.id;
  body["subject"] = approval.subject;
  body["approved"] = decision.approved;
  body["message"] = decision.message;
  body["by"] = decision.by;
  if (always) body["always"] = true;
  event.body = std::move(body);
  return event;
}

Json to_json(const Approval& approval) {
  JsonObject object;
  object["key"] = approval.id;
  object["what"] = approval.what;
  object["subject"] = approval.subject;
  object["role"] = approval.role;
  object["question"] = approval.question;
  object["details"] = approval.details;
  object["effect"] = approval.effect;
  if (approval.decision) {
    object["approved"] = approval.decision->approved;
    object["message"] = approval.decision->message;
    object["by"] = approval.decision->by;
  }
  return object;
}

}  // namespace cadre
