#include "memory/context.h"

#include <fmt/core.h>

#include <algorithm>

#include "memory/tokens.h"

namespace cadre {
namespace {

constexpr std::array<const char*, kContextKinds> kWords = {"conversation", "output", "workflow",
                                                           "knowledge",    "lesson", "execution"};
constexpr std::array<const char*, kContextKinds> kHeadings = {
    "## Conversation\n",     "## Related outputs\n", "## Workflow state\n",
    "## What agents know\n", "## Lessons\n",         "## What ran\n"};
// In percent of what the pinned parts leave.
constexpr std::array<std::size_t, kContextKinds> kShares = {35, 30, 10, 15, 5, 5};
// An output alone may take this part of the budget; a longer one is shortened.
constexpr std::size_t kLargestOutputShare = 3;
constexpr std::size_t kSmallestExcerpt = 40;

std::size_t index_of(ContextKind kind) { return static_cast<std::size_t>(kind); }

std::string line_of(const ContextPart& part) {
  const std::string who = part.agent.empty() ? "" : part.agent + ": ";
  return part.reason.empty() ? fmt::format("- {}{}\n", who, part.text)
                             : fmt::format("- {}{} [{}]\n", who, part.text, part.reason);
}

class Selection {
 public:
  Selection(std::vector<ContextPart> candidates, std::size_t budget)
      : candidates_(std::move(candidates)), taken_(candidates_.size(), false) {
    context_.budget = budget;
  }

  RelevantContext make() && {
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      if (candidates_[i].pinned) try_to_take(i, rest());
    }
    const std::size_t shared = rest();
    for (std::size_t kind = 0; kind < kContextKinds; ++kind)
      fill(kind, std::min(rest(), shared * kShares[kind] / 100));
    for (std::size_t kind = 0; kind < kContextKinds; ++kind) fill(kind, rest());
    collect();
    return std::move(context_);
  }

 private:
  std::size_t rest() const { return context_.budget - context_.tokens; }

  void fill(std::size_t kind, std::size_t room) {
    const std::size_t before = context_.tokens;
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      if (index_of(candidates_[i].kind) != kind || taken_[i]) continue;
      const std::size_t used = context_.tokens - before;
      if (try_to_take(i, room - used)) continue;
      if (candidates_[i].kind == ContextKind::kConversation) return;
    }
  }

  bool try_to_take(std::size_t i, std::size_t room) {
    ContextPart& part = candidates_[i];
    const std::size_t kind = index_of(part.kind);
    const std::size_t heading = open_[kind] ? 0 : estimate_tokens(kHeadings[kind]);
    std::size_t cost = estimate_tokens(line_of(part));
    if (part.kind == ContextKind::kOutput) {
      const std::size_t largest =
          std::min(room, std::max(context_.budget / kLargestOutputShare, kSmallestExcerpt));
      if (heading + cost > largest && !shorten(part, heading, largest)) return false;
      cost = estimate_tokens(line_of(part));
    }
    if (heading + cost > room) return false;
    part.tokens = heading + cost;
    context_.tokens += part.tokens;
    open_[kind] = true;
    taken_[i] = true;
    return true;
  }

  static bool shorten(ContextPart& part, std::size_t heading, std::size_t largest) {
    ContextPart bare = part;
    bare.text.clear();
    const std::size_t frame = heading + estimate_tokens(line_of(bare));
    if (frame + kSmallestExcerpt > largest) return false;
    std::string text = shorten_to_tokens(part.text, largest - frame - 1);
    if (text.empty()) return false;
    part.text = std::move(text);
    part.shortened = true;
    return true;
  }

  void collect() {
    for (std::size_t kind = 0; kind < kContextKinds; ++kind) {
      const std::size_t first = context_.parts.size();
      for (std::size_t i = 0; i < candidates_.size(); ++i) {
        if (index_of(candidates_[i].kind) != kind) continue;
        if (taken_[i]) {
          context_.parts.push_back(std::move(candidates_[i]));
        } else {
          ++context_.left_out[kind];
        }
      }
      if (kind == index_of(ContextKind::kConversation)) {
        std::ranges::stable_sort(context_.parts.begin() + static_cast<std::ptrdiff_t>(first),
                                 context_.parts.end(), {}, &ContextPart::id);
      }
    }
  }

  std::vector<ContextPart> candidates_;
  std::vector<bool> taken_;
  std::array<bool, kContextKinds> open_{};
  RelevantContext context_;
};

}  // namespace

const char* to_string(ContextKind kind) { return kWords[index_of(kind)]; }

std::string RelevantContext::text() const {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i == 0 || parts[i].kind != parts[i - 1].kind) out += kHeadings[index_of(parts[i].kind)];
    out += line_of(parts[i]);
  }
  return out;
}

RelevantContext select_context(std::vector<ContextPart> candidates, std::size_t token_budget) {
  return Selection(std::move(candidates), token_budget).make();
}

}  // namespace cadre
