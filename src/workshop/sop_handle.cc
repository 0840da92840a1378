// Runs of SOPs on threads of their own, which go on by themselves when what they wait for is
// decided.
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "cadre/sop.h"
#include "core/decision.h"
#include "core/state.h"
#include "workshop/sop_run.h"

namespace cadre {
namespace {

constexpr std::chrono::milliseconds kLook{500};  // for decisions of other processes

// What the thread and the handles share.
struct Shared {
  explicit Shared(std::unique_ptr<workshop::SopWork> given) : work(std::move(given)) {
    last.run = work->id();
    last.status = SopStatus::kRunning;
  }

  const std::unique_ptr<workshop::SopWork> work;  // the thread's
  std::stop_source stop;
  std::mutex mutex;
  std::condition_variable_any changed;
  std::map<std::string, Asked> asked;   // what the run asked for, by key
  std::map<std::string, bool> decided;  // by key: approved
  std::deque<CallDecision> decisions;   // to be written when the run waits
  SopResult last;
  bool waits = false, ended = false;
};

void note(Shared& shared, const Event& event) {
  const std::lock_guard lock(shared.mutex);
  const std::string key = json::get_string(event.body, "approval");
  if (event.kind == EventKind::kApprovalRequested) {
    shared.asked[key] = {key, json::get_string(event.body, "what") == "question",
                         json::get_string(event.body, "question"),
                         json::get_string(event.body, "subject")};
  } else if (event.kind == EventKind::kApprovalDecided) {
    shared.decided[key] = json::get_bool(event.body, "approved");
  }
}

SopResult as_result(Result<SopResult> result, const std::string& run) {
  if (result) return std::move(*result);
  SopResult failed;
  failed.run = run;
  failed.status = SopStatus::kInterrupted;
  failed.exit_code = 1;
  failed.reason = result.error().message;
  failed.error = std::move(result.error());
  return failed;
}

// Whether the run's row says that all it asked for is decided, by whomever.
bool decided_elsewhere(Shared& shared) {
  const auto info = shared.work->store().info(shared.work->id());
  return info && info->status != "waiting";
}

// Until something is decided; false when the run was cancelled.
bool wait_for_decision(Shared& shared) {
  std::unique_lock lock(shared.mutex);
  while (true) {
    const bool told = shared.changed.wait_for(lock, shared.stop.get_token(), kLook,
                                              [&] { return !shared.decisions.empty(); });
    if (shared.stop.stop_requested()) return false;
    if (told) return true;
    lock.unlock();
    const bool elsewhere = decided_elsewhere(shared);
    lock.lock();
    if (elsewhere) return true;
  }
}

// What was decided, into the journal. A decision that no longer fits, since another process was
// quicker or what it was about is superseded, has nothing to decide.
void write_decisions(Shared& shared) {
  while (true) {
    CallDecision decision;
    {
      const std::lock_guard lock(shared.mutex);
      if (shared.decisions.empty()) return;
      decision = std::move(shared.decisions.front());
      shared.decisions.pop_front();
    }
    (void)shared.work->decide(decision);
  }
}

void drive(const std::shared_ptr<Shared>& shared,
           const std::function<void(const Event&)>& on_event) {
  const auto told = [&](const Event& event) {
    note(*shared, event);
    if (on_event) on_event(event);
  };
  while (true) {
    SopResult result =
        as_result(shared->work->work(shared->stop.get_token(), told), shared->work->id());
    const bool waits = result.status == SopStatus::kWaiting && !shared->stop.stop_requested();
    // What was decided while it worked is kept for who resumes it.
    if (result.status == SopStatus::kInterrupted) write_decisions(*shared);
    {
      const std::lock_guard lock(shared->mutex);
      shared->last = std::move(result);
      shared->waits = waits && shared->decisions.empty();
      shared->ended = !waits;
    }
    shared->changed.notify_all();
    if (!waits) return;
    const bool decided = wait_for_decision(*shared);
    if (decided) write_decisions(*shared);
    {
      const std::lock_guard lock(shared->mutex);
      shared->waits = false;
      shared->ended = !decided;
    }
    shared->changed.notify_all();
    if (!decided) return;
  }
}

}  // namespace

class SopHandle::State {
 public:
  State(std::unique_ptr<workshop::SopWork> work, SopRunOptions options)
      : id(work->id()),
        shared(std::make_shared<Shared>(std::move(work))),
        from_outside(options.stop, [stop = shared->stop]() mutable { stop.request_stop(); }),
        thread([shared = shared, on_event = std::move(options.on_event)] {
          drive(shared, on_event);
        }) {}
  ~State() {
    shared->stop.request_stop();
    // A subscriber may be the last to let go of its handle.
    if (thread.get_id() == std::this_thread::get_id())
      thread.detach();
    else
      thread.join();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // Until `done` says so, or the time is over.
  template <class Done>
  SopResult wait(std::optional<std::chrono::milliseconds> at_most, const Done& done) const {
    std::unique_lock lock(shared->mutex);
    if (at_most) {
      if (!shared->changed.wait_for(lock, *at_most, done)) return unfinished();
    } else {
      shared->changed.wait(lock, done);
    }
    return shared->last;
  }

  const std::string id;
  const std::shared_ptr<Shared> shared;

 private:
  // The lock is held.
  SopResult unfinished() const {
    if (shared->waits) return shared->last;
    SopResult running;
    running.run = id;
    running.status = SopStatus::kRunning;
    return running;
  }

  std::stop_callback<std::function<void()>> from_outside;
  std::thread thread;
};

const std::string& SopHandle::id() const { return state_->id; }

SopResult SopHandle::wait(std::optional<std::chrono::milliseconds> at_most) const {
  return state_->wait(at_most, [&] { return state_->shared->ended || state_->shared->waits; });
}

SopResult SopHandle::wait_end(std::optional<std::chrono::milliseconds> at_most) const {
  return state_->wait(at_most, [&] { return state_->shared->ended; });
}

void SopHandle::cancel() const { state_->shared->stop.request_stop(); }

Result<void> SopHandle::decide(const CallDecision& given) const {
  Shared& shared = *state_->shared;
  CallDecision decision = given;
  const std::lock_guard lock(shared.mutex);
  if (shared.ended) return nothing_waits(id());
  std::vector<std::string> open;
  for (const auto& [key, asked] : shared.asked) {
    if (!shared.decided.contains(key)) open.push_back(key);
  }
  if (decision.call.empty()) {
    if (open.empty()) return nothing_waits(id());
    if (open.size() > 1) return which_of_them(id(), open);
    decision.call = open.front();
  }
  const auto asked = shared.asked.find(decision.call);
  if (asked == shared.asked.end()) return not_asked_for(id(), decision.call);
  if (const auto known = shared.decided.find(decision.call); known != shared.decided.end())
    return decided_already(decision.call, known->second, decision.by);
  const bool approved = decision.approved || decision.answers;
  if (auto good = check_decision(asked->second,
                                 {approved, decision.answers, decision.always, decision.message});
      !good)
    return good;
  shared.decided[decision.call] = approved;
  shared.decisions.push_back(std::move(decision));
  shared.waits = false;
  shared.changed.notify_all();
  return {};
}

Result<void> SopHandle::approve(const std::string& key, bool always) const {
  return decide({.call = key, .approved = true, .always = always});
}

Result<void> SopHandle::reject(const std::string& key, std::string message) const {
  return decide({.call = key, .message = std::move(message)});
}

Result<void> SopHandle::answer(const std::string& key, std::string text) const {
  return decide({.call = key, .answers = true, .message = std::move(text)});
}

Result<SopHandle> start_sop(const Sop& sop, const std::string& brief, SopRunOptions options) {
  auto work = workshop::SopWork::begin(sop, brief, options);
  if (!work) return propagate(work);
  return SopHandle(std::make_shared<SopHandle::State>(std::move(*work), std::move(options)));
}

Result<SopHandle> start_resume_sop(const std::string& run, SopRunOptions options) {
  auto work = workshop::SopWork::go_on(run, options);
  if (!work) return propagate(work);
  return SopHandle(std::make_shared<SopHandle::State>(std::move(*work), std::move(options)));
}

}  // namespace cadre
