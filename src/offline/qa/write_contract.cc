// test_contract.py and test_invariants.py: the routes against openapi.json, and random operations.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "offline/qa/scene.h"

namespace cadre::offline::qa {
namespace {

using spec::Endpoint;

constexpr const char* kFile = "tests/test_contract.py";
constexpr const char* kRandomFile = "tests/test_invariants.py";

Test plain(const char* file, const std::string& name, const std::string& what, const char* kind,
           const std::string& arguments, const std::string& body) {
  return {.id = {},
          .file = file,
          .name = name,
          .what = what,
          .kind = kind,
          .operations = {},
          .rules = {},
          .decorators = {},
          .arguments = arguments,
          .body = body,
          .criteria = {}};
}

std::string routes_constant(const Context& context) {
  std::vector<Py> items;
  auto add = [&items](const std::string& method, const std::string& path) {
    items.push_back({.prefix = "",
                     .open = "(",
                     .items = {leaf(py_string(method)), leaf(py_string(path))},
                     .close = ")"});
  };
  add("GET", "/health");
  for (const Endpoint& endpoint : context.contract.endpoints) add(endpoint.method, endpoint.path);
  Py set{.prefix = "", .open = "{", .items = std::move(items), .close = "}"};
  return statement(0, "ROUTES = ", set);
}

// Routes: what random operations may call, with a factory for the body.
std::string plays_constant(const Context& context) {
  std::vector<Py> items;
  for (const Endpoint& endpoint : context.contract.endpoints) {
    if (!endpoint.operation || !context.recipes.operations.contains(endpoint.operation_id))
      continue;
    std::string id = text::snake_case(endpoint.operation_id);
    bool writes = makes_row(endpoint) || (is_action(endpoint) && !endpoint.body.empty());
    const Who& who = context.recipes.operations.at(endpoint.operation_id).who;
    std::vector<Py> fields = {leaf(py_string(endpoint.method)), leaf(py_string(endpoint.path)),
                              leaf(py_string(endpoint.entity)),
                              writes ? leaf(py_string(id + "_body")) : leaf("None")};
    if (context.contract.has_actors) {
      bool record = who.kind != Who::Kind::kPlain && who.kind != Who::Kind::kNobody;
      Py actor{
          .prefix = "",
          .open = "(",
          .items = {leaf(py_string(who.role)), record ? leaf(py_string(who.entity)) : leaf("None")},
          .close = ")"};
      fields.push_back(std::move(actor));
    } else {
      fields.push_back(leaf("None"));
    }
    items.push_back({.prefix = "", .open = "(", .items = std::move(fields), .close = ")"});
  }
  return statement(0, "PLAYS = ", list(std::move(items)));
}

// Entity -> list path, a role that sees every row, references and unique fields.
std::string lists_constant(const Context& context) {
  std::vector<std::pair<std::string, Py>> members;
  for (const Endpoint& endpoint : context.contract.endpoints) {
    if (!endpoint.operation || endpoint.operation->kind != spec::OperationKind::kList) continue;
    std::string role;
    for (const spec::Permission& permission : context.spec.permissions) {
      if (permission.operation == endpoint.operation_id && permission.allow && !permission.rows) {
        role = permission.actor;
        break;
      }
    }
    if (context.contract.has_actors && role.empty()) continue;
    std::vector<std::pair<std::string, Py>> references;
    for (const spec::Relation* relation : relations_of(context.spec, endpoint.entity)) {
      references.emplace_back(relation->role + "_id", leaf(py_string(relation->to)));
    }
    std::vector<Py> unique;
    const spec::Entity* entity = find_entity(context.spec, endpoint.entity);
    for (const spec::Attribute& attribute : entity->attributes) {
      if (attribute.unique) unique.push_back(leaf(py_string(attribute.id)));
    }
    members.emplace_back(endpoint.entity,
                         Py{.prefix = "",
                            .open = "(",
                            .items = {leaf(py_string(endpoint.path)),
                                      role.empty() ? leaf("None") : leaf(py_string(role)),
                                      dict(std::move(references)), list(std::move(unique))},
                            .close = ")"});
  }
  return statement(0, "LISTS = ", dict(std::move(members)));
}

constexpr const char* kRandomBody = R"(    dice = random.Random(seed)
    known = {}
    for _ in range(STEPS):
        method, path, entity, body_name, actor = dice.choice(PLAYS)
        if "{" in path:
            head, _, tail = path.partition("{")
            path = head + str(dice.choice(known.get(entity) or [1])) + tail.partition("}")[2]
        if actor is not None:
            role, record = actor
            owner = dice.choice(known.get(record) or [1])
            actor = role if record is None else (role, owner)
        body = None
        if body_name is not None:
            body = getattr(make, body_name)()
            for name, target in REFERENCES.get(entity, {}).items():
                if name in body and known.get(target):
                    body[name] = dice.choice(known[target])
        if method == "PATCH":
            body = {}
        response = api.send(method, path, body, actor=actor)
        assert response.status_code < 500, (method, path, body)
        if response.status_code >= 400:
            problem = response.json()
            expect_problem(response, problem["status"], problem["code"], problem["rule"])
        elif response.status_code == 201:
            known.setdefault(entity, []).append(response.json()["id"])
        clock.advance(minutes=dice.randrange(600))
        if dice.randrange(8) == 0:
            check_everything(api)
    check_everything(api)
)";

constexpr const char* kCheckFunction = R"(

def rows_of(api, entity):
    """Every row of an entity, page by page."""
    path, actor, _, _ = LISTS[entity]
    rows, total = [], 1
    while len(rows) < total:
        params = {"limit": 100, "offset": len(rows)}
        page = expect_status(api.get(path, actor=actor, params=params), 200)
        rows, total = rows + page["items"], page["total"]
    return rows


def check_everything(api):
    """What must be true at any time, whatever was done before."""
    tables = {entity: rows_of(api, entity) for entity in LISTS}
    ids = {entity: {row["id"] for row in rows} for entity, rows in tables.items()}
    for entity, (_, _, references, unique) in LISTS.items():
        rows = tables[entity]
        assert len(ids[entity]) == len(rows), f"{entity}: an id twice"
        for name, target in references.items():
            if target in ids:
                used = {row[name] for row in rows} - {None}
                assert used <= ids[target], f"{entity}.{name} refers to nothing"
        for name in unique:
            values = [row[name] for row in rows if row[name] is not None]
            assert len(values) == len(set(values)), f"{entity}.{name} is not unique"
        for name, low, high in BOUNDS.get(entity, []):
            values = [float(row[name]) for row in rows if row[name] is not None]
            assert all(low <= value <= high for value in values), f"{entity}.{name}"
        check_limits(entity, rows)
)";

