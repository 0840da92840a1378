#include "agents/run_driver.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/monotonic_resource.hpp>

#include "agents/decision_watch.h"
#include "agents/run_words.h"
#include "agents/session_lease.h"
#include "agents/store_guard.h"
#include "base/text.h"
#include "core/decision.h"
#include "core/provider.h"

namespace cadre {

namespace {
constexpr int kWaitingExitCode = 8;  // as the command line says it
}  // namespace

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

RunResult RunHandle::State::wait(std::optional<std::chrono::milliseconds> at_most, bool to_end) {
  std::unique_lock lock(mutex_);
  const auto ready = [this, to_end] { return to_end ? ended_ : result_.has_value(); };
  if (!at_most) {
    changed_.wait(lock, ready);
  } else if (!changed_.wait_for(lock, bounded(*at_most), ready) && !result_) {
    RunResult result;
    result.run = id;
    result.status = RunStatus::kRunning;
    return result;
  }
  return *result_;
}

// ---- the life of a run -----------------------------------------------------------------------

RunDriver::RunDriver(std::shared_ptr<Runtime::Loop> loop, AgentTeam team, RunOptions options,
                     std::shared_ptr<RunHandle::State> state, RunPurpose purpose)
    : loop_(std::move(loop)),
      team_(std::move(team)),
      options_(std::move(options)),
      purpose_(std::move(purpose)),
      state_(std::move(state)),
      run_(make_agent_run(team_.compiled().policy, options_.limits)),
      journal_(state_->id) {
  if (options_.on_event != nullptr) subscribers_.push_back(std::exchange(options_.on_event, {}));
  if (options_.memory == nullptr) return;
  reads_past_ = options_.session != nullptr;
  if (!reads_past_) options_.session = options_.memory->conversation();
}

RunDriver::~RunDriver() { left_behind(); }

void RunDriver::left_behind() {
  if (std::exchange(session_held_, false)) release_session(*options_.session, state_->id);
  if (state_->ended()) return;
  RunResult left = result();
  left.status = RunStatus::kRunning;
  left.reason = "the runtime ended before the run did";
  if (options_.store != nullptr) left.reason += ": resume() goes on with it";
  state_->publish(std::move(left), true);
}

void RunDriver::with_session(std::function<void(Session&, std::vector<std::string>&)> work,
                             std::function<void(const Self&)> then) {
  ++in_flight_;
  auto job = [self = shared_from_this(), work = std::move(work),
              then = std::move(then)]() mutable {
    std::vector<std::string> notes;
    work(*self->options_.session, notes);
    work = nullptr;  // what it holds may hold the run
    Runtime::Loop& loop = *self->loop_;
    loop.post([self = std::move(self), then = std::move(then)] {
      --self->in_flight_;
      then(self);
    });
  };
  if (options_.session->quick() && options_.memory == nullptr) return job();
  loop_->work(std::move(job));
}

Result<void> RunDriver::check_options() const {
  const LoopLimits& limits = options_.limits;
  const std::pair<const char*, std::int64_t> all[] = {
      {"LoopLimits::turns_max", limits.turns_max},
      {"LoopLimits::depth_max", limits.depth_max},
      {"LoopLimits::parallel_tools", limits.parallel_tools},
      {"LoopLimits::repeat_calls", limits.repeat_calls},
      {"LoopLimits::repeat_handoffs", limits.repeat_handoffs},
      {"RunOptions::deadline", options_.deadline.count()},
      {"RunOptions::tokens_per_call", options_.tokens_per_call}};
  for (const auto& [name, value] : all) {
    if (value < 0)
      return fail(ErrorCode::kInvalidInput, fmt::format("{} is {}: below zero", name, value));
  }
  if (!text::is_valid_utf8(state_->id) || !text::is_valid_utf8(options_.title))
    return fail(ErrorCode::kInvalidInput, "the run's id or title is not valid UTF-8");
  return {};
}

Result<void> RunDriver::check_models() const {
  for (const CompiledAgent& agent : team_.compiled().agents) {
    if (agent.agent.model != nullptr || options_.model != nullptr) continue;
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the agent '{}' has no model: set Agent::model or RunOptions::model",
                            agent.agent.name));
  }
  return {};
}

