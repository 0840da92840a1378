// A session's writer's place on its way from the worker that takes it to the run; given back when
// the run is gone by then. Private to agents/.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "memory/session.h"

namespace cadre {

struct SessionLease {
  std::shared_ptr<Session> session;
  std::string run;
  bool held = false;

  Result<void> take() {
    auto taken = session->acquire(run);
    held = taken.has_value();
    return taken;
  }
  bool hand_over() { return std::exchange(held, false); }
  ~SessionLease() {
    if (held) session->release(run);
  }
};

}  // namespace cadre
