// Puts a change into a git worktree of its own: a new branch beside the user's checkout, which is
// never touched. One commit a stage, by the role that made it.
//
// It writes only what the run's plan of files (x-plans-files) gives to the stage's role, whatever
// an artifact holds: a planned path gets what the stage's artifacts (x-writes-planned) say, or what
// it was at the beginning. So doing a stage again, or twice after a crash, leaves the same files.
// Nothing is written through a symbolic link. One run at a time.
#pragma once

#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "base/json.h"
#include "runtime/project_writer.h"
#include "runtime/tools/git.h"

namespace cadre {

// Where a change lives; kept beside the journal, so that a resumed run finds it.
struct ChangeRecord {
  std::filesystem::path repository;  // the user's checkout
  std::filesystem::path worktree;
  std::string branch;                // "cadre/<run>"
  std::string base;                  // the commit it starts from
  std::string base_branch;           // "" when HEAD was detached
};
Json to_json(const ChangeRecord& record);
Result<ChangeRecord> change_record_from_json(const Json& json);

struct ChangedFile {
  std::string path;
  std::string status;  // created, edited, deleted
  std::int64_t added = 0, removed = 0;
};

class WorktreeWriter final : public ProjectWriter {
 public:
  WorktreeWriter(Git git, ChangeRecord record) : git_(std::move(git)), record_(std::move(record)) {}

  // Makes branch and worktree; with `again`, the branch is there, and the worktree is made again
  // when somebody removed it. kNotFound when the branch is gone.
  Result<void> open(bool again);
  Result<void> stage_done(const StageDone& done) override;

  const ChangeRecord& record() const { return record_; }
  // What the branch changes, of its beginning.
  Result<std::vector<ChangedFile>> changed() const;

 private:
  struct Planned {
    std::string path, action;
  };
  static std::vector<Planned> planned_for(const StageDone& done);
  Result<void> put(const Planned& planned, const StageDone& done);
  Result<void> restore(const std::string& path);
  Result<void> commit(const StageDone& done, const std::vector<Planned>& planned);

  Git git_;
  ChangeRecord record_;
  std::mutex mutex_;
};

}  // namespace cadre
