#include "cli/change_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <random>

#include "base/clock.h"
#include "base/text.h"
#include "cli/model_options.h"
#include "core/apply.h"
#include "runtime/tools/repository.h"

namespace cadre::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFilesShown = 30;

fs::path record_file(const fs::path& state, const std::string& run) {
  return state / "changes" / (run + ".json");
}

Result<Git> find_git() { return Git::find(environment("HOME")); }

std::string new_run_id() {
  std::random_device device;
  const std::uint64_t seed = (static_cast<std::uint64_t>(device()) << 32) | device();
  return make_run_id(SystemClock().now_us(), seed);
}

Result<void> check_arguments(const RunArguments& arguments, const Plan& plan, bool offline) {
  if (plan.input != kRepositoryArtifact) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the SOP {} does not work on a repository", plan.name),
                "leave --sop away: --on takes the SOP change");
  }
  if (!arguments.out.empty()) {
    return fail(ErrorCode::kInvalidInput, "--out and --on do not go together",
                "the change is left on a branch of the repository");
  }
  if (!arguments.inputs.empty()) {
    return fail(ErrorCode::kInvalidInput, "--input and --on do not go together",
                "put what the team has to know into the brief, or commit it");
  }
  if (offline) {
    return fail(ErrorCode::kDenied,
                "the offline engine builds new services and cannot change existing code",
                "give a language model: --model openai:NAME, anthropic:NAME, ollama:NAME, "
                "claude-code, URL#NAME, or CADRE_MODEL");
  }
  return {};
}

bool is_within(const fs::path& inner, const fs::path& outer) {
  std::error_code error;
  const fs::path relative =
      fs::weakly_canonical(inner, error).lexically_relative(fs::weakly_canonical(outer, error));
  return !relative.empty() && *relative.begin() != "..";
}

Result<void> write_text(const fs::path& file, const std::string& content) {
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << content;
  out.close();
  if (out) return {};
  return fail(ErrorCode::kIo,
              fmt::format("cannot write {}: {}", file.string(), std::strerror(errno)),
              "make room or make it writable");
}

std::string quoted(const std::string& word) {
  static constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,@+";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  return "'" + text::replace_all(word, "'", "'\\''") + "'";
}

std::string repository_line(const RepositoryPlace& place, const Artifact& repository) {
  const Json* stack = json::find(repository.data, "stack");
  const Json* read = json::find(repository.data, "read");
  const std::size_t listed = json::get_array(repository.data, "files").size();
  const std::size_t taken = repository.files.size();
  std::string out = fmt::format(
      "repository {} at {}: {} files read ({} KB), {} listed by name; {}", place.root.string(),
      place.head.substr(0, 12), taken,
      read == nullptr ? 0 : (json::get_int(*read, "bytes") + 1023) / 1024,
      listed > taken ? listed - taken : 0,
      stack != nullptr && stack->is_object() ? json::get_string(*stack, "title")
                                             : "how it is tested was not found out");
  const auto skipped = json::get_array(repository.data, "skipped").size();
  if (skipped > 0) out += fmt::format("; {} names cannot be used", skipped);
  return out;
}

std::string tests_lines(const RunOutcome& outcome) {
  const auto plan = outcome.artifacts.find("change_plan");
  const auto report = outcome.artifacts.find("change_report");
  std::string out;
  if (plan != outcome.artifacts.end()) {
    const Json* baseline = json::find(plan->second->data, "baseline");
    const Json* tests = baseline == nullptr ? nullptr : json::find(*baseline, "tests");
    if (tests != nullptr) {
      out += fmt::format("before      {} tests passed, {} failed{}\n",
                         json::get_int(*tests, "passed"),
                         json::get_int(*tests, "failed") + json::get_int(*tests, "errors"),
                         json::get_bool(*baseline, "ran") ? "" : " (they did not run)");
    }
  }
  if (report != outcome.artifacts.end()) {
    if (const Json* tests = json::find(report->second->data, "tests")) {
      out += fmt::format(
          "after       {} tests passed, {} failed, {} passed before and do not now\n",
          json::get_int(*tests, "passed"),
          json::get_int(*tests, "failed") + json::get_int(*tests, "errors") +
              json::get_int(*tests, "failed_before_too"),
          json::get_int(*tests, "regressed"));
    }
  }
  return out;
}

}  // namespace

