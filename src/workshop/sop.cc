#include "cadre/sop.h"

#include "core/plan.h"
#include "sop/graph_drawing.h"
#include "sop/loader.h"
#include "workshop/inputs.h"

namespace cadre {
namespace {

Result<Sop> made(Result<Plan> plan) {
  if (!plan) return propagate(plan);
  return Sop(std::make_shared<const Plan>(std::move(*plan)));
}

SopCheckup checkup_of(const SopSource& source) {
  SopCheck check = check_sop(source);
  SopCheckup checkup;
  checkup.problems = std::move(check.problems);
  if (check.plan) checkup.sop.emplace(std::make_shared<const Plan>(std::move(*check.plan)));
  return checkup;
}

SopSource source_of(std::map<std::string, std::string> files) {
  return {.name = "the SOP", .files = std::move(files), .unreadable = {}};
}

}  // namespace

Result<Sop> Sop::load(const std::string& name_or_folder) { return made(load_sop(name_or_folder)); }

Result<Sop> Sop::from_files(std::map<std::string, std::string> files) {
  return made(load_sop(source_of(std::move(files))));
}

Result<SopCheckup> Sop::check(const std::string& name_or_folder) {
  auto source = SopSource::find(name_or_folder);
  if (!source) return propagate(source);
  return checkup_of(*source);
}

SopCheckup Sop::check_files(std::map<std::string, std::string> files) {
  return checkup_of(source_of(std::move(files)));
}

std::vector<std::string> Sop::shipped() { return built_in_sops(); }

const std::string& Sop::name() const { return plan_->name; }
const std::string& Sop::title() const { return plan_->title; }
const std::string& Sop::input() const { return plan_->input; }

std::vector<SopRole> Sop::roles() const {
  std::vector<SopRole> roles;
  for (const AgentConfig& agent : plan_->agents)
    roles.push_back({agent.role, agent.name, agent.description, agent.tools});
  return roles;
}

std::vector<SopStep> Sop::stages() const {
  std::vector<SopStep> steps;
  for (const StageSpec& stage : plan_->stages) {
    SopStep step{stage.id, stage.title, stage.role, stage.needs, stage.makes, {}};
    for (const GateSpec& gate : stage.gates) step.gates.push_back(gate.name);
    steps.push_back(std::move(step));
  }
  return steps;
}

std::string Sop::mermaid() const { return sop_graph_mermaid(*plan_); }
Result<std::string> Sop::svg() const { return sop_graph_svg(*plan_); }

Result<SopDocument> read_sop_document(const std::filesystem::path& file) {
  auto document = workshop::read_document(file);
  if (!document) return propagate(document);
  return SopDocument{std::move(document->title), std::move(document->text)};
}

}  // namespace cadre
