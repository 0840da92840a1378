#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <unordered_map>

#include "base/hash.h"
#include "store/store.h"

namespace cadre {
namespace {

// A copy of a body takes its memory where the body does, and many small parts may stand in one
// piece that knows nothing of threads: whoever reads gets memory of their own.
Event apart(const Event& event) {
  return {.run = event.run,
          .seq = event.seq,
          .parent = event.parent,
          .time_us = event.time_us,
          .kind = event.kind,
          .actor = event.actor,
          .body = Json(event.body, boost::json::storage_ptr())};
}

class MemoryStore final : public Store {
 public:
  void append_async(Append append, Ack ack) override {
    Result<void> result;
    {
      const std::lock_guard lock(mutex_);
      result = write(append);
    }
    ack(std::move(result));
  }

  Result<Journal> read(const std::string& run, std::int64_t from_seq) override {
    const std::lock_guard lock(mutex_);
    Journal journal;
    const auto at = events_.find(run);
    if (at == events_.end()) return journal;
    const auto skip = static_cast<std::size_t>(std::max<std::int64_t>(from_seq - 1, 0));
    for (std::size_t i = skip; i < at->second.size(); ++i)
      journal.events.push_back(apart(at->second[i]));
    return journal;
  }

  Result<RunInfo> info(const std::string& run) override {
    const std::lock_guard lock(mutex_);
    const auto at = runs_.find(run);
    if (at == runs_.end()) return fail(ErrorCode::kNotFound, "there is no run " + run);
    return at->second;
  }

  Result<std::vector<RunInfo>> list_runs() override {
    const std::lock_guard lock(mutex_);
    std::vector<RunInfo> rows;
    for (const auto& [run, row] : runs_) rows.push_back(row);
    std::ranges::sort(rows, [](const RunInfo& a, const RunInfo& b) {
      return std::tie(b.created_us, b.run) < std::tie(a.created_us, a.run);
    });
    return rows;
  }

  std::optional<std::int64_t> version() override {
    const std::lock_guard lock(mutex_);
    return writes_;
  }

  Result<std::string> get_blob(const std::string& sha256) override {
    const std::lock_guard lock(mutex_);
    const auto at = blobs_.find(sha256);
    if (at == blobs_.end()) return fail(ErrorCode::kNotFound, "there is no blob " + sha256);
    return at->second;
  }

 private:
  Result<void> write(Append& append) {
    if (auto good = check_append(append); !good) return good;
    if (!append.run.empty()) {
      std::vector<Event>& events = events_[append.run];
      const auto last = static_cast<std::int64_t>(events.size());
      if (last != append.expected_seq) {
        return fail(ErrorCode::kConflict,
                    fmt::format("run {} is at event {}, not {}: another writer has gone on with it",
                                append.run, last, append.expected_seq));
      }
      for (Event& event : append.events) events.push_back(std::move(event));
      if (append.info) {
        runs_[append.run] = std::move(*append.info);
      } else if (runs_.try_emplace(append.run).second) {
        runs_[append.run].run = append.run;
      }
    }
    for (std::string& blob : append.blobs) {
      std::string address = sha256_hex(blob);
      blobs_.try_emplace(std::move(address), std::move(blob));
    }
    ++writes_;
    return {};
  }

  std::mutex mutex_;
  std::map<std::string, std::vector<Event>> events_;
  std::map<std::string, RunInfo> runs_;
  std::unordered_map<std::string, std::string> blobs_;
  std::int64_t writes_ = 0;
};

}  // namespace

std::unique_ptr<Store> make_memory_store() { return std::make_unique<MemoryStore>(); }

}  // namespace cadre
