// test_lists.py: paging, sorting, filters, search, and parameters that are refused; reports.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "offline/qa/scene.h"

namespace cadre::offline::qa {
namespace {

using spec::Endpoint;
using spec::Field;

constexpr const char* kFile = "tests/test_lists.py";
using Query = std::vector<std::pair<std::string, std::string>>;

std::string query_text(const Json& value) {
  if (value.is_string()) return std::string(json::as_view(value.get_string()));
  return json::write(value);
}

class Lists {
 public:
  Lists(Suite& suite, const Endpoint& endpoint)
      : suite_(suite),
        context_(suite.context()),
        endpoint_(endpoint),
        entity_(*find_entity(context_.spec, endpoint.entity)) {}

  void write() {
    if (!context_.recipes.creates.contains(entity_.id)) return;
    pages();
    for (const std::string& field : endpoint_.sorts) sort(field);
    for (const std::string& field : endpoint_.filters) filter(field);
    search();
    refused();
  }

 private:
  void add(const Scene& scene, const std::string& suffix, const std::string& what) {
    if (!scene.ok()) return;
    std::vector<std::string> rules;
    for (const spec::Query& query : context_.spec.queries) {
      if (query.on == entity_.id) {
        for (auto& rule : rules_of_query(context_.spec, query.id)) rules.push_back(rule);
      }
    }
    std::vector<std::string> operations = {endpoint_.operation_id};
    for (const spec::Query& query : context_.spec.queries) {
      if (query.on == entity_.id && !find_endpoint(context_.contract, query.id)) {
        operations.push_back(query.id);
      }
    }
    suite_.add({.id = {},
                .file = kFile,
                .name = "test_" + text::snake_case(endpoint_.operation_id) + "_" + suffix,
                .what = what,
                .kind = "query",
                .operations = operations,
                .rules = rules,
                .decorators = {},
                .arguments = scene.arguments(),
                .body = scene.text(),
                .criteria = {}});
  }

  // Who sees every row; nullopt when the model allows that to nobody.
  std::optional<Token> sees_all() const {
    if (!context_.contract.has_actors) return Token{};
    for (const spec::Permission& permission : context_.spec.permissions) {
      if (permission.operation == endpoint_.operation_id && permission.allow && !permission.rows) {
        return Token{.role = permission.actor, .subject = Value::of(nullptr)};
      }
    }
    return std::nullopt;
  }

  void pages() {
    auto token = sees_all();
    if (!token) return;
    Scene scene(context_);
    std::vector<std::string> rows;
    for (int i = 0; i < 3; ++i) rows.push_back(scene.make(entity_.id));
    scene.get(endpoint_.operation_id, {{"limit", "2"}}, &*token);
    if (json::get_int(scene.answer().body, "total") != 3) return;
    scene.expect_ids({rows[0], rows[1]});
    scene.get(endpoint_.operation_id, {{"limit", "2"}, {"offset", "2"}}, &*token);
    scene.expect_ids({rows[2]});
    scene.line("page = response.json()");
    scene.line("assert (page[\"total\"], page[\"limit\"], page[\"offset\"]) == (3, 2, 2)");
    scene.get(endpoint_.operation_id, {}, &*token);
    scene.expect_ids(rows);
    scene.line("assert response.json()[\"items\"] == [" + text::join(rows, ", ") + "]");
    const JsonArray& items = json::get_array(scene.answer().body, "items");
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (i >= items.size() || items[i] != *scene.world().row_of(rows[i])) return;
    }
    add(scene, "in_pages", "A list comes in pages, and each page says how many rows there are.");
  }

  // Two values of a field, the lower one first.
  std::optional<std::pair<Json, Json>> two_values(const std::string& name) const {
    const Recipe& recipe = context_.recipes.creates.at(entity_.id);
    for (const Field& field : recipe.endpoint->body) {
      if (field.name != name || !field.ref.empty()) continue;
      Gen usual = valid_gen(context_.spec, &entity_, field, 2);
      std::vector<Json> values;
      for (std::int64_t n : {11, 12}) values.push_back(evaluate(usual, n));
      for (const Gen& gen : other_gens(context_.spec, field)) values.push_back(gen.value);
      for (const Json& first : values) {
        for (const Json& second : values) {
          if (first == second) continue;
          if (first.is_string() && first.get_string() < second.get_string())
            return {{first, second}};
          if (first.is_int64() && second.is_int64() && first.get_int64() < second.get_int64()) {
            return {{first, second}};
          }
        }
      }
    }
    return std::nullopt;
  }

  void sort(const std::string& field) {
    auto token = sees_all();
    if (!token) return;
    Scene scene(context_);
    std::string low, high;
    if (field == "id") {
      low = scene.make(entity_.id);
      high = scene.make(entity_.id);
    } else {
      auto values = two_values(field);
      if (!values) return;
      high = scene.make(entity_.id, {{field, Value::of(values->second)}});
      low = scene.make(entity_.id, {{field, Value::of(values->first)}});
    }
    if (!scene.ok()) return;
    for (const char* sign : {"", "-"}) {
      scene.get(endpoint_.operation_id, {{"sort", sign + field}}, &*token);
      const JsonArray& items = json::get_array(scene.answer().body, "items");
      if (items.size() != 2) return;
      bool low_first =
          json::get_int(items[0], "id") == json::get_int(*scene.world().row_of(low), "id");
      scene.expect_ids(low_first ? std::vector{low, high} : std::vector{high, low});
    }
    add(scene, "sorted_by_" + text::snake_case(field), "Sorted by " + field + ", both ways.");
  }

