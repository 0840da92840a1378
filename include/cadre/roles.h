// Roles are open: any text names one, and whoever writes an agent gives it its role by its name.
// Five are built in, as agents to start from; the SOP `software` has the same roles, worked out.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cadre/agent.h"

namespace cadre {

inline constexpr std::array<std::string_view, 5> kBuiltInRoles = {
    "orchestrator", "product_manager", "architect", "developer", "qa_engineer"};

// The role as an agent: name, description, instructions, and handoffs to the roles that it works
// with; no model and no tools. kNotFound for any other word, naming those there are.
Result<Agent> built_in_role(std::string_view role);

// All five, the orchestrator first: change them and give them to make_team.
std::vector<Agent> built_in_roles();

}  // namespace cadre
