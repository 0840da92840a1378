#include <fmt/format.h>
#include <sqlite3.h>

#include <memory>
#include <string>

#include "base/text.h"
#include "runtime/tools/tools.h"

namespace cadre {
namespace {

using Statement = std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)>;

// Only what makes a schema; a DDL that attaches files or changes settings of the host is none.
int authorise(void*, int action, const char*, const char*, const char*, const char*) {
  return action == SQLITE_ATTACH || action == SQLITE_DETACH ? SQLITE_DENY : SQLITE_OK;
}

std::string first_line_of(std::string_view sql) {
  return text::shorten(
      text::trim(text::lines(text::trim(sql)).empty() ? std::string_view{}
                                                      : text::lines(text::trim(sql))[0]),
      120);
}

std::string run_all(sqlite3* db, std::string_view ddl) {
  const char* at = ddl.data();
  const char* const end = at + ddl.size();
  while (at < end) {
    sqlite3_stmt* raw = nullptr;
    const char* next = at;
    const int prepared = sqlite3_prepare_v2(db, at, static_cast<int>(end - at), &raw, &next);
    const std::string_view sql(at, static_cast<std::size_t>((next > at ? next : end) - at));
    const Statement statement(raw, sqlite3_finalize);
    if (prepared != SQLITE_OK) {
      return fmt::format("{} in \"{}\"", sqlite3_errmsg(db),
                         first_line_of({at, static_cast<std::size_t>(end - at)}));
    }
    if (raw == nullptr) break;  // only white space or comments are left
    int step = SQLITE_ROW;
    while (step == SQLITE_ROW) step = sqlite3_step(raw);
    if (step != SQLITE_DONE) {
      return fmt::format("{} in \"{}\"", sqlite3_errmsg(db), first_line_of(sql));
    }
    at = next;
  }
  return {};
}

std::string count_of(sqlite3* db, const char* sql) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(db, sql, -1, &raw, nullptr) != SQLITE_OK) return sqlite3_errmsg(db);
  const Statement statement(raw, sqlite3_finalize);
  if (sqlite3_step(raw) != SQLITE_ROW) return sqlite3_errmsg(db);
  return reinterpret_cast<const char*>(sqlite3_column_text(raw, 0));
}

// SQLite accepts references to tables that are not there; a first insert would fail.
std::string dangling_reference(sqlite3* db) {
  const char* const sql =
      "SELECT m.name || ' refers to ' || f.\"table\" FROM sqlite_master m, "
      "pragma_foreign_key_list(m.name) f WHERE m.type = 'table' AND lower(f.\"table\") NOT IN "
      "(SELECT lower(name) FROM sqlite_master WHERE type = 'table') ORDER BY 1 LIMIT 1";
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(db, sql, -1, &raw, nullptr) != SQLITE_OK) return sqlite3_errmsg(db);
  const Statement statement(raw, sqlite3_finalize);
  if (sqlite3_step(raw) != SQLITE_ROW) return {};
  return std::string("the table ") + reinterpret_cast<const char*>(sqlite3_column_text(raw, 0)) +
         ", which is not made";
}

}  // namespace

std::string check_ddl(std::string_view ddl) {
  if (ddl.size() > 4 * 1024 * 1024) return "it has over 4 MB";
  if (ddl.find('\0') != std::string_view::npos) return "it holds a NUL byte";
  sqlite3* raw = nullptr;
  if (sqlite3_open(":memory:", &raw) != SQLITE_OK) return "no database in memory could be opened";
  const std::unique_ptr<sqlite3, int (*)(sqlite3*)> db(raw, sqlite3_close);
  sqlite3_set_authorizer(raw, authorise, nullptr);
  // A statement that computes without end is no DDL.
  sqlite3_progress_handler(raw, 5'000'000, [](void*) { return 1; }, nullptr);
  if (std::string problem = run_all(raw, ddl); !problem.empty()) return problem;
  if (count_of(raw, "SELECT count(*) FROM sqlite_master WHERE type = 'table'") == "0") {
    return "it makes no table";
  }
  return dangling_reference(raw);
}

}  // namespace cadre
