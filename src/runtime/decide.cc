#include "runtime/decide.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "core/apply.h"
#include "core/decision.h"
#include "runtime/runner.h"

namespace cadre {
namespace {

// The approval that is meant.
Result<const Approval*> choose(const RunState& state, const std::string& key) {
  const auto pending = pending_approvals(state);
  if (!key.empty()) {
    const auto at = std::ranges::find(state.approvals, key, &Approval::id);
    if (at == state.approvals.end()) {
      return not_asked_for(state.run, key);
    }
    if (at->decision) {
      return decided_already(key, at->decision->approved, at->decision->by);
    }
    if (std::ranges::find(pending, &*at) == pending.end()) {
      return fail(ErrorCode::kConflict,
                  fmt::format("{} does not wait any more: what it was about was superseded", key));
    }
    return &*at;
  }
  if (pending.size() == 1) return pending.front();
  if (pending.empty()) return nothing_waits(state.run);
  std::vector<std::string> lines;
  for (const Approval* approval : pending) lines.push_back(describe(*approval));
  return which_of_them(state.run, lines);
}

}  // namespace

Result<Decided> decide_approval(Store& store, Clock& clock, const std::string& run,
                                const DecideOptions& options) {
  auto state = load_state(store, run);
  if (!state) return propagate(state);
  auto info = store.info(run);
  if (!info) return propagate(info);
  auto chosen = choose(*state, options.key);
  if (!chosen) return propagate(chosen);
  const Approval& asked = **chosen;
  if (auto good = check_decision(
          {asked.id, asked.what == "question", asked.question, asked.subject},
          {options.approved, options.answers, options.always, options.message});
      !good)
    return propagate(good);
  Event event = approval_decided(
      *state, **chosen, Decision{options.approved, options.message, options.by}, options.always);
  event.seq = state->last_seq + 1;
  event.time_us = std::max(clock.now_us(), state->last_us);
  Decided decided;
  const std::string id = (*chosen)->id;
  if (auto applied = apply(*state, event); !applied) return propagate(applied);
  decided.approval = *std::ranges::find(state->approvals, id, &Approval::id);
  decided.still_waiting = static_cast<int>(pending_approvals(*state).size());
  Append append;
  append.run = run;
  append.expected_seq = event.seq - 1;
  info->updated_us = event.time_us;
  if (decided.still_waiting == 0) {  // decided, and waits for somebody to resume it
    info->status = "interrupted";
    info->exit_code = 130;
  }
  append.info = std::move(*info);
  append.events.push_back(std::move(event));
  if (auto appended = store.append(std::move(append)); !appended)
    return not_written(run, std::move(appended.error()));
  return decided;
}

std::string describe(const Approval& approval) {
  std::string line =
      fmt::format("{:<4} {:<28} {}", approval.id, approval.subject, approval.question);
  const Json* arguments = json::find(approval.details, "arguments");
  if (approval.what == "tool" && arguments != nullptr) {
    line += " " + text::shorten(json::write(*arguments), 300);
  }
  return line;
}

}  // namespace cadre
