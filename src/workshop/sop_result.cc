#include "workshop/sop_result.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/apply.h"
#include "core/provider_json.h"
#include "trace/report.h"

namespace cadre {
namespace {

constexpr std::array<std::pair<SopStatus, std::string_view>, 9> kWords{{
    {SopStatus::kRunning, "running"},
    {SopStatus::kDone, "done"},
    {SopStatus::kIncomplete, "incomplete"},
    {SopStatus::kRefused, "refused"},
    {SopStatus::kGateFailed, "gate_failed"},
    {SopStatus::kBudget, "budget"},
    {SopStatus::kFailed, "failed"},
    {SopStatus::kInterrupted, "interrupted"},
    {SopStatus::kWaiting, "waiting"},
}};

}  // namespace

std::string_view to_string(SopStatus status) {
  return kWords[static_cast<std::size_t>(status)].second;
}

std::vector<Finding> SopResult::findings() const {
  std::vector<Finding> all;
  for (const SopStageResult& stage : stages) {
    for (const SopGateResult& gate : stage.gates)
      all.insert(all.end(), gate.findings.begin(), gate.findings.end());
  }
  return all;
}

const Artifact* SopResult::artifact(const std::string& type) const {
  const auto at = artifacts.find(type);
  return at == artifacts.end() ? nullptr : at->second.artifact.get();
}

namespace workshop {
namespace {

std::int64_t bytes_of(const Artifact& artifact) {
  std::size_t bytes = json::write(artifact.data).size();
  for (const File& file : artifact.files) bytes += file.content.size();
  return static_cast<std::int64_t>(bytes);
}

Result<Artifact> stored(Store& store, const std::string& blob) {
  const auto bytes = store.get_blob(blob);
  if (!bytes) return std::unexpected(bytes.error());
  const auto data = json::parse(*bytes);
  if (!data) return std::unexpected(data.error());
  return artifact_from_json(*data);
}

void add_spending(const RunReport& report, SopResult& result) {
  double cost = 0;
  int calls = 0, priced = 0;
  for (const Activity& agent : report.agents) {
    result.tokens_in += agent.tokens_in;
    result.tokens_out += agent.tokens_out;
    cost += agent.cost_usd;
    priced += agent.calls_priced;
    calls += agent.model_calls - agent.model_calls_failed;
  }
  if (priced > 0 && priced >= calls) result.cost_usd = cost;
  result.handoffs_requested = report.handoffs.requested;
  result.handoffs_accepted = report.handoffs.accepted;
  result.handoffs_refused = report.handoffs.refused;
  result.seconds = static_cast<double>(report.working_us) / 1e6;
}

void add_gate(const Event& event, SopStageResult& stage) {
  SopGateResult gate;
  gate.gate = json::get_string(event.body, "gate");
  gate.artifact = json::get_string(event.body, "artifact");
  gate.passed = json::get_bool(event.body, "passed");
  gate.findings = findings_from_json(json::get_array(event.body, "findings"));
  if (const Json* measured = json::find(event.body, "measured")) gate.measured = *measured;
  stage.gates.push_back(std::move(gate));
}

}  // namespace

SopApproval approval_of(const Approval& approval) {
  return {approval.id,   approval.what,     approval.subject,
          approval.role, approval.question, approval.details};
}

SopStatus status_from(std::string_view word) {
  const auto at = std::ranges::find(kWords, word, &std::pair<SopStatus, std::string_view>::second);
  return at == kWords.end() ? SopStatus::kFailed : at->first;
}

std::vector<SopStageResult> stages_of(const Plan& plan, std::span<const Event> events) {
  std::vector<SopStageResult> stages;
  for (const StageSpec& stage : plan.stages)
    stages.push_back({stage.id, stage.title, stage.role, "waiting", 0, {}});
  for (const Event& event : events) {
    const auto stage =
        std::ranges::find(stages, json::get_string(event.body, "stage"), &SopStageResult::id);
    if (stage == stages.end()) continue;
    if (event.kind == EventKind::kStageStarted) {
      stage->status = "working";
      stage->rounds++;
      stage->gates.clear();
    } else if (event.kind == EventKind::kStageEnded) {
      stage->status = json::get_string(event.body, "status");
    } else if (event.kind == EventKind::kGateEnded) {
      add_gate(event, *stage);
    }
  }
  return stages;
}

Result<SopResult> result_of(const RunOutcome& outcome, const Plan& plan, Store& store) {
  auto journal = store.read(outcome.run);
  if (!journal) return propagate(journal);
  SopResult result;
  result.run = outcome.run;
  result.status = status_from(outcome.status);
  result.exit_code = outcome.exit_code;
  result.reason = outcome.reason;
  result.details = outcome.details;
  for (const Approval& approval : outcome.waiting) result.waiting.push_back(approval_of(approval));
  result.stages = stages_of(plan, journal->events);
  for (const auto& [type, artifact] : outcome.artifacts) {
    const auto role = outcome.made_by.find(type);
    result.artifacts[type] = {artifact, role == outcome.made_by.end() ? "" : role->second,
                              bytes_of(*artifact)};
  }
  add_spending(make_report(journal->events), result);
  result.model_calls = outcome.model_calls;
  result.tool_calls = outcome.tool_calls;
  result.memory_fault = outcome.memory_fault;
  return result;
}

Result<SopResult> broken_off(const std::string& run, const Plan& plan, Store& store, Error error) {
  auto state = load_state(store, run);
  if (!state) return std::unexpected(std::move(error));  // it was never begun
  RunOutcome outcome;
  outcome.run = run;
  outcome.status = "interrupted";
  outcome.exit_code = error.code == ErrorCode::kUnavailable ? 7 : 1;
  outcome.reason = error.message;
  outcome.model_calls = state->model_calls;
  outcome.tool_calls = state->tool_calls;
  for (const auto& [type, ref] : state->artifacts) {
    auto artifact = stored(store, ref.blob);
    if (!artifact) continue;
    outcome.artifacts[type] = std::make_shared<const Artifact>(std::move(*artifact));
    outcome.made_by[type] = ref.role;
  }
  auto result = result_of(outcome, plan, store);
  if (result) result->error = std::move(error);
  return result;
}

}  // namespace workshop
}  // namespace cadre
