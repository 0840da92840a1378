#include "runtime/tools/measured_project.h"

#include <fmt/core.h>
#include <re2/re2.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace cadre {
namespace {

constexpr std::size_t kEvidenceBytes = 2500;
constexpr std::size_t kFailuresShown = 12;
constexpr std::size_t kMissingShown = 30;

const Json& data_of(const ArtifactMap& all, const std::string& type) {
  static const Json kNothing = JsonObject{};
  const auto at = all.find(type);
  return at == all.end() || !at->second ? kNothing : at->second->data;
}

void add_words(const Json& value, std::set<std::string, std::less<>>& words) {
  if (value.is_array()) {
    for (const Json& element : value.get_array()) add_words(element, words);
  } else if (value.is_object()) {
    for (const auto& member : value.get_object()) {
      add_words(Json(member.key()), words);
      add_words(member.value(), words);
    }
  } else if (value.is_string()) {
    std::string word;
    for (const char c : json::as_view(value.get_string())) {
      const bool part = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '_' || c == '.';
      if (part) {
        word += c;
        continue;
      }
      if (!word.empty()) words.insert(word);
      word.clear();
    }
    if (!word.empty()) words.insert(word);
  }
}

double percent(std::int64_t part, std::int64_t whole) {
  return std::round(1000.0 * static_cast<double>(part) / static_cast<double>(whole)) / 10.0;
}

// Lines that a file which was never loaded would have: those that are no comment and not blank.
std::int64_t code_lines(const std::string& content) {
  std::int64_t count = 0;
  for (const std::string_view line : text::lines(content)) {
    const std::string_view trimmed = text::trim(line);
    const bool comment = trimmed.starts_with("//") || trimmed.starts_with('#') ||
                         trimmed.starts_with('*') || trimmed.starts_with("/*");
    if (!trimmed.empty() && !comment && trimmed.size() > 1) ++count;
  }
  return count;
}

// Which entry of a report is which source: that of its own path, else the one whose path it is the
// most like. A report's "lib/cmd/main.go" is cmd/main.go and never main.go.
std::map<std::string, const FileCounts*> counts_of(
    const CoverageData& data, const std::map<std::string, std::string>& sources) {
  std::map<std::string, const FileCounts*> counts;
  std::map<std::string, std::string> by;  // source: the report's path for it
  for (const auto& [reported, found] : data.files) {
    const std::string* best = nullptr;
    for (const auto& [path, content] : sources) {
      if (is_same_file(reported, path) && (best == nullptr || path.size() > best->size())) {
        best = &path;
      }
    }
    if (best == nullptr) continue;
    const auto known = by.find(*best);
    const auto unlike = [&](const std::string& name) {
      return name == *best ? 0 : name.size() < best->size() ? best->size() - name.size()
                                                            : name.size() - best->size();
    };
    if (known != by.end() && unlike(known->second) <= unlike(reported)) continue;
    by[*best] = reported;
    counts[*best] = &found;
  }
  return counts;
}

bool ends_with_one_of(const std::string& path, const std::vector<std::string>& endings) {
  return std::ranges::any_of(endings, [&](const std::string& end) { return path.ends_with(end); });
}

Json coverage_of(const Measurement& measured, const Stack& stack,
                 const std::map<std::string, std::string>& sources) {
  JsonObject out{{"lines_percent", nullptr}, {"branches_percent", nullptr}};
  if (!measured.no_coverage.empty()) out["unavailable"] = measured.no_coverage;
  if (!measured.coverage) return out;
  std::int64_t lines = 0, covered = 0, branches = 0, taken = 0;
  JsonArray files;
  const auto found = counts_of(*measured.coverage, sources);
  for (const auto& [path, content] : sources) {
    const auto at = found.find(path);
    const FileCounts* counts = at == found.end() ? nullptr : at->second;
    std::int64_t all = 0, run = 0;
    JsonArray missing;
    if (counts != nullptr) {
      all = static_cast<std::int64_t>(counts->lines.size());
      for (const auto& [line, count] : counts->lines) {
        run += count > 0 ? 1 : 0;
        if (count == 0 && missing.size() < kMissingShown) missing.push_back(line);
      }
      branches += counts->branches;
      taken += counts->branches_taken;
    } else if (ends_with_one_of(path, stack.sources)) {
      all = code_lines(content);  // nothing ever loaded it
    }
    if (all == 0) continue;
    lines += all;
    covered += run;
    JsonObject file{{"path", path}, {"lines", all}, {"covered", run}};
    if (!missing.empty()) file["missing"] = std::move(missing);
    if (counts == nullptr) file["never_loaded"] = true;
    files.push_back(std::move(file));
  }
  if (lines == 0) return out;
  out["lines_percent"] = percent(covered, lines);
  if (branches > 0) out["branches_percent"] = percent(taken, branches);
  out["lines"] = lines;
  out["covered"] = covered;
  out["files"] = std::move(files);
  return out;
}

// The criteria that a version promises, with their text.
std::map<std::string, std::string> criteria_of(const ArtifactMap& inputs) {
  std::map<std::string, std::string> criteria;
  for (const Json& story : json::get_array(data_of(inputs, "user_stories"), "stories")) {
    if (json::get_string(story, "priority") == "wont") continue;
    for (const Json& criterion : json::get_array(story, "criteria")) {
      criteria[json::get_string(criterion, "id")] = json::get_string(criterion, "text");
    }
  }
  return criteria;
}

Json traceability_of(const Measurement& measured, const ArtifactMap& inputs) {
  std::vector<std::string> ids;
  for (const auto& [id, text] : criteria_of(inputs)) ids.push_back(id);
  OutcomeOfTest outcome_of;
  if (measured.tests_ran) {
    outcome_of = [&measured](const std::string& name) -> std::string {
      bool ran = false, good = true;
      for (const TestCase& one : measured.cases) {
        if (!is_named(one, name) || one.outcome == "skipped") continue;
        ran = true;
        good = good && one.outcome == "passed";
      }
      return !ran ? "not run" : good ? "passed" : "failed";
    };
  }
  return trace_criteria(ids, json::get_array(data_of(inputs, "test_suite"), "tests"), outcome_of);
}

class Findings {
 public:
  void add(const char* gate, std::string title, std::string evidence, const std::string& blame) {
    list_.push_back(JsonObject{{"id", fmt::format("M-{:03}", list_.size() + 1)},
                               {"gate", gate},
                               {"severity", "high"},
                               {"title", text::shorten(without_noise(std::move(title)), 400)},
                               {"evidence", text::shorten(evidence, kEvidenceBytes)},
                               {"blame", blame}});
  }
  JsonArray take() { return std::move(list_); }
  std::size_t size() const { return list_.size(); }

