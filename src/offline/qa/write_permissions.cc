// test_permissions.py: every operation by every actor and by nobody, and whose rows they are.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "offline/qa/scene.h"

namespace cadre::offline::qa {
namespace {

using spec::Endpoint;

constexpr const char* kFile = "tests/test_permissions.py";

std::string row_path(const Endpoint& endpoint) {
  if (endpoint.id_parameter.empty()) return endpoint.path;
  return text::replace_all(endpoint.path, "{" + endpoint.id_parameter + "}", "999999");
}

std::string send(const Endpoint& endpoint, const std::string& actor) {
  std::vector<Py> arguments = {leaf(py_string(endpoint.method)),
                               leaf(py_string(row_path(endpoint)))};
  if (endpoint.method == "POST" || endpoint.method == "PATCH") arguments.push_back(leaf("{}"));
  if (!actor.empty()) arguments.push_back(named("actor", leaf(actor)));
  return statement(4, "response = ", call("api.send", std::move(arguments)));
}

// What an actor gets in an empty service: 403, or whatever comes after the permission check.
void by_actor(Suite& suite, const Endpoint& endpoint) {
  const Context& context = suite.context();
  std::vector<Py> allowed, refused;
  for (const spec::Actor& actor : context.spec.actors) {
    World world(context.spec, context.contract, context.recipes);
    Request request{.operation = endpoint.operation_id, .role = actor.id};
    if (!actor.entity.empty()) request.subject = 1;
    request.now = kStartSeconds;
    if (has_row(endpoint)) request.row = 999'999;
    if (endpoint.method == "POST" || endpoint.method == "PATCH") request.body = JsonObject{};
    Answer answer = world.ask(request);
    std::string who =
        actor.entity.empty() ? py_string(actor.id) : "(" + py_string(actor.id) + ", 1)";
    if (answer.status == 403) {
      refused.push_back(leaf(who));
    } else if (answer.status != 0) {
      allowed.push_back({.prefix = "",
                         .open = "(",
                         .items = {leaf(who), leaf(std::to_string(answer.status))},
                         .close = ")"});
    }
  }
  std::string name = text::snake_case(endpoint.operation_id);
  std::vector<std::string> rules = rules_of_permission(context.spec, endpoint.operation_id);
  Test test{.id = {},
            .file = kFile,
            .name = {},
            .what = {},
            .kind = "permission",
            .operations = {endpoint.operation_id},
            .rules = rules,
            .decorators = {},
            .arguments = "api",
            .body = {},
            .criteria = {}};
  test.name = "test_" + name + "_needs_a_token";
  test.what = endpoint.operation_id + " is refused without a token.";
  test.body = send(endpoint, "") + "    expect_problem(response, 401, \"unauthorized\")\n";
  suite.add(test);
  if (!allowed.empty()) {
    test.name = "test_" + name + "_is_open_to";
    test.what = "These actors get past the permission of " + endpoint.operation_id + ".";
    test.decorators = statement(0, "@",
                                call("pytest.mark.parametrize",
                                     {leaf("(\"actor\", \"status\")"), list(std::move(allowed))}));
    test.arguments = "api, actor, status";
    test.body = send(endpoint, "actor") + "    expect_status(response, status)\n";
    suite.add(test);
  }
  if (!refused.empty()) {
    test.name = "test_" + name + "_is_closed_to";
    test.what = "These actors may not use " + endpoint.operation_id + ".";
    test.decorators = statement(
        0, "@", call("pytest.mark.parametrize", {leaf("\"actor\""), list(std::move(refused))}));
    test.arguments = "api, actor";
    test.body = send(endpoint, "actor") + "    expect_problem(response, 403, \"forbidden\")\n";
    suite.add(test);
  }
}

void add_rows_test(Suite& suite, Scene& scene, const Endpoint& endpoint, const std::string& suffix,
                   const std::string& what) {
  if (!scene.ok()) return;
  suite.add({.id = {},
             .file = kFile,
             .name = "test_" + text::snake_case(endpoint.operation_id) + suffix,
             .what = what,
             .kind = "permission",
             .operations = {endpoint.operation_id},
             .rules = rules_of_permission(suite.context().spec, endpoint.operation_id),
             .decorators = {},
             .arguments = scene.arguments(),
             .body = scene.text(),
             .criteria = {}});
}

// A change may neither take somebody else's row nor give one's own away: the permission is asked
// before the change and after it.
void give_away(Suite& suite, const Endpoint& endpoint, const spec::Actor& actor,
               const std::string& field) {
  const Context& context = suite.context();
  const std::string& id = endpoint.operation_id;
  bool changeable = std::any_of(endpoint.body.begin(), endpoint.body.end(),
                                [&field](const spec::Field& one) { return one.name == field; });
  if (!changeable) return;
  for (bool take : {true, false}) {
    Scene scene(context);
    std::string mine = scene.make(actor.entity);
    std::string other = scene.make(actor.entity);
    std::string row = scene.ready(id, {{field, Value::row(take ? other : mine)}});
    Token token{.role = actor.id, .subject = Value::row(mine)};
    scene.call_as(token, id, row, {}, {{field, Value::row(take ? mine : other)}});
    if (scene.answer().status != 403) continue;
    scene.expect_answer();
    add_rows_test(suite, scene, endpoint,
                  std::string(take ? "_does_not_take_rows_" : "_does_not_give_rows_away_") +
                      text::snake_case(actor.id),
                  take ? "Nobody makes a row of somebody else their own."
                       : "Nobody makes a row of their own somebody else's.");
  }
}

// Rows of one's own are open, those of another are not.
void by_row(Suite& suite, const Endpoint& endpoint, const spec::Permission& permission) {
  const Context& context = suite.context();
  const spec::Actor* actor = find_actor(context.spec, permission.actor);
  if (!actor || actor->entity.empty() || !context.recipes.creates.contains(actor->entity)) return;
  const std::string& id = endpoint.operation_id;
  auto own_fields = [&] {
    std::vector<std::string> fields;
    for (const spec::Relation* relation : relations_of(context.spec, endpoint.entity)) {
      if (relation->to == actor->entity) fields.push_back(relation->role + "_id");
    }
    if (endpoint.entity == actor->entity) fields.emplace_back("id");
    return fields;
  }();
  bool is_list = endpoint.operation && endpoint.operation->kind == spec::OperationKind::kList;
  for (const std::string& field : own_fields) {
    Scene scene(context);
    std::string mine = field == "id" ? "" : scene.make(actor->entity);
    std::string other = scene.make(actor->entity);
    Token as_other{.role = actor->id, .subject = Value::row(other)};
    if (makes_row(endpoint)) {
      if (field == "id") continue;
      std::string body = scene.body(id, {{field, Value::row(mine)}});
      if (scene.call_as(as_other, id, {}, body).status != 403) continue;
      scene.expect_answer();
      if (!scene.call_as({actor->id, Value::row(mine)}, id, {}, body).ok()) continue;
      scene.expect_answer();
    } else if (is_list) {
      if (field == "id") continue;
      std::string row = scene.make(endpoint.entity, {{field, Value::row(mine)}});
      Token as_mine{actor->id, Value::row(mine)};
      if (json::get_int(scene.get(id, {}, &as_mine).body, "total") != 1) continue;
      scene.expect_ids({row});
      if (json::get_int(scene.get(id, {}, &as_other).body, "total") != 0) continue;
      scene.expect_ids({});
    } else if (has_row(endpoint)) {
      Given given;
      if (field != "id") given[field] = Value::row(mine);
      std::string row = scene.ready(id, given);
      Token as_mine{actor->id, Value{.literal = nullptr, .var = row, .field = field}};
      std::string body = endpoint.body.empty() || !is_action(endpoint) ? "" : scene.body(id);
      if (scene.call_as(as_other, id, row, body).status != 403) continue;
      scene.expect_answer();
      if (!scene.call_as(as_mine, id, row, body).ok()) continue;
      scene.expect_answer();
    } else {
      continue;
    }
    if (endpoint.method == "PATCH") give_away(suite, endpoint, *actor, field);
    add_rows_test(suite, scene, endpoint, "_only_own_rows_" + text::snake_case(actor->id),
                  fmt::format("{} may use {} on rows of their own only.", actor->id, id));
    return;
  }
}

void bad_tokens(Suite& suite) {
  const Context& context = suite.context();
  const Endpoint* endpoint = nullptr;
  for (const Endpoint& one : context.contract.endpoints) {
    if (one.operation && one.method == "GET" && one.id_parameter.empty()) endpoint = &one;
  }
  if (!endpoint) return;
  std::string path = py_string(endpoint->path);
  Test test{.id = {},
            .file = kFile,
            .name = "test_bad_tokens_are_refused",
            .what = "A token that is forged, damaged or expired is no token.",
            .kind = "permission",
            .operations = {},
            .rules = {},
            .decorators = {},
            .arguments = "client, token",
            .body = {},
            .criteria = {}};
  std::string role = py_string(context.spec.actors.front().id);
  test.decorators =
      "@pytest.mark.parametrize(\n    \"token\",\n    [\n        \"Bearer\",\n        "
      "\"Bearer nonsense\",\n        \"Bearer a.b\",\n        \"Bearer a.b.c\",\n        "
      "\"Basic dXNlcjpwYXNz\",\n        \"Bearer \" + issue_token(\"another secret\", " +
      role +
      ", 1, START + timedelta(days=1)),\n        \"Bearer \" + "
      "issue_token(SECRET, " +
      role + ", 1, START - timedelta(days=1)),\n    ],\n)\n";
  test.body =
      "    headers = {\"Authorization\": token}\n" +
      statement(4, "response = ",
                call("client.request", {leaf("\"GET\""), leaf(path), leaf("headers=headers")})) +
      "    expect_problem(response, 401, \"unauthorized\")\n";
  suite.add(test);
}

}  // namespace

void write_permissions(Suite& suite) {
  const Context& context = suite.context();
  if (!context.contract.has_actors) return;
  suite.open_file(kFile, "Who may do what: every operation, by every actor and by nobody.");
  for (const Endpoint& endpoint : context.contract.endpoints) {
    by_actor(suite, endpoint);
    for (const spec::Permission& permission : context.spec.permissions) {
      if (permission.operation == endpoint.operation_id && permission.allow && permission.rows) {
        by_row(suite, endpoint, permission);
      }
    }
  }
  bad_tokens(suite);
}

}  // namespace cadre::offline::qa
