#include "runtime/run_loop.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/provider_json.h"

namespace cadre::detail {
namespace {

constexpr int kGraceMs = 5000;          // what workers get to stop
constexpr std::int64_t kTickMs = 1000;  // how long the loop sleeps at most

}  // namespace

void RunLoop::Mailbox::post(Message message) {
  const std::lock_guard lock(mutex);
  messages.push_back(std::move(message));
  changed.notify_one();
}

RunLoop::RunLoop(const RunnerParts& parts, const std::vector<Subscriber>& subscribers,
                 RunState state, std::string brief, LoopOptions options, RunInfo info)
    : parts_(parts),
      subscribers_(subscribers),
      state_(std::move(state)),
      brief_(std::move(brief)),
      options_(std::move(options)),
      info_(std::move(info)),
      pool_(state_.plan->limits.parallel_tasks + state_.plan->limits.parallel_tools + 3) {
  lanes_["turn"].cap = state_.plan->limits.parallel_tasks;
  lanes_["tool"].cap = state_.plan->limits.parallel_tools;
  lanes_["project"].cap = 1;
  lanes_["check"].cap = 2;
}

Result<RunOutcome> RunLoop::start(JsonObject start, std::vector<std::string> blobs,
                                  std::stop_token stop) {
  batch_blobs_ = std::move(blobs);
  info_changed_ = true;
  claims_known_ = true;
  add(run_started(state_, std::move(start)));
  return go(std::move(stop));
}

Result<RunOutcome> RunLoop::resume(UnknownPolicy unknown, std::stop_token stop) {
  // Before anything is under way: what is in the state then is in the store, too.
  if (auto known = rebuild_claims(); !known) return propagate(known);
  for (const std::string& key : open_effects(state_)) {
    lane_of(find_effect(state_, key)->kind).waiting.push_back(key);
  }
  take_effects(state_);
  if (auto settled = settle_unknown(unknown); !settled) return propagate(settled);
  Event resumed;
  resumed.run = state_.run;
  resumed.parent = state_.started_seq;
  resumed.kind = EventKind::kRunResumed;
  resumed.actor = "runtime";
  JsonObject body;
  body["provider"] = parts_.provider->name();
  resumed.body = std::move(body);
  info_.status = "running";
  info_changed_ = true;
  add(std::move(resumed));
  return go(std::move(stop));
}

// Calls of external tools that had started: nobody knows whether they had their effect.
Result<void> RunLoop::settle_unknown(UnknownPolicy unknown) {
  std::deque<std::string>& waiting = lanes_["tool"].waiting;
  std::vector<std::string> keys(waiting.begin(), waiting.end());
  for (const std::string& key : keys) {
    const Effect* effect = find_effect(state_, key);
    if (effect->started_seq == 0) continue;
    const StageTask& task = state_.stages[static_cast<std::size_t>(effect->stage)]
                                .tasks[static_cast<std::size_t>(effect->task)];
    const std::string& name = task.results[effect->call].tool;
    const TaskTool* tool = parts_.tools->find(name);
    if (tool == nullptr || tool->effect() != ToolEffect::kExternal) continue;
    std::string why = fmt::format(
        "the call {} of tool {} had started when the run stopped; whether it had its effect is "
        "unknown", key, name);
    if (unknown == UnknownPolicy::kFail) {
      return fail(ErrorCode::kConflict, std::move(why),
                  "look what it did, then resume and let the agent know that it is unknown");
    }
    std::erase(waiting, key);
    JsonObject value, result;
    value["error"] = std::move(why);
    value["code"] = "unknown";
    result["ok"] = false;
    result["value"] = std::move(value);
    add(outcome_of(state_, *effect, std::move(result)));
  }
  return {};
}

Result<RunOutcome> RunLoop::go(std::stop_token stop) {
  const std::stop_callback wake(stop, [mailbox = mailbox_] { mailbox->post(Wake{}); });
  settle();
  while (!over()) {
    check_limits(stop);
    if (over()) break;
    if (idle() && waits_for_person(state_)) {
      pause();
      break;
    }
    if (auto message = wait(kTickMs)) handle(std::move(*message));
    if (blocked_ && !over()) interrupt(blocked_->message);
  }
  draining_ = true;
  stop_.request_stop();
  drain(kGraceMs);
  if (fatal_) return std::unexpected(*fatal_);
  if (blocked_) return std::unexpected(*blocked_);
  return outcome();
}

bool RunLoop::over() const {
  return fatal_ || (state_.status != "new" && state_.status != "running");
}

std::optional<RunLoop::Message> RunLoop::wait(std::int64_t at_most_ms) {
  const std::int64_t left_ms = (options_.deadline_us - parts_.clock->now_us()) / 1000 + 1;
  const auto ms = std::chrono::milliseconds(std::clamp<std::int64_t>(left_ms, 1, at_most_ms));
  std::unique_lock lock(mailbox_->mutex);
  mailbox_->changed.wait_for(lock, ms, [&] { return !mailbox_->messages.empty(); });
  if (mailbox_->messages.empty()) return std::nullopt;
  Message message = std::move(mailbox_->messages.front());
  mailbox_->messages.pop_front();
  return message;
}

void RunLoop::handle(Message message) {
  if (auto* done = std::get_if<Done>(&message)) on_done(std::move(*done));
  if (auto* acked = std::get_if<Acked>(&message)) on_acked(std::move(*acked));
}

void RunLoop::check_limits(const std::stop_token& stop) {
  if (stop.stop_requested()) return interrupt("asked to stop");
  const std::int64_t now = parts_.clock->now_us();
  if (now < options_.deadline_us) return;
  if (!state_.ending) {
    Event budget;
    budget.run = state_.run;
    budget.parent = state_.started_seq;
    budget.kind = EventKind::kBudget;
    budget.actor = "runtime";
    JsonObject body;
    body["what"] = "run_timeout";
    body["reason"] = "the run took longer than it may";
    budget.body = std::move(body);
    add(std::move(budget));
    settle();
  } else if (now > options_.deadline_us + 30'000'000) {
    fail_run({ErrorCode::kExhausted, "writing the project does not come to an end", ""});
  }
}

// Stops so that the run can be resumed: what finishes within the grace is recorded, the rest runs
// again then.
void RunLoop::interrupt(const std::string& reason) {
  draining_ = true;
  stop_.request_stop();
  drain(kGraceMs);
  if (over()) return;
  Event interrupted;
  interrupted.run = state_.run;
  interrupted.parent = state_.started_seq;
  interrupted.kind = EventKind::kRunInterrupted;
  interrupted.actor = "runtime";
  JsonObject body;
  body["reason"] = reason;
  interrupted.body = std::move(body);
  info_.status = "interrupted";
  info_.exit_code = 130;
  info_changed_ = true;
  add(std::move(interrupted));
  flush();
}

bool RunLoop::idle() const {
  return running_ == 0 && appends_open_ == 0 && batch_.empty() && batch_launches_.empty();
}

// Nothing is left to do before a person decides: the run stops, to be resumed by any process.
void RunLoop::pause() {
  draining_ = true;
  Event paused;
  paused.run = state_.run;
  paused.parent = state_.started_seq;
  paused.kind = EventKind::kRunInterrupted;
  paused.actor = "runtime";
  JsonObject body;
  body["reason"] = "waits for a person";
  body["status"] = "waiting";
  paused.body = std::move(body);
  info_.status = "waiting";
  info_.exit_code = 8;
  info_changed_ = true;
  add(std::move(paused));
  flush();
}

// What the policy decides in a person's name is decided at once.
void RunLoop::ask_policy() {
  if (parts_.policy == nullptr) return;
  for (bool again = true; again && !fatal_;) {
    again = false;
    for (const Approval* approval : pending_approvals(state_)) {
      if (approval->what == "question") continue;
      const PolicyAnswer answer = parts_.policy->decide(approval->subject);
      if (answer.verdict == PolicyVerdict::kAsk) continue;
      Decision decision;
      decision.approved = answer.verdict == PolicyVerdict::kAllow;
      decision.by = fmt::format("policy {}", answer.rule);
      if (!decision.approved) {
        decision.message = fmt::format("the policy denies it ({})", answer.rule);
      }
      Event decided = approval_decided(state_, *approval, decision, false);
      decided.actor = "policy";
      add(std::move(decided));
      while (const Event* draft = fatal_ ? nullptr : next_record(state_)) add(Event(*draft));
      again = true;
      break;  // the list may have changed
    }
  }
}

// Waits for the store's acks, and for running jobs as long as `grace_ms` allows.
void RunLoop::drain(int grace_ms) {
  constexpr int kStepMs = 50;
  for (int waited = 0; appends_open_ > 0 || (running_ > 0 && waited < grace_ms);) {
    std::unique_lock lock(mailbox_->mutex);
    const bool got = mailbox_->changed.wait_for(lock, std::chrono::milliseconds(kStepMs), [&] {
      return !mailbox_->messages.empty();
    });
    if (!got) {
      waited += kStepMs;
      continue;
    }
    Message message = std::move(mailbox_->messages.front());
    mailbox_->messages.pop_front();
    lock.unlock();
    handle(std::move(message));
  }
}

void RunLoop::on_done(Done done) {
  running_--;
  release(done.key);
  const Effect* effect = find_effect(state_, done.key);
  if (over()) return;
  if (effect == nullptr) return settle();  // superseded: only its slot is of interest
  Performed& performed = done.performed;
  if (performed.cancelled && draining_) return;
  if (performed.blocked) {
    blocked_ = std::move(performed.blocked);
    blocked_->hint = fmt::format("make room or make it writable, then: cadre resume {}",
                                 state_.run);
    draining_ = true;
    return;
  }
  if (effect->kind == Effect::Kind::kTurn && parts_.pause_when_unavailable) {
    const auto error = performed.result.find("error");
    Error why;
    if (error != performed.result.end()) why = error_from_json(error->value());
    if (error != performed.result.end() && why.code == ErrorCode::kUnavailable) {
      if (!why.hint.empty()) why.hint += "; ";
      why.hint += fmt::format(
          "nothing finished is lost: cadre resume {}, also with another --model", state_.run);
      blocked_ = std::move(why);
      draining_ = true;
      return;
    }
  }
  for (StoredArtifact& stored : performed.artifacts) {
    artifacts_.insert_or_assign(stored.blob, std::move(stored.artifact));
  }
  if (effect->kind == Effect::Kind::kTurn) {
    const std::string place = effect->key.substr(0, effect->key.rfind("/turn:"));
    if (performed.calls.empty()) {
      task_runs_.erase(place);
    } else if (const auto at = task_runs_.find(place); at != task_runs_.end()) {
      at->second->first_call = at->second->task.calls.size();
      for (ToolCall& call : performed.calls) at->second->task.calls.push_back(std::move(call));
      at->second->task.memos.push_back(std::move(performed.memo));
    }
  }
  for (std::string& blob : performed.blobs) batch_blobs_.push_back(std::move(blob));
  add(outcome_of(state_, *effect, std::move(performed.result)));
  settle();
}

void RunLoop::on_acked(Acked acked) {
  appends_open_--;
  if (!acked.result) return fail_run(std::move(acked.result.error()));
  for (const Event& event : acked.events) {
    for (const Subscriber& subscriber : subscribers_) subscriber(event);
  }
  for (const std::string& key : acked.launches) launch(key);
  fill_lanes();  // a launch that was void by now has left its slot
  flush();
}

void RunLoop::fail_run(Error error) {
  if (!fatal_) fatal_ = std::move(error);
  draining_ = true;
}

// Stamps and applies an event; it is journalled with the next flush.
void RunLoop::add(Event event) {
  if (fatal_) return;
  event.seq = state_.last_seq + 1;
  event.time_us = std::max(parts_.clock->now_us(), state_.last_us);
  if (auto applied = apply(state_, event); !applied) return fail_run(applied.error());
  if (event.kind == EventKind::kRunEnded) {
    info_.status = state_.status;
    info_.exit_code = state_.exit_code;
    info_changed_ = true;
  }
  batch_.push_back(std::move(event));
}

void RunLoop::settle() {
  while (const Event* draft = fatal_ ? nullptr : next_record(state_)) add(Event(*draft));
  ask_policy();
  for (std::string& key : take_effects(state_)) {
    lane_of(find_effect(state_, key)->kind).waiting.push_back(std::move(key));
  }
  fill_lanes();
  flush();
}

void RunLoop::fill_lanes() {
  if (draining_ || over()) return;
  for (auto& [name, lane] : lanes_) {
    while (lane.busy < lane.cap && !lane.waiting.empty()) {
      const std::string key = std::move(lane.waiting.front());
      lane.waiting.pop_front();
      const Effect* effect = find_effect(state_, key);
      if (effect == nullptr || effect->orphan) continue;
      lane.busy++;
      claimed_[key] = &lane;
      if (has_intent(effect->kind)) add(intent_of(state_, *effect));
      batch_launches_.push_back(key);
    }
  }
}

void RunLoop::flush() {
  if (fatal_) return;
  if (batch_.empty()) {
    for (const std::string& key : std::exchange(batch_launches_, {})) launch(key);
    return;
  }
  Append append;
  append.run = state_.run;
  append.expected_seq = batch_.front().seq - 1;
  append.blobs = std::exchange(batch_blobs_, {});
  info_.updated_us = batch_.back().time_us;
  if (std::exchange(info_changed_, false)) append.info = info_;
  Acked acked;
  acked.launches = std::exchange(batch_launches_, {});
  if (!subscribers_.empty()) acked.events = batch_;
  append.events = std::exchange(batch_, {});
  appends_open_++;
  auto shared = std::make_shared<Acked>(std::move(acked));
  parts_.store->append_async(std::move(append),
                             [mailbox = mailbox_, shared](Result<void> result) {
                               shared->result = std::move(result);
                               mailbox->post(std::move(*shared));
                             });
}

RunLoop::Lane& RunLoop::lane_of(Effect::Kind kind) {
  switch (kind) {
    case Effect::Kind::kTurn: return lanes_["turn"];
    case Effect::Kind::kTool: return lanes_["tool"];
    case Effect::Kind::kProject: return lanes_["project"];
    default: return lanes_["check"];
  }
}

void RunLoop::launch(const std::string& key) {
  const Effect* effect = find_effect(state_, key);
  if (effect == nullptr || effect->orphan || draining_ || over()) return release(key);
  auto job = job_of(*effect);
  if (!job) return fail_run(std::move(job.error()));
  submit(key, std::move(*job));
}

void RunLoop::release(const std::string& key) {
  const auto at = claimed_.find(key);
  if (at == claimed_.end()) return;
  at->second->busy--;
  claimed_.erase(at);
}

void RunLoop::submit(const std::string& key, Job job) {
  running_++;
  pool_.submit([mailbox = mailbox_, key, job = std::move(job)] {
    mailbox->post(Done{key, job()});
  });
}

}  // namespace cadre::detail
