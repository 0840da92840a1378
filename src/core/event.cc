#include "core/event.h"

#include <fmt/core.h>

#include <array>

namespace cadre {
namespace {

constexpr std::array<std::string_view, kEventKinds> kWords = {
    "run_started",       "run_ended",        "run_interrupted",  "run_resumed",
    "stage_started",     "stage_ended",      "handoff_requested", "capability",
    "handoff_accepted",  "handoff_refused",  "tasks_planned",    "agent_started",
    "agent_ended",       "model_call_started", "model_call_ended", "tool_call_started",
    "tool_call_ended",   "guardrail",        "artifacts_joined", "artifact_stored",
    "gate_started",      "gate_ended",       "project_started",  "project_ended",
    "budget",            "message",         "approval_requested", "approval_decided",
    "branch_opened",     "note"};

}  // namespace

std::string_view to_string(EventKind kind) { return kWords[static_cast<std::size_t>(kind)]; }

Result<EventKind> event_kind_from(std::string_view word) {
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    if (kWords[i] == word) return static_cast<EventKind>(i);
  }
  return fail(ErrorCode::kInvalidInput, fmt::format("there is no event kind \"{}\"", word));
}

Json to_json(const Event& event) {
  JsonObject object;
  object["run"] = event.run;
  object["seq"] = event.seq;
  object["parent"] = event.parent;
  object["time_us"] = event.time_us;
  object["kind"] = to_string(event.kind);
  object["actor"] = event.actor;
  object["body"] = event.body;
  return object;
}

Result<Event> event_from_json(const Json& json) {
  const auto kind = event_kind_from(json::get_string(json, "kind"));
  if (!kind) return std::unexpected(kind.error());
  Event event;
  event.run = json::get_string(json, "run");
  event.seq = json::get_int(json, "seq");
  event.parent = json::get_int(json, "parent");
  event.time_us = json::get_int(json, "time_us");
  event.kind = *kind;
  event.actor = json::get_string(json, "actor");
  if (event.run.empty() || event.seq < 1) {
    return fail(ErrorCode::kInvalidInput, "an event needs a run and a seq of 1 or more");
  }
  const Json* body = json::find(json, "body");
  if (body == nullptr || !body->is_object()) {
    return fail(ErrorCode::kInvalidInput, fmt::format("event {} has no body", event.seq));
  }
  event.body = *body;
  return event;
}

}  // namespace cadre
