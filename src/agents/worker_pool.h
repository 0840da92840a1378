// Threads for work that blocks: provider turns, tools, gates.
//
// Threads start on demand up to a cap. Jobs own what they touch, so that the pool can be left with
// a job that hangs: wait_idle gives up after a time, and the destructor detaches what is busy.
#pragma once

#include <functional>
#include <memory>

namespace cadre {

class WorkerPool {
 public:
  explicit WorkerPool(int threads_max);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  void submit(std::move_only_function<void()> job);
  // A job hangs and nobody waits for it any more: another thread may take its place. Taken back
  // with -1 when it ends after all.
  void lend(int threads);
  // Whether all jobs are done, waiting for that for at most `ms`.
  bool wait_idle(int ms);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace cadre
