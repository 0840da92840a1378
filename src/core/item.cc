#include "core/item.h"

#include <fmt/core.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "core/agent_journal_json.h"

namespace cadre {
namespace {

constexpr std::string_view kSpeakers[] = {"system", "user", "assistant"};

Result<Speaker> speaker_from(std::string_view word) {
  for (std::size_t i = 0; i < std::size(kSpeakers); ++i) {
    if (kSpeakers[i] == word) return static_cast<Speaker>(i);
  }
  return fail(ErrorCode::kInvalidInput, fmt::format("no such speaker: '{}'", word),
              "system, user or assistant");
}

void put_vendor(JsonObject& out, const Json& vendor) {
  if (!vendor.is_null()) out["vendor"] = vendor;
}

Json vendor_of(const Json& json) {
  const Json* vendor = json::find(json, "vendor");
  return vendor == nullptr ? Json() : *vendor;
}

struct ToJson {
  boost::json::storage_ptr memory;

  Json operator()(const MessageItem& item) const {
    JsonObject out({{"type", "message"},
                    {"speaker", kSpeakers[static_cast<std::size_t>(item.speaker)]},
                    {"text", item.text}},
                   memory);
    if (!item.agent.empty()) out["agent"] = item.agent;
    if (item.pinned) out["pinned"] = true;
    put_vendor(out, item.vendor);
    return out;
  }
  Json operator()(const ReasoningItem& item) const {
    JsonObject out({{"type", "reasoning"}, {"text", item.text}}, memory);
    put_vendor(out, item.vendor);
    return out;
  }
  Json operator()(const ToolCallItem& item) const {
    JsonObject out({{"type", "tool_call"},
                    {"id", item.id},
                    {"tool", item.tool},
                    {"arguments", item.arguments}},
                   memory);
    put_vendor(out, item.vendor);
    return out;
  }
  Json operator()(const ToolResultItem& item) const {
    return JsonObject({{"type", "tool_result"},
                       {"call_id", item.call_id},
                       {"output", item.output},
                       {"ok", item.ok}},
                      memory);
  }
};

}  // namespace

Json to_json(const Item& item) { return std::visit(ToJson{{}}, item); }

Json detail::item_json(const Item& item, boost::json::storage_ptr memory) {
  return std::visit(ToJson{std::move(memory)}, item);
}

Result<Item> item_from_json(const Json& json) {
  const std::string type = json::get_string(json, "type");
  if (type == "message") {
    auto speaker = speaker_from(json::get_string(json, "speaker"));
    if (!speaker) return propagate(speaker);
    return MessageItem{*speaker, json::get_string(json, "text"), json::get_string(json, "agent"),
                       json::get_bool(json, "pinned"), vendor_of(json)};
  }
  if (type == "reasoning") return ReasoningItem{json::get_string(json, "text"), vendor_of(json)};
  if (type == "tool_call") {
    return ToolCallItem{json::get_string(json, "id"), json::get_string(json, "tool"),
                        json::get_string(json, "arguments"), vendor_of(json)};
  }
  if (type == "tool_result") {
    return ToolResultItem{json::get_string(json, "call_id"), json::get_string(json, "output"),
                          json::get_bool(json, "ok", true)};
  }
  return fail(ErrorCode::kInvalidInput, fmt::format("no such item type: '{}'", type),
              "message, reasoning, tool_call or tool_result");
}

Result<void> History::add_message(MessageItem message) {
  if (open_ > 0) {
    return fail(ErrorCode::kConflict,
                fmt::format("a message cannot be added while {} tool calls are open", open_),
                "answer or cancel them first");
  }
  items_.push_back(std::make_shared<const Item>(std::move(message)));
  return {};
}

Result<void> History::add_item(ItemPtr message) {
  if (!std::holds_alternative<MessageItem>(*message))
    return fail(ErrorCode::kInvalidInput, "only a message can be added by itself");
  if (open_ > 0) {
    return fail(ErrorCode::kConflict,
                fmt::format("a message cannot be added while {} tool calls are open", open_));
  }
  items_.push_back(std::move(message));
  return {};
}

Result<void> History::add_reply(std::vector<Item> items) {
  std::vector<ItemPtr> shared;
  shared.reserve(items.size());
  for (Item& item : items) shared.push_back(std::make_shared<const Item>(std::move(item)));
  return add_shared_reply(std::move(shared));
}

Result<void> History::add_shared_reply(std::vector<ItemPtr> items) {
  if (open_ > 0) {
    return fail(ErrorCode::kConflict,
                fmt::format("a reply cannot be added while {} tool calls are open", open_));
  }
  while (!items.empty() && std::holds_alternative<ReasoningItem>(*items.back())) items.pop_back();
  std::vector<AskedCall> calls;
  CallIds ids = ids_;
  const auto refuse = [](std::string message) {
    return fail(ErrorCode::kInvalidInput, std::move(message));
  };
  for (const ItemPtr& item : items) {
    if (std::holds_alternative<ToolResultItem>(*item))
      return refuse("a model's reply cannot hold a tool result");
    const auto* call = std::get_if<ToolCallItem>(item.get());
    if (call == nullptr) continue;
    if (call->id.empty()) return refuse("a tool call has no id");
    if (!ids.insert(call->id))
      return refuse(fmt::format("the tool call id '{}' is used twice", call->id));
    calls.push_back({call->id, nullptr});
  }
  if (!calls.empty()) ids_ = std::move(ids);
  for (ItemPtr& item : items) items_.push_back(std::move(item));
  calls_ = std::move(calls);
  open_ = calls_.size();
  next_ = 0;
  return {};
}

Result<void> History::add_result(ToolResultItem result) {
  return add_shared_result(std::make_shared<const Item>(std::move(result)));
}

Result<void> History::add_shared_result(ItemPtr item) {
  const auto& result = std::get<ToolResultItem>(*item);
  auto call = calls_.begin() + static_cast<std::ptrdiff_t>(std::min(next_, calls_.size()));
  if (call == calls_.end() || call->id != result.call_id)
    call = std::ranges::find(calls_, std::string_view(result.call_id), &AskedCall::id);
  if (call == calls_.end()) {
    return fail(ErrorCode::kNotFound,
                fmt::format("no open tool call has the id '{}'", result.call_id));
  }
  if (call->result != nullptr) {
    return fail(ErrorCode::kConflict,
                fmt::format("the tool call '{}' is answered already", result.call_id));
  }
  call->result = std::move(item);
  next_ = static_cast<std::size_t>(call - calls_.begin()) + 1;
  if (--open_ > 0) return {};
  for (AskedCall& asked : calls_) items_.push_back(std::move(asked.result));
  calls_.clear();
  return {};
}

// A reply ends where a user's message, a result, or the end comes; two replies of assistants that
// follow each other are one to it, which every vendor accepts.
bool is_of_reply(const Item& item) {
  if (const auto* message = std::get_if<MessageItem>(&item))
    return message->speaker == Speaker::kAssistant;
  return !std::holds_alternative<ToolResultItem>(item);
}

// Whether the items are as a history would hold them, so that they can be taken over as they are;
// `ids` are then those of their calls. Anything else is for the careful way.
static bool is_in_order(std::span<const ItemPtr> items, CallIds& ids) {
  std::vector<std::string_view> open;  // calls of the reply, in order
  std::size_t answered = 0;
  bool reasoning = false;              // the last item is reasoning
  for (const ItemPtr& item : items) {
    if (const auto* result = std::get_if<ToolResultItem>(item.get())) {
      if (reasoning || answered == open.size() || open[answered] != result->call_id) return false;
      if (++answered == open.size()) open.clear(), answered = 0;
      continue;
    }
    if (answered > 0 || (!open.empty() && !is_of_reply(*item))) return false;
    if (reasoning && !is_of_reply(*item)) return false;
    reasoning = std::holds_alternative<ReasoningItem>(*item);
    const auto* call = std::get_if<ToolCallItem>(item.get());
    if (call == nullptr) continue;
    if (call->id.empty() || !ids.insert(call->id)) return false;
    open.push_back(call->id);
  }
  return open.empty() && !reasoning;
}

Result<void> History::extend(std::span<const ItemPtr> items) {
  CallIds ids = ids_;
  if (open_ > 0 || !is_in_order(items, ids))
    return fail(ErrorCode::kInvalidInput, "the items do not go on with the conversation");
  ids_ = std::move(ids);
  for (const ItemPtr& item : items) items_.push_back(item);
  return {};
}

Result<History> History::from(std::vector<ItemPtr> items) {
  if (const auto none = std::ranges::find(items, nullptr); none != items.end()) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("item {} is a null pointer", none - items.begin()));
  }
  History history;
  if (is_in_order(items, history.ids_)) {
    history.items_ = SharedList<ItemPtr>(std::move(items));
    return history;
  }
  history.ids_.clear();
  std::size_t at = 0;
  const auto fault = [&](const Error& error) {
    return fail(ErrorCode::kInvalidInput, fmt::format("item {}: {}", at, error.message),
                error.hint);
  };
  while (at < items.size()) {
    Result<void> added;
    if (is_of_reply(*items[at])) {
      std::size_t end = at;
      while (end < items.size() && is_of_reply(*items[end])) ++end;
      added = history.add_shared_reply(
          {items.begin() + static_cast<std::ptrdiff_t>(at),
           items.begin() + static_cast<std::ptrdiff_t>(end)});
      if (!added) return fault(added.error());
      at = end;
      continue;
    }
    const bool result = std::holds_alternative<ToolResultItem>(*items[at]);
    added = result ? history.add_shared_result(items[at]) : history.add_item(items[at]);
    if (!added) return fault(added.error());
    ++at;
  }
  if (history.open_ > 0) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} tool calls at the end have no result", history.open_),
                "History::repaired leaves them out");
  }
  return history;
}

