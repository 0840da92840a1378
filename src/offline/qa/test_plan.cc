#include "offline/qa/test_plan.h"

#include <fmt/format.h>

#include "base/text.h"
#include "offline/qa/suite.h"
#include "offline/qa/templates.h"

namespace cadre::offline::qa {
namespace {

Json data_of(const Suite& suite) {
  JsonArray tests;
  for (const Test& test : suite.tests()) {
    JsonObject one;
    one["id"] = test.id;
    one["file"] = test.file;
    one["name"] = test.name;
    one["what"] = test.what;
    one["criteria"] = json::to_array(test.criteria);
    one["rules"] = json::to_array(test.rules);
    one["operation"] = test.operations.empty() ? Json(nullptr) : Json(test.operations.front());
    one["operations"] = json::to_array(test.operations);
    one["kind"] = test.kind;
    tests.push_back(std::move(one));
  }
  JsonObject data;
  data["tests"] = std::move(tests);
  data["uncovered_criteria"] = json::to_array(suite.uncovered());
  data["gaps"] = json::to_array(suite.gaps);
  return data;
}

}  // namespace

std::vector<Artifact> tests_for(const spec::Spec& spec, const Json& user_stories) {
  spec::Contract contract = derive_contract(spec);
  Recipes recipes = find_recipes(spec, contract);
  Context context{.spec = spec,
                  .contract = contract,
                  .recipes = recipes,
                  .criteria = criteria_of(user_stories)};
  Suite suite(context);
  for (const std::string& operation : recipes.missing) {
    suite.gaps.push_back(fmt::format("No accepted request was found for {}.", operation));
  }
  write_contract_tests(suite);
  write_crud(suite);
  write_validation(suite);
  write_effects(suite);
  write_rules(suite);
  write_states(suite);
  write_permissions(suite);
  write_lists(suite);
  write_reports(suite);
  write_errors(suite);
  write_concurrency(suite);
  write_invariants(suite);
  suite.finish();

  Artifact tests{.type = "test_suite", .data = data_of(suite), .files = suite.files()};
  tests.files.push_back({.path = "tests/__init__.py", .content = ""});
  for (const char* name : {"conftest.py", "support.py", "differential_app.py", "mutation.py"}) {
    tests.files.push_back({.path = std::string("tests/") + name,
                           .content = template_text(name, contract.has_actors)});
  }
  Artifact data{.type = "test_data", .data = JsonObject{}, .files = {}};
  data.files.push_back({.path = "tests/factories.py", .content = factories_text(context)});
  JsonArray factories;
  for (const auto& [entity, recipe] : recipes.creates) factories.emplace_back(entity);
  data.data.get_object()["factories"] = std::move(factories);
  JsonObject states;
  for (const auto& [entity, ways] : recipes.ways) {
    JsonArray reached;
    for (const auto& way : ways) reached.emplace_back(way.first);
    states[entity] = std::move(reached);
  }
  data.data.get_object()["states"] = std::move(states);
  return {std::move(tests), std::move(data)};
}

Result<Turn> plan_tests(const Task& task) {
  auto requirements = task.inputs.find("requirements");
  const Json* model =
      requirements == task.inputs.end() ? nullptr : json::find(requirements->second->data, "spec");
  if (!model) {
    return fail(ErrorCode::kInvalidInput,
                "The requirements have no `spec`: there is no model to test.");
  }
  Result<spec::Spec> spec = spec::spec_from_json(*model);
  if (!spec) return propagate(spec);
  auto stories = task.inputs.find("user_stories");
  Turn turn;
  turn.artifacts =
      tests_for(*spec, stories == task.inputs.end() ? Json(JsonObject{}) : stories->second->data);
  const JsonObject& data = turn.artifacts.front().data.get_object();
  turn.notes.push_back(fmt::format("Wrote {} tests from the specification and the contract.",
                                   data.at("tests").as_array().size()));
  for (const Json& gap : data.at("gaps").as_array()) {
    turn.notes.emplace_back(json::as_view(gap.as_string()));
  }
  return turn;
}

}  // namespace cadre::offline::qa
