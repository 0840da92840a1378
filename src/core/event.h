// The journal's unit: something that happened in a run.
//
// Everything an agent does is an Event; state, trace, report and resume are folds over them.
// `seq` is dense per run from 1. `parent` makes the tree of spans: a *_started event's parent is
// the started event around it (0 for run_started); a *_ended event's parent is the seq of its own
// started event; any other event's parent is the started event that it belongs to.
//
// Bodies are JSON objects. Those that belong to a place carry it: "stage" and "round", and below
// that "task", "turn", "call". "key" names the command that the event fulfils. Big things
// (artifacts, replies, the plan, the brief) are blobs, named by SHA-256. By kind:
//   run_started        plan, brief (blobs), plan_name, title, provider, parameters, timeout_s,
//                      inputs: what the user gave beside the brief; remembers: it has a memory;
//                      known: what roles were given of it, {role: {text: blob, tokens, lessons}}
//   run_ended          status, exit_code, reason, details
//   run_interrupted    reason, status: waiting when a person has to decide before it goes on
//   run_resumed        provider
//   stage_started      stage, round, title, role
//   stage_ended        stage, round, role, status: done | failed | superseded | stopped,
//                      findings
//   handoff_requested  handoff, stage, round, source, target, task, priority, attempt,
//                      context: [{type, blob}], feedback: [finding]
//   capability         handoff, answer: yes | partly | no, reasons
//   handoff_accepted   handoff, source, target        handoff_refused  …, code, reason
//   tasks_planned      tasks: [{id, title, depends_on, parameters}], findings
//   agent_started      stage, round, task, role, title
//   agent_ended        … , status: done | failed | refused | superseded, artifacts: [{type, blob}],
//                      turns, findings, refusal
//   model_call_started …, turn, provider, attempt
//   model_call_ended   …, ok, reply (blob of the turn), calls: [{id, tool}], artifacts: [{type,
//                      blob, bytes, files, incomplete}], findings, refusal, notes, error, tokens,
//                      request: {bytes, repeated}
//   tool_call_started  …, call, tool, effect, attempt
//   tool_call_ended    …, call, tool, ok, value or blob
//   guardrail          …, call, tool, verdict, reason
//   artifacts_joined   stage, round, artifacts, findings
//   artifact_stored    stage, round, role, type, blob, bytes, files, incomplete
//   gate_started       stage, round, gate, artifact
//   gate_ended         …, passed, findings, measured
//   project_started    stage, round      project_ended  …, ok, error
//   budget             what, limit, reason               note  text
//   approval_requested approval: its id, effect: the key of what is held, what: tool | gate |
//                      handoff | question, subject, role, question, details
//   approval_decided   approval, subject, approved, message, by, always
// Runs of agents outside an SOP (agent_journal.h) use the same kinds, with "frame" for the place in
// the tree of agents instead of stage, round and task, and besides:
//   message            text, speaker: said to the run while it was under way
//   approval_requested frame, turn, call, tool, arguments
//   approval_decided   frame, turn, call, approved, message, by, answered, always
//   run_started        agent, input, past, past_end, session, limits; context: what the agents read
//                      besides; known: of it from memory; handoff: what the run was made for
//   branch_opened      frame, turn, call, items: an agent as a tool, or a parallel handoff
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace cadre {

enum class EventKind : std::uint8_t {
  kRunStarted,
  kRunEnded,
  kRunInterrupted,
  kRunResumed,
  kStageStarted,
  kStageEnded,
  kHandoffRequested,
  kCapability,
  kHandoffAccepted,
  kHandoffRefused,
  kTasksPlanned,
  kAgentStarted,
  kAgentEnded,
  kModelCallStarted,
  kModelCallEnded,
  kToolCallStarted,
  kToolCallEnded,
  kGuardrail,
  kArtifactsJoined,
  kArtifactStored,
  kGateStarted,
  kGateEnded,
  kProjectStarted,
  kProjectEnded,
  kBudget,
  kMessage,
  kApprovalRequested,
  kApprovalDecided,
  kBranchOpened,
  kNote,
};
inline constexpr int kEventKinds = static_cast<int>(EventKind::kNote) + 1;

// "run_started"; the word of the journal and of JSON.
std::string_view to_string(EventKind kind);
// kInvalidInput for an unknown word.
Result<EventKind> event_kind_from(std::string_view word);

struct Event {
  std::string run;
  std::int64_t seq = 0;
  std::int64_t parent = 0;
  std::int64_t time_us = 0;
  EventKind kind = EventKind::kNote;
  std::string actor;  // the role that acts, "provider", "tool", "gate" or "runtime"
  Json body = JsonObject{};

  bool operator==(const Event&) const = default;
};

Json to_json(const Event& event);
Result<Event> event_from_json(const Json& json);

}  // namespace cadre
