// Checks that the stages and roles of an SOP fit together, and puts the stages in an order in
// which each comes after those that make what it needs.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sop/role_file.h"
#include "sop/stage_reader.h"

namespace cadre {

struct SopParts {
  std::string file;  // "sop.yaml"
  const YamlDocument* document = nullptr;
  std::string lead;
  std::string input;  // what the user gives beside the brief; "": nothing
  std::vector<ReadStage> stages;
  std::vector<RoleFile> roles;
  // Names of role files that could not be read: what refers to them is no second mistake.
  std::vector<std::string> unread_roles;
};

// Reports what does not fit. The stages come back ordered when there is an order.
std::vector<StageSpec> check_graph(const SopParts& parts, SopProblems& problems);

}  // namespace cadre
