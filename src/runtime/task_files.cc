#include "runtime/task_files.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/hash.h"
#include "base/text.h"
#include "core/plan.h"
#include "process/tree.h"

namespace cadre {
namespace {

const Json* item_of(const Task& task) { return json::find(task.parameters, "item"); }

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string_view::npos;
       at += part.size()) {
    ++count;
  }
  return count;
}

std::unexpected<Error> invalid(std::string message, std::string hint = {}) {
  return fail(ErrorCode::kInvalidInput, std::move(message), std::move(hint));
}

}  // namespace

std::string written_path(const ToolCall& call) {
  const bool writes = call.tool == kWriteFileTool || call.tool == kEditFileTool ||
                      call.tool == kDeleteFileTool;
  return writes ? json::get_string(call.arguments, "path") : std::string();
}

TaskFiles TaskFiles::of(const Task& task, std::span<const ToolResult> results, std::size_t calls) {
  TaskFiles files;
  const std::string ground = task.plan == nullptr ? std::string() : task.plan->input;
  for (const auto& [type, artifact] : task.inputs) {
    if (artifact && type != ground) {
      files.add_foreign(*artifact, fmt::format("the artifact {}", type));
    }
  }
  for (const auto& artifact : task.before) {
    if (artifact) files.add_foreign(*artifact, "a task before this one");
  }
  files.add_ground(task);
  files.read_plans(task);
  // What others plan to write. The list that the stage fans out over names owners and files.
  const Json* item = item_of(task);
  const std::string id = item == nullptr ? std::string() : json::get_string(*item, "id");
  for (const auto& [type, artifact] : task.inputs) {
    if (!artifact) continue;
    for (const Json& other : json::get_array(artifact->data, type)) {
      const std::string other_id = json::get_string(other, "id");
      if (other_id.empty() || other_id == id) continue;
      if (item == nullptr && json::get_string(other, "owner") == task.role) continue;
      for (std::string& path : json::get_strings(other, "files")) {
        files.reserved_.try_emplace(std::move(path), "the task " + other_id);
      }
    }
  }
  if (item != nullptr) files.planned_ = json::get_strings(*item, "files");
  for (const auto& [type, artifact] : task.previous) {
    if (!artifact) continue;
    for (const File& file : artifact->files) {
      if (!files.why_not(file.path).empty()) continue;  // another task's part of the whole
      files.files_[file.path] = {file.content, file.executable, ""};
    }
    if (!files.writes_planned_) continue;
    for (const std::string& path : json::get_strings(artifact->data, "deleted")) {
      (void)files.remove(path);
    }
  }
  for (std::size_t i = 0; i < std::min(calls, task.calls.size()); ++i) {
    if (i < results.size() && !results[i].ok) continue;
    (void)files.apply(task.calls[i]);
  }
  return files;
}

void TaskFiles::add_foreign(const Artifact& artifact, const std::string& owner) {
  for (const File& file : artifact.files) {
    files_.try_emplace(file.path, TaskFile{file.content, file.executable, owner});
  }
}

// What the user gave, under what was made since: replaced files and deleted ones are not seen.
void TaskFiles::add_ground(const Task& task) {
  if (task.plan == nullptr || task.plan->input.empty()) return;
  const auto at = task.inputs.find(task.plan->input);
  if (at == task.inputs.end() || !at->second) return;
  ground_ = fmt::format("the artifact {}", at->first);
  add_foreign(*at->second, ground_);
  for (const auto& [type, artifact] : task.inputs) {
    if (!artifact || artifact == at->second) continue;
    for (const std::string& path : json::get_strings(artifact->data, "deleted")) {
      const auto file = files_.find(path);
      if (file != files_.end() && file->second.owner == ground_) files_.erase(file);
    }
  }
  for (const Json& file : json::get_array(at->second->data, "files")) {
    const std::string why = json::get_string(file, "why_not");
    if (!why.empty()) unread_[json::get_string(file, "path")] = why;
  }
}

void TaskFiles::read_plans(const Task& task) {
  if (task.plan == nullptr) return;
  for (const auto& [type, schema] : task.plan->artifact_schemas) {
    const std::string list = json::get_string(schema, kPlansFiles);
    const bool made = std::ranges::find(task.makes, type) != task.makes.end();
    writes_planned_ = writes_planned_ || (made && json::get_bool(schema, kWritesPlanned));
    if (list.empty()) continue;
    only_planned_ = true;
    const auto at = task.inputs.find(type);
    if (at == task.inputs.end() || !at->second) continue;
    for (const Json& entry : json::get_array(at->second->data, list)) {
      const std::string path = json::get_string(entry, "path");
      const std::string owner = json::get_string(entry, "owner", task.role);
      if (owner == task.role) {
        actions_[path] = json::get_string(entry, "action", "edit");
      } else {
        reserved_.try_emplace(path, "the role " + owner);
      }
    }
  }
}

// Of a task of an SOP that plans files.
std::string TaskFiles::why_not_planned(const std::string& path) const {
  if (!writes_planned_) return "this task changes no files";
  const auto action = actions_.find(path);
  if (action == actions_.end()) {
    std::vector<std::string> mine;
    for (const auto& [planned, what] : actions_) mine.push_back(planned);
    return fmt::format("{} is not planned to be changed{}", path,
                       mine.empty() ? "" : "; planned for you: " + text::join(mine, ", "));
  }
  if (action->second == "delete") {
    return fmt::format("{} is planned to be deleted: delete_file does that", path);
  }
  if (const auto unread = unread_.find(path); unread != unread_.end()) {
    return fmt::format("{} cannot be changed, since it was not read: {}", path, unread->second);
  }
  return {};
}

