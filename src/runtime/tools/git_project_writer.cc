#include "runtime/tools/git_project_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/hash.h"
#include "base/text.h"
#include "process/process.h"
#include "process/tree.h"

namespace cadre {
namespace {

constexpr const char* kManifest = ".cadre-files.json";
constexpr std::size_t kFileBytesMax = 64 * 1024 * 1024;
constexpr const char* kRoom = "make room or make it writable, then resume the run";

std::unexpected<Error> io_error(std::string_view what, const std::filesystem::path& path) {
  return fail(ErrorCode::kIo,
              fmt::format("cannot {} {}: {}", what, path.string(), std::strerror(errno)), kRoom);
}

// Puts the content under a temporary name, then in place: a reader sees the old file or the new.
Result<void> replace_file(const std::filesystem::path& folder, const std::string& relative,
                          const std::string& content, bool executable) {
  const std::string temporary = relative + ".cadre-part";
  std::error_code ignored;
  std::filesystem::remove(folder / temporary, ignored);
  if (auto written = write_beneath(folder, temporary, content, executable); !written) {
    std::filesystem::remove(folder / temporary, ignored);
    Error why = written.error();
    if (why.code == ErrorCode::kIo) {
      why.message = fmt::format("cannot write into {}: {}", folder.string(), why.message);
      why.hint = kRoom;
    }
    return std::unexpected(std::move(why));
  }
  const std::filesystem::path target = folder / relative;
  if (::rename((folder / temporary).c_str(), target.c_str()) != 0) {
    auto why = io_error("write", target);
    std::filesystem::remove(folder / temporary, ignored);
    return why;
  }
  return {};
}

}  // namespace

GitProjectWriter::GitProjectWriter(std::filesystem::path folder)
    : folder_(std::move(folder)), git_(find_program("git")) {}

bool GitProjectWriter::made_by_cadre(const std::filesystem::path& folder) {
  std::error_code error;
  return std::filesystem::is_regular_file(folder / kManifest, error);
}

std::vector<std::string> GitProjectWriter::kept_files() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (const auto& [path, hash] : kept_) out.push_back(path);
  return out;
}

Result<void> GitProjectWriter::load_manifest() {
  if (loaded_) return {};
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error)
    return fail(ErrorCode::kIo,
                fmt::format("cannot make {}: {}", folder_.string(), error.message()));
  auto text = read_beneath(folder_, kManifest, kFileBytesMax);
  if (text) {
    const auto value = json::parse(*text);
    if (!value) {
      return fail(ErrorCode::kCorrupt,
                  fmt::format("{} in {} cannot be read: {}", kManifest, folder_.string(),
                              value.error().message),
                  "choose another folder with --out");
    }
    for (const auto& member : json::get_object(*value, "files")) {
      if (!member.value().is_string()) continue;
      manifest_[std::string(member.key())] = json::as_view(member.value().get_string());
    }
    for (const auto& member : json::get_object(*value, "stages")) {
      for (const Json& path :
           member.value().is_array() ? member.value().get_array() : JsonArray{}) {
        if (path.is_string()) {
          stage_files_[std::string(member.key())].emplace_back(json::as_view(path.get_string()));
        }
      }
    }
  } else if (text.error().code != ErrorCode::kNotFound) {
    return propagate(text);
  }
  loaded_ = true;
  return {};
}

Result<void> GitProjectWriter::save_manifest() const {
  JsonObject files;
  for (const auto& [path, hash] : manifest_) files[path] = hash;
  JsonObject stages;
  for (const auto& [stage, paths] : stage_files_) stages[stage] = json::to_array(paths);
  const std::string content = json::write_pretty(
      JsonObject{{"made_by", "cadre"}, {"files", std::move(files)}, {"stages", std::move(stages)}});
  return replace_file(folder_, kManifest, content, false);
}

Result<void> GitProjectWriter::write_file(const File& file) {
  if (const std::string problem = path_problem(file.path); !problem.empty()) {
    return fail(ErrorCode::kDenied, fmt::format("the file \"{}\" is refused: {}",
                                                text::shorten(file.path, 120), problem));
  }
  const std::string hash = sha256_hex(file.content);
  auto present = read_beneath(folder_, file.path, kFileBytesMax);
  if (present) {
    const std::string found = sha256_hex(*present);
    if (found == hash) {
      manifest_[file.path] = hash;
      return {};
    }
    const auto known = manifest_.find(file.path);
    if (known == manifest_.end() || known->second != found) {
      kept_[file.path] = found;
      return {};
    }
  } else if (present.error().code != ErrorCode::kNotFound) {
    return propagate(present);
  }
  if (auto written = replace_file(folder_, file.path, file.content, file.executable); !written)
    return written;
  manifest_[file.path] = hash;
  return {};
}

// What the stage's earlier round wrote and this one does not make any more, unless somebody has
// changed it since.
void GitProjectWriter::remove_stale(const std::string& stage,
                                    const std::vector<std::string>& made) {
  for (const std::string& path : stage_files_[stage]) {
    const auto known = manifest_.find(path);
    const bool of_another =
        std::any_of(stage_files_.begin(), stage_files_.end(), [&](const auto& entry) {
          return entry.first != stage &&
                 std::find(entry.second.begin(), entry.second.end(), path) != entry.second.end();
        });
    if (known == manifest_.end() || of_another ||
        std::find(made.begin(), made.end(), path) != made.end()) {
      continue;
    }
    const auto present = read_beneath(folder_, path, kFileBytesMax);
    std::error_code ignored;
    if (present && sha256_hex(*present) == known->second) {
      std::filesystem::remove(folder_ / path, ignored);
    }
    manifest_.erase(known);
  }
}

