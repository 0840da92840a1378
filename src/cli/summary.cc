#include "cli/summary.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "workshop/result_files.h"

namespace cadre::cli {
namespace {

const Json& data_of(const RunOutcome& outcome, const char* type) {
  static const Json kNothing = nullptr;
  const auto it = outcome.artifacts.find(type);
  return it == outcome.artifacts.end() ? kNothing : it->second->data;
}

// "93.5 % of lines", or "not measured".
std::string percent(const Json& value, std::string_view key, std::string_view of) {
  const Json* member = json::find(value, key);
  if (member == nullptr || !member->is_number()) return "not measured";
  return fmt::format("{:.1f} %{}", member->to_number<double>(), of);
}

Json object_at(const Json& value, std::string_view key) {
  const Json* member = json::find(value, key);
  return member == nullptr ? Json(nullptr) : *member;
}

std::string statements_line(const Json& requirements) {
  const Json s = object_at(requirements, "statements");
  if (!s.is_object()) return {};
  const std::int64_t counted = json::get_int(s, "total") - json::get_int(s, "no_content");
  std::string line =
      fmt::format("understood  {} of {} statements", json::get_int(s, "covered"), counted);
  if (const auto n = json::get_int(s, "partly")) line += fmt::format("; {} partly", n);
  if (const auto n = json::get_int(s, "not_understood"))
    line += fmt::format("; {} not understood", n);
  if (const auto n = json::get_int(s, "out_of_scope"))
    line += fmt::format("; {} outside what can be built", n);
  return line + "\n";
}

std::string unhandled_lines(const Json& requirements) {
  std::string out;
  for (const Json& item : json::get_array(requirements, "unhandled")) {
    out += fmt::format("  {} {}: \"{}\"\n", json::get_string(item, "sentence"),
                       text::replace_all(json::get_string(item, "why"), "_", " "),
                       text::shorten(json::get_string(item, "text"), 100));
    const std::string closest = json::get_string(item, "closest_pattern");
    if (!closest.empty())
      out += fmt::format("      you may write: {}\n", text::shorten(closest, 120));
  }
  return out;
}

bool measured(const Json& value, std::string_view key) {
  const Json* member = json::find(value, key);
  return member != nullptr && !member->is_null();
}

// What no tool could measure since there is nothing to measure it against.
bool not_applicable(const Json& report, std::string_view what) {
  for (const Json& entry : json::get_array(report, "not_verified")) {
    if (!entry.is_string()) continue;
    const std::string_view text = json::as_view(entry.get_string());
    if (text.starts_with(what) && text.find("not applicable") != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

// The running service against the requirement model, or against the offline engine's own reading
// of the brief.
std::string reference_line(const Json& report) {
  const Json audit = object_at(report, "audit");
  if (audit.is_object()) {
    const JsonArray& statements = json::get_array(audit, "statements");
    const auto judged = std::ranges::count_if(statements, [](const Json& one) {
      return json::get_string(one, "verdict") != "not audited";
    });
    return fmt::format(
        "audit       {} requests judged by the brief, {} contradictions; {} of {} operations, "
        "{} of {} statements (seed {})\n",
        json::get_int(audit, "requests"), json::get_int(audit, "contradicts"),
        json::get_int(audit, "operations_mapped"), json::get_int(audit, "operations_total"), judged,
        statements.size(), json::get_int(audit, "seed"));
  }
  const Json differential = object_at(report, "differential");
  if (measured(differential, "operations")) {
    return fmt::format(
        "reference   {} operations compared, {} mismatches (seed {})\n",
        json::get_int(differential, "operations"), json::get_int(differential, "mismatches"),
        json::get_int(differential, "seed"));
  }
  return not_applicable(report, "differential test") ? "" : "reference   not measured\n";
}

// Why a service was not audited, or "".
std::string not_audited_line(const Json& report) {
  constexpr std::string_view kSays = "audit against the brief: not audited";
  for (const Json& entry : json::get_array(report, "not_verified")) {
    if (!entry.is_string()) continue;
    const std::string_view text = json::as_view(entry.get_string());
    if (!text.starts_with(kSays)) continue;
    return fmt::format("audit       not audited{}\n",
                       text::shorten(text.substr(kSays.size()), 200));
  }
  return {};
}

std::string quality_lines(const Json& report) {
  if (!report.is_object()) return "tests       not run\n";
  const Json tests = object_at(report, "tests");
  std::string out = "tests       not measured\n";
  if (measured(tests, "passed")) {
    out = fmt::format("tests       {} passed, {} failed, {} skipped\n",
                      json::get_int(tests, "passed"), json::get_int(tests, "failed"),
                      json::get_int(tests, "skipped"));
  }
  const Json coverage = object_at(report, "coverage");
  out += "coverage    " + percent(coverage, "lines_percent", " of lines") + ", " +
         percent(coverage, "branches_percent", " of branches") + "\n";
  if (!not_applicable(report, "rule kill rate")) {
    out += "rule kills  " +
           percent(report, "rule_kill_rate_percent", " of the mutated rules were caught") + "\n";
  }
  out += reference_line(report);
  if (const Json lint = object_at(report, "lint"); measured(lint, "findings")) {
    out += fmt::format("lint        {} findings of {}\n", json::get_int(lint, "findings"),
                       json::get_string(lint, "tool"));
  }
  if (const Json* sandboxed = json::find(report, "sandboxed");
      sandboxed != nullptr && sandboxed->is_bool() && !sandboxed->get_bool()) {
    out += "sandbox     NONE: the written code ran with your rights\n";
  }
  const Json trace = object_at(report, "traceability");
  if (trace.is_object()) {
    out += fmt::format("criteria    {} of {} with a passing test\n",
                       json::get_int(trace, "with_passing_test"), json::get_int(trace, "criteria"));
  }
  for (const Json& finding : json::get_array(report, "findings")) {
    if (json::get_string(finding, "severity") != "high") continue;
    out += fmt::format("  finding: {}\n", text::shorten(json::get_string(finding, "title"), 140));
  }
  return out;
}

std::string refusal_lines(const RunOutcome& outcome) {
  return fmt::format("refused: {}\nwhat would help: {}\n", outcome.reason,
                     workshop::refusal_help(outcome));
}

bool has_file(const RunOutcome& outcome, const char* type, std::string_view path) {
  const auto it = outcome.artifacts.find(type);
  if (it == outcome.artifacts.end()) return false;
  return std::any_of(it->second->files.begin(), it->second->files.end(),
                     [&](const File& file) { return file.path == path; });
}

std::string start_lines(const RunOutcome& outcome, const std::filesystem::path& out_dir) {
  const std::string dir = out_dir.string();
  std::string out =
      fmt::format("look at     {0}/README.md, {0}/docs/quality-report.md, {0}/result.json\n", dir);
  // The stack python; its README says the same and more.
  if (has_file(outcome, "code", "app/main.py")) {
    const bool tokens = has_file(outcome, "code", "app/security.py");
    out += fmt::format(
        "start it    cd {} && {}/usr/bin/python3 -m uvicorn --factory app.main:create_app\n", dir,
        tokens ? "APP_SECRET=$(openssl rand -hex 32) " : "");
  }
  return out;
}

// Of an SOP that makes something else than software.
std::string plain_summary(const RunOutcome& outcome, const std::filesystem::path& out_dir,
                          double seconds) {
  std::string out =
      fmt::format("\n{}: {} in {:.1f} s\n", outcome.status, out_dir.string(), seconds);
  if (!outcome.reason.empty()) out += fmt::format("reason      {}\n", outcome.reason);
  for (const auto& [type, artifact] : outcome.artifacts) {
    const auto by = outcome.made_by.find(type);
    if (by == outcome.made_by.end() || by->second == "user") continue;
    std::vector<std::string> files;
    for (const File& file : artifact->files) files.push_back(file.path);
    out += fmt::format("made        {} by {}{}\n", type, by->second,
                       files.empty() ? "" : ": " + text::shorten(text::join(files, ", "), 120));
  }
  return out;
}

}  // namespace

std::string render_summary(const RunOutcome& outcome, const std::filesystem::path& out_dir,
                           double seconds) {
  if (outcome.status == "refused") return refusal_lines(outcome);
  if (!outcome.artifacts.contains("requirements")) return plain_summary(outcome, out_dir, seconds);
  const Json& requirements = data_of(outcome, "requirements");
  const Json spec = object_at(requirements, "spec");
  std::string out;
  const bool built = outcome.status == "done" || outcome.status == "incomplete";
  out += fmt::format("\n{}: {} in {:.1f} s\n", built ? "built" : outcome.status, out_dir.string(),
                     seconds);
  if (!outcome.reason.empty() && !built) out += fmt::format("reason      {}\n", outcome.reason);
  if (spec.is_object()) {
    out += fmt::format("holds       {} record types, {} operations, {} rules\n",
                       json::get_array(spec, "entities").size(),
                       json::get_array(spec, "operations").size(),
                       json::get_array(spec, "rules").size());
  }
  out += statements_line(requirements) + unhandled_lines(requirements);
  const Json& report = data_of(outcome, "quality_report");
  out += quality_lines(report);
  // Of what serves nobody it is no wonder.
  if (json::get_string(data_of(outcome, "architecture"), "kind") == "service") {
    out += not_audited_line(report);
  }
  const auto assumptions = json::get_array(requirements, "assumptions").size();
  const auto questions = json::get_array(requirements, "questions").size();
  if (assumptions + questions > 0) {
    out += fmt::format("check       {} assumptions and {} questions in {}\n", assumptions,
                       questions,
                       has_file(outcome, "requirements", "docs/assumptions.md")
                           ? "docs/assumptions.md"
                           : "docs/requirements.md");
  }
  return out + start_lines(outcome, out_dir);
}

}  // namespace cadre::cli
