// An agent: instructions, a model, tools, handoffs and guardrails. A value; copy and change it.
//
// Agents of a run form a team and name each other (Handoff::target, agent_tool), so that circles
// are possible. make_team checks it all before anything runs.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cadre/context.h"
#include "cadre/guardrail.h"
#include "cadre/handoff.h"
#include "cadre/tool.h"
#include "core/agent_loop.h"
#include "model/model.h"

namespace cadre {

struct ToolOutput {
  std::string_view tool, output;
  bool ok = true;
};

struct Agent {
  std::string name{};         // unique in the team
  std::string description{};  // what it is good for: read by agents that may hand over to it
  std::string instructions{};
  // Made anew for every turn; replaces `instructions`. What is not UTF-8 in it is replaced.
  std::function<std::string(const RunContext&)> dynamic_instructions{};
  std::shared_ptr<Model> model{};  // unset: the run's
  std::string model_name{};        // given to the model's adapter; unset: its own
  ModelSettings settings{};
  std::vector<Tool> tools{};
  std::vector<Handoff> handoffs{};
  std::vector<Guardrail> input_guardrails{}, output_guardrails{};
  std::optional<OutputSchema> output{};  // the answer's form; see typed<T>()
  ToolUse tool_use = ToolUse::kRunAgain;
  // Of ToolUse::kDecide: the answer, or nothing to ask the model again.
  std::function<std::optional<std::string>(const std::vector<ToolOutput>&, const RunContext&)>
      decide{};
  UnknownTool unknown_tool = UnknownTool::kFail;
  bool reset_tool_choice = true;  // a forced tool choice is for the first tool only
  JoinRule join{};                  // several handoffs in one reply; default: the first is taken
  int retries = 2;                // turns given back by guardrails and invalid answers
  // Asked when work is handed over to it; unset: accepts.
  std::function<HandoffAnswer(const HandoffRequest&, const RunContext&)> accept{};
};

// The form of a typed answer: RunResult::as<T>() reads it.
template <class T>
OutputSchema typed(std::string name = "answer") {
  return {std::move(name), output_schema_of<T>(), output_schema_of<T>(SchemaStyle::kLoose)};
}

// Checked and compiled agents, ready to run; shared by any number of runs and threads.
class AgentTeam {
 public:
  struct Compiled;
  explicit AgentTeam(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
  const Compiled& compiled() const { return *compiled_; }
  const std::shared_ptr<const Compiled>& shared() const { return compiled_; }

 private:
  std::shared_ptr<const Compiled> compiled_;
};

// kInvalidInput, naming agent and field: two agents of one name, a handoff to the agent itself or
// to nobody, two tools of one name, a name or schema that no vendor takes, a missing function, a
// text that is not UTF-8, a timeout below zero.
// Runs start with the first agent.
Result<AgentTeam> make_team(std::vector<Agent> agents);

}  // namespace cadre
