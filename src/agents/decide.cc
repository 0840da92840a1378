#include "cadre/decide.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "core/agent_approvals.h"
#include "core/decision.h"
#include "core/provider.h"

namespace cadre {
namespace {

struct AskedRun {
  RunInfo info;
  std::vector<AskedCall> calls;
  std::int64_t last_seq = 0, last_us = 0;
};

Result<AskedRun> read_asked(Store& store, const std::string& run) {
  auto info = store.info(run);
  if (!info) return propagate(info);
  auto journal = store.read(run);
  if (!journal) return propagate(journal);
  if (journal->damage) return std::unexpected(*journal->damage);
  if (journal->events.empty())
    return fail(ErrorCode::kCorrupt, fmt::format("the journal of run {} is empty", run));
  if (json::get_string(journal->events.front().body, "plan_name") != "agents")
    return fail(ErrorCode::kInvalidInput, fmt::format("run {} is not a run of agents", run));
  return AskedRun{std::move(*info), asked_calls(journal->events), journal->events.back().seq,
                  journal->events.back().time_us};
}

WaitingCall waiting(const AskedCall& call) {
  return {call.key,  call.call_id,   call.agent,
          call.tool, call.arguments, call.tool == kAskUserTool};
}

std::string line_of(const AskedCall& call) {
  return fmt::format("{} {} {}", call.key, call.tool, text::shorten(call.arguments, 100));
}

Result<const AskedCall*> choose(const AskedRun& asked, const std::string& run,
                                const std::string& key) {
  using State = AskedCall::State;
  std::vector<const AskedCall*> waits;
  for (const AskedCall& call : asked.calls) {
    if (call.state == State::kWaiting) waits.push_back(&call);
  }
  if (!key.empty()) {
    // Ids may come again in another agent's calls: what waits goes first, then the newest.
    const auto named = [&](const AskedCall* call) {
      return call->key == key || call->call_id == key;
    };
    if (const auto at = std::ranges::find_if(waits, named); at != waits.end()) return *at;
    for (auto at = asked.calls.rbegin(); at != asked.calls.rend(); ++at) {
      if (!named(&*at)) continue;
      if (at->state == State::kDecided) {
        return decided_already(at->key, at->approved, at->decided_by);
      }
      return fail(ErrorCode::kConflict,
                  fmt::format("{} does not wait any more: the run went on without it", at->key));
    }
    return not_asked_for(run, key);
  }
  if (waits.size() == 1) return waits.front();
  if (waits.empty()) return nothing_waits(run);
  std::vector<std::string> lines;
  for (const AskedCall* call : waits) lines.push_back(line_of(*call));
  return which_of_them(run, lines);
}

}  // namespace

Result<std::vector<WaitingCall>> waiting_calls(Store& store, const std::string& run) {
  auto asked = read_asked(store, run);
  if (!asked) return propagate(asked);
  std::vector<WaitingCall> calls;
  for (const AskedCall& call : asked->calls) {
    if (call.state == AskedCall::State::kWaiting) calls.push_back(waiting(call));
  }
  return calls;
}

Result<DecidedCall> decide_call(Store& store, Clock& clock, const std::string& run,
                                const CallDecision& decision) {
  auto asked = read_asked(store, run);
  if (!asked) return propagate(asked);
  auto chosen = choose(*asked, run, decision.call);
  if (!chosen) return propagate(chosen);
  const AskedCall& call = **chosen;
  if (auto good = check_decision(
          {call.key, call.tool == kAskUserTool, call.arguments, "the tool " + call.tool},
          {decision.approved, decision.answers, decision.always, decision.message});
      !good)
    return propagate(good);
  const auto waits = std::ranges::count(asked->calls, AskedCall::State::kWaiting,
                                        &AskedCall::state);
  Event event = decided_event(call, run, decision.approved || decision.answers,
                              decision.message, decision.answers, decision.always, decision.by);
  event.seq = asked->last_seq + 1;
  event.time_us = std::max(clock.now_us(), asked->last_us);
  Append append;
  append.run = run;
  append.expected_seq = asked->last_seq;
  asked->info.updated_us = event.time_us;
  if (waits == 1) {  // decided, and waits for somebody to resume it
    asked->info.status = "interrupted";
    asked->info.exit_code = 130;
  }
  append.info = std::move(asked->info);
  append.events.push_back(std::move(event));
  if (auto appended = store.append(std::move(append)); !appended)
    return not_written(run, std::move(appended.error()));
  return DecidedCall{waiting(call), static_cast<int>(waits) - 1};
}

}  // namespace cadre
