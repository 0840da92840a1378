// The thread that owns runs: jobs in, one at a time, timers, workers. Private to agents/.
//
// Jobs are posted from any thread and run on the loop's thread, in order; a job posted from there
// costs no lock. Without an own thread (options.workers of run()) the caller pumps it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <queue>
#include <thread>
#include <unordered_set>
#include <vector>

#include "agents/worker_pool.h"
#include "cadre/run.h"

namespace cadre {

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
  void own(std::shared_ptr<void> run) { runs_.insert(std::move(run)); }
  void disown(const std::shared_ptr<void>& run) { runs_.erase(run); }
  // Runs jobs on the calling thread until `done` says so.
  void pump(const std::function<bool()>& done);

  void post(Job job);
  // Runs `job` on the loop's thread at `when` or soon after. On the loop's thread only.
  void at(Time when, Job job);
  // Runs on a worker.
  void work(Job job);
  WorkerPool& pool();
  Clock& clock() { return *clock_; }
  bool on_thread() const { return std::this_thread::get_id() == thread_id_; }

 private:
  struct Timer {
    Time when;
    std::uint64_t order;
    std::shared_ptr<Job> job;
    bool operator>(const Timer& other) const {
      return when != other.when ? when > other.when : order > other.order;
    }
  };
  void serve(const std::function<bool()>& done);
  void fire_timers();

  RuntimeOptions options_;
  std::shared_ptr<Clock> clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Job> posted_;      // under mutex_
  bool stopping_ = false;        // under mutex_
  std::vector<Job> local_;       // of the loop's thread
  std::vector<Job> running_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  std::uint64_t timers_made_ = 0;
  std::unordered_set<std::shared_ptr<void>> runs_;
  std::thread::id thread_id_;
  std::thread thread_;
  std::once_flag pool_once_;
  std::unique_ptr<WorkerPool> pool_;
};

}  // namespace cadre
