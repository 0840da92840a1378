// What a conversation is made of, neutral of vendors: messages, reasoning, tool calls, results.
//
// A History is valid by construction: every call is answered exactly once, results stand in call
// order directly after the reply that asked for them, reasoning stands before what follows from
// it. The wire form of each provider is derived from it, so no request can carry an orphan.
// Append-only; items are shared, never changed, and a copy of a history costs the same at any
// length. Not thread-safe, but copies may be used on other threads; items may be read anywhere.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "core/call_ids.h"
#include "core/shared_list.h"

namespace cadre {

enum class Speaker : std::uint8_t { kSystem, kUser, kAssistant };

struct MessageItem {
  Speaker speaker = Speaker::kUser;
  std::string text;
  std::string agent;    // who said it, of an assistant's message
  bool pinned = false;  // compaction never drops it
  Json vendor;          // the provider's own fields, echoed back to it; null: none
  bool operator==(const MessageItem&) const = default;
};

struct ReasoningItem {
  std::string text;  // summary or thinking, as far as the vendor shows it
  Json vendor;       // id, encrypted content, signature
  bool operator==(const ReasoningItem&) const = default;
};

struct ToolCallItem {
  std::string id;         // the vendor's, unique in the history
  std::string tool;
  std::string arguments;  // JSON text as the model wrote it; checked when the tool is called
  Json vendor;
  bool operator==(const ToolCallItem&) const = default;
};

struct ToolResultItem {
  std::string call_id;
  std::string output;  // what the model reads
  bool ok = true;
  bool operator==(const ToolResultItem&) const = default;
};

using Item = std::variant<MessageItem, ReasoningItem, ToolCallItem, ToolResultItem>;
using ItemPtr = std::shared_ptr<const Item>;

// Whether a model said it: an assistant's message, reasoning, a call.
bool is_of_reply(const Item& item);

Json to_json(const Item& item);
Result<Item> item_from_json(const Json& json);

class History {
 public:
  // Items in order. Results of calls that are still open are not among them yet.
  std::span<const ItemPtr> items() const { return items_.view(); }
  std::size_t size() const { return items_.size(); }
  // Calls of the last reply that have no result.
  std::size_t open_calls() const { return open_; }
  // Whether a call of this id stands in the history, open or answered.
  bool knows_call(std::string_view id) const { return ids_.contains(id); }

  // kConflict while calls are open.
  Result<void> add_message(MessageItem message);
  // The same for a message that is shared already; kInvalidInput for any other item.
  Result<void> add_item(ItemPtr message);
  // Messages, reasoning and calls of one model reply. kConflict while calls are open;
  // kInvalidInput for a result among them, an empty call id, or an id that was used before.
  // Reasoning that nothing follows is dropped: no vendor takes it back.
  Result<void> add_reply(std::vector<Item> items);
  // Goes on with items as another history holds them, whole: kInvalidInput when they do not follow,
  // and nothing is added then.
  Result<void> extend(std::span<const ItemPtr> items);
  // Answers an open call: kNotFound when there is none of that id, kConflict when it is answered.
  // Results enter the items in call order once the last open call is answered.
  Result<void> add_result(ToolResultItem result);

  // A history of the same items; the first fault is named by its index.
  static Result<History> from(std::vector<ItemPtr> items);
  static Result<History> from(std::span<const ItemPtr> items) {
    return from(std::vector<ItemPtr>(items.begin(), items.end()));
  }
  // As `from`, but mends: orphan calls, results and reasoning are left out and noted.
  static History repaired(std::span<const ItemPtr> items, std::vector<std::string>& notes);

  // Notes of readers beside the items, as SharedList keeps them.
  std::unique_ptr<ListNote> take_note(const void* maker) const { return items_.take_note(maker); }
  void keep_note(std::unique_ptr<ListNote> note) const { items_.keep_note(std::move(note)); }
  bool has_notes() const { return items_.has_notes(); }

 private:
  Result<void> add_shared_reply(std::vector<ItemPtr> items);
  Result<void> add_shared_result(ItemPtr item);

  struct AskedCall {
    std::string_view id;  // in the call's item
    ItemPtr result;
  };

  SharedList<ItemPtr> items_;
  std::vector<AskedCall> calls_;  // of the last reply, while any is open
  std::size_t open_ = 0;
  std::size_t next_ = 0;         // where the next result most likely belongs
  CallIds ids_;                  // of all calls; views into their items
};

}  // namespace cadre
