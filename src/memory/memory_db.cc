#include "memory/memory_db.h"

#include <fmt/core.h>

namespace cadre::detail {
namespace {

// An entry's and a lesson's words stand in indexes without content of their own: the row has it.
constexpr const char* kTables = R"sql(
CREATE TABLE sessions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  origin TEXT NOT NULL,
  holder TEXT NOT NULL,
  salt BLOB NOT NULL,
  key_check BLOB NOT NULL,
  ttl_us INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL
) STRICT;
CREATE TABLE items (
  id INTEGER PRIMARY KEY,
  session INTEGER NOT NULL REFERENCES sessions(id),
  seq INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  call TEXT,
  run TEXT NOT NULL,
  time_us INTEGER NOT NULL,
  body BLOB NOT NULL,
  row_check INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX items_by_session ON items (session, seq);
CREATE UNIQUE INDEX items_by_call ON items (session, call) WHERE call IS NOT NULL;
CREATE INDEX items_of_users ON items (session, seq) WHERE kind = 1;
CREATE TABLE session_runs (
  session INTEGER NOT NULL REFERENCES sessions(id),
  run TEXT NOT NULL,
  added INTEGER NOT NULL,
  PRIMARY KEY (session, run)
) STRICT, WITHOUT ROWID;
CREATE TABLE entries (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session INTEGER NOT NULL REFERENCES sessions(id),
  kind INTEGER NOT NULL,
  name TEXT,
  pinned INTEGER NOT NULL,
  run TEXT NOT NULL,
  time_us INTEGER NOT NULL,
  body BLOB NOT NULL,
  row_check INTEGER NOT NULL
) STRICT;
CREATE INDEX entries_by_kind ON entries (session, kind, id);
CREATE UNIQUE INDEX entries_by_name ON entries (session, kind, name) WHERE name IS NOT NULL;
CREATE INDEX entries_pinned ON entries (session, kind, id) WHERE pinned = 1;
CREATE VIRTUAL TABLE entry_text USING fts5(scope, text, content='',
  tokenize='porter unicode61 remove_diacritics 2');
INSERT INTO entry_text (entry_text, rank) VALUES ('rank', 'bm25(0.0, 1.0)');
CREATE TABLE lessons (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  digest TEXT NOT NULL UNIQUE,
  body BLOB NOT NULL,
  uses INTEGER NOT NULL,
  helped INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  last_used_us INTEGER NOT NULL,
  row_check INTEGER NOT NULL
) STRICT;
CREATE VIRTUAL TABLE lesson_text USING fts5(text, content='',
  tokenize='porter unicode61 remove_diacritics 2');
)sql";

// Came later, and disturbs nobody who does not know it.
constexpr const char* kAddedTables = R"sql(
CREATE TABLE IF NOT EXISTS lesson_uses (
  lesson INTEGER NOT NULL,
  run TEXT NOT NULL,
  PRIMARY KEY (lesson, run)
) STRICT, WITHOUT ROWID;
)sql";

constexpr FileKind kMemory{"memory file", kMemoryApplicationId, kMemoryVersion, kTables};

}  // namespace

MemoryDb::MemoryDb(std::filesystem::path file, const MemoryOptions& options, Database database)
    : file_(std::move(file)),
      options_(options),
      database_(std::move(database)),
      leases_(file_.string() + ".lock") {}

Result<std::shared_ptr<MemoryDb>> MemoryDb::open(const std::filesystem::path& file,
                                                 const MemoryOptions& options) {
  auto database = open_file(file, kMemory,
                            {.create = options.create,
                             .read_only = options.read_only,
                             .busy_timeout_ms = options.busy_timeout_ms});
  if (!database) return propagate(database);
  // What is deleted is gone from the file, not only from its tables.
  execute(database->get(), "PRAGMA secure_delete=ON");
  execute(database->get(), "PRAGMA temp_store=MEMORY");
  if (!options.read_only) {
    const int code = execute(database->get(), kAddedTables);
    if (code != SQLITE_OK)
      return std::unexpected(sqlite_error(code, database->get(), file, "extend", kMemory.name));
  }
  return std::shared_ptr<MemoryDb>(new MemoryDb(file, options, std::move(*database)));
}

Result<std::shared_ptr<MemoryDb>> MemoryDb::make_index() {
  sqlite3* raw = nullptr;
  int code =
      sqlite3_open_v2(":memory:", &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(raw);
  if (code == SQLITE_OK) code = execute(raw, "PRAGMA temp_store=MEMORY");
  if (code == SQLITE_OK) code = execute(raw, kTables);
  if (code != SQLITE_OK) {
    return std::unexpected(sqlite_error(code, raw, ":memory:", "make", "index of words"));
  }
  return std::shared_ptr<MemoryDb>(new MemoryDb(":memory:", {}, std::move(database)));
}

std::int64_t MemoryDb::now_us() {
  return options_.clock != nullptr ? options_.clock->now_us() : system_clock_.now_us();
}

std::unexpected<Error> MemoryDb::error(int code, std::string_view doing) const {
  return std::unexpected(sqlite_error(code, database_.get(), file_, doing, kMemory.name));
}

Statement* MemoryDb::statement(std::string_view sql, int& code) {
  const auto [at, fresh] = statements_.try_emplace(sql);
  if (fresh) code = at->second.prepare(database_.get(), sql);
  if (code == SQLITE_OK) return &at->second;
  statements_.erase(at);  // a passing failure, as of a busy file, does not last
  return nullptr;
}

Result<void> MemoryDb::read(const std::function<Result<void>()>& work) {
  const std::lock_guard lock(mutex_);
  return work();
}

Result<void> MemoryDb::write(const std::function<Result<void>()>& work,
                             const std::function<void()>& after) {
  if (options_.read_only) {
    return fail(ErrorCode::kDenied, fmt::format("{} is open for reading", file_.string()));
  }
  const std::lock_guard lock(mutex_);
  if (sqlite3_get_autocommit(database_.get()) == 0) execute(database_.get(), "ROLLBACK");  // thrown
  if (auto begun = Query(*this, "BEGIN IMMEDIATE").run(); !begun) return begun;
  Result<void> done = work();
  if (done) done = Query(*this, "COMMIT").run();
  if (!done && sqlite3_get_autocommit(database_.get()) == 0) execute(database_.get(), "ROLLBACK");
  if (done && after) after();
  return done;
}

void MemoryDb::empty_log() {
  const std::lock_guard lock(mutex_);
  execute(database_.get(), "PRAGMA wal_checkpoint(TRUNCATE)");
}

Result<bool> Query::row() {
  if (statement_ == nullptr) return db_.error(code_, "read");
  const int code = statement_->step();
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return db_.error(code, "use");
}

Result<void> Query::run() {
  while (true) {
    auto more = row();
    if (!more) return propagate(more);
    if (!*more) return {};
  }
}

}  // namespace cadre::detail
