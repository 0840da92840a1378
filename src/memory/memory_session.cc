#include <fmt/core.h>

#include <mutex>

#include "memory/session.h"

namespace cadre {
namespace {

class MemorySession final : public Session {
 public:
  explicit MemorySession(std::string id) : id_(std::move(id)) {}

  const std::string& id() const override { return id_; }

  Result<std::vector<ItemPtr>> load(std::size_t limit, std::vector<std::string>& notes) override {
    const std::lock_guard lock(mutex_);
    const std::size_t count = limit == 0 || limit > items_.size() ? items_.size() : limit;
    if (count == items_.size()) return items_;
    const History history = History::repaired(std::span(items_).last(count), notes);
    return std::vector<ItemPtr>(history.items().begin(), history.items().end());
  }

  Result<void> add(const std::string& run, std::span<const ItemPtr> items) override {
    const std::lock_guard lock(mutex_);
    if (!holder_.empty() && holder_ != run) return busy();
    items_.insert(items_.end(), items.begin(), items.end());
    return {};
  }

  Result<ItemPtr> pop() override {
    const std::lock_guard lock(mutex_);
    if (items_.empty())
      return fail(ErrorCode::kNotFound, fmt::format("session '{}' is empty", id_));
    ItemPtr last = std::move(items_.back());
    items_.pop_back();
    return last;
  }

  Result<void> clear() override {
    const std::lock_guard lock(mutex_);
    items_.clear();
    return {};
  }

  Result<void> acquire(const std::string& run) override {
    const std::lock_guard lock(mutex_);
    if (!holder_.empty() && holder_ != run) return busy();
    holder_ = run;
    return {};
  }

  void release(const std::string& run) override {
    const std::lock_guard lock(mutex_);
    if (holder_ == run) holder_.clear();
  }

 private:
  std::unexpected<Error> busy() const {
    return fail(ErrorCode::kConflict,
                fmt::format("session '{}' is in use by the run {}", id_, holder_),
                "wait for that run, or branch the session");
  }

  const std::string id_;
  std::mutex mutex_;
  std::vector<ItemPtr> items_;
  std::string holder_;
};

}  // namespace

std::shared_ptr<Session> make_memory_session(std::string id) {
  return std::make_shared<MemorySession>(std::move(id));
}

}  // namespace cadre
