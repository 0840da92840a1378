// test_actions.py: what actions and bulk operations do, to their own row and to others.
#include <fmt/format.h>

#include "base/text.h"
#include "offline/qa/scene.h"

namespace cadre::offline::qa {
namespace {

using spec::Endpoint;

constexpr const char* kFile = "tests/test_actions.py";

void add(Suite& suite, const Scene& scene, const Endpoint& endpoint, const std::string& what) {
  if (!scene.ok()) return;
  suite.add({.id = {},
             .file = kFile,
             .name = "test_" + text::snake_case(endpoint.operation_id),
             .what = what,
             .kind = "effect",
             .operations = {endpoint.operation_id},
             .rules = rules_of_effects(suite.context().spec, *endpoint.operation),
             .decorators = {},
             .arguments = scene.arguments(),
             .body = scene.text(),
             .criteria = {}});
}

const Endpoint* reader_of(const Context& context, const std::string& entity) {
  for (const Endpoint& read : context.contract.endpoints) {
    if (read.operation && read.operation->kind == spec::OperationKind::kRead &&
        read.entity == entity && context.recipes.operations.contains(read.operation_id)) {
      return &read;
    }
  }
  return nullptr;
}

// Operations on all rows that a condition picks: rows of many kinds, the clock moved on, and then
// how many were changed and what became of one of them.
void bulk(Suite& suite, const Endpoint& endpoint) {
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
    before.push_back(
        scene.world().read(endpoint.entity, json::get_int(*scene.world().row_of(row), "id")).body);
  }
  if (!scene.call(id).ok() || !scene.ok()) return;
  std::int64_t changed = json::get_int(scene.answer().body, "changed");
  if (changed == 0) {
    suite.gaps.push_back(fmt::format("{} changed nothing in every situation tried.", id));
    return;
  }
  scene.line(fmt::format("assert expect_status(response, 200) == {{\"changed\": {}}}", changed));
  const Endpoint* read = reader_of(context, endpoint.entity);
  for (std::size_t i = 0; read && i < rows.size(); ++i) {
    Scene trial = scene;
    if (!trial.call(read->operation_id, rows[i]).ok() || trial.answer().body == before[i]) continue;
    trial.expect_row();
    scene = std::move(trial);
    break;
  }
  add(suite, scene, endpoint, fmt::format("{} changes the rows that it is about.", id));
}

// Rows that the operation refers to, made by the test so that it can look at them afterwards.
struct Others {
  Given given;
  std::vector<std::pair<std::string, std::string>> rows;  // entity, variable
};

Others make_others(const Context& context, Scene& scene, const Endpoint& endpoint) {
  Others out;
  const Recipe& recipe = context.recipes.operations.at(endpoint.operation_id);
  bool creates = makes_row(endpoint) || !context.recipes.creates.contains(endpoint.entity);
  const Recipe& maker = creates ? recipe : context.recipes.creates.at(endpoint.entity);
  for (const auto& [name, gen] : maker.body) {
    if (gen.kind != Gen::Kind::kRow || recipe.given.contains(name)) continue;
    Given fields;
    for (const auto& [field, value] : gen.given) fields[field] = Value::of(value);
    std::string var = scene.make(gen.entity, fields, gen.state);
    out.given[name] = Value::row(var);
    out.rows.emplace_back(gen.entity, var);
  }
  return out;
}

// One action with its whole answer, and what it did to the rows it refers to.
void action(Suite& suite, const Endpoint& endpoint) {
  const Context& context = suite.context();
  const std::string& id = endpoint.operation_id;
  Scene scene(context);
  Others others = make_others(context, scene, endpoint);
  std::string row, body;
  if (!makes_row(endpoint)) row = scene.ready(id, others.given);
  if (makes_row(endpoint) || !endpoint.body.empty()) {
    body = scene.body(id, makes_row(endpoint) ? others.given : Given{});
  }
  if (!scene.ok()) return;
  std::map<std::string, Json> before;
  for (const auto& [entity, var] : others.rows) {
    Answer now = scene.world().read(entity, json::get_int(*scene.world().row_of(var), "id"));
    if (now.ok()) before[var] = now.body;
  }
  if (!scene.call(id, row, body).ok() || !scene.ok()) return;
  scene.expect_row();
  bool changed = false;
  for (const auto& [entity, var] : others.rows) {
    const Endpoint* read = reader_of(context, entity);
    if (!read) continue;
    Scene trial = scene;
    if (!trial.call(read->operation_id, var).ok() || trial.answer().body == before[var]) continue;
    trial.expect_row();
    scene = std::move(trial);
    changed = true;
  }
  if (makes_row(endpoint) && !changed) return;  // the CRUD test says the same
  add(suite, scene, endpoint, fmt::format("{} does all that it should, and nothing else.", id));
}

}  // namespace

void write_effects(Suite& suite) {
  const Context& context = suite.context();
  suite.open_file(kFile,
                  "What each action does: the whole row afterwards, and other rows it changes.");
  for (const Endpoint& endpoint : context.contract.endpoints) {
    if (!endpoint.operation || !context.recipes.operations.contains(endpoint.operation_id)) {
      continue;
    }
    bool many = endpoint.operation->kind == spec::OperationKind::kBulk ||
                endpoint.operation->kind == spec::OperationKind::kScheduled;
    if (many) bulk(suite, endpoint);
    if (is_action(endpoint) || makes_row(endpoint)) action(suite, endpoint);
  }
}

}  // namespace cadre::offline::qa
