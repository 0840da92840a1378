#include "runtime/tools/stack_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "runtime/tools/stack_step.h"

namespace cadre {
namespace {

namespace fs = std::filesystem;

constexpr int kWorkMb = 1024;  // a repository's own build may be large

std::vector<std::string> command_of(const StackStep& step, const std::string& work) {
  std::vector<std::string> argv = step.without_coverage.empty() ? step.argv : step.without_coverage;
  for (std::string& word : argv) word = text::replace_all(word, "{work}", work);
  return argv;
}

// The cases that a step of kind test left.
void read_cases(const StackStep& step, const StepRun& done, const std::string& printed,
                const fs::path& folder, const Stack& stack, Measurement& measured) {
  measured.tests_ran = true;
  std::string text = printed;
  if (step.results && !step.results->file.empty()) {
    auto file = read_beneath(folder, step.results->file, kFigureBytesMax);
    if (!file) {
      measured.problems.push_back("the tests left no results: " + telling_part(stack, done.output));
      return;
    }
    text = std::move(*file);
  }
  const std::string format = step.results ? step.results->format : "tap";
  auto cases = read_test_results(format, text);
  if (!cases) {
    measured.problems.push_back("the results of the tests cannot be read: " +
                                cases.error().message);
    return;
  }
  // A command without a protocol is one test.
  if (cases->empty() && format == "tap") {
    cases->push_back({done.command, "", done.passed ? "passed" : "failed", "",
                      telling_part(stack, done.output), done.seconds});
  }
  for (TestCase& one : *cases) measured.cases.push_back(std::move(one));
}

}  // namespace

Result<Measurement> run_stack(SandboxAccess& access, const TaskToolContext& context,
                              const Stack& stack, const FolderFiles& files) {
  Measurement measured;
  measured.stack = stack.title;
  measured.sandboxed = access.support().works;
  auto scratch = make_sandbox_folder(access.support(), context.scratch_dir);
  if (!scratch) return propagate(scratch);
  const fs::path& folder = scratch->path();
  auto left = put_files(folder, files);
  if (!left) return propagate(left);
  if (!left->empty()) {
    measured.not_verified.push_back(
        text::shorten("files that the tests did not have: " + text::join(*left, ", "), 600));
  }
  if (auto made = put_stack_files(folder, stack); !made) return propagate(made);
  const StackVariant* variant = nullptr;
  for (const StackVariant& one : stack.variants) {
    if (variant == nullptr && (one.when.empty() || files.texts.contains(one.when))) variant = &one;
  }
  if (variant == nullptr) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("there is no {}, so it is not known how {} is built and tested here",
                            stack.variants.empty() ? "" : stack.variants.front().when, stack.title),
                "state the commands");
  }
  const StepPlace place{.folder = folder, .work_mb = kWorkMb};
  const std::string work = seen_as(access, place);
  for (const StackStep& step : variant->steps) {
    if (step.kind != "build" && step.kind != "test") continue;
    auto done = run_stack_step(access, context, stack, step, command_of(step, work), place);
    if (!done) return propagate(done);
    measured.steps.push_back(done->run);
    if (step.kind == "build" && !done->run.passed) break;
    if (step.kind == "test") {
      read_cases(step, done->run, text::clean_utf8(done->process.out), folder, stack, measured);
    }
  }
  return measured;
}

}  // namespace cadre
