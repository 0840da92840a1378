#include "agents/run_driver.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"

namespace cadre {

// ---- what handles see ------------------------------------------------------------------------

void RunHandle::State::publish(RunResult result, bool ended) {
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    result_ = std::move(result);
    ended_ = ended;
  }
  changed_.notify_all();
}

void RunHandle::State::resumed() {
  const std::lock_guard lock(mutex_);
  if (!ended_) result_.reset();
}

bool RunHandle::State::settled() {
  const std::lock_guard lock(mutex_);
  return result_.has_value();
}

bool RunHandle::State::ended() {
  const std::lock_guard lock(mutex_);
  return ended_;
}

RunResult RunHandle::State::wait(std::optional<std::chrono::milliseconds> at_most) {
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return result_.has_value(); };
  if (!at_most) {
    changed_.wait(lock, ready);
  } else if (!changed_.wait_for(lock, *at_most, ready)) {
    RunResult result;
    result.run = id;
    result.status = RunStatus::kRunning;
    return result;
  }
  return *result_;
}

namespace {

// A session's writer's place from the worker that takes it to the run; given back when the run is
// gone by then.
struct Lease {
  std::shared_ptr<Session> session;
  std::string run;
  bool held = false;
  Result<void> take() {
    auto taken = session->acquire(run);
    held = taken.has_value();
    return taken;
  }
  bool hand_over() { return std::exchange(held, false); }
  ~Lease() {
    if (held) session->release(run);
  }
};

}  // namespace

// ---- the life of a run -----------------------------------------------------------------------

RunDriver::RunDriver(std::shared_ptr<Runtime::Loop> loop, AgentTeam team, RunOptions options,
                     std::shared_ptr<RunHandle::State> state)
    : loop_(std::move(loop)),
      team_(std::move(team)),
      options_(std::move(options)),
      state_(std::move(state)),
      run_(make_agent_run(team_.compiled().policy, options_.limits)),
      journal_(state_->id) {}

RunDriver::~RunDriver() { left_behind(); }

void RunDriver::left_behind() {
  if (std::exchange(session_held_, false)) options_.session->release(state_->id);
  RunResult left = result();
  left.status = RunStatus::kRunning;
  left.reason = "the runtime ended before the run did";
  if (options_.store != nullptr) left.reason += ": resume() goes on with it";
  state_->publish(std::move(left), true);
}

void RunDriver::with_session(std::function<void(Session&, std::vector<std::string>&)> work,
                             std::function<void(const Self&)> then) {
  ++in_flight_;
  loop_->work([self = shared_from_this(), work = std::move(work),
               then = std::move(then)]() mutable {
    std::vector<std::string> notes;
    work(*self->options_.session, notes);
    Runtime::Loop& loop = *self->loop_;
    loop.post([self = std::move(self), then = std::move(then)] {
      --self->in_flight_;
      then(self);
    });
  });
}

void RunDriver::start(std::string input) {
  for (const CompiledAgent& agent : team_.compiled().agents) {
    if (agent.agent.model != nullptr || options_.model != nullptr) continue;
    return end_early(RunStatus::kNotStarted,
                     fmt::format("the agent '{}' has no model: set Agent::model or "
                                 "RunOptions::model", agent.agent.name));
  }
  if (!text::is_valid_utf8(input))
    return end_early(RunStatus::kNotStarted, "the input is not valid UTF-8");
  info_.run = state_->id;
  info_.title = options_.title.empty() ? text::shorten(input, 60) : options_.title;
  info_.plan = "agents";
  info_.provider = options_.model != nullptr ? options_.model->name()
                                             : team_.compiled().agents[0].agent.model->name();
  if (options_.session == nullptr) return begin(std::move(input), {});
  struct Loaded {
    Lease lease;
    std::optional<Error> error;
    std::vector<ItemPtr> items;
  };
  auto loaded = std::make_shared<Loaded>();
  loaded->lease = {options_.session, state_->id};
  const std::size_t limit = options_.session_items;
  with_session(
      [loaded, limit](Session& session, std::vector<std::string>& notes) {
        if (auto held = loaded->lease.take(); !held) {
          loaded->error = held.error();
          return;
        }
        auto items = session.load(limit, notes);
        if (items) {
          loaded->items = std::move(*items);
        } else {
          loaded->error = items.error();
        }
      },
      [loaded, input = std::move(input)](const Self& self) mutable {
        if (loaded->error)
          return self->end_early(RunStatus::kNotStarted, loaded->error->describe());
        if (self->finished_) return;  // cancelled meanwhile
        self->session_held_ = loaded->lease.hand_over();
        self->begin(std::move(input), std::move(loaded->items));
      });
}