Result<std::shared_ptr<ChangeRun>> read_change(const RunArguments& arguments, const Plan& plan,
                                               bool offline) {
  if (arguments.on.empty()) {
    if (plan.input != kRepositoryArtifact) return nullptr;
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the SOP {} changes an existing repository", plan.name),
                "give its folder with --on DIR");
  }
  if (auto good = check_arguments(arguments, plan, offline); !good) return propagate(good);
  auto git = find_git();
  if (!git) {
    Error why = git.error();
    why.code = ErrorCode::kDenied;  // the machine lacks what is needed: refused
    return std::unexpected(std::move(why));
  }
  auto place = find_repository(*git, arguments.on);
  if (!place) return propagate(place);
  auto stacks = read_stacks(plan);
  if (!stacks) return propagate(stacks);
  auto change = std::make_shared<ChangeRun>();
  auto input = read_repository(*git, *place, *stacks, {}, arguments.state);
  if (!input) return propagate(input);
  change->run = new_run_id();
  change->line = repository_line(*place, *input);
  change->input = std::move(*input);
  std::error_code error;
  const fs::path state = fs::absolute(arguments.state, error).lexically_normal();
  change->writer = std::make_shared<WorktreeWriter>(
      *git, ChangeRecord{place->root, state / "worktrees" / change->run, "cadre/" + change->run,
                         place->head, place->branch});
  return change;
}

Result<void> open_change(const ChangeRun& change, const fs::path& state) {
  const ChangeRecord& record = change.writer->record();
  // Cadre's own folder in the checkout is none of the repository's business.
  std::error_code error;
  if (is_within(state, record.repository) && !fs::exists(state / ".gitignore", error)) {
    if (auto written = write_text(state / ".gitignore", "*\n"); !written) return written;
  }
  if (auto kept = write_text(record_file(state, change.run), json::write_pretty(to_json(record)));
      !kept) {
    return kept;
  }
  return change.writer->open(false);
}

Result<std::shared_ptr<ChangeRun>> resume_change(const fs::path& state, const std::string& run,
                                                 const Plan& plan, bool open) {
  if (plan.input != kRepositoryArtifact) return nullptr;
  std::ifstream in(record_file(state, run), std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  auto parsed = json::parse(bytes);
  auto record = parsed ? change_record_from_json(*parsed)
                       : Result<ChangeRecord>(fail(ErrorCode::kNotFound, "there is none"));
  if (!record) {
    return fail(ErrorCode::kNotFound,
                fmt::format("{} does not say where the change of run {} is: {}",
                            record_file(state, run).string(), run, record.error().message),
                "start a new run");
  }
  auto git = find_git();
  if (!git) return propagate(git);
  auto change = std::make_shared<ChangeRun>();
  change->run = run;
  change->writer = std::make_shared<WorktreeWriter>(*git, std::move(*record));
  if (!open) return change;
  if (auto ready = change->writer->open(true); !ready) return propagate(ready);
  return change;
}

std::string change_lines(const ChangeRun& change, const RunOutcome& outcome) {
  const ChangeRecord& record = change.writer->record();
  std::string out = tests_lines(outcome);
  auto files = change.writer->changed();
  if (!files) return out + fmt::format("change      {}\n", files.error().message);
  const std::string root = quoted(record.repository.string());
  const std::string from = record.base_branch.empty() ? record.base.substr(0, 12)
                                                      : record.base_branch;
  std::int64_t added = 0, removed = 0;
  for (const ChangedFile& file : *files) {
    added += file.added;
    removed += file.removed;
  }
  out += fmt::format("change      {} files, +{} -{} lines, on the branch {}{}\n", files->size(),
                     added, removed, record.branch,
                     outcome.status == "done" ? "" : ": NOT verified, do not merge it unread");
  for (std::size_t i = 0; i < std::min(files->size(), kFilesShown); ++i) {
    const ChangedFile& file = (*files)[i];
    out += fmt::format("  {:<8} {}  +{} -{}\n", file.status, file.path, file.added, file.removed);
  }
  if (files->size() > kFilesShown) {
    out += fmt::format("  and {} more\n", files->size() - kFilesShown);
  }
  out += fmt::format("look        git -C {} diff {}...{}\n", root, quoted(from), record.branch);
  if (!files->empty() && outcome.status == "done") {
    out += record.base_branch.empty()
               ? fmt::format("take        git merge {}   (HEAD was detached: first switch to where "
                             "it belongs)\n",
                             record.branch)
               : fmt::format("take        git -C {} merge {}\n", root, record.branch);
  }
  out += fmt::format(
      "drop        git -C {0} worktree remove --force {1} && git -C {0} branch -D {2}\n", root,
      quoted(record.worktree.string()), record.branch);
  return out;
}

void add_change(const ChangeRun& change, JsonObject& body) {
  const ChangeRecord& record = change.writer->record();
  body["repository"] = record.repository.string();
  body["branch"] = record.branch;
  body["worktree"] = record.worktree.string();
  body["base"] = record.base;
  body["base_branch"] = record.base_branch.empty() ? Json(nullptr) : Json(record.base_branch);
  JsonArray list;
  if (auto files = change.writer->changed()) {
    for (const ChangedFile& file : *files) {
      list.push_back(JsonObject{{"path", file.path},
                                {"status", file.status},
                                {"added", file.added},
                                {"removed", file.removed}});
    }
    body["files_changed"] = std::move(list);
  } else {
    body["files_changed"] = nullptr;
  }
}

}  // namespace cadre::cli
