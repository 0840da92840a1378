// Who thinks in a run: `--model SPEC`, or CADRE_MODEL, as a provider. Keys, proxies and addresses
// come from the environment, here and nowhere below; keys appear in no message. Also the policy
// file and the files that a user gives beside the brief.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/approval_policy.h"
#include "core/plan.h"
#include "core/provider.h"
#include "runtime/tool.h"

namespace cadre::cli {

struct Mind {
  std::string spec;  // to be kept with the run, so that resume finds the same: "openai:gpt-5"
  std::string line;  // for people: what kind of mind this is
  std::shared_ptr<Provider> provider;
};

// "offline", "scripted:FILE", "openai:gpt-5", "ollama:qwen3:8b", "http://host:8000/v1#name"; ""
// means CADRE_MODEL, and "offline" without it. An error says what is missing (exit code 7).
Result<Mind> open_mind(const std::string& spec, std::shared_ptr<const ToolRegistry> tools);
// What `spec` or the environment say; "" when neither does.
std::string chosen_model(const std::string& spec);

// The file, or `state`/policy.yaml when none is named and that is there; null when neither is. A
// policy that cannot be read is an error: the run does not start.
Result<std::shared_ptr<const ApprovalPolicy>> open_policy(const std::filesystem::path& file,
                                                          const std::filesystem::path& state);

// The files as one artifact of the type that the plan asks for: {"documents": [{"id": "D1",
// "title": name, "text"}]}. Nothing when no file is given.
Result<std::optional<Artifact>> read_inputs(const Plan& plan,
                                            const std::vector<std::filesystem::path>& files);

}  // namespace cadre::cli
