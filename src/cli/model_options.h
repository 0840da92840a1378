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
#include "memory/run_memory.h"
#include "net/http_client.h"
#include "policy/model_chain.h"
#include "runtime/tool.h"
#include "workshop/run_limits.h"

namespace cadre::cli {

// What stands around a model in a run (docs/models.md).
struct ModelAround : workshop::RunLimits {
  std::filesystem::path prices, cache, record;  // "": CADRE_PRICES, CADRE_CACHE, none
};
// Whether it goes together with the model: prices can be read and are known where money is limited,
// there is something to record.
Result<void> check_around(const std::string& spec, const ModelAround& around);

// A variable of the environment; "" when it is not set. The first of several that is.
std::string environment(const char* name);
std::string environment(std::initializer_list<const char*> names);
// By the proxy and CA variables of the environment.
net::HttpClientOptions http_options();
// The key of a provider, from its variable.
net::Secret key_of(const model::Profile& profile);
// Claude Code's program by PATH (or CADRE_CLAUDE), and what of the environment it gets.
policy::ClaudeOptions claude_options();
// The shipped prices, and before them the user's.
Result<std::shared_ptr<const policy::PriceTable>> open_prices(const std::filesystem::path& file);

struct Mind {
  std::string spec;  // to be kept with the run, so that resume finds the same: "openai:gpt-5"
  std::string line;  // for people: what kind of mind this is
  std::shared_ptr<Provider> provider;
  std::shared_ptr<policy::Spending> spending;  // null: no language model
};

// "offline", "scripted:FILE", "openai:gpt-5", "ollama:qwen3:8b", "http://host:8000/v1#name"; ""
// means CADRE_MODEL, and "offline" without it. "a,b": b answers when a cannot. An error says what
// is missing (exit code 7).
Result<Mind> open_mind(const std::string& spec, std::shared_ptr<const ToolRegistry> tools,
                       const ModelAround& around = {});
// What `spec` or the environment say; "" when neither does.
std::string chosen_model(const std::string& spec);

// What is remembered over runs of an SOP, in `state`/memory.db. A run whose requests have to be the
// same again, because they are recorded, replayed or answered from a cache, is given nothing of it.
Result<std::shared_ptr<RunMemory>> open_memory(const std::filesystem::path& state,
                                               const std::string& sop, const std::string& model,
                                               const ModelAround& around);
// The values in the environment that are keys.
std::vector<std::string> known_secrets();

// The file, or `state`/policy.yaml when none is named and that is there; null when neither is. A
// policy that cannot be read is an error: the run does not start.
Result<std::shared_ptr<const ApprovalPolicy>> open_policy(const std::filesystem::path& file,
                                                          const std::filesystem::path& state);

// The files as one artifact of the type that the plan asks for: {"documents": [{"id": "D1",
// "title": name, "text"}]}. Nothing when no file is given.
Result<std::optional<Artifact>> read_inputs(const Plan& plan,
                                            const std::vector<std::filesystem::path>& files);

}  // namespace cadre::cli
