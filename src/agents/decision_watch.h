// Looks for decisions that others write into the journals of runs that wait for a person.
//
// One for all runs of a loop: while any of them waits, a timer asks each of their stores a few
// times a second whether anything was written, and only then are the runs' journals read, on a
// worker. Runs that do not wait cost nothing. Owned by the loop, used on its thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "agents/loop.h"
#include "core/event.h"
#include "store/store.h"

namespace cadre {

class DecisionWatch {
 public:
  static constexpr std::chrono::milliseconds kEvery{200};

  explicit DecisionWatch(Runtime::Loop& loop) : loop_(loop) {}

  // Until the run waits no more; watching a run twice is watching it once.
  void watch(const std::shared_ptr<RunDriver>& run);

 private:
  struct Waiting {
    std::weak_ptr<RunDriver> run;
    bool looked = false;  // read at least once: from then on the store's version tells
  };
  struct Look;
  using Versions = std::map<Store*, std::optional<std::int64_t>>;

  void tick();
  void seen(Look look);
  void arm();

  Runtime::Loop& loop_;
  std::map<RunDriver*, Waiting> waiting_;
  Versions versions_;
  bool armed_ = false;  // a timer is set, or a worker looks
};

}  // namespace cadre
