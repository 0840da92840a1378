// A compiled SOP: the graph of stages that the core walks. Plain data, made by sop/ from files;
// nothing here knows about software. Immutable once a run has started: it is journalled with the
// run, so that a resumed or replayed run uses the plan it began with.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace cadre {

// AgentConfig: who does a stage.
struct AgentConfig {
  std::string role;                          // "product_manager"; unique in the plan
  std::string name;                          // shown to people: "Product Manager"
  std::string description;                   // one line
  std::string instructions;                  // the body of the role's file
  std::vector<std::string> tools;            // tool names it may call
  std::vector<std::string> approvals;        // those of them that a person has to allow
  std::vector<std::string> handoff_targets;  // roles it may hand work to
  std::vector<std::string> guardrails;       // guardrail names
  std::vector<std::string> reasoning;        // ids of reasoning frameworks (Plan::frameworks)
  Json model_config = JsonObject{};          // model, temperature, ...; {} means the run's default
  Json extra = JsonObject{};                 // unknown front-matter keys, kept and reported
};

// A gate decides by evidence whether a stage's artifacts pass.
struct GateSpec {
  std::string name;                // "tests_pass"; a gate known to sop/gates.h
  std::string artifact;            // the artifact type it looks at
  Json parameters = JsonObject{};  // {"min_percent": 90}
  std::string blame;  // artifact type that is at fault when it fails; "" = evidence says
};

struct StageSpec {
  std::string id;                  // "build"
  std::string title;               // "Build the service"
  std::string role;                // who does it
  std::vector<std::string> needs;  // artifact types that must exist
  std::vector<std::string> makes;  // artifact types it produces
  std::vector<GateSpec> gates;
  // Fan-out: one task for each element of `inputs[artifact].data[path]` whose owner is this role;
  // the parts' files are united into one artifact of each type.
  struct FanOut {
    std::string artifact;  // "tasks"
    std::string path;      // "tasks"
  };
  std::optional<FanOut> fan_out;
  std::string priority = "normal";  // low, normal, high
  bool approve_handoff = false;     // a person has to allow that work is handed to this stage
  // Of a needed artifact, the members of its data that the stage's agents are shown; all of an
  // artifact that is not named here, nothing of one that is named with an empty list.
  std::map<std::string, std::vector<std::string>> context = {};
};

// The gate that a person decides; its parameter `question` says what is asked.
inline constexpr std::string_view kApprovalGate = "approval";

struct Limits {
  int rounds_max = 3;        // times one stage may be done again because of a failed gate
  int refusals_max = 2;      // times one handoff may be refused
  int turns_max = 40;        // provider turns in one task
  int parallel_tasks = 2;    // tasks at once
  int parallel_tools = 2;    // tool calls at once, over the run
  int run_timeout_s = 3600;  // whole run
};

struct Plan {
  std::string name;  // "software"
  std::string title;
  std::string version;
  std::string lead;  // the orchestrating role that opens the run: "orchestrator"
  std::string input;  // the artifact type that the user gives beside the brief; "": none
  std::vector<AgentConfig> agents;
  std::vector<StageSpec> stages;  // a valid topological order
  Limits limits;
  // By artifact type: the JSON Schema of its `data`.
  std::map<std::string, Json> artifact_schemas;
  // Data for tools, by name (tables/<name>.yaml); kept with the run like all of the plan.
  std::map<std::string, Json> tables = {};
  // The reasoning frameworks that the agents name, by id: {"instructions": what stands in a role's
  // instructions, "answers": the JSON Schema of what it has to answer}.
  std::map<std::string, Json> frameworks = {};
};

const AgentConfig* find_agent(const Plan& plan, std::string_view role);
const StageSpec* find_stage(const Plan& plan, std::string_view id);
// The stage that makes an artifact type, or nullptr ("brief" is made by nobody).
const StageSpec* maker_of(const Plan& plan, std::string_view artifact);

Json to_json(const Plan& plan);
Result<Plan> plan_from_json(const Json& json);

}  // namespace cadre
