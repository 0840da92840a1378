// The calls of a reply on their way: checked, approved, held for guardrails, queued, run, judged.
#include <fmt/core.h>

#include <algorithm>

#include "core/agent_stepper.h"

namespace cadre::detail {

using Phase = CallState::Phase;
using Kind = CallFacts::Kind;

namespace {
constexpr int kChecksMax = 1000;  // guardrails of one call: more is a damaged journal
}  // namespace

std::uint64_t hash_text(std::uint64_t seed, std::string_view text) {
  for (const char c : text) seed = (seed ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return (seed ^ 0xff) * 1099511628211ULL;  // a border, so that "a"+"bc" is not "ab"+"c"
}

Result<void> Stepper::check_call(int frame, int call, Phase phase) const {
  if (auto checked = check_frame(frame); !checked) return checked;
  const Frame& owner = run_.frames[static_cast<std::size_t>(frame)];
  if (owner.phase == Frame::Phase::kOver) return {};
  if (call < 0 || static_cast<std::size_t>(call) >= owner.calls.size() ||
      (owner.calls[static_cast<std::size_t>(call)].phase != phase &&
       owner.calls[static_cast<std::size_t>(call)].phase != Phase::kDone))
    return fail(ErrorCode::kCorrupt, "an outcome came for a call that does not wait for one");
  return {};
}

Result<void> Stepper::take_calls(int frame, std::size_t reply_begin,
                                 std::vector<CallFacts> facts) {
  Frame& acting = at(frame);
  if (facts.size() != acting.history.open_calls())
    return fail(ErrorCode::kCorrupt, "the facts of a reply's calls do not match its calls");
  for (const CallFacts& fact : facts) {
    const bool targets = fact.kind == Kind::kAgentTool || fact.kind == Kind::kHandoff;
    const bool known = fact.target >= 0 &&
                       static_cast<std::size_t>(fact.target) < run_.team->agents.size();
    const auto counted = [](int checks) { return checks >= 0 && checks <= kChecksMax; };
    if ((targets && !known) || !counted(fact.input_checks) || !counted(fact.output_checks))
      return fail(ErrorCode::kCorrupt, "the facts of a call do not fit the team");
  }
  acting.phase = Frame::Phase::kActing;
  std::size_t next = 0;
  acting.calls.reserve(facts.size());
  for (const ItemPtr& item : acting.history.items().subspan(reply_begin)) {
    if (!std::holds_alternative<ToolCallItem>(*item)) continue;
    CallState state;
    state.item = item;
    state.facts = std::move(facts[next++]);
    acting.calls.push_back(std::move(state));
  }
  for (const CallState& call : acting.calls) {
    if (call.facts.kind != Kind::kUnknown || policy(acting).unknown_tool == UnknownTool::kTellModel)
      continue;
    fail_frame(frame, RunStatus::kModelBehavior,
               fmt::format("the model called '{}': {}", call.call().tool, call.facts.problem));
    return {};
  }
  sort_handoffs(frame);
  acting.calls_open = static_cast<int>(std::ranges::count_if(
      acting.calls, [](const CallState& call) { return call.phase != Phase::kDone; }));
  const int count = static_cast<int>(acting.calls.size());
  for (int i = 0; i < count && at(frame).phase == Frame::Phase::kActing; ++i) begin_call(frame, i);
  after_call(frame);
  return {};
}

// What may go on after calls have moved.
void Stepper::after_call(int frame) {
  pump_tools();
  const Frame& now = at(frame);
  if (now.phase == Frame::Phase::kActing && now.calls_open == 0 && now.beside_open == 0)
    tools_done(frame);
}

// Without a join rule one handoff is taken and the others are answered.
void Stepper::sort_handoffs(int frame) {
  Frame& acting = at(frame);
  bool taken = false;
  for (CallState& call : acting.calls) {
    if (call.facts.kind != Kind::kHandoff) continue;
    if (taken && policy(acting).join.kind == JoinRule::Kind::kNone) {
      call.phase = Phase::kDone;
      call.output = "Not done: another handoff of the same reply was taken first.";
    }
    taken = true;
  }
}

void Stepper::begin_call(int frame, int call) {
  CallState& begun = call_at(frame, call);
  if (begun.phase == Phase::kDone) return;
  if (begun.facts.kind == Kind::kUnknown)
    return call_ended(frame, call, false, begun.facts.problem);
  if (at(frame).finishing && at(frame).finished) {
    return call_ended(frame, call, false, "Not run: no tools are left, answer now.");
  }
  if (begun.facts.kind == Kind::kHandoff) {
    ++run_.handoffs_requested;
    record(Record::Kind::kHandoffRequested, frame, call, begun.call().arguments);
  }
  begun.checks_open = begun.facts.input_checks;
  if (begun.checks_open == 0) return checked(frame, call);
  begun.phase = Phase::kChecking;
  begun.checks.assign(static_cast<std::size_t>(begun.checks_open), {});
  const GuardPoint point =
      begun.facts.kind == Kind::kHandoff ? GuardPoint::kHandoff : GuardPoint::kToolInput;
  for (int i = 0; i < begun.facts.input_checks; ++i)
    command(Command::Kind::kGuardrail, frame, call, i, point);
}

void Stepper::checked(int frame, int call) {
  CallState& ready = call_at(frame, call);
  const bool harmless =
      ready.facts.kind == Kind::kTool && ready.facts.effect == ToolEffect::kPure;
  // What is not run in any case is asked of nobody.
  if (!harmless && at(frame).beside_open == 0 && !at(frame).redo.empty())
    return call_ended(frame, call, false, "Not run: " + at(frame).redo);
  if (ready.facts.needs_approval && !ready.approved) {
    ready.phase = Phase::kApproval;
    record(Record::Kind::kApprovalRequested, frame, call);
    return command(Command::Kind::kApproval, frame, call);
  }
  ready.phase = Phase::kHeld;
  if (harmless || at(frame).beside_open == 0) release(frame, call);
}

// A guardrail wants the turn again: what has an effect and has not begun does not begin.
void Stepper::refuse_held(int frame, const std::string& why) {
  const std::size_t count = at(frame).calls.size();
  for (std::size_t i = 0; i < count && at(frame).phase == Frame::Phase::kActing; ++i) {
    const CallState& call = at(frame).calls[i];
    const bool held = call.phase == Phase::kHeld || call.phase == Phase::kApproval;
    if (held && (call.facts.kind != Kind::kTool || call.facts.effect != ToolEffect::kPure))
      call_ended(frame, static_cast<int>(i), false, why);
  }
}

void Stepper::release_held(int frame) {
  const int count = static_cast<int>(at(frame).calls.size());
  for (int i = 0; i < count; ++i) {
    if (call_at(frame, i).phase == Phase::kHeld) release(frame, i);
  }
  pump_tools();
}

void Stepper::release(int frame, int call) {
  CallState& released = call_at(frame, call);
  switch (released.facts.kind) {
    case Kind::kTool:
      released.phase = Phase::kQueued;
      run_.tool_queue.emplace_back(frame, call);
      return;
    case Kind::kAgentTool:
      if (at(frame).depth + 1 >= limits().depth_max) {
        return call_ended(frame, call, false,
                          fmt::format("Not run: agents are nested {} deep already.",
                                      limits().depth_max));
      }
      released.phase = Phase::kBranch;
      return command(Command::Kind::kBranch, frame, call);
    case Kind::kHandoff:  // waits for the tools of its reply
      released.phase = Phase::kWaiting;
      --at(frame).calls_open;
      return;
    case Kind::kUnknown: return;
  }
}

void Stepper::pump_tools() {
  while (run_.queue_head < run_.tool_queue.size() &&
         (limits().parallel_tools == 0 || run_.running_tools < limits().parallel_tools)) {
    const auto [frame, call] = run_.tool_queue[run_.queue_head++];
    CallState& next = call_at(frame, call);
    if (at(frame).phase == Frame::Phase::kOver || next.phase != Phase::kQueued) continue;
    next.phase = Phase::kRunning;
    ++run_.running_tools;
    ++run_.tool_calls;
    command(Command::Kind::kTool, frame, call);
  }
  if (run_.queue_head == run_.tool_queue.size()) {
    run_.tool_queue.clear();
    run_.queue_head = 0;
  }
}

Result<void> Stepper::take(ToolEnded outcome) {
  if (auto checked = check_call(outcome.frame, outcome.call, Phase::kRunning); !checked)
    return checked;
  Frame& owner = at(outcome.frame);
  if (outcome.call < 0 || static_cast<std::size_t>(outcome.call) >= owner.calls.size()) return {};
  CallState& ended = call_at(outcome.frame, outcome.call);
  if (ended.phase != Phase::kRunning) return {};
  --run_.running_tools;
  if (!outcome.made) --run_.tool_calls;
  if (owner.phase == Frame::Phase::kActing) {
    ended.ok = outcome.ok;
    ended.output = std::move(outcome.output);
    ended.failed_fatally = !outcome.ok && ended.facts.fatal;
    judge_call(outcome.frame, outcome.call);
  } else {
    ended.phase = Phase::kDone;  // nobody waits for it
  }
  pump_tools();
  return {};
}

// A tool or an agent has given its output: the guardrails of the output look at it.
void Stepper::judge_call(int frame, int call) {
  CallState& ended = call_at(frame, call);
  if (ended.facts.output_checks == 0) return finish_call(frame, call);
  ended.phase = Phase::kJudging;
  ended.checks_open = ended.facts.output_checks;
  ended.checks.assign(static_cast<std::size_t>(ended.checks_open), {});
  for (int i = 0; i < ended.facts.output_checks; ++i)
    command(Command::Kind::kGuardrail, frame, call, i, GuardPoint::kToolOutput);
}

void Stepper::call_ended(int frame, int call, bool ok, std::string output) {
  CallState& ended = call_at(frame, call);
  ended.ok = ok;
  ended.output = std::move(output);
  finish_call(frame, call);
}

void Stepper::finish_call(int frame, int call) {
  CallState& done = call_at(frame, call);
  const bool counted = done.phase != Phase::kWaiting;  // a handoff that waits is counted off
  done.phase = Phase::kDone;
  Frame& owner = at(frame);
  if (counted) --owner.calls_open;
  if (done.failed_fatally) {  // what has not started does not start any more
    for (CallState& other : owner.calls) {
      const bool started = other.phase == Phase::kRunning || other.phase == Phase::kJudging ||
                           other.child >= 0;
      if (started || other.phase == Phase::kDone || other.phase == Phase::kWaiting) continue;
      other.phase = Phase::kDone;
      other.output = "not run: another tool of the same reply failed";
      --owner.calls_open;
    }
  }
  if (owner.phase != Frame::Phase::kActing || owner.calls_open > 0 || owner.beside_open > 0) return;
  tools_done(frame);
}

void Stepper::guard_call(const GuardrailEnded& outcome) {
  Frame& owner = at(outcome.frame);
  if (outcome.call < 0 || static_cast<std::size_t>(outcome.call) >= owner.calls.size()) return;
  CallState& judged = call_at(outcome.frame, outcome.call);
  if (judged.phase != Phase::kChecking && judged.phase != Phase::kJudging) return;
  if (!note_verdict(judged.checks, outcome)) return;
  if (--judged.checks_open > 0) return;
  const auto* objection = first_objection(judged.checks);
  const bool before = judged.phase == Phase::kChecking;
  if (objection == nullptr) {
    if (!before) return finish_call(outcome.frame, outcome.call);
    checked(outcome.frame, outcome.call);
    return after_call(outcome.frame);
  }
  if (objection->verdict == Verdict::kStop)
    return fail_frame(outcome.frame, RunStatus::kGuardrail, objection->message);
  if (judged.facts.kind == Kind::kHandoff) {
    ++run_.handoffs_refused;
    record(Record::Kind::kHandoffRefused, outcome.frame, outcome.call, objection->message);
  }
  call_ended(outcome.frame, outcome.call, false, objection->message);
}

Result<void> Stepper::take(ApprovalDecided outcome) {
  if (auto checked = check_call(outcome.frame, outcome.call, Phase::kApproval); !checked)
    return checked;
  if (at(outcome.frame).phase == Frame::Phase::kOver) return {};
  CallState& decided = call_at(outcome.frame, outcome.call);
  if (decided.phase != Phase::kApproval) return {};
  if (outcome.answered) {
    call_ended(outcome.frame, outcome.call, true, std::move(outcome.message));
    return {};
  }
  if (!outcome.approved) {
    if (decided.facts.kind == Kind::kHandoff) {
      ++run_.handoffs_refused;
      record(Record::Kind::kHandoffRefused, outcome.frame, outcome.call, outcome.message);
    }
    call_ended(outcome.frame, outcome.call, false,
               outcome.message.empty() ? "Not approved." : std::move(outcome.message));
    return {};
  }
  // Days may have passed: what checked the call before checks it again.
  decided.approved = true;
  if (decided.facts.input_checks > 0) {
    const bool handoff = decided.facts.kind == Kind::kHandoff;
    decided.phase = Phase::kChecking;
    decided.checks_open = decided.facts.input_checks;
    decided.checks.assign(static_cast<std::size_t>(decided.checks_open), {});
    for (int i = 0; i < decided.facts.input_checks; ++i)
      command(Command::Kind::kGuardrail, outcome.frame, outcome.call, i,
              handoff ? GuardPoint::kHandoff : GuardPoint::kToolInput);
    return {};
  }
  checked(outcome.frame, outcome.call);
  after_call(outcome.frame);
  return {};
}

void Stepper::tools_done(int frame) {
  Frame& acting = at(frame);
  for (const CallState& call : acting.calls) {
    if (!call.failed_fatally) continue;
    const std::string reason = fmt::format("the tool '{}' failed: {}", call.call().tool,
                                           call.output);
    return fail_frame(frame, RunStatus::kToolError, reason);
  }
  acting.used_tools.insert(acting.agent);
  for (const CallState& call : acting.calls) {
    if (call.phase == Phase::kWaiting) return start_handoff(frame);
  }
  if (watch_calls(frame)) return;
  const CallState* ends = nullptr;
  for (const CallState& call : acting.calls) {
    const bool tool =
        (call.facts.kind == Kind::kTool || call.facts.kind == Kind::kAgentTool) && call.ok;
    if (ends == nullptr && tool &&
        (call.facts.ends_run || policy(acting).tool_use == ToolUse::kStopOnFirst))
      ends = &call;
  }
  if (ends != nullptr) {
    std::string output = ends->output;
    close_step(frame, policy(acting).output_guardrails == 0);
    return answer(frame, std::move(output), false);
  }
  if (policy(acting).tool_use == ToolUse::kDecide) {
    acting.phase = Frame::Phase::kDeciding;
    return command(Command::Kind::kDecide, frame);
  }
  close_step(frame);
  begin_turn(frame);
}

Result<void> Stepper::take(ToolsDecided outcome) {
  if (auto checked = check_frame(outcome.frame); !checked) return checked;
  Frame& frame = at(outcome.frame);
  if (frame.phase == Frame::Phase::kOver) return {};
  if (frame.phase != Frame::Phase::kDeciding)
    return fail(ErrorCode::kCorrupt, "a decision over tools came that was not asked for");
  close_step(outcome.frame, !outcome.output || policy(frame).output_guardrails == 0);
  if (outcome.output) {
    answer(outcome.frame, std::move(*outcome.output), false);
  } else {
    begin_turn(outcome.frame);
  }
  return {};
}

// Results enter the history in call order.
void Stepper::close_step(int frame, bool settle) {
  Frame& acting = at(frame);
  if (acting.history.open_calls() == 0) return;
  const std::size_t before = acting.history.size();
  for (CallState& call : acting.calls)
    (void)acting.history.add_result({call.call().id, call.output, call.ok});
  if (acting.withheld) return;
  const auto items = acting.history.items();
  acting.log.insert(acting.log.end(), items.begin() + static_cast<std::ptrdiff_t>(before),
                    items.end());
  if (settle && acting.beside_open == 0) settle_log(acting);
}

// Whether it went in circles so often that the frame ended.
bool Stepper::watch_calls(int frame) {
  Frame& acting = at(frame);
  if (limits().repeat_calls == 0) return false;
  bool repeated = false;
  std::string tool;
  for (const CallState& call : acting.calls) {
    std::uint64_t hash = hash_text(kHashSeed, call.call().tool);
    hash = hash_text(hash_text(hash, call.call().arguments), call.output);
    const int times = ++acting.seen_calls[hash];
    // That work was handed over is no news; what came of it is.
    const bool handed_over = call.facts.kind == Kind::kHandoff && call.child < 0;
    if (times == 1 && !handed_over) ++acting.news;
    if (times < limits().repeat_calls || repeated) continue;
    repeated = true;
    tool = call.call().tool;
  }
  if (!repeated) return false;
  // First a word, then the last turn, then the end.
  switch (++acting.nudges) {
    case 1: {
      MessageItem word;
      word.speaker = Speaker::kSystem;
      word.text = fmt::format(
          "You have called '{}' with the same arguments {} times and got the same result. Do "
          "something else, or answer with what you have.",
          tool, limits().repeat_calls);
      acting.staged.push_back(std::move(word));
      record(Record::Kind::kNote, frame, -1, "loop: the same call with the same result; nudged");
      return false;
    }
    case 2:
      acting.finishing = true;
      acting.status = RunStatus::kLoop;
      acting.reason = fmt::format("'{}' was called again and again with the same result", tool);
      record(Record::Kind::kNote, frame, -1, "loop: one turn is left to answer");
      return false;
    default: break;
  }
  fail_frame(frame, RunStatus::kLoop,
             fmt::format("'{}' was called again and again with the same result", tool));
  return true;
}

}  // namespace cadre::detail
