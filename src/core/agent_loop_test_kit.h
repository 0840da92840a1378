// What tests of the agent loop share: a run's state as text, a deterministic source of randomness,
// and a shell that answers the core's commands at random. Not thread-safe; a test owns one.
#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/agent_journal.h"
#include "core/agent_loop.h"

namespace cadre::testing {

inline std::string dump(std::span<const ItemPtr> items) {
  std::string out;
  for (const ItemPtr& item : items) out += json::write(to_json(*item)) + "\n";
  return out;
}

inline std::string dump(const std::vector<GuardState>& checks) {
  std::string out;
  for (const GuardState& check : checks)
    out += fmt::format("[{} {} {}]", check.ended, static_cast<int>(check.verdict), check.message);
  return out;
}

inline std::string dump(const CallState& call) {
  return fmt::format("call {} {} kind{} phase{} open{} {} {} {} child{} join{}.{} '{}' {}\n",
                     call.call().id, call.call().tool, static_cast<int>(call.facts.kind),
                     static_cast<int>(call.phase), call.checks_open, call.approved, call.ok,
                     call.failed_fatally, call.child, call.in_join,
                     static_cast<int>(call.facts.on_failure), call.output, dump(call.checks));
}

inline std::string dump(const Frame& frame) {
  std::string out = fmt::format(
      "frame '{}' parent{}.{} depth{} agent{} phase{} settled{} withheld{} redo'{}' turn{} "
      "retries{} finishing{}{} open{}.{}.{}.{} branches{} answer'{}'{} {} '{}' news{} "
      "circles{} nudges{} {}\n",
      frame.path, frame.parent, frame.parent_call, frame.depth, frame.agent,
      static_cast<int>(frame.phase), frame.settled, frame.withheld, frame.redo, frame.turn,
      frame.retries_used, frame.finishing, frame.finished, frame.calls_open, frame.blocking_open,
      frame.beside_open, frame.output_open, frame.branches_open,
      frame.answer, frame.answer_is_text, to_string(frame.status), frame.reason, frame.news,
      frame.circles, frame.nudges, dump(frame.checks));
  out += dump(frame.history.items()) + "log\n" + dump(frame.log);
  for (const MessageItem& message : frame.staged) out += "staged " + message.text + "\n";
  for (const CallState& call : frame.calls) out += dump(call);
  for (const int agent : frame.used_tools) out += fmt::format("used{} ", agent);
  return out;
}

// All that decides what the run does next.
inline std::string dump(const AgentRun& run) {
  std::string out = fmt::format("running{} stop{} model{} tool{} handoffs{}.{}.{}\n",
                                run.running_tools, run.stop_after_turn, run.model_calls,
                                run.tool_calls, run.handoffs_requested, run.handoffs_accepted,
                                run.handoffs_refused);
  for (const Frame& frame : run.frames) out += dump(frame);
  return out;
}

inline std::string dump(const Outbox& out) {
  std::string text;
  for (const Command& c : out.commands) {
    text += fmt::format("c{} {}.{} p{} i{}\n", static_cast<int>(c.kind), c.frame, c.call,
                        static_cast<int>(c.point), c.index);
  }
  for (const Record& r : out.records) {
    text += fmt::format("r{} {}.{} a{} {}\n", static_cast<int>(r.kind), r.frame, r.call, r.agent,
                        r.text);
  }
  return text;
}

// The same numbers from the same seed on every machine.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ULL + 1) {}
  // 0 .. n-1
  int roll(int n) { return static_cast<int>(next() % static_cast<std::uint64_t>(n)); }
  bool chance(int percent) { return roll(100) < percent; }

 private:
  std::uint64_t next() {  // splitmix64 (Steele, Lea, Flood)
    std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15ULL;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebULL;
    return mixed ^ (mixed >> 31U);
  }
  std::uint64_t state_;
};

inline ItemPtr message(Speaker speaker, std::string text) {
  MessageItem made;
  made.speaker = speaker;
  made.text = std::move(text);
  return std::make_shared<const Item>(std::move(made));
}

inline bool same_command(const Command& a, const Command& b) {
  return a.kind == b.kind && a.frame == b.frame && a.call == b.call && a.point == b.point &&
         a.index == b.index;
}

