// test_rules.py: every guard, refused one step beyond its boundary and accepted on it.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "offline/qa/rule_search.h"

namespace cadre::offline::qa {
namespace {

constexpr const char* kFile = "tests/test_rules.py";

void add(Suite& suite, const spec::Guard& guard, const std::string& operation, const Scene& scene,
         const std::string& suffix, const std::string& what) {
  if (!scene.ok()) return;
  suite.add({.id = {}, .file = kFile,
             .name = fmt::format("test_{}_{}_{}", text::snake_case(guard.id),
                                 text::snake_case(guard.error), suffix),
             .what = what, .kind = "rule", .operations = {operation}, .rules = {guard.id},
             .decorators = {}, .arguments = scene.arguments(), .body = scene.text(),
             .criteria = {}});
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
      if (!found) {
        suite.gaps.push_back(fmt::format(
            "No request was found that {} refuses because of {}.", operation, guard.id));
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
