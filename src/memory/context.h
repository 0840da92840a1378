// What of a session's memory goes into an agent's next request, within a budget of tokens.
//
// Pinned parts come first; then each kind gets its share of what is left, and what one kind does
// not use goes to the others. What was found and did not fit is counted, never dropped in silence.
// Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace cadre {

enum class ContextKind : std::uint8_t {
  kConversation,
  kOutput,
  kWorkflow,
  kKnowledge,
  kLesson,
  kExecution
};
inline constexpr std::size_t kContextKinds = 6;
const char* to_string(ContextKind kind);

struct ContextPart {
  ContextKind kind = ContextKind::kOutput;
  std::int64_t id = 0;  // what it is in the memory file
  std::string agent;    // whose it is
  std::string text;
  std::string reason;  // why it is here: "has: refund, payment; 2 newer outputs"
  std::int64_t time_us = 0;
  bool pinned = false;
  bool shortened = false;
  std::size_t tokens = 0;  // of its place in RelevantContext::text()
};

struct RelevantContext {
  std::vector<ContextPart> parts;  // by kind; the conversation in its order, others best first
  std::size_t tokens = 0;          // never more than the budget; text() costs no more than this
  std::size_t budget = 0;
  std::array<std::size_t, kContextKinds> left_out{};  // by kind: found, but did not fit
  std::vector<std::string> notes;                     // damaged rows, an index that is not there

  std::size_t left_out_of(ContextKind kind) const {
    return left_out[static_cast<std::size_t>(kind)];
  }
  // As a model reads it: a heading for each kind, a line or block for each part.
  std::string text() const;
};

// Chooses among the candidates, each kind's in order of preference. The conversation has no gaps:
// its candidates come newest first, and the first that does not fit ends it (pinned ones apart).
RelevantContext select_context(std::vector<ContextPart> candidates, std::size_t token_budget);

}  // namespace cadre
