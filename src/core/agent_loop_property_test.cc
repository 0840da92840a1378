// Whatever comes, in whatever order: histories stay valid, nothing is counted below zero, the run
// ends, and the same outcomes give the same run, applied again or read back from the journal.
#include <gtest/gtest.h>

#include "base/hash.h"
#include "core/agent_loop_test_kit.h"

namespace cadre {
namespace {

using testing::dump;
using testing::RandomShell;

constexpr std::uint64_t kSeeds = 900;

std::string check_frame(const AgentRun& run, const Frame& frame) {
  if (frame.history.open_calls() == 0) {
    if (auto valid = History::from(frame.history.items()); !valid)
      return "history: " + valid.error().message;
  } else if (frame.history.open_calls() != frame.calls.size()) {
    return "open calls of the history are not the frame's";
  }
  if (frame.settled > frame.log.size()) return "more is settled than there is";
  const auto settled = std::span(frame.log).first(frame.settled);
  if (auto valid = History::from(settled); !valid)
    return "settled log: " + valid.error().message + "\n" + dump(settled);
  if (frame.phase == Frame::Phase::kOver) {
    if (auto valid = History::from(frame.log); !valid)
      return "log: " + valid.error().message + "\n" + dump(frame.log);
    if (frame.settled != frame.log.size()) return "what is not settled left";
    const bool may_answer =
        frame.status == RunStatus::kDone || frame.status == RunStatus::kGuardrail;
    if (!may_answer && !frame.answer.empty()) return "a candidate left: " + frame.answer;
  }
  for (const int open : {frame.calls_open, frame.blocking_open, frame.beside_open,
                         frame.output_open, frame.branches_open}) {
    if (open < 0) return "something is counted below zero";
  }
  if (frame.phase == Frame::Phase::kActing) {
    const auto open = std::ranges::count_if(frame.calls, [](const CallState& call) {
      return call.phase != CallState::Phase::kDone && call.phase != CallState::Phase::kWaiting;
    });
    if (open != frame.calls_open) return "calls_open is wrong";
  }
  if (run.limits.turns_max > 0 &&
      frame.turn > run.limits.turns_max + (run.limits.finish_on_limit ? 1 : 0) + 1)
    return "more turns than allowed";
  return {};
}

// What is wrong with the state; empty: nothing.
std::string check_state(const RandomShell& shell) {
  const AgentRun& run = shell.run;
  int running = 0;
  for (const Frame& frame : run.frames) {
    if (std::string fault = check_frame(run, frame); !fault.empty()) return fault;
    for (const CallState& call : frame.calls) running += call.phase == CallState::Phase::kRunning;
  }
  if (running != run.running_tools) return "running_tools is wrong";
  if (run.model_calls < 0 || run.tool_calls < 0) return "calls are counted below zero";
  if (run.limits.parallel_tools > 0 && running > run.limits.parallel_tools)
    return "more tools run than the cap allows";
  const auto open = open_commands(run);
  for (const Command& command : open) {
    const auto asked = std::ranges::count_if(shell.pending, [&](const auto& each) {
      const bool beside = command.kind == Command::Kind::kGuardrail &&
                          command.point == GuardPoint::kBeside;
      const int turn = run.frames[static_cast<std::size_t>(command.frame)].turn;
      return testing::same_command(each.command, command) && (each.turn == turn || beside);
    });
    if (asked != 1) {
      return fmt::format("command {} of {}.{} is open and was asked for {} times",
                         static_cast<int>(command.kind), command.frame, command.call, asked);
    }
  }
  if (open.empty() && !run.over() && abandoned_tools(run).empty())
    return "nothing is open and the run is not over";
  return {};
}

struct Played {
  std::vector<AgentOutcome> outcomes;
  std::vector<std::string> outs, states;  // after each outcome
  std::vector<Event> events;
  std::vector<std::size_t> read_at;  // outcome that each event holds; npos: none
  std::map<std::string, std::string> blobs;
};

void keep(Played& played, AgentJournal::Draft draft, bool outcome) {
  // As a store would: written and read.
  auto read = event_from_json(json::parse(json::write(to_json(draft.event))).value());
  ASSERT_TRUE(read) << read.error().message;
  played.events.push_back(std::move(*read));
  played.read_at.push_back(outcome ? played.outcomes.size() : std::string::npos);
  for (std::string& blob : draft.blobs) played.blobs[sha256_hex(blob)] = std::move(blob);
}

void play(RandomShell& shell, Played& played) {
  AgentJournal journal("r");
  Outbox out;
  AgentOutcome outcome = shell.open();
  for (int step = 0; step < 3000; ++step) {
    if (const auto* opened = std::get_if<Opened>(&outcome)) {
      keep(played, journal.opened(*opened, "a", {}), true);
    } else {
      keep(played, journal.outcome(shell.run, outcome), true);
    }
    played.outcomes.push_back(outcome);
    out.clear();
    const auto applied = apply(shell.run, std::move(outcome), out);
    ASSERT_TRUE(applied) << "step " << step << ": " << applied.error().message;
    for (const Record& record : out.records) keep(played, journal.record(shell.run, record), false);
    for (const Command& command : out.commands) {
      if (command.kind != Command::Kind::kModel && command.kind != Command::Kind::kTool) continue;
      if (shell.run.frames[static_cast<std::size_t>(command.frame)].phase != Frame::Phase::kOver)
        keep(played, journal.intent(shell.run, command), false);
    }
    played.outs.push_back(dump(out));
    played.states.push_back(dump(shell.run));
    shell.take(out.commands);
    const std::string fault = check_state(shell);
    ASSERT_EQ(fault, "") << "step " << step << "\n" << dump(shell.run);
    std::optional<AgentOutcome> next;
    while (!next && !shell.idle()) next = shell.next();
    if (!next) break;
    outcome = std::move(*next);
  }
  ASSERT_TRUE(shell.run.over()) << dump(shell.run);
  EXPECT_EQ(shell.run.running_tools, 0);
}

TEST(AgentLoopProperty, AnyOutcomesKeepTheRunSoundAndItEnds) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    RandomShell shell(seed);
    Played played;
    play(shell, played);
    if (HasFatalFailure()) return;
  }
}

