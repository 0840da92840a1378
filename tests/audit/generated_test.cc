// The audit against services that the offline engine wrote itself: they are right by construction,
// so there must not be one contradiction, whatever the brief.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "offline/architect/architect.h"
#include "offline/developer/developer.h"
#include "offline/product/product.h"
#include "audit_kit.h"

namespace cadre {
namespace {

const std::vector<std::string> kStart{"/usr/bin/python3", "-m", "uvicorn", "--factory",
                                      "app.main:create_app", "--port", "{port}",
                                      "--log-level", "warning"};

// The service for callers who are who they should be: every request comes from one role.
constexpr std::string_view kServed = R"py(
import os
from datetime import datetime, timedelta, timezone

from app.config import Settings
from app.main import create_app
from app.security import issue_token

app = create_app()
TOKEN = issue_token(Settings.from_env().secret, os.environ["ROLE"], None,
                    datetime.now(timezone.utc) + timedelta(days=1))


async def served(scope, receive, send):
    if scope["type"] == "http":
        headers = [*scope["headers"], (b"authorization", f"Bearer {TOKEN}".encode())]
        scope = {**scope, "headers": headers}
    await app(scope, receive, send)
)py";

// The same behind the taste of somebody else: camelCase, rows in an envelope, texts for ids, 200 for
// what is made and 400 for whatever is refused.
constexpr std::string_view kTaste = R"py(
import json
import os
import re
from urllib.parse import parse_qsl, urlencode

if os.environ.get("ROLE"):
    from served import served as inner
else:
    from app.main import create_app
    inner = create_app()


def camel(name):
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name)


def snake(name):
    return re.sub(r"([A-Z])", lambda found: "_" + found[1].lower(), name)


def is_id(name):
    return name == "id" or name.endswith("_id")


def shown(value, name=""):
    if isinstance(value, dict):
        return {camel(k): shown(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [shown(v, name) for v in value]
    return f"id-{value}" if is_id(name) and isinstance(value, int) else value


def taken(value, name=""):
    if isinstance(value, dict):
        return {snake(k): taken(v, snake(k)) for k, v in value.items()}
    if is_id(name) and isinstance(value, str):
        return int(value[3:]) if re.fullmatch(r"id-[0-9]+", value) else 0
    return value


async def app(scope, receive, send):
    if scope["type"] != "http":
        return await inner(scope, receive, send)
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    if body:
        body = json.dumps(taken(json.loads(body))).encode()
    path = re.sub(r"/id-([0-9]+)", r"/\1", scope["path"])
    query = [(snake(k), v[3:] if v.startswith("id-") else v)
             for k, v in parse_qsl(scope["query_string"].decode())]
    headers = [h for h in scope["headers"] if h[0] != b"content-length"]
    scope = {**scope, "path": path, "raw_path": path.encode(), "headers": headers + [
        (b"content-length", str(len(body)).encode())], "query_string": urlencode(query).encode()}
    out = {"status": 500, "body": b""}

    async def give():
        return {"type": "http.request", "body": body, "more_body": False}

    async def keep(message):
        if message["type"] == "http.response.start":
            out["status"] = message["status"]
        else:
            out["body"] += message.get("body", b"")

    await inner(scope, give, keep)
    status = out["status"]
    made = shown(json.loads(out["body"])) if out["body"] else None
    status = 200 if status == 201 else 400 if status in (404, 409, 422) else status
    data = b"" if made is None else json.dumps({"data": made, "meta": {"v": 1}}).encode()
    await send({"type": "http.response.start", "status": status, "headers": [
        (b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]})
    await send({"type": "http.response.body", "body": data})
)py";

std::string camel(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '_' && i + 1 < name.size()) out += text::upper_first(name.substr(++i, 1));
    else out += name[i];
  }
  return out;
}

// The contract in that taste; which codes there are, it leaves open.
Json tasted(const Json& value, const std::string& under = {}) {
  if (value.is_array()) {
    JsonArray out;
    for (const Json& one : value.get_array()) {
      const bool name = under == "required" && one.is_string();
      out.push_back(name ? Json(camel(json::as_view(one.get_string()))) : tasted(one, under));
    }
    return out;
  }
  if (!value.is_object()) return value;
  JsonObject out;
  const bool query = json::get_string(value, "in") == "query";
  for (const auto& member : value.get_object()) {
    const std::string key(member.key().data(), member.key().size());
    if (key == "responses" && under != "properties") {
      out[key] = JsonObject{{"default", JsonObject{{"description", "any"}}}};
    } else if (under == "properties") {
      const bool id = key == "id" || key.ends_with("_id");
      out[camel(key)] = id ? Json(JsonObject{{"type", "string"}}) : tasted(member.value());
    } else if (query && key == "name") {
      out[key] = camel(json::get_string(value, "name"));
    } else {
      out[key] = tasted(member.value(), key);
    }
  }
  return out;
}

