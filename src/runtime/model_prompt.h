// What a model reads of a task: instructions, the first message, tools. Pure; private to runtime/.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/provider.h"
#include "model/model.h"
#include "runtime/tool.h"

namespace cadre::detail {

inline constexpr std::string_view kDeliverPrefix = "deliver_";

// The role's instructions and how work is handed in.
std::string model_instructions(const Task& task);
// The task: brief, inputs, findings, parameters; each in a fence that nothing in it can close.
std::string task_message(const Task& task, const ToolRegistry& registry);
// How many bytes the task's inputs have, and how many of them the message leaves out by the stage's
// selection: {"inputs", "left_out"}. Reads all inputs: for once a task.
Json selection_of(const Task& task);
// The role's tools and one deliver tool for each type.
std::vector<std::shared_ptr<const ToolSpec>> model_tools(const Task& task,
                                                         const ToolRegistry& registry);
// From the role's model_config: temperature, top_p, max_tokens, reasoning_effort.
ModelSettings model_settings(const Task& task);
// The role's `model`, or "".
std::string model_of_role(const Task& task);

}  // namespace cadre::detail
