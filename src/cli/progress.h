// What the user sees while a run goes on: a live block on a terminal (stages, tasks side by side,
// elapsed time), plain lines otherwise. Fed with journal events from any thread; draws by itself.
#pragma once

#include <memory>

#include "cli/cli.h"
#include "core/event.h"
#include "core/plan.h"

namespace cadre::cli {

class Progress {
 public:
  virtual ~Progress() = default;
  virtual void on_event(const Event& event) = 0;
  // Draws the last state and stops drawing.
  virtual void finish() = 0;
};

// The right one for the console: nothing with --quiet or --json.
std::unique_ptr<Progress> make_progress(const Console& console, const Plan& plan);

}  // namespace cadre::cli
