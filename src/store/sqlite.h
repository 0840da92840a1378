// Owners for SQLite's connection and statement, and its errors as ours. Private to store/.
#pragma once

#include <sqlite3.h>

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

// What SQLite's code means for a user, with the file's name.
Error sqlite_error(int code, sqlite3* database, const std::filesystem::path& file,
                   std::string_view doing);

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
  std::string_view text(int column);
  bool ready() const { return statement_ != nullptr; }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

int execute(sqlite3* database, const std::string& sql);

}  // namespace cadre::detail
