// The journal in one SQLite file (".cadre/journal.db" beside the work).
//
// WAL with synchronous=FULL and one writer thread: whatever appends wait at that moment, of all
// runs of the process, share one commit. Readers have a connection of their own. Rows carry a
// checksum, blobs their SHA-256, so that damage is found and named. Other processes may open the
// same file; two writers of one run are fenced by the sequence.
#pragma once

#include <filesystem>
#include <memory>

#include "store/store.h"

namespace cadre {

struct SqliteOptions {
  bool create = true;           // else a missing file is kNotFound
  bool read_only = false;       // never writes, not even the schema
  int busy_timeout_ms = 10'000;
};

// kIo when the file cannot be made or written, kCorrupt when it is no journal (nothing is
// overwritten), kConflict when a newer Cadre wrote it.
Result<std::unique_ptr<Store>> open_sqlite_store(const std::filesystem::path& file,
                                                 const SqliteOptions& options = {});

}  // namespace cadre