void RunDriver::begin(std::string input, std::vector<ItemPtr> past) {
  Opened opened;
  opened.past = std::move(past);
  MessageItem message;
  message.text = std::move(input);
  opened.input.push_back(std::make_shared<const Item>(std::move(message)));
  if (options_.store != nullptr) {
    info_.created_us = loop_->clock().now_us();
    JsonObject start{{"plan_name", "agents"}, {"title", info_.title}, {"provider", info_.provider}};
    if (options_.session != nullptr) start["session"] = options_.session->id();
    start["limits"] = to_json(options_.limits);
    write(journal_.opened(opened, team_.compiled().agents[0].agent.name, std::move(start)));
  }
  if (options_.deadline.count() > 0) arm_deadline(options_.deadline);
  feed(std::move(opened));
  for (std::string& more : std::exchange(early_says_, {})) say(std::move(more));
}

void RunDriver::arm_deadline(std::chrono::nanoseconds left) {
  deadline_ = std::chrono::steady_clock::now() + left;
  if (deadline_timer_) loop_->forget(*deadline_timer_);
  deadline_timer_ = loop_->at(deadline_, [weak = weak_from_this()] {
    const Self self = weak.lock();
    if (self == nullptr || self->finished_ || self->still_since_) return;  // decide() arms it again
    self->feed(Stopped{false, RunStatus::kDeadline,
                       fmt::format("not done within {} ms", self->options_.deadline.count())});
  });
}

void RunDriver::write(AgentJournal::Draft draft) {
  draft.event.time_us = loop_->clock().now_us();
  batch_.push_back(std::move(draft.event));
  for (std::string& blob : draft.blobs) batch_blobs_.push_back(std::move(blob));
}

void RunDriver::feed(AgentOutcome outcome, JsonObject more) {
  if (finished_) return;
  const bool outer = std::exchange(feeding_, true);
  const bool journalled = options_.store != nullptr;
  if (journalled && !std::holds_alternative<Opened>(outcome))
    write(journal_.outcome(run_, outcome, std::move(more)));
  if (options_.on_event != nullptr) emit_outcome(outcome);
  out_.clear();
  auto applied = apply(run_, std::move(outcome), out_);
  if (!applied) return end_early(RunStatus::kInternal, applied.error().describe());
  for (const Record& record : out_.records) {
    if (journalled) write(journal_.record(run_, record));
    if (options_.on_event != nullptr) emit_record(record);
  }
  batch_commands_.insert(batch_commands_.end(), out_.commands.begin(), out_.commands.end());
  feeding_ = outer;
  settle();
}

// Everything that follows from an outcome: intents are written, the journal is flushed, commands
// are carried out. Outcomes that come back at once are taken in the same round.
void RunDriver::settle() {
  if (settling_) return;
  settling_ = true;
  if (options_.store != nullptr) {
    flush();
  } else {
    while (!batch_commands_.empty() && !finished_) {
      const std::vector<Command> commands = std::exchange(batch_commands_, {});
      launch(commands);
    }
  }
  settling_ = false;
  if (options_.session != nullptr) save_session();
  publish_if_still();
}