bool is_open_filter(const spec::Expr& expr) { return expr.is_call("is_null") || expr.is_call("="); }

// A guard of the form count(E where E.role = arg role and <column> is null/equals literal) < n,
// which can be checked on the rows themselves. Nothing for others.
struct LimitCheck {
  std::string entity, rule, owner;
  std::vector<std::pair<std::string, Json>> where;
  std::int64_t most = 0;
};

std::optional<LimitCheck> limit_of(const spec::Guard& guard) {
  const spec::Expr& test = guard.require;
  if ((!test.is_call("<") && !test.is_call("<=")) || test.args.size() != 2) return std::nullopt;
  const spec::Expr& count = test.args[0];
  if (!count.is_call("count") || count.args.size() != 2) return std::nullopt;
  if (test.args[1].kind != spec::Expr::Kind::kInt) return std::nullopt;
  LimitCheck out{.entity = count.args[0].text,
                 .rule = guard.id,
                 .owner = {},
                 .where = {},
                 .most = test.args[1].integer + (test.is_call("<=") ? 1 : 0)};
  const spec::Expr& filter = count.args[1];
  std::vector<spec::Expr> parts = filter.is_call("and") ? filter.args : std::vector{filter};
  for (const spec::Expr& part : parts) {
    if (!is_open_filter(part) || part.args.empty() || !part.args[0].is_call("row"))
      return std::nullopt;
    std::string column = part.args[0].args.empty() ? "" : part.args[0].args[0].text;
    if (part.is_call("is_null")) {
      out.where.emplace_back(column, Json(nullptr));
    } else if (part.args[1].kind == spec::Expr::Kind::kString) {
      out.where.emplace_back(column, Json(part.args[1].text));
    } else if (part.args[1].is_call("arg") || part.args[1].is_call("self")) {
      if (!out.owner.empty() || part.args[1].args.empty()) return std::nullopt;
      if (part.args[1].args[0].text != column) return std::nullopt;
      out.owner = column + "_id";
    } else {
      return std::nullopt;
    }
  }
  if (out.owner.empty()) return std::nullopt;
  return out;
}

std::string limits_function(const Context& context, std::vector<std::string>& rules) {
  std::vector<Py> limits;
  for (const spec::Operation& operation : context.spec.operations) {
    for (const spec::Guard& guard : operation.guards) {
      auto limit = limit_of(guard);
      if (!limit || limit->entity != operation.on ||
          !find_relation(context.spec, limit->entity,
                         limit->owner.substr(0, limit->owner.size() - 3))) {
        continue;
      }
      JsonObject where;
      for (const auto& [name, value] : limit->where) where[name] = value;
      limits.push_back({.prefix = "",
                        .open = "(",
                        .items = {leaf(py_string(limit->entity)), leaf(py_string(limit->owner)),
                                  literal(Json(where)), leaf(std::to_string(limit->most)),
                                  leaf(py_string(limit->rule))},
                        .close = ")"});
      rules.push_back(limit->rule);
    }
  }
  return statement(0, "LIMITS = ", list(std::move(limits))) +
         "\n\ndef check_limits(entity, rows):\n"
         "    \"\"\"No owner has more rows than a rule allows.\"\"\"\n"
         "    for limited, owner, where, most, rule in LIMITS:\n"
         "        if limited != entity:\n            continue\n"
         "        counted = {}\n        for row in rows:\n"
         "            if all(row[name] == value for name, value in where.items()):\n"
         "                counted[row[owner]] = counted.get(row[owner], 0) + 1\n"
         "        assert max(counted.values(), default=0) <= most, rule\n";
}