  void filter(const std::string& field) {
    auto token = sees_all();
    if (!token) return;
    Scene scene(context_);
    std::string wanted, other;
    const spec::Relation* relation = nullptr;
    for (const spec::Relation* one : relations_of(context_.spec, entity_.id)) {
      if (one->role + "_id" == field) relation = one;
    }
    Query query;
    if (relation) {
      if (!context_.recipes.creates.contains(relation->to)) return;
      std::string target = scene.make(relation->to);
      wanted = scene.make(entity_.id, {{field, Value::row(target)}});
      scene.make(entity_.id);
      if (!scene.ok()) return;
      // The id is known only when the test runs, so this request is written by hand.
      World world = scene.world();
      Request request{.operation = endpoint_.operation_id, .role = token->role};
      request.now = world.now();
      std::string id = std::to_string(json::get_int(*world.row_of(target), "id"));
      request.query = {{field, id}};
      if (json::get_int(world.ask(request).body, "total") != 1) return;
      std::vector<Py> arguments = {leaf(py_string(endpoint_.path)),
                                   named("params", dict({{field, leaf(target + "[\"id\"]")}}))};
      if (!token->role.empty()) arguments.push_back(named("actor", leaf(py_string(token->role))));
      scene.request_line(call("api.get", std::move(arguments)));
      scene.expect_ids({wanted});
    } else {
      auto values = two_values(field);
      if (!values) {
        filter_by_state(field, *token);
        return;
      }
      wanted = scene.make(entity_.id, {{field, Value::of(values->first)}});
      scene.make(entity_.id, {{field, Value::of(values->second)}});
      if (!scene.ok()) return;
      scene.get(endpoint_.operation_id, {{field, query_text(values->first)}}, &*token);
      if (json::get_int(scene.answer().body, "total") != 1) return;
      scene.expect_ids({wanted});
    }
    add(scene, "where_" + text::snake_case(field),
        "Only the rows with the " + field + " asked for.");
  }

  void filter_by_state(const std::string& field, const Token& token) {
    if (!entity_.lifecycle || entity_.lifecycle->attribute != field) return;
    auto ways = context_.recipes.ways.find(entity_.id);
    if (ways == context_.recipes.ways.end() || ways->second.size() < 2) return;
    Scene scene(context_);
    std::vector<std::pair<std::string, std::string>> rows;
    for (const auto& [state, way] : ways->second) {
      rows.emplace_back(state, scene.make(entity_.id, {}, way.empty() ? "" : state));
    }
    for (const auto& [state, row] : rows) {
      scene.get(endpoint_.operation_id, {{field, state}}, &token);
      if (json::get_int(scene.answer().body, "total") != 1) return;
      scene.expect_ids({row});
    }
    add(scene, "where_" + text::snake_case(field), "Only the rows in the state asked for.");
  }

  void search() {
    auto token = sees_all();
    if (endpoint_.search.empty() || !token) return;
    const Recipe& recipe = context_.recipes.creates.at(entity_.id);
    for (const std::string& attribute : endpoint_.search) {
      auto field = std::find_if(recipe.endpoint->body.begin(), recipe.endpoint->body.end(),
                                [&](const Field& one) { return one.name == attribute; });
      if (field == recipe.endpoint->body.end()) continue;
      bool free_text = field->type == spec::Type::kString || field->type == spec::Type::kText;
      if (!free_text ||
          (field->attribute && (!field->attribute->pattern.empty() || field->attribute->length))) {
        continue;
      }
      Scene scene(context_);
      std::string wanted = scene.make(entity_.id, {{attribute, Value::of(Json("The Quick Fox"))}});
      scene.make(entity_.id);
      for (const char* words : {"quick", "QUICK F"}) {
        scene.get(endpoint_.operation_id, {{"q", words}}, &*token);
        if (json::get_int(scene.answer().body, "total") != 1) return;
        scene.expect_ids({wanted});
      }
      scene.get(endpoint_.operation_id, {{"q", "no such words"}}, &*token);
      scene.expect_ids({});
      add(scene, "search_in_" + text::snake_case(attribute),
          "Search finds part of the " + attribute + ", whatever the case of its letters.");
    }
  }

