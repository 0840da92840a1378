// Small things that the commands of a run share: words of user code, arguments of calls.
// Private to agents/; all functions are thread-safe.
#pragma once

#include <exception>
#include <string>

#include "base/json_schema.h"
#include "core/item.h"

namespace cadre {

// What may be said of an exception of user code; valid UTF-8.
std::string what_of(const std::exception_ptr& error);
// Arguments that are valid for the tool.
Result<Json> read_arguments(const ToolCallItem& call, const JsonSchema& schema);

}  // namespace cadre
