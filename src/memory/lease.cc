#include "memory/lease.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace cadre::detail {
namespace {

int lock_byte(int fd, std::int64_t at, short type) {
  struct flock range{};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = at;
  range.l_len = 1;
  return fcntl(fd, F_OFD_SETLK, &range);
}

}  // namespace

LeaseFile::~LeaseFile() {
  if (fd_ >= 0) close(fd_);
}

Result<bool> LeaseFile::take(std::int64_t session, const std::string& run) {
  if (held_.contains(session)) return true;
  if (fd_ < 0) fd_ = open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0 || lock_byte(fd_, session, F_WRLCK) != 0) {
    if (fd_ >= 0 && (errno == EAGAIN || errno == EACCES)) return false;
    return fail(ErrorCode::kIo,
                fmt::format("cannot lock {}: {}", file_.string(), std::strerror(errno)),
                "the folder has to be writable and on a file system with locks");
  }
  held_[session] = run;
  return true;
}

void LeaseFile::let_go(std::int64_t session) {
  if (held_.erase(session) > 0) lock_byte(fd_, session, F_UNLCK);
}

std::string LeaseFile::holder(std::int64_t session) const {
  const auto at = held_.find(session);
  return at == held_.end() ? std::string() : at->second;
}

}  // namespace cadre::detail
