// Owners for SQLite's connection and statement, its errors as ours, and opening a file with care.
//
// Shared by the rooms that keep an SQLite file (store: the journal, memory: the memory file) and
// private to their sources. A connection belongs to one thread at a time.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cadre::detail {

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

// What SQLite's code means for a user, with the file's name. `name` is what the file is to them.
Error sqlite_error(int code, sqlite3* database, const std::filesystem::path& file,
                   std::string_view doing, std::string_view name = "journal");

// A prepared statement. Bind from 1, step, read columns from 0, reset. Text is bound without a
// copy: it has to live until the next reset.
class Statement {
 public:
  Statement() = default;
  // SQLITE_OK or SQLite's code.
  int prepare(sqlite3* database, std::string_view sql);
  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, std::string_view text);
  Statement& bind_blob(int index, std::string_view bytes);
  int step() { return sqlite3_step(statement_.get()); }
  void reset();
  std::int64_t integer(int column) { return sqlite3_column_int64(statement_.get(), column); }
  double real(int column) { return sqlite3_column_double(statement_.get(), column); }
  std::string_view text(int column);
  bool ready() const { return statement_ != nullptr; }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

int execute(sqlite3* database, const std::string& sql);

// What a file of ours is and how a new one is laid out.
struct FileKind {
  std::string_view name;  // "journal", for messages
  int application_id = 0;
  int version = 0;
  const char* tables = "";  // statements without BEGIN and COMMIT
};

struct OpenOptions {
  bool create = true;
  bool read_only = false;
  int busy_timeout_ms = 10'000;
};

// Opens the file (WAL, synchronous FULL) and makes the tables in a new one. kNotFound without
// `create`; kInvalidInput for another program's file, kConflict for a newer version's, kCorrupt for
// what is no database: these are left as they are.
Result<Database> open_file(const std::filesystem::path& file, const FileKind& kind,
                           const OpenOptions& options);
// A connection to a file that open_file has accepted.
Result<Database> connect(const std::filesystem::path& file, const FileKind& kind,
                         const OpenOptions& options);

// FNV-1a over a row's parts: finds a flipped bit in a page that is otherwise sound.
class RowCheck {
 public:
  RowCheck& mix(std::int64_t value) { return step(static_cast<std::uint64_t>(value)); }
  RowCheck& mix(std::string_view text);
  std::int64_t value() const { return static_cast<std::int64_t>(hash_); }

 private:
  RowCheck& step(std::uint64_t value) {
    hash_ = (hash_ ^ value) * 0x100000001b3ULL;
    return *this;
  }
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
};

}  // namespace cadre::detail
