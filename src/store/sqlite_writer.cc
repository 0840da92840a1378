#include "store/sqlite_writer.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>

#include "base/hash.h"
#include "base/json_memory.h"
#include "store/sqlite_schema.h"

namespace cadre::detail {
namespace {

// A commit costs the same for one append and for many. In a crowd it pays to wait a little for
// those that are on their way, as long as they do come; a few runs alone are never made to wait.
// Nor do the first of very many wait for the last of them.
constexpr std::size_t kCrowd = 24, kGroup = 256;
constexpr double kSmallCrowd = 6;  // appends a commit, on the average of late
constexpr std::chrono::microseconds kLinger{300}, kGather{500}, kGatherMost{1000};
// Places of runs that are remembered; others are looked up again.
constexpr std::size_t kPlacesMax = 20'000;
constexpr std::size_t kSpentMax = 256, kSpentBytesMax = 16 * 1024;
constexpr std::string_view kRunning = "running";

// `write` may be one that has been written: all of it is set anew.
void prepare_write(Append append, Write& write) {
  write.run = std::move(append.run);
  write.expected_seq = append.expected_seq;
  write.info = std::move(append.info);
  write.rows.clear();
  write.rows.reserve(append.events.size());
  write.bodies.clear();
  write.bodies.reserve(append.events.size() * 256);
  write.blobs.clear();
  for (Event& event : append.events) {
    Write::Row row;
    row.seq = event.seq;
    row.parent = event.parent;
    row.time_us = event.time_us;
    row.kind = to_string(event.kind);
    row.actor = std::move(event.actor);
    row.body_at = write.bodies.size();
    json::append(write.bodies, event.body);
    row.body_size = write.bodies.size() - row.body_at;
    write.rows.push_back(std::move(row));
  }
  for (std::string& blob : append.blobs) {
    std::string address = sha256_hex(blob);
    write.blobs.emplace_back(std::move(address), std::move(blob));
  }
}

}  // namespace

SqliteWriter::SqliteWriter(std::filesystem::path file, Database database)
    : file_(std::move(file)), database_(std::move(database)) {
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "cadre-journal");
    loop();
  });
}

SqliteWriter::~SqliteWriter() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

Write SqliteWriter::spent_write() {
  const std::lock_guard lock(mutex_);
  if (spent_.empty()) return {};
  Write write = std::move(spent_.back());
  spent_.pop_back();
  return write;
}

void SqliteWriter::give_back(std::span<Job> jobs) {
  const std::lock_guard lock(mutex_);
  for (Job& job : jobs) {
    if (spent_.size() >= kSpentMax) return;
    if (job.write.blobs.empty() && job.write.bodies.capacity() <= kSpentBytesMax)
      spent_.push_back(std::move(job.write));
  }
}

void SqliteWriter::push(Append append, Store::Ack ack) {
  Write write = spent_write();
  prepare_write(std::move(append), write);
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    was_empty = queue_.empty();
    queue_.push_back({std::move(write), std::move(ack), {}});
  }
  if (was_empty) changed_.notify_one();
}

void SqliteWriter::loop() {
  std::vector<Job> jobs;
  while (true) {
    const std::size_t last_group = jobs.size();
    jobs.clear();
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return closing_ || !queue_.empty(); });
      if (queue_.empty()) return;
      gather(lock, last_group);
      jobs.swap(queue_);
    }
    for (std::span<Job> left = jobs; !left.empty();) {
      const std::span<Job> group = left.first(std::min(kGroup, left.size()));
      left = left.subspan(group.size());
      commit(group);
      for (Job& job : group) job.ack(std::move(job.result));
      give_back(group);
    }
  }
}

void SqliteWriter::gather(std::unique_lock<std::mutex>& lock, std::size_t last_group) {
  usual_group_ += (static_cast<double>(last_group) - usual_group_) / 8;
  const auto wait = [&](std::chrono::microseconds time) {
    lock.unlock();
    std::this_thread::sleep_for(time);
    lock.lock();
  };
  if (last_group >= kCrowd && queue_.size() < kGroup && !closing_) return wait(kLinger);
  if (usual_group_ < kSmallCrowd) return;
  for (auto left = kGatherMost; left.count() > 0 && queue_.size() < kCrowd; left -= kGather) {
    const std::size_t before = queue_.size();
    if (closing_) return;
    wait(kGather);
    if (queue_.size() == before) return;
  }
}

void SqliteWriter::commit(std::span<Job> jobs) {
  int code = prepare_statements();
  if (code == SQLITE_OK) code = write_all(jobs);
  if (code == SQLITE_OK) return;
  const Error error = sqlite_error(code, database_.get(), file_, "write");
  if (sqlite3_get_autocommit(database_.get()) == 0) {
    rollback_.step();
    rollback_.reset();
  }
  runs_.clear();
  for (Job& job : jobs) {
    if (job.result) job.result = std::unexpected(error);
  }
}

