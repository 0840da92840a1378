// test_state_<entity>.py: every state by every action, from the lifecycle of the model.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "offline/qa/scene.h"

namespace cadre::offline::qa {
namespace {

using spec::Endpoint;

class States {
 public:
  States(Suite& suite, const spec::Entity& entity)
      : suite_(suite),
        context_(suite.context()),
        entity_(entity),
        file_("tests/test_state_" + text::snake_case(entity.id) + ".py") {}

  void write() {
    suite_.open_file(file_,
                     fmt::format("The states of {}: every action in every state.",
                                 safe_text(entity_.name.empty() ? entity_.id : entity_.name)));
    initial();
    auto ways = context_.recipes.ways.find(entity_.id);
    for (const std::string& state : entity_.lifecycle->states) {
      if (ways == context_.recipes.ways.end() || !ways->second.contains(state)) {
        suite_.gaps.push_back(
            fmt::format("No sequence of requests was found that brings {} to the state {}.",
                        entity_.id, state));
      }
    }
    for (const Endpoint& endpoint : context_.contract.endpoints) {
      bool moves =
          endpoint.operation && endpoint.entity == entity_.id && is_action(endpoint) &&
          std::any_of(entity_.lifecycle->transitions.begin(), entity_.lifecycle->transitions.end(),
                      [&](const auto& edge) { return edge.by == endpoint.operation_id; });
      if (moves) action(endpoint);
    }
  }

 private:
  void add(const Scene& scene, const std::string& name, const std::string& what,
           const std::vector<std::string>& operations) {
    if (!scene.ok()) return;
    suite_.add({.id = {},
                .file = file_,
                .name = "test_" + text::snake_case(name),
                .what = what,
                .kind = "transition",
                .operations = operations,
                .rules = rules_of_lifecycle(context_.spec, entity_.id),
                .decorators = {},
                .arguments = scene.arguments(),
                .body = scene.text(),
                .criteria = {}});
  }

  void initial() {
    auto create = context_.recipes.creates.find(entity_.id);
    if (create == context_.recipes.creates.end()) return;
    Scene scene(context_);
    std::string row = scene.make(entity_.id);
    const Json* made = scene.world().row_of(row);
    std::string state = made ? json::get_string(*made, entity_.lifecycle->attribute) : "";
    if (state.empty()) return;
    scene.line(fmt::format("assert {}[{}] == {}", row, py_string(entity_.lifecycle->attribute),
                           py_string(state)));
    add(scene, text::snake_case(entity_.id) + "_begins_as_" + text::snake_case(state),
        fmt::format("A new row is {}.", state), {create->second.endpoint->operation_id});
  }

  // The row in `state`, ready for the action where it is the recipe's own state.
  std::string row_in(Scene& scene, const Recipe& recipe, const std::string& state,
                     const std::string& way) {
    bool own = recipe.state == state || (recipe.state.empty() && way.empty());
    if (own) return scene.ready(recipe.endpoint->operation_id);
    Given given;
    for (const auto& [name, value] : recipe.given) given[name] = Value::of(value);
    return scene.make(entity_.id, given, way.empty() ? "" : state);
  }

  void action(const Endpoint& endpoint) {
    const std::string& id = endpoint.operation_id;
    auto recipe = context_.recipes.operations.find(id);
    auto ways = context_.recipes.ways.find(entity_.id);
    if (recipe == context_.recipes.operations.end() || ways == context_.recipes.ways.end()) {
      suite_.gaps.push_back(fmt::format("No accepted request was found for {}.", id));
      return;
    }
    for (const std::string& state : entity_.lifecycle->states) {
      auto way = ways->second.find(state);
      if (way == ways->second.end()) continue;
      Scene scene(context_);
      std::string row = row_in(scene, recipe->second, state, way->second);
      std::string body = endpoint.body.empty() ? "" : scene.body(id);
      const Answer& answer = scene.call(id, row, body);
      if (!scene.ok() || answer.status == 0) continue;
      bool moved = answer.ok();
      std::string to = json::get_string(answer.body, entity_.lifecycle->attribute);
      scene.expect_answer();
      std::string what = moved ? fmt::format("{} leads from {} to {}.", id, state, to)
                               : fmt::format("{} is refused in the state {}.", id, state);
      add(scene, fmt::format("{}_from_{}", id, text::snake_case(state)), what, {id});
    }
  }

  Suite& suite_;
  const Context& context_;
  const spec::Entity& entity_;
  std::string file_;
};

}  // namespace

void write_states(Suite& suite) {
  for (const spec::Entity& entity : suite.context().spec.entities) {
    if (entity.lifecycle) States(suite, entity).write();
  }
}

}  // namespace cadre::offline::qa
