#include "agents/worker_pool.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace cadre {

struct WorkerPool::Shared {
  std::mutex mutex;
  std::condition_variable work, idle_changed;
  std::deque<std::move_only_function<void()>> jobs;
  int threads_max = 1;
  int threads = 0;
  int idle = 0;
  int busy = 0;
  bool closing = false;

  static void loop(const std::shared_ptr<Shared>& self) {
    std::unique_lock lock(self->mutex);
    while (true) {
      self->idle++;
      self->work.wait(lock, [&] { return self->closing || !self->jobs.empty(); });
      self->idle--;
      if (self->jobs.empty()) break;
      std::move_only_function<void()> job = std::move(self->jobs.front());
      self->jobs.pop_front();
      self->busy++;
      lock.unlock();
      job();
      job = nullptr;  // what it holds goes before anybody thinks the pool idle
      lock.lock();
      self->busy--;
      if (self->busy == 0 && self->jobs.empty()) self->idle_changed.notify_all();
    }
    self->threads--;
    self->idle_changed.notify_all();
  }
};

WorkerPool::WorkerPool(int threads_max) : shared_(std::make_shared<Shared>()) {
  shared_->threads_max = std::max(1, threads_max);  // without one nothing would ever be done
}

WorkerPool::~WorkerPool() {
  std::unique_lock lock(shared_->mutex);
  shared_->closing = true;
  shared_->jobs.clear();
  shared_->work.notify_all();
  // Idle threads go at once; a busy one holds its own references and goes when its job ends.
  shared_->idle_changed.wait_for(lock, std::chrono::milliseconds(2000),
                                 [&] { return shared_->threads == shared_->busy; });
}

void WorkerPool::submit(std::move_only_function<void()> job) {
  const std::lock_guard lock(shared_->mutex);
  shared_->jobs.push_back(std::move(job));
  const bool enough = shared_->idle >= static_cast<int>(shared_->jobs.size());
  if (!enough && shared_->threads < shared_->threads_max) {
    shared_->threads++;
    std::thread([self = shared_] { Shared::loop(self); }).detach();
  }
  shared_->work.notify_one();
}

void WorkerPool::lend(int threads) {
  const std::lock_guard lock(shared_->mutex);
  shared_->threads_max += threads;
  if (threads > 0 && !shared_->jobs.empty() && shared_->threads < shared_->threads_max) {
    shared_->threads++;
    std::thread([self = shared_] { Shared::loop(self); }).detach();
  }
}

bool WorkerPool::wait_idle(int ms) {
  std::unique_lock lock(shared_->mutex);
  return shared_->idle_changed.wait_for(lock, std::chrono::milliseconds(ms), [&] {
    return shared_->busy == 0 && shared_->jobs.empty();
  });
}

}  // namespace cadre