History History::repaired(std::span<const ItemPtr> items, std::vector<std::string>& notes) {
  // The first call of an id and the first result after it belong together.
  std::unordered_set<const Item*> first_calls;
  std::unordered_map<std::string_view, ItemPtr> results;  // null: called, no result yet
  for (const ItemPtr& item : items) {
    if (const auto* call = std::get_if<ToolCallItem>(item.get())) {
      if (!call->id.empty() && results.try_emplace(call->id).second) first_calls.insert(item.get());
    } else if (const auto* result = std::get_if<ToolResultItem>(item.get())) {
      const auto at = results.find(result->call_id);
      if (at != results.end() && at->second == nullptr) at->second = item;
    }
  }
  History history;
  std::vector<ItemPtr> reply;
  std::vector<ItemPtr> answers;  // of the calls in `reply`
  const auto close = [&] {
    if (!reply.empty() && std::holds_alternative<ReasoningItem>(*reply.back()))
      notes.push_back("left out reasoning that nothing follows");
    if (!history.add_shared_reply(std::exchange(reply, {})))
      notes.push_back("left out a broken reply");
    for (ItemPtr& answer : std::exchange(answers, {})) (void)history.add_shared_result(answer);
  };
  for (const ItemPtr& item : items) {
    if (const auto* call = std::get_if<ToolCallItem>(item.get())) {
      const ItemPtr answer = first_calls.contains(item.get()) ? results.at(call->id) : nullptr;
      if (answer == nullptr) {
        notes.push_back(fmt::format("left out the orphan tool call '{}'", call->id));
        continue;
      }
      answers.push_back(answer);
      reply.push_back(item);
    } else if (const auto* result = std::get_if<ToolResultItem>(item.get())) {
      // Results stand behind their reply, wherever they stood; here a reply ends at the latest.
      const auto at = results.find(result->call_id);
      if (at == results.end() || at->second != item)
        notes.push_back(fmt::format("left out the orphan result of '{}'", result->call_id));
      else if (!answers.empty())
        close();
    } else if (is_of_reply(*item)) {
      reply.push_back(item);
    } else {
      close();
      if (!history.add_item(item)) notes.push_back("left out a message");
    }
  }
  close();
  return history;
}

}  // namespace cadre
