#include "memory/lease.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace cadre::detail {
namespace {

struct flock byte_range(std::int64_t at, short type) {
  struct flock range{};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = at;
  range.l_len = 1;
  return range;
}

int lock_byte(int fd, std::int64_t at, short type) {
  struct flock range = byte_range(at, type);
  return fcntl(fd, F_OFD_SETLK, &range);
}

// Names stand in places of their own; the locks are on bytes, whatever these hold.
constexpr std::int64_t kNameBytes = 128;

void write_name(int fd, std::int64_t session, std::string_view run) {
  char place[kNameBytes] = {};
  const std::size_t size = run.copy(place, kNameBytes - 1);
  // Without a name the lock is as good: others are told "of another process".
  (void)!pwrite(fd, place, size + 1, session * kNameBytes);
}

}  // namespace

LeaseFile::~LeaseFile() {
  if (fd_ >= 0) close(fd_);
}

bool LeaseFile::open_file(int flags) {
  if (fd_ < 0) fd_ = open(file_.c_str(), flags | O_CLOEXEC, 0600);
  return fd_ >= 0;
}

Result<bool> LeaseFile::take(std::int64_t session, const std::string& run) {
  if (held_.contains(session)) return true;
  if (!open_file(O_RDWR | O_CREAT) || lock_byte(fd_, session, F_WRLCK) != 0) {
    if (fd_ >= 0 && (errno == EAGAIN || errno == EACCES)) return false;
    return fail(ErrorCode::kIo,
                fmt::format("cannot lock {}: {}", file_.string(), std::strerror(errno)),
                "the folder has to be writable and on a file system with locks");
  }
  held_[session] = run;
  if (!run.empty()) write_name(fd_, session, run);
  return true;
}

void LeaseFile::let_go(std::int64_t session) {
  const auto at = held_.find(session);
  if (at == held_.end()) return;
  if (!at->second.empty()) write_name(fd_, session, {});
  held_.erase(at);
  lock_byte(fd_, session, F_UNLCK);
}

std::string LeaseFile::holder(std::int64_t session) const {
  const auto at = held_.find(session);
  return at == held_.end() ? std::string() : at->second;
}

std::string LeaseFile::name_in_file(std::int64_t session) const {
  char place[kNameBytes] = {};
  const auto bytes = pread(fd_, place, kNameBytes - 1, session * kNameBytes);
  return bytes <= 0 ? std::string() : std::string(place);
}

std::string LeaseFile::holder_anywhere(std::int64_t session) {
  if (held_.contains(session)) return holder(session);
  if (!open_file(O_RDWR) && !open_file(O_RDONLY)) return {};
  struct flock range = byte_range(session, F_WRLCK);
  if (fcntl(fd_, F_OFD_GETLK, &range) != 0 || range.l_type == F_UNLCK) return {};
  return name_in_file(session);
}

}  // namespace cadre::detail
