// Ctrl-C and TERM as a stop token: the first asks the run to stop and be resumable, the second
// ends the process at once. One at a time; made before any other thread, because it blocks the
// signals for the threads that come after.
#pragma once

#include <stop_token>
#include <thread>

namespace cadre::cli {

class InterruptWatch {
 public:
  InterruptWatch();
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::jthread thread_;
};

}  // namespace cadre::cli