Result<std::string> GitProjectWriter::git(const std::vector<std::string>& arguments,
                                          const std::vector<std::string>& env) const {
  ProcessOptions options;
  options.argv = {git_.string()};
  options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
  // Neither the user's settings nor a repository around the folder may change what happens here.
  options.env = {"PATH=/usr/local/bin:/usr/bin:/bin",
                 "HOME=" + folder_.string(),
                 "GIT_CONFIG_NOSYSTEM=1",
                 "GIT_CONFIG_GLOBAL=/dev/null",
                 "GIT_DIR=" + (folder_ / ".git").string(),
                 "GIT_WORK_TREE=" + folder_.string(),
                 "LC_ALL=C.UTF-8"};
  options.env.insert(options.env.end(), env.begin(), env.end());
  options.cwd = folder_;
  options.timeout = Milliseconds{60'000};
  auto result = run_process(options);
  if (!result) return propagate(result);
  if (!result->success()) {
    return fail(ErrorCode::kIo,
                fmt::format("git cannot write the history of {}: {}", folder_.string(),
                            text::shorten(text::trim(result->err), 500)));
  }
  return std::move(result->out);
}

Result<void> GitProjectWriter::commit(const std::string& author, const std::string& role,
                                      const std::string& subject, const std::string& body,
                                      std::int64_t time_us) {
  if (git_.empty()) return {};
  std::error_code error;
  if (!std::filesystem::exists(folder_ / ".git" / "HEAD", error)) {
    if (auto made = git({"init", "--quiet", "--initial-branch=main"}); !made)
      return propagate(made);
  }
  // A crash may have left a lock behind; this process is the folder's only writer.
  std::filesystem::remove(folder_ / ".git" / "index.lock", error);
  if (auto log = git({"log", "--format=%B", "--max-count=200"});
      log && log->find(body) != std::string::npos)
    return {};
  if (auto added = git({"add", "--all"}); !added) return propagate(added);
  const std::string date = fmt::format("{} +0000", time_us / 1'000'000);
  const std::string mail = role + "@cadre.invalid";
  auto made = git({"-c", "core.hooksPath=/dev/null", "-c", "commit.gpgsign=false", "commit",
                   "--quiet", "--allow-empty", "--message", subject, "--message", body},
                  {"GIT_AUTHOR_NAME=" + author, "GIT_AUTHOR_EMAIL=" + mail,
                   "GIT_AUTHOR_DATE=" + date, "GIT_COMMITTER_NAME=" + author,
                   "GIT_COMMITTER_EMAIL=" + mail, "GIT_COMMITTER_DATE=" + date});
  if (!made) return propagate(made);
  return {};
}

Result<void> GitProjectWriter::stage_done(const StageDone& done) {
  const std::lock_guard lock(mutex_);
  if (auto loaded = load_manifest(); !loaded) return loaded;
  std::vector<std::string> made;
  for (const std::string& type : done.artifacts) {
    const auto it = done.all.find(type);
    if (it == done.all.end() || !it->second) continue;
    for (const File& file : it->second->files) {
      if (auto written = write_file(file); !written) return written;
      made.push_back(file.path);
    }
  }
  remove_stale(done.stage->id, made);
  stage_files_[done.stage->id] = std::move(made);
  if (auto saved = save_manifest(); !saved) return saved;
  const AgentConfig* agent = find_agent(*done.plan, done.stage->role);
  const std::string author =
      agent != nullptr && !agent->name.empty() ? agent->name : done.stage->role;
  const std::string title = done.stage->title.empty() ? done.stage->id : done.stage->title;
  return commit(
      author, done.stage->role,
      fmt::format("{}: {}{}", done.stage->id, title, done.passed ? "" : " (gates not passed)"),
      fmt::format("Cadre-Run: {}\nCadre-Stage: {}\nCadre-Round: {}\n", done.run, done.stage->id,
                  done.round),
      done.time_us);
}

Result<void> GitProjectWriter::write_result(const std::string& content, const std::string& run,
                                            std::int64_t time_us, const std::string& readme) {
  const std::lock_guard lock(mutex_);
  if (auto loaded = load_manifest(); !loaded) return loaded;
  const bool alone = std::all_of(manifest_.begin(), manifest_.end(), [](const auto& entry) {
    return entry.first == "README.md" || entry.first == "result.json";
  });
  if (alone && !readme.empty()) {
    if (auto written = write_file({"README.md", readme, false}); !written) return written;
  }
  // result.json is Cadre's alone: it always shows the run that ended last.
  if (auto written = replace_file(folder_, "result.json", content, false); !written) return written;
  manifest_["result.json"] = sha256_hex(content);
  if (auto saved = save_manifest(); !saved) return saved;
  return commit("Orchestrator", "orchestrator", "result: the run's result",
                fmt::format("Cadre-Run: {}\nCadre-Stage: result\n", run), time_us);
}

}  // namespace cadre
