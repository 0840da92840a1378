// Small things that the commands of a run share: words of user code, arguments of calls.
// Private to agents/; all functions are thread-safe.
#pragma once

#include <algorithm>
#include <chrono>
#include <exception>
#include <string>
#include <string_view>

#include "base/json_schema.h"
#include "core/item.h"

namespace cadre {

// A time that a clock can be set by, however long a user wants to wait.
inline std::chrono::milliseconds bounded(std::chrono::milliseconds time) {
  return std::min<std::chrono::milliseconds>(time, std::chrono::years(100));
}

// What may be said of an exception of user code; valid UTF-8.
std::string what_of(const std::exception_ptr& error);
// What `use` gives, a Result; or what it threw, as an error of whose it is.
template <class Use>
auto guarded(std::string_view whose, Use use) -> decltype(use()) {
  try {
    return use();
  } catch (...) {
    return fail(ErrorCode::kInternal,
                std::string(whose) + " threw: " + what_of(std::current_exception()));
  }
}
// Nothing can be asked of the run any more.
std::unexpected<Error> run_is_over(const std::string& id);
// Arguments that are valid for the tool.
Result<Json> read_arguments(const ToolCallItem& call, const JsonSchema& schema);

}  // namespace cadre
