#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>

#include "sqlite/sqlite.h"

namespace cadre::detail {
namespace {

// SQLite's own waits grow to 0.1 s between looks: beside a process that writes without pause such a
// waiter may never see the file free. Ours looks every 2 ms at the latest.
int wait_for_other(void* timeout_ms, int looked) {
  const auto step_us = std::min<std::int64_t>(100 * (looked + 1), 2'000);
  const std::int64_t waited_us =
      looked < 20 ? 50 * looked * (looked + 1) : 21'000 + 2'000 * std::int64_t{looked - 20};
  if (waited_us >= reinterpret_cast<std::intptr_t>(timeout_ms) * 1'000) return 0;
  std::this_thread::sleep_for(std::chrono::microseconds(step_us));
  return 1;
}

Result<std::int64_t> read_pragma(sqlite3* database, const std::filesystem::path& file,
                                 const FileKind& kind, std::string_view name) {
  Statement statement;
  int code = statement.prepare(database, fmt::format("PRAGMA {}", name));
  if (code == SQLITE_OK) code = statement.step();
  if (code != SQLITE_ROW) {
    return std::unexpected(sqlite_error(code, database, file, "read", kind.name));
  }
  return statement.integer(0);
}

Result<void> check_identity(sqlite3* database, const std::filesystem::path& file,
                            const FileKind& kind, bool& is_new) {
  // In one look: another process may be making the file just now.
  execute(database, "BEGIN");
  const auto application = read_pragma(database, file, kind, "application_id");
  const auto version = read_pragma(database, file, kind, "user_version");
  const auto changes = read_pragma(database, file, kind, "schema_version");
  execute(database, "ROLLBACK");
  if (!application) return std::unexpected(application.error());
  if (!version) return std::unexpected(version.error());
  if (!changes) return std::unexpected(changes.error());
  is_new = *application == 0 && *version == 0 && *changes == 0;
  if (is_new) return {};
  if (*application != kind.application_id) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} is a database of another program", file.string()),
                fmt::format("give another file for the {}", kind.name));
  }
  if (*version > kind.version) {
    return fail(ErrorCode::kConflict,
                fmt::format("{} was written by a newer Cadre ({} version {}; this one knows {})",
                            file.string(), kind.name, *version, kind.version),
                "use that version, or another folder");
  }
  return {};
}

// The file and its name, onto the disk: SQLite itself syncs only what it has written through this
// connection, and another process may have made the file a moment ago.
int sync_file(sqlite3* database, const std::filesystem::path& file) {
  sqlite3_file* handle = nullptr;
  int code = sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, &handle);
  if (code != SQLITE_OK || handle == nullptr || handle->pMethods == nullptr) return code;
  code = handle->pMethods->xSync(handle, SQLITE_SYNC_NORMAL);
  const std::string folder = file.has_parent_path() ? file.parent_path().string() : ".";
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return code;  // not all file systems let a folder be opened
  if (::fsync(descriptor) != 0 && errno == EIO && code == SQLITE_OK) code = SQLITE_IOERR_DIR_FSYNC;
  ::close(descriptor);
  return code;
}

Result<void> lay_out(sqlite3* database, const std::filesystem::path& file, const FileKind& kind,
                     int timeout_ms, bool is_new) {
  // While a new file holds nothing, nothing in it can be lost: it is synced once, below, and its
  // tables with the first commit to come. Left half made, it counts as new the next time.
  if (is_new) execute(database, "PRAGMA synchronous=OFF");
  // The change to WAL does not wait by itself when another process is just making the file.
  int code = SQLITE_BUSY;
  for (int looked = 0; (code & 0xff) == SQLITE_BUSY; ++looked) {
    code = execute(database, "PRAGMA journal_mode=WAL");
    if ((code & 0xff) != SQLITE_BUSY) break;
    if (wait_for_other(reinterpret_cast<void*>(std::intptr_t{timeout_ms}), looked) == 0) break;
  }
  if (code == SQLITE_OK) code = execute(database, "PRAGMA wal_autocheckpoint=4000");
  if (code == SQLITE_OK && is_new) {
    code = execute(database, fmt::format("BEGIN IMMEDIATE; {} PRAGMA application_id={}; "
                                         "PRAGMA user_version={}; COMMIT;",
                                         kind.tables, kind.application_id, kind.version));
    if (code != SQLITE_OK) {  // another process may have made them at the same moment
      Error why = sqlite_error(code, database, file, "open", kind.name);
      execute(database, "ROLLBACK");
      if (!check_identity(database, file, kind, is_new) || is_new)
        return std::unexpected(std::move(why));
      code = SQLITE_OK;
    }
  }
  if (code == SQLITE_OK) code = sync_file(database, file);
  if (code == SQLITE_OK) code = execute(database, "PRAGMA synchronous=FULL");
  if (code == SQLITE_OK) return {};
  return std::unexpected(sqlite_error(code, database, file, "open", kind.name));
}

}  // namespace

Result<Database> connect(const std::filesystem::path& file, const FileKind& kind,
                         const OpenOptions& options) {
  sqlite3* raw = nullptr;
  int flags = options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (!options.read_only && options.create) flags |= SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(file.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(raw);
  if (code != SQLITE_OK) return std::unexpected(sqlite_error(code, raw, file, "open", kind.name));
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_handler(raw, wait_for_other,
                       reinterpret_cast<void*>(std::intptr_t{options.busy_timeout_ms}));
  return database;
}

Result<Database> open_file(const std::filesystem::path& file, const FileKind& kind,
                           const OpenOptions& options) {
  std::error_code error;
  if (options.create && !options.read_only && file.has_parent_path()) {
    std::filesystem::create_directories(file.parent_path(), error);
    if (error) {
      return fail(ErrorCode::kIo, fmt::format("cannot make the folder {}: {}",
                                              file.parent_path().string(), error.message()));
    }
  }
  if ((!options.create || options.read_only) && !std::filesystem::exists(file, error)) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no {} {}", kind.name, file.string()));
  }
  auto database = connect(file, kind, options);
  if (!database) return database;
  sqlite3* raw = database->get();
  // A file that is refused is not even tidied up when it is closed.
  sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  bool is_new = false;
  if (auto known = check_identity(raw, file, kind, is_new); !known) return propagate(known);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
  if (options.read_only) {
    if (!is_new) return database;
    return fail(ErrorCode::kNotFound, fmt::format("{} is empty", file.string()));
  }
  if (auto laid = lay_out(raw, file, kind, options.busy_timeout_ms, is_new); !laid)
    return propagate(laid);
  return database;
}

}  // namespace cadre::detail
