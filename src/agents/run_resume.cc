// A run that was interrupted goes on: its journal is folded, its session compared, its budget told.
#include <fmt/core.h>

#include <algorithm>

#include "agents/run_driver.h"
#include "agents/run_words.h"
#include "agents/session_lease.h"
#include "agents/store_guard.h"

namespace cadre {

// What was kept of the run, as read on a worker.
struct RunDriver::Kept {
  Result<void> done;
  Journal journal;
  RunInfo info;
  std::vector<ItemPtr> items;  // of the session, all of them
  std::size_t saved = 0;       // of them by this run
  SessionLease lease;
  // Found while the journal is folded.
  std::size_t past = 0;      // items of the session that the run began with
  std::string past_end;      // their digest
  bool all_of_them = false;  // the session had no more
  BudgetUse used;
};

void RunDriver::resume() {
  if (options_.store == nullptr) {
    return end_early(RunStatus::kNotStarted,
                     "only a run with a journal can be resumed: RunOptions::store is unset");
  }
  if (auto good = check_options(); !good) return not_started(good.error());
  auto kept = std::make_shared<Kept>();
  kept->lease = {options_.session, state_->id};
  ++in_flight_;
  loop_->work([self = shared_from_this(), kept]() mutable {
    self->load_kept(*kept);
    Runtime::Loop& loop = *self->loop_;
    loop.post([self = std::move(self), kept = std::move(kept)] {
      --self->in_flight_;
      if (self->finished_) return;
      self->session_held_ = kept->lease.hand_over();
      self->saved_ = kept->saved;
      if (!kept->done) return self->not_started(kept->done.error());
      self->info_ = std::move(kept->info);
      self->said_to_wait_ = self->info_.status != "running";
      self->fold(*kept);
    });
  });
}

void RunDriver::load_kept(Kept& kept) {
  const std::string& run = state_->id;
  kept.done = guard_session([&]() -> Result<void> {
    // What a runtime that is gone left with the store comes first: appends are done in order.
    Store& store = *options_.store;
    if (auto written = guard_store([&] { return store.append({}); }); !written) return written;
    auto info = guard_store([&] { return store.info(run); });
    if (!info) return propagate(info);
    auto journal = guard_store([&] { return store.read(run); });
    if (!journal) return propagate(journal);
    if (journal->damage) return std::unexpected(*journal->damage);
    kept.info = std::move(*info);
    kept.journal = std::move(*journal);
    Session* session = options_.session.get();
    if (session == nullptr) return {};
    if (auto held = kept.lease.take(); !held) return held;
    std::vector<std::string> notes;
    auto items = session->load(0, notes);
    if (!items) return propagate(items);
    auto added = session->added_by(run);
    if (!added) return propagate(added);
    kept.saved = *added;
    kept.items = std::move(*items);
    return {};
  });
}

// What the run's first event says of how it began.
Result<void> RunDriver::fold_start(const Event& event, Kept& kept) {
  if (json::get_string(event.body, "plan_name") != "agents") {
    return fail(ErrorCode::kInvalidInput,
                "this is not a run of agents but of a plan: `cadre resume` goes on with it");
  }
  if (auto same = team_is_same(event); !same) return same;
  if (const Json* limits = json::find(event.body, "limits"))
    run_.limits = limits_from_json(*limits, run_.limits);
  kept.past = static_cast<std::size_t>(json::get_int(event.body, "past"));
  kept.past_end = json::get_string(event.body, "past_end");
  kept.all_of_them = json::get_int(event.body, "session_items", 1) == 0;
  reads_past_ = json::get_bool(event.body, "reads_past", true);
  purpose_.alone = json::get_bool(event.body, "alone");
  purpose_.priority = json::get_string(event.body, "priority");
  if (options_.memory == nullptr) return {};
  notes_ = std::make_unique<RunNotes>(state_->id, json::get_string(event.body, "task"));
  if (const Json* known = json::find(event.body, "known")) {
    for (const Json& lesson : json::get_array(*known, "lessons")) {
      if (lesson.is_number()) lessons_.push_back(lesson.to_number<std::int64_t>());
    }
  }
  return {};
}

// The journal names agents by their place in the team: it has to be that of the run, or more.
Result<void> RunDriver::team_is_same(const Event& start) const {
  const JsonArray& began = json::get_array(start.body, "team");
  const auto& agents = team_.compiled().agents;
  for (std::size_t i = 0; i < began.size(); ++i) {
    if (i < agents.size() && began[i] == Json(agents[i].agent.name)) continue;
    return fail(ErrorCode::kInvalidInput,
                fmt::format("agent {} of the team is {}, and was {} when the run {} began", i + 1,
                            i < agents.size() ? "'" + agents[i].agent.name + "'" : "missing",
                            json::write(began[i]), state_->id),
                "give make_team the same agents in the same order; more may follow them");
  }
  return {};
}

// A session may have given a call another id: its own may be that of a run whose items this one did
// not read (RunOptions::session_items).
std::string digest_without_ids(std::span<const ItemPtr> items) {
  std::vector<ItemPtr> plain;
  for (const ItemPtr& item : items.last(std::min<std::size_t>(items.size(), 8))) {
    Item one = *item;
    if (auto* call = std::get_if<ToolCallItem>(&one)) call->id.clear();
    if (auto* result = std::get_if<ToolResultItem>(&one)) result->call_id.clear();
    plain.push_back(std::make_shared<const Item>(std::move(one)));
  }
  return end_digest(plain);
}

// The session has to be as this run left it: what it began with, then what it added itself, which
// is known when the journal is folded.
bool RunDriver::session_is_same(const Kept& kept, bool folded) {
  if (options_.session == nullptr || !reads_past_) return true;
  const std::span<const ItemPtr> all(kept.items);
  if (all.size() < kept.saved) return false;
  if (folded) {
    const std::span<const ItemPtr> log(run_.frames[0].log);
    return log.size() >= kept.saved &&
           digest_without_ids(all.last(kept.saved)) == digest_without_ids(log.first(kept.saved));
  }
  const auto before = all.first(all.size() - kept.saved);
  if (kept.past > before.size() || (kept.all_of_them && before.size() != kept.past)) return false;
  return end_digest(before.last(kept.past)) == kept.past_end;
}

void RunDriver::session_changed(const Kept& kept) {
  not_started({ErrorCode::kConflict,
               fmt::format("the session '{}' has changed since the run {} was interrupted: the run "
                           "began with {} items and added {}, and these are not its last ones any "
                           "more",
                           options_.session->id(), state_->id, kept.past, kept.saved),
               "nothing was written; branch the session where the run began and resume with the "
               "branch, or start a new run"});
}

void RunDriver::fold(Kept& kept) {
  const auto blob = [this](const std::string& address) {
    return load_blob(*options_.store, address);
  };
  const std::span<const ItemPtr> all(kept.items);
  std::span<const ItemPtr> past = all.first(all.size() - std::min(all.size(), kept.saved));
  for (const Event& event : kept.journal.events) {
    if (event.kind == EventKind::kRunStarted) {
      if (auto begun = fold_start(event, kept); !begun)
        return end_early(RunStatus::kNotStarted, begun.error().describe());
      past = past.last(std::min(past.size(), kept.past));
      if (!session_is_same(kept, false)) return session_changed(kept);
    }
    carry_event(event, kept.used);
    auto outcome = journal_.read(run_, event, blob, past);
    Result<void> applied;
    if (outcome && *outcome) {
      out_.clear();
      if (notes_ != nullptr) notes_->before(run_, **outcome, event.time_us);
      applied = apply(run_, std::move(**outcome), out_);
      if (applied && notes_ != nullptr) notes_->after(run_, out_.records, event.time_us);
    } else if (!outcome) {
      applied = propagate(outcome);
    }
    if (!applied) {
      return end_early(RunStatus::kNotStarted,
                       fmt::format("event {} of the journal does not follow: {}", event.seq,
                                   applied.error().describe()));
    }
  }
  if (run_.frames.empty())
    return end_early(RunStatus::kNotStarted, "the journal holds no run");
  if (!session_is_same(kept, true)) return session_changed(kept);
  durable_seq_ = journal_.last_seq();
  resumed_ = true;
  out_.clear();
  if (run_.over()) return settle();  // the session may lack its last items
  if (auto good = check_models(); !good) return not_started(good.error());
  if (options_.budget != nullptr) options_.budget->carry_over(state_->id, kept.used);
  go_on();
}

// What an event says of tokens, calls and decisions that last.
void RunDriver::carry_event(const Event& event, BudgetUse& used) {
  switch (event.kind) {
    case EventKind::kModelCallStarted: ++used.model_calls; break;
    case EventKind::kToolCallStarted: {
      ++used.tool_calls;
      if (notes_ == nullptr) break;
      const auto frame = journal_.frame_named(run_, json::get_string(event.body, "frame"));
      if (frame)
        notes_->tool_began(*frame, static_cast<int>(json::get_int(event.body, "call")),
                           event.time_us);
      break;
    }
    case EventKind::kToolCallEnded:
      if (!json::get_bool(event.body, "made", true)) --used.tool_calls;
      break;
    case EventKind::kModelCallEnded: {
      if (!json::get_bool(event.body, "made", true)) --used.model_calls;
      const Json* tokens = json::find(event.body, "tokens");
      if (tokens == nullptr) break;
      const Usage usage = usage_from_json(*tokens);
      add_usage(usage_, usage, !has_usage_);
      has_usage_ = true;
      used.tokens += usage.input_tokens.value_or(0) + usage.output_tokens.value_or(0);
      try {
        if (options_.budget != nullptr && options_.price != nullptr)
          used.money += options_.price(usage);
      } catch (...) {  // said when the next call is priced
      }
      break;
    }
    case EventKind::kApprovalDecided: {
      const auto frame = journal_.frame_named(run_, json::get_string(event.body, "frame"));
      if (!frame || !json::get_bool(event.body, "always")) break;
      always_[{agent_of(*frame).agent.name, json::get_string(event.body, "tool")}] =
          json::get_bool(event.body, "approved");
      for (const auto& [f, c] : pending_approvals(run_))
        left_to_wait_.emplace(f, this->frame(f).turn, c);
      break;
    }
    default: break;
  }
}

void RunDriver::go_on() {
  write(journal_.note("resumed"));
  if (options_.deadline.count() > 0) arm_deadline(bounded(options_.deadline));
  // What had begun and may have taken effect is answered, not done again.
  std::vector<AgentOutcome> unknown;
  for (const Command& command : open_commands(run_)) {
    if (command.kind == Command::Kind::kTool && journal_.was_begun(command.frame, command.call) &&
        call(command.frame, command.call).facts.effect == ToolEffect::kExternal) {
      unknown.push_back(ToolEnded{
          command.frame, command.call, false,
          "Unknown: the call had begun when the run was interrupted, and whether it took effect "
          "was not recorded. Find out before doing it again."});
    } else {
      batch_commands_.push_back(command);
    }
  }
  for (const auto& [f, c] : abandoned_tools(run_))
    unknown.push_back(ToolEnded{f, c, false, "Unknown: nobody waited for it any more."});
  watch_open_branches();
  settling_ = true;
  for (AgentOutcome& outcome : unknown) feed(std::move(outcome));
  settling_ = false;
  settle();
}

}  // namespace cadre
