// A test kit for plans, tools and runs: a mind that follows a script, gates that a test decides,
// tools that leave a mark. Public: users test their own SOPs and tools with it.
//
// All of it is thread-safe, as providers, gates and tools have to be.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "core/gate.h"
#include "core/provider.h"
#include "runtime/runner.h"
#include "runtime/tool.h"

namespace cadre::testing {

// Answers each turn by a function of the test; counts how often each task was asked.
class ScriptedProvider final : public Provider {
 public:
  using Script = std::function<Result<Turn>(const Task&, std::span<const ToolResult>,
                                            std::stop_token)>;
  using Can = std::function<CapabilityAnswer(const Task&)>;

  explicit ScriptedProvider(Script script, Can can = {});
  std::string name() const override { return "scripted"; }
  CapabilityAnswer can(const Task& task) const override;
  Result<Turn> next(const Task& task, std::span<const ToolResult> results,
                    std::stop_token stop) override;
  // Turns asked for "stage#round/task".
  int calls(const std::string& place) const;
  int calls() const;
  // The most turns that ran at one time.
  int most_at_once() const { return most_; }

 private:
  Script script_;
  Can can_;
  mutable std::mutex mutex_;
  std::map<std::string, int> calls_;
  std::atomic<int> running_{0};
  std::atomic<int> most_{0};
};

// A turn that finishes `task` with one artifact of each type it asks for: data {"by": place,
// "round"}, one file "<type>/<task>.txt" that names the inputs it was made from.
Turn finished(const Task& task);
Turn call_tools(std::vector<ToolCall> calls);

// Gates by name: a function of the artifact. Artifacts are always valid, unless `checks` says not.
class ScriptedGates final : public GateKeeper {
 public:
  using Gate = std::function<GateVerdict(const GateSpec&, const Artifact&, const ArtifactMap&)>;
  using Check = std::function<std::vector<ArtifactIssue>(const std::string&, const Json&)>;
  std::map<std::string, Gate> gates;  // a missing one passes
  Check check;

  GateVerdict evaluate(const GateSpec& spec, const Artifact& artifact,
                       const ArtifactMap& all) const override;
  std::vector<ArtifactIssue> check_artifact(const Plan& plan, const std::string& type,
                                            const Json& data) const override;
};

// A tool from a function.
class FunctionTool final : public TaskTool {
 public:
  using Function = std::function<Result<Json>(const Json&, const TaskToolContext&)>;
  FunctionTool(std::string name, ToolEffect effect, Function function)
      : name_(std::move(name)), effect_(effect), function_(std::move(function)) {}
  std::string name() const override { return name_; }
  std::string description() const override { return "a tool of a test"; }
  ToolEffect effect() const override { return effect_; }
  Result<Json> run(const Json& arguments, const TaskToolContext& context) override {
    return function_(arguments, context);
  }

 private:
  std::string name_;
  ToolEffect effect_;
  Function function_;
};

// A plan of stages in one line each: "id role needs,… makes,…"; "-" for none. Every role may hand
// work to every other; the lead is "lead".
Plan make_plan(const std::vector<std::string>& stages, const std::vector<std::string>& tools = {});

// Everything that a run needs, in memory.
RunnerParts make_parts(std::shared_ptr<Provider> provider,
                       std::vector<std::shared_ptr<TaskTool>> tools = {},
                       std::shared_ptr<GateKeeper> gates = nullptr);

}  // namespace cadre::testing
