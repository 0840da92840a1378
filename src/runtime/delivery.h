// How a model hands in its work: artifact by artifact, each checked before it is taken.
//
// One check for the provider (is the task finished?) and for the tool (what does the agent read?),
// so that both say the same. Also here: the tool by which an agent asks its user. Thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/plan.h"
#include "core/provider.h"
#include "runtime/task_files.h"
#include "runtime/tool.h"

namespace cadre {

// The JSON Schema of what one task delivers as `type`: the type's own, or that of one part of it
// when the stage fans out. {"type": "object"} when the plan has none.
Json delivery_schema(const Plan& plan, std::string_view stage, std::string_view type);

// {"type", "data", "files": [{"path", "content"}]} as an artifact; kInvalidInput says what is wrong
// in words that help to mend it. {"said": text} is no delivery: the error asks for one.
// A file without content, and with no "files" at all each path that the data lists under "files",
// is taken from `files`. Where the type's schema says `x-measured-by`, the figures are those of
// that tool (measured.h), and nothing is taken before it ran.
Result<Artifact> read_delivery(const Json& arguments, const Task& task, const TaskFiles& files,
                               std::span<const ToolResult> results);

// "deliver_artifact": answers {"accepted": type}, or what has to be mended. Pure.
std::shared_ptr<TaskTool> make_deliver_tool();
// "ask_user": its calls wait for `cadre answer`; answers {"answer": text}.
std::shared_ptr<TaskTool> make_ask_user_tool();

}  // namespace cadre
