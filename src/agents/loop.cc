#include "agents/loop.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "agents/decision_watch.h"
#include "agents/run_driver.h"

namespace cadre {

Runtime::Loop::Loop(RuntimeOptions options)
    : options_(std::move(options)),
      clock_(options_.clock != nullptr ? options_.clock : std::make_shared<SystemClock>()) {}

Runtime::Loop::~Loop() { stop(); }

void Runtime::Loop::start_thread() {
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "cadre-loop");
    thread_id_ = std::this_thread::get_id();
    serve([this] {
      const std::lock_guard lock(mutex_);
      return stopping_;
    });
  });
}

void Runtime::Loop::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) {
    // The last owner may let go on the loop's own thread.
    if (on_thread()) {
      thread_.detach();
    } else {
      thread_.join();
    }
  }
  // Runs hold the loop and the loop holds runs: what is left goes here.
  const auto runs = std::exchange(runs_, {});
  for (const auto& run : runs) run->left_behind();
  const auto jobs = std::exchange(local_, {});
  std::vector<Job> posted;
  {
    const std::lock_guard lock(mutex_);
    posted = std::exchange(posted_, {});
  }
  const auto timers = std::exchange(timers_, {});
}

void Runtime::Loop::pump(const std::function<bool()>& done) {
  thread_id_ = std::this_thread::get_id();
  serve(done);
}

bool Runtime::Loop::post(Job job) {
  if (on_thread()) {
    local_.push_back(std::move(job));
    return true;
  }
  const std::lock_guard lock(mutex_);
  if (stopping_) return false;
  const bool first = posted_.empty();
  posted_.push_back(std::move(job));
  has_posted_ = true;
  // Under the lock: the job may be the last that the loop waits for, and the loop gone after it.
  if (first) wake_.notify_one();
  return true;
}

Runtime::Loop::TimerId Runtime::Loop::at(Time when, Job job) {
  const TimerId id{when, ++timers_made_};
  timers_.emplace(id, std::move(job));
  return id;
}

WorkerPool& Runtime::Loop::pool() {
  std::call_once(pool_once_, [this] { pool_ = std::make_unique<WorkerPool>(options_.workers); });
  return *pool_;
}

DecisionWatch& Runtime::Loop::decisions() {
  if (decisions_ == nullptr) decisions_ = std::make_unique<DecisionWatch>(*this);
  return *decisions_;
}

void Runtime::Loop::work(Job job) { pool().submit(std::move(job)); }

void Runtime::Loop::fire_timers() {
  if (timers_.empty()) return;
  const Time now = std::chrono::steady_clock::now();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    Job job = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    job();
  }
}

void Runtime::Loop::serve(const std::function<bool()>& done) {
  while (!done()) {
    running_.clear();
    std::swap(running_, local_);
    // What others post has its turn even when the own thread never runs out of work.
    if (running_.empty() || has_posted_) {
      std::unique_lock lock(mutex_);
      const auto ready = [this] { return stopping_ || !posted_.empty(); };
      if (!running_.empty()) {
      } else if (timers_.empty()) {
        wake_.wait(lock, ready);
      } else {
        wake_.wait_until(lock, timers_.begin()->first.first, ready);
      }
      std::ranges::move(posted_, std::back_inserter(running_));
      posted_.clear();
      has_posted_ = false;
    }
    for (Job& job : running_) job();
    running_.clear();  // what jobs hold may hold the loop
    fire_timers();
  }
}

}  // namespace cadre
