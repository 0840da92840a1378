#include "offline/architect/architect.h"

#include <utility>

#include "offline/architect/design.h"
#include "spec/model.h"

namespace cadre::offline::architect {
namespace {

Result<spec::Spec> read_model(const Task& task) {
  const auto at = task.inputs.find("requirements");
  if (at == task.inputs.end() || at->second == nullptr) {
    return fail(ErrorCode::kInvalidInput, "the design needs the requirements artifact",
                "let the stage `design` need `requirements`");
  }
  const Json* model = json::find(at->second->data, "spec");
  if (model == nullptr) {
    return fail(ErrorCode::kInvalidInput, "the requirements artifact has no model under \"spec\"",
                "the offline Architect designs from the offline Product Manager's model");
  }
  return spec::spec_from_json(*model);
}

Artifact make(std::string type, Json data, std::vector<File> files) {
  return Artifact{std::move(type), std::move(data), std::move(files)};
}

}  // namespace

Result<Turn> perform(const Task& task, std::span<const ToolResult>) {
  Result<spec::Spec> model = read_model(task);
  if (!model) return propagate(model);
  const auto stories = task.inputs.find("user_stories");
  if (stories == task.inputs.end() || stories->second == nullptr) {
    return fail(ErrorCode::kInvalidInput, "the design needs the user_stories artifact",
                "let the stage `design` need `user_stories`");
  }
  const Design design = make_design(*model, stories->second->data);
  Turn turn;
  std::vector<File> documents{{"docs/architecture.md", architecture_document(design), false}};
  for (const Decision& decision : design.decisions) {
    documents.push_back(
        {"docs/adr/" + decision_file(decision) + ".md", decision_document(decision), false});
  }
  turn.artifacts.push_back(make("architecture", architecture_json(design), std::move(documents)));
  turn.artifacts.push_back(make("data_structures", data_structures_json(design),
                                {{"migrations/0001_init.sql", design.ddl, false},
                                 {"docs/data-model.md", data_model_document(design), false}}));
  turn.artifacts.push_back(make("apis", apis_json(design),
                                {{"openapi.json", json::write_pretty(design.openapi), false},
                                 {"docs/api.md", api_document(design), false}}));
  turn.artifacts.push_back(
      make("tasks", tasks_json(design), {{"docs/tasks.md", tasks_document(design), false}}));
  turn.notes.push_back(std::to_string(design.components.size()) + " components, " +
                       std::to_string(design.contract.endpoints.size()) + " operations, " +
                       std::to_string(design.tasks.size()) + " tasks");
  return turn;
}

}  // namespace cadre::offline::architect
