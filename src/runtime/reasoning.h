// Reasoning frameworks of a role at work: the steps in its instructions, a member `reasoning` in
// the call that delivers the first artifact of its stage, and the check of what is answered there.
//
// Answers that are missing or do not fit are asked for once; the next delivery is taken with a
// word about what is still missing, since a way to think is a help and not a gate. Only the first
// round of a task asks. Pure; thread-safe.
#pragma once

#include <span>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "core/provider.h"

namespace cadre::detail {

// What stands in the instructions: "" when the role has no framework.
std::string reasoning_instructions(const Task& task);

// Adds the member to the parameters of the tool that delivers `type`, where it is asked for.
void add_reasoning_schema(const Task& task, const std::string& type, JsonObject& parameters);

// kInvalidInput names what has to be answered; `results` are those of the calls before this turn.
Result<void> check_reasoning(const Json& arguments, const Task& task,
                             std::span<const ToolResult> results);

// What is worth a note in the journal about the answers of a delivery that was taken; "" when
// nothing was asked.
std::string reasoning_note(const Json& arguments, const Task& task);

}  // namespace cadre::detail
