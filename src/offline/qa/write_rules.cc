// test_rules.py: every guard, refused one step beyond its boundary and accepted on it.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "offline/qa/rule_search.h"
#include "offline/qa/story.h"

namespace cadre::offline::qa {
namespace {

constexpr const char* kFile = "tests/test_rules.py";
constexpr int kSearchRequests = 5'000;

void add(Suite& suite, const spec::Guard& guard, const std::string& operation, const Scene& scene,
         const std::string& suffix, const std::string& what) {
  if (!scene.ok()) return;
  suite.add({.id = {},
             .file = kFile,
             .name = fmt::format("test_{}_{}_{}", text::snake_case(guard.id),
                                 text::snake_case(guard.error), suffix),
             .what = what,
             .kind = "rule",
             .operations = {operation},
             .rules = {guard.id},
             .decorators = {},
             .arguments = scene.arguments(),
             .body = scene.text(),
             .criteria = {}});
}

// What the directed search misses, the model's own scenario search may find.
bool add_story(Suite& suite, const spec::Endpoint& endpoint, const spec::Guard& guard) {
  const Context& context = suite.context();
  auto scenario = spec::find_refusal(context.spec, guard.id, endpoint.operation_id,
                                     {.requests = kSearchRequests});
  if (!scenario) return false;
  auto add_steps = [&](const std::vector<spec::Step>& steps, const std::string& suffix,
                       const std::string& what) {
    auto body = python_of_steps(context, steps);
    if (!body) return false;
    suite.add({.id = {},
               .file = kFile,
               .name = fmt::format("test_{}_{}_{}{}", text::snake_case(guard.id),
                                   text::snake_case(guard.error),
                                   text::snake_case(endpoint.operation_id), suffix),
               .what = what,
               .kind = "rule",
               .operations = {endpoint.operation_id},
               .rules = {guard.id},
               .decorators = {},
               .arguments = arguments_of_steps(*body),
               .body = *body,
               .criteria = {}});
    return true;
  };
  if (!add_steps(scenario->steps, "",
                 endpoint.operation_id + " is refused after these requests.")) {
    return false;
  }
  add_steps(scenario->twin, "_boundary",
            endpoint.operation_id + " is accepted after a small change.");
  return true;
}

}  // namespace

void write_rules(Suite& suite) {
  const Context& context = suite.context();
  suite.open_file(kFile, "The rules: accepted on the boundary, refused one step beyond.");
  for (const spec::Endpoint& endpoint : context.contract.endpoints) {
    if (!endpoint.operation) continue;
    for (const spec::Guard& guard : endpoint.operation->guards) {
      std::string operation = endpoint.operation_id;
      auto found = search_rule(context, endpoint, guard);
      if (!found && add_story(suite, endpoint, guard)) continue;
      if (!found) {
        suite.gaps.push_back(fmt::format("No request was found that {} refuses because of {}.",
                                         operation, guard.id));
        continue;
      }
      std::string suffix = text::snake_case(operation);
      add(suite, guard, operation, found->refused, suffix,
          fmt::format("{} is refused: {}", operation, found->what));
      if (found->accepted) {
        add(suite, guard, operation, *found->accepted, suffix + "_boundary",
            fmt::format("{} is still accepted: {}", operation, found->boundary));
      }
      if (found->again) {
        add(suite, guard, operation, *found->again, suffix + "_works_again",
            fmt::format("{} is accepted again {}", operation, found->after));
      }
    }
  }
}

}  // namespace cadre::offline::qa