void RunDriver::launch(const std::vector<Command>& commands) {
  for (const Command& command : commands) {
    if (finished_) return;
    execute(command);
  }
}

void RunDriver::flush() {
  if (batch_.empty() && batch_commands_.empty()) return;
  for (const Command& command : batch_commands_) {
    const bool model = command.kind == Command::Kind::kModel;
    if (!model && command.kind != Command::Kind::kTool) continue;
    if (frame(command.frame).phase == Frame::Phase::kOver) continue;
    JsonObject more;
    if (model) {
      const CompiledAgent& agent = agent_of(command.frame);
      more["provider"] =
          agent.agent.model != nullptr ? agent.agent.model->name() : options_.model->name();
    }
    write(journal_.intent(run_, command, std::move(more)));
  }
  Append append;
  append.run = state_->id;
  append.expected_seq = durable_seq_;
  append.events = std::exchange(batch_, {});
  append.blobs = std::exchange(batch_blobs_, {});
  const bool first = durable_seq_ == 0;
  durable_seq_ += static_cast<std::int64_t>(append.events.size());
  if (first || run_.over()) {
    info_.status = run_.over() ? std::string(to_string(run_.frames[0].status)) : "running";
    info_.updated_us = loop_->clock().now_us();
    append.info = info_;
  }
  const std::size_t batch = ++batches_;
  waiting_batches_[batch] = std::exchange(batch_commands_, {});
  ++in_flight_;
  options_.store->append_async(
      std::move(append), [weak = weak_from_this(), loop = loop_, batch](Result<void> result) {
        loop->post([weak, batch, result = std::move(result)] {
          if (const Self self = weak.lock()) self->acked(batch, result);
        });
      });
}

void RunDriver::acked(std::size_t batch, const Result<void>& result) {
  --in_flight_;
  const auto at = waiting_batches_.find(batch);
  const std::vector<Command> commands = std::move(at->second);
  waiting_batches_.erase(at);
  if (!result) {
    journal_fault_ = result.error();
    return end_early(RunStatus::kInternal,
                     "the journal could not be written: " + result.error().describe());
  }
  settling_ = true;
  launch(commands);
  settling_ = false;
  settle();
}

void RunDriver::save_session() {
  if (run_.frames.empty() || session_busy_ || !session_held_ || !session_fault_.empty()) return;
  const Frame& root = run_.frames[0];
  const std::size_t settled = std::min(root.settled, root.log.size());
  if (saved_ >= settled) return;
  session_busy_ = true;
  const std::vector<ItemPtr> items(root.log.begin() + static_cast<std::ptrdiff_t>(saved_),
                                   root.log.begin() + static_cast<std::ptrdiff_t>(settled));
  auto error = std::make_shared<std::string>();
  with_session(
      [items, error, run = state_->id](Session& session, std::vector<std::string>&) {
        if (auto added = session.add(run, items); !added) *error = added.error().describe();
      },
      [error, count = items.size()](const Self& self) {
        self->session_busy_ = false;
        self->saved_ += count;
        self->session_fault_ = *error;
        if (!error->empty() && !self->run_.over()) {
          self->feed(Stopped{false, RunStatus::kInternal,
                             "the session could not be written: " + *error});
        }
        self->settle();
      });
}

void RunDriver::publish_if_still() {
  if (finished_) return;
  if (run_.over()) {
    const bool saved = !session_held_ || !session_fault_.empty() ||
                       saved_ >= std::min(run_.frames[0].settled, run_.frames[0].log.size());
    if (waiting_batches_.empty() && batch_.empty() && !session_busy_ && saved) finish();
    return;
  }
  if (in_flight_ > 0 || run_.frames.empty() || pending_approvals(run_).empty()) return;
  if (!still_since_) still_since_ = std::chrono::steady_clock::now();
  state_->publish(result(), false);
}