std::string bounds_constant(const Context& context) {
  std::vector<std::pair<std::string, Py>> members;
  for (const spec::Entity& entity : context.spec.entities) {
    std::vector<Py> bounds;
    for (const spec::Attribute& attribute : entity.attributes) {
      if (attribute.derived || (!attribute.min && !attribute.max)) continue;
      auto number = [](const std::optional<spec::Expr>& bound, const char* otherwise) {
        if (!bound) return std::string(otherwise);
        if (bound->kind == spec::Expr::Kind::kInt) return std::to_string(bound->integer);
        return bound->kind == spec::Expr::Kind::kDecimal ? bound->text : std::string(otherwise);
      };
      bounds.push_back(
          {.prefix = "",
           .open = "(",
           .items = {leaf(py_string(attribute.id)), leaf(number(attribute.min, "float(\"-inf\")")),
                     leaf(number(attribute.max, "float(\"inf\")"))},
           .close = ")"});
    }
    if (!bounds.empty()) members.emplace_back(entity.id, list(std::move(bounds)));
  }
  return statement(0, "BOUNDS = ", dict(std::move(members)));
}

}  // namespace

void write_contract_tests(Suite& suite) {
  const Context& context = suite.context();
  suite.open_file(kFile, "The service has the routes of openapi.json, no more and no fewer.");
  suite.add_constants(kFile,
                      "OPENAPI = Path(__file__).resolve().parent.parent / \"openapi.json\"\n" +
                          routes_constant(context));
  suite.add(
      plain(kFile, "test_document_has_every_operation",
            "openapi.json describes exactly the operations of the model.", "contract", "",
            "    document = json.loads(OPENAPI.read_text(encoding=\"utf-8\"))\n"
            "    described = {\n        (method.upper(), path)\n"
            "        for path, item in document[\"paths\"].items()\n"
            "        for method in item\n"
            "        if method in (\"get\", \"post\", \"patch\", \"put\", \"delete\")\n    }\n"
            "    assert described == ROUTES\n"));
  suite.add(plain(kFile, "test_service_has_every_route",
                  "The application has exactly the routes that the document describes.", "contract",
                  "application",
                  "    served = {\n        (method, route.path)\n"
                  "        for route in application.routes\n"
                  "        for method in getattr(route, \"methods\", None) or ()\n"
                  "        if route.path not in OWN_PAGES and method != \"HEAD\"\n    }\n"
                  "    assert served == ROUTES\n"));
  suite.add_constants(kFile,
                      "# Pages that the framework adds, about the service itself.\nOWN_PAGES = "
                      "(\"/openapi.json\", \"/docs\", \"/docs/oauth2-redirect\", \"/redoc\")\n");
  suite.add(plain(kFile, "test_health_needs_nobody", "The health page answers without a token.",
                  "contract", "api",
                  "    response = api.get(\"/health\")\n"
                  "    assert expect_status(response, 200) == {\"status\": \"ok\"}\n"));
  suite.add(plain(
      kFile, "test_unknown_paths_are_problems",
      "A path that does not exist is answered in the one error format.", "contract", "api",
      "    response = api.get(\"/no-such-path\")\n"
      "    assert response.status_code == 404\n"
      "    assert response.headers[\"content-type\"].startswith(\"application/problem+json\")\n"
      "    assert response.json()[\"status\"] == 404\n"));
}

void write_invariants(Suite& suite) {
  const Context& context = suite.context();
  if (context.recipes.creates.empty()) return;
  suite.open_file(kRandomFile, "Random operations, after which what must be true is still true.");
  std::vector<std::string> rules;
  std::vector<std::pair<std::string, Py>> references;
  for (const spec::Entity& entity : context.spec.entities) {
    std::vector<std::pair<std::string, Py>> members;
    for (const spec::Relation* relation : relations_of(context.spec, entity.id)) {
      members.emplace_back(relation->role + "_id", leaf(py_string(relation->to)));
    }
    if (!members.empty()) references.emplace_back(entity.id, dict(std::move(members)));
  }
  suite.add_constants(
      kRandomFile, "STEPS = 40\n" + plays_constant(context) + lists_constant(context) +
                       statement(0, "REFERENCES = ", dict(std::move(references))) +
                       bounds_constant(context) + limits_function(context, rules) + kCheckFunction);
  Test test = plain(kRandomFile, "test_random_operations",
                    "Forty operations in random order break neither the service nor a rule.",
                    "invariant", "api, make, clock, seed", kRandomBody);
  test.decorators = "@pytest.mark.parametrize(\"seed\", [1, 2])\n";
  test.rules = rules;
  suite.add(test);
}

}  // namespace cadre::offline::qa
