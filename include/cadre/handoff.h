// A handoff: an agent gives the conversation to another one, which accepts or refuses.
//
// Shown to the model as a tool "transfer_to_<target>". The target's own Agent::accept decides
// first, then on_handoff; a refusal goes back to the source with its reason, as feedback.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "cadre/context.h"
#include "cadre/guardrail.h"

namespace cadre {

enum class Priority : std::uint8_t { kLow, kNormal, kHigh };

// What the target is asked. Valid during the call.
struct HandoffRequest {
  std::string_view source, target;
  std::string_view task{};          // the call's "task": what is to be done, or empty
  const Json* arguments = nullptr;  // valid against Handoff::input
  Priority priority = Priority::kNormal;
  std::span<const ItemPtr> context{};  // the conversation
};

struct HandoffAnswer {
  bool accepted = true;
  std::string reason;  // of a refusal
  static HandoffAnswer accept() { return {}; }
  static HandoffAnswer refuse(std::string reason) { return {false, std::move(reason)}; }
};

struct Handoff {
  std::string target{};         // the name of an agent of the team
  std::string description{};    // added to what the model reads; unset: the target's own
  std::string tool_name{};      // unset: transfer_to_<target>
  std::optional<Json> input{};  // JSON Schema of the call's arguments; unset: {"task": string}
  Priority priority = Priority::kNormal;
  Approval approval = Approval::kNever;
  std::function<HandoffAnswer(const HandoffRequest&, const RunContext&)> on_handoff{};
  // What the target reads instead of the whole conversation; gives a valid history.
  std::function<std::vector<ItemPtr>(std::span<const ItemPtr>)> filter{};
  std::function<bool(const RunContext&)> enabled{};  // unset: always
  std::vector<Guardrail> guardrails{};
  // As one of several in a reply: what its failure, or the target's refusal, means to Agent::join.
  BranchFailure on_failure = BranchFailure::kFailJoin;
};

// A filter that leaves out tool calls and their results.
std::vector<ItemPtr> without_tools(std::span<const ItemPtr> items);
// A filter that keeps the last `count` messages and what belongs to them.
std::function<std::vector<ItemPtr>(std::span<const ItemPtr>)> last_messages(std::size_t count);

}  // namespace cadre
