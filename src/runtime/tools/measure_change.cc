#include "runtime/tools/measure_change.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "runtime/tools/arguments.h"
#include "runtime/tools/change_report.h"
#include "runtime/tools/repository.h"
#include "runtime/tools/stack_run.h"

namespace cadre {
namespace {

constexpr std::string_view kRepositorySchema = R"({
  "type": "object", "additionalProperties": false,
  "properties": {
    "language": {"type": "string",
      "description": "what the repository is written in, where that was not found out rightly"},
    "commands": {
      "type": "object", "additionalProperties": false, "required": ["test"],
      "description": "how it is built and tested, where that is not the usual of its language",
      "properties": {
        "build": {"type": "array", "description": "commands, each a list of words",
          "items": {"type": "array", "minItems": 1, "items": {"type": "string"}}},
        "test": {"type": "array", "minItems": 1, "description": "commands, each a list of words",
          "items": {"type": "array", "minItems": 1, "items": {"type": "string"}}},
        "results": {
          "type": "object", "required": ["format", "file"], "additionalProperties": false,
          "description": "where tests leave results; else TAP is read, or a command is one test",
          "properties": {"format": {"enum": ["junit", "tap", "go-test"]},
            "file": {"type": "string"}}}}}}})";

const Artifact* input_of(const Task& task, std::string_view type) {
  const auto at = task.inputs.find(std::string(type));
  return at == task.inputs.end() || !at->second ? nullptr : at->second.get();
}

// By what is stated, else by what was found in the repository.
Result<Stack> stack_of(const Task& task, const Json& how) {
  if (task.plan == nullptr) return fail(ErrorCode::kInternal, "the task has no plan");
  auto stacks = read_stacks(*task.plan);
  if (!stacks) return propagate(stacks);
  std::string language = json::get_string(how, "language");
  const Artifact* repository = input_of(task, kRepositoryArtifact);
  if (language.empty() && repository != nullptr) {
    if (const Json* found = json::find(repository->data, "stack")) {
      language = json::get_string(*found, "language");
    }
  }
  JsonObject stated{{"stack", JsonObject{{"language", language}}}};
  if (const Json* commands = json::find(how, "commands"); commands != nullptr) {
    stated["commands"] = *commands;
  }
  if (auto stack = stack_for(*stacks, stated)) return std::move(*stack);
  return fail(ErrorCode::kInvalidInput,
              language.empty() ? "it was not found out what the repository is written in"
                               : fmt::format("it is not known how to test {}", language),
              "state `commands` (build, test), as its README or its CI files say");
}

}  // namespace

std::string MeasureRepository::description() const {
  return "Builds the repository as it was given and runs its own tests in the sandbox: what passes "
         "before anything is changed. Its figures become the plan's baseline, and the change is "
         "measured in the same way. `commands` only where the usual ones do not fit.";
}

Json MeasureRepository::parameters() const { return json::parse(kRepositorySchema).value(); }

std::string MeasureRepository::briefing(const Task& task) const {
  const auto stack = stack_of(task, JsonObject{});
  if (!stack) return stack.error().message + ": " + stack.error().hint + ".";
  std::string out = fmt::format("The repository is taken for {}. Its tests are run so:\n",
                                stack->title);
  for (const StackVariant& variant : stack->variants) {
    const std::string when =
        variant.when.empty() ? std::string() : fmt::format(" (where {} is)", variant.when);
    for (const StackStep& step : variant.steps) {
      out += fmt::format("- {}{}: {}\n", step.kind, when, text::join(step.argv, " "));
    }
  }
  return out + "Call measure_repository with other commands where its own documents say otherwise.";
}

Result<void> MeasureRepository::ready(const Task& task) const {
  // Without a stack that is known the planner states the commands.
  const auto stack = stack_of(task, JsonObject{});
  return stack ? machine_->can_test(*stack) : Result<void>{};
}

Result<Json> MeasureRepository::run(const Json& arguments, const TaskToolContext& context) {
  if (auto good = check_arguments(name(), parameters(), arguments); !good) return propagate(good);
  auto stack = stack_of(*context.task, arguments);
  if (!stack) return propagate(stack);
  if (auto good = machine_->can_test(*stack); !good) return propagate(good);
  auto measured = run_stack(*access_, context, *stack, folder_files(context));
  if (!measured) return propagate(measured);
  JsonObject figures{{"baseline", baseline_json(*measured, arguments)}};
  return JsonObject{{"figures", std::move(figures)}};
}

std::string MeasureChange::description() const {
  return "Builds the repository with what was changed so far and runs all its tests in the "
         "sandbox, in the same way as before the change, and compares: what passed before and does "
         "not now, which new tests fail.";
}

Json MeasureChange::parameters() const {
  return JsonObject{{"type", "object"}, {"properties", JsonObject{}},
                    {"additionalProperties", false}};
}

Result<Json> MeasureChange::run(const Json& arguments, const TaskToolContext& context) {
  if (auto good = check_arguments(name(), parameters(), arguments); !good) return propagate(good);
  const Artifact* plan = input_of(*context.task, "change_plan");
  const Json* baseline = plan == nullptr ? nullptr : json::find(plan->data, "baseline");
  if (baseline == nullptr) {
    return fail(ErrorCode::kInvalidInput, "there is no plan with a baseline to compare with");
  }
  const Json* how = json::find(*baseline, "how");
  auto stack = stack_of(*context.task, how == nullptr ? Json(JsonObject{}) : *how);
  if (!stack) return propagate(stack);
  const FolderFiles files = folder_files(context);
  ChangeMeasurement measured;
  auto after = run_stack(*access_, context, *stack, files);
  if (!after) return propagate(after);
  measured.after = std::move(*after);
  const auto broken = [&] {
    return measured.after.tests_ran
               ? regressions_of(plan->data, outcomes_of(measured.after))
               : std::vector<std::string>{};
  };
  // A test that fails only now and then is nobody's change.
  if (!broken().empty()) {
    auto again = run_stack(*access_, context, *stack, files);
    if (!again) return propagate(again);
    keep_steady(*again, measured.after);
  }
  // Whose fault is it? The same without the new tests says.
  const Artifact* tests = input_of(*context.task, "change_tests");
  if (tests != nullptr && !broken().empty()) {
    Task alone = *context.task;
    alone.inputs.erase("change_tests");
    TaskToolContext without = context;
    without.task = &alone;
    auto old_tests = run_stack(*access_, without, *stack, folder_files(without));
    if (!old_tests) return propagate(old_tests);
    measured.without_new_tests = std::move(*old_tests);
  }
  return change_report_of(measured, *stack, context.inputs);
}

}  // namespace cadre
