// Reasoning frameworks: ways to think, as data. A role that lists one under `reasoning` gets its
// steps in its instructions and has to give its answers with its first artifact; the answers are
// checked against the framework's JSON Schema.
//
// One YAML file each: `id` (the file's name), `title`, `about`, `max_tokens` (what rendering may
// cost, estimated as four bytes a token), `steps` (`id`, `title`, `ask`, `note`) in their order,
// and `answers`, the schema of an object. Those that ship stand in sops/frameworks; an SOP's own
// in its folder's frameworks/, where one of the same id takes the place of the shipped one.
// Pure; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "sop/problem.h"

namespace cadre {

struct FrameworkStep {
  std::string id, title;
  std::vector<std::string> ask;
  std::string note;
};

struct ReasoningFramework {
  std::string id, title, about;
  int max_tokens = 0;
  std::vector<FrameworkStep> steps;
  Json answers;  // JSON Schema
};

// Mistakes go to `problems` with their lines; nullopt after an error. A framework that renders to
// more than its max_tokens is one.
std::optional<ReasoningFramework> read_framework(const std::string& file, std::string_view content,
                                                 SopProblems& problems);

// What stands in the instructions of a role.
std::string render(const ReasoningFramework& framework);

// The ids of those that ship.
std::vector<std::string> shipped_frameworks();
// A shipped one's file, or "" when there is none of that id.
std::string_view shipped_framework(std::string_view id);

// As a plan keeps it: {"instructions": rendered, "answers": schema}.
Json to_plan(const ReasoningFramework& framework);

}  // namespace cadre