 private:
  JsonArray list_;
};

// The criteria that the failing test stands for, in their words.
std::string criteria_text(const TestCase& one, const ArtifactMap& inputs) {
  const auto criteria = criteria_of(inputs);
  std::string out;
  for (const Json& test : json::get_array(data_of(inputs, "test_suite"), "tests")) {
    if (!is_named(one, json::get_string(test, "name"))) continue;
    out += fmt::format("test {} in {}\n", json::get_string(test, "id"),
                       json::get_string(test, "file"));
    for (const std::string& id : json::get_strings(test, "criteria")) {
      const auto at = criteria.find(id);
      out += fmt::format("criterion {}: {}\n", id, at == criteria.end() ? "?" : at->second);
    }
  }
  return out;
}

void add_case_findings(const Measurement& measured, const Stack& stack, const Contract& contract,
                       const ArtifactMap& inputs, Findings& findings) {
  std::size_t left_out = 0;
  std::vector<std::string> names_left;
  for (const TestCase& one : measured.cases) {
    if (one.outcome != "failed" && one.outcome != "error") continue;
    if (findings.size() >= kFailuresShown) {
      ++left_out;
      if (names_left.size() < 30) names_left.push_back(one.name);
      continue;
    }
    const std::string said = one.message.empty() ? "" : ": " + one.message;
    if (one.outcome == "error") {
      findings.add("tests_pass", fmt::format("{} does not load{}", one.name, said),
                   telling_part(stack, one.output),
                   blame_of_output(stack, contract, one.output + "\n" + one.message));
    } else {
      findings.add("tests_pass", fmt::format("the test {} fails{}", one.name, said),
                   criteria_text(one, inputs) + one.output, "code");
    }
  }
  if (left_out > 0) {
    findings.add("tests_pass", fmt::format("and {} more tests fail", left_out),
                 text::join(names_left, ", "), "code");
  }
}

// Where the program hung: the innermost frame that a dump of its stack names.
std::string blame_of_hang(const Contract& contract, const std::string& output) {
  static const RE2 kFrame("File \"(?:/work/|\\./)?([^\"]+)\", line [0-9]+ in ");
  re2::StringPiece rest(output);
  std::string path;
  while (RE2::FindAndConsume(&rest, kFrame, &path)) {
    if (path.starts_with('/')) continue;  // the system's
    return contract.is_test_file(path) ? "test_suite" : "code";
  }
  return "code";
}

void add_step_findings(const Measurement& measured, const Stack& stack, const Contract& contract,
                       Findings& findings) {
  for (const StepRun& step : measured.steps) {
    const std::string evidence = "$ " + step.command + "\n" + telling_part(stack, step.output);
    if (!step.broken_limit.empty()) {
      const std::string who = step.kind == "test" ? blame_of_hang(contract, step.output)
                                                  : blame_of_output(stack, contract, step.output);
      findings.add(
          "tests_pass",
          fmt::format("{} stopped: {}", step.kind == "test" ? "the tests were" : "the build was",
                      step.broken_limit),
          evidence, who);
    } else if (step.kind == "build" && !step.passed) {
      const std::string part = telling_part(stack, step.output);
      const std::string line(text::trim(std::string_view(part).substr(0, part.find('\n'))));
      findings.add("tests_pass", "it does not build: " + line, evidence,
                   blame_of_output(stack, contract, step.output));
    } else if (step.kind == "test" && !step.passed && measured.cases.empty() &&
               measured.problems.empty()) {
      findings.add("tests_pass", "no test ran", evidence,
                   blame_of_output(stack, contract, step.output) == "test_suite" ||
                           step.output.find("no tests") != std::string::npos
                       ? "test_suite"
                       : blame_of_output(stack, contract, step.output));
    }
  }
}

Json tests_of(const Measurement& measured, std::size_t errors) {
  if (!measured.tests_ran && errors == 0) {
    return JsonObject{
        {"passed", nullptr}, {"failed", nullptr}, {"skipped", nullptr}, {"errors", nullptr}};
  }
  std::int64_t passed = 0, failed = 0, skipped = 0;
  double seconds = 0;
  for (const TestCase& one : measured.cases) {
    seconds += one.seconds;
    passed += one.outcome == "passed" ? 1 : 0;
    failed += one.outcome == "failed" ? 1 : 0;
    skipped += one.outcome == "skipped" ? 1 : 0;
  }
  return JsonObject{{"passed", passed},
                    {"failed", failed},
                    {"skipped", skipped},
                    {"errors", errors},
                    {"seconds", std::round(seconds * 1000) / 1000}};
}

}  // namespace

