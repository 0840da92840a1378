#include "memory/compaction.h"

#include <fmt/core.h>

#include <algorithm>

#include "memory/tokens.h"

namespace cadre {
namespace {

constexpr std::size_t kSmallestSummary = 48;
constexpr std::size_t kLargestSummary = 2048;

// Items that stay or go together.
struct Group {
  std::size_t begin = 0, end = 0;
  std::size_t tokens = 0;
  bool starts_exchange = false;
  bool keep = false;
};

const MessageItem* message_of(const ItemPtr& item) { return std::get_if<MessageItem>(item.get()); }

bool is_assistants(const Item& item) {
  const auto* message = std::get_if<MessageItem>(&item);
  if (message != nullptr) return message->speaker == Speaker::kAssistant;
  return !std::holds_alternative<ToolResultItem>(item);
}

// Whether the item may be parted from the group before it. Two plain messages of assistants may;
// calls hold on to their results, and reasoning to all of its reply.
bool may_part(std::span<const ItemPtr> group, const Item& next) {
  if (std::holds_alternative<ToolResultItem>(next)) return false;
  if (!is_assistants(next)) return true;
  if (!is_assistants(*group.back())) return true;
  return std::ranges::all_of(
      group, [](const ItemPtr& item) { return std::holds_alternative<MessageItem>(*item); });
}

std::vector<Group> group_items(std::span<const ItemPtr> items) {
  std::vector<Group> groups;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const bool parts =
        groups.empty() ||
        may_part(items.subspan(groups.back().begin, i - groups.back().begin), *items[i]);
    if (parts) groups.push_back({i, i, 0, false, false});
    Group& group = groups.back();
    group.end = i + 1;
    group.tokens += estimate_tokens(*items[i]);
    const MessageItem* message = message_of(items[i]);
    if (message == nullptr) continue;
    if (message->pinned) group.keep = true;
    if (message->speaker == Speaker::kUser) group.starts_exchange = true;
  }
  for (Group& group : groups) {  // instructions at the beginning
    const MessageItem* message = message_of(items[group.begin]);
    if (message == nullptr || message->speaker != Speaker::kSystem) break;
    group.keep = true;
  }
  return groups;
}

// Marks the newest exchanges that fit into `room` tokens, or of the last one what does.
void keep_newest(std::vector<Group>& groups, std::size_t room) {
  std::size_t used = 0;
  for (const Group& group : groups) used += group.keep ? group.tokens : 0;
  const auto cost = [&](std::size_t from, std::size_t to) {
    std::size_t sum = 0;
    for (std::size_t i = from; i < to; ++i) sum += groups[i].keep ? 0 : groups[i].tokens;
    return sum;
  };
  const auto keep = [&](std::size_t from, std::size_t to) {
    used += cost(from, to);
    for (std::size_t i = from; i < to; ++i) groups[i].keep = true;
  };
  std::size_t end = groups.size();
  for (std::size_t i = groups.size(); i-- > 0;) {
    if (!groups[i].starts_exchange) continue;
    if (used + cost(i, end) > room) break;
    keep(i, end);
    end = i;
  }
  if (end < groups.size()) return;
  // Not even the last exchange fits: its question, its last reply, and what goes in between.
  std::size_t first = groups.size();
  while (first > 0 && !groups[first - 1].starts_exchange) --first;
  if (first > 0) keep(first - 1, first);
  if (!groups.empty()) keep(groups.size() - 1, groups.size());
  for (std::size_t i = groups.size(); i-- > first;) {
    if (used + cost(i, i + 1) > room) break;
    keep(i, i + 1);
  }
}

// Of user code: what it throws is its error.
Result<std::string> made_by(const Summarizer& summarizer, std::span<const ItemPtr> items,
                            std::size_t most) {
  if (summarizer.make == nullptr)
    return fail(ErrorCode::kInvalidInput, "it has no function that makes summaries");
  try {
    return summarizer.make(items, most);
  } catch (const std::exception& error) {
    return fail(ErrorCode::kInternal, error.what());
  } catch (...) {
    return fail(ErrorCode::kInternal, "it threw something that is no std::exception");
  }
}

Result<ItemPtr> summarize(std::span<const ItemPtr> items, std::size_t room,
                          const Summarizer& summarizer) {
  const std::string heading =
      fmt::format("[Summary of {} earlier items, by {}]\n", items.size(), summarizer.name);
  const std::size_t frame = estimate_tokens(heading) + 8;
  const std::size_t most = std::max(room, frame + kSmallestSummary / 2) - frame;
  auto text = made_by(summarizer, items, most);
  if (!text) {
    return fail(text.error().code,
                fmt::format("the conversation stays as it was: {} could not summarize it: {}",
                            summarizer.name, text.error().message),
                text.error().hint);
  }
  const std::string cut = shorten_to_tokens(*text, most);
  if (cut.empty()) {
    return fail(
        ErrorCode::kUnavailable,
        fmt::format("the conversation stays as it was: {} gave an empty summary", summarizer.name));
  }
  return std::make_shared<const Item>(
      MessageItem{Speaker::kUser, heading + cut, kSummaryAuthor, false, Json()});
}

}  // namespace

Result<Compaction> compact(std::span<const ItemPtr> items, std::size_t target_tokens,
                           const Summarizer& summarizer) {
  if (auto valid = History::from(items); !valid) return propagate(valid);
  Compaction done;
  done.items.assign(items.begin(), items.end());
  done.tokens_before = done.tokens_after = estimate_tokens(items);
  done.reached_target = done.tokens_before <= target_tokens;
  if (done.reached_target) return done;

  std::vector<Group> groups = group_items(items);
  const std::size_t summary_room = std::clamp(target_tokens / 4, kSmallestSummary, kLargestSummary);
  keep_newest(groups, target_tokens - std::min(target_tokens, summary_room));
  std::vector<ItemPtr> dropped, kept;
  std::size_t place = 0;
  for (const Group& group : groups) {
    const auto part = items.subspan(group.begin, group.end - group.begin);
    if (!group.keep && dropped.empty()) place = kept.size();
    std::vector<ItemPtr>& where = group.keep ? kept : dropped;
    where.insert(where.end(), part.begin(), part.end());
  }
  if (dropped.empty()) return done;
  auto summary = summarize(dropped, summary_room, summarizer);
  if (!summary) return propagate(summary);
  if (estimate_tokens(**summary) >= estimate_tokens(dropped)) return done;  // no gain

  kept.insert(kept.begin() + static_cast<std::ptrdiff_t>(place), std::move(*summary));
  if (auto valid = History::from(kept); !valid) {
    return fail(ErrorCode::kInternal, "compaction broke the history: " + valid.error().message);
  }
  done.items = std::move(kept);
  done.dropped = dropped.size();
  done.tokens_after = estimate_tokens(done.items);
  done.reached_target = done.tokens_after <= target_tokens;
  return done;
}

Result<Compaction> compact_session(Session& session, const std::string& run,
                                   std::size_t target_tokens, const Summarizer& summarizer) {
  std::vector<std::string> notes;
  auto items = session.load(0, notes);
  if (!items) return propagate(items);
  auto done = compact(*items, target_tokens, summarizer);
  if (!done || done->dropped == 0) return done;
  if (auto replaced = session.replace(run, done->items); !replaced) return propagate(replaced);
  return done;
}

}  // namespace cadre
