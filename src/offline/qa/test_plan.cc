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

// A short story with every kind of record, for demonstrations: requests and the answers' statuses.
Json scenario(const Context& context) {
  World world(context.spec, context.contract, context.recipes);
  JsonArray steps;
  for (const spec::Endpoint& endpoint : context.contract.endpoints) {
    auto recipe = context.recipes.operations.find(endpoint.operation_id);
    if (!makes_row(endpoint) || recipe == context.recipes.operations.end()) continue;
    Answer body = world.body_of(recipe->second, {}, true);
    if (!body.ok()) continue;
    JsonObject step;
    step["operation"] = endpoint.operation_id;
    step["method"] = endpoint.method;
    step["path"] = endpoint.path;
    if (context.contract.has_actors) step["actor"] = recipe->second.who.role;
    step["body"] = body.body;
    step["expect"] = endpoint.success;
    steps.push_back(std::move(step));
  }
  JsonObject out;
  out["about"] =
      "Requests that the service accepts, one for each kind of record. References name "
      "rows that must exist; tests/factories.py makes them.";
  out["requests"] = std::move(steps);
  return out;
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
  data.files.push_back(
      {.path = "tests/data/scenario.json", .content = json::write_pretty(scenario(context))});
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
