// Who said what to whom, in which order: a view of conversations, for people and for reports.
//
// Holds copies of the words. Pure; not thread-safe.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "core/item.h"

namespace cadre {

enum class UtteranceKind : std::uint8_t { kMessage, kToolCall, kToolResult, kHandoff };
const char* to_string(UtteranceKind kind);

struct Utterance {
  std::size_t order = 0;  // from 1, without gaps
  UtteranceKind kind = UtteranceKind::kMessage;
  std::string from;  // "user", "system", an agent's or a tool's name
  std::string to;
  std::string text;
  bool operator==(const Utterance&) const = default;
};

class ConversationTracker {
 public:
  ConversationTracker() = default;
  // Reads a history. Users and tools speak to the agent whose turn it is (`first_agent` until
  // another one speaks or takes over); agents speak to the user, and to tools by calls. The result
  // of a handoff that was accepted is the handoff. Reasoning is said to nobody and left out.
  static ConversationTracker of(std::span<const ItemPtr> items, std::string first_agent = "agent");

  void add(const Item& item);
  void say(std::string from, std::string to, std::string text);
  // From now on `to` has the turn.
  void hand_over(std::string from, std::string to, std::string reason);

  std::span<const Utterance> utterances() const { return utterances_; }
  // Whose turn it is.
  const std::string& agent() const { return agent_; }
  std::vector<Utterance> said_by(std::string_view who) const;
  // What the two said to each other.
  std::vector<Utterance> between(std::string_view one, std::string_view other) const;
  // Everybody who spoke or was spoken to, in order of appearance.
  std::vector<std::string> participants() const;
  Json to_json() const;

 private:
  void put(UtteranceKind kind, std::string from, std::string to, std::string text);

  std::string agent_ = "agent";
  std::vector<Utterance> utterances_;
  struct OpenCall {
    std::string id, tool, arguments;
  };
  std::vector<OpenCall> calls_;
};

}  // namespace cadre
