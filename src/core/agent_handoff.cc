// Handoffs: to one agent, which takes the conversation over, or to several at once with a join.
#include <fmt/core.h>

#include <algorithm>

#include "core/agent_stepper.h"

namespace cadre {

Result<History> handoff_history(const AgentRun& run, int frame, int call) {
  const Frame& from = run.frames[static_cast<std::size_t>(frame)];
  History history = from.history;
  for (std::size_t i = 0; i < from.calls.size(); ++i) {
    const CallState& asked = from.calls[i];
    const bool this_one = static_cast<int>(i) == call;
    auto added = history.add_result(
        {asked.call().id, this_one ? "accepted" : asked.output, this_one || asked.ok});
    if (!added) return propagate(added);
  }
  return history;
}

namespace detail {

using Phase = CallState::Phase;

namespace {

// What stands in the place of a branch's answer.
std::string branch_failed(const CallState& call, std::string why) {
  return call.facts.on_failure == BranchFailure::kIgnore
             ? "Left out, the others go on without it. " + why
             : why;
}

}  // namespace

void Stepper::start_handoff(int frame) {
  Frame& acting = at(frame);
  std::vector<int> waiting;
  for (std::size_t i = 0; i < acting.calls.size(); ++i) {
    if (acting.calls[i].phase == Phase::kWaiting) waiting.push_back(static_cast<int>(i));
  }
  if (waiting.size() == 1) {
    acting.phase = Frame::Phase::kHandingOff;
    return command(Command::Kind::kHandoff, frame, waiting.front());
  }
  if (acting.depth + 1 >= limits().depth_max) {
    for (const int call : waiting) {
      acting.calls[static_cast<std::size_t>(call)].phase = Phase::kDone;
      acting.calls[static_cast<std::size_t>(call)].output =
          fmt::format("Not done: agents are nested {} deep already.", limits().depth_max);
    }
    return tools_done(frame);
  }
  acting.phase = Frame::Phase::kJoining;
  acting.branches_open = static_cast<int>(waiting.size());
  for (const int call : waiting) {
    call_at(frame, call).phase = Phase::kBranch;
    call_at(frame, call).in_join = true;
    command(Command::Kind::kBranch, frame, call);
  }
}

Result<void> Stepper::take(HandoffEnded outcome) {
  if (auto checked = check_frame(outcome.frame); !checked) return checked;
  if (at(outcome.frame).phase == Frame::Phase::kJoining) return refuse_branch(outcome);
  if (auto checked = check_call(outcome.frame, outcome.call, Phase::kWaiting); !checked)
    return checked;
  Frame& frame = at(outcome.frame);
  if (frame.phase == Frame::Phase::kOver) return {};
  // Of a branch that was given up while its target was asked.
  if (call_at(outcome.frame, outcome.call).phase == Phase::kDone) return {};
  if (frame.phase != Frame::Phase::kHandingOff)
    return fail(ErrorCode::kCorrupt, "a handoff ended that was not begun");
  CallState& call = call_at(outcome.frame, outcome.call);
  call.phase = Phase::kDone;
  if (!outcome.accepted) {
    ++run_.handoffs_refused;
    call.output = fmt::format("Refused: {}", outcome.reason);
    if (watch_calls(outcome.frame)) return {};
    close_step(outcome.frame);
    begin_turn(outcome.frame);
    return {};
  }
  const int target = call.facts.target;
  call.ok = true;
  call.output = json::write(
      JsonObject{{"assistant", run_.team->agents[static_cast<std::size_t>(target)].name}});
  ++run_.handoffs_accepted;
  if (watch_calls(outcome.frame)) return {};
  close_step(outcome.frame);
  if (outcome.items) {
    auto history = History::from(std::move(*outcome.items));
    if (!history) return propagate(history);
    for (const ItemPtr& item : frame.history.items()) {
      if (const auto* left = std::get_if<ToolCallItem>(item.get()))
        frame.filtered_ids.insert(left->id);
    }
    frame.history = std::move(*history);
  }
  if (watch_handoff(outcome.frame, target)) return {};
  record(Record::Kind::kAgentEnded, outcome.frame, outcome.call, "handed over");
  frame.agent = target;
  if (run_.asked_handoff && frame.turn == 0) {  // the first agent that works, with its guardrails
    open_frame(outcome.frame);
    return {};
  }
  record(Record::Kind::kAgentStarted, outcome.frame, outcome.call);
  begin_turn(outcome.frame);
  return {};
}

Result<void> Stepper::refuse_branch(const HandoffEnded& outcome) {
  if (auto checked = check_call(outcome.frame, outcome.call, Phase::kBranch); !checked)
    return checked;
  CallState& call = call_at(outcome.frame, outcome.call);
  if (call.phase == Phase::kDone) return {};
  if (outcome.accepted || call.child >= 0)
    return fail(ErrorCode::kCorrupt, "a branch was accepted that is not opened");
  call.phase = Phase::kDone;
  call.output = branch_failed(call, fmt::format("Refused: {}", outcome.reason));
  ++run_.handoffs_refused;
  --at(outcome.frame).branches_open;
  settle_join(outcome.frame);
  return {};
}

// A -> B -> A, and nobody learnt anything in between.
bool Stepper::watch_handoff(int frame, int target) {
  Frame& acting = at(frame);
  const auto left = acting.left_at.find(target);
  const bool circle = left != acting.left_at.end() && left->second == acting.news;
  acting.left_at[acting.agent] = acting.news;
  if (!circle) acting.circles = 0;
  if (!circle || limits().repeat_handoffs == 0) return false;
  if (++acting.circles < limits().repeat_handoffs) return false;
  const std::string reason = fmt::format(
      "'{}' was handed back to {} times without anything new",
      run_.team->agents[static_cast<std::size_t>(target)].name, acting.circles);
  if (!acting.finishing) {
    acting.finishing = true;
    acting.status = RunStatus::kLoop;
    acting.reason = reason;
    record(Record::Kind::kNote, frame, -1, "loop: handoffs in a circle; one turn is left");
    return false;
  }
  fail_frame(frame, RunStatus::kLoop, reason);
  return true;
}

Result<void> Stepper::take(BranchOpened outcome) {
  if (auto checked = check_call(outcome.frame, outcome.call, Phase::kBranch); !checked)
    return checked;
  if (at(outcome.frame).phase == Frame::Phase::kOver) return {};
  if (call_at(outcome.frame, outcome.call).phase != Phase::kBranch) return {};
  if (call_at(outcome.frame, outcome.call).child >= 0)
    return fail(ErrorCode::kCorrupt, "a branch was opened twice");
  if (!outcome.problem.empty()) {
    if (at(outcome.frame).phase == Frame::Phase::kJoining) {
      return refuse_branch({outcome.frame, outcome.call, false, std::move(outcome.problem),
                            std::nullopt});
    }
    call_ended(outcome.frame, outcome.call, false, std::move(outcome.problem));
    return {};
  }
  auto history = History::from(outcome.items);
  if (!history) return propagate(history);
  const int child = static_cast<int>(run_.frames.size());
  Frame& branch = run_.frames.emplace_back();
  Frame& parent = at(outcome.frame);
  CallState& call = call_at(outcome.frame, outcome.call);
  branch.parent = outcome.frame;
  branch.parent_call = outcome.call;
  branch.depth = parent.depth + 1;
  branch.path = fmt::format("{}/{}.{}", parent.path, parent.turn, outcome.call);
  branch.agent = call.facts.target;
  branch.history = std::move(*history);
  branch.log = std::move(outcome.items);
  call.child = child;
  if (call.facts.kind == CallFacts::Kind::kHandoff) {
    ++run_.handoffs_accepted;
    record(Record::Kind::kHandoffAccepted, outcome.frame, outcome.call);
  }
  open_frame(child);
  return {};
}

Result<void> Stepper::take(BranchStopped outcome) {
  if (auto checked = check_call(outcome.frame, outcome.call, Phase::kBranch); !checked)
    return checked;
  if (at(outcome.frame).phase == Frame::Phase::kOver) return {};
  const CallState& call = call_at(outcome.frame, outcome.call);
  if (call.phase == Phase::kBranch && call.child >= 0)
    end_frame(call.child, RunStatus::kDeadline, std::move(outcome.reason));
  return {};
}

void Stepper::branch_ended(int frame, int call) {
  CallState& ended = call_at(frame, call);
  if (at(frame).phase == Frame::Phase::kOver || ended.phase != Phase::kBranch) return;
  const Frame& child = at(ended.child);
  ended.ok = child.status == RunStatus::kDone;
  if (ended.ok) {
    ended.output = child.answer;
  } else {
    ended.output = fmt::format(
        "The agent '{}' gave no answer ({}): {}",
        run_.team->agents[static_cast<std::size_t>(child.agent)].name, to_string(child.status),
        child.reason);
  }
  if (ended.facts.kind == CallFacts::Kind::kAgentTool) {
    ended.failed_fatally = !ended.ok && ended.facts.fatal;
    return judge_call(frame, call);
  }
  ended.phase = Phase::kDone;
  if (!ended.ok) ended.output = branch_failed(ended, std::move(ended.output));
  --at(frame).branches_open;
  settle_join(frame);
}

// What the branches of a join have come to.
struct Stepper::Branches {
  int successes = 0, failures = 0, ignored = 0;
  bool cancels = false;  // one that failed cancels the others
};

Stepper::Branches Stepper::count_branches(const Frame& joining) const {
  const JoinRule& join = policy(joining).join;
  Branches count;
  for (const CallState& call : joining.calls) {
    if (!call.in_join || call.phase != Phase::kDone) continue;
    if (call.ok) {
      ++count.successes;
    } else if (call.facts.on_failure == BranchFailure::kIgnore) {
      ++count.ignored;
    } else {
      ++count.failures;
      count.cancels = count.cancels || call.facts.on_failure == BranchFailure::kCancelOthers ||
                      (join.kind == JoinRule::Kind::kAll && join.cancel_on_failure);
    }
  }
  return count;
}

void Stepper::settle_join(int frame) {
  Frame& joining = at(frame);
  if (joining.phase != Frame::Phase::kJoining) return;
  const JoinRule& join = policy(joining).join;
  const Branches count = count_branches(joining);
  const int enough = join.kind == JoinRule::Kind::kFirst    ? 1
                     : join.kind == JoinRule::Kind::kQuorum ? std::max(1, join.quorum)
                                                            : -1;
  const bool met = enough > 0 && count.successes >= enough;
  if (joining.branches_open > 0 && !met && !count.cancels) return;
  for (CallState& call : joining.calls) {
    if (call.phase != Phase::kBranch) continue;
    call.phase = Phase::kDone;
    call.output = met ? "Cancelled: enough other agents have answered."
                      : "Cancelled: another agent of the same handoff failed.";
    if (call.child >= 0) {
      at(call.child).parent = -2;  // its end is settled here
      end_frame(call.child, RunStatus::kCancelled, call.output);
    }
  }
  joining.branches_open = 0;
  const bool all_failed_one = join.kind == JoinRule::Kind::kAll && count.failures > 0;
  const bool unmet = !met && (enough > 0 || count.cancels || all_failed_one);
  const std::string left_out =
      count.ignored == 0 ? "" : fmt::format(", {} left out", count.ignored);
  if (unmet) {
    record(Record::Kind::kNote, frame, -1,
           fmt::format("the join was not met: {} answered, {} failed{}", count.successes,
                       count.failures, left_out));
  } else if (count.ignored > 0) {
    record(Record::Kind::kNote, frame, -1,
           fmt::format("the join was met: {} answered{}", count.successes, left_out));
  }
  joining.phase = Frame::Phase::kActing;
  tools_done(frame);
}

}  // namespace detail
}  // namespace cadre
