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
#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
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
    for (NotePlace& place : block_->notes) {
      std::unique_ptr<ListNote> note(place.exchange(nullptr));
      if (note == nullptr) continue;
      if (note->maker.get() == maker && note->covered <= size_) return note;
      put(place, std::move(note));
    }
    return nullptr;
  }
  // Keeps a note of this list in the place of its maker's last one, beside a few of other makers.
  // When many do so at once, one or the other may be lost.
  void keep_note(std::unique_ptr<ListNote> note) const {
    if (block_ == nullptr || note->covered > size_) return;
    for (NotePlace& place : block_->notes) {
      std::unique_ptr<ListNote> old(place.exchange(nullptr));
      if (old == nullptr) return put(place, std::move(note));
      if (old->maker == note->maker)
        return put(place, old->covered < note->covered ? std::move(note) : std::move(old));
      put(place, std::move(old));
    }
    put(block_->notes[0], std::move(note));
  }
  bool has_notes() const {
    return block_ != nullptr &&
           std::ranges::any_of(block_->notes, [](const NotePlace& at) { return at != nullptr; });
  }

 private:
  static constexpr std::size_t kNotesMax = 4, kRoomMin = 6;
  using NotePlace = std::atomic<ListNote*>;  // owns what it points to

  struct Block {
    explicit Block(std::size_t room) : capacity(room), slots(new T[room]) {}
    ~Block() {
      for (NotePlace& place : notes) delete place.load();
    }
    Block(const Block&) = delete;
    Block& operator=(const Block&) = delete;
    const std::size_t capacity;
    const std::unique_ptr<T[]> slots;
    std::atomic<std::size_t> claimed{0};  // slots that somebody fills or has filled
    std::atomic<std::size_t> filled{0};   // slots that whoever comes may read
    std::array<NotePlace, kNotesMax> notes{};
  };

  static void put(NotePlace& place, std::unique_ptr<ListNote> note) {
    delete place.exchange(note.release());
  }

  // Takes a larger block, with the notes when the old one was full: nobody is further then.
  void move_on() {
    auto block = std::make_shared<Block>(std::max(kRoomMin, 2 * size_));
    std::ranges::copy(view(), block->slots.get());
    block->claimed = block->filled = size_;
    if (block_ != nullptr && size_ == block_->capacity) {  // they cover no more
      for (std::size_t i = 0; i < kNotesMax; ++i)
        block->notes[i] = block_->notes[i].exchange(nullptr);
    }
    block_ = std::move(block);
  }

  std::shared_ptr<Block> block_;
  std::size_t size_ = 0;
};

}  // namespace cadre
