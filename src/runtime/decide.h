// Decisions of people about a run that waits: written into its journal by any process, any time
// later. The run itself goes on with Runner::resume_run. Whoever calls makes sure that no process
// works on the run at that moment; a run that went on in between is fenced off as kConflict.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "core/state.h"
#include "store/store.h"

namespace cadre {

struct DecideOptions {
  std::string key{};  // "a1"; "": the only one that waits
  bool approved = false;
  bool answers = false;  // `message` is the answer to a question
  std::string message{};
  std::string by = "user";
  bool always = false;  // approves the same subject's later requests too
};

struct Decided {
  Approval approval;
  int still_waiting = 0;
};

// kNotFound: no such run, or no such key. kConflict: nothing waits, it is decided already, or the
// run went on meanwhile. kInvalidInput: which one is unclear, or a question is to be approved.
Result<Decided> decide_approval(Store& store, Clock& clock, const std::string& run,
                                const DecideOptions& options);

// One line for people: "a1  tool:refund  may support call refund?".
std::string describe(const Approval& approval);

}  // namespace cadre
