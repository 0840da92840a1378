#include "runtime/decide.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "core/apply.h"
#include "runtime/runner.h"

namespace cadre {
namespace {

// The approval that is meant.
Result<const Approval*> choose(const RunState& state, const std::string& key) {
  const auto pending = pending_approvals(state);
  if (!key.empty()) {
    const auto at = std::ranges::find(state.approvals, key, &Approval::id);
    if (at == state.approvals.end()) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("run {} has asked for no \"{}\"", state.run, key),
                  fmt::format("cadre show {} says what waits", state.run));
    }
    if (at->decision) {
      return fail(ErrorCode::kConflict,
                  fmt::format("{} is decided already: {} by {}", key,
                              at->decision->approved ? "approved" : "rejected", at->decision->by));
    }
    if (std::ranges::find(pending, &*at) == pending.end()) {
      return fail(ErrorCode::kConflict,
                  fmt::format("{} does not wait any more: what it was about was superseded", key));
    }
    return &*at;
  }
  if (pending.size() == 1) return pending.front();
  if (pending.empty()) {
    return fail(ErrorCode::kConflict,
                fmt::format("nothing of run {} waits for a person", state.run),
                fmt::format("cadre show {} says how it stands", state.run));
  }
  std::string lines;
  for (const Approval* approval : pending) lines += "\n  " + describe(*approval);
  return fail(ErrorCode::kInvalidInput,
              fmt::format("{} things of run {} wait:{}", pending.size(), state.run, lines),
              "name one of them");
}

Result<void> check(const Approval& approval, const DecideOptions& options) {
  const bool question = approval.what == "question";
  if (question && options.approved && !options.answers) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} is a question: {}", approval.id, approval.question),
                fmt::format("cadre answer RUN {} TEXT", approval.id));
  }
  if (!question && options.answers) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} is no question but {}", approval.id, approval.subject),
                "approve or reject it");
  }
  if (options.always && question) {
    return fail(ErrorCode::kInvalidInput, "a question is not answered once and for all");
  }
  if (!text::is_valid_utf8(options.message)) {
    return fail(ErrorCode::kInvalidInput, "the message is not valid UTF-8 text");
  }
  return {};
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
  if (auto good = check(**chosen, options); !good) return propagate(good);
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
  if (auto appended = store.append(std::move(append)); !appended) {
    if (appended.error().code != ErrorCode::kConflict) return propagate(appended);
    return fail(
        ErrorCode::kConflict,
        fmt::format("run {} went on while it was decided: another process works on it", run),
        "look at it with cadre show, and decide again what still waits");
  }
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
