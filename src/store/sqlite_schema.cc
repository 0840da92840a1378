#include "store/sqlite_schema.h"

#include <fmt/core.h>

#include <system_error>

namespace cadre::detail {
namespace {

constexpr const char* kTables = R"sql(
BEGIN IMMEDIATE;
CREATE TABLE runs (
  id INTEGER PRIMARY KEY,
  run TEXT NOT NULL UNIQUE,
  status TEXT NOT NULL,
  exit_code INTEGER NOT NULL,
  title TEXT NOT NULL,
  plan TEXT NOT NULL,
  provider TEXT NOT NULL,
  out_dir TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL
) STRICT;
CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES runs(id),
  seq INTEGER NOT NULL,
  parent INTEGER NOT NULL,
  time_us INTEGER NOT NULL,
  kind TEXT NOT NULL,
  actor TEXT NOT NULL,
  body TEXT NOT NULL,
  row_check INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_by_run ON events (run, seq);
CREATE TABLE blobs (
  sha256 TEXT PRIMARY KEY,
  bytes BLOB NOT NULL
) STRICT;
)sql";

Result<std::int64_t> read_pragma(sqlite3* database, const std::filesystem::path& file,
                                 std::string_view name) {
  Statement statement;
  int code = statement.prepare(database, fmt::format("PRAGMA {}", name));
  if (code == SQLITE_OK) code = statement.step();
  if (code != SQLITE_ROW) return std::unexpected(sqlite_error(code, database, file, "read"));
  return statement.integer(0);
}

Result<Database> connect(const std::filesystem::path& file, const SqliteOptions& options,
                         bool read_only) {
  sqlite3* raw = nullptr;
  int flags = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (!read_only && options.create) flags |= SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(file.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(raw);
  if (code != SQLITE_OK) return std::unexpected(sqlite_error(code, raw, file, "open"));
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, options.busy_timeout_ms);
  return database;
}

Result<void> check_identity(sqlite3* database, const std::filesystem::path& file, bool& is_new) {
  const auto application = read_pragma(database, file, "application_id");
  if (!application) return std::unexpected(application.error());
  const auto version = read_pragma(database, file, "user_version");
  if (!version) return std::unexpected(version.error());
  const auto pages = read_pragma(database, file, "schema_version");
  if (!pages) return std::unexpected(pages.error());
  is_new = *application == 0 && *version == 0 && *pages == 0;
  if (is_new) return {};
  if (*application != kApplicationId) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} is a database of another program", file.string()),
                "give another file for the journal");
  }
  if (*version > kSchemaVersion) {
    return fail(ErrorCode::kConflict,
                fmt::format("{} was written by a newer Cadre (journal version {}; this one knows "
                            "{})", file.string(), *version, kSchemaVersion),
                "use that version, or another folder");
  }
  return {};
}

}  // namespace

Result<Database> open_journal(const std::filesystem::path& file, const SqliteOptions& options) {
  std::error_code error;
  if (options.create && !options.read_only && file.has_parent_path()) {
    std::filesystem::create_directories(file.parent_path(), error);
    if (error) {
      return fail(ErrorCode::kIo, fmt::format("cannot make the folder {}: {}",
                                              file.parent_path().string(), error.message()));
    }
  }
  if ((!options.create || options.read_only) && !std::filesystem::exists(file, error)) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no journal {}", file.string()));
  }
  auto database = connect(file, options, options.read_only);
  if (!database) return database;
  sqlite3* raw = database->get();
  bool is_new = false;
  if (auto known = check_identity(raw, file, is_new); !known) return propagate(known);
  if (options.read_only) {
    if (!is_new) return database;
    return fail(ErrorCode::kNotFound, fmt::format("{} is empty", file.string()));
  }
  int code = execute(raw, "PRAGMA journal_mode=WAL");
  if (code == SQLITE_OK) code = execute(raw, "PRAGMA synchronous=FULL");
  if (code == SQLITE_OK) code = execute(raw, "PRAGMA wal_autocheckpoint=4000");
  if (code == SQLITE_OK && is_new) {
    code = execute(raw, fmt::format("{} PRAGMA application_id={}; PRAGMA user_version={}; COMMIT;",
                                    kTables, kApplicationId, kSchemaVersion));
    if (code != SQLITE_OK) {  // another process may have made them at the same moment
      execute(raw, "ROLLBACK");
      if (check_identity(raw, file, is_new) && !is_new) code = SQLITE_OK;
    }
  }
  if (code != SQLITE_OK) return std::unexpected(sqlite_error(code, raw, file, "open"));
  return database;
}

Result<Database> open_reader(const std::filesystem::path& file, const SqliteOptions& options) {
  return connect(file, options, true);
}

std::int64_t row_check(std::int64_t seq, std::int64_t parent, std::int64_t time_us,
                       std::string_view kind, std::string_view actor, std::string_view body) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  const auto mix = [&hash](std::uint64_t value) { hash = (hash ^ value) * 0x100000001b3ULL; };
  const auto mix_text = [&](std::string_view text) {
    for (const char c : text) mix(static_cast<unsigned char>(c));
    mix(0x100);
  };
  mix(static_cast<std::uint64_t>(seq));
  mix(static_cast<std::uint64_t>(parent));
  mix(static_cast<std::uint64_t>(time_us));
  mix_text(kind);
  mix_text(actor);
  mix_text(body);
  return static_cast<std::int64_t>(hash);
}

}  // namespace cadre::detail
