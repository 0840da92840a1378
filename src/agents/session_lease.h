// A session's writer's place on its way from the worker that takes it to the run; given back when
// the run is gone by then. And what a session of a user's own making throws, as an error. Private
// to agents/.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "agents/run_words.h"
#include "memory/session.h"

namespace cadre {

template <class Use>
auto guard_session(Use use) -> decltype(use()) {
  return guarded("it", std::move(use));
}

// The place is given back, or whoever made the session sees to it.
inline void release_session(Session& session, const std::string& run) {
  (void)guard_session([&]() -> Result<void> {
    session.release(run);
    return {};
  });
}

struct SessionLease {
  std::shared_ptr<Session> session;
  std::string run;
  bool held = false;

  Result<void> take() {
    auto taken = guard_session([this] { return session->acquire(run); });
    held = taken.has_value();
    return taken;
  }
  bool hand_over() { return std::exchange(held, false); }
  ~SessionLease() {
    if (held) release_session(*session, run);
  }
};

}  // namespace cadre
