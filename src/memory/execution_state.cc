#include "memory/execution_state.h"

#include <fmt/core.h>

#include <algorithm>

namespace cadre {
namespace {

constexpr const char* kStates[] = {"pending", "running", "done", "failed"};

}  // namespace

const char* to_string(TaskState state) { return kStates[static_cast<std::size_t>(state)]; }

std::optional<TaskState> task_state_from(std::string_view word) {
  for (std::size_t i = 0; i < std::size(kStates); ++i) {
    if (word == kStates[i]) return static_cast<TaskState>(i);
  }
  return std::nullopt;
}

Json to_json(const TaskRecord& task) {
  return JsonObject{{"task", task.id},
                    {"owner", task.owner},
                    {"state", to_string(task.state)},
                    {"detail", task.detail},
                    {"depends_on", json::to_array(task.depends_on)},
                    {"attempts", task.attempts},
                    {"started_us", task.started_us},
                    {"ended_us", task.ended_us}};
}

Result<TaskRecord> task_record_from_json(const Json& json) {
  const std::string word = json::get_string(json, "state");
  const auto state = task_state_from(word);
  if (!state) {
    return fail(ErrorCode::kInvalidInput, fmt::format("no such task state: '{}'", word),
                "pending, running, done or failed");
  }
  return TaskRecord{json::get_string(json, "task"),
                    json::get_string(json, "owner"),
                    *state,
                    json::get_string(json, "detail"),
                    json::get_strings(json, "depends_on"),
                    static_cast<int>(json::get_int(json, "attempts")),
                    json::get_int(json, "started_us"),
                    json::get_int(json, "ended_us")};
}

const TaskRecord* ExecutionState::find(std::string_view id) const {
  const auto at = places_.find(id);
  return at == places_.end() ? nullptr : &tasks_[at->second];
}

bool ExecutionState::waits(const TaskRecord& task) const {
  return std::ranges::any_of(task.depends_on, [&](const std::string& id) {
    const TaskRecord* other = find(id);
    return other == nullptr || other->state != TaskState::kDone;
  });
}

Result<void> ExecutionState::waits_for_nothing(const TaskRecord& task) const {
  for (const std::string& id : task.depends_on) {
    const TaskRecord* other = find(id);
    if (other == nullptr) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("task '{}' waits for '{}', which is not known", task.id, id),
                  "set that task first, or leave it out of depends_on");
    }
    if (other->state == TaskState::kDone) continue;
    std::string why = fmt::format("task '{}' waits for '{}', which is {}", task.id, id,
                                  to_string(other->state));
    if (other->state == TaskState::kFailed && !other->detail.empty())
      why += fmt::format(" ({})", other->detail);
    return fail(ErrorCode::kConflict, std::move(why),
                fmt::format("do '{}' first, or set it to done", id));
  }
  return {};
}

Result<void> ExecutionState::may_begin(std::string_view id) const {
  const TaskRecord* task = find(id);
  if (task == nullptr) return {};
  if (task->state == TaskState::kDone) {
    return fail(ErrorCode::kConflict, fmt::format("task '{}' is done already", id),
                "to do it again, set its state to pending first");
  }
  return waits_for_nothing(*task);
}

Result<void> ExecutionState::add(std::string id, std::string owner,
                                 std::vector<std::string> depends_on) {
  if (id.empty()) return fail(ErrorCode::kInvalidInput, "a task has no id");
  if (find(id) != nullptr) {
    return fail(ErrorCode::kConflict, fmt::format("there is a task '{}' already", id));
  }
  for (const std::string& other : depends_on) {
    if (find(other) != nullptr) continue;
    return fail(ErrorCode::kNotFound,
                fmt::format("task '{}' depends on '{}', which is not known", id, other),
                "add that one first");
  }
  TaskRecord task;
  task.id = std::move(id);
  task.owner = std::move(owner);
  task.depends_on = std::move(depends_on);
  restore(std::move(task));
  return {};
}

Result<TaskRecord*> ExecutionState::step(std::string_view id, TaskState to) {
  const auto place = places_.find(id);
  if (place == places_.end()) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no task '{}'", id));
  }
  TaskRecord* at = &tasks_[place->second];
  const bool starts = to == TaskState::kRunning;
  const bool allowed = starts ? at->state == TaskState::kPending || at->state == TaskState::kFailed
                              : at->state == TaskState::kRunning;
  if (!allowed) {
    return fail(ErrorCode::kConflict, fmt::format("task '{}' is {} and cannot become {}", id,
                                                  to_string(at->state), to_string(to)));
  }
  if (starts) {
    if (auto free = waits_for_nothing(*at); !free) return propagate(free);
  }
  at->state = to;
  return at;
}

Result<void> ExecutionState::start(std::string_view id, std::int64_t now_us) {
  auto task = step(id, TaskState::kRunning);
  if (!task) return propagate(task);
  ++(*task)->attempts;
  (*task)->started_us = now_us;
  (*task)->ended_us = 0;
  (*task)->detail.clear();
  return {};
}

Result<void> ExecutionState::finish(std::string_view id, std::int64_t now_us, std::string detail) {
  auto task = step(id, TaskState::kDone);
  if (!task) return propagate(task);
  (*task)->ended_us = now_us;
  (*task)->detail = std::move(detail);
  return {};
}

Result<void> ExecutionState::fail_task(std::string_view id, std::int64_t now_us, std::string why) {
  auto task = step(id, TaskState::kFailed);
  if (!task) return propagate(task);
  (*task)->ended_us = now_us;
  (*task)->detail = std::move(why);
  return {};
}

void ExecutionState::restore(TaskRecord task) {
  const auto [place, is_new] = places_.try_emplace(task.id, tasks_.size());
  if (is_new) {
    tasks_.push_back(std::move(task));
  } else {
    tasks_[place->second] = std::move(task);
  }
}

std::vector<std::string> ExecutionState::in_state(TaskState state) const {
  std::vector<std::string> ids;
  for (const TaskRecord& task : tasks_) {
    if (task.state == state) ids.push_back(task.id);
  }
  return ids;
}

std::vector<std::string> ExecutionState::ready() const {
  std::vector<std::string> ids;
  for (const TaskRecord& task : tasks_) {
    if (task.state == TaskState::kPending && !waits(task)) ids.push_back(task.id);
  }
  return ids;
}

bool ExecutionState::all_done() const {
  return std::ranges::all_of(tasks_,
                             [](const TaskRecord& task) { return task.state == TaskState::kDone; });
}

}  // namespace cadre
