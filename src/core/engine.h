// The inside of apply(): one Engine per event, a view of the state with the rules as members.
// Rules are grouped by file: apply.cc (dispatch, run, handoffs), apply_tasks.cc (the agent loop),
// apply_gates.cc (artifacts, gates, blame), apply_approvals.cc (what a person decides). Private
// to core/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/apply.h"

namespace cadre::detail {

class Engine {
 public:
  Engine(RunState& state, const Event& event) : s_(state), event_(event) {}
  Result<void> run();

 private:
  // Dispatch.
  Result<void> on_free_event();
  Result<void> on_record(const Draft& draft);
  Result<void> on_effect(const std::string& key);
  void finish_effect(const Effect& effect);

  // Run and handoffs.
  void on_run_started();
  void open_ready_stages();
  bool is_ready(std::size_t stage) const;
  void request_handoff(std::size_t stage);
  std::string choose_source(std::size_t stage) const;
  bool may_hand(std::string_view source, std::string_view target) const;
  void on_handoff_requested(std::size_t stage);
  void on_capability(std::size_t stage);
  void refuse(std::size_t stage, std::string_view code, std::string reason, Json details);
  void on_handoff_refused(std::size_t stage);
  void on_capability_refused(std::size_t stage, const std::string& reason);
  void on_stage_started(std::size_t stage);
  void end_run(std::string status, int exit_code, std::string reason, Json details);
  void finish_ending();
  void check_all_done();

  // Tasks.
  void on_tasks_planned(std::size_t stage);
  std::string link_tasks(std::size_t stage, const JsonArray& items);
  void queue_ready(std::size_t stage, int task);
  void schedule();
  void on_agent_started(std::size_t stage, int task);
  void ask_turn(std::size_t stage, int task);
  void on_turn_ended(const Effect& effect);
  void on_calls(const Effect& effect, StageTask& task, const JsonArray& calls);
  void emit_call(Effect run, const std::string& tool, const AgentConfig& agent, const Json& call);
  void on_tool_ended(const Effect& effect);
  void on_call_denied(std::size_t stage, int task);
  void call_done(std::size_t stage, int task);
  void end_task(std::size_t stage, int task, std::string_view status, JsonObject more);
  void on_agent_ended(std::size_t stage, int task);
  void all_tasks_done(std::size_t stage);

  // Artifacts, gates, blame.
  std::vector<Finding> check_makes(std::size_t stage, const std::vector<ArtifactRef>& made,
                                   bool all) const;
  void store_artifacts(std::size_t stage, const std::vector<ArtifactRef>& artifacts);
  void on_artifacts_joined(std::size_t stage);
  void on_artifact_stored(std::size_t stage);
  void next_gate(std::size_t stage);
  void on_gate_ended(std::size_t stage);
  void end_stage(std::size_t stage, std::string_view status, const std::vector<Finding>& findings);
  void on_stage_ended(std::size_t stage);
  void route_blame(std::size_t stage, const std::vector<Finding>& findings);
  bool depends_on(std::size_t stage, std::size_t on) const;
  void rework(std::size_t stage, std::string_view source, std::vector<Finding> feedback);
  void invalidate(std::size_t stage);
  void emit_project(std::size_t stage, bool passed);
  void on_project_ended();

  // Approvals (apply_approvals.cc).
  void hold(Effect effect, std::string what, std::string subject, std::string question,
            Json details);
  void on_approval_requested();
  Result<void> on_approval_decided();
  void on_rejected(const Effect& effect, const Decision& decision);

  // Helpers.
  const StageSpec& spec(std::size_t stage) const { return s_.plan->stages[stage]; }
  std::string place(std::size_t stage) const;
  std::string place(std::size_t stage, int task) const;
  JsonObject body(std::size_t stage, std::string key) const;
  JsonObject body(std::size_t stage, int task, std::string key) const;
  void draft(EventKind kind, std::int64_t parent, std::string actor, JsonObject body,
             int stage = -1, int task = -1);
  void emit(Effect effect);
  void drop_effects(std::size_t stage);
  std::string say(std::string_view key) const { return json::get_string(event_.body, key); }

  RunState& s_;
  const Event& event_;
};

JsonArray refs_to_json(const std::vector<ArtifactRef>& refs);
std::vector<ArtifactRef> refs_from_json(const JsonArray& array, const std::string& role);

}  // namespace cadre::detail