void RunDriver::start(std::string input) {
  if (!purpose_.fault.empty()) return end_early(RunStatus::kNotStarted, purpose_.fault);
  if (auto good = check_options(); !good) return not_started(good.error());
  if (auto good = check_models(); !good) return not_started(good.error());
  if (!text::is_valid_utf8(input))
    return end_early(RunStatus::kNotStarted, "the input is not valid UTF-8");
  info_.run = state_->id;
  info_.title = options_.title.empty() ? text::shorten(input, 60) : options_.title;
  info_.plan = "agents";
  info_.provider = options_.model != nullptr ? options_.model->name()
                                             : team_.compiled().agents[0].agent.model->name();
  if (options_.session == nullptr) return begin(std::move(input), {}, {});
  struct Loaded {
    std::string input;
    SessionLease lease;
    History past;
    GivenContext known;
    Result<void> done;
  };
  auto loaded = std::make_shared<Loaded>();
  loaded->input = std::move(input);
  loaded->lease = {options_.session, state_->id};
  with_session(
      [loaded, self = shared_from_this()](Session& session, std::vector<std::string>& notes) {
        loaded->done = guard_session([&]() -> Result<void> {
          if (auto held = loaded->lease.take(); !held) return held;
          if (auto may = self->task_may_begin(); !may) return may;
          if (self->reads_past_) {
            auto past = session.history(self->options_.session_items, notes);
            if (!past) return propagate(past);
            loaded->past = std::move(*past);
          }
          auto known = self->known_to(self->purpose_.agent, loaded->input, true);
          if (!known) return propagate(known);
          loaded->known = std::move(*known);
          return {};
        });
      },
      [loaded](const Self& self) {
        if (!loaded->done) return self->not_started(loaded->done.error());
        if (self->finished_) return;  // cancelled meanwhile
        self->session_held_ = loaded->lease.hand_over();
        self->begin(std::move(loaded->input), std::move(loaded->past),
                    std::move(loaded->known));
      });
}

void RunDriver::begin(std::string input, History past, GivenContext known) {
  Opened opened;
  opened.agent = purpose_.agent;
  opened.past = std::move(past);
  opened.context = std::move(purpose_.context);
  opened.handoff = std::move(purpose_.handoff);
  if (!known.text.empty()) {
    MessageItem message;
    message.text = std::move(known.text);
    opened.context.push_back(std::make_shared<const Item>(std::move(message)));
  }
  MessageItem message;
  message.text = std::move(input);
  opened.input.push_back(std::make_shared<const Item>(std::move(message)));
  if (options_.store != nullptr) {
    info_.created_us = loop_->clock().now_us();
    JsonObject start(
        {{"plan_name", "agents"}, {"title", info_.title}, {"provider", info_.provider}},
        boost::json::make_shared_resource<boost::json::monotonic_resource>(2048));
    if (options_.session != nullptr) {
      start["session"] = options_.session->id();
      start["session_items"] = options_.session_items;
      start["reads_past"] = reads_past_;
    }
    if (options_.memory != nullptr)
      start["known"] = JsonObject{{"tokens", known.tokens}, {"lessons", Json(JsonArray(
                                      known.lessons.begin(), known.lessons.end()))}};
    JsonArray names(start.storage());
    for (const CompiledAgent& agent : team_.compiled().agents) names.emplace_back(agent.agent.name);
    start["team"] = std::move(names);
    if (purpose_.alone) start["alone"] = true;
    if (!purpose_.task.empty()) start["task"] = purpose_.task;
    if (!purpose_.priority.empty()) start["priority"] = purpose_.priority;
    start["limits"] = to_json(options_.limits);
    const auto first = static_cast<std::size_t>(purpose_.agent);
    write(journal_.opened(opened, team_.compiled().agents[first].agent.name, std::move(start)));
  }
  if (options_.memory != nullptr) {
    notes_ = std::make_unique<RunNotes>(state_->id, purpose_.task);
    lessons_ = std::move(known.lessons);
  }
  if (options_.budget != nullptr) options_.budget->enter(state_->id);
  if (options_.deadline.count() > 0) arm_deadline(bounded(options_.deadline));
  feed(std::move(opened));
  for (std::string& more : std::exchange(early_says_, {})) (void)say(std::move(more));
}

