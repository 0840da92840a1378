// Who may write to a session: locks on bytes of a file beside the memory file. Private to memory/.
//
// The kernel keeps them and lets them go when the holding process ends, however it ends, so a
// stale holder cannot block and a live one cannot be mistaken for dead (process ids come back; and
// two containers that share a folder do not see each other's). One object is one holder to the
// kernel; who holds what inside of it is the map. The holder's name stands in the same file, for
// messages. Nothing of it is ever synced: when the machine goes down nobody holds anything, and
// when only the process does the kernel still has it all. Not thread-safe: MemoryDb's lock guards
// it.
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
  // An empty run takes it for the time of one change, without a name.
  Result<bool> take(std::int64_t session, const std::string& run);
  void let_go(std::int64_t session);
  // The run of this process that holds the session, or "".
  std::string holder(std::int64_t session) const;
  // The run that holds the session, here or elsewhere; "" when nobody does, or without a name.
  std::string holder_anywhere(std::int64_t session);

 private:
  bool open_file(int flags);
  std::string name_in_file(std::int64_t session) const;

  std::filesystem::path file_;
  int fd_ = -1;
  std::map<std::int64_t, std::string> held_;
};

}  // namespace cadre::detail
