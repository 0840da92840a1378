// test_errors.py: bodies that are no JSON, rows that do not exist, rows that others need.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "offline/qa/scene.h"

namespace cadre::offline::qa {
namespace {

using spec::Endpoint;
using spec::OperationKind;

constexpr const char* kFile = "tests/test_errors.py";

// The actor of the recipe with a record that need not exist.
std::string any_actor(const Context& context, const std::string& operation) {
  auto found = context.recipes.operations.find(operation);
  if (!context.contract.has_actors || found == context.recipes.operations.end()) return {};
  const Who& who = found->second.who;
  if (who.kind == Who::Kind::kPlain) return py_string(who.role);
  return "(" + py_string(who.role) + ", 1)";
}

Answer asked(const Context& context, const Endpoint& endpoint, const Json& body,
             std::optional<std::int64_t> row) {
  World world(context.spec, context.contract, context.recipes);
  Request request{.operation = endpoint.operation_id};
  request.now = kStartSeconds;
  request.body = body;
  request.row = row;
  auto found = context.recipes.operations.find(endpoint.operation_id);
  if (found != context.recipes.operations.end()) {
    request.role = found->second.who.role;
    if (found->second.who.kind != Who::Kind::kPlain && !request.role.empty()) request.subject = 1;
  }
  return world.ask(request);
}

void add(Suite& suite, const std::string& name, const std::string& what,
         const std::vector<std::string>& operations, const std::string& decorators,
         const std::string& arguments, const std::string& body) {
  suite.add({.id = {},
             .file = kFile,
             .name = name,
             .what = what,
             .kind = "error",
             .operations = operations,
             .rules = {},
             .decorators = decorators,
             .arguments = arguments,
             .body = body,
             .criteria = {}});
}

Py tuple(std::vector<Py> items) {
  return {.prefix = "", .open = "(", .items = std::move(items), .close = ")"};
}

std::string actor_argument(const Context& context) {
  return context.contract.has_actors ? ", actor=actor" : "";
}

std::string actor_name(const Context& context) {
  return context.contract.has_actors ? ", actor" : "";
}

std::string parametrize(const Context& context, const char* names, std::vector<Py> cases) {
  (void)context;
  return statement(0, "@", call("pytest.mark.parametrize", {leaf(names), list(std::move(cases))}));
}

const char* names_of(const Context& context) {
  return context.contract.has_actors ? "(\"method\", \"path\", \"actor\")"
                                     : "(\"method\", \"path\")";
}

Py case_of(const Context& context, const Endpoint& endpoint, const std::string& row) {
  std::string path = text::replace_all(endpoint.path, "{" + endpoint.id_parameter + "}", row);
  std::vector<Py> items = {leaf(py_string(endpoint.method)), leaf(py_string(path))};
  if (context.contract.has_actors) items.push_back(leaf(any_actor(context, endpoint.operation_id)));
  return tuple(std::move(items));
}

void unknown_rows(Suite& suite) {
  const Context& context = suite.context();
  std::vector<Py> missing, nonsense;
  std::vector<std::string> operations;
  for (const Endpoint& endpoint : context.contract.endpoints) {
    if (!has_row(endpoint) || !context.recipes.operations.contains(endpoint.operation_id)) continue;
    bool takes_body = endpoint.method == "PATCH" || endpoint.method == "POST";
    Json body = takes_body ? Json(JsonObject{}) : Json(nullptr);
    if (asked(context, endpoint, body, 999'999).status == 404) {
      missing.push_back(case_of(context, endpoint, "999999"));
    }
    operations.push_back(endpoint.operation_id);
    if (nonsense.size() >= 24) continue;
    for (const char* row : {"0", "-1", "abc", "1.5"}) {
      nonsense.push_back(case_of(context, endpoint, row));
    }
  }
  std::string send =
      "    body = {} if method in (\"PATCH\", \"POST\") else None\n"
      "    response = api.send(method, path, body" +
      actor_argument(context) + ")\n";
  std::string arguments = "api, method, path" + actor_name(context);
  if (!missing.empty()) {
    add(suite, "test_unknown_rows_are_not_found", "A row that does not exist is answered with 404.",
        operations, parametrize(context, names_of(context), std::move(missing)), arguments,
        send + "    expect_problem(response, 404, \"not_found\")\n");
  }
  if (!nonsense.empty()) {
    add(suite, "test_ids_are_positive_integers", "An id that cannot be one is refused.", {},
        parametrize(context, names_of(context), std::move(nonsense)), arguments,
        send + "    expect_problem(response, 422, \"invalid\")\n");
  }
}

void bodies(Suite& suite) {
  const Context& context = suite.context();
  std::vector<Py> writers;
  const Endpoint* text_endpoint = nullptr;
  std::vector<Py> bare;  // actions without inputs
  for (const Endpoint& endpoint : context.contract.endpoints) {
    if (!context.recipes.operations.contains(endpoint.operation_id)) continue;
    if (endpoint.body.empty()) {
      const bool action = endpoint.method == "POST" && bare.size() < 24;
      if (action) bare.push_back(case_of(context, endpoint, "1"));
      continue;
    }
    writers.push_back(case_of(context, endpoint, "1"));
    for (const spec::Field& field : endpoint.body) {
      bool text = field.type == spec::Type::kString || field.type == spec::Type::kText;
      if (makes_row(endpoint) && text && !text_endpoint) text_endpoint = &endpoint;
    }
  }
  std::string arguments = "api, method, path" + actor_name(context);
  if (!bare.empty()) {
    add(suite, "test_actions_without_inputs_take_no_other_body",
        "JSON that is no empty object is refused where nothing is to be given.", {},
        parametrize(context, names_of(context), bare), arguments,
        "    for content in (\"[]\", \"1\", \"null\"):\n"
        "        response = api.raw(method, path, content" +
            actor_argument(context) +
            ")\n"
            "        expect_problem(response, 422, \"invalid\")\n");
  }
  if (writers.empty()) return;
  add(suite, "test_bodies_must_be_json", "A body that is no JSON is refused as such.", {},
      parametrize(context, names_of(context), writers), arguments,
      "    for content in (\"{\", \"{'a': 1}\", \"not json\"):\n"
      "        response = api.raw(method, path, content" +
          actor_argument(context) +
          ")\n"
          "        expect_problem(response, 422, \"invalid_json\")\n");
  add(suite, "test_bodies_must_be_objects", "JSON that is no object is refused.", {},
      parametrize(context, names_of(context), writers), arguments,
      "    for content in (\"[]\", \"1\", '\"text\"'):\n"
      "        response = api.raw(method, path, content" +
          actor_argument(context) +
          ")\n"
          "        expect_problem(response, 422, \"invalid\")\n");
  add(suite, "test_unknown_fields_are_refused",
      "A field that the contract does not name is refused.", {},
      parametrize(context, names_of(context), writers), arguments,
      "    body = {\"no_such_field\": 1}\n    response = api.send(method, path, body" +
          actor_argument(context) +
          ")\n"
          "    expect_problem(response, 422, \"invalid\", field=\"no_such_field\")\n");
  if (!text_endpoint) return;
  std::string field;
  for (const spec::Field& one : text_endpoint->body) {
    bool text = one.type == spec::Type::kString || one.type == spec::Type::kText;
    if (text && field.empty()) field = one.name;
  }
  std::vector<Py> request = {leaf(py_string(text_endpoint->path)),
                             dict({{field, leaf("\"x\" * 1_000_000")}})};
  if (context.contract.has_actors) {
    request.push_back(named("actor", leaf(any_actor(context, text_endpoint->operation_id))));
  }
  add(suite, "test_huge_values_are_refused",
      "A value of a megabyte is refused, and nothing breaks.", {}, "", "api",
      statement(4, "response = ", call("api.post", std::move(request))) +
          "    expect_problem(response, 422, \"invalid\")\n");
}

void unknown_references(Suite& suite, const Endpoint& endpoint) {
  const Context& context = suite.context();
  for (const spec::Field& field : endpoint.body) {
    if (field.ref.empty() || !context.recipes.operations.contains(endpoint.operation_id)) continue;
    Scene scene(context);
    const std::string& id = endpoint.operation_id;
    std::string row = has_row(endpoint) ? scene.ready(id) : "";
    std::string body;
    std::vector<std::pair<std::string, Value>> fields;
    if (endpoint.method == "PATCH") {
      fields.emplace_back(field.name, Value::of(999'999));
    } else {
      body = scene.body(id);
      fields.emplace_back(field.name, Value::of(999'999));
    }
    if (scene.call(id, row, body, fields).code != "unknown_reference" || !scene.ok()) continue;
    scene.expect_problem();
    add(suite, fmt::format("test_{}_needs_an_existing_{}", text::snake_case(id), field.name),
        "A reference to a row that does not exist is refused.", {id}, "", scene.arguments(),
        scene.text());
  }
}

const Endpoint* find_kind(const Context& context, const std::string& entity, OperationKind kind) {
  for (const Endpoint& endpoint : context.contract.endpoints) {
    if (endpoint.operation && endpoint.entity == entity && endpoint.operation->kind == kind &&
        context.recipes.operations.contains(endpoint.operation_id)) {
      return &endpoint;
    }
  }
  return nullptr;
}

// Deleting a row that others refer to: refused, or they go too, or their reference is emptied.
void deletions(Suite& suite, const spec::Relation& relation) {
  const Context& context = suite.context();
  const Endpoint* remove = find_kind(context, relation.to, OperationKind::kDelete);
  const Endpoint* read = find_kind(context, relation.from, OperationKind::kRead);
  if (!remove || !context.recipes.creates.contains(relation.from) || relation.from == relation.to)
    return;
  Scene scene(context);
  std::string parent = scene.ready(remove->operation_id);
  std::string child = scene.make(relation.from, {{relation.role + "_id", Value::row(parent)}});
  scene.call(remove->operation_id, parent);
  if (!scene.ok() || scene.answer().status == 0) return;
  if (!scene.answer().ok() && scene.answer().code != "referenced") return;  // a rule's test says it
  bool refused = !scene.answer().ok();
  scene.expect_answer();
  if (read) {
    Token token = scene.token_for(read->operation_id, child);
    scene.get(read->operation_id, {}, &token, child);
    scene.expect_answer();
  }
  add(suite,
      fmt::format("test_{}_with_a_{}", text::snake_case(remove->operation_id),
                  text::snake_case(relation.from) + "_as_" + text::snake_case(relation.role)),
      refused ? "A row that others refer to cannot be deleted."
              : "Deleting a row takes care of the rows that refer to it.",
      {remove->operation_id}, "", scene.arguments(), scene.text());
}

}  // namespace

void write_errors(Suite& suite) {
  const Context& context = suite.context();
  suite.open_file(kFile, "What goes wrong, and how the service says so.");
  bodies(suite);
  unknown_rows(suite);
  for (const Endpoint& endpoint : context.contract.endpoints) unknown_references(suite, endpoint);
  for (const spec::Relation& relation : context.spec.relations) {
    if (relation.cardinality != spec::Cardinality::kManyToMany) deletions(suite, relation);
  }
}

}  // namespace cadre::offline::qa
