#include "memory/conversation_tracker.h"

#include <algorithm>

namespace cadre {
namespace {

// Who took over, where the result is that of a handoff: {"assistant": "billing"}.
std::string target_of(const ToolResultItem& result) {
  if (!result.ok || !result.output.starts_with(R"({"assistant":)")) return {};
  const auto said = json::parse(result.output);
  if (!said || !said->is_object() || said->get_object().size() != 1) return {};
  return json::get_string(*said, "assistant");
}

std::string task_in(const std::string& arguments) {
  const auto read = json::parse(arguments);
  return read ? json::get_string(*read, "task") : std::string();
}

}  // namespace

const char* to_string(UtteranceKind kind) {
  switch (kind) {
    case UtteranceKind::kMessage: return "message";
    case UtteranceKind::kToolCall: return "tool_call";
    case UtteranceKind::kToolResult: return "tool_result";
    case UtteranceKind::kHandoff: return "handoff";
  }
  return "message";
}

ConversationTracker ConversationTracker::of(std::span<const ItemPtr> items,
                                            std::string first_agent) {
  ConversationTracker tracker;
  tracker.agent_ = std::move(first_agent);
  for (const ItemPtr& item : items) tracker.add(*item);
  return tracker;
}

void ConversationTracker::put(UtteranceKind kind, std::string from, std::string to,
                              std::string text) {
  utterances_.push_back(
      {utterances_.size() + 1, kind, std::move(from), std::move(to), std::move(text)});
}

void ConversationTracker::add(const Item& item) {
  if (const auto* message = std::get_if<MessageItem>(&item)) {
    if (message->speaker == Speaker::kAssistant) {
      if (!message->agent.empty()) agent_ = message->agent;
      put(UtteranceKind::kMessage, agent_, "user", message->text);
    } else {
      put(UtteranceKind::kMessage, message->speaker == Speaker::kUser ? "user" : "system", agent_,
          message->text);
    }
  } else if (const auto* call = std::get_if<ToolCallItem>(&item)) {
    calls_.push_back({call->id, call->tool, call->arguments});
    put(UtteranceKind::kToolCall, agent_, call->tool, call->arguments);
  } else if (const auto* result = std::get_if<ToolResultItem>(&item)) {
    const auto open = std::ranges::find(calls_, result->call_id, &OpenCall::id);
    std::string tool = open == calls_.end() ? "tool" : open->tool;
    std::string task = open == calls_.end() ? "" : task_in(open->arguments);
    if (open != calls_.end()) calls_.erase(open);
    if (std::string target = target_of(*result); !target.empty())
      return hand_over(agent_, std::move(target), std::move(task));
    put(UtteranceKind::kToolResult, std::move(tool), agent_, result->output);
  }
}

void ConversationTracker::say(std::string from, std::string to, std::string text) {
  put(UtteranceKind::kMessage, std::move(from), std::move(to), std::move(text));
}

void ConversationTracker::hand_over(std::string from, std::string to, std::string reason) {
  agent_ = to;
  put(UtteranceKind::kHandoff, std::move(from), std::move(to), std::move(reason));
}

std::vector<Utterance> ConversationTracker::said_by(std::string_view who) const {
  std::vector<Utterance> found;
  std::ranges::copy_if(utterances_, std::back_inserter(found),
                       [&](const Utterance& one) { return one.from == who; });
  return found;
}

std::vector<Utterance> ConversationTracker::between(std::string_view one,
                                                    std::string_view other) const {
  std::vector<Utterance> found;
  std::ranges::copy_if(utterances_, std::back_inserter(found), [&](const Utterance& said) {
    return (said.from == one && said.to == other) || (said.from == other && said.to == one);
  });
  return found;
}

std::vector<std::string> ConversationTracker::participants() const {
  std::vector<std::string> names;
  const auto meet = [&](const std::string& name) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  for (const Utterance& said : utterances_) {
    meet(said.from);
    meet(said.to);
  }
  return names;
}

Json ConversationTracker::to_json() const {
  JsonArray out;
  for (const Utterance& said : utterances_) {
    out.push_back(JsonObject{{"order", said.order},
                             {"kind", to_string(said.kind)},
                             {"from", said.from},
                             {"to", said.to},
                             {"text", said.text}});
  }
  return out;
}

}  // namespace cadre
