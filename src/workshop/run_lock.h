// Who works on a run: one process at a time. The lock is the operating system's, so a killed
// process leaves none behind.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace cadre::workshop {

class RunLock {
 public:
  // kConflict when another process works on the run.
  static Result<RunLock> take(const std::filesystem::path& state, const std::string& run);
  RunLock(RunLock&& other) noexcept;
  RunLock& operator=(RunLock&& other) noexcept;
  ~RunLock();

 private:
  explicit RunLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace cadre::workshop
