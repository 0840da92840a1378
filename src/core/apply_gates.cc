// What a stage made: artifacts, their gates, and who has to mend what failed.
#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "base/hash.h"
#include "core/engine.h"
#include "core/provider_json.h"

namespace cadre::detail {

JsonArray refs_to_json(const std::vector<ArtifactRef>& refs) {
  JsonArray array;
  for (const ArtifactRef& ref : refs) {
    JsonObject entry;
    entry["type"] = ref.type;
    entry["blob"] = ref.blob;
    entry["bytes"] = ref.bytes;
    entry["files"] = ref.files;
    if (ref.incomplete) entry["incomplete"] = true;
    array.push_back(std::move(entry));
  }
  return array;
}

std::vector<ArtifactRef> refs_from_json(const JsonArray& array, const std::string& role) {
  std::vector<ArtifactRef> refs;
  refs.reserve(array.size());
  for (const Json& entry : array) {
    ArtifactRef ref;
    ref.type = json::get_string(entry, "type");
    ref.blob = json::get_string(entry, "blob");
    ref.role = role;
    ref.bytes = json::get_int(entry, "bytes");
    ref.files = json::get_int(entry, "files");
    ref.incomplete = json::get_bool(entry, "incomplete");
    refs.push_back(std::move(ref));
  }
  return refs;
}

// What was made against what was asked for; `all` when every type has to be there.
std::vector<Finding> Engine::check_makes(std::size_t stage, const std::vector<ArtifactRef>& made,
                                         bool all) const {
  const StageSpec& asked = spec(stage);
  std::vector<Finding> findings;
  std::set<std::string> seen;
  for (const ArtifactRef& ref : made) {
    if (std::ranges::find(asked.makes, ref.type) == asked.makes.end()) {
      findings.push_back({"makes", "high", fmt::format("{} is not asked for in stage {}", ref.type,
                                                       asked.id), "", asked.makes.front()});
    } else if (!seen.insert(ref.type).second) {
      findings.push_back({"makes", "high", fmt::format("{} was made twice", ref.type), "",
                          ref.type});
    }
  }
  for (const std::string& type : asked.makes) {
    if (!all || seen.contains(type)) continue;
    findings.push_back({"makes", "high", fmt::format("stage {} was to make {} and did not",
                                                     asked.id, type), "", type});
  }
  return findings;
}

void Engine::store_artifacts(std::size_t stage, const std::vector<ArtifactRef>& artifacts) {
  const JsonArray refs = refs_to_json(artifacts);
  for (const Json& ref : refs) {
    JsonObject stored = body(stage, fmt::format("store/{}/{}", place(stage),
                                                json::get_string(ref, "type")));
    stored["role"] = spec(stage).role;
    for (const auto& member : ref.get_object()) stored[member.key()] = member.value();
    draft(EventKind::kArtifactStored, s_.stages[stage].started_seq, spec(stage).role,
          std::move(stored), static_cast<int>(stage));
  }
}

void Engine::on_artifacts_joined(std::size_t stage) {
  std::vector<Finding> findings = findings_from_json(json::get_array(event_.body, "findings"));
  const auto made = refs_from_json(json::get_array(event_.body, "artifacts"), spec(stage).role);
  if (findings.empty()) findings = check_makes(stage, made, true);
  if (!findings.empty()) return end_stage(stage, "failed", findings);
  store_artifacts(stage, made);
}

void Engine::on_artifact_stored(std::size_t stage) {
  StageState& state = s_.stages[stage];
  std::vector<ArtifactRef> refs = refs_from_json(JsonArray{event_.body}, spec(stage).role);
  const std::string type = refs.front().type;
  s_.artifacts[type] = std::move(refs.front());
  state.stored++;
  if (state.stored < spec(stage).makes.size()) return;
  state.status = StageStatus::kJudging;
  next_gate(stage);
}

void Engine::next_gate(std::size_t stage) {
  StageState& state = s_.stages[stage];
  if (state.gate >= spec(stage).gates.size()) {
    return end_stage(stage, state.gates_failed ? "failed" : "done",
                     state.gates_failed ? state.findings : std::vector<Finding>{});
  }
  Effect effect;
  effect.kind = Effect::Kind::kGate;
  effect.key = fmt::format("gate/{}:{}", place(stage), state.gate);
  effect.stage = static_cast<int>(stage);
  effect.round = state.round;
  effect.gate = state.gate;
  effect.parent = state.started_seq;
  const GateSpec& gate = spec(stage).gates[state.gate];
  if (gate.name != kApprovalGate) return emit(std::move(effect));
  JsonObject details;
  JsonArray artifacts;
  for (const std::string& type : spec(stage).makes) {
    JsonObject entry;
    entry["type"] = type;
    entry["blob"] = s_.artifacts[type].blob;
    artifacts.push_back(std::move(entry));
  }
  details["artifact"] = gate.artifact;
  details["artifacts"] = std::move(artifacts);
  std::string question = json::get_string(gate.parameters, "question");
  if (question.empty()) question = fmt::format("is {} of {} good?", gate.artifact, spec(stage).id);
  hold(std::move(effect), "gate", fmt::format("gate:{}/{}", spec(stage).id, gate.name),
       std::move(question), std::move(details));
}

void Engine::on_gate_ended(std::size_t stage) {
  StageState& state = s_.stages[stage];
  const GateSpec& gate = spec(stage).gates[state.gate];
  if (!json::get_bool(event_.body, "passed")) {
    state.gates_failed = true;
    std::vector<Finding> findings = findings_from_json(json::get_array(event_.body, "findings"));
    if (findings.empty()) {
      findings.push_back({gate.name, "high", fmt::format("gate {} failed", gate.name), "", ""});
    }
    for (Finding& finding : findings) {
      if (finding.blame.empty()) finding.blame = gate.blame.empty() ? gate.artifact : gate.blame;
      state.findings.push_back(std::move(finding));
    }
  }
  state.gate++;
  next_gate(stage);
}

void Engine::end_stage(std::size_t stage, std::string_view status,
                       const std::vector<Finding>& findings) {
  StageState& state = s_.stages[stage];
  state.closing = true;
  drop_effects(stage);
  for (std::size_t i = 0; i < state.tasks.size(); ++i) {
    if (state.tasks[i].status != TaskStatus::kActive) continue;
    end_task(stage, static_cast<int>(i), "superseded", JsonObject{});
  }
  JsonObject ended = body(stage, "stage_end/" + place(stage));
  ended["role"] = spec(stage).role;
  ended["status"] = status;
  if (!findings.empty()) ended["findings"] = to_json(findings);
  draft(EventKind::kStageEnded, state.started_seq, spec(stage).role, std::move(ended),
        static_cast<int>(stage));
}

void Engine::on_stage_ended(std::size_t stage) {
  StageState& state = s_.stages[stage];
  state.closing = false;
  if (s_.ending) return;
  const std::string status = say("status");
  if (status == "superseded") {
    state.status = StageStatus::kWaiting;
    return open_ready_stages();
  }
  if (status == "failed") {
    state.status = StageStatus::kFailed;
    return route_blame(stage, findings_from_json(json::get_array(event_.body, "findings")));
  }
  state.status = StageStatus::kDone;
  state.feedback.clear();
  state.last_refusal.clear();
  s_.handoffs.completed++;
  emit_project(stage, true);
  open_ready_stages();
}

bool Engine::depends_on(std::size_t stage, std::size_t on) const {
  if (stage == on) return true;
  std::vector<std::string> needs = spec(stage).needs;
  if (spec(stage).fan_out) needs.push_back(spec(stage).fan_out->artifact);
  for (const std::string& need : needs) {
    const StageSpec* maker = maker_of(*s_.plan, need);
    if (maker == nullptr) continue;
    if (depends_on(static_cast<std::size_t>(maker - s_.plan->stages.data()), on)) return true;
  }
  return false;
}

// Hands the evidence to the stages whose artifacts are at fault; ends the run when a round failed
// exactly as the round before it did.
void Engine::route_blame(std::size_t stage, const std::vector<Finding>& findings) {
  StageState& state = s_.stages[stage];
  const std::string first = findings.empty() ? "no reason given" : findings.front().message;
  std::set<std::string> lines;
  for (const Finding& finding : findings) {
    lines.insert(finding.gate + "|" + finding.message + "|" + finding.blame);
  }
  std::string signature;
  for (const std::string& line : lines) signature += line + "\n";
  signature = sha256_hex(signature);
  const bool no_progress = signature == state.last_failure;
  state.last_failure = std::move(signature);
  std::map<std::size_t, std::vector<Finding>> blamed;
  for (const Finding& finding : findings) {
    const StageSpec* maker = maker_of(*s_.plan, finding.blame);
    std::size_t at = stage;
    if (maker != nullptr) at = static_cast<std::size_t>(maker - s_.plan->stages.data());
    blamed[depends_on(stage, at) ? at : stage].push_back(finding);
  }
  if (blamed.empty()) blamed[stage] = {};
  bool no_rounds = false;
  for (const auto& [at, evidence] : blamed) {
    no_rounds = no_rounds || s_.stages[at].reworks >= s_.plan->limits.rounds_max;
  }
  if (no_progress || no_rounds) {
    JsonObject details;
    details["stage"] = spec(stage).id;
    details["findings"] = to_json(findings);
    if (state.stored == spec(stage).makes.size()) emit_project(stage, false);
    return end_run("gate_failed", 5,
                   no_progress ? fmt::format("stage {} failed twice in the same way: {}",
                                             spec(stage).id, first)
                               : fmt::format("stage {} still fails after {} rounds: {}",
                                             spec(stage).id, state.round, first),
                   std::move(details));
  }
  for (auto& [at, evidence] : blamed) rework(at, spec(stage).role, std::move(evidence));
  open_ready_stages();
}

// The stage is done again, and what was made from its artifacts after it.
void Engine::rework(std::size_t stage, std::string_view source, std::vector<Finding> feedback) {
  StageState& state = s_.stages[stage];
  state.reworks++;
  state.feedback = std::move(feedback);
  const bool direct = source != spec(stage).role && may_hand(source, spec(stage).role);
  state.rework_source = direct ? std::string(source) : s_.plan->lead;
  for (std::size_t i = stage; i < s_.stages.size(); ++i) {
    if (depends_on(i, stage)) invalidate(i);
  }
}

void Engine::invalidate(std::size_t stage) {
  StageState& state = s_.stages[stage];
  for (const std::string& type : spec(stage).makes) {
    if (const auto at = s_.artifacts.find(type); at != s_.artifacts.end()) at->second.stale = true;
  }
  if (state.closing) return;  // ends anyway
  switch (state.status) {
    case StageStatus::kWaiting: break;
    case StageStatus::kDone:
    case StageStatus::kFailed: state.status = StageStatus::kWaiting; break;
    case StageStatus::kRequested:
      state.closing = true;
      drop_effects(stage);
      refuse(stage, "superseded", "what it works from is being done again", JsonArray{});
      break;
    case StageStatus::kWorking:
    case StageStatus::kJudging: end_stage(stage, "superseded", {}); break;
  }
}

}  // namespace cadre::detail
