// A list that grows at its end only, shared by all copies: a copy costs a pointer at any length,
// and each copy goes on by itself.
//
// The values stand in a block. Whoever is first to go on from the block's end does so in place; a
// copy that goes on with the same values follows at no cost; one that goes another way takes a
// block of its own. So a conversation and its runs share one list, however long it grows. Beside
// the values a reader may keep notes of what it made of them, which live as long as the block. A
// list belongs to one thread at a time; its copies may be used on others meanwhile.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace cadre {

// What a reader made of the first `covered` values.
struct ListNote {
  virtual ~ListNote() = default;
  std::shared_ptr<const void> maker;  // whose it is
  std::size_t covered = 0;
};

template <class T>
class SharedList {
 public:
  SharedList() = default;
  explicit SharedList(std::vector<T> values) {
    if (values.empty()) return;
    block_ = std::make_shared<Block>(values.size());
    std::ranges::move(values, block_->slots.get());
    size_ = values.size();
    block_->claimed = block_->filled = size_;
  }

  std::span<const T> view() const {
    return block_ == nullptr ? std::span<const T>()
                             : std::span<const T>(block_->slots.get(), size_);
  }
  std::size_t size() const { return size_; }
  const T& back() const { return block_->slots[size_ - 1]; }

  void push_back(T value) {
    if (block_ == nullptr) move_on();
    if (size_ < block_->filled.load(std::memory_order_acquire)) {  // a copy was here before
      if (block_->slots[size_] == value) {
        ++size_;
        return;
      }
      move_on();
    } else if (size_ == block_->capacity) {
      move_on();
    }
    std::size_t mine = size_;
    if (!block_->claimed.compare_exchange_strong(mine, size_ + 1)) {
      move_on();
      block_->claimed = size_ + 1;
    }
    block_->slots[size_] = std::move(value);
    block_->filled.store(++size_, std::memory_order_release);
  }

  // The maker's note, if it covers no more than this list has; it is the caller's alone until it is
  // given back. Null: there is none, or somebody else has it just now.
  std::unique_ptr<ListNote> take_note(const void* maker) const {
    if (block_ == nullptr) return nullptr;
    const std::lock_guard lock(block_->mutex);
    const auto at = find_note(*block_, maker);
    if (at == block_->notes.end() || (*at)->covered > size_) return nullptr;
    std::unique_ptr<ListNote> note = std::move(*at);
    block_->notes.erase(at);
    return note;
  }
  bool has_notes() const {
    if (block_ == nullptr) return false;
    const std::lock_guard lock(block_->mutex);
    return !block_->notes.empty();
  }
  // Keeps a note of this list in the place of its maker's last one, beside a few of other makers.
  void keep_note(std::unique_ptr<ListNote> note) const {
    if (block_ == nullptr || note->covered > size_) return;
    const std::lock_guard lock(block_->mutex);
    const auto at = find_note(*block_, note->maker.get());
    if (at != block_->notes.end()) {
      if ((*at)->covered < note->covered) *at = std::move(note);
      return;
    }
    if (block_->notes.size() == kNotesMax) block_->notes.erase(block_->notes.begin());
    block_->notes.push_back(std::move(note));
  }

 private:
  static constexpr std::size_t kNotesMax = 4, kRoomMin = 6;
  using Notes = std::vector<std::unique_ptr<ListNote>>;

  struct Block {
    explicit Block(std::size_t room) : capacity(room), slots(new T[room]) {}
    const std::size_t capacity;
    const std::unique_ptr<T[]> slots;
    std::atomic<std::size_t> claimed{0};  // slots that somebody fills or has filled
    std::atomic<std::size_t> filled{0};   // slots that whoever comes may read
    std::mutex mutex;
    Notes notes;  // under the mutex
  };

  static auto find_note(Block& block, const void* maker) {
    return std::ranges::find(block.notes, maker,
                             [](const auto& note) { return note->maker.get(); });
  }

  // Takes a larger block, with the notes when the old one was full: nobody is further then.
  void move_on() {
    auto block = std::make_shared<Block>(std::max(kRoomMin, 2 * size_));
    std::ranges::copy(view(), block->slots.get());
    block->claimed = block->filled = size_;
    if (block_ != nullptr && size_ == block_->capacity) {  // they cover no more
      const std::lock_guard lock(block_->mutex);
      block->notes = std::move(block_->notes);
      block_->notes.clear();
    }
    block_ = std::move(block);
  }

  std::shared_ptr<Block> block_;
  std::size_t size_ = 0;
};

}  // namespace cadre
