// What is said to a run that may not write to a session. Private to memory/. Pure.
#pragma once

#include <fmt/core.h>

#include <string_view>

#include "base/result.h"

namespace cadre::detail {

// `asks`: the run that wants it; when it is the holder, it is under way twice.
inline std::unexpected<Error> busy_session(std::string_view session, std::string_view holder,
                                           std::string_view asks = {}) {
  if (!holder.empty() && holder == asks) {
    return fail(ErrorCode::kConflict,
                fmt::format("session '{}' is in use by the run {}, which is under way already",
                            session, holder),
                "wait for it; another run needs another id");
  }
  return fail(ErrorCode::kConflict,
              fmt::format("session '{}' is in use by the run {}", session,
                          holder.empty() ? "of another process" : holder),
              "wait for that run, or branch the session");
}

}  // namespace cadre::detail
