// Figures that only a tool may give: the schema keyword `x-measured-by` of an artifact type.
//
//   "x-measured-by": {"tool": "measure_project", "quotes_from": ["apis", "requirements"]}
//
// What the tool answered last in the task ({"figures": {...}, "append": {list: [...]}}) replaces
// what the delivered data says under the same names, and its lists are put before the data's; what
// the data says under other names of the keyword's `figures` is dropped; the data is stamped with
// `measured_by`. Without an answer of the tool nothing is taken. A finding
// that was measured keeps its blame, unless `reassigned` names another artifact with words that
// stand in one of `quotes_from`. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "core/provider.h"

namespace cadre {

// For comparing a quote with its source: white space, quotation marks and case do not count.
std::string squeezed(std::string_view text);

// Changes `data`; does nothing for a schema without the keyword.
Result<void> merge_measured(const Json& schema, const Task& task,
                            std::span<const ToolResult> results, Json& data);

}  // namespace cadre
