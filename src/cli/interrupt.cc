#include "cli/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <ctime>

#include "cli/cli.h"

namespace cadre::cli {
namespace {

sigset_t watched() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

InterruptWatch::InterruptWatch() {
  const sigset_t set = watched();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::jthread([this, set](std::stop_token stop) {
    while (!stop.stop_requested()) {
      const timespec wait{0, 100'000'000};
      if (sigtimedwait(&set, nullptr, &wait) <= 0) continue;
      if (!source_.request_stop()) _exit(kInterrupted);
    }
  });
}

InterruptWatch::~InterruptWatch() {
  thread_.request_stop();
  thread_.join();
  const sigset_t set = watched();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace cadre::cli
