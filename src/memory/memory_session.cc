#include <fmt/core.h>

#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "memory/call_names.h"
#include "memory/session.h"
#include "memory/session_busy.h"
#include "memory/window.h"

namespace cadre {
namespace {

class MemorySession final : public Session {
 public:
  explicit MemorySession(std::string id) : id_(std::move(id)) {}

  const std::string& id() const override { return id_; }
  bool quick() const override { return true; }

  Result<std::vector<ItemPtr>> load(std::size_t limit, std::vector<std::string>& notes) override {
    const auto found = history(limit, notes);
    return std::vector<ItemPtr>(found->items().begin(), found->items().end());
  }

  Result<History> history(std::size_t limit, std::vector<std::string>& notes) override {
    const std::lock_guard lock(mutex_);
    if (limit == 0 && whole_) return *whole_;
    const std::size_t start = detail::window_start(items_, limit);
    const std::size_t noted = notes.size();
    History found = History::repaired(std::span(items_).subspan(start), notes);
    if (start == 0 && notes.size() == noted) whole_ = found;
    return found;
  }

  Result<void> add(const std::string& run, std::span<const ItemPtr> items) override {
    const std::lock_guard lock(mutex_);
    if (!holder_.empty() && holder_ != run) return busy();
    const std::size_t before = items_.size();
    for (const ItemPtr& item : items) items_.push_back(named_apart(run, item));
    if (whole_ && !whole_->extend(std::span(items_).subspan(before))) whole_.reset();
    added_[run] += items.size();
    return {};
  }

  Result<ItemPtr> pop() override {
    const std::lock_guard lock(mutex_);
    if (items_.empty())
      return fail(ErrorCode::kNotFound, fmt::format("session '{}' is empty", id_));
    ItemPtr last = std::move(items_.back());
    items_.pop_back();
    if (const auto* call = std::get_if<ToolCallItem>(last.get())) callers_.erase(call->id);
    whole_.reset();
    return last;
  }

  Result<void> clear() override {
    const std::lock_guard lock(mutex_);
    items_.clear();
    callers_.clear();
    whole_.reset();
    return {};
  }

  Result<void> acquire(const std::string& run) override {
    const std::lock_guard lock(mutex_);
    if (!holder_.empty()) return detail::busy_session(id_, holder_, run);
    holder_ = run;
    return {};
  }

  void release(const std::string& run) override {
    const std::lock_guard lock(mutex_);
    if (holder_ == run) holder_.clear();
  }

  Result<std::size_t> added_by(const std::string& run) override {
    const std::lock_guard lock(mutex_);
    const auto at = added_.find(run);
    return at == added_.end() ? 0 : at->second;
  }

  Result<void> replace(const std::string& run, std::span<const ItemPtr> items) override {
    const std::lock_guard lock(mutex_);
    if (!holder_.empty() && holder_ != run) return busy();
    items_.clear();
    callers_.clear();
    for (const ItemPtr& item : items) items_.push_back(named_apart(run, item));
    whole_.reset();
    return {};
  }

 private:
  // As it is kept: a call whose id another run has used gets one of its own.
  ItemPtr named_apart(const std::string& run, const ItemPtr& item) {
    const auto* call = std::get_if<ToolCallItem>(item.get());
    const auto* result = std::get_if<ToolResultItem>(item.get());
    if (call == nullptr && result == nullptr) return item;
    const std::string& id = call != nullptr ? call->id : result->call_id;
    const auto known = callers_.find(id);
    if (known == callers_.end()) {
      if (call != nullptr) callers_.emplace(id, run);
      return item;
    }
    if (known->second == run) return item;
    std::string other = detail::id_beside(id, run);
    if (result != nullptr && !callers_.contains(other)) return item;
    ItemPtr renamed = detail::with_id(item, other);
    if (call != nullptr) callers_.emplace(std::move(other), run);
    return renamed;
  }

  std::unexpected<Error> busy() const {
    return detail::busy_session(id_, holder_);
  }

  const std::string id_;
  std::mutex mutex_;
  std::vector<ItemPtr> items_;
  std::optional<History> whole_;  // all of them, while they need no repair
  std::map<std::string, std::size_t> added_;  // by run
  std::unordered_map<std::string, std::string> callers_;  // by the id of a call: the run
  std::string holder_;
};

}  // namespace

Result<History> Session::history(std::size_t limit, std::vector<std::string>& notes) {
  auto items = load(limit, notes);
  if (!items) return propagate(items);
  return History::from(std::move(*items));
}

Result<std::size_t> Session::added_by(const std::string&) {
  return fail(ErrorCode::kUnavailable, fmt::format("session '{}' does not count by run", id()));
}

Result<void> Session::replace(const std::string&, std::span<const ItemPtr>) {
  return fail(ErrorCode::kUnavailable, fmt::format("session '{}' cannot be rewritten", id()));
}

std::shared_ptr<Session> make_memory_session(std::string id) {
  return std::make_shared<MemorySession>(std::move(id));
}

}  // namespace cadre
