// The connection to a memory file, its tables, transactions and statements. Private to memory/.
//
// One connection, one mutex: whoever reads or writes goes through read() or write(), which hold it.
// Query may be used only inside of them.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "memory/lease.h"
#include "memory/memory_file.h"
#include "sqlite/sqlite.h"

namespace cadre::detail {

inline constexpr int kMemoryVersion = 1;
inline constexpr int kMemoryApplicationId = 0x43614d65;  // "CaMe"

class MemoryDb {
 public:
  static Result<std::shared_ptr<MemoryDb>> open(const std::filesystem::path& file,
                                                const MemoryOptions& options);

  // An index of words in memory, for sessions whose text may not stand in the file.
  static Result<std::shared_ptr<MemoryDb>> make_index();

  // Runs the work under the lock.
  Result<void> read(const std::function<Result<void>()>& work);
  // Runs the work under the lock in a transaction, which is undone when the work fails. `after` is
  // called when it is done, still under the lock.
  Result<void> write(const std::function<Result<void>()>& work,
                     const std::function<void()>& after = nullptr);

  // After something was forgotten: empties the log beside the file, which may still hold its words.
  // While others read without a pause it keeps them, until it is written over.
  void empty_log();

  std::int64_t now_us();
  const std::filesystem::path& file() const { return file_; }
  LeaseFile& leases() { return leases_; }
  std::int64_t last_id() const { return sqlite3_last_insert_rowid(database_.get()); }
  std::int64_t changes() const { return sqlite3_changes64(database_.get()); }
  std::unexpected<Error> error(int code, std::string_view doing) const;

 private:
  friend class Query;
  MemoryDb(std::filesystem::path file, const MemoryOptions& options, Database database);
  // Prepared once; the text has to be a literal. Null with a code when it cannot be.
  Statement* statement(std::string_view sql, int& code);

  std::filesystem::path file_;
  MemoryOptions options_;
  std::mutex mutex_;
  Database database_;
  std::unordered_map<std::string_view, Statement> statements_;
  SystemClock system_clock_;
  LeaseFile leases_;
};

struct Blob {
  std::string_view bytes;
};

// One use of a statement. What is bound has to live until the Query is gone.
class Query {
 public:
  Query(MemoryDb& db, std::string_view sql) : db_(db), statement_(db.statement(sql, code_)) {}
  ~Query() {
    if (statement_ != nullptr) statement_->reset();
  }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  // The parameters ?1, ?2, … in order.
  template <class... Values>
  Query& bind(const Values&... values) {
    int index = 0;
    if (statement_ != nullptr) (put(++index, values), ...);
    return *this;
  }
  // Whether there is a next row.
  Result<bool> row();
  // Runs to the end.
  Result<void> run();

  std::int64_t integer(int column) { return statement_->integer(column); }
  double real(int column) { return statement_->real(column); }
  std::string_view text(int column) { return statement_->text(column); }

 private:
  void put(int index, std::int64_t value) { statement_->bind(index, value); }
  void put(int index, std::string_view value) { statement_->bind(index, value); }
  void put(int index, const Blob& value) { statement_->bind_blob(index, value.bytes); }

  MemoryDb& db_;
  int code_ = SQLITE_OK;
  Statement* statement_;
};

}  // namespace cadre::detail
