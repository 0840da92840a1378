// The one writer of a journal file: a thread that takes all appends that wait, of all runs, into
// one transaction, and acknowledges them when it is on the disk. Private to store/.
#pragma once

#include <condition_variable>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sqlite/sqlite.h"
#include "store/store.h"

namespace cadre::detail {

// An append in the form of its rows.
struct Write {
  struct Row {
    std::int64_t seq = 0, parent = 0, time_us = 0;
    std::string_view kind;
    std::string actor;
    std::size_t body_at = 0, body_size = 0;  // in `bodies`
  };
  std::string run;
  std::int64_t expected_seq = 0;
  std::vector<Row> rows;
  std::string bodies;
  std::vector<std::pair<std::string, std::string>> blobs;  // address, bytes
  std::optional<RunInfo> info;

  std::string_view body(const Row& row) const {
    return std::string_view(bodies).substr(row.body_at, row.body_size);
  }
};

class SqliteWriter {
 public:
  SqliteWriter(std::filesystem::path file, Database database);
  // Writes what waits, then stops.
  ~SqliteWriter();
  SqliteWriter(const SqliteWriter&) = delete;
  SqliteWriter& operator=(const SqliteWriter&) = delete;

  // Renders on the caller's thread, where the events' memory is warm.
  void push(Append append, Store::Ack ack);

 private:
  struct Job {
    Write write;
    Store::Ack ack;
    Result<void> result;
  };
  struct RunPlace {
    std::int64_t id = 0;
    std::int64_t last_seq = 0;
  };

  Write spent_write();
  void give_back(std::span<Job> jobs);
  void loop();
  void gather(std::unique_lock<std::mutex>& lock, std::size_t last_group);
  void commit(std::span<Job> jobs);
  int write_all(std::span<Job> jobs);
  int write_one(Job& job);
  int find_run(const Write& write, RunPlace*& place, bool& made);
  int find_id(std::string_view run, std::int64_t& id);
  int add_run(const Write& write, RunPlace& place);
  int put_info(std::int64_t id, const RunInfo& info);
  int prepare_statements();

  std::filesystem::path file_;
  Database database_;
  Statement begin_, commit_, rollback_, version_, find_, last_, add_run_, set_run_, add_event_,
      add_blob_;
  std::unordered_map<std::string, RunPlace> runs_;  // valid while nobody else has written; bounded
  std::int64_t seen_version_ = -1;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Job> queue_;
  // What is written goes back to those who push: memory that one thread takes and another gives
  // back costs the allocator a lock.
  std::vector<Write> spent_;
  bool closing_ = false;
  double usual_group_ = 0;  // appends a commit; of the writer's thread
  std::thread thread_;
};

}  // namespace cadre::detail
