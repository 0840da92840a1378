// What a task's programs find in their folder: the files that it sees, and of a given repository
// what no artifact holds, because it is not text or too large. Secrets stay where they are.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/task_files.h"
#include "runtime/tool.h"

namespace cadre {

struct FolderFiles {
  std::map<std::string, TaskFile> texts;
  // Of `copied_from`: files that no artifact holds; true: executable.
  std::filesystem::path copied_from;
  std::map<std::string, bool> copied;
  std::map<std::string, std::string> links;  // symbolic links within the files, with their targets
};

FolderFiles folder_files(const TaskToolContext& context);

// Puts them into the folder; the names of those that could not be put there. Never outside of it.
Result<std::vector<std::string>> put_files(const std::filesystem::path& folder,
                                           const FolderFiles& files);

}  // namespace cadre
