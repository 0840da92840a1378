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
      : suite_(suite), context_(suite.context()), entity_(entity),
        file_("tests/test_state_" + text::snake_case(entity.id) + ".py") {}

  void write() {
    suite_.open_file(file_, fmt::format("The states of {}: every action in every state.",
                                        safe_text(entity_.name.empty() ? entity_.id : entity_.name)));
    initial();
    auto ways = context_.recipes.ways.find(entity_.id);
    for (const std::string& state : entity_.lifecycle->states) {
      if (ways == context_.recipes.ways.end() || !ways->second.contains(state)) {
        suite_.gaps.push_back(fmt::format(
            "No sequence of requests was found that brings {} to the state {}.", entity_.id, state));
      }
    }
    for (const Endpoint& endpoint : context_.contract.endpoints) {
      bool moves = endpoint.operation && endpoint.entity == entity_.id && is_action(endpoint) &&
                   std::any_of(entity_.lifecycle->transitions.begin(),
                               entity_.lifecycle->transitions.end(), [&](const auto& edge) {
                                 return edge.by == endpoint.operation_id;
                               });
      if (moves) action(endpoint);
    }
  }

 private:
  void add(const Scene& scene, const std::string& name, const std::string& what,
           const std::vector<std::string>& operations) {
    if (!scene.ok()) return;
    suite_.add({.id = {}, .file = file_, .name = "test_" + text::snake_case(name), .what = what,
                .kind = "transition", .operations = operations,
                .rules = rules_of_lifecycle(context_.spec, entity_.id), .decorators = {},
                .arguments = scene.arguments(), .body = scene.text(), .criteria = {}});
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

namespace {

// Operations on all rows that a condition picks: rows of many kinds, the clock moved on, and then
// how many were changed and what became of one of them.
void bulk(Suite& suite, const std::string& file, const Endpoint& endpoint) {
  const Context& context = suite.context();
  const std::string& id = endpoint.operation_id;
  auto create = context.recipes.creates.find(endpoint.entity);
  if (create == context.recipes.creates.end()) return;
  Scene scene(context);
  std::vector<std::string> rows = {scene.make(endpoint.entity)};
  auto try_row = [&](const Given& given, const std::string& state) {
    Scene trial = scene;
    std::string row = trial.make(endpoint.entity, given, state);
    if (!trial.ok()) return;
    scene = trial;
    rows.push_back(row);
  };
  for (const spec::Field& field : create->second.endpoint->body) {
    int left = 3;
    for (const Gen& gen : other_gens(context.spec, field)) {
      if (gen.kind != Gen::Kind::kLiteral || left-- <= 0) continue;
      try_row({{field.name, Value::of(gen.value)}}, "");
    }
  }
  auto ways = context.recipes.ways.find(endpoint.entity);
  if (ways != context.recipes.ways.end()) {
    for (const auto& [state, way] : ways->second) {
      if (!way.empty()) try_row({}, state);
    }
  }
  scene.clock(40 * kDay);
  std::vector<Json> before;
  for (const std::string& row : rows) {
    before.push_back(scene.world().read(endpoint.entity, json::get_int(*scene.world().row_of(row), "id")).body);
  }
  if (!scene.call(id).ok() || !scene.ok()) return;
  std::int64_t changed = json::get_int(scene.answer().body, "changed");
  if (changed == 0) {
    suite.gaps.push_back(fmt::format("{} changed nothing in every situation tried.", id));
    return;
  }
  scene.line(fmt::format("assert expect_status(response, 200) == {{\"changed\": {}}}", changed));
  for (const Endpoint& read : context.contract.endpoints) {
    if (!read.operation || read.operation->kind != spec::OperationKind::kRead ||
        read.entity != endpoint.entity || !context.recipes.operations.contains(read.operation_id)) {
      continue;
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      Scene trial = scene;
      if (!trial.call(read.operation_id, rows[i]).ok() || trial.answer().body == before[i]) continue;
      trial.expect_row();
      scene = trial;
      break;
    }
  }
  suite.add({.id = {}, .file = file, .name = "test_" + text::snake_case(id),
             .what = fmt::format("{} changes the rows that it is about.", id), .kind = "effect",
             .operations = {id}, .rules = rules_of_effects(context.spec, *endpoint.operation),
             .decorators = {}, .arguments = scene.arguments(), .body = scene.text(), .criteria = {}});
}

}  // namespace

// Every action on a row, with its whole answer, and what it did to the rows it refers to.
void write_effects(Suite& suite) {
  const Context& context = suite.context();
  const std::string file = "tests/test_actions.py";
  suite.open_file(file, "What each action does: the whole row afterwards, and other rows it changes.");
  for (const Endpoint& endpoint : context.contract.endpoints) {
    if (!endpoint.operation || !context.recipes.operations.contains(endpoint.operation_id)) continue;
    bool many = endpoint.operation->kind == spec::OperationKind::kBulk ||
                endpoint.operation->kind == spec::OperationKind::kScheduled;
    if (many) bulk(suite, file, endpoint);
    if (!is_action(endpoint) && !makes_row(endpoint)) continue;
    const std::string& id = endpoint.operation_id;
    Scene scene(context);
    // Rows that it refers to are made here, so that the test can look at them afterwards.
    std::vector<std::pair<std::string, std::string>> others;  // entity, variable
    Given given;
    const Recipe& recipe = context.recipes.operations.at(id);
    const Recipe& maker = makes_row(endpoint) || !context.recipes.creates.contains(endpoint.entity)
                              ? recipe
                              : context.recipes.creates.at(endpoint.entity);
    for (const auto& [name, gen] : maker.body) {
      if (gen.kind != Gen::Kind::kRow || recipe.given.contains(name)) continue;
      Given fields;
      for (const auto& [field, value] : gen.given) fields[field] = Value::of(value);
      std::string var = scene.make(gen.entity, fields, gen.state);
      given[name] = Value::row(var);
      others.emplace_back(gen.entity, var);
    }
    std::string row, body;
    if (makes_row(endpoint)) {
      body = scene.body(id, given);
    } else {
      row = scene.ready(id, given);
      if (!endpoint.body.empty()) body = scene.body(id);
    }
    bool changed = false;
    std::map<std::string, Json> before;
    for (const auto& [entity, var] : others) {
      Answer now = scene.world().read(entity, json::get_int(*scene.world().row_of(var), "id"));
      if (now.ok()) before[var] = now.body;
    }
    if (!scene.call(id, row, body).ok() || !scene.ok()) continue;
    scene.expect_row();
    for (const auto& [entity, var] : others) {
      for (const Endpoint& read : context.contract.endpoints) {
        if (!read.operation || read.operation->kind != spec::OperationKind::kRead ||
            read.entity != entity || !context.recipes.operations.contains(read.operation_id)) {
          continue;
        }
        Scene trial = scene;
        if (!trial.call(read.operation_id, var).ok() || trial.answer().body == before[var]) continue;
        scene.call(read.operation_id, var);
        scene.expect_row();
        changed = true;
      }
    }
    if (makes_row(endpoint) && !changed) continue;  // the CRUD test says the same
    suite.add({.id = {}, .file = file, .name = "test_" + text::snake_case(id),
               .what = fmt::format("{} does all that it should, and nothing else.", id),
               .kind = "effect", .operations = {id},
               .rules = rules_of_effects(context.spec, *endpoint.operation), .decorators = {},
               .arguments = scene.arguments(), .body = scene.text(), .criteria = {}});
  }
}

}  // namespace cadre::offline::qa
