#include "runtime/tools/git.h"

#include <fmt/format.h>

#include "base/text.h"
#include "process/process.h"

namespace cadre {

Result<Git> Git::find(const std::string& home) {
  std::filesystem::path program = find_program("git");
  if (program.empty()) {
    return fail(ErrorCode::kUnavailable, "git is not installed",
                "apt-get install git, and run again");
  }
  return Git(std::move(program), home);
}

Result<std::string> Git::run(const std::filesystem::path& folder,
                             const std::vector<std::string>& arguments,
                             const Options& options) const {
  ProcessOptions process;
  process.argv = {program_.string(),           "--no-pager", "-c", "core.hooksPath=/dev/null", "-c",
                  "core.fsmonitor=false",      "-c",         "commit.gpgsign=false",
                  "-c", "core.quotePath=false", "-c",         "gc.auto=0",
                  "-c", "advice.detachedHead=false"};
  process.argv.insert(process.argv.end(), arguments.begin(), arguments.end());
  process.env = {"PATH=/usr/local/bin:/usr/bin:/bin",
                 "HOME=" + (home_.empty() ? std::string("/nonexistent") : home_),
                 "LC_ALL=C.UTF-8",
                 "GIT_TERMINAL_PROMPT=0",
                 "GIT_OPTIONAL_LOCKS=0",
                 "GIT_LITERAL_PATHSPECS=1",
                 "GIT_LFS_SKIP_SMUDGE=1",
                 "GIT_EDITOR=true"};
  process.env.insert(process.env.end(), options.env.begin(), options.env.end());
  process.cwd = folder;
  process.stdin_text = options.stdin_text;
  process.timeout = Milliseconds{120'000};
  process.output_bytes_max = 2 * options.output_bytes_max;
  process.output_bytes_total_max = options.output_bytes_max;
  auto result = run_process(process);
  if (!result) return propagate(result);
  if (result->success()) return std::move(result->out);
  const std::string said = text::clean_utf8(text::trim(result->err));
  const std::string why = result->timed_out          ? "it did not end within 120 s"
                          : !result->limit.empty()   ? result->limit
                          : said.empty()             ? fmt::format("it ended with {}",
                                                                   result->exit_code)
                                                     : text::shorten(said, 500);
  return fail(ErrorCode::kIo, fmt::format("git {} in {}: {}", arguments.front(), folder.string(),
                                          why));
}

Result<std::string> Git::line(const std::filesystem::path& folder,
                              const std::vector<std::string>& arguments) const {
  auto out = run(folder, arguments);
  if (!out) return out;
  return std::string(text::trim(*out));
}

}  // namespace cadre
