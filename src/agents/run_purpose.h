// What a run is made for: a conversation that the team's first agent begins, one task of one agent,
// or a handoff from one agent to another. Private to agents/.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cadre/task.h"
#include "core/agent_loop.h"

namespace cadre {

struct RunPurpose {
  int agent = 0;       // who begins
  bool alone = false;  // it may hand over to nobody
  std::string task{};  // its id in the workflow of the memory
  std::vector<ItemPtr> context{};
  std::optional<AskedHandoff> handoff{};
  std::string priority{};  // of the handoff
  std::string fault{};     // why it cannot begin
};

// "low", "normal", "high"; nothing for another word.
std::optional<Priority> priority_from(std::string_view word);

// With a fault when the team does not allow it.
RunPurpose purpose_of(const AgentTeam& team, const std::string& agent, const AgentTask& task);
RunPurpose purpose_of(const AgentTeam& team, const HandoffRequest& request,
                      const RunOptions& options);

}  // namespace cadre
