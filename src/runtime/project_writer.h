// Where a run's artifacts become files that people look at: the project folder and its history.
//
// The runner calls `stage_done` after a stage has passed its gates and that is journalled, in the
// order of the journal, from its own thread pool (never two at once for a run). After a crash it
// may be called again with the same stage and round: the second call must leave the same as one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/plan.h"
#include "core/provider.h"

namespace cadre {

struct StageDone {
  std::string run;
  const Plan* plan = nullptr;
  const StageSpec* stage = nullptr;
  int round = 1;
  bool passed = true;                  // false: the last round of a stage whose gates did not pass
  std::int64_t time_us = 0;            // when the stage ended, from the journal: the commit's date
  std::vector<std::string> artifacts;  // the types this stage made
  // All that exist at the end of the stage, by type; the stage's own among them.
  std::map<std::string, std::shared_ptr<const Artifact>> all;
};

class ProjectWriter {
 public:
  virtual ~ProjectWriter() = default;
  virtual Result<void> stage_done(const StageDone& done) = 0;
};

}  // namespace cadre
