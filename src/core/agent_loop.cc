#include "core/agent_loop.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/agent_stepper.h"

namespace cadre {
namespace {

constexpr std::string_view kStatuses[] = {
    "running",   "done",           "guardrail",      "refused",     "max_turns",
    "loop",      "budget",         "deadline",       "invalid_output", "model_behavior",
    "model_error", "tool_error",   "cancelled",      "not_started",    "internal"};

}  // namespace

std::string_view to_string(RunStatus status) { return kStatuses[static_cast<int>(status)]; }

Result<RunStatus> run_status_from(std::string_view word) {
  for (std::size_t i = 0; i < std::size(kStatuses); ++i) {
    if (kStatuses[i] == word) return static_cast<RunStatus>(i);
  }
  return fail(ErrorCode::kInvalidInput, fmt::format("no such run status: '{}'", word));
}

AgentRun make_agent_run(std::shared_ptr<const TeamPolicy> team, LoopLimits limits) {
  AgentRun run;
  run.team = std::move(team);
  run.limits = std::move(limits);
  return run;
}

Result<void> apply(AgentRun& run, AgentOutcome outcome, Outbox& out) {
  detail::Stepper stepper(run, out);
  return std::visit([&](auto& value) { return stepper.take(std::move(value)); }, outcome);
}

bool tool_choice_is_reset(const AgentRun& run, int frame) {
  const Frame& at = run.frames[static_cast<std::size_t>(frame)];
  return at.used_tools.contains(at.agent) &&
         run.team->agents[static_cast<std::size_t>(at.agent)].reset_tool_choice;
}

std::vector<std::pair<int, int>> abandoned_tools(const AgentRun& run) {
  std::vector<std::pair<int, int>> abandoned;
  for (std::size_t f = 0; f < run.frames.size(); ++f) {
    if (run.frames[f].phase == Frame::Phase::kActing) continue;
    for (std::size_t c = 0; c < run.frames[f].calls.size(); ++c) {
      if (run.frames[f].calls[c].phase == CallState::Phase::kRunning)
        abandoned.emplace_back(static_cast<int>(f), static_cast<int>(c));
    }
  }
  return abandoned;
}

std::vector<std::pair<int, int>> pending_approvals(const AgentRun& run) {
  std::vector<std::pair<int, int>> pending;
  for (std::size_t f = 0; f < run.frames.size(); ++f) {
    if (run.frames[f].phase == Frame::Phase::kOver) continue;
    for (std::size_t c = 0; c < run.frames[f].calls.size(); ++c) {
      if (run.frames[f].calls[c].phase == CallState::Phase::kApproval)
        pending.emplace_back(static_cast<int>(f), static_cast<int>(c));
    }
  }
  return pending;
}

namespace {

void add_checks(std::vector<Command>& out, const std::vector<GuardState>& checks, int frame,
                int call, GuardPoint point) {
  for (std::size_t i = 0; i < checks.size(); ++i) {
    if (!checks[i].ended)
      out.push_back({Command::Kind::kGuardrail, frame, call, point, static_cast<int>(i)});
  }
}

void add_call(std::vector<Command>& out, const Frame& owner, int frame, int index) {
  const CallState& call = owner.calls[static_cast<std::size_t>(index)];
  const bool handoff = call.facts.kind == CallFacts::Kind::kHandoff;
  const auto add = [&](Command::Kind kind) { out.push_back({kind, frame, index}); };
  switch (call.phase) {
    case CallState::Phase::kChecking:
      add_checks(out, call.checks, frame, index,
                 handoff ? GuardPoint::kHandoff : GuardPoint::kToolInput);
      break;
    case CallState::Phase::kJudging:
      add_checks(out, call.checks, frame, index, GuardPoint::kToolOutput);
      break;
    case CallState::Phase::kApproval: add(Command::Kind::kApproval); break;
    case CallState::Phase::kRunning:
      if (owner.phase == Frame::Phase::kActing) add(Command::Kind::kTool);
      break;
    case CallState::Phase::kBranch:
      if (call.child < 0) add(Command::Kind::kBranch);
      break;
    case CallState::Phase::kWaiting:
      if (owner.phase == Frame::Phase::kHandingOff) add(Command::Kind::kHandoff);
      break;
    case CallState::Phase::kHeld:
    case CallState::Phase::kQueued:
    case CallState::Phase::kDone: break;
  }
}

}  // namespace

std::vector<Command> open_commands(const AgentRun& run) {
  std::vector<Command> out;
  for (std::size_t f = 0; f < run.frames.size(); ++f) {
    const Frame& frame = run.frames[f];
    const int index = static_cast<int>(f);
    if (frame.phase == Frame::Phase::kOver) continue;
    if (frame.blocking_open > 0) add_checks(out, frame.checks, index, -1, GuardPoint::kInput);
    if (frame.blocking_open == 0 && frame.beside_open > 0)
      add_checks(out, frame.checks, index, -1, GuardPoint::kBeside);
    switch (frame.phase) {
      case Frame::Phase::kThinking: out.push_back({Command::Kind::kModel, index}); break;
      case Frame::Phase::kDeciding: out.push_back({Command::Kind::kDecide, index}); break;
      case Frame::Phase::kRecovering: out.push_back({Command::Kind::kRecover, index}); break;
      case Frame::Phase::kJudging:
        add_checks(out, frame.checks, index, -1, GuardPoint::kOutput);
        break;
      default: break;
    }
    for (std::size_t c = 0; c < frame.calls.size(); ++c)
      add_call(out, frame, index, static_cast<int>(c));
  }
  return out;
}

namespace detail {

const GuardState* first_objection(const std::vector<GuardState>& checks) {
  const auto objection = std::ranges::find_if(
      checks, [](const GuardState& check) { return check.verdict != Verdict::kAllow; });
  return objection == checks.end() ? nullptr : &*objection;
}

bool note_verdict(std::vector<GuardState>& checks, const GuardrailEnded& outcome) {
  if (outcome.index < 0 || static_cast<std::size_t>(outcome.index) >= checks.size()) return false;
  GuardState& check = checks[static_cast<std::size_t>(outcome.index)];
  if (check.ended) return false;
  check = {true, outcome.verdict, outcome.message};
  return true;
}

// Calls of one reply may share an id, or have none, with some servers; and people approve calls by
// their id, so that no two frames which are open may use the same.
// Of the others that are open, those above wait and are asked, and those beside have their ids in
// `branch_calls`: so the cost does not grow with the number of frames.
void Stepper::make_ids_unique(std::vector<Item>& items, int index) {
  const Frame& frame = at(index);
  std::unordered_set<std::string> seen;
  const auto taken = [&](const std::string& id) {
    if (id.empty() || seen.contains(id)) return true;
    for (int f = index; f >= 0; f = at(f).parent) {
      if (at(f).history.knows_call(id) || at(f).filtered_ids.contains(id)) return true;
    }
    return run_.branch_calls.contains(id);
  };
  int number = 0;
  for (Item& item : items) {
    auto* call = std::get_if<ToolCallItem>(&item);
    if (call == nullptr) continue;
    const std::string given = call->id;
    while (taken(call->id))
      call->id = fmt::format("{}~{}{}.{}", given, frame.path, frame.turn, number++);
    seen.insert(call->id);
    if (index > 0) run_.branch_calls.insert(call->id);
  }
}

Result<void> Stepper::check_frame(int frame) const {
  if (frame >= 0 && static_cast<std::size_t>(frame) < run_.frames.size()) return {};
  return fail(ErrorCode::kCorrupt, fmt::format("the outcome names frame {}, which is not open",
                                               frame));
}

Result<void> Stepper::take(Opened outcome) {
  if (!run_.frames.empty()) return fail(ErrorCode::kCorrupt, "the run was opened twice");
  if (outcome.agent < 0 ||
      static_cast<std::size_t>(outcome.agent) >= run_.team->agents.size())
    return fail(ErrorCode::kCorrupt, "the run starts with an agent that the team does not have");
  if (outcome.handoff && outcome.handoff->facts.kind != CallFacts::Kind::kHandoff)
    return fail(ErrorCode::kCorrupt, "the run was made for a handoff that is none");
  if (outcome.past.open_calls() > 0)
    return fail(ErrorCode::kInvalidInput, "calls of the session have no result");
  if (!outcome.past.extend(outcome.context)) {  // says what is wrong
    std::vector<ItemPtr> all(outcome.past.items().begin(), outcome.past.items().end());
    all.insert(all.end(), outcome.context.begin(), outcome.context.end());
    auto history = History::from(std::move(all));
    if (!history) return propagate(history);
    outcome.past = std::move(*history);
  }
  Frame& root = run_.frames.emplace_back();
  root.agent = outcome.agent;
  root.history = std::move(outcome.past);
  for (ItemPtr& item : outcome.input) {
    const auto* message = std::get_if<MessageItem>(item.get());
    if (message == nullptr) {
      return fail(ErrorCode::kInvalidInput, "the input of a run is made of messages",
                  "give earlier calls and results by a session");
    }
    if (auto added = root.history.add_item(item); !added) return added;
    root.log.push_back(std::move(item));
  }
  root.settled = root.log.size();
  if (!outcome.handoff) {
    open_frame(0);
    return {};
  }
  run_.asked_handoff = true;
  record(Record::Kind::kAgentStarted, 0);
  const std::size_t before = root.history.size();
  std::vector<Item> call{Item(std::move(outcome.handoff->call))};
  make_ids_unique(call, 0);
  if (auto added = root.history.add_reply(std::move(call)); !added) return added;
  root.log.push_back(root.history.items().back());
  return take_calls(0, before, {std::move(outcome.handoff->facts)});
}

void Stepper::open_frame(int frame) {
  Frame& opened = at(frame);
  const AgentPolicy& agent = policy(opened);
  record(Record::Kind::kAgentStarted, frame);
  opened.blocking_open = agent.blocking_guardrails;
  opened.beside_open = agent.beside_guardrails;
  if (agent.blocking_guardrails == 0) return begin_turn(frame);
  opened.phase = Frame::Phase::kChecking;
  opened.checks.assign(static_cast<std::size_t>(agent.blocking_guardrails), {});
  for (int i = 0; i < agent.blocking_guardrails; ++i)
    command(Command::Kind::kGuardrail, frame, -1, i, GuardPoint::kInput);
}

void Stepper::say(Frame& frame, Speaker speaker, std::string text) {
  MessageItem message;
  message.speaker = speaker;
  message.text = std::move(text);
  if (frame.history.add_message(std::move(message)))
    frame.log.push_back(frame.history.items().back());
}

// Calls settle together with their results.
void Stepper::settle_log(Frame& frame) {
  if (frame.history.open_calls() == 0) frame.settled = frame.log.size();
}

void Stepper::begin_turn(int frame) {
  Frame& turning = at(frame);
  if (run_.asked_handoff && frame == 0 && run_.handoffs_accepted == 0)
    return end_frame(0, RunStatus::kRefused, turning.calls.front().output);
  if (run_.stop_after_turn && turning.turn > 0)
    return end_frame(frame, run_.stop.status, run_.stop.reason);
  if (turning.finished)
    return fail_frame(frame, turning.status, turning.reason);
  if (limits().turns_max > 0 && turning.turn >= limits().turns_max && !turning.finishing) {
    const std::string reason =
        fmt::format("no answer within {} turns", limits().turns_max);
    if (!limits().finish_on_limit) return fail_frame(frame, RunStatus::kMaxTurns, reason);
    turning.finishing = true;
    turning.status = RunStatus::kMaxTurns;
    turning.reason = reason;
  }
  for (MessageItem& message : turning.staged) {
    if (turning.history.add_message(std::move(message)))
      turning.log.push_back(turning.history.items().back());
    ++turning.news;
  }
  turning.staged.clear();
  if (!turning.redo.empty()) say(turning, Speaker::kSystem, std::exchange(turning.redo, {}));
  if (turning.finishing) {
    turning.finished = true;
    say(turning, Speaker::kSystem,
        "This is your last turn: no tools are left. Answer now with what you have.");
  }
  const bool first = turning.turn == 0;
  ++turning.turn;
  ++run_.model_calls;
  turning.phase = Frame::Phase::kThinking;
  turning.answer.clear();
  turning.calls.clear();
  if (first) turning.asked_items = turning.history.size();
  if (first && turning.beside_open > 0) {
    turning.checks.assign(static_cast<std::size_t>(turning.beside_open), {});
    for (int i = 0; i < turning.beside_open; ++i)
      command(Command::Kind::kGuardrail, frame, -1, i, GuardPoint::kBeside);
  } else if (turning.beside_open == 0) {
    settle_log(turning);
  }
  command(Command::Kind::kModel, frame);
}

Result<void> Stepper::take(ModelEnded outcome) {
  if (auto checked = check_frame(outcome.frame); !checked) return checked;
  Frame& frame = at(outcome.frame);
  if (!outcome.made) --run_.model_calls;
  // A guardrail beside the call may have ended the frame meanwhile.
  if (frame.phase == Frame::Phase::kOver || frame.phase == Frame::Phase::kRecovering) return {};
  if (frame.phase != Frame::Phase::kThinking)
    return fail(ErrorCode::kCorrupt, "a model's reply came that was not asked for");
  if (outcome.error) {
    fail_frame(outcome.frame, outcome.failure, outcome.error->message);
    return {};
  }
  if (!outcome.refusal.empty()) {  // calls of a reply that declines are not carried out
    std::erase_if(outcome.items,
                  [](const Item& item) { return std::holds_alternative<ToolCallItem>(item); });
  }
  make_ids_unique(outcome.items, outcome.frame);
  const std::size_t before = frame.history.size();
  if (auto added = frame.history.add_reply(std::move(outcome.items)); !added) {
    fail_frame(outcome.frame, RunStatus::kModelBehavior, added.error().message);
    return {};
  }
  const auto items = frame.history.items();
  frame.log.insert(frame.log.end(), items.begin() + static_cast<std::ptrdiff_t>(before),
                   items.end());
  // What is left is one turn for this agent, and one for each that waits for it.
  for (int f = outcome.last_turn ? outcome.frame : -1; f >= 0; f = at(f).parent) {
    if (at(f).finishing) continue;
    at(f).finishing = true;
    at(f).status = RunStatus::kBudget;
    at(f).reason = "the budget's soft limit was reached";
  }
  if (!outcome.refusal.empty()) {
    fail_frame(outcome.frame, RunStatus::kRefused, outcome.refusal);
    return {};
  }
  if (frame.history.open_calls() > 0)
    return take_calls(outcome.frame, before, std::move(outcome.calls));
  const MessageItem* last = nullptr;
  for (std::size_t i = before; i < items.size(); ++i) {
    const auto* message = std::get_if<MessageItem>(items[i].get());
    if (message != nullptr) last = message;
  }
  if (policy(frame).output != nullptr && (last == nullptr || last->text.empty())) {
    if (!retry(outcome.frame,
               "Your reply held no answer. Answer in the form that was asked for.")) {
      fail_frame(outcome.frame, RunStatus::kInvalidOutput,
                 "the model gave no answer of the output type");
    }
    return {};
  }
  answer(outcome.frame, last == nullptr ? std::string() : last->text, true);
  return {};
}

Result<void> Stepper::take(GuardrailEnded outcome) {
  if (auto checked = check_frame(outcome.frame); !checked) return checked;
  if (at(outcome.frame).phase == Frame::Phase::kOver) return {};
  switch (outcome.point) {
    case GuardPoint::kInput:
    case GuardPoint::kBeside: guard_input(outcome); break;
    case GuardPoint::kOutput: guard_output(outcome); break;
    default: guard_call(outcome); break;
  }
  return {};
}

void Stepper::guard_input(const GuardrailEnded& outcome) {
  Frame& frame = at(outcome.frame);
  const bool blocking = outcome.point == GuardPoint::kInput;
  int& open = blocking ? frame.blocking_open : frame.beside_open;
  if (open == 0 || !note_verdict(frame.checks, outcome)) return;
  --open;
  // The first that stops ends it: the others and the model call are of no use any more.
  if (outcome.verdict == Verdict::kStop || outcome.verdict == Verdict::kReject) {
    frame.answer = outcome.verdict == Verdict::kReject ? outcome.message : std::string();
    frame.log.resize(std::min(frame.log.size(), frame.settled));
    frame.withheld = true;
    return fail_frame(outcome.frame, RunStatus::kGuardrail, outcome.message);
  }
  if (outcome.verdict == Verdict::kRetry) {
    // Feedback on the input is for the model, which reads it with the next call.
    frame.redo += frame.redo.empty() ? "" : "\n";
    frame.redo += outcome.message.empty() ? "Look at the input again." : outcome.message;
  }
  if (open > 0) return;
  if (blocking) return begin_turn(outcome.frame);
  beside_decided(outcome.frame);
}

// What the model did meanwhile may go on, or was done without the feedback and is done again.
void Stepper::beside_decided(int frame) {
  Frame& judged = at(frame);
  if (judged.redo.empty()) settle_log(judged);
  if (judged.phase == Frame::Phase::kAnswered) {
    if (judged.redo.empty()) return judge_answer(frame);
    return answer_again(frame);
  }
  if (judged.phase != Frame::Phase::kActing) return;
  if (judged.redo.empty()) {
    release_held(frame);
  } else {
    refuse_held(frame, "Not run: " + judged.redo);
  }
  after_call(frame);
}

Result<void> Stepper::take(InputAdded outcome) {
  if (run_.frames.empty()) return fail(ErrorCode::kCorrupt, "input came before the run began");
  if (!run_.over()) at(0).staged.push_back(std::move(outcome.message));
  return {};
}

Result<void> Stepper::take(Stopped outcome) {
  if (run_.frames.empty()) return fail(ErrorCode::kCorrupt, "a stop came before the run began");
  if (run_.over()) return {};
  run_.stop = std::move(outcome);
  if (run_.stop.after_turn) {
    run_.stop_after_turn = true;
  } else {
    end_frame(0, run_.stop.status, run_.stop.reason);
  }
  return {};
}

Result<void> Stepper::take(Recovered outcome) {
  if (auto checked = check_frame(outcome.frame); !checked) return checked;
  Frame& frame = at(outcome.frame);
  if (frame.phase == Frame::Phase::kOver) return {};
  if (frame.phase != Frame::Phase::kRecovering)
    return fail(ErrorCode::kCorrupt, "a handler's output came that was not asked for");
  if (!outcome.output) {
    end_frame(outcome.frame, frame.status, frame.reason);
    return {};
  }
  if (policy(frame).output != nullptr) {
    const auto value = json::parse(*outcome.output);
    if (!value || !policy(frame).output->validate(*value).empty()) {
      end_frame(outcome.frame, frame.status,
                frame.reason + "; the handler's output does not match the output type");
      return {};
    }
  }
  frame.answer = std::move(*outcome.output);
  MessageItem message;
  message.speaker = Speaker::kAssistant;
  message.text = frame.answer;
  message.agent = policy(frame).name;
  if (frame.history.add_message(std::move(message)))
    frame.log.push_back(frame.history.items().back());
  settle_log(frame);
  end_frame(outcome.frame, RunStatus::kDone, {});
  return {};
}

void Stepper::fail_frame(int frame, RunStatus status, std::string reason) {
  Frame& failing = at(frame);
  if (!limits().recover.contains(status)) return end_frame(frame, status, std::move(reason));
  failing.status = status;
  failing.reason = std::move(reason);
  failing.phase = Frame::Phase::kRecovering;
  end_children(frame);
  drop_waiting(failing);
  close_step(frame);
  failing.blocking_open = failing.beside_open = failing.output_open = 0;
  failing.log.resize(std::min(failing.log.size(), failing.settled));
  command(Command::Kind::kAbort, frame);
  command(Command::Kind::kRecover, frame);
}

void Stepper::end_children(int frame) {
  for (std::size_t i = 0; i < at(frame).calls.size(); ++i) {
    const int child = at(frame).calls[i].child;
    if (child < 0 || at(child).phase == Frame::Phase::kOver) continue;
    at(child).parent = -2;  // nobody waits for it
    end_frame(child, RunStatus::kCancelled, "the agent that asked for it ended");
  }
}

// The history must stay valid for what comes after: every call gets a result. What runs keeps its
// place under the cap until it ends.
void Stepper::drop_waiting(Frame& owner) {
  for (CallState& call : owner.calls) {
    if (call.phase == CallState::Phase::kDone) continue;
    if (call.phase == CallState::Phase::kJudging) {
      call.output = "done, but the run ended before its result was checked";
    } else {
      call.output = call.phase == CallState::Phase::kRunning ||
                            (call.phase == CallState::Phase::kBranch && call.child >= 0)
                        ? "cancelled: the run ended"
                        : "not run: the run ended";
    }
    call.ok = false;
    if (call.phase != CallState::Phase::kRunning) call.phase = CallState::Phase::kDone;
  }
}

void Stepper::end_frame(int frame, RunStatus status, std::string reason) {
  Frame& ending = at(frame);
  if (ending.phase == Frame::Phase::kOver) return;
  ending.status = status;
  ending.reason = std::move(reason);
  end_children(frame);
  drop_waiting(ending);
  close_step(frame);
  if (status != RunStatus::kDone) {  // what nobody has passed does not leave
    ending.log.resize(std::min(ending.log.size(), ending.settled));
    if (status != RunStatus::kGuardrail) ending.answer.clear();
  }
  ending.phase = Frame::Phase::kOver;
  if (status != RunStatus::kDone) command(Command::Kind::kAbort, frame);
  record(Record::Kind::kAgentEnded, frame, -1, ending.reason);
  if (frame == 0) {
    record(Record::Kind::kRunEnded, frame, -1, ending.reason);
  } else if (ending.parent >= 0) {
    branch_ended(ending.parent, ending.parent_call);
  }
}

}  // namespace detail
}  // namespace cadre
