#include "store/sqlite_store.h"

#include <fmt/core.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/hash.h"
#include "store/sqlite_schema.h"
#include "store/sqlite_writer.h"

namespace cadre {
namespace {

using detail::Database;
using detail::Statement;

class SqliteStore final : public Store {
 public:
  SqliteStore(std::filesystem::path file, Database writer, Database reader, bool read_only)
      : file_(std::move(file)), reader_(std::move(reader)), read_only_(read_only) {
    if (!read_only_) writer_.emplace(file_, std::move(writer));
  }

  void append_async(Append append, Ack ack) override {
    if (read_only_) {
      return ack(fail(ErrorCode::kDenied, fmt::format("{} is open for reading", file_.string())));
    }
    if (auto good = check_append(append); !good) return ack(std::move(good));
    writer_->push(std::move(append), std::move(ack));
  }

  Result<Journal> read(const std::string& run, std::int64_t from_seq) override {
    const std::lock_guard lock(mutex_);
    auto prepared = prepare(read_,
        "SELECT seq, parent, time_us, kind, actor, body, row_check FROM events"
        " WHERE run = (SELECT id FROM runs WHERE run = ?1) AND seq >= ?2 ORDER BY seq");
    if (!prepared) return propagate(prepared);
    Journal journal;
    std::int64_t due = std::max<std::int64_t>(from_seq, 1);
    read_.bind(1, run).bind(2, due);
    int code = SQLITE_ROW;
    while (!journal.damage && (code = read_.step()) == SQLITE_ROW) {
      auto event = event_of_row(run, due);
      if (!event) {
        journal.damage = std::move(event.error());
      } else {
        journal.events.push_back(std::move(*event));
        ++due;
      }
    }
    if (!journal.damage && code != SQLITE_DONE) {
      Error error = detail::sqlite_error(code, reader_.get(), file_, "read");
      error.message +=
          fmt::format("; event {} of run {} and what follows are unreadable", due, run);
      journal.damage = std::move(error);
    }
    read_.reset();
    return journal;
  }

  Result<RunInfo> info(const std::string& run) override {
    const std::lock_guard lock(mutex_);
    auto prepared = prepare(info_, fmt::format("SELECT {} FROM runs WHERE run = ?1", kColumns));
    if (!prepared) return propagate(prepared);
    info_.bind(1, run);
    const int code = info_.step();
    Result<RunInfo> row = fail(ErrorCode::kNotFound, "there is no run " + run);
    if (code == SQLITE_ROW) row = row_of(info_);
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
      row = std::unexpected(detail::sqlite_error(code, reader_.get(), file_, "read"));
    }
    info_.reset();
    return row;
  }

  Result<std::vector<RunInfo>> list_runs() override {
    const std::lock_guard lock(mutex_);
    Statement list;
    auto prepared = prepare(list, fmt::format("SELECT {} FROM runs ORDER BY created_us DESC, run "
                                              "DESC", kColumns));
    if (!prepared) return propagate(prepared);
    std::vector<RunInfo> rows;
    int code = SQLITE_DONE;
    while ((code = list.step()) == SQLITE_ROW) rows.push_back(row_of(list));
    if (code != SQLITE_DONE) {
      return std::unexpected(detail::sqlite_error(code, reader_.get(), file_, "read"));
    }
    return rows;
  }

  // Of the reader's connection: what our own writer writes counts, too.
  std::optional<std::int64_t> version() override {
    const std::lock_guard lock(mutex_);
    if (!prepare(version_, "PRAGMA data_version")) return std::nullopt;
    std::optional<std::int64_t> number;
    if (version_.step() == SQLITE_ROW) number = version_.integer(0);
    version_.reset();
    return number;
  }

  Result<std::string> get_blob(const std::string& sha256) override {
    const std::lock_guard lock(mutex_);
    auto prepared = prepare(blob_, "SELECT bytes FROM blobs WHERE sha256 = ?1");
    if (!prepared) return propagate(prepared);
    blob_.bind(1, sha256);
    const int code = blob_.step();
    Result<std::string> bytes = fail(ErrorCode::kNotFound, "there is no blob " + sha256);
    if (code == SQLITE_ROW) bytes = std::string(blob_.text(0));
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
      bytes = std::unexpected(detail::sqlite_error(code, reader_.get(), file_, "read"));
    }
    blob_.reset();
    if (bytes && sha256_hex(*bytes) != sha256) {
      return fail(ErrorCode::kCorrupt, fmt::format("blob {} in {} does not read back as written",
                                                   sha256, file_.string()));
    }
    return bytes;
  }

 private:
  static constexpr std::string_view kColumns =
      "run, status, exit_code, title, plan, provider, out_dir, created_us, updated_us";

  Result<void> prepare(Statement& statement, std::string_view sql) {
    if (statement.ready()) return {};
    const int code = statement.prepare(reader_.get(), sql);
    if (code == SQLITE_OK) return {};
    return std::unexpected(detail::sqlite_error(code, reader_.get(), file_, "read"));
  }

  static RunInfo row_of(Statement& row) {
    RunInfo info;
    info.run = row.text(0);
    info.status = row.text(1);
    info.exit_code = static_cast<int>(row.integer(2));
    info.title = row.text(3);
    info.plan = row.text(4);
    info.provider = row.text(5);
    info.out_dir = row.text(6);
    info.created_us = row.integer(7);
    info.updated_us = row.integer(8);
    return info;
  }

  Result<Event> event_of_row(const std::string& run, std::int64_t due) {
    const auto damaged = [&](std::string_view what) {
      return fail(ErrorCode::kCorrupt,
                  fmt::format("event {} of run {} in {} {}; the events before it are intact", due,
                              run, file_.string(), what),
                  "the file is left as it is");
    };
    if (read_.integer(0) != due) return damaged("is missing");
    Event event;
    event.run = run;
    event.seq = due;
    event.parent = read_.integer(1);
    event.time_us = read_.integer(2);
    event.actor = read_.text(4);
    const std::int64_t check = detail::row_check(due, event.parent, event.time_us, read_.text(3),
                                                 event.actor, read_.text(5));
    if (check != read_.integer(6)) return damaged("does not read back as written");
    const auto kind = event_kind_from(read_.text(3));
    if (!kind) return damaged("is of a kind that this version does not know");
    event.kind = *kind;
    auto body = json::parse(read_.text(5));
    if (!body) return damaged("has a body that is no JSON");
    event.body = std::move(*body);
    return event;
  }

  std::filesystem::path file_;
  // Destroyed after the reader: the last connection moves what the log holds into the file.
  std::optional<detail::SqliteWriter> writer_;
  std::mutex mutex_;  // guards the reader and its statements
  Database reader_;
  Statement read_, info_, blob_, version_;
  bool read_only_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const std::filesystem::path& file,
                                                 const SqliteOptions& options) {
  auto writer = detail::open_journal(file, options);
  if (!writer) return propagate(writer);
  auto reader = detail::open_reader(file, options);
  if (!reader) return propagate(reader);
  return std::make_unique<SqliteStore>(file, std::move(*writer), std::move(*reader),
                                       options.read_only);
}

}  // namespace cadre