// Gives random but well-formed outcomes, in random order; late ones of what was aborted, too.
class RandomShell {
 public:
  explicit RandomShell(std::uint64_t seed) : dice_(seed) {
    auto team = std::make_shared<TeamPolicy>();
    const int agents = 1 + dice_.roll(4);
    for (int i = 0; i < agents; ++i) team->agents.push_back(agent(i));
    LoopLimits limits;
    limits.turns_max = 2 + dice_.roll(9);
    limits.depth_max = 1 + dice_.roll(4);
    limits.parallel_tools = dice_.roll(4);
    limits.finish_on_limit = dice_.chance(50);
    limits.repeat_calls = dice_.roll(4);
    limits.repeat_handoffs = dice_.roll(3);
    for (const RunStatus status : {RunStatus::kGuardrail, RunStatus::kMaxTurns, RunStatus::kLoop,
                                   RunStatus::kToolError, RunStatus::kInvalidOutput,
                                   RunStatus::kModelError, RunStatus::kRefused}) {
      if (dice_.chance(25)) limits.recover.insert(status);
    }
    run = make_agent_run(team, limits);
  }

  AgentRun fresh() const { return make_agent_run(run.team, run.limits); }

  Opened open() {
    Opened opened;
    opened.agent = dice_.roll(static_cast<int>(run.team->agents.size()));
    if (dice_.chance(30)) opened.past = History::from(past()).value();
    if (dice_.chance(20)) opened.context.push_back(message(Speaker::kUser, "it is known that"));
    opened.input.push_back(message(Speaker::kUser, "do it"));
    if (!dice_.chance(15)) return opened;
    CallFacts asked = facts();
    asked.kind = CallFacts::Kind::kHandoff;
    asked.target = dice_.roll(static_cast<int>(run.team->agents.size()));
    opened.handoff = AskedHandoff{{"h1", "t1", "{}", {}}, asked};
    return opened;
  }

  // What the core asked for. Aborted model calls and tools still end, later.
  void take(const std::vector<Command>& commands) {
    for (const Command& command : commands) {
      if (command.kind != Command::Kind::kAbort) {
        pending.push_back({command, frame(command).turn, false});
        continue;
      }
      for (Pending& each : pending) each.late = each.late || each.command.frame == command.frame;
    }
  }

  bool idle() const { return pending.empty(); }

  // The next outcome, or nothing when what came is of no use any more.
  std::optional<AgentOutcome> next() {
    if (dice_.chance(1))
      return Stopped{dice_.chance(50), RunStatus::kCancelled, "stopped"};
    if (dice_.chance(2)) {
      const int f = dice_.roll(static_cast<int>(run.frames.size()));
      const auto& calls = run.frames[static_cast<std::size_t>(f)].calls;
      for (std::size_t c = 0; c < calls.size(); ++c) {
        if (calls[c].phase == CallState::Phase::kBranch && calls[c].child >= 0)
          return BranchStopped{f, static_cast<int>(c), "took too long"};
      }
    }
    if (dice_.chance(2)) {
      MessageItem more;
      more.text = "and also this";
      return InputAdded{std::move(more)};
    }
    const int at = dice_.roll(static_cast<int>(pending.size()));
    const Pending chosen = pending[static_cast<std::size_t>(at)];
    pending.erase(pending.begin() + at);
    const bool beside = chosen.command.point == GuardPoint::kBeside &&
                        chosen.command.kind == Command::Kind::kGuardrail;
    if (frame(chosen.command).turn != chosen.turn && !beside) return std::nullopt;
    return answer(chosen.command);
  }

  struct Pending {
    Command command;
    int turn = 0;
    bool late = false;
  };
  AgentRun run;
  std::vector<Pending> pending;

 private:
  const Frame& frame(const Command& command) const {
    return run.frames[static_cast<std::size_t>(command.frame)];
  }

  AgentPolicy agent(int number) {
    AgentPolicy made;
    made.name = fmt::format("agent{}", number);
    if (dice_.chance(30)) made.blocking_guardrails = 1 + dice_.roll(2);
    if (dice_.chance(40)) made.beside_guardrails = 1 + dice_.roll(2);
    if (dice_.chance(30)) made.output_guardrails = 1 + dice_.roll(2);
    if (dice_.chance(25)) {
      made.output = std::make_shared<const JsonSchema>(
          JsonSchema::compile(Json{{"type", "object"}}).value());
    }
    made.tool_use = static_cast<ToolUse>(dice_.chance(60) ? 0 : dice_.roll(3));
    made.unknown_tool = dice_.chance(80) ? UnknownTool::kTellModel : UnknownTool::kFail;
    made.join.kind = static_cast<JoinRule::Kind>(dice_.roll(5));
    made.join.quorum = 1 + dice_.roll(2);
    made.join.cancel_on_failure = dice_.chance(50);
    made.retries = dice_.roll(3);
    return made;
  }

  std::vector<ItemPtr> past() {
    std::vector<ItemPtr> items{message(Speaker::kUser, "earlier")};
    items.push_back(std::make_shared<const Item>(ToolCallItem{"c0", "t0", "{}", {}}));
    items.push_back(std::make_shared<const Item>(ToolResultItem{"c0", "out", true}));
    items.push_back(message(Speaker::kAssistant, "done"));
    return items;
  }

