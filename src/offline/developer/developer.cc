#include "offline/developer/developer.h"

#include <fmt/format.h>

#include <algorithm>

#include "offline/developer/project.h"

namespace cadre::offline::developer {
namespace {

// Which part of the service a task is about; everything when it names none.
struct Part {
  std::string task = "build";
  std::string kind;
  std::string entity;
};

Part part_of(const Task& task) {
  Part part;
  const Json* item = json::find(task.parameters, "item");
  if (item == nullptr) return part;
  part.task = json::get_string(*item, "id", "build");
  part.kind = json::get_string(*item, "kind");
  part.entity = json::get_string(*item, "entity");
  return part;
}

bool belongs(const ProjectFile& file, const Part& part) {
  if (part.kind.empty()) return true;
  return file.part == part.kind && (part.kind != "service" || file.entity == part.entity);
}

Artifact artifact_of(const std::string& type, JsonObject data, std::vector<ProjectFile> files) {
  Artifact artifact;
  artifact.type = type;
  JsonArray paths;
  for (ProjectFile& file : files) {
    paths.emplace_back(file.path);
    artifact.files.push_back({std::move(file.path), std::move(file.content), false});
  }
  data["files"] = std::move(paths);
  artifact.data = std::move(data);
  return artifact;
}

Artifact code_artifact(const Model& model, const Part& part, std::vector<ProjectFile> files) {
  std::vector<std::string> rules;
  std::vector<std::string> operations;
  for (const ProjectFile& file : files) {
    for (const std::string& rule : file.rules) {
      if (std::find(rules.begin(), rules.end(), rule) == rules.end()) rules.push_back(rule);
    }
  }
  for (const spec::Endpoint& endpoint : model.contract.endpoints) {
    const bool report = endpoint.query != nullptr;
    const bool mine =
        part.kind.empty() || (report ? part.kind == "reports" : part.entity == endpoint.entity);
    if (mine) operations.push_back(endpoint.operation_id);
  }
  return artifact_of("code",
                     JsonObject{{"language", "python"},
                                {"task", part.task},
                                {"operations", json::to_array(operations)},
                                {"rules", json::to_array(rules)}},
                     std::move(files));
}

Artifact documentation_artifact(const Part& part, std::vector<ProjectFile> files) {
  JsonArray documents;
  for (const ProjectFile& file : files) {
    documents.push_back(JsonObject{{"path", file.path}, {"title", file.purpose}});
  }
  return artifact_of("documentation",
                     JsonObject{{"task", part.task}, {"documents", std::move(documents)}},
                     std::move(files));
}

}  // namespace

Result<Turn> perform(const Task& task, std::span<const ToolResult>) {
  const auto input = task.inputs.find("requirements");
  if (input == task.inputs.end() || input->second == nullptr) {
    return fail(ErrorCode::kInvalidInput, "the Developer needs the artifact \"requirements\"");
  }
  const Json* document = json::find(input->second->data, "spec");
  if (document == nullptr) {
    return fail(ErrorCode::kInvalidInput, "the artifact \"requirements\" has no \"spec\"");
  }
  auto read = spec::spec_from_json(*document);
  if (!read) return propagate(read);
  const Model model(*read);

  Turn turn;
  const Part part = part_of(task);
  std::vector<ProjectFile> code;
  if (part.kind != "documentation") {
    for (ProjectFile& file : write_project(model)) {
      if (belongs(file, part)) code.push_back(std::move(file));
    }
  }
  std::vector<ProjectFile> documents;
  if (part.kind.empty() || part.kind == "documentation") documents = write_documentation(model);
  // An entity without operations has no service: its part is empty, which is no mistake.
  const bool empty_part =
      part.kind == "service" && spec::find_entity(*read, part.entity) != nullptr;
  if (code.empty() && documents.empty() && !empty_part) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("task \"{}\" asks for \"{}\", which this service has no part of",
                            part.task, part.kind));
  }
  if (!code.empty() || empty_part)
    turn.artifacts.push_back(code_artifact(model, part, std::move(code)));
  if (!documents.empty()) {
    turn.artifacts.push_back(documentation_artifact(part, std::move(documents)));
  }
  if (!task.feedback.empty()) {
    turn.notes.push_back(fmt::format(
        "{} finding(s) came back, the first: {}. The offline engine writes code from the "
        "requirement model by fixed rules and can't learn from findings: this is the same code "
        "again. A failure here is a defect of the engine or of the model.",
        task.feedback.size(), task.feedback.front().message));
  }
  return turn;
}

}  // namespace cadre::offline::developer
