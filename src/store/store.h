// Where journals live: events in order, big bodies by content address, one small row per run.
//
// An append is atomic and durable before its ack: the events of one Append (and its blobs) are
// there all or none, and what was acknowledged survives kill -9 and power loss as far as the disk
// keeps its word. Appends of one caller are done in the order in which they were given. The
// expected sequence fences a second writer of the same run off with kConflict. A store never
// repairs by overwriting: what it cannot read it names, and hands out the intact part.
//
// All functions are thread-safe. Acks arrive on the store's own thread: hand them on, quickly.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/event.h"

namespace cadre {

// The row of a run: what a list of runs shows without reading journals.
struct RunInfo {
  std::string run;
  std::string status = "running";  // or a status of run_ended, or "interrupted"
  int exit_code = 0;
  std::string title;               // the first words of the brief
  std::string plan;                // "software"
  std::string provider;            // "offline"
  std::string out_dir;
  std::int64_t created_us = 0;
  std::int64_t updated_us = 0;

  bool operator==(const RunInfo&) const = default;
};

struct Append {
  std::string run;
  std::int64_t expected_seq = 0;   // the seq of the run's last event; 0 for a new run
  std::vector<Event> events;       // seq = expected_seq + 1, + 2, ...; may be empty
  std::vector<std::string> blobs;  // written before the events that name them
  std::optional<RunInfo> info;     // replaces the run's row
};

struct Journal {
  std::vector<Event> events;    // dense, in order, each as written
  std::optional<Error> damage;  // says which event does not read back; `events` is what precedes it
};

class Store {
 public:
  using Ack = std::move_only_function<void(Result<void>)>;

  virtual ~Store() = default;

  // Calls `ack` once: empty when durable; kConflict when expected_seq is not the run's; kIo when
  // the disk said no; kInvalidInput when seqs are not dense. Nothing of a failed append remains.
  virtual void append_async(Append append, Ack ack) = 0;

  // Events with seq >= from_seq. An unknown run has none.
  virtual Result<Journal> read(const std::string& run, std::int64_t from_seq = 1) = 0;
  // kNotFound when there is no such run.
  virtual Result<RunInfo> info(const std::string& run) = 0;
  // Newest first.
  virtual Result<std::vector<RunInfo>> list_runs() = 0;
  // Another number than before when anything was written since, by whomever: cheaper than reading.
  // Nothing: not known, look for yourself.
  virtual std::optional<std::int64_t> version() { return std::nullopt; }
  // By SHA-256 (hex). kNotFound, or kCorrupt when the content is not what its name says.
  virtual Result<std::string> get_blob(const std::string& sha256) = 0;

  // append_async, waiting for the ack.
  Result<void> append(Append append);
  // Stores one blob durably; gives its address.
  Result<std::string> put_blob(std::string bytes);
};

// A journal in memory, for tests and throw-away runs; durable as long as the process.
std::unique_ptr<Store> make_memory_store();

// Whether the events of `append` follow expected_seq densely and are all of its run.
Result<void> check_append(const Append& append);

}  // namespace cadre
