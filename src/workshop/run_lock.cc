#include "workshop/run_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace cadre::workshop {

Result<RunLock> RunLock::take(const std::filesystem::path& state, const std::string& run) {
  const std::filesystem::path folder = state / "locks";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const std::filesystem::path file = folder / (run + ".lock");
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) {
    return fail(ErrorCode::kIo,
                fmt::format("cannot write {}: {}", file.string(), std::strerror(errno)),
                "make room or make it writable");
  }
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return RunLock(fd);
  const int why = errno;
  ::close(fd);
  if (why == EWOULDBLOCK) {
    return fail(ErrorCode::kConflict, fmt::format("another process is working on run {}", run),
                "wait until it stops: it does so by itself when nothing is left to do but what "
                "waits for a person");
  }
  return fail(ErrorCode::kIo, fmt::format("cannot lock {}: {}", file.string(), std::strerror(why)));
}

RunLock::RunLock(RunLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

RunLock& RunLock::operator=(RunLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

RunLock::~RunLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace cadre::workshop