int SqliteWriter::prepare_statements() {
  if (begin_.ready()) return SQLITE_OK;
  sqlite3* database = database_.get();
  int code = SQLITE_OK;
  const auto prepare = [&](Statement& statement, std::string_view sql) {
    if (code == SQLITE_OK) code = statement.prepare(database, sql);
  };
  prepare(commit_, "COMMIT");
  prepare(rollback_, "ROLLBACK");
  prepare(version_, "PRAGMA data_version");
  prepare(find_, "SELECT id FROM runs WHERE run = ?1");
  prepare(last_, "SELECT coalesce(max(seq), 0) FROM events WHERE run = ?1");
  prepare(add_run_,
          "INSERT INTO runs (run, status, exit_code, title, plan, provider, out_dir, created_us,"
          " updated_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
          " ON CONFLICT (run) DO NOTHING");
  prepare(set_run_,
          "UPDATE runs SET status = ?2, exit_code = ?3, title = ?4, plan = ?5, provider = ?6,"
          " out_dir = ?7, created_us = ?8, updated_us = ?9 WHERE id = ?1");
  prepare(add_event_,
          "INSERT INTO events (run, seq, parent, time_us, kind, actor, body, row_check)"
          " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
  prepare(add_blob_,
          "INSERT INTO blobs (sha256, bytes) VALUES (?1, ?2)"
          " ON CONFLICT (sha256) DO NOTHING");
  prepare(begin_, "BEGIN IMMEDIATE");  // the last: it being ready means that all are
  return code;
}

// One transaction for all; an append that is fenced off leaves no trace in it.
int SqliteWriter::write_all(std::span<Job> jobs) {
  int code = begin_.step();
  begin_.reset();
  if (code != SQLITE_DONE) return code;
  code = version_.step();
  const std::int64_t version = version_.integer(0);
  version_.reset();
  if (code != SQLITE_ROW) return code;
  // Another process wrote, or they are too many: look again.
  if (version != seen_version_ || runs_.size() > kPlacesMax) runs_.clear();
  seen_version_ = version;
  for (Job& job : jobs) {
    code = write_one(job);
    if (code != SQLITE_OK) return code;
  }
  code = commit_.step();
  commit_.reset();
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

// The run's place, made if this is its beginning.
int SqliteWriter::find_run(const Write& write, RunPlace*& place, bool& made) {
  place = &runs_[write.run];
  made = false;
  if (place->id != 0) return SQLITE_OK;
  int code = SQLITE_OK;
  if (write.expected_seq == 0) {
    code = add_run(write, *place);
    made = place->id != 0;
    if (code != SQLITE_OK || made) return code;
  }
  code = find_id(write.run, place->id);
  if (code != SQLITE_OK || place->id == 0) return code;
  last_.bind(1, place->id);
  code = last_.step();
  place->last_seq = code == SQLITE_ROW ? last_.integer(0) : 0;
  last_.reset();
  return code == SQLITE_ROW ? SQLITE_OK : code;
}

// 0 when there is no such run.
int SqliteWriter::find_id(std::string_view run, std::int64_t& id) {
  find_.bind(1, run);
  const int code = find_.step();
  id = code == SQLITE_ROW ? find_.integer(0) : 0;
  find_.reset();
  return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

int SqliteWriter::write_one(Job& job) {
  const Write& write = job.write;
  int code = SQLITE_OK;
  const auto run = [&code](Statement& statement) {
    const int stepped = statement.step();
    statement.reset();
    if (stepped != SQLITE_DONE) code = stepped;
    return stepped == SQLITE_DONE;
  };
  RunPlace* place = nullptr;
  bool made = false;
  if (!write.run.empty()) {
    code = find_run(write, place, made);
    if (code != SQLITE_OK) return code;
    if (place->last_seq != write.expected_seq) {
      job.result =
          fail(ErrorCode::kConflict,
               fmt::format("run {} is at event {}, not {}: another writer has gone on with it",
                           write.run, place->last_seq, write.expected_seq));
      return SQLITE_OK;
    }
  }
  for (const auto& [address, bytes] : write.blobs) {
    if (!run(add_blob_.bind(1, std::string_view(address)).bind_blob(2, bytes))) return code;
  }
  if (place == nullptr) return SQLITE_OK;
  for (const Write::Row& row : write.rows) {
    add_event_.bind(1, place->id).bind(2, row.seq).bind(3, row.parent).bind(4, row.time_us);
    add_event_.bind(5, row.kind).bind(6, std::string_view(row.actor));
    const std::string_view body = write.body(row);
    const std::int64_t check =
        row_check(row.seq, row.parent, row.time_us, row.kind, row.actor, body);
    if (!run(add_event_.bind(7, body).bind(8, check))) return code;
    place->last_seq = row.seq;
  }
  if (!write.info) return SQLITE_OK;
  const bool own = write.info->run == write.run;
  std::int64_t id = place->id;
  if (!own) code = find_id(write.info->run, id);
  if (code == SQLITE_OK && !(own && made)) code = put_info(id, *write.info);
  if (code == SQLITE_OK && write.info->status != kRunning) runs_.erase(write.run);
  return code;
}

namespace {

// All but the first.
void bind_info(Statement& statement, const RunInfo& info) {
  statement.bind(2, std::string_view(info.status));
  statement.bind(3, std::int64_t{info.exit_code}).bind(4, std::string_view(info.title));
  statement.bind(5, std::string_view(info.plan)).bind(6, std::string_view(info.provider));
  statement.bind(7, std::string_view(info.out_dir)).bind(8, info.created_us);
  statement.bind(9, info.updated_us);
}

int done(Statement& statement) {
  const int code = statement.step();
  statement.reset();
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

}  // namespace

// Leaves `place` as it is when there is such a run.
int SqliteWriter::add_run(const Write& write, RunPlace& place) {
  RunInfo bare;
  bare.run = write.run;
  bare.created_us = bare.updated_us = write.rows.empty() ? 0 : write.rows.front().time_us;
  add_run_.bind(1, std::string_view(write.run));
  bind_info(add_run_, write.info && write.info->run == write.run ? *write.info : bare);
  const int code = done(add_run_);
  const bool added = code == SQLITE_OK && sqlite3_changes(database_.get()) == 1;
  if (added) place.id = sqlite3_last_insert_rowid(database_.get());
  return code;
}

int SqliteWriter::put_info(std::int64_t id, const RunInfo& info) {
  set_run_.bind(1, id);
  bind_info(set_run_, info);
  return done(set_run_);
}

}  // namespace cadre::detail
