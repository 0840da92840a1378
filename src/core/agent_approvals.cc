#include "core/agent_approvals.h"

#include <fmt/core.h>

namespace cadre {
namespace {

template <class Which>
void settle(std::vector<AskedCall>& asked, AskedCall::State state, Which which) {
  for (AskedCall& one : asked) {
    if (one.state == AskedCall::State::kWaiting && which(one)) one.state = state;
  }
}

void take_decision(std::vector<AskedCall>& asked, const Event& event, const std::string& frame) {
  for (AskedCall& one : asked) {
    if (one.frame != frame || one.turn != json::get_int(event.body, "turn") ||
        one.call != json::get_int(event.body, "call"))
      continue;
    one.state = AskedCall::State::kDecided;
    one.decided_by = json::get_string(event.body, "by", "user");
    one.approved = json::get_bool(event.body, "approved");
  }
}

}  // namespace

std::vector<AskedCall> asked_calls(std::span<const Event> events) {
  std::vector<AskedCall> asked;
  for (const Event& event : events) {
    const std::string frame = json::get_string(event.body, "frame");
    switch (event.kind) {
      case EventKind::kApprovalRequested:
        asked.push_back({fmt::format("a{}", asked.size() + 1), frame,
                         json::get_int(event.body, "turn"), json::get_int(event.body, "call"),
                         json::get_string(event.body, "call_id"), event.actor,
                         json::get_string(event.body, "tool"),
                         json::get_string(event.body, "arguments"), event.parent,
                         AskedCall::State::kWaiting, {}, false});
        break;
      case EventKind::kApprovalDecided: take_decision(asked, event, frame); break;
      case EventKind::kModelCallStarted:
      case EventKind::kModelCallEnded:
        settle(asked, AskedCall::State::kVoid, [&](const AskedCall& one) {
          return one.frame == frame && one.turn < json::get_int(event.body, "turn");
        });
        break;
      case EventKind::kAgentEnded:
        settle(asked, AskedCall::State::kVoid,
               [&](const AskedCall& one) { return one.frame == frame; });
        break;
      case EventKind::kRunEnded:
        settle(asked, AskedCall::State::kVoid, [](const AskedCall&) { return true; });
        break;
      default: break;
    }
  }
  return asked;
}

Event decided_event(const AskedCall& asked, const std::string& run, bool approved,
                    const std::string& message, bool answers, bool always, const std::string& by) {
  Event event;
  event.run = run;
  event.parent = asked.parent;
  event.kind = EventKind::kApprovalDecided;
  event.actor = "user";
  JsonObject body{{"turn", asked.turn}, {"call", asked.call}, {"call_id", asked.call_id},
                  {"tool", asked.tool}, {"approved", approved}, {"message", message},
                  {"by", by}};
  if (!asked.frame.empty()) body["frame"] = asked.frame;
  if (answers) body["answered"] = true;
  if (always) body["always"] = true;
  event.body = std::move(body);
  return event;
}

}  // namespace cadre
