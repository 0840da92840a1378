// The files that a task works on: a fold over what it was given and the calls that it made.
//
// No folder on disk is the record: the files are the inputs' files, what earlier tasks made, what
// the task itself made in its last round, and then each write_file and edit_file call in order, as
// the journal holds them. So a resumed run sees the same files, and a task can look at nothing that
// is not in the journal. A copy belongs to one thread.
//
// Writing is refused, with a reason that a model can act on: paths that leave the project, files
// that another task or artifact owns, files that the plan does not give to this task, too large
// files and too many of them.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/provider.h"

namespace cadre {

inline constexpr std::string_view kWriteFileTool = "write_file";
inline constexpr std::string_view kEditFileTool = "edit_file";
inline constexpr std::string_view kDeleteFileTool = "delete_file";
// Keywords of artifact schemas.
inline constexpr std::string_view kPlansFiles = "x-plans-files";
inline constexpr std::string_view kWritesPlanned = "x-writes-planned";

struct TaskFile {
  std::string content;
  bool executable = false;
  std::string owner;  // "": the task's own; else whose it is: "the artifact code"
};

class TaskFiles {
 public:
  static constexpr std::size_t kFileBytesMax = 512 * 1024;
  static constexpr std::size_t kTotalBytesMax = 8 * 1024 * 1024;
  static constexpr std::size_t kFilesMax = 500;

  // After the first `calls` of task.calls; `results` are those that have ended. A call that has no
  // result yet counts as if it succeeded where it can.
  static TaskFiles of(const Task& task, std::span<const ToolResult> results, std::size_t calls);

  const std::map<std::string, TaskFile>& all() const { return files_; }
  const TaskFile* find(const std::string& path) const;
  // Files of the ground whose text was not taken, with why.
  const std::map<std::string, std::string>& unread() const { return unread_; }
  // Paths of the task's own files.
  std::vector<std::string> own() const;

  // Carries out a write_file, edit_file or delete_file call; other calls do nothing. The answer is
  // what the tool answers.
  Result<Json> apply(const ToolCall& call);
  // Why the task may not write the path; "" when it may.
  std::string why_not(const std::string& path) const;

 private:
  Result<Json> write(const std::string& path, std::string content, bool executable);
  Result<Json> edit(const std::string& path, const Json& arguments);
  Result<Json> remove(const std::string& path);
  void add_foreign(const Artifact& artifact, const std::string& owner);
  void add_ground(const Task& task);
  void read_plans(const Task& task);
  std::string why_not_planned(const std::string& path) const;

  std::map<std::string, TaskFile> files_;
  std::vector<std::string> planned_;            // the task's own files by plan; empty: any
  std::map<std::string, std::string> reserved_;  // path -> who else it is planned for
  // Where the SOP plans files: what this task may do, and what of the ground cannot be touched.
  bool only_planned_ = false;
  bool writes_planned_ = false;
  std::map<std::string, std::string> actions_;  // path -> create, edit, delete
  std::string ground_;                          // the owner of what the user gave
  std::map<std::string, std::string> unread_;   // path -> why its text was not taken
};

// The path that a call writes, or "".
std::string written_path(const ToolCall& call);

// Who of the tasks that work side by side wrote a file first. Thread-safe.
class FileClaims {
 public:
  // "" when `who` has the path from now on; else who has it.
  std::string claim(const std::string& path, const std::string& who);

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> owners_;
};

}  // namespace cadre