void RunDriver::finish() {
  finished_ = true;
  RunResult ended = result();
  if (!session_fault_.empty() && ended.status == RunStatus::kDone) {
    ended.status = RunStatus::kInternal;
    ended.reason = "the session could not be written: " + session_fault_;
  }
  for (std::size_t i = 0; i < frames_.size(); ++i) abort(static_cast<int>(i));
  leave(std::move(ended));
}

// The last thing a run does: gives the session back, says what came of it, is let go.
void RunDriver::leave(RunResult ended) {
  if (deadline_timer_) loop_->forget(*std::exchange(deadline_timer_, {}));
  if (!session_held_) {
    if (options_.on_end != nullptr) options_.on_end(ended);
    state_->publish(std::move(ended), true);
    loop_->disown(shared_from_this());
    return;
  }
  session_held_ = false;
  auto shared = std::make_shared<RunResult>(std::move(ended));
  with_session([run = state_->id](Session& session, std::vector<std::string>&) {
    session.release(run);
  }, [shared](const Self& self) { self->leave(std::move(*shared)); });
}

void RunDriver::end_early(RunStatus status, std::string reason) {
  if (finished_) return;
  finished_ = true;
  for (std::size_t i = 0; i < frames_.size(); ++i) abort(static_cast<int>(i));
  RunResult ended = result();
  ended.status = status;
  ended.reason = std::move(reason);
  leave(std::move(ended));
}

RunResult RunDriver::result() {
  RunResult result;
  result.run = state_->id;
  result.status = RunStatus::kNotStarted;
  if (has_usage_) result.usage = usage_;
  if (run_.frames.empty()) return result;
  const Frame& root = run_.frames[0];
  result.status = run_.over() ? root.status : RunStatus::kRunning;
  result.agent = team_.compiled().agents[static_cast<std::size_t>(root.agent)].agent.name;
  if (run_.over()) {
    result.output = root.answer;
    result.reason = root.reason;
  }
  result.new_items = root.log;
  result.turns = root.turn;
  result.model_calls = run_.model_calls;
  result.tool_calls = run_.tool_calls;
  result.handoffs_requested = run_.handoffs_requested;
  result.handoffs_accepted = run_.handoffs_accepted;
  result.handoffs_refused = run_.handoffs_refused;
  if (run_.over()) return result;
  for (const auto& [f, c] : pending_approvals(run_)) {
    const ToolCallItem& item = call(f, c).call();
    result.approvals.push_back({item.id, agent_of(f).agent.name, item.tool, item.arguments});
  }
  return result;
}

// ---- resume ----------------------------------------------------------------------------------

void RunDriver::resume() {
  if (options_.store == nullptr) {
    return end_early(RunStatus::kNotStarted,
                     "only a run with a journal can be resumed: RunOptions::store is unset");
  }
  struct Loaded {
    std::optional<Error> error;
    Journal journal;
    RunInfo info;
    std::vector<ItemPtr> past;
    Lease lease;
    std::size_t saved = 0;
  };
  auto loaded = std::make_shared<Loaded>();
  loaded->lease = {options_.session, state_->id};
  ++in_flight_;
  loop_->work([self = shared_from_this(), loaded] {
    const std::string& run = self->state_->id;
    const auto load = [&]() -> Result<void> {
      auto info = self->options_.store->info(run);
      if (!info) return propagate(info);
      auto journal = self->options_.store->read(run);
      if (!journal) return propagate(journal);
      if (journal->damage) return std::unexpected(*journal->damage);
      loaded->info = std::move(*info);
      loaded->journal = std::move(*journal);
      Session* session = self->options_.session.get();
      if (session == nullptr) return {};
      if (auto held = loaded->lease.take(); !held) return held;
      std::vector<std::string> notes;
      auto items = session->load(0, notes);
      if (!items) return propagate(items);
      auto added = session->added_by(run);
      if (!added) return propagate(added);
      loaded->saved = *added;
      items->resize(items->size() - std::min(items->size(), *added));
      loaded->past = std::move(*items);
      return {};
    };
    if (auto result = load(); !result) loaded->error = result.error();
    self->loop_->post([self, loaded] {
      --self->in_flight_;
      if (self->finished_) return;
      self->session_held_ = loaded->lease.hand_over();
      self->saved_ = loaded->saved;
      if (loaded->error) return self->end_early(RunStatus::kNotStarted, loaded->error->describe());
      self->info_ = std::move(loaded->info);
      self->fold(loaded->journal, std::move(loaded->past));
    });
  });
}

