// Components and tasks: who builds what, for which stories.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "offline/architect/design.h"
#include "offline/developer/model.h"
#include "offline/wording.h"

namespace cadre::offline::architect {
namespace {

using spec::Endpoint;
using spec::Spec;

constexpr const char* kCore = "C-app-core";

void add_once(std::vector<std::string>& list, const std::string& item) {
  if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
}

void add_stories(const StoryLinks& links, const std::string& operation,
                 std::vector<std::string>& out) {
  const auto at = links.by_operation.find(operation);
  if (at == links.by_operation.end()) return;
  for (const std::string& story : at->second) add_once(out, story);
}

bool writes(const spec::Operation& operation, const std::string& entity) {
  return std::any_of(operation.effects.begin(), operation.effects.end(),
                     [&](const spec::Effect& effect) {
                       return effect.target == entity || effect.target.starts_with(entity + ".");
                     });
}

std::string component_id(const spec::Resource& resource) {
  return "C-" + text::kebab_case(resource.snake_plural);
}

std::vector<std::string> core_files() {
  return {"app/main.py",   "app/config.py",   "app/db.py",
          "app/errors.py", "app/security.py", "app/clock.py",
          "app/models.py", "app/schemas.py",  "migrations/0001_init.sql"};
}

Component entity_component(const Design& design, const developer::Model& model,
                           const spec::Resource& resource) {
  const Spec& spec = *design.spec;
  const spec::Entity& entity = *resource.entity;
  Component out;
  out.id = component_id(resource);
  out.name = text::upper_first(wording::entity_plural(spec, entity.id));
  out.responsibility = "Keeps " + wording::entity_plural(spec, entity.id) +
                       " and their rules; each operation is one transaction";
  out.entities = {entity.id};
  for (const spec::Operation& operation : spec.operations) {
    if (operation.on == entity.id) {
      out.operations.push_back(operation.id);
      add_stories(design.links, operation.id, out.stories);
    }
  }
  for (const spec::Operation& operation : spec.operations) {
    if (out.stories.empty() && writes(operation, entity.id)) {
      add_stories(design.links, operation.id, out.stories);
    }
  }
  if (out.stories.empty() && !design.links.all.empty()) out.stories = {design.links.all.front()};
  std::sort(out.stories.begin(), out.stories.end());
  out.files = {"app/services/" + developer::service_module(model, entity) + ".py",
               "app/api/" + developer::api_module(model, entity) + ".py"};
  return out;
}

std::vector<std::string> service_success(const Design& design, const spec::Resource& resource) {
  std::vector<std::string> out;
  std::vector<std::string> rules;
  std::size_t operations = 0;
  for (const spec::Operation& operation : design.spec->operations) {
    if (operation.on != resource.entity->id) continue;
    ++operations;
    for (const spec::Guard& guard : operation.guards) add_once(rules, guard.id);
  }
  const bool several = operations != 1;
  out.push_back(std::to_string(operations) +
                (several ? " operations answer" : " operation answers") + " as openapi.json says");
  if (!rules.empty()) {
    out.push_back("Rules " + text::join(rules, ", ") + " hold, each in one place, with its id");
  }
  out.push_back("Every write is one transaction");
  return out;
}

}  // namespace

StoryLinks read_story_links(const Json& user_stories) {
  StoryLinks out;
  for (const Json& story : json::get_array(user_stories, "stories")) {
    const std::string id = json::get_string(story, "id");
    out.all.push_back(id);
    out.titles[id] = json::get_string(story, "title");
    for (const Json& criterion : json::get_array(story, "criteria")) {
      const std::string operation = json::get_string(criterion, "operation");
      // Who may do it is the core's matter, unless nothing else speaks of the operation.
      if (operation.empty() || json::get_string(criterion, "kind") == "permission") continue;
      add_once(out.by_operation[operation], id);
    }
  }
  return out;
}

std::vector<Component> write_components(const Design& design) {
  const Spec& spec = *design.spec;
  const developer::Model model(spec);
  std::vector<Component> out;
  out.push_back({kCore,
                 "Application core",
                 "Start, configuration, database, errors, clock" +
                     std::string(spec.actors.empty() ? "" : ", tokens and permissions"),
                 design.links.all,
                 {},
                 {},
                 core_files()});
  for (const spec::Resource& resource : design.contract.resources) {
    out.push_back(entity_component(design, model, resource));
  }
  Component reports{"C-app-reports",
                    "Reports",
                    "Answers questions over all records; changes nothing",
                    {},
                    {},
                    {},
                    {"app/services/reports.py", "app/api/reports.py"}};
  for (const Endpoint& endpoint : design.contract.endpoints) {
    if (endpoint.query == nullptr) continue;
    reports.operations.push_back(endpoint.operation_id);
    add_once(reports.entities, endpoint.entity);
    add_stories(design.links, endpoint.operation_id, reports.stories);
  }
  if (reports.stories.empty() && !design.links.all.empty()) {
    reports.stories = {design.links.all.front()};
  }
  if (!reports.operations.empty()) out.push_back(std::move(reports));
  return out;
}

// The QA engineer's: writing the tests needs no code, running them needs all of it.
static void add_quality_tasks(const Design& design, std::vector<WorkItem>& out) {
  std::vector<std::string> before_verify;
  for (const WorkItem& item : out) before_verify.push_back(item.id);
  before_verify.emplace_back("T-test-plan");
  out.push_back({"T-test-plan",
                 "Tests from the stories and the API contract",
                 "qa_engineer",
                 "test_plan",
                 "",
                 {},
                 {},
                 design.links.all,
                 {"Every criterion has a test", "Every test loads"}});
  out.push_back({"T-verify",
                 "Run the tests, measure, review",
                 "qa_engineer",
                 "verify",
                 "",
                 before_verify,
                 {},
                 design.links.all,
                 {"All tests pass", "At least 90 % of the lines are run by tests",
                  "No finding of high severity"}});
}

std::vector<WorkItem> write_tasks(const Design& design) {
  std::vector<WorkItem> out;
  WorkItem foundation{"T-foundation",
                      "Foundation: start, database, errors, clock",
                      "developer",
                      "foundation",
                      "",
                      {},
                      {kCore},
                      design.links.all,
                      {}};
  foundation.success = {"migrations/0001_init.sql loads", "GET /health answers 200",
                        "Every refusal is problem+json"};
  if (design.contract.has_actors) foundation.success.push_back("No request passes without a token");
  out.push_back(std::move(foundation));
  for (std::size_t i = 0; i < design.contract.resources.size(); ++i) {
    const spec::Resource& resource = design.contract.resources[i];
    const Component& component = design.components[i + 1];
    out.push_back({"T-service-" + text::kebab_case(resource.snake),
                   "Service for " + wording::entity_plural(*design.spec, resource.entity->id),
                   "developer",
                   "service",
                   resource.entity->id,
                   {"T-foundation"},
                   {component.id},
                   component.stories,
                   service_success(design, resource)});
  }
  if (design.components.back().id == "C-app-reports") {
    const Component& component = design.components.back();
    out.push_back({"T-reports",
                   "Reports",
                   "developer",
                   "reports",
                   "",
                   {"T-foundation"},
                   {component.id},
                   component.stories,
                   {"Every report answers as openapi.json says", "No report writes"}});
  }
  out.push_back({"T-documentation",
                 "README and operating notes",
                 "developer",
                 "documentation",
                 "",
                 {"T-foundation"},
                 {kCore},
                 design.links.all,
                 {"The README's commands work as written"}});
  add_quality_tasks(design, out);
  return out;
}

}  // namespace cadre::offline::architect
