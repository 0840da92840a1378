// test_concurrency.py: eight requests at once, of which a counting rule allows only some.
#include <fmt/format.h>

#include "base/text.h"
#include "offline/qa/rule_search.h"

namespace cadre::offline::qa {
namespace {

constexpr const char* kFile = "tests/test_concurrency.py";
constexpr int kRacesMax = 4;

bool counts(const spec::Expr& expr) {
  if (expr.is_call("count") || expr.is_call("sum") || expr.is_call("exists")) return true;
  for (const spec::Expr& argument : expr.args) {
    if (counts(argument)) return true;
  }
  return false;
}

// The arguments of a factory call, from the shared rows.
Py factory(const Scene& scene, const std::string& function, const Given& given) {
  std::vector<std::pair<std::string, Py>> members;
  for (const auto& [name, value] : given) members.emplace_back(name, scene.python(value));
  Py rest = dict(std::move(members));
  rest.prefix = "**";
  return call(function, {std::move(rest)});
}

std::string actor_python(const Context& context, const std::string& operation) {
  const Who& who = context.recipes.operations.at(operation).who;
  switch (who.kind) {
    case Who::Kind::kNobody: return {};
    case Who::Kind::kField:
      return "(" + py_string(who.role) + ", body[" + py_string(who.field) + "])";
    case Who::Kind::kFresh: return "(" + py_string(who.role) + ", caller[\"id\"])";
    default: return py_string(who.role);
  }
}

void race(Suite& suite, const spec::Endpoint& endpoint, const spec::Guard& guard, Race found) {
  const Context& context = suite.context();
  std::string id = text::snake_case(endpoint.operation_id);
  const Who& who = context.recipes.operations.at(endpoint.operation_id).who;
  Py made = factory(found.setup, "make." + id + "_body", found.shared);
  std::string body = found.setup.text(flat(made));
  if (who.kind == Who::Kind::kFresh) {
    body += "    caller = make." + method_name(who.entity) + "()\n";
  }
  body += fmt::format("    bodies = [\n{}        for _ in range({})\n    ]\n\n",
                      statement(8, "", made), found.threads);
  std::vector<Py> arguments = {leaf(py_string(endpoint.path)), leaf("body")};
  std::string actor = actor_python(context, endpoint.operation_id);
  if (!actor.empty()) arguments.push_back(named("actor", leaf(actor)));
  body += "    def send(body):\n" +
          statement(8, "return ", call("api.post", std::move(arguments)), ".status_code") +
          fmt::format(
              "\n    with ThreadPoolExecutor({}) as pool:\n"
              "        statuses = list(pool.map(send, bodies))\n"
              "    assert sorted(statuses) == [201] * {} + [{}] * {}\n",
              found.threads, found.allowed, guard.status, found.threads - found.allowed);
  suite.add(
      {.id = {},
       .file = kFile,
       .name = fmt::format("test_{}_holds_when_{}_races", text::snake_case(guard.id), id),
       .what = fmt::format("Of {} requests at once, {} get through.", found.threads, found.allowed),
       .kind = "rule",
       .operations = {endpoint.operation_id},
       .rules = {guard.id},
       .decorators = {},
       .arguments = "api, make",
       .body = std::move(body),
       .criteria = {}});
}

}  // namespace

void write_concurrency(Suite& suite) {
  const Context& context = suite.context();
  suite.open_file(kFile, "Rules that count hold when requests arrive at the same time.");
  int races = 0;
  for (const spec::Endpoint& endpoint : context.contract.endpoints) {
    if (!endpoint.operation) continue;
    for (const spec::Guard& guard : endpoint.operation->guards) {
      if (!counts(guard.require) || races >= kRacesMax) continue;
      if (guard.status <= 201) continue;
      auto found = search_race(context, endpoint, guard);
      if (!found) continue;
      race(suite, endpoint, guard, std::move(*found));
      ++races;
    }
  }
}

}  // namespace cadre::offline::qa
