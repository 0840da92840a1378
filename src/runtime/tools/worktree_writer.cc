#include "runtime/tools/worktree_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "process/tree.h"
#include "runtime/task_files.h"

namespace cadre {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileBytesMax = 64 * 1024 * 1024;

std::string schema_word(const Plan& plan, const std::string& type, std::string_view keyword) {
  const auto at = plan.artifact_schemas.find(type);
  return at == plan.artifact_schemas.end() ? std::string() : json::get_string(at->second, keyword);
}

bool writes_planned(const Plan& plan, const std::string& type) {
  const auto at = plan.artifact_schemas.find(type);
  return at != plan.artifact_schemas.end() && json::get_bool(at->second, kWritesPlanned);
}

std::int64_t number_of(const std::string& text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// What the stage has to say in its commit: its summaries, and the files that it plans.
std::string story_of(const StageDone& done) {
  std::string out;
  for (const std::string& type : done.artifacts) {
    const auto at = done.all.find(type);
    if (at == done.all.end() || !at->second) continue;
    const Json& data = at->second->data;
    const std::string summary = json::get_string(data, "summary");
    if (!summary.empty()) out += text::wrap(text::shorten(summary, 2000), 72) + "\n\n";
    const std::string list = schema_word(*done.plan, type, kPlansFiles);
    if (list.empty()) continue;
    for (const Json& entry : json::get_array(data, list)) {
      out += fmt::format("- {} {} ({})\n", json::get_string(entry, "action"),
                         json::get_string(entry, "path"), json::get_string(entry, "owner"));
    }
    out += "\n";
  }
  return out;
}

}  // namespace

Json to_json(const ChangeRecord& record) {
  return JsonObject{{"repository", record.repository.string()},
                    {"worktree", record.worktree.string()},
                    {"branch", record.branch},
                    {"base", record.base},
                    {"base_branch", record.base_branch}};
}

Result<ChangeRecord> change_record_from_json(const Json& json) {
  ChangeRecord record{json::get_string(json, "repository"), json::get_string(json, "worktree"),
                      json::get_string(json, "branch"), json::get_string(json, "base"),
                      json::get_string(json, "base_branch")};
  if (record.repository.empty() || record.worktree.empty() || record.branch.empty() ||
      record.base.empty()) {
    return fail(ErrorCode::kCorrupt, "the record of the change is not whole");
  }
  return record;
}

Result<void> WorktreeWriter::open(bool again) {
  std::error_code error;
  const fs::path& root = record_.repository;
  const bool there = git_.line(root, {"rev-parse", "--verify", "--quiet",
                                      "refs/heads/" + record_.branch})
                         .has_value();
  if (again && !there) {
    return fail(ErrorCode::kNotFound,
                fmt::format("the branch {} is not in {} any more", record_.branch, root.string()),
                "start a new run: what this one had made is gone");
  }
  if (fs::exists(record_.worktree / ".git", error)) {
    auto branch = git_.line(record_.worktree, {"symbolic-ref", "--quiet", "--short", "HEAD"});
    if (branch && *branch == record_.branch) {
      // A killed process may have left its lock; this one is the worktree's only writer.
      if (auto lock = git_.line(record_.worktree, {"rev-parse", "--git-path", "index.lock"})) {
        fs::remove(record_.worktree / *lock, error);
      }
      return {};
    }
    return fail(ErrorCode::kConflict,
                fmt::format("{} is not on the branch {}", record_.worktree.string(),
                            record_.branch),
                "git switch " + record_.branch + ", in it, and resume the run");
  }
  (void)git_.run(root, {"worktree", "prune"});
  fs::create_directories(record_.worktree.parent_path(), error);
  std::vector<std::string> arguments{"worktree", "add", "--quiet"};
  if (!there) arguments.insert(arguments.end(), {"-b", record_.branch});
  arguments.push_back(record_.worktree.string());
  arguments.push_back(there ? record_.branch : record_.base);
  auto made = git_.run(root, arguments);
  if (!made) {
    Error why = made.error();
    why.hint = "git worktree list and git branch show what is in the way; also see that there is "
               "room and that the repository can be written";
    return std::unexpected(std::move(why));
  }
  return {};
}

// What the plan gives to the stage's role, when the stage makes such work.
std::vector<WorktreeWriter::Planned> WorktreeWriter::planned_for(const StageDone& done) {
  std::vector<Planned> planned;
  const bool writes = std::ranges::any_of(done.artifacts, [&](const std::string& type) {
    return writes_planned(*done.plan, type);
  });
  if (!writes) return planned;
  for (const auto& [type, artifact] : done.all) {
    if (!artifact) continue;
    const std::string list = schema_word(*done.plan, type, kPlansFiles);
    if (list.empty()) continue;
    for (const Json& entry : json::get_array(artifact->data, list)) {
      const std::string path = json::get_string(entry, "path");
      if (json::get_string(entry, "owner") != done.stage->role) continue;
      if (!path_problem(path).empty()) continue;  // the gates say so
      planned.push_back({path, json::get_string(entry, "action")});
    }
  }
  return planned;
}

// As it was at the beginning.
Result<void> WorktreeWriter::restore(const std::string& path) {
  const bool was = git_.run(record_.worktree, {"cat-file", "-e", record_.base + ":" + path})
                       .has_value();
  if (was) {
    auto back = git_.run(record_.worktree, {"checkout", "--quiet", record_.base, "--", path});
    if (!back) return propagate(back);
    return {};
  }
  auto present = read_beneath(record_.worktree, path, kFileBytesMax);
  std::error_code error;
  if (present) fs::remove(record_.worktree / path, error);
  return {};
}

Result<void> WorktreeWriter::put(const Planned& planned, const StageDone& done) {
  const File* file = nullptr;
  bool deleted = false;
  for (const std::string& type : done.artifacts) {
    const auto at = done.all.find(type);
    if (at == done.all.end() || !at->second || !writes_planned(*done.plan, type)) continue;
    const auto found = std::ranges::find(at->second->files, planned.path, &File::path);
    if (found != at->second->files.end()) file = &*found;
    const auto gone = json::get_strings(at->second->data, "deleted");
    deleted = deleted || std::ranges::find(gone, planned.path) != gone.end();
  }
  const bool deletes = planned.action == "delete";
  if ((file == nullptr || deletes) && !(deleted && deletes)) return restore(planned.path);
  auto present = read_beneath(record_.worktree, planned.path, kFileBytesMax);
  if (!present && present.error().code != ErrorCode::kNotFound) return propagate(present);
  if (!deletes && present && *present == file->content) return {};
  std::error_code error;
  if (present) fs::remove(record_.worktree / planned.path, error);
  if (deletes) return {};
  return write_beneath(record_.worktree, planned.path, file->content, file->executable);
}

Result<void> WorktreeWriter::commit(const StageDone& done, const std::vector<Planned>& planned) {
  const std::string mark = fmt::format("Cadre-Run: {}\nCadre-Stage: {}\nCadre-Round: {}\n",
                                       done.run, done.stage->id, done.round);
  auto log = git_.run(record_.worktree, {"log", "--format=%B", record_.base + "..HEAD"});
  if (!log) return propagate(log);
  if (log->find(mark) != std::string::npos) return {};
  Git::Options paths;
  for (const Planned& one : planned) paths.stdin_text += one.path + '\0';
  if (!planned.empty()) {
    auto added = git_.run(record_.worktree,
                          {"update-index", "--add", "--remove", "-z", "--stdin"}, paths);
    if (!added) return propagate(added);
  }
  const AgentConfig* agent = find_agent(*done.plan, done.stage->role);
  const std::string author =
      agent != nullptr && !agent->name.empty() ? agent->name : done.stage->role;
  const std::string mail = done.stage->role + "@cadre.invalid";
  const std::string date = fmt::format("{} +0000", done.time_us / 1'000'000);
  const std::string title = done.stage->title.empty() ? done.stage->id : done.stage->title;
  Git::Options as;
  as.env = {"GIT_AUTHOR_NAME=" + author,    "GIT_AUTHOR_EMAIL=" + mail,
            "GIT_AUTHOR_DATE=" + date,      "GIT_COMMITTER_NAME=" + author,
            "GIT_COMMITTER_EMAIL=" + mail,  "GIT_COMMITTER_DATE=" + date};
  as.stdin_text = fmt::format("{}: {}{}\n\n{}{}", done.stage->id, title,
                              done.passed ? "" : " (gates not passed)", story_of(done), mark);
  auto made = git_.run(record_.worktree,
                       {"commit", "--quiet", "--allow-empty", "--no-verify", "--cleanup=verbatim",
                        "--file=-"},
                       as);
  if (!made) return propagate(made);
  return {};
}

Result<void> WorktreeWriter::stage_done(const StageDone& done) {
  const std::lock_guard lock(mutex_);
  const std::vector<Planned> planned = planned_for(done);
  for (const Planned& one : planned) {
    if (auto good = put(one, done); !good) return good;
  }
  return commit(done, planned);
}

Result<std::vector<ChangedFile>> WorktreeWriter::changed() const {
  const std::vector<std::string> range{record_.base, "refs/heads/" + record_.branch};
  auto names = git_.run(record_.repository, {"diff", "--no-renames", "--no-ext-diff",
                                             "--name-status", "-z", range[0], range[1], "--"});
  if (!names) return propagate(names);
  auto counts = git_.run(record_.repository, {"diff", "--no-renames", "--no-ext-diff", "--numstat",
                                              "-z", range[0], range[1], "--"});
  if (!counts) return propagate(counts);
  std::vector<ChangedFile> files;
  const auto words = text::split(*names, '\0');
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
    files.push_back({words[i + 1],
                     words[i] == "A" ? "created" : words[i] == "D" ? "deleted" : "edited"});
  }
  for (const std::string& record : text::split(*counts, '\0')) {
    const auto parts = text::split(record, '\t');
    if (parts.size() < 3) continue;
    const auto at = std::ranges::find(files, parts[2], &ChangedFile::path);
    if (at == files.end()) continue;
    at->added = number_of(parts[0]);
    at->removed = number_of(parts[1]);
  }
  return files;
}

}  // namespace cadre