AuditedProject in_other_taste(AuditedProject project) {
  project.openapi = tasted(project.openapi);
  project.files.push_back({"taste.py", std::string(kTaste)});
  project.start = {"/usr/bin/python3", "-m", "uvicorn", "taste:app", "--port", "{port}",
                   "--log-level", "warning"};
  return project;
}

struct Brief {
  std::string id, text;
};

std::vector<Brief> briefs() {
  std::ifstream in(std::string(CADRE_SOURCE_DIR) + "/tests/briefs/acceptance.jsonl");
  std::vector<Brief> out;
  for (std::string line; std::getline(in, line);) {
    const auto json = json::parse(line);
    if (json) out.push_back({json::get_string(*json, "id"), json::get_string(*json, "text")});
  }
  return out;
}

// The role that may do most without being anybody in particular.
std::string strongest(const spec::Spec& spec) {
  std::map<std::string, int> counts;
  for (const spec::Permission& one : spec.permissions) {
    counts[one.actor] += one.allow && !one.rows ? 1 : 0;
  }
  const auto most = std::ranges::max_element(
      counts, {}, [](const auto& one) { return one.second; });
  return most == counts.end() ? "" : most->first;
}

AuditedProject generated(const std::string& brief) {
  AuditedProject out;
  const spec::Spec spec = offline::analyse(brief);
  Task task;
  const auto put = [&](const Turn& turn) {
    for (const Artifact& artifact : turn.artifacts) {
      task.inputs[artifact.type] = std::make_shared<const Artifact>(artifact);
      out.files.insert(out.files.end(), artifact.files.begin(), artifact.files.end());
    }
  };
  put(offline::product::prepare(spec));
  task.makes = {"architecture", "data_structures", "apis", "tasks"};
  put(offline::architect::perform(task, {}).value());
  task.makes = {"code", "documentation"};
  put(offline::developer::perform(task, {}).value());
  out.brief = brief;
  out.start = kStart;
  out.env = {{"APP_DATABASE", "/tmp/service.db"},
             {"APP_SECRET", "only for this test, and not short"}};
  if (const std::string role = strongest(spec); !role.empty()) {
    out.env["ROLE"] = role;
    out.files.push_back({"served.py", std::string(kServed)});
    out.start = {"/usr/bin/python3", "-m", "uvicorn", "served:served", "--port", "{port}",
                 "--log-level", "warning"};
  }
  for (const File& file : out.files) {
    if (file.path == "openapi.json") out.openapi = json::parse(file.content).value();
  }
  return out;
}

class AuditGenerated : public AuditTest {
 protected:
  void expect_all_right(const std::function<bool(const std::string&)>& wanted,
                        bool other_taste = false) {
    std::vector<AuditedProject> projects;
    std::vector<std::string> ids;
    for (const Brief& brief : briefs()) {
      if (!wanted(brief.id)) continue;
      if (offline::analyse(brief.text).verdict == spec::Verdict::kRefuse) continue;
      projects.push_back(generated(brief.text));
      if (other_taste) projects.back() = in_other_taste(projects.back());
      ids.push_back(brief.id);
    }
    AuditLimits limits;
    limits.operations = 500;
    const auto done = audit_all(projects, 3, limits);
    for (std::size_t i = 0; i < ids.size(); ++i) expect_right(ids[i], done[i]);
  }
};

// Lists, uniqueness, ranges, sums, limits, states, roles: one brief for each.
TEST_F(AuditGenerated, HasNoContradiction) {
  static const std::set<std::string> kSome{"A06", "A08", "A10", "A11",
                                           "A12", "A14", "A19", "A24"};
  expect_all_right([](const std::string& id) { return kSome.contains(id); });
}

TEST_F(AuditGenerated, HasNoneInOtherWords) {
  static const std::set<std::string> kSome{"A03", "A11", "A12", "A14", "A21", "A29"};
  expect_all_right([](const std::string& id) { return kSome.contains(id); }, true);
}

TEST_F(AuditGenerated, DISABLED_OfEveryBriefHasNoneInOtherWords) {
  expect_all_right([](const std::string&) { return true; }, true);
}

// All of them: by hand, after a change of the engine or of the audit.
TEST_F(AuditGenerated, DISABLED_OfEveryBriefHasNone) {
  expect_all_right([](const std::string&) { return true; });
}

}  // namespace
}  // namespace cadre
