// The pure engine: one event changes the state of a run and says what has to happen next.
//
// No I/O, no clock, no randomness: the same plan and the same events give the same state, the same
// drafts and the same effects, on every machine. The shell's part is this loop:
//
//   while next_record(state): stamp it (seq, time), journal it, apply it
//   for each of take_effects(state): journal intent_of(), apply it, perform,
//                                    journal outcome_of(), apply it
//
// O(1) amortised in the number of events of the run. Not thread-safe: one thread owns a state.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/state.h"

namespace cadre {

RunState make_state(std::string run, std::shared_ptr<const Plan> plan);

// kCorrupt when the event does not follow from what was before (another plan, a foreign journal).
// The state must not be used after an error.
Result<void> apply(RunState& state, const Event& event);

// The next decision to journal, without seq and time, or nullptr.
const Event* next_record(const RunState& state);

// Keys of effects that have come up since the last call, in order.
std::vector<std::string> take_effects(RunState& state);
// All unfinished effects that need nobody's word, in the order in which they came up: what a
// resumed run has to do.
std::vector<std::string> open_effects(const RunState& state);
const Effect* find_effect(const RunState& state, const std::string& key);

// What waits for a person, in the order in which it was asked for.
std::vector<const Approval*> pending_approvals(const RunState& state);
// Whether nothing can go on before a person decides (as far as no effect is under way).
bool waits_for_person(const RunState& state);
// The event by which a person (or a policy) decides; `always` approves the same subject's later
// requests too. For an approval that is pending in `state`.
Event approval_decided(const RunState& state, const Approval& approval, const Decision& decision,
                       bool always);

// Whether starting it is journalled first.
bool has_intent(Effect::Kind kind);
Event intent_of(const RunState& state, const Effect& effect);
// The event that finishes the effect: its place and `result`'s members.
Event outcome_of(const RunState& state, const Effect& effect, JsonObject result);

// The first event of a run. `start` holds the members of run_started.
Event run_started(const RunState& state, JsonObject start);

// One approval, as `cadre show --json` says it.
Json to_json(const Approval& approval);

// The state as JSON: for tests ("the same state") and for looking at.
Json to_json(const RunState& state);

}  // namespace cadre
