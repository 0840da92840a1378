// Errors as values at room borders.
//
// A Result<T> holds a value or an Error whose message a user can act on: what was wrong, where,
// and what to do. Exceptions do not cross a room's border; programmer errors abort (check.h).
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace cadre {

enum class ErrorCode {
  kInvalidInput,   // the user's (or a model's) input is wrong; the message says where
  kNotFound,       // something named does not exist
  kConflict,       // the expected state is not the actual one (a second writer, an old version)
  kUnavailable,    // something needed is missing: a program, a package, a service
  kDenied,         // a policy forbids it: path outside the workspace, sandbox missing
  kExhausted,      // a limit was reached: budget, rounds, size, time
  kCorrupt,        // stored data does not read back as written
  kIo,             // the operating system said no: disk full, permission
  kCancelled,      // somebody asked to stop
  kInternal,       // a defect in Cadre
};

// The stable lower-case word for a code, as used in JSON output ("invalid_input").
const char* to_string(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;  // one sentence for the user, without trailing newline
  std::string hint;     // what to do about it; may be empty

  // "message" or "message (hint)".
  std::string describe() const;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorCode code, std::string message, std::string hint = {}) {
  return std::unexpected(Error{code, std::move(message), std::move(hint)});
}

// Passes an error on; `return propagate(r);` for any Result r that has none.
template <class T>
std::unexpected<Error> propagate(Result<T>& result) {
  return std::unexpected(std::move(result.error()));
}

}  // namespace cadre
