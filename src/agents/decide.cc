#include "cadre/decide.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "core/agent_approvals.h"
#include "core/provider.h"

namespace cadre {
namespace {

struct Asked {
  RunInfo info;
  std::vector<AskedCall> calls;
  std::int64_t last_seq = 0, last_us = 0;
};

Result<Asked> read_asked(Store& store, const std::string& run) {
  auto info = store.info(run);
  if (!info) return propagate(info);
  auto journal = store.read(run);
  if (!journal) return propagate(journal);
  if (journal->damage) return std::unexpected(*journal->damage);
  if (journal->events.empty())
    return fail(ErrorCode::kCorrupt, fmt::format("the journal of run {} is empty", run));
  if (json::get_string(journal->events.front().body, "plan_name") != "agents")
    return fail(ErrorCode::kInvalidInput, fmt::format("run {} is not a run of agents", run));
  return Asked{std::move(*info), asked_calls(journal->events), journal->events.back().seq,
               journal->events.back().time_us};
}

WaitingCall waiting(const AskedCall& call) {
  return {call.key,  call.call_id,   call.agent,
          call.tool, call.arguments, call.tool == kAskUserTool};
}

std::string line_of(const AskedCall& call) {
  return fmt::format("{} {} {}", call.key, call.tool, text::shorten(call.arguments, 100));
}

Result<const AskedCall*> choose(const Asked& asked, const std::string& run,
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
        return fail(ErrorCode::kConflict,
                    fmt::format("{} is decided already: {} by {}", at->key,
                                at->approved ? "approved" : "rejected", at->decided_by));
      }
      return fail(ErrorCode::kConflict,
                  fmt::format("{} does not wait any more: the run went on without it", at->key));
    }
    return fail(ErrorCode::kNotFound, fmt::format("run {} has asked for no \"{}\"", run, key),
                fmt::format("cadre show {} says what waits", run));
  }
  if (waits.size() == 1) return waits.front();
  if (waits.empty()) {
    return fail(ErrorCode::kConflict, fmt::format("nothing of run {} waits for a person", run),
                fmt::format("cadre show {} says how it stands", run));
  }
  std::string lines;
  for (const AskedCall* call : waits) lines += "\n  " + line_of(*call);
  return fail(ErrorCode::kInvalidInput,
              fmt::format("{} things of run {} wait:{}", waits.size(), run, lines),
              "name one of them");
}

Result<void> check(const AskedCall& call, const CallDecision& decision) {
  const bool question = call.tool == kAskUserTool;
  if (question && decision.approved && !decision.answers) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} is a question: {}", call.key, call.arguments),
                fmt::format("cadre answer RUN {} TEXT", call.key));
  }
  if (!question && decision.answers) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} is no question but the tool {}", call.key, call.tool),
                "approve or reject it");
  }
  if (decision.always && question)
    return fail(ErrorCode::kInvalidInput, "a question is not answered once and for all");
  if (!text::is_valid_utf8(decision.message))
    return fail(ErrorCode::kInvalidInput, "the message is not valid UTF-8 text");
  return {};
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
  if (auto good = check(**chosen, decision); !good) return propagate(good);
  const auto waits = std::ranges::count(asked->calls, AskedCall::State::kWaiting,
                                        &AskedCall::state);
  Event event = decided_event(**chosen, run, decision.approved || decision.answers,
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
  if (auto appended = store.append(std::move(append)); !appended) {
    if (appended.error().code != ErrorCode::kConflict) return propagate(appended);
    return fail(
        ErrorCode::kConflict,
        fmt::format("run {} went on while it was decided: another process works on it", run),
        "look at it with cadre show, and decide again what still waits");
  }
  return DecidedCall{waiting(**chosen), static_cast<int>(waits) - 1};
}

}  // namespace cadre
