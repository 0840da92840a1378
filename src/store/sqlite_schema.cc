#include "store/sqlite_schema.h"

namespace cadre::detail {
namespace {

constexpr const char* kTables = R"sql(
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

OpenOptions open_options(const SqliteOptions& options) {
  return {.create = options.create,
          .read_only = options.read_only,
          .busy_timeout_ms = options.busy_timeout_ms};
}

constexpr FileKind kJournal{"journal", kApplicationId, kSchemaVersion, kTables};

}  // namespace

Result<Database> open_journal(const std::filesystem::path& file, const SqliteOptions& options) {
  return open_file(file, kJournal, open_options(options));
}

Result<Database> open_reader(const std::filesystem::path& file, const SqliteOptions& options) {
  OpenOptions reading = open_options(options);
  reading.read_only = true;
  return connect(file, kJournal, reading);
}

std::int64_t row_check(std::int64_t seq, std::int64_t parent, std::int64_t time_us,
                       std::string_view kind, std::string_view actor, std::string_view body) {
  return RowCheck().mix(seq).mix(parent).mix(time_us).mix(kind).mix(actor).mix(body).value();
}

}  // namespace cadre::detail
