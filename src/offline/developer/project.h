// The whole generated service as files, each with what it is for. Same model, same bytes.
#pragma once

#include <string>
#include <vector>

#include "core/provider.h"
#include "offline/developer/model.h"

namespace cadre::offline::developer {

struct ProjectFile {
  std::string path;
  std::string content;
  std::string purpose;
  std::string part;                // "foundation", "service", "reports", "documentation"
  std::string entity;              // of a service
  std::vector<std::string> rules;  // ids of the rules that it enforces
};

std::vector<ProjectFile> write_project(const Model& model);

// README.md, docs/operations.md, docs/api-guide.md.
std::vector<ProjectFile> write_documentation(const Model& model);

}  // namespace cadre::offline::developer
