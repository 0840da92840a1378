// README.md, docs/operations.md and docs/api-guide.md of the generated service.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "offline/developer/project.h"
#include "offline/developer/py.h"
#include "offline/markup.h"
#include "offline/wording.h"

namespace cadre::offline::developer {
namespace {

using markup::code;
using markup::markdown;
using spec::Endpoint;
using spec::Field;
using spec::Type;

std::string title_of(const Model& model) {
  return markdown(text::upper_first(text::replace_all(model.spec.name, "_", " ")));
}

// A value that the field accepts, for examples.
Json sample(const Field& field) {
  const spec::Attribute* attribute = field.attribute;
  if (!field.ref.empty()) return 1;
  const auto bound = [&](std::int64_t fallback) {
    if (attribute == nullptr || !attribute->min) return fallback;
    const spec::Value value = spec::literal_value(*attribute->min);
    const auto fitted = spec::fit(value, Type::kInt, 0);
    return fitted ? std::max(fallback, fitted->number + 1) : fallback;
  };
  switch (field.type) {
    case Type::kInt:
    case Type::kDuration: return bound(1);
    case Type::kDecimal:
    case Type::kMoney: {
      const int scale = attribute != nullptr ? scale_of(*attribute) : 2;
      return Json(spec::format_decimal(spec::Value::of_int(bound(10)), scale));
    }
    case Type::kBool: return true;
    case Type::kDate: return "2026-01-31";
    case Type::kTime: return "09:30";
    case Type::kDatetime: return "2026-01-31T09:30:00Z";
    case Type::kEmail: return "ada@example.org";
    case Type::kPhone: return "+44 20 7946 0000";
    case Type::kUrl: return "https://example.org";
    case Type::kEnum:
      return attribute != nullptr && !attribute->values.empty() ? Json(attribute->values.front())
                                                                : Json("text");
    default: return Json(text::replace_all(field.name, "_", " "));
  }
}

// A curl command for the endpoint, safe in a POSIX shell.
std::string curl(const Model& model, const Endpoint& endpoint) {
  std::string path = endpoint.path;
  if (!endpoint.id_parameter.empty()) {
    path = text::replace_all(path, "{" + endpoint.id_parameter + "}", "1");
  }
  std::string out = "curl -s";
  if (endpoint.method != "GET") out += " -X " + endpoint.method;
  if (model.has_actors()) out += " -H \"Authorization: Bearer $TOKEN\"";
  if (!endpoint.body.empty()) {
    JsonObject body;
    for (const Field& field : endpoint.body) {
      if (field.required || endpoint.method == "PATCH") body[field.name] = sample(field);
      if (endpoint.method == "PATCH") break;
    }
    const std::string json = text::replace_all(json::write(body), "'", "'\\''");
    out += " \\\n  -H 'Content-Type: application/json' -d '" + json + "'";
  }
  return out + " \\\n  http://127.0.0.1:8000" + path + "\n";
}

std::string summary_of(const Model& model, const Endpoint& endpoint) {
  if (endpoint.operation != nullptr) {
    return text::upper_first(wording::action(model.spec, *endpoint.operation));
  }
  return text::upper_first(wording::report(model.spec, *endpoint.query));
}

std::string roles_of(const Model& model, const Endpoint& endpoint) {
  std::vector<std::string> roles;
  for (const spec::Permission& entry : model.spec.permissions) {
    if (!entry.allow || entry.operation != endpoint.operation_id) continue;
    const std::string name =
        wording::actor_name(model.spec, entry.actor) + (entry.rows ? " (some rows)" : "");
    if (std::find(roles.begin(), roles.end(), name) == roles.end()) roles.push_back(name);
  }
  return text::join(roles, ", ");
}

std::string endpoints_table(const Model& model) {
  const bool actors = model.has_actors();
  std::string out = actors ? markup::header({"request", "what it does", "who may"})
                           : markup::header({"request", "what it does"});
  for (const Endpoint& endpoint : model.contract.endpoints) {
    std::vector<std::string> cells{code(endpoint.method + " " + endpoint.path),
                                   markup::cell(summary_of(model, endpoint))};
    if (actors) cells.push_back(markup::cell(roles_of(model, endpoint)));
    out += markup::row(cells);
  }
  return out + (actors ? markup::row({code("GET /health"), "Is it up?", "everybody"})
                       : markup::row({code("GET /health"), "Is it up?"}));
}

std::string rules_table(const Model& model) {
  std::string out = markup::header({"rule", "what it says", "your words"});
  for (const spec::Rule& rule : model.spec.rules) {
    const bool stated = rule.origin.kind == spec::OriginKind::kStated;
    out += markup::row({markup::cell(rule.id), markup::cell(rule.canonical),
                        rule.text.empty() ? (stated ? "stated" : "assumed")
                                          : markup::cell("\"" + rule.text + "\"")});
  }
  return out;
}

std::string run_section(const Model& model) {
  std::string shell = "python3 -m venv .venv && . .venv/bin/activate\npip install \".[test]\"\n";
  if (model.has_actors()) shell += "export APP_SECRET=$(openssl rand -hex 32)\n";
  shell += "uvicorn --factory app.main:create_app\n";
  std::string out = "## Run it\n\n" + markup::fenced("sh", shell);
  out += "\nThe service answers at http://127.0.0.1:8000; `/docs` shows its interface.\n";
  out +=
      "On Debian 12 the packages `python3-fastapi`, `python3-sqlalchemy`, `python3-uvicorn`, "
      "`python3-pytest`,\n`python3-pytest-cov` and `python3-httpx` do instead of `pip`.\n";
  if (model.has_actors()) {
    std::string tokens;
    for (const spec::Actor& actor : model.spec.actors) {
      tokens += "python -m app.security " + actor.id + (actor.entity.empty() ? "" : " 1") + "\n";
    }
    out += "\nEvery request but `/health` needs an access token. With the same `APP_SECRET`:\n\n" +
           markup::fenced("sh", tokens);
    out +=
        "\nThe number is the id of the actor's own record. The service keeps no passwords: "
        "whoever can run\nthis command, or knows the secret, decides who gets a token.\n";
  }
  out += "\nTests: `pytest`. Linter: `flake8 --max-line-length 100 app tests`.\n";
  return out;
}

std::string settings_table(const Model& model) {
  const std::string database = text::snake_case(model.spec.name) + ".db";
  std::string out = markup::header({"variable", "meaning", "default"});
  out += markup::row({"`APP_DATABASE`", "path of the SQLite file", code(database)});
  if (model.has_actors()) {
    out += markup::row({"`APP_SECRET`", "signs the access tokens", "none: must be set"});
    out += markup::row({"`APP_TOKEN_HOURS`", "how long a printed token is valid", "12"});
  }
  return out;
}

std::string try_section(const Model& model) {
  std::string commands;
  int shown = 0;
  for (const Endpoint& endpoint : model.contract.endpoints) {
    if (endpoint.method != "POST" || endpoint.success != 201) continue;
    if (shown++ == 3) break;
    commands += curl(model, endpoint);
  }
  for (const Endpoint& endpoint : model.contract.endpoints) {
    if (endpoint.operation != nullptr && endpoint.operation->kind == spec::OperationKind::kList) {
      commands += curl(model, endpoint);
      break;
    }
  }
  if (commands.empty()) return {};
  return "## Try it\n\n" + markup::fenced("sh", commands) + "\n";
}

std::string assumptions_section(const Model& model) {
  std::string out;
  for (const spec::Assumption& one : model.spec.assumptions) {
    out += fmt::format(
        "- {}: {}{}\n", markdown(one.id), markdown(one.text),
        one.alternative.empty() ? "" : " Otherwise: " + markdown(one.alternative) + ".");
  }
  for (const spec::Question& one : model.spec.questions) {
    out += fmt::format("- {}: {} Taken: {}.\n", markdown(one.id), markdown(one.text),
                       markdown(one.default_taken));
  }
  return out.empty() ? out : "## What is assumed\n\n" + out + "\n";
}

std::string unhandled_section(const Model& model) {
  std::string out;
  for (const spec::Unhandled& one : model.spec.unhandled) {
    out += fmt::format("- {}: \"{}\" ({})\n", markdown(one.sentence), markdown(one.text),
                       markdown(text::replace_all(one.why, "_", " ")));
  }
  for (const spec::Nfr& nfr : model.spec.nfr) {
    if (nfr.how != "not_done" && nfr.how != "documented_only") continue;
    out += fmt::format("- \"{}\" ({})\n", markdown(nfr.text),
                       markdown(text::replace_all(nfr.how, "_", " ")));
  }
  return out.empty() ? out : "## What is not in it\n\n" + out + "\n";
}

std::string readme(const Model& model) {
  std::string out = "# " + title_of(model) + "\n\n";
  const std::string& summary = model.spec.summary;
  if (!summary.empty()) {
    out += markdown(text::upper_first(summary)) + (summary.ends_with('.') ? "\n\n" : ".\n\n");
  }
  out +=
      "A web service on FastAPI, SQLAlchemy and SQLite, " + std::string(markup::kMadeBy) + ".\n\n";
  out += run_section(model) + "\n";
  out += "## Settings\n\n" + settings_table(model) + "\n";
  out += try_section(model);
  out += "## Requests\n\n" + endpoints_table(model) +
         "\nDetails are in [docs/api-guide.md](docs/api-guide.md), the exact contract in "
         "[openapi.json](openapi.json).\n\n";
  if (!model.spec.rules.empty()) {
    out += "## Rules\n\nEach guard in `app/services/` carries the id of its rule.\n\n" +
           rules_table(model) + "\n";
  }
  out += assumptions_section(model);
  out += unhandled_section(model);
  out +=
      "## Limits\n\n"
      "- One process writes at a time: SQLite takes the write lock for each change, which is "
      "what keeps counting\n  rules true. Several worker processes on one machine are fine, "
      "several machines are not.\n"
      "- Times are UTC.";
  out += model.has_actors()
             ? " There is no log-in: tokens are issued on the command line and can't be revoked "
               "one by one.\n"
             : " There is no authentication: put the service behind something that has it.\n";
  return out;
}

std::string operations_guide(const Model& model) {
  const std::string database = text::snake_case(model.spec.name) + ".db";
  std::string out =
      "# Operating " + title_of(model) + "\n\n## Settings\n\n" + settings_table(model) + "\n";
  std::string docker = "docker build -t " + text::kebab_case(model.spec.name) +
                       " .\ndocker run -p "
                       "8000:8000 -v data:/data ";
  if (model.has_actors()) docker += "-e APP_SECRET=\"$APP_SECRET\" ";
  docker += text::kebab_case(model.spec.name) + "\n";
  out += "## Container\n\n" + markup::fenced("sh", docker);
  out +=
      "\nThe image runs as an ordinary user and keeps its data in the volume `/data`.\n\n"
      "## Database\n\nAt its start the service applies the files of `migrations/` that the "
      "database has not seen, in the\norder of their names, in one transaction. To change the "
      "schema, add a file; never edit one that has\nbeen applied somewhere. Copy the data while "
      "the service runs with\n\n" +
      markup::fenced("sh", "sqlite3 " + database + " \".backup copy.db\"\n") +
      "\n(the file alone is not enough: the newest changes are in the `-wal` file beside it).\n\n";
  std::string jobs;
  for (const Endpoint& endpoint : model.contract.endpoints) {
    const spec::Operation* operation = endpoint.operation;
    if (operation == nullptr || operation->kind != spec::OperationKind::kScheduled) continue;
    jobs += fmt::format("Every {}: {}.\n\n",
                        markdown(operation->schedule_every.empty() ? std::string("day")
                                                                   : operation->schedule_every),
                        markdown(wording::action(model.spec, *operation)));
    jobs += markup::fenced("sh", curl(model, endpoint)) + "\n";
  }
  if (!jobs.empty()) {
    out +=
        "## Scheduled work\n\nThe service has no scheduler of its own; cron or the like calls "
        "it.\n\n" +
        jobs;
  }
  out +=
      "## Health and logs\n\n`GET /health` answers `{\"status\": \"ok\"}` without a token. The "
      "service logs to standard error; unexpected\nfailures appear with their traceback, and "
      "the client sees status 500 without details.\n";
  if (model.has_actors()) {
    out +=
        "\n## Changing the secret\n\nA new `APP_SECRET` makes all tokens invalid at once. That "
        "is also the way to revoke them.\n";
  }
  return out;
}

std::string api_guide(const Model& model) {
  std::string out = "# Using the interface of " + title_of(model) + "\n\n";
  if (model.has_actors()) {
    out += "Send `Authorization: Bearer <token>` with every request. ";
  }
  out +=
      "Bodies are JSON. Amounts and other exact numbers are texts (`\"12.50\"`), dates "
      "`\"2026-01-31\"`,\ninstants `\"2026-01-31T09:30:00Z\"` (UTC), lengths of time whole "
      "minutes. A field that an operation\ndoes not name is refused. In a `PATCH` only the "
      "fields that are sent change; `null` empties an optional one.\n\n";
  out +=
      "Lists take `limit` (1 to 100, 50), `offset`, `sort` (a field, or `-field` for "
      "descending), and one parameter\nfor each field that can be filtered by.\n\n"
      "## Errors\n\nEvery error is `application/problem+json`:\n\n" +
      markup::fenced("json",
                     "{\"type\": \"about:blank\", \"title\": \"Conflict\", \"status\": "
                     "409, \"detail\": \"...\",\n \"code\": \"not_unique\", \"rule\": "
                     "null, \"errors\": [{\"field\": \"...\", \"message\": \"...\"}]}\n") +
      "\n";
  for (const spec::Resource& resource : model.contract.resources) {
    const auto endpoints = model.endpoints_of(*resource.entity);
    if (endpoints.empty()) continue;
    out += "## " + markdown(text::upper_first(resource.entity->plural)) + "\n\n";
    for (const Endpoint* endpoint : endpoints) {
      out += "### " + code(endpoint->method + " " + endpoint->path) + "\n\n" +
             markdown(summary_of(model, *endpoint)) + ".\n\n";
      out += markup::fenced("sh", curl(model, *endpoint)) + "\n";
      if (!endpoint->filters.empty()) {
        out += "Filters: " + markup::codes(endpoint->filters) + "\n\n";
      }
      std::string refusals;
      for (const spec::ErrorCase& error : endpoint->errors) {
        if (error.rule.empty()) continue;
        const spec::Rule* rule = spec::find_rule(model.spec, error.rule);
        refusals +=
            fmt::format("- {} {} ({}){}\n", error.status, code(error.code), markdown(error.rule),
                        rule == nullptr ? "" : ": " + markdown(rule->canonical));
      }
      if (!refusals.empty()) out += "Refused by rules:\n\n" + refusals + "\n";
    }
  }
  if (!model.reports().empty()) out += "## Reports\n\n";
  for (const Endpoint* endpoint : model.reports()) {
    out += "### " + code(endpoint->method + " " + endpoint->path) + "\n\n" +
           markdown(summary_of(model, *endpoint)) + ".\n\n" +
           markup::fenced("sh", curl(model, *endpoint)) + "\n";
  }
  return out;
}

}  // namespace

std::vector<ProjectFile> write_documentation(const Model& model) {
  return {{"README.md", readme(model), "What it is and how to run it", "documentation", "", {}},
          {"docs/api-guide.md", api_guide(model), "Using the interface", "documentation", "", {}},
          {"docs/operations.md",
           operations_guide(model),
           "Operating the service",
           "documentation",
           "",
           {}}};
}

}  // namespace cadre::offline::developer
