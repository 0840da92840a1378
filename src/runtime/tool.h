// A tool: something with an effect that an agent may ask for, run by the runtime under the journal.
//
// The runtime journals the call before `run` is entered and its value after it came back; a
// finished call is never run again. `effect` says what a resumed run may do with a call that
// started and whose end was not recorded. `run` is called from a worker thread, several at once:
// a tool holds no mutable state of its own. Headers of tools stay light: no process or net types.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "core/provider.h"
#include "core/tool_effect.h"

namespace cadre {

class FileClaims;

// Where and for whom a call runs. Valid during `run` only.
struct TaskToolContext {
  std::string run;      // run id
  std::string call_id;  // unique in the task
  const Task* task = nullptr;
  // The task's inputs by type: Task::inputs.
  std::map<std::string, std::shared_ptr<const Artifact>> inputs;
  std::filesystem::path out_dir;      // the project folder of the run
  std::filesystem::path scratch_dir;  // exists, empty or from an interrupted attempt; of this call
  std::int64_t deadline_us = 0;       // when the run must be over, Clock time; 0 = no limit
  std::stop_token stop;               // asked to stop: return kCancelled soon
  std::string answer = {};            // what a person said, of a call that waited for one
  std::size_t call = 0;               // this call's place in task->calls
  // Results of the task's calls before this turn, in the order of task->calls.
  std::span<const ToolResult> results = {};
  std::shared_ptr<FileClaims> claims = nullptr;  // of tasks that write files side by side; or null
};

class TaskTool {
 public:
  virtual ~TaskTool() = default;
  virtual std::string name() const = 0;
  virtual std::string description() const = 0;
  // JSON Schema of `arguments`; {} accepts anything.
  virtual Json parameters() const { return JsonObject{}; }
  virtual ToolEffect effect() const = 0;
  // What an agent that has the tool should know for this task; stands in the task's message.
  virtual std::string briefing(const Task& task) const {
    (void)task;
    return {};
  }
  // Whether the tool can do its job for this task on this machine; asked before work is accepted.
  virtual Result<void> ready(const Task& task) const {
    (void)task;
    return {};
  }
  // An error becomes a ToolResult that is not ok, with {"error", "code", "hint"}: the agent sees
  // it and goes on. kCancelled is not recorded: the call runs again on resume.
  virtual Result<Json> run(const Json& arguments, const TaskToolContext& context) = 0;
};

// The tools of a run, by name. Filled before the run, read-only afterwards.
class ToolRegistry {
 public:
  // A second tool of the same name is kConflict.
  Result<void> add(std::shared_ptr<TaskTool> tool);
  TaskTool* find(std::string_view name) const;
  std::vector<std::string> names() const;

 private:
  std::map<std::string, std::shared_ptr<TaskTool>, std::less<>> tools_;
};

}  // namespace cadre
