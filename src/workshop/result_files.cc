#include "workshop/result_files.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "offline/markup.h"
#include "trace/report.h"
#include "workshop/result_json.h"

namespace cadre::workshop {
namespace {

namespace fs = std::filesystem;

std::string refusal_readme(const RunOutcome& outcome) {
  return fmt::format(
      "# Nothing was built\n\n"
      "Cadre refused the requirement of run {}:\n\n{}\n"
      "What would help:\n\n{}\n"
      "`result.json` says the same for programs. Run again with a changed requirement and the same "
      "`--out`: a project that is built replaces this file.\n",
      outcome.run, offline::markup::fenced("text", outcome.reason + "\n"),
      offline::markup::fenced("text", refusal_help(outcome) + "\n"));
}

Result<void> write_new_file(const fs::path& file, const std::string& content) {
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  const fs::path part = file.string() + ".part";
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(std::fopen(part.c_str(), "wb"), &std::fclose);
  bool good = out && std::fwrite(content.data(), 1, content.size(), out.get()) == content.size();
  if (out) good = std::fclose(out.release()) == 0 && good;
  good = good && std::rename(part.c_str(), file.c_str()) == 0;
  if (good) return {};
  const std::string why = std::strerror(errno);
  fs::remove(part, error);
  return fail(ErrorCode::kIo, fmt::format("cannot write {}: {}", file.string(), why),
              "make room or make it writable, then resume the run");
}

}  // namespace

std::string refusal_help(const RunOutcome& outcome) {
  const std::string help = json::get_string(outcome.details, "help");
  if (!help.empty()) return help;
  return "say in a few sentences what is to be recorded (\"Each book has a title and an ISBN\"), "
         "who does what with it, and which rules hold; `cadre spec BRIEF` shows what is understood"
         "; what keeps no records needs a language model: --model openai:NAME, anthropic:NAME or "
         "ollama:NAME";
}

Result<fs::path> write_result_files(Store& store, GitProjectWriter* writer,
                                    const RunOutcome& outcome, const Plan& plan,
                                    const fs::path& out_dir, const fs::path& state) {
  auto journal = store.read(outcome.run);
  if (!journal) return propagate(journal);
  const bool refused = outcome.status == "refused";
  ResultInput input;
  input.report = make_report(journal->events);
  input.sop = plan.name;
  input.software = makes_software(plan);
  input.artifacts = outcome.artifacts;
  if (refused) {
    input.refusal = JsonObject{{"reason", outcome.reason}, {"details", outcome.details}};
  }
  const std::string content = json::write_pretty(assemble_result(input));
  std::error_code error;
  if (writer == nullptr || (refused && !fs::exists(out_dir, error))) {
    const fs::path file = state / "results" / (outcome.run + ".json");
    if (auto written = write_new_file(file, content); !written) return propagate(written);
    return fs::absolute(file, error).lexically_normal();
  }
  auto written = writer->write_result(content, outcome.run, outcome.started_us,
                                      refused ? refusal_readme(outcome) : std::string());
  if (!written) return propagate(written);
  return out_dir / "result.json";
}

}  // namespace cadre::workshop
