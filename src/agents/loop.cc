#include "agents/loop.h"

#include <utility>

namespace cadre {

Runtime::Loop::Loop(RuntimeOptions options)
    : options_(std::move(options)),
      clock_(options_.clock != nullptr ? options_.clock : std::make_shared<SystemClock>()) {}

Runtime::Loop::~Loop() { stop(); }

void Runtime::Loop::start_thread() {
  thread_ = std::thread([this] {
    {
      const std::lock_guard lock(mutex_);
      thread_id_ = std::this_thread::get_id();
    }
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
  const auto jobs = std::exchange(local_, {});
  const auto timers = std::exchange(timers_, {});
}

void Runtime::Loop::pump(const std::function<bool()>& done) {
  thread_id_ = std::this_thread::get_id();
  serve(done);
}

void Runtime::Loop::post(Job job) {
  if (on_thread()) {
    local_.push_back(std::move(job));
    return;
  }
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    first = posted_.empty();
    posted_.push_back(std::move(job));
  }
  if (first) wake_.notify_one();
}

void Runtime::Loop::at(Time when, Job job) {
  timers_.push({when, ++timers_made_, std::make_shared<Job>(std::move(job))});
}

WorkerPool& Runtime::Loop::pool() {
  std::call_once(pool_once_, [this] { pool_ = std::make_unique<WorkerPool>(options_.workers); });
  return *pool_;
}

void Runtime::Loop::work(Job job) { pool().submit(std::move(job)); }

void Runtime::Loop::fire_timers() {
  if (timers_.empty()) return;
  const Time now = std::chrono::steady_clock::now();
  while (!timers_.empty() && timers_.top().when <= now) {
    const std::shared_ptr<Job> job = timers_.top().job;
    timers_.pop();
    (*job)();
  }
}

void Runtime::Loop::serve(const std::function<bool()>& done) {
  while (!done()) {
    running_.clear();
    std::swap(running_, local_);
    if (running_.empty()) {
      std::unique_lock lock(mutex_);
      const auto ready = [this] { return stopping_ || !posted_.empty(); };
      if (timers_.empty()) {
        wake_.wait(lock, ready);
      } else {
        wake_.wait_until(lock, timers_.top().when, ready);
      }
      std::swap(running_, posted_);
    }
    for (Job& job : running_) job();
    fire_timers();
  }
}

}  // namespace cadre
