#include "runtime/tools/stack_step.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "process/tree.h"

namespace cadre {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kStepOutput = 48 * 1024;
constexpr std::size_t kFoundMax = 5000;

SandboxPolicy policy_of(SandboxAccess& access, const TaskToolContext& context, const Stack& stack,
                        const StackStep& step, const StepPlace& place) {
  SandboxPolicy policy;
  policy.work = place.folder;
  policy.allow_unsandboxed = access.allow_unsandboxed();
  policy.limits.wall_s = seconds_left(context, step.timeout_s);
  policy.limits.cpu_s = std::max(1, static_cast<int>(policy.limits.wall_s));
  policy.limits.memory_mb = stack.memory_mb;
  policy.limits.tmp_mb = 512;
  policy.limits.processes = 256;
  if (place.work_mb) policy.limits.work_mb = *place.work_mb;
  policy.limits.output_kept = kStepOutput;
  policy.env.push_back("PATH=" + program_path(stack));
  const std::string work = seen_as(access, place);
  for (const auto* env : {&stack.env, &step.env}) {
    for (const auto& [name, value] : *env) {
      policy.env.push_back(name + "=" + text::replace_all(value, "/work", work));
    }
  }
  return policy;
}

}  // namespace

std::string seen_as(SandboxAccess& access, const StepPlace& place) {
  return access.support().works ? "/work" : place.folder.string();
}

std::vector<std::string> files_ending(const fs::path& folder, const std::string& ending) {
  std::vector<std::string> list;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    const std::string path = at->path().lexically_relative(folder).generic_string();
    if (path.ends_with(ending) && path_problem(path).empty() && list.size() < kFoundMax) {
      list.push_back(path);
    }
  }
  std::ranges::sort(list);
  return list;
}

Result<void> put_stack_files(const fs::path& folder, const Stack& stack) {
  if (auto made = write_beneath(folder, ".cadre/here", ""); !made) return made;
  for (const auto& [name, content] : stack.files) {
    if (auto made = write_beneath(folder, ".cadre/" + name, content); !made) return made;
  }
  return {};
}

std::vector<std::string> fill_command(const std::vector<std::string>& argv, const StepFiles& files,
                                      const fs::path& folder, const std::string& work) {
  std::vector<std::string> out;
  for (const std::string& word : argv) {
    std::vector<std::string> list;
    if (word == "{sources}") {
      list = files.sources;
    } else if (word == "{tests}") {
      list = files.tests;
    } else if (word.starts_with("{found:") && word.ends_with('}')) {
      list = files_ending(folder, word.substr(7, word.size() - 8));
    } else {
      out.push_back(text::replace_all(word, "{work}", work));
      continue;
    }
    if (list.empty()) return {};
    out.insert(out.end(), list.begin(), list.end());
  }
  return out;
}

Result<StepDone> run_stack_step(SandboxAccess& access, const TaskToolContext& context,
                                const Stack& stack, const StackStep& step,
                                const std::vector<std::string>& argv, const StepPlace& place) {
  const SandboxPolicy policy = policy_of(access, context, stack, step, place);
  auto ran = run_sandboxed(access.support(), policy, argv, {}, context.stop);
  if (!ran) return propagate(ran);
  StepDone done;
  done.process = std::move(ran->process);
  const ProcessResult& process = done.process;
  if (process.cancelled) return fail(ErrorCode::kCancelled, "the measurement was stopped");
  done.run.kind = step.kind;
  done.run.command = text::shorten(text::join(argv, " "), 200);
  done.run.passed = process.success();
  done.run.seconds = process.seconds;
  done.run.output = text::clean_utf8(process.err) + "\n" + text::clean_utf8(process.out);
  if (process.timed_out) {
    done.run.broken_limit = fmt::format("it did not end within {:.0f} s", policy.limits.wall_s);
  } else if (!process.limit.empty()) {
    done.run.broken_limit = process.limit;
  }
  return done;
}

}  // namespace cadre
