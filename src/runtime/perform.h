// What effects do: provider turns, tool calls, gates, joins. Free functions that a worker thread
// calls; they own or share all they touch and know nothing of the journal. Their result goes into
// the outcome event (`result`), with the blobs that it names.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/gate.h"
#include "core/plan.h"
#include "core/provider.h"
#include "core/state.h"
#include "runtime/project_writer.h"
#include "runtime/tool.h"

namespace cadre {

// An artifact with its address.
struct StoredArtifact {
  std::string blob;
  std::shared_ptr<const Artifact> artifact;
};

struct Performed {
  JsonObject result;                     // members of the outcome event
  std::vector<std::string> blobs;
  std::vector<StoredArtifact> artifacts;
  std::vector<ToolCall> calls;           // of a turn: to be run
  Json memo = {};                        // of a turn
  bool cancelled = false;                // nothing to record: it runs again on resume
  // The machine did not let it (a full disk): nothing to record, and the run stops, resumable.
  std::optional<Error> blocked = {};
};

// Values up to this size stand in the event itself.
inline constexpr std::size_t kInlineBytes = 2048;

Performed perform_capability(const Provider& provider, const Task& task);

// `checked`: whether each artifact has to be valid by itself (no: parts of a fan-out).
Performed perform_turn(Provider& provider, const Task& task,
                       const std::vector<ToolResult>& results, const GateKeeper& gates,
                       const Plan& plan, bool checked, std::stop_token stop);

// `tool` may be null: then the result says that there is no such tool.
Performed perform_tool(TaskTool* tool, const ToolCall& call, TaskToolContext context);

// The fan-out items that `role` owns, and those that name no owner. Items may say which of the
// stage's artifacts (`makes`) they make; one that nobody makes then is a finding.
Performed perform_plan_tasks(const Artifact& artifact, const StageSpec::FanOut& fan_out,
                             const std::string& role,
                             const std::vector<std::string>& makes = {});

// One artifact of each type from the parts, in order. Two contents for one path are a finding.
Performed perform_join(const std::vector<std::shared_ptr<const Artifact>>& parts,
                       const GateKeeper& gates, const Plan& plan);

Performed perform_gate(const GateKeeper& gates, const GateSpec& spec, const ArtifactMap& all);

// The gate that a person decides: what was said, as a verdict.
Performed perform_approval(const GateSpec& spec, const Decision& decision);

Performed perform_project(ProjectWriter& writer, const StageDone& done);

}  // namespace cadre