TEST(AgentLoopProperty, TheSameOutcomesGiveTheSameRun) {
  for (std::uint64_t seed = 0; seed < kSeeds / 3; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    RandomShell shell(seed);
    Played played;
    play(shell, played);
    if (HasFatalFailure()) return;
    AgentRun again = shell.fresh();
    Outbox out;
    for (std::size_t i = 0; i < played.outcomes.size(); ++i) {
      out.clear();
      ASSERT_TRUE(apply(again, played.outcomes[i], out));
      ASSERT_EQ(dump(out), played.outs[i]);
      ASSERT_EQ(dump(again), played.states[i]);
    }
  }
}

TEST(AgentLoopProperty, EveryPrefixOfTheJournalGivesTheSameState) {
  for (std::uint64_t seed = 0; seed < kSeeds / 3; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    RandomShell shell(seed);
    Played played;
    play(shell, played);
    if (HasFatalFailure()) return;
    const auto& opened = std::get<Opened>(played.outcomes[0]);
    AgentRun again = shell.fresh();
    AgentJournal journal("r");
    Outbox out;
    const auto load = [&](const std::string& address) -> Result<std::string> {
      return played.blobs.at(address);
    };
    for (std::size_t i = 0; i < played.events.size(); ++i) {
      auto outcome = journal.read(again, played.events[i], load, opened.past.items());
      ASSERT_TRUE(outcome) << "event " << i << ": " << outcome.error().message;
      ASSERT_EQ(outcome->has_value(), played.read_at[i] != std::string::npos)
          << json::write(to_json(played.events[i]));
      if (!*outcome) continue;
      out.clear();
      const auto applied = apply(again, std::move(**outcome), out);
      ASSERT_TRUE(applied) << "event " << i << ": " << applied.error().message;
      ASSERT_EQ(dump(again), played.states[played.read_at[i]]) << "event " << i;
      ASSERT_EQ(dump(out), played.outs[played.read_at[i]]) << "event " << i;
    }
    EXPECT_EQ(journal.last_seq(), static_cast<std::int64_t>(played.events.size()));
  }
}

}  // namespace
}  // namespace cadre
