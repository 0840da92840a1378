#include "runtime/tools/stack_step.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace cadre {
namespace {

constexpr std::size_t kStepOutput = 48 * 1024;

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
  std::string path = "/usr/bin:/bin:/usr/sbin:/sbin";
  for (const std::string& more : stack.paths) path = more + ":" + path;
  policy.env.push_back("PATH=" + path);
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