void RunDriver::fold(const Journal& journal, std::vector<ItemPtr> loaded) {
  const auto blob = [this](const std::string& address) {
    return options_.store->get_blob(address);
  };
  std::span<const ItemPtr> past(loaded);
  for (const Event& event : journal.events) {
    if (event.kind == EventKind::kRunStarted) {
      if (json::get_string(event.body, "plan_name") != "agents")
        return end_early(RunStatus::kNotStarted, "this is not a run of agents but of a plan: "
                                                 "`cadre resume` goes on with it");
      const auto count = static_cast<std::size_t>(json::get_int(event.body, "past"));
      past = past.last(std::min(past.size(), count));
      if (const Json* limits = json::find(event.body, "limits"))
        run_.limits = limits_from_json(*limits, run_.limits);
    }
    if (event.kind == EventKind::kModelCallEnded) {
      if (const Json* tokens = json::find(event.body, "tokens")) {
        add_usage(usage_, usage_from_json(*tokens), !has_usage_);
        has_usage_ = true;
      }
    }
    auto outcome = journal_.read(run_, event, blob, past);
    Result<void> applied;
    if (outcome && *outcome) {
      out_.clear();
      applied = apply(run_, std::move(**outcome), out_);
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
  durable_seq_ = journal_.last_seq();
  out_.clear();
  if (run_.over()) return settle();  // the session may lack its last items
  write(journal_.note("resumed"));
  if (options_.deadline.count() > 0) arm_deadline(options_.deadline);
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
  settling_ = true;
  for (AgentOutcome& outcome : unknown) feed(std::move(outcome));
  settling_ = false;
  settle();
}

// ---- steering --------------------------------------------------------------------------------

void RunDriver::cancel(Cancel how, std::string reason) {
  if (finished_) return;
  if (run_.frames.empty()) return end_early(RunStatus::kCancelled, std::move(reason));
  feed(Stopped{how == Cancel::kAfterTurn, RunStatus::kCancelled, std::move(reason)});
}

void RunDriver::say(std::string text) {
  if (run_.frames.empty()) return early_says_.push_back(std::move(text));
  MessageItem message;
  message.text = std::move(text);
  feed(InputAdded{std::move(message)});
}

Result<void> RunDriver::decide(const std::string& call_id, bool approved, std::string message,
                               bool always, bool answered) {
  for (const auto& [f, c] : pending_approvals(run_)) {
    const ToolCallItem& item = call(f, c).call();
    if (item.id != call_id) continue;
    if (feeding_ || settling_) {  // from a subscriber: after what is being done
      loop_->post([self = shared_from_this(), call_id, approved, message, always, answered] {
        (void)self->decide(call_id, approved, message, always, answered);
      });
      return {};
    }
    if (always) always_[item.tool] = approved;
    state_->resumed();
    if (still_since_) {
      const auto waited = std::chrono::steady_clock::now() - *std::exchange(still_since_, {});
      if (options_.deadline.count() > 0)
        arm_deadline(deadline_ + waited - std::chrono::steady_clock::now());
    }
    feed(ApprovalDecided{f, c, approved, std::move(message), answered});
    return {};
  }
  return fail(ErrorCode::kNotFound,
              fmt::format("no call '{}' of the run {} waits for a decision", call_id,
                          state_->id),
              "it may have been decided already");
}

}  // namespace cadre
