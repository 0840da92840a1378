// Writes a run's artifacts into the project folder, with a git commit per stage by its role.
//
// Files are written beside their place and renamed, never through a symbolic link, never outside
// the folder. The manifest .cadre-files.json holds the hash of each file as written: a file that
// somebody has changed since is kept as it is and reported (kept_files()); what a stage's earlier
// round wrote and its new one does not make is removed. Commits carry the date of the stage's end
// and the run's id; doing a stage again that is already committed does nothing. Where git is
// missing the files are there without a history (has_history()). One run at a time.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/json.h"
#include "runtime/project_writer.h"

namespace cadre {

class GitProjectWriter final : public ProjectWriter {
 public:
  explicit GitProjectWriter(std::filesystem::path folder);

  Result<void> stage_done(const StageDone& done) override;

  // Writes and commits result.json in the name of the lead, after the run has ended. `readme`
  // becomes README.md where the folder holds nothing else that Cadre wrote.
  Result<void> write_result(const std::string& content, const std::string& run,
                            std::int64_t time_us, const std::string& readme = {});

  bool has_history() const { return !git_.empty(); }
  // Files that were changed by hand since Cadre wrote them, and so were not replaced.
  std::vector<std::string> kept_files() const;

  // Whether the folder has Cadre's manifest, so that a run may write into it.
  static bool made_by_cadre(const std::filesystem::path& folder);

 private:
  Result<void> load_manifest();
  Result<void> save_manifest() const;
  Result<void> write_file(const File& file);
  void remove_stale(const std::string& stage, const std::vector<std::string>& made);
  Result<void> commit(const std::string& author, const std::string& role,
                      const std::string& subject, const std::string& body, std::int64_t time_us);
  Result<std::string> git(const std::vector<std::string>& arguments,
                          const std::vector<std::string>& env = {}) const;

  std::filesystem::path folder_;
  std::filesystem::path git_;  // empty: git is not installed
  mutable std::mutex mutex_;
  bool loaded_ = false;
  std::map<std::string, std::string> manifest_;                  // path -> SHA-256 as written
  std::map<std::string, std::vector<std::string>> stage_files_;  // by stage, of its last round
  std::map<std::string, std::string> kept_;                      // path -> SHA-256 as found
};

}  // namespace cadre