bool is_named(const TestCase& one, const std::string& name) {
  return one.name == name || one.name.ends_with("::" + name) ||
         one.suite + "." + one.name == name || one.suite + "::" + one.name == name ||
         name.ends_with("::" + one.name);
}

std::string without_noise(std::string text) {
  static const RE2 kAddress("0x[0-9a-fA-F]{4,}");
  static const RE2 kSeconds(R"(\b[0-9]+\.[0-9]+ ?(?:s|ms|sec|seconds)\b)");
  RE2::GlobalReplace(&text, kAddress, "0x…");
  RE2::GlobalReplace(&text, kSeconds, "… s");
  return text;
}

Json trace_criteria(const std::vector<std::string>& criteria, const JsonArray& tests,
                    const OutcomeOfTest& outcome_of) {
  JsonObject out{{"criteria", criteria.size()}, {"with_passing_test", nullptr}};
  if (!outcome_of) return out;
  std::set<std::string> passing, failing;
  JsonArray matrix;
  for (const Json& test : tests) {
    const std::string name = json::get_string(test, "name");
    const std::string outcome = outcome_of(name);
    const auto ids = json::get_strings(test, "criteria");
    for (const std::string& id : ids) {
      if (outcome != "not run") (outcome == "passed" ? passing : failing).insert(id);
    }
    matrix.push_back(
        JsonObject{{"test", name}, {"criteria", json::to_array(ids)}, {"outcome", outcome}});
  }
  std::vector<std::string> bad, open;
  std::int64_t with_passing = 0;
  for (const std::string& id : criteria) {
    if (failing.contains(id)) {
      bad.push_back(id);
    } else if (passing.contains(id)) {
      ++with_passing;
    } else {
      open.push_back(id);
    }
  }
  out["with_passing_test"] = with_passing;
  out["failing"] = json::to_array(bad);
  out["untested"] = json::to_array(open);
  out["matrix"] = std::move(matrix);
  return out;
}

