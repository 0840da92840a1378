// What a run of an SOP came to, as a program reads it: the runner's outcome, and a fold over the
// journal for stages, gates and what was spent. Private to workshop/.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cadre/sop.h"
#include "core/plan.h"
#include "core/state.h"
#include "runtime/runner.h"

namespace cadre::workshop {

SopApproval approval_of(const Approval& approval);
// kFailed for a word that is none.
SopStatus status_from(std::string_view word);
// Stages in the plan's order, with the gates of their last rounds.
std::vector<SopStageResult> stages_of(const Plan& plan, std::span<const Event> events);
// All but the folder.
Result<SopResult> result_of(const RunOutcome& outcome, const Plan& plan, Store& store);
// Of a run that was broken off by `error`; what the journal has of it is there.
Result<SopResult> broken_off(const std::string& run, const Plan& plan, Store& store, Error error);

}  // namespace cadre::workshop
