// One agent of a team at work by itself, and explicit handoffs: process_task, request_handoff,
// accept_handoff. Each is a run of its own: journalled, traced, resumable like any other.
#pragma once

#include <string>
#include <vector>

#include "cadre/agent.h"
#include "cadre/handoff.h"
#include "cadre/run.h"

namespace cadre {

struct AgentTask {
  // In the workflow of RunOptions::memory: there it is running, then done or failed. One that waits
  // for a task that is not done, or is done itself, is not begun (kNotStarted; RunResult::error
  // says why and what to do). Unset: the workflow does not know of it.
  std::string id{};
  std::string text{};  // what is to be done
  // What the agent reads before it: valid as History::from sees it. Part of the journal, not of a
  // session.
  std::vector<ItemPtr> context{};
};

// The agent does the task with its tools and guardrails, and hands it to nobody. kNotStarted
// without such an agent. Runtime::process_task does the same beside other runs.
RunResult process_task(const AgentTeam& team, const std::string& agent, const AgentTask& task,
                       RunOptions options = {});

// Hands `request.task` with `request.context` from one agent to another, as Agent::handoffs of the
// source allows it: guardrails and approval of that handoff, then accept_handoff; what the target
// accepts it does (result: its answer), and a refusal ends the run with kRefused and the reason. No
// model is asked on the source's behalf. kNotStarted when the source has no handoff to the target.
// Of the request, `arguments` may be left out: {"task": ...} is made of the task.
RunResult request_handoff(const AgentTeam& team, const HandoffRequest& request,
                          RunOptions options = {});

// Whether the target would take it, and if not, why not: the handoff has to be one of the source's
// and enabled, its guardrails pass, Agent::accept and on_handoff agree. What throws refuses. Asks
// on the calling thread and starts nothing; the word is not kept.
HandoffAnswer accept_handoff(const AgentTeam& team, const HandoffRequest& request,
                             const RunOptions& options = {});

}  // namespace cadre
