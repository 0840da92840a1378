// Always-on assertions for programmer errors. A failed check prints where and why, and aborts:
// the journal makes the run resumable, so stopping is safer than going on with a broken state.
#pragma once

namespace cadre::detail {
[[noreturn]] void check_failed(const char* expression, const char* file, int line,
                               const char* message);
}  // namespace cadre::detail

#define CADRE_CHECK(condition, message) \
  ((condition) ? void() : ::cadre::detail::check_failed(#condition, __FILE__, __LINE__, message))