void RunDriver::arm_deadline(std::chrono::nanoseconds left) {
  deadline_ = std::chrono::steady_clock::now() + left;
  if (deadline_timer_) loop_->forget(*deadline_timer_);
  deadline_timer_ = loop_->at(deadline_, [weak = weak_from_this()] {
    const Self self = weak.lock();
    if (self == nullptr || self->finished_ || self->still_since_) return;  // wake() arms it again
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
  if (options_.store != nullptr && !std::holds_alternative<Opened>(outcome))
    write(journal_.outcome(run_, outcome, std::move(more)));
  take(std::move(outcome));
}

// What follows from an outcome that the journal has, or will have with the next append.
void RunDriver::take(AgentOutcome outcome) {
  const bool outer = std::exchange(feeding_, true);
  const bool journalled = options_.store != nullptr;
  if (watched()) emit_outcome(outcome);
  if (notes_ != nullptr) notes_->before(run_, outcome, loop_->clock().now_us());
  const auto* branch = std::get_if<BranchOpened>(&outcome);
  const std::pair<int, int> opened = branch == nullptr ? std::pair(-1, -1)
                                                       : std::pair(branch->frame, branch->call);
  out_.clear();
  auto applied = apply(run_, std::move(outcome), out_);
  if (!applied) return end_early(RunStatus::kInternal, applied.error().describe());
  for (const Record& record : out_.records) {
    if (journalled) write(journal_.record(run_, record));
    if (watched()) emit_record(record);
  }
  if (notes_ != nullptr) notes_->after(run_, out_.records, loop_->clock().now_us());
  if (opened.first >= 0) watch_branch(opened.first, opened.second, {});
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
    run_harmless();
    flush();
  } else {
    while (!batch_commands_.empty() && !finished_) {
      const std::vector<Command> commands = std::exchange(batch_commands_, {});
      launch(commands);
    }
  }
  settling_ = false;
  if (options_.session != nullptr) save_session();
  if (notes_ != nullptr) save_memory();
  publish_if_still();
}

void RunDriver::launch(const std::vector<Command>& commands) {
  for (const Command& command : commands) {
    if (finished_) return;
    execute(command);
  }
}

// Quick tools without effects run at once: an intent has to be on the disk before its effect, and
// here is none. Intent and outcome are written together, with what comes after them.
void RunDriver::run_harmless() {
  const auto harmless = [this](const Command& command) {
    if (command.kind != Command::Kind::kTool) return false;
    if (frame(command.frame).phase == Frame::Phase::kOver) return false;
    const CallState& asked = call(command.frame, command.call);
    if (asked.facts.effect != ToolEffect::kPure) return false;
    const OfferedTool* found = find_tool(command.frame, asked.call().tool);
    if (found == nullptr || found->tool < 0 || found->target >= 0) return false;
    return agent_of(command.frame).agent.tools[static_cast<std::size_t>(found->tool)].options.quick;
  };
  while (!finished_) {
    const auto at = std::ranges::find_if(batch_commands_, harmless);
    if (at == batch_commands_.end()) return;
    const Command command = *at;
    batch_commands_.erase(at);
    write(journal_.intent(run_, command));
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
  if (first || run_.over() || said_to_wait_) {
    said_to_wait_ = false;
    info_.status = run_.over() ? std::string(to_string(run_.frames[0].status)) : "running";
    info_.exit_code = 0;
    info_.updated_us = loop_->clock().now_us();
    append.info = info_;
  }
  const std::size_t batch = ++batches_;
  waiting_batches_[batch] = std::exchange(batch_commands_, {});
  ++in_flight_;
  append_to_journal(std::move(append), batch);
}

// A store that throws has not kept it, unless its ack says so first.
void RunDriver::append_to_journal(Append append, std::size_t batch) {
  const auto given = guard_store([&]() -> Result<void> {
    options_.store->append_async(std::move(append), tell_when_durable(batch));
    return {};
  });
  if (!given) tell_when_durable(batch)(given);
}

// What the journal's thread hands on was made here and goes back: it takes and frees no memory of
// this one.
Store::Ack RunDriver::tell_when_durable(std::size_t batch) {
  struct Told {
    std::weak_ptr<RunDriver> driver;
    std::shared_ptr<Runtime::Loop> loop;
    std::size_t batch;
    Result<void> result;
  };
  auto told = std::make_unique<Told>(weak_from_this(), loop_, batch);
  return [told = std::move(told)](Result<void> result) mutable {
    if (told == nullptr) return;  // once is enough
    told->result = std::move(result);
    const auto loop = std::move(told->loop);
    loop->post([told = std::move(told)] {
      if (const Self self = told->driver.lock()) self->acked(told->batch, told->result);
    });
  };
}

void RunDriver::acked(std::size_t batch, const Result<void>& result) {
  const auto at = waiting_batches_.find(batch);
  if (at == waiting_batches_.end()) return;  // it was told before
  --in_flight_;
  const std::vector<Command> commands = std::move(at->second);
  waiting_batches_.erase(at);
  if (!result) {
    journal_fault_ = result.error();
    if (result.error().code == ErrorCode::kConflict) {
      if (!resumed_ && batch == 1) {
        return not_started({ErrorCode::kConflict,
                            fmt::format("the journal has a run {} already", state_->id),
                            "resume() goes on with it; or leave RunOptions::id to us"});
      }
      return end_early(RunStatus::kInternal,  // decided elsewhere, or resumed there
                       std::string(kWrittenElsewhere));
    }
    return end_early(RunStatus::kInternal,
                     "the journal could not be written: " + result.error().describe());
  }
  settling_ = true;
  launch(commands);
  settling_ = false;
  settle();
}

std::size_t RunDriver::settled_items() const {
  if (run_.frames.empty()) return 0;
  return std::min(run_.frames[0].settled, run_.frames[0].log.size());
}

// With a journal, the session never has what the journal may still lose: the run could not be
// resumed with it. And what was asked goes into it together with the reply, in one write instead of
// two, but for when a person is waited for.
bool RunDriver::may_save(std::size_t settled) {
  if (options_.store == nullptr) return true;
  if (!waiting_batches_.empty() || !batch_.empty() || journal_fault_) return false;
  const auto* last = std::get_if<MessageItem>(run_.frames[0].log[settled - 1].get());
  return last == nullptr || last->speaker == Speaker::kAssistant || run_.over() ||
         !pending_approvals(run_).empty();
}

void RunDriver::save_session() {
  if (run_.frames.empty() || session_busy_ || !session_held_ || !session_fault_.empty()) return;
  const Frame& root = run_.frames[0];
  const std::size_t settled = settled_items();
  if (saved_ >= settled || !may_save(settled)) return;
  session_busy_ = true;
  const std::vector<ItemPtr> items(root.log.begin() + static_cast<std::ptrdiff_t>(saved_),
                                   root.log.begin() + static_cast<std::ptrdiff_t>(settled));
  auto error = std::make_shared<std::string>();
  with_session(
      [items, error, run = state_->id](Session& session, std::vector<std::string>&) {
        auto added = guard_session([&] { return session.add(run, items); });
        if (!added) *error = added.error().describe();
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
    const bool saved =
        !session_held_ || !session_fault_.empty() || saved_ >= settled_items();
    if (waiting_batches_.empty() && batch_.empty() && !session_busy_ && saved && memory_is_kept())
      finish();
    return;
  }
  if (in_flight_ > 0 || run_.frames.empty() || pending_approvals(run_).empty()) return;
  if (!still_since_) still_since_ = std::chrono::steady_clock::now();
  if (options_.store != nullptr && !said_to_wait_) return say_that_it_waits();
  if (options_.store != nullptr) loop_->decisions().watch(shared_from_this());
  state_->publish(result(), false);
}

// In the list of runs, before anybody is told.
void RunDriver::say_that_it_waits() {
  said_to_wait_ = true;
  info_.status = "waiting";
  info_.exit_code = kWaitingExitCode;
  info_.updated_us = loop_->clock().now_us();
  Append append;
  append.run = state_->id;
  append.expected_seq = durable_seq_;
  append.info = info_;
  waiting_batches_[++batches_] = {};
  ++in_flight_;
  append_to_journal(std::move(append), batches_);
}

void RunDriver::finish() {
  finished_ = true;
  if (options_.budget != nullptr) options_.budget->leave(state_->id);
  RunResult ended = result();
  if (!session_fault_.empty() && ended.status == RunStatus::kDone) {
    ended.status = RunStatus::kInternal;
    ended.reason = "the session could not be written: " + session_fault_;
  }
  if (!memory_fault_.empty() && ended.status == RunStatus::kDone) {
    ended.status = RunStatus::kInternal;
    ended.reason = "the memory could not be written: " + memory_fault_;
  }
  for (std::size_t i = 0; i < frames_.size(); ++i) abort(static_cast<int>(i));
  leave(std::move(ended));
}

// The last thing a run does: gives the session back, says what came of it, is let go.
void RunDriver::leave(RunResult ended) {
  if (deadline_timer_) loop_->forget(*std::exchange(deadline_timer_, {}));
  if (!session_held_) {
    try {
      if (options_.on_end != nullptr) options_.on_end(ended);
    } catch (...) {  // the run has ended: there is nobody to tell
    }
    state_->publish(std::move(ended), true);
    loop_->disown(shared_from_this());
    return;
  }
  session_held_ = false;
  auto shared = std::make_shared<RunResult>(std::move(ended));
  with_session([run = state_->id](Session& session, std::vector<std::string>&) {
    release_session(session, run);
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

void RunDriver::not_started(Error error) {
  start_error_ = error;
  end_early(RunStatus::kNotStarted, error.describe());
}

RunResult RunDriver::result() {
  RunResult result;
  result.run = state_->id;
  result.status = RunStatus::kNotStarted;
  result.error = start_error_;
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

// ---- steering --------------------------------------------------------------------------------

void RunDriver::cancel(Cancel how, std::string reason) {
  if (finished_) return;
  if (run_.frames.empty()) return end_early(RunStatus::kCancelled, std::move(reason));
  feed(Stopped{how == Cancel::kAfterTurn, RunStatus::kCancelled, std::move(reason)});
}

Result<void> RunDriver::say(std::string text) {
  if (finished_ || run_.over()) return run_is_over(state_->id);
  if (run_.frames.empty()) {
    early_says_.push_back(std::move(text));
    return {};
  }
  MessageItem message;
  message.text = std::move(text);
  feed(InputAdded{std::move(message)});
  return {};
}

Result<void> RunDriver::subscribe(std::function<void(const RunEvent&)> subscriber) {
  if (finished_) return run_is_over(state_->id);
  subscribers_.push_back(std::move(subscriber));
  return {};
}

Result<void> RunDriver::decide(const std::string& call_id, bool approved, std::string message,
                               bool always, bool answered) {
  if (finished_) return run_is_over(state_->id);
  for (const auto& [f, c] : pending_approvals(run_)) {
    const ToolCallItem& item = call(f, c).call();
    if (item.id != call_id) continue;
    if (auto good = check_decision({call_id, item.tool == kAskUserTool, item.arguments,
                                    "the tool " + item.tool},
                                   {approved && !answered, answered, always, message});
        !good)
      return good;
    if (feeding_ || settling_) {  // from a subscriber: after what is being done
      loop_->post([self = shared_from_this(), call_id, approved, message, always, answered] {
        (void)self->decide(call_id, approved, message, always, answered);
      });
      return {};
    }
    JsonObject more{{"by", "user"}};
    if (always) {
      always_[{agent_of(f).agent.name, item.tool}] = approved;
      more["always"] = true;
    }
    wake();
    feed(ApprovalDecided{f, c, approved, std::move(message), answered}, std::move(more));
    return {};
  }
  return fail(ErrorCode::kNotFound,
              fmt::format("no call '{}' of the run {} waits for a decision", call_id,
                          state_->id),
              "it may have been decided already");
}

}  // namespace cadre
