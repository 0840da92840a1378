#include "runtime/tools/list_stacks.h"

#include <fmt/core.h>

#include "runtime/tools/arguments.h"

namespace cadre {

std::string ListStacks::description() const {
  return "Says which languages can be built, tested and measured on this machine, and with "
         "`language` what a project of that language has to look like.";
}

Json ListStacks::parameters() const {
  return JsonObject{{"type", "object"},
                    {"properties", JsonObject{{"language", JsonObject{{"type", "string"}}}}},
                    {"additionalProperties", false}};
}

std::string ListStacks::briefing(const Task& task) const {
  if (task.plan == nullptr) return {};
  const auto stacks = read_stacks(*task.plan);
  if (!stacks || stacks->empty()) return {};
  std::string out = "Languages that can be built and tested here:\n";
  for (const Stack& stack : *stacks) {
    const auto lacking = needed_for(machine_->missing(stack), {"build", "test"});
    out += fmt::format("- {}{}\n", stack.title,
                       lacking.empty() ? "" : ": not installed (" + packages_of(lacking) + ")");
  }
  return out +
         "For any other language state architecture.commands. list_stacks with a language says how "
         "its projects are laid out; keep to that.\n";
}

Result<Json> ListStacks::run(const Json& arguments, const TaskToolContext& context) {
  if (auto good = check_arguments(name(), parameters(), arguments); !good) return propagate(good);
  if (context.task->plan == nullptr) return Json(JsonArray{});
  auto stacks = read_stacks(*context.task->plan);
  if (!stacks) return propagate(stacks);
  const std::string language = json::get_string(arguments, "language");
  const Stack* one = language.empty() ? nullptr : find_stack(*stacks, language);
  if (!language.empty() && one == nullptr) {
    return fail(ErrorCode::kNotFound, fmt::format("no stack is known for {}", language),
                "state architecture.commands for it");
  }
  JsonArray list;
  for (const Stack& stack : *stacks) {
    if (one != nullptr && one != &stack) continue;
    const auto lacking = machine_->missing(stack);
    JsonObject entry{
        {"stack", stack.title},
        {"languages", json::to_array(stack.languages)},
        {"usable", needed_for(lacking, {"build", "test"}).empty()},
        {"coverage", stack.no_coverage.empty() && needed_for(lacking, {"coverage"}).empty()}};
    if (!lacking.empty()) entry["install"] = "apt-get install " + packages_of(lacking);
    if (one != nullptr) entry["conventions"] = stack.conventions;
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace cadre
