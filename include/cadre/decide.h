// Decisions about calls of a run that waits, written into its journal by any process, any time
// later: `cadre approve|reject|answer` does so for people. The run goes on with resume(), in a
// program that has its team.
//
// A process that has the run under way and waits for nothing but people sees the decision within
// half a second and goes on with it. One that still does something else in the run finds out at its
// next step and ends there (RunStatus::kInternal, "another process has written to this run");
// nothing is lost, resume() goes on. Thread-safe; calls block on the store.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/store.h"

namespace cadre {

struct WaitingCall {
  std::string key{};        // "a1", "a2", in the order in which the run asked
  std::string call_id{};
  std::string agent{}, tool{}, arguments{};
  bool question = false;    // to be answered, not approved
};

struct CallDecision {
  std::string call{};       // key or call id; empty: the only one that waits
  bool approved = false;
  bool answers = false;     // `message` is the answer to a question
  std::string message{};    // of a rejection: why, for the agent
  bool always = false;      // the same agent's later calls of the tool, too
  std::string by = "user";
};

struct DecidedCall {
  WaitingCall call{};
  int still_waiting = 0;
};

// In order. kNotFound: no such run; kInvalidInput: a run of a plan, not of agents.
Result<std::vector<WaitingCall>> waiting_calls(Store& store, const std::string& run);

// Durable when it returns. kNotFound: no such run or call; kConflict: it does not wait any more, or
// another process has written to the run; kInvalidInput: which one is unclear, or a question is
// approved, or what is no question is answered.
Result<DecidedCall> decide_call(Store& store, Clock& clock, const std::string& run,
                                const CallDecision& decision);

}  // namespace cadre