Contract::Contract(const ArtifactMap& inputs) {
  for (const char* type : {"apis", "data_structures"}) add_words(data_of(inputs, type), words_);
  const auto at = inputs.find("test_suite");
  if (at == inputs.end() || !at->second) return;
  for (const File& file : at->second->files) tests_.insert(file.path);
}

std::string blame_of_output(const Stack& stack, const Contract& contract, std::string_view output) {
  if (stack.error_place.empty()) return "code";
  const RE2 place(stack.error_place);
  re2::StringPiece rest(output.data(), output.size());
  std::string path;
  bool in_tests = false;
  while (!in_tests && RE2::FindAndConsume(&rest, place, &path)) {
    if (contract.is_test_file(path)) {
      in_tests = true;
    } else if (!path.starts_with('/') && !path.starts_with("usr/")) {
      return "code";
    }
  }
  // The linker names the object of a test, and what it misses may be the code's.
  for (const std::string& pattern : stack.missing) {
    re2::StringPiece text(output.data(), output.size());
    std::string name;
    const RE2 missing(pattern);
    while (RE2::FindAndConsume(&text, missing, &name)) {
      if (contract.promises(name)) return "code";
    }
  }
  return in_tests ? "test_suite" : "code";
}

std::string telling_part(const Stack& stack, std::string_view output) {
  const std::string clean = text::clean_utf8(output);
  if (!stack.error_place.empty()) {
    re2::StringPiece match[1];
    const RE2 place(stack.error_place);
    if (place.Match(clean, 0, clean.size(), RE2::UNANCHORED, match, 1)) {
      const auto at = static_cast<std::size_t>(match[0].data() - clean.data());
      return text::shorten(std::string_view(clean).substr(at), kEvidenceBytes - 200);
    }
  }
  const std::string_view trimmed = text::trim(clean);
  if (trimmed.size() <= kEvidenceBytes - 200) return std::string(trimmed);
  return "…" + text::clean_utf8(trimmed.substr(trimmed.size() - (kEvidenceBytes - 200)));
}

Json report_of(const Measurement& measured, const Stack& stack, const ArtifactMap& inputs,
               const std::map<std::string, std::string>& sources) {
  const Contract contract(inputs);
  Findings findings;
  for (const Finding& found : measured.findings) {
    findings.add("tests_pass", found.message, found.evidence, found.blame);
  }
  add_step_findings(measured, stack, contract, findings);
  for (const std::string& problem : measured.problems) {
    findings.add("tests_pass", problem, "", "test_suite");
  }
  std::size_t errors = findings.size();
  for (const TestCase& one : measured.cases) errors += one.outcome == "error" ? 1U : 0U;
  add_case_findings(measured, stack, contract, inputs, findings);

  JsonArray builds, tools;
  Json lint = nullptr;
  for (const StepRun& step : measured.steps) {
    tools.push_back(JsonObject{{"id", step.command}, {"seconds", step.seconds}});
    if (step.warnings) lint = JsonObject{{"tool", step.tool}, {"findings", *step.warnings}};
    if (step.kind != "build") continue;
    JsonObject build{{"command", step.command}, {"passed", step.passed}, {"seconds", step.seconds}};
    if (step.warnings) build["warnings"] = *step.warnings;
    builds.push_back(std::move(build));
  }
  JsonObject figures{
      {"stack", measured.stack},
      {"tests", tests_of(measured, errors)},
      {"coverage", coverage_of(measured, stack, sources)},
      {"rule_kill_rate_percent", nullptr},
      {"differential",
       JsonObject{{"operations", nullptr}, {"mismatches", nullptr}, {"seed", nullptr}}},
      {"traceability", traceability_of(measured, inputs)},
      {"builds", std::move(builds)},
      {"lint", std::move(lint)},
      {"tools", std::move(tools)},
      {"sandboxed", measured.sandboxed}};
  JsonArray open;
  for (const std::string& line : measured.not_verified) open.emplace_back(line);
  const Json* model = json::find(data_of(inputs, "requirements"), "spec");
  if (model == nullptr) {
    for (const char* what : {"differential test", "rule kill rate"}) {
      open.emplace_back(
          fmt::format("{}: not applicable: the requirements hold no requirement "
                      "model to measure it against",
                      what));
    }
  }
  if (!measured.no_coverage.empty()) {
    open.emplace_back("line coverage: not applicable: " + measured.no_coverage);
  }
  return JsonObject{
      {"figures", std::move(figures)},
      {"append", JsonObject{{"findings", findings.take()}, {"not_verified", std::move(open)}}}};
}

}  // namespace cadre
