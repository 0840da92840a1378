// The memory that lasts over runs: one SQLite file (".cadre/memory.db" beside the work).
//
// It holds sessions (conversations), what agents stored in them (session_memory.h) and lessons
// (lessons.h), shared by all agents and runs that open it. WAL with synchronous FULL: what was
// acknowledged survives a crash. A row that does not read back is skipped, noted and left as it is.
// Thread-safe; other processes may use the same file at the same time. Calls block on the disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "memory/session.h"

namespace cadre {

namespace detail {
class MemoryDb;
}

struct MemoryOptions {
  bool create = true;  // else a missing file is kNotFound
  bool read_only = false;
  int busy_timeout_ms = 10'000;
  std::shared_ptr<Clock> clock{};  // null: the system's; has to be thread-safe
};

struct SessionOptions {
  bool create = true;  // else a missing session is kNotFound
  // Not empty: rows are encrypted (AES-256-GCM) with a key derived from this secret and the
  // session's salt. A random secret of at least 16 bytes, not a password: nothing slows guessing.
  std::string secret{};
  // Of a new session: items older than this are not loaded any more and are deleted when the file
  // is next opened. 0: they stay.
  std::int64_t ttl_us = 0;
};

struct SessionInfo {
  std::string id;
  std::string origin;  // "other@12" when branched from the first 12 items of that session
  std::string holder;  // the run that writes to it now, or last wrote and died
  std::int64_t items = 0;
  std::int64_t entries = 0;  // outputs, executions, knowledge, tasks
  bool encrypted = false;
  std::int64_t ttl_us = 0;
  std::int64_t created_us = 0, updated_us = 0;
};

class MemoryFile {
 public:
  // kIo when it cannot be made or written, kCorrupt or kInvalidInput when it is no memory file,
  // kConflict when a newer Cadre wrote it; nothing is changed then.
  static Result<std::shared_ptr<MemoryFile>> open(const std::filesystem::path& file,
                                                  const MemoryOptions& options = {});

  // Opens or begins a session. kDenied when it is encrypted and the secret is missing or wrong,
  // kInvalidInput for a secret on a session that is not encrypted.
  Result<std::shared_ptr<Session>> session(const std::string& id,
                                           const SessionOptions& options = {});
  // Begins the session `to` with the first `items` items of `from`; from there each goes its own
  // way. kConflict when `to` exists, kInvalidInput when there are fewer items. The secret of
  // `options` opens `from` and seals `to`.
  Result<std::shared_ptr<Session>> branch(const std::string& from, std::size_t items,
                                          const std::string& to,
                                          const SessionOptions& options = {});
  // The last used first.
  Result<std::vector<SessionInfo>> sessions();
  // Deletes the session and all that was stored in it. kConflict while a run holds it.
  Result<void> remove(const std::string& id);

  const std::shared_ptr<detail::MemoryDb>& database() const { return db_; }

 private:
  explicit MemoryFile(std::shared_ptr<detail::MemoryDb> db) : db_(std::move(db)) {}
  std::shared_ptr<detail::MemoryDb> db_;
};

}  // namespace cadre
