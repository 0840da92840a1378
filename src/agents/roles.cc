#include "cadre/roles.h"

#include <fmt/core.h>

namespace cadre {
namespace {

struct Role {
  std::string_view name, description, instructions;
  std::vector<std::string_view> works_with;
};

const Role* find(std::string_view name) {
  static const std::vector<Role> kRoles = {
      {"orchestrator",
       "Leads the team: decides who works next, on what, and with which evidence.",
       "You lead a team. You write nothing that the others should write. Hand each task on with "
       "one sentence that says what is to be done, and with what the other has to know, no more. "
       "Pass findings on word for word, to the one whose work is at fault. When a handoff is "
       "refused, see to its reason first. Answer when the work is done, and say what is not.",
       {"product_manager", "architect", "developer", "qa_engineer"}},
      {"product_manager",
       "Turns what is wanted into requirements and user stories that can be tested.",
       "You turn what is wanted into requirements. Account for every sentence: covered, out of "
       "scope, or not understood, with the question that would settle it. Write each requirement "
       "so that a test can decide it, each user story with Given, When, Then and a priority, each "
       "non-functional need with its threshold. Mark what you assume. Invent nothing.",
       {"architect", "qa_engineer", "orchestrator"}},
      {"architect",
       "Designs from the requirements: components, data, interfaces, and the tasks to build it.",
       "You design what the requirements ask for, and nothing else. Name the components and which "
       "story each serves, the data with its rules, the interfaces with their types and errors, "
       "and the decisions with their reasons and what was turned down. Cut the work into tasks "
       "with an owner, what each depends on, and how one sees that it is done.",
       {"developer", "qa_engineer", "product_manager", "orchestrator"}},
      {"developer",
       "Writes the code of one task from the design, with its documentation.",
       "You write the code of the task that you are given, to the interfaces of the design, names "
       "and all. Each rule stands in one place. Errors say what to do. Build and run what you "
       "write before you say that it works. When the design cannot be built as it is, hand it back "
       "with the reason instead of changing it.",
       {"qa_engineer", "architect", "product_manager", "orchestrator"}},
      {"qa_engineer",
       "Writes tests from the requirements and the interfaces, runs them, and reports figures.",
       "You test what was asked for, from the requirements and the interfaces, not from the code. "
       "Each criterion gets a test, and each rule one that fails when the rule is broken. Run them "
       "and report what passed, what failed with its evidence, and what was not verified. A fault "
       "goes to the one whose work causes it; a wrong test is yours.",
       {"developer", "architect", "product_manager", "orchestrator"}},
  };
  for (const Role& role : kRoles) {
    if (role.name == name) return &role;
  }
  return nullptr;
}

}  // namespace

Result<Agent> built_in_role(std::string_view name) {
  const Role* role = find(name);
  if (role == nullptr) {
    std::string names;
    for (const std::string_view each : kBuiltInRoles)
      names += (names.empty() ? "" : ", ") + std::string(each);
    return fail(ErrorCode::kNotFound, fmt::format("no role '{}' is built in", name),
                fmt::format("roles are open: write an Agent of that name; built in are {}", names));
  }
  Agent agent;
  agent.name = role->name;
  agent.description = role->description;
  agent.instructions = role->instructions;
  for (const std::string_view target : role->works_with)
    agent.handoffs.push_back({.target = std::string(target)});
  return agent;
}

std::vector<Agent> built_in_roles() {
  std::vector<Agent> agents;
  for (const std::string_view name : kBuiltInRoles) agents.push_back(*built_in_role(name));
  return agents;
}

}  // namespace cadre
