// Which tasks are pending, running, done or failed: the state of a workflow, without any doing.
//
// A task waits for those it depends on, which have to be known before it, so there are no circles.
// pending -> running -> done or failed; a failed one may start again. Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace cadre {

enum class TaskState : std::uint8_t { kPending, kRunning, kDone, kFailed };
const char* to_string(TaskState state);
std::optional<TaskState> task_state_from(std::string_view word);

struct TaskRecord {
  std::string id{};
  std::string owner{};  // the agent that does it
  TaskState state = TaskState::kPending;
  std::string detail{};  // what came of it, or why it failed
  std::vector<std::string> depends_on{};
  int attempts = 0;
  std::int64_t started_us = 0, ended_us = 0;  // of the last attempt; 0: not yet
  bool operator==(const TaskRecord&) const = default;
};

Json to_json(const TaskRecord& task);
Result<TaskRecord> task_record_from_json(const Json& json);

class ExecutionState {
 public:
  // kConflict when there is one of that id, kInvalidInput for an empty id, kNotFound for a
  // dependency that is not known.
  Result<void> add(std::string id, std::string owner, std::vector<std::string> depends_on = {});
  // Whether somebody may begin it: kConflict when it is done, or waits for one that is not,
  // kNotFound when that one is not known; both say what to do. A task that nobody knows may be
  // begun, and one that is running, too: who began it may be gone.
  Result<void> may_begin(std::string_view id) const;
  // kNotFound for an unknown task, kConflict for a step that its state does not allow.
  Result<void> start(std::string_view id, std::int64_t now_us);
  Result<void> finish(std::string_view id, std::int64_t now_us, std::string detail = {});
  Result<void> fail_task(std::string_view id, std::int64_t now_us, std::string why);
  // As it was recorded elsewhere; takes the place of one of the same id.
  void restore(TaskRecord task);

  std::span<const TaskRecord> tasks() const { return tasks_; }
  const TaskRecord* find(std::string_view id) const;
  std::vector<std::string> in_state(TaskState state) const;
  // Pending tasks that wait for nothing any more.
  std::vector<std::string> ready() const;
  bool all_done() const;

 private:
  Result<TaskRecord*> step(std::string_view id, TaskState to);
  bool waits(const TaskRecord& task) const;
  Result<void> waits_for_nothing(const TaskRecord& task) const;

  std::vector<TaskRecord> tasks_;
  std::map<std::string, std::size_t, std::less<>> places_;  // by id
};

}  // namespace cadre
