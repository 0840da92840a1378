#include "runtime/tools/task_folder.h"

#include <algorithm>
#include <set>

#include "core/plan.h"
#include "process/tree.h"

namespace cadre {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kCopiedBytesMax = 64 * 1024 * 1024;
constexpr std::size_t kCopiedTotalMax = 256 * 1024 * 1024;

// What the user gave, when that is a tree of files.
const Artifact* ground_of(const Task& task) {
  if (task.plan == nullptr || task.plan->input.empty()) return nullptr;
  const auto at = task.inputs.find(task.plan->input);
  return at == task.inputs.end() ? nullptr : at->second.get();
}

// What was deleted so far: by others, and by the task itself.
std::set<std::string> deleted_in(const Task& task) {
  std::set<std::string> paths;
  for (const auto* artifacts : {&task.inputs, &task.previous}) {
    for (const auto& [type, artifact] : *artifacts) {
      if (!artifact) continue;
      for (std::string& path : json::get_strings(artifact->data, "deleted")) {
        paths.insert(std::move(path));
      }
    }
  }
  for (const ToolCall& call : task.calls) {
    if (call.tool == kDeleteFileTool) paths.insert(json::get_string(call.arguments, "path"));
  }
  return paths;
}

// Only links that stay within the folder are made, and only after everything was written.
bool make_link(const fs::path& folder, const std::string& path, const std::string& target) {
  const fs::path leads = (fs::path(path).parent_path() / target).lexically_normal();
  if (!path_problem(path).empty() || fs::path(target).is_absolute() || leads.empty() ||
      *leads.begin() == "..") {
    return false;
  }
  std::error_code error;
  const fs::path parent = (folder / path).parent_path();
  fs::create_directories(parent, error);
  // Not through another link: the parent is where its name says.
  if (error || fs::canonical(parent, error) != fs::canonical(folder, error) /
                                                   fs::path(path).parent_path()) {
    if (fs::path(path).has_parent_path()) return false;
  }
  fs::create_symlink(target, folder / path, error);
  return !error;
}

}  // namespace

FolderFiles folder_files(const TaskToolContext& context) {
  FolderFiles files;
  files.texts = TaskFiles::of(*context.task, context.results, context.call).all();
  files.copied_from = context.out_dir;
  const Artifact* repository = ground_of(*context.task);
  if (repository == nullptr) return files;
  const std::set<std::string> gone = deleted_in(*context.task);
  for (const Json& file : json::get_array(repository->data, "files")) {
    const std::string path = json::get_string(file, "path");
    const std::string why = json::get_string(file, "why_not");
    if (gone.contains(path) || files.texts.contains(path)) continue;
    if (const std::string target = json::get_string(file, "target"); !target.empty()) {
      files.links[path] = target;
    }
    const bool plain = why == "not text" || why == "kept in Git LFS" || why.starts_with("larger") ||
                       why.starts_with("beyond");
    if (plain && json::get_bool(file, "tracked")) {
      files.copied[path] = json::get_bool(file, "executable");
    }
  }
  return files;
}

Result<std::vector<std::string>> put_files(const fs::path& folder, const FolderFiles& files) {
  for (const auto& [path, file] : files.texts) {
    if (auto written = write_beneath(folder, path, file.content, file.executable); !written) {
      return propagate(written);
    }
  }
  std::size_t total = 0;
  std::vector<std::string> missing;
  for (const auto& [path, executable] : files.copied) {
    auto content = read_beneath(files.copied_from, path, kCopiedBytesMax);
    if (content) total += content->size();
    if (!content || total > kCopiedTotalMax) {
      missing.push_back(path);
      continue;
    }
    if (auto written = write_beneath(folder, path, *content, executable); !written) {
      return propagate(written);
    }
  }
  for (const auto& [path, target] : files.links) {
    if (!make_link(folder, path, target)) missing.push_back(path);
  }
  return missing;
}

}  // namespace cadre
