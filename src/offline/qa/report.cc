// The quality report: its data, and the page that people read.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "offline/qa/evidence.h"

namespace cadre::offline::qa {
namespace {

Json percent(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

double one_digit(double value) {
  return static_cast<double>(static_cast<std::int64_t>(value * 10 + 0.5)) / 10;
}

JsonObject tests_data(const Evidence& evidence) {
  JsonObject out;
  if (!evidence.junit) {
    out["passed"] = out["failed"] = out["skipped"] = out["seconds"] = nullptr;
    return out;
  }
  out["passed"] = evidence.junit->passed;
  out["failed"] = evidence.junit->failed;
  out["skipped"] = evidence.junit->skipped;
  out["seconds"] = evidence.junit->seconds;
  JsonArray slowest;
  std::vector<CaseResult> cases = evidence.junit->cases;
  std::stable_sort(cases.begin(), cases.end(),
                   [](const auto& a, const auto& b) { return a.seconds > b.seconds; });
  for (std::size_t i = 0; i < cases.size() && i < 5; ++i) {
    slowest.push_back(
        JsonObject{{"test", cases[i].file + "::" + cases[i].name}, {"seconds", cases[i].seconds}});
  }
  out["slowest"] = std::move(slowest);
  return out;
}

JsonObject coverage_data(const Evidence& evidence) {
  JsonObject out;
  out["lines_percent"] =
      evidence.coverage ? percent(evidence.coverage->lines_percent) : Json(nullptr);
  out["branches_percent"] =
      evidence.coverage ? percent(evidence.coverage->branches_percent) : Json(nullptr);
  if (!evidence.coverage) return out;
  JsonArray files;
  for (const FileCoverage& file : evidence.coverage->files) {
    JsonArray missing;
    for (std::size_t i = 0; i < file.missing.size() && i < 50; ++i)
      missing.push_back(file.missing[i]);
    files.push_back(JsonObject{{"path", file.path},
                               {"lines", file.lines},
                               {"covered", file.covered},
                               {"missing", std::move(missing)}});
  }
  out["files"] = std::move(files);
  return out;
}

Json kill_rate(const Evidence& evidence) {
  std::int64_t total = json::get_int(evidence.mutation, "mutants");
  if (evidence.mutation.is_null() || total <= 0) return nullptr;
  double killed = static_cast<double>(json::get_int(evidence.mutation, "killed"));
  return one_digit(100 * killed / static_cast<double>(total));
}

JsonObject mutants_data(const Evidence& evidence) {
  JsonObject out;
  if (evidence.mutation.is_null()) {
    out["total"] = out["killed"] = out["survived"] = out["not_run"] = nullptr;
    return out;
  }
  out["total"] = json::get_int(evidence.mutation, "mutants");
  out["killed"] = json::get_int(evidence.mutation, "killed");
  out["survived"] = json::get_array(evidence.mutation, "survived");
  out["not_run"] = json::get_array(evidence.mutation, "not_run").size();
  return out;
}

JsonObject differential_data(const Evidence& evidence) {
  JsonObject out;
  if (evidence.differential.is_null()) {
    out["operations"] = out["mismatches"] = out["seed"] = nullptr;
    return out;
  }
  out["operations"] = json::get_int(evidence.differential, "operations");
  out["mismatches"] = json::get_array(evidence.differential, "mismatches").size();
  out["seed"] = json::get_int(evidence.differential, "seed");
  out["seconds"] = json::get_double(evidence.differential, "seconds");
  if (const Json* statuses = json::find(evidence.differential, "statuses"))
    out["statuses"] = *statuses;
  return out;
}

// Criteria, and those of which every test passed.
std::pair<int, int> criteria_counts(const Evidence& evidence) {
  std::set<std::string> all, bad;
  for (const TraceRow& row : evidence.trace) {
    all.insert(row.criterion);
    if (row.result != "passed") bad.insert(row.criterion);
  }
  return {static_cast<int>(all.size()), static_cast<int>(all.size() - bad.size())};
}

JsonArray rules_data(const Evidence& evidence) {
  JsonArray out;
  const Json* suite = evidence.data("test_suite");
  const JsonObject& mutated = json::get_object(evidence.mutation, "rules");
  auto add = [&](const std::string& id, const std::string& text) {
    int tests = 0, passed = 0, failed = 0;
    for (const Json& test : suite ? json::get_array(*suite, "tests") : JsonArray{}) {
      std::vector<std::string> rules = json::get_strings(test, "rules");
      if (std::find(rules.begin(), rules.end(), id) == rules.end()) continue;
      ++tests;
      if (!evidence.junit) continue;
      bool ran = false, ok = true;
      for (const CaseResult& one : evidence.junit->cases) {
        if (one.file != json::get_string(test, "file") ||
            one.name != json::get_string(test, "name"))
          continue;
        ran = true;
        ok = ok && one.outcome == "passed";
      }
      if (ran && ok) ++passed;
      if (ran && !ok) ++failed;
    }
    JsonObject row;
    row["id"] = id;
    row["text"] = text;
    row["tests"] = tests;
    row["passed"] = evidence.junit ? Json(passed) : Json(nullptr);
    row["failed"] = evidence.junit ? Json(failed) : Json(nullptr);
    const Json* counts = mutated.if_contains(id);
    row["mutants"] = counts ? Json(json::get_int(*counts, "run")) : Json(nullptr);
    row["killed"] = counts ? Json(json::get_int(*counts, "killed")) : Json(nullptr);
    out.push_back(std::move(row));
  };
  for (const spec::Rule& rule : evidence.spec.rules) {
    add(rule.id, rule.text.empty() ? rule.canonical : rule.text);
  }
  std::set<std::string> seen;
  for (const spec::Operation& operation : evidence.spec.operations) {
    for (const spec::Guard& guard : operation.guards) {
      if (!find_rule(evidence.spec, guard.id) && seen.insert(guard.id).second) {
        add(guard.id, "convention: " + guard.error);
      }
    }
  }
  return out;
}

// --- the page ---------------------------------------------------------------------------------

std::string shown(const Json& value, std::string_view unit = {}) {
  if (value.is_null()) return "not measured";
  if (value.is_double()) return fmt::format("{:.1f}{}", value.get_double(), unit);
  return json::write(value) + std::string(unit);
}

const Json& at(const Json& data, std::string_view key) {
  static const Json kNull = nullptr;
  const Json* found = json::find(data, key);
  return found ? *found : kNull;
}

std::string headline(const Evidence& evidence, const Json& data) {
  int high = 0;
  for (const QualityFinding& finding : evidence.findings) high += finding.severity == "high";
  if (high > 0) {
    return fmt::format("**{} {} of high severity.** They come first below, each with its evidence.",
                       high, high == 1 ? "finding" : "findings");
  }
  if (at(at(data, "tests"), "passed").is_null())
    return "**The tests were not run.** See what was not verified.";
  return "**All tests pass.** What was not verified is listed at the end, and it is part of the "
         "result.";
}

std::string figures(const Evidence& evidence, const Json& data) {
  const Json& tests = at(data, "tests");
  const Json& coverage = at(data, "coverage");
  const Json& differential = at(data, "differential");
  const Json& mutants = at(data, "rule_mutants");
  const Json& trace = at(data, "traceability");
  std::string out = "| measure | result |\n| --- | --- |\n";
  auto row = [&out](std::string_view name, const std::string& value) {
    out += fmt::format("| {} | {} |\n", name, value);
  };
  row("tests passed", shown(at(tests, "passed")));
  row("tests failed", shown(at(tests, "failed")));
  row("tests skipped", shown(at(tests, "skipped")));
  row("line coverage", shown(at(coverage, "lines_percent"), " %"));
  row("branch coverage", shown(at(coverage, "branches_percent"), " %"));
  std::string rate = shown(at(data, "rule_kill_rate_percent"), " %");
  if (!at(mutants, "total").is_null()) {
    rate += fmt::format(" ({} of {} breaks noticed, {} not tried)", shown(at(mutants, "killed")),
                        shown(at(mutants, "total")), shown(at(mutants, "not_run")));
  }
  row("rule kill rate", rate);
  std::string random = shown(at(differential, "operations"));
  if (!at(differential, "operations").is_null()) {
    random = fmt::format("{} operations, {} answered otherwise than the model (seed {})",
                         shown(at(differential, "operations")),
                         shown(at(differential, "mismatches")), shown(at(differential, "seed")));
  }
  row("differential test", random);
  row("acceptance criteria with passing tests",
      fmt::format("{} of {}", shown(at(trace, "with_passing_test")), shown(at(trace, "criteria"))));
  row("ran in a sandbox", !evidence.sandboxed   ? "nothing ran"
                          : *evidence.sandboxed ? "yes"
                                                : "**no**");
  return out;
}

std::string findings_text(const Evidence& evidence) {
  std::string out = "## Findings\n\n";
  if (evidence.findings.empty()) return out + "None.\n\n";
  int number = 0;
  for (const char* severity : {"high", "medium", "low"}) {
    for (const QualityFinding& finding : evidence.findings) {
      if (finding.severity != severity) continue;
      out += fmt::format("{}. **{}** ({}): {}\n", ++number, severity, finding.blame,
                         text::replace_all(text::clean_utf8(finding.title), "\n", " "));
      if (finding.evidence.empty()) continue;
      std::string fence = finding.evidence.find("```") == std::string::npos ? "```" : "~~~~~~~~";
      out += "\n   " + fence + "text\n";
      for (std::string_view line : text::lines(finding.evidence))
        out += "   " + std::string(line) + "\n";
      out += "   " + fence + "\n\n";
    }
  }
  return out + "\n";
}

std::string rules_text(const Json& data) {
  std::string out =
      "## Rules\n\nEach rule with its tests, and whether they notice when the code breaks it: "
      "a guard is dropped, a bound or a constant is shifted, an effect is left out.\n\n"
      "| rule | in the words of the brief | tests | passed | breaks noticed |\n"
      "| --- | --- | --- | --- | --- |\n";
  for (const Json& rule : json::get_array(data, "rules")) {
    std::string noticed =
        at(rule, "mutants").is_null()
            ? "–"
            : fmt::format("{} of {}", shown(at(rule, "killed")), shown(at(rule, "mutants")));
    out += fmt::format("| {} | {} | {} | {} | {} |\n", json::get_string(rule, "id"),
                       text::markdown_cell(text::shorten(json::get_string(rule, "text"), 160)),
                       shown(at(rule, "tests")), shown(at(rule, "passed")), noticed);
  }
  return out + "\n";
}

std::string coverage_text(const Evidence& evidence) {
  if (!evidence.coverage) return {};
  std::string out =
      "## Coverage\n\n| file | lines | covered | not reached |\n| --- | --- | --- | --- |\n";
  for (const FileCoverage& file : evidence.coverage->files) {
    if (file.lines == 0) continue;
    std::vector<std::string> missing;
    for (std::size_t i = 0; i < file.missing.size() && i < 12; ++i)
      missing.push_back(std::to_string(file.missing[i]));
    if (file.missing.size() > 12) missing.emplace_back("…");
    out += fmt::format("| {} | {} | {:.0f} % | {} |\n", text::markdown_cell(file.path), file.lines,
                       100.0 * file.covered / file.lines,
                       missing.empty() ? "–" : text::join(missing, ", "));
  }
  return out + "\n";
}

std::string review_text(const Evidence& evidence) {
  std::string out =
      "## Review\n\n| check | what it asks | result | detail |\n| --- | --- | --- | --- |\n";
  for (const ReviewCheck& check : evidence.review) {
    out += fmt::format("| {} | {} | {} | {} |\n", check.id, text::markdown_cell(check.what),
                       check.passed ? "passed" : "**failed**", text::markdown_cell(check.detail));
  }
  return out + "\n";
}

std::string runs_text(const Evidence& evidence) {
  std::string out = "## What was run\n\n| what | exit code | seconds |\n| --- | --- | --- |\n";
  for (const char* id : {"tests", "differential", "lint", "compile", "mutation"}) {
    auto found = evidence.runs.find(id);
    if (found == evidence.runs.end()) continue;
    const ToolRun& run = found->second;
    std::string code = run.exit_code ? std::to_string(*run.exit_code)
                       : run.ran     ? "–"
                                     : "not run: " + run.problem;
    out +=
        fmt::format("| `{}` | {} | {:.1f} |\n", run.what, text::markdown_cell(code), run.seconds);
  }
  return out + "\n";
}

}  // namespace

Json report_data(const Evidence& evidence) {
  JsonObject data;
  data["tests"] = tests_data(evidence);
  data["coverage"] = coverage_data(evidence);
  data["rule_kill_rate_percent"] = kill_rate(evidence);
  data["rule_mutants"] = mutants_data(evidence);
  data["differential"] = differential_data(evidence);
  auto [criteria, passing] = criteria_counts(evidence);
  data["traceability"] = JsonObject{
      {"criteria", criteria}, {"with_passing_test", passing}, {"rows", evidence.trace.size()}};
  JsonArray findings;
  int number = 0;
  for (const QualityFinding& finding : evidence.findings) {
    JsonObject one;
    one["id"] = fmt::format("F-{:03}", ++number);
    if (!finding.gate.empty()) one["gate"] = finding.gate;
    one["severity"] = finding.severity;
    one["title"] = text::clean_utf8(finding.title);
    one["evidence"] = text::clean_utf8(finding.evidence);
    one["blame"] = finding.blame;
    findings.push_back(std::move(one));
  }
  data["findings"] = std::move(findings);
  data["not_verified"] = json::to_array(evidence.not_verified);
  data["rules"] = rules_data(evidence);
  JsonArray review;
  for (const ReviewCheck& check : evidence.review) {
    review.push_back(JsonObject{{"id", check.id},
                                {"check", check.what},
                                {"passed", check.passed},
                                {"detail", text::clean_utf8(check.detail)}});
  }
  data["review"] = std::move(review);
  JsonArray tools;
  for (const auto& [id, run] : evidence.runs) {
    JsonObject one{{"id", id}, {"command", run.what}, {"seconds", run.seconds}};
    one["exit_code"] = run.exit_code ? Json(*run.exit_code) : Json(nullptr);
    if (!run.ran) one["problem"] = run.problem;
    tools.push_back(std::move(one));
  }
  data["tools"] = std::move(tools);
  data["sandboxed"] = evidence.sandboxed ? Json(*evidence.sandboxed) : Json(nullptr);
  return data;
}

std::string report_markdown(const Evidence& evidence, const Json& data) {
  std::string out = "# Quality report\n\n" + headline(evidence, data) + "\n\n";
  out +=
      "Tests were written from the specification and the API contract, not from the code, by rule "
      "and "
      "without a language model.\n\n";
  out += figures(evidence, data) + "\n";
  out += findings_text(evidence) + rules_text(data) + review_text(evidence) +
         coverage_text(evidence) + runs_text(evidence);
  out += "## Not verified\n\n";
  for (const std::string& one : evidence.not_verified) {
    out += "- " + text::replace_all(text::clean_utf8(one), "\n", " ") + "\n";
  }
  return out + "\n`docs/traceability.md` shows which test stands for which sentence.\n";
}

}  // namespace cadre::offline::qa
