// Making a conversation shorter without breaking it.
//
// What stays: pinned messages, instructions at the beginning, and the newest exchanges (a user's
// message and what followed it), each whole. What goes is replaced by one summary, made by a model
// or, offline, by extraction. A call never loses its result nor reasoning what follows from it:
// History::from accepts what comes out. When one exchange alone is beyond the target, its question
// and its newest replies stay. Pure, but for the summarizer.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/item.h"
#include "memory/session.h"

namespace cadre {

struct Summarizer {
  std::string name;  // stands in the summary: "gpt-5", "extraction without a language model"
  // The summary of the items in at most `max_tokens`; a longer one is cut.
  std::function<Result<std::string>(std::span<const ItemPtr> items, std::size_t max_tokens)> make;
};

// The sentences that say most, in their order and in their words, with who said them; what tools
// were called for and whether they failed. The same for the same items.
Summarizer extractive_summarizer();

// Who a summary says it is from (MessageItem::agent). It is a message of a user, not of the system:
// what strangers once said must not come back as an instruction.
inline constexpr const char* kSummaryAuthor = "compaction";

struct Compaction {
  std::vector<ItemPtr> items;
  std::size_t tokens_before = 0, tokens_after = 0;  // as estimate_tokens counts
  std::size_t dropped = 0;                          // items that the summary stands for
  bool reached_target = false;                      // false: what must stay is more than the target
};

// kInvalidInput when the items are no valid history; the summarizer's error when it fails or
// throws. The given items are never changed.
Result<Compaction> compact(std::span<const ItemPtr> items, std::size_t target_tokens,
                           const Summarizer& summarizer);

// The same for a session, which is replaced at once; on any error it is as it was.
Result<Compaction> compact_session(Session& session, const std::string& run,
                                   std::size_t target_tokens, const Summarizer& summarizer);

}  // namespace cadre