  AgentOutcome answer(const Command& command) {
    const int f = command.frame, c = command.call;
    switch (command.kind) {
      case Command::Kind::kModel: return reply(f);
      case Command::Kind::kGuardrail:
        return GuardrailEnded{f, command.point, c, command.index, verdict(), "guarded"};
      case Command::Kind::kTool:
        return ToolEnded{f, c, dice_.chance(80), fmt::format("out{}", dice_.roll(3)),
                         dice_.chance(90)};
      case Command::Kind::kApproval:
        return ApprovalDecided{f, c, dice_.chance(60), dice_.chance(50) ? "because" : "",
                               dice_.chance(10)};
      case Command::Kind::kHandoff: return handoff(f, c);
      case Command::Kind::kBranch: return branch(f, c);
      case Command::Kind::kDecide:
        return ToolsDecided{f, dice_.chance(50) ? std::optional<std::string>("decided")
                                                : std::nullopt};
      default:
        return Recovered{f, dice_.chance(60) ? std::optional<std::string>(text()) : std::nullopt};
    }
  }

  Verdict verdict() {
    const int roll = dice_.roll(100);
    return roll < 70   ? Verdict::kAllow
           : roll < 80 ? Verdict::kReject
           : roll < 92 ? Verdict::kRetry
                       : Verdict::kStop;
  }

  std::string text() { return dice_.chance(70) ? R"({"a":1})" : "words"; }

  ModelEnded reply(int f) {
    ModelEnded ended;
    ended.frame = f;
    if (dice_.chance(3)) {
      ended.error = Error{ErrorCode::kUnavailable, "no network", {}};
      ended.made = dice_.chance(50);
      return ended;
    }
    if (dice_.chance(3)) ended.refusal = "I must not";
    ended.last_turn = dice_.chance(3);
    if (dice_.chance(30)) ended.items.push_back(ReasoningItem{"hm", {}});
    if (dice_.chance(50)) {
      MessageItem said;
      said.speaker = Speaker::kAssistant;
      said.text = text();
      ended.items.push_back(said);
    }
    const int calls = dice_.chance(65) ? 1 + dice_.roll(4) : 0;
    for (int i = 0; i < calls; ++i) {
      std::string id = dice_.chance(70) ? fmt::format("c{}", ++ids_) : dice_.chance(50) ? "" : "c1";
      ended.items.push_back(ToolCallItem{id, fmt::format("t{}", dice_.roll(2)), "{}", {}});
      ended.calls.push_back(facts());
    }
    if (dice_.chance(20)) ended.items.push_back(ReasoningItem{"after", {}});
    if (dice_.chance(1)) ended.items.push_back(ToolResultItem{"c1", "forged", true});
    return ended;
  }

  CallFacts facts() {
    CallFacts made;
    const int kind = dice_.roll(100);
    made.kind = kind < 50   ? CallFacts::Kind::kTool
                : kind < 65 ? CallFacts::Kind::kAgentTool
                : kind < 95 ? CallFacts::Kind::kHandoff
                            : CallFacts::Kind::kUnknown;
    made.effect = static_cast<ToolEffect>(dice_.roll(3));
    made.needs_approval = dice_.chance(15);
    made.ends_run = dice_.chance(5);
    made.fatal = dice_.chance(10);
    if (dice_.chance(20)) made.input_checks = 1 + dice_.roll(2);
    if (dice_.chance(20)) made.output_checks = 1 + dice_.roll(2);
    if (made.kind == CallFacts::Kind::kAgentTool || made.kind == CallFacts::Kind::kHandoff)
      made.target = dice_.roll(static_cast<int>(run.team->agents.size()));
    if (made.kind == CallFacts::Kind::kHandoff)
      made.on_failure = static_cast<BranchFailure>(dice_.roll(3));
    if (made.kind == CallFacts::Kind::kUnknown) made.problem = "there is no such tool";
    return made;
  }

  HandoffEnded handoff(int f, int c) {
    HandoffEnded ended{f, c, dice_.chance(75), "busy", std::nullopt};
    if (ended.accepted && dice_.chance(30))
      ended.items = std::vector{message(Speaker::kUser, "in short")};
    return ended;
  }

  AgentOutcome branch(int f, int c) {
    const bool joining = run.frames[static_cast<std::size_t>(f)].phase == Frame::Phase::kJoining;
    if (dice_.chance(15)) {
      if (joining) return HandoffEnded{f, c, false, "busy", std::nullopt};
      return BranchOpened{f, c, {}, "bad arguments"};
    }
    return BranchOpened{f, c, {message(Speaker::kUser, "your part")}, {}};
  }

  Dice dice_;
  int ids_ = 0;
};

}  // namespace cadre::testing
