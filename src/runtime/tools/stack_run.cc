#include "runtime/tools/stack_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace cadre {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFigureBytesMax = 64 * 1024 * 1024;
constexpr std::size_t kStepOutput = 48 * 1024;

std::vector<std::string> command_of(const StackStep& step, const std::string& work) {
  std::vector<std::string> argv = step.without_coverage.empty() ? step.argv : step.without_coverage;
  for (std::string& word : argv) word = text::replace_all(word, "{work}", work);
  return argv;
}

SandboxPolicy policy_of(SandboxAccess& access, const TaskToolContext& context, const Stack& stack,
                        const StackStep& step, const fs::path& folder, const std::string& work) {
  SandboxPolicy policy;
  policy.work = folder;
  policy.allow_unsandboxed = access.allow_unsandboxed();
  policy.limits.wall_s = seconds_left(context, step.timeout_s);
  policy.limits.cpu_s = std::max(1, static_cast<int>(policy.limits.wall_s));
  policy.limits.memory_mb = stack.memory_mb;
  policy.limits.tmp_mb = 512;
  policy.limits.processes = 256;
  policy.limits.work_mb = 1024;
  policy.limits.output_kept = kStepOutput;
  std::string path = "/usr/bin:/bin:/usr/sbin:/sbin";
  for (const std::string& more : stack.paths) path = more + ":" + path;
  policy.env.push_back("PATH=" + path);
  for (const auto* env : {&stack.env, &step.env}) {
    for (const auto& [name, value] : *env) {
      policy.env.push_back(name + "=" + text::replace_all(value, "/work", work));
    }
  }
  return policy;
}

// The cases that a step of kind test left.
void read_cases(const StackStep& step, const StepRun& done, const std::string& printed,
                const fs::path& folder, const Stack& stack, Measurement& measured) {
  measured.tests_ran = true;
  std::string text = printed;
  if (step.results && !step.results->file.empty()) {
    auto file = read_beneath(folder, step.results->file, kFigureBytesMax);
    if (!file) {
      measured.problems.push_back("the tests left no results: " +
                                  telling_part(stack, done.output));
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
  if (auto made = write_beneath(folder, ".cadre/here", ""); !made) return propagate(made);
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
  const std::string work = measured.sandboxed ? "/work" : folder.string();
  for (const StackStep& step : variant->steps) {
    if (step.kind != "build" && step.kind != "test") continue;
    const std::vector<std::string> argv = command_of(step, work);
    auto run = run_sandboxed(access.support(),
                             policy_of(access, context, stack, step, folder, work), argv, {},
                             context.stop);
    if (!run) return propagate(run);
    const ProcessResult& process = run->process;
    if (process.cancelled) return fail(ErrorCode::kCancelled, "the measurement was stopped");
    StepRun done;
    done.kind = step.kind;
    done.command = text::shorten(text::join(argv, " "), 200);
    done.passed = process.success();
    done.seconds = process.seconds;
    done.output = text::clean_utf8(process.err) + "\n" + text::clean_utf8(process.out);
    if (process.timed_out) {
      done.broken_limit = fmt::format("it did not end within {:g} s", step.timeout_s);
    } else if (!process.limit.empty()) {
      done.broken_limit = process.limit;
    }
    measured.steps.push_back(done);
    if (step.kind == "build" && !done.passed) break;
    if (step.kind == "test") {
      read_cases(step, done, text::clean_utf8(process.out), folder, stack, measured);
    }
  }
  return measured;
}

}  // namespace cadre
