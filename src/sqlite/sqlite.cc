#include "sqlite/sqlite.h"

#include <fmt/core.h>

namespace cadre::detail {

Error sqlite_error(int code, sqlite3* database, const std::filesystem::path& file,
                   std::string_view doing, std::string_view name) {
  const std::string detail = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code);
  const std::string where =
      fmt::format("cannot {} the {} {}: {}", doing, name, file.string(), detail);
  switch (code & 0xff) {
    case SQLITE_FULL:
      return {ErrorCode::kIo, where, "make room on the disk, then go on: a run can be resumed"};
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM: return {ErrorCode::kIo, where, "the folder has to exist and be writable"};
    case SQLITE_IOERR:
      return {ErrorCode::kIo, where, "is the disk full or broken? Nothing half-written was kept"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {ErrorCode::kCorrupt, where,
              fmt::format("the file is left as it is; move it away to begin a new {}", name)};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorCode::kUnavailable, where, "another process holds it; try again"};
    default: return {ErrorCode::kInternal, where, ""};
  }
}

int Statement::prepare(sqlite3* database, std::string_view sql) {
  sqlite3_stmt* made = nullptr;
  const int code = sqlite3_prepare_v3(database, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &made, nullptr);
  statement_.reset(made);
  return code;
}

Statement& Statement::bind(int index, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), index, value);
  return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
  sqlite3_bind_text64(statement_.get(), index, text.data() != nullptr ? text.data() : "",
                      text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_blob(int index, std::string_view bytes) {
  sqlite3_bind_blob64(statement_.get(), index, bytes.data() != nullptr ? bytes.data() : "",
                      bytes.size(), SQLITE_STATIC);
  return *this;
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

std::string_view Statement::text(int column) {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (bytes == nullptr || size <= 0) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

int execute(sqlite3* database, const std::string& sql) {
  return sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr);
}

RowCheck& RowCheck::mix(std::string_view text) {
  for (const char c : text) step(static_cast<unsigned char>(c));
  return step(0x100);
}

}  // namespace cadre::detail
