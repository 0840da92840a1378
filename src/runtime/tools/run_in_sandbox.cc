#include "runtime/tools/run_in_sandbox.h"

#include <algorithm>

#include "base/text.h"
#include "runtime/tools/arguments.h"
#include "runtime/tools/task_folder.h"

namespace cadre {
namespace {

constexpr std::size_t kStreamBytes = 64 * 1024 - 64;  // with the line that says what was left out
constexpr std::size_t kOutputBytesMax = 8 * 1024 * 1024;
constexpr double kDefaultSeconds = 120;

constexpr std::string_view kSchema = R"({
  "type": "object", "required": ["argv"], "additionalProperties": false,
  "properties": {
    "argv": {"type": "array", "minItems": 1, "maxItems": 1000, "items": {"type": "string"},
      "description": "program and arguments; python3 is the system's Python"},
    "timeout_s": {"type": "number", "exclusiveMinimum": 0, "maximum": 1800,
      "description": "wall-clock limit, 120 if absent"},
    "cpu_s": {"type": "integer", "minimum": 1, "maximum": 1800,
      "description": "CPU seconds of each process"},
    "memory_mb": {"type": "integer", "minimum": 64, "maximum": 16384},
    "processes": {"type": "integer", "minimum": 4, "maximum": 4096},
    "env": {"type": "object", "additionalProperties": {"type": "string"}},
    "stdin": {"type": "string", "maxLength": 1000000},
    "outputs": {"type": "array", "maxItems": 200, "items": {"type": "string"},
      "description": "files to hand back, relative to the work folder"},
    "label": {"type": "string", "maxLength": 200}
  }})";

Result<SandboxPolicy> policy_of(const Json& arguments, const TaskToolContext& context) {
  SandboxPolicy policy;
  SandboxLimits& limits = policy.limits;
  limits.wall_s = seconds_left(context, json::get_double(arguments, "timeout_s", kDefaultSeconds));
  limits.cpu_s = static_cast<int>(json::get_int(
      arguments, "cpu_s", std::max<std::int64_t>(1, static_cast<std::int64_t>(limits.wall_s))));
  limits.memory_mb = static_cast<int>(json::get_int(arguments, "memory_mb", 2048));
  limits.processes = static_cast<int>(json::get_int(arguments, "processes", 128));
  limits.output_kept = kStreamBytes;
  for (const auto& [key, value] : json::get_object(arguments, "env")) {
    std::string variable(key.data(), key.size());
    if (variable.empty() || variable.find_first_of("=\0") != std::string::npos) {
      return fail(ErrorCode::kInvalidInput, "env holds a name that is no variable's name");
    }
    policy.env.push_back(variable + "=" + std::string(json::as_view(value.get_string())));
  }
  for (const std::string& path : json::get_strings(arguments, "outputs")) {
    if (std::string problem = path_problem(path); !problem.empty()) {
      return fail(ErrorCode::kInvalidInput, fmt::format("the output \"{}\" is refused: {}",
                                                        text::shorten(path, 120), problem));
    }
  }
  return policy;
}

std::string readable(std::string_view bytes) {
  return text::is_valid_utf8(bytes) ? std::string(bytes) : text::clean_utf8(bytes);
}

// {path: content or null}, and why for those that are there and cannot be handed back.
void read_outputs(const Json& arguments, const std::filesystem::path& folder, JsonObject& result) {
  JsonObject contents, problems;
  for (const std::string& path : json::get_strings(arguments, "outputs")) {
    Result<std::string> content = read_beneath(folder, path, kOutputBytesMax);
    contents[path] = content ? Json(readable(*content)) : Json(nullptr);
    if (!content && content.error().code != ErrorCode::kNotFound) {
      problems[path] = content.error().message;
    }
  }
  result["outputs"] = std::move(contents);
  if (!problems.empty()) result["output_problems"] = std::move(problems);
}

// Runs the call in the folder, which holds what the program works on.
Result<Json> run_program(SandboxAccess& access, const Json& arguments,
                         const TaskToolContext& context, Result<ScratchFolder> folder) {
  Result<SandboxPolicy> policy = policy_of(arguments, context);
  if (!policy) return propagate(policy);
  policy->allow_unsandboxed = access.allow_unsandboxed();
  if (!folder) return propagate(folder);
  policy->work = folder->path();
  Result<SandboxResult> run =
      run_sandboxed(access.support(), *policy, json::get_strings(arguments, "argv"),
                    json::get_string(arguments, "stdin"), context.stop);
  if (!run) return propagate(run);
  const ProcessResult& process = run->process;
  if (process.cancelled) return fail(ErrorCode::kCancelled, "the program was stopped");
  JsonObject result;
  result["exit_code"] = process.exit_code;
  result["signal"] = process.signal;
  result["timed_out"] = process.timed_out;
  if (!process.limit.empty()) result["limit"] = process.limit;
  result["seconds"] = process.seconds;
  result["stdout"] = readable(process.out);
  result["stderr"] = readable(process.err);
  read_outputs(arguments, folder->path(), result);
  result["sandboxed"] = run->sandboxed;
  if (const Json* label = json::find(arguments, "label")) result["label"] = *label;
  return result;
}

Result<ScratchFolder> make_task_folder(SandboxAccess& access, const TaskToolContext& context) {
  auto folder = make_sandbox_folder(access.support(), context.scratch_dir);
  if (!folder) return folder;
  if (auto put = put_files(folder->path(), folder_files(context)); !put) return propagate(put);
  return folder;
}

}  // namespace

std::string RunInSandbox::description() const {
  return "Runs a program over a fresh copy of the project files, without network, with limits, "
         "and returns its status, what it printed, and the files asked for.";
}

Json RunInSandbox::parameters() const { return json::parse(kSchema).value(); }

Result<Json> RunInSandbox::run(const Json& arguments, const TaskToolContext& context) {
  if (Result<void> fine = check_arguments(name(), parameters(), arguments); !fine) {
    return propagate(fine);
  }
  return run_program(*access_, arguments, context,
                     make_workspace(access_->support(), context));
}

std::string RunTool::description() const {
  return "Runs a program over a fresh copy of the project's files as they stand now, in the "
         "sandbox, without network; returns its status and what it printed. What it writes is "
         "thrown away.";
}

Json RunTool::parameters() const { return json::parse(kSchema).value(); }

Result<Json> RunTool::run(const Json& arguments, const TaskToolContext& context) {
  if (Result<void> fine = check_arguments(name(), parameters(), arguments); !fine) {
    return propagate(fine);
  }
  return run_program(*access_, arguments, context,
                     make_task_folder(*access_, context));
}

}  // namespace cadre