  void refused() {
    auto token = sees_all();
    if (!token) return;
    std::vector<Py> cases;
    auto consider = [&](const std::string& name, const std::string& value) {
      World world(context_.spec, context_.contract, context_.recipes);
      Request request{.operation = endpoint_.operation_id, .role = token->role};
      request.now = kStartSeconds;
      request.query = {{name, value}};
      Answer answer = world.ask(request);
      if (answer.status != 422 || answer.code != "invalid") return;
      cases.push_back({.prefix = "",
                       .open = "(",
                       .items = {leaf(py_string(name)), leaf(py_string(value))},
                       .close = ")"});
    };
    for (const char* value : {"0", "101", "-1", "many"}) consider("limit", value);
    for (const char* value : {"-1", "x"}) consider("offset", value);
    for (const char* value : {"no_such_field", "-no_such_field", ""}) consider("sort", value);
    consider("no_such_parameter", "1");
    for (const std::string& field : endpoint_.filters) {
      const spec::Attribute* attribute = find_attribute(entity_, field);
      bool free_text = attribute && (attribute->type == spec::Type::kString);
      if (!free_text) consider(field, "no such value");
    }
    if (cases.empty()) return;
    std::vector<Py> arguments = {leaf(py_string(endpoint_.path)),
                                 named("params", leaf("{name: value}"))};
    if (!token->role.empty()) arguments.push_back(named("actor", leaf(py_string(token->role))));
    suite_.add(
        {.id = {},
         .file = kFile,
         .name = "test_" + text::snake_case(endpoint_.operation_id) + "_refuses",
         .what = "Parameters that the contract does not know, or with other values.",
         .kind = "query",
         .operations = {endpoint_.operation_id},
         .rules = {},
         .decorators = statement(0, "@",
                                 call("pytest.mark.parametrize",
                                      {leaf("(\"name\", \"value\")"), list(std::move(cases))})),
         .arguments = "api, name, value",
         .body = statement(4, "response = ", call("api.get", std::move(arguments))) +
                 "    expect_problem(response, 422, \"invalid\", field=name)\n",
         .criteria = {}});
  }

  Suite& suite_;
  const Context& context_;
  const Endpoint& endpoint_;
  const spec::Entity& entity_;
};

// A report over rows in every state, now and with the clock moved on, checked row by row.
void report(Suite& suite, const Endpoint& endpoint) {
  const Context& context = suite.context();
  const std::string& id = endpoint.operation_id;
  if (!context.recipes.operations.contains(id) ||
      !context.recipes.creates.contains(endpoint.entity)) {
    suite.gaps.push_back(fmt::format("No rows could be made for the report {}.", id));
    return;
  }
  Scene scene(context);
  scene.make(endpoint.entity);
  scene.make(endpoint.entity);
  auto ways = context.recipes.ways.find(endpoint.entity);
  if (ways != context.recipes.ways.end()) {
    for (const auto& [state, way] : ways->second) {
      if (!way.empty()) scene.make(endpoint.entity, {}, state);
    }
  }
  for (const Endpoint& action : context.contract.endpoints) {
    if (action.entity != endpoint.entity || !is_action(action)) continue;
    if (!context.recipes.operations.contains(action.operation_id)) continue;
    Scene trial = scene;
    trial.act(action.operation_id, trial.ready(action.operation_id));
    if (trial.ok()) scene = trial;
  }
  auto vary = [&](const Field& field, int count) {
    for (const Gen& gen : other_gens(context.spec, field)) {
      if (gen.kind != Gen::Kind::kLiteral || count-- <= 0) continue;
      Scene trial = scene;
      trial.make(endpoint.entity, {{field.name, Value::of(gen.value)}});
      if (trial.ok()) scene = trial;
    }
  };
  for (const Field& field : context.recipes.creates.at(endpoint.entity).endpoint->body) {
    if (field.ref.empty()) vary(field, 2);
  }
  if (!scene.ok()) return;
  Token token = scene.token_for(id);
  scene.get(id, {}, &token);
  scene.expect_rows();
  std::size_t first = json::get_array(scene.answer().body, "rows").size();
  scene.clock(40 * kDay);
  scene.make(endpoint.entity);
  Scene later = scene;
  later.get(id, {}, &token);
  later.expect_rows();
  std::size_t second = json::get_array(later.answer().body, "rows").size();
  if (!later.ok() || first + second == 0) {
    suite.gaps.push_back(fmt::format("The report {} was empty in every situation tried.", id));
    return;
  }
  suite.add({.id = {},
             .file = "tests/test_reports.py",
             .name = "test_" + text::snake_case(id),
             .what = fmt::format("The report {} shows these rows, now and forty days later.", id),
             .kind = "query",
             .operations = {id},
             .rules = rules_of_query(context.spec, id),
             .decorators = {},
             .arguments = later.arguments(),
             .body = later.text(),
             .criteria = {}});
}

}  // namespace

void write_lists(Suite& suite) {
  suite.open_file(kFile, "Lists: pages, order, filters, search, and parameters that are refused.");
  for (const Endpoint& endpoint : suite.context().contract.endpoints) {
    if (endpoint.operation && endpoint.operation->kind == spec::OperationKind::kList) {
      Lists(suite, endpoint).write();
    }
  }
}

void write_reports(Suite& suite) {
  suite.open_file("tests/test_reports.py", "Reports: which rows they show, and what they add up.");
  for (const Endpoint& endpoint : suite.context().contract.endpoints) {
    if (endpoint.query) report(suite, endpoint);
  }
}

}  // namespace cadre::offline::qa
