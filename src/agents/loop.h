// The thread that owns runs: jobs in, one at a time, timers, workers. Private to agents/.
//
// Jobs are posted from any thread and run on the loop's thread, in order; a job posted from there
// costs no lock. What users ask for has a queue of its own: runs that are under way go first, so a
// thousand that are started at once do not wait for one another. Without an own thread
// (options.workers of run()) the caller pumps it.
#pragma once

#include <poll.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include "agents/worker_pool.h"
#include "base/event_source.h"
#include "cadre/run.h"

namespace cadre {

class DecisionWatch;
class RunDriver;

class Runtime::Loop : public std::enable_shared_from_this<Runtime::Loop> {
 public:
  using Job = std::move_only_function<void()>;
  using Time = std::chrono::steady_clock::time_point;

  explicit Loop(RuntimeOptions options);
  ~Loop();

  void start_thread();
  // Ends the own thread and lets go of the runs; jobs that come later are dropped.
  void stop();
  // Keeps a run alive until it has ended. On the loop's thread only.
  void own(std::shared_ptr<RunDriver> run) { runs_.insert(std::move(run)); }
  void disown(const std::shared_ptr<RunDriver>& run) { runs_.erase(run); }
  // Runs jobs on the calling thread until `done` says so.
  void pump(const std::function<bool()>& done);

  // Goes on with a run. Dropped when the loop has stopped.
  void post(Job job);
  // The same of what a user asks for: a few of them have their turn each round, in their order.
  void ask(Job job);
  using TimerId = std::pair<Time, std::uint64_t>;
  // Runs `job` on the loop's thread at `when` or soon after. On the loop's thread only.
  TimerId at(Time when, Job job);
  // Drops a timer that has not fired; others are left alone. On the loop's thread only.
  void forget(const TimerId& timer) { timers_.erase(timer); }
  // Serves what a model waits on beside the jobs, if nobody else does. On the loop's thread only.
  void serve_too(const std::shared_ptr<EventSource>& source);
  // Runs on a worker.
  void work(Job job);
  WorkerPool& pool();
  Clock& clock() { return *clock_; }
  // On the loop's thread only.
  DecisionWatch& decisions();
  bool on_thread() const { return std::this_thread::get_id() == thread_id_.load(); }

 private:
  void serve(const std::function<bool()>& done);
  void fire_timers();
  std::optional<Time> serve_sources();
  void put(Job job, bool asked);
  void take_posted(std::optional<Time> until);
  void sleep(Time until);
  void wake();

  RuntimeOptions options_;
  std::shared_ptr<Clock> clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Job> posted_;  // under mutex_
  std::deque<Job> asked_;    // under mutex_
  std::atomic<bool> has_posted_{false};
  bool polling_ = false;    // under mutex_: it sleeps where wake_fd_ is heard
  bool stopping_ = false;   // under mutex_
  std::vector<Job> local_;  // of the loop's thread
  std::vector<Job> running_;
  std::map<TimerId, Job> timers_;
  std::uint64_t timers_made_ = 0;
  std::unique_ptr<DecisionWatch> decisions_;  // made when the first run waits for a person
  std::unordered_set<std::shared_ptr<RunDriver>> runs_;
  std::vector<std::shared_ptr<EventSource>> sources_;  // of the loop's thread
  std::vector<pollfd> places_;
  int wake_fd_ = -1;  // once there are sources
  bool look_ = true;  // at what has come to the sources
  std::atomic<std::thread::id> thread_id_;
  std::thread thread_;
  std::once_flag pool_once_;
  std::unique_ptr<WorkerPool> pool_;
};

}  // namespace cadre
