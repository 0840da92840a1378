// Who may write to a session: locks on bytes of a file beside the memory file. Private to memory/.
//
// The kernel keeps them and lets them go when the holding process ends, however it ends, so a
// stale holder cannot block and a live one cannot be mistaken for dead (process ids come back; and
// two containers that share a folder do not see each other's). One object is one holder to the
// kernel; who holds what inside of it is the map. Not thread-safe: MemoryDb's lock guards it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "base/result.h"

namespace cadre::detail {

class LeaseFile {
 public:
  explicit LeaseFile(std::filesystem::path file) : file_(std::move(file)) {}
  ~LeaseFile();
  LeaseFile(const LeaseFile&) = delete;
  LeaseFile& operator=(const LeaseFile&) = delete;

  // Takes the session for the run; false when another process (or another opening of the file in
  // this one) has it. Call only when holder() is empty or the run itself.
  Result<bool> take(std::int64_t session, const std::string& run);
  void let_go(std::int64_t session);
  // The run of this process that holds the session, or "".
  std::string holder(std::int64_t session) const;

 private:
  std::filesystem::path file_;
  int fd_ = -1;
  std::map<std::int64_t, std::string> held_;
};

}  // namespace cadre::detail