const TaskFile* TaskFiles::find(const std::string& path) const {
  const auto at = files_.find(path);
  return at == files_.end() ? nullptr : &at->second;
}

std::vector<std::string> TaskFiles::own() const {
  std::vector<std::string> paths;
  for (const auto& [path, file] : files_) {
    if (file.owner.empty()) paths.push_back(path);
  }
  return paths;
}

std::string TaskFiles::why_not(const std::string& path) const {
  if (std::string problem = path_problem(path); !problem.empty()) {
    return fmt::format("the path \"{}\" is refused: {}", text::shorten(path, 120), problem);
  }
  if (path.starts_with(".cadre")) {
    return fmt::format("{} is Cadre's own: take a path that does not begin with .cadre", path);
  }
  if (const auto at = reserved_.find(path); at != reserved_.end()) {
    return fmt::format("conflict: {} belongs to {}", path, at->second);
  }
  if (only_planned_) {
    if (std::string why = why_not_planned(path); !why.empty()) return why;
  }
  const bool planned_ground = only_planned_ && !ground_.empty();
  if (const TaskFile* file = find(path);
      file != nullptr && !file->owner.empty() && !(planned_ground && file->owner == ground_)) {
    return fmt::format("conflict: {} belongs to {}", path, file->owner);
  }
  if (!planned_.empty() && std::ranges::find(planned_, path) == planned_.end()) {
    return fmt::format("{} is not among this task's planned files: {}", path,
                       text::join(planned_, ", "));
  }
  return {};
}

Result<Json> TaskFiles::write(const std::string& path, std::string content, bool executable) {
  if (std::string why = why_not(path); !why.empty()) return fail(ErrorCode::kDenied, why);
  if (content.size() > kFileBytesMax) {
    return fail(ErrorCode::kExhausted, fmt::format("{} would have {} KB, and {} are allowed", path,
                                                   content.size() / 1024, kFileBytesMax / 1024));
  }
  if (content.find('\0') != std::string::npos) return invalid(path + " would hold a NUL byte");
  std::size_t total = content.size(), count = 1;
  for (const auto& [other, file] : files_) {
    if (!file.owner.empty() || other == path) continue;
    total += file.content.size();
    ++count;
  }
  if (total > kTotalBytesMax || count > kFilesMax) {
    return fail(ErrorCode::kExhausted,
                fmt::format("the task's files would be {} with {} KB; {} with {} KB are allowed",
                            count, total / 1024, kFilesMax, kTotalBytesMax / 1024));
  }
  JsonObject answer{{"path", path},
                    {"bytes", content.size()},
                    {"lines", text::lines(content).size()},
                    {"sha256", sha256_hex(content).substr(0, 16)}};
  TaskFile& file = files_[path];
  file.executable = executable || file.executable;
  file.content = std::move(content);
  file.owner.clear();
  return answer;
}

Result<Json> TaskFiles::remove(const std::string& path) {
  if (std::string problem = path_problem(path); !problem.empty()) {
    return fail(ErrorCode::kDenied, fmt::format("the path \"{}\" is refused: {}",
                                                text::shorten(path, 120), problem));
  }
  const auto action = actions_.find(path);
  if (!writes_planned_ || action == actions_.end() || action->second != "delete") {
    return fail(ErrorCode::kDenied, fmt::format("{} is not planned to be deleted", path),
                "only what the plan says is deleted");
  }
  if (files_.erase(path) == 0 && !unread_.contains(path)) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no file {}", path));
  }
  return JsonObject{{"path", path}, {"deleted", true}};
}

Result<Json> TaskFiles::apply(const ToolCall& call) {
  const std::string named = written_path(call);
  if (named.empty()) {
    const bool writes = call.tool == kWriteFileTool || call.tool == kEditFileTool ||
                        call.tool == kDeleteFileTool;
    if (writes) return invalid("the call names no \"path\"");
    return Json(nullptr);
  }
  if (call.tool == kDeleteFileTool) return remove(named);
  if (call.tool == kEditFileTool) return edit(named, call.arguments);
  const Json* content = json::find(call.arguments, "content");
  if (content == nullptr || !content->is_string()) {
    return invalid(fmt::format("{} came without \"content\"", named));
  }
  return write(named, json::get_string(call.arguments, "content"),
               json::get_bool(call.arguments, "executable"));
}

Result<Json> TaskFiles::edit(const std::string& path, const Json& arguments) {
  const std::string old_text = json::get_string(arguments, "old");
  const std::string new_text = json::get_string(arguments, "new");
  if (std::string why = why_not(path); !why.empty()) return fail(ErrorCode::kDenied, why);
  const TaskFile* file = find(path);
  if (file == nullptr) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no file {}", path),
                "write_file makes one");
  }
  if (old_text.empty()) return invalid("\"old\" is empty", "copy the text that is to be replaced");
  const std::size_t found = count_of(file->content, old_text);
  const bool all = json::get_bool(arguments, "all");
  if (found == 0) {
    return invalid(fmt::format("\"old\" does not stand in {}", path),
                   "read_file shows it as it is; white space counts");
  }
  if (found > 1 && !all) {
    return invalid(fmt::format("\"old\" stands {} times in {}", found, path),
                   "take more of the text around it, or say \"all\": true");
  }
  Result<Json> written =
      write(path, text::replace_all(file->content, old_text, new_text), file->executable);
  if (written) written->get_object()["replaced"] = found;
  return written;
}

std::string FileClaims::claim(const std::string& path, const std::string& who) {
  const std::lock_guard lock(mutex_);
  const auto [at, fresh] = owners_.try_emplace(path, who);
  return at->second == who ? std::string() : at->second;
}

}  // namespace cadre
