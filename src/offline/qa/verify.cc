#include "offline/qa/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/hash.h"
#include "base/text.h"
#include "offline/qa/evidence.h"

namespace cadre::offline::qa {
namespace {

constexpr int kOperations = 300;
constexpr int kMutationSeconds = 4;

ToolCall sandbox(const std::string& id, std::vector<std::string> argv,
                 std::vector<std::string> outputs, const std::string& label, int timeout_s) {
  JsonObject arguments;
  arguments["argv"] = json::to_array(argv);
  arguments["outputs"] = json::to_array(outputs);
  arguments["label"] = label;
  arguments["timeout_s"] = timeout_s;
  return {.id = id, .tool = "run_in_sandbox", .arguments = std::move(arguments)};
}

// The same run gives the same operations; another run others.
std::int64_t seed_of(const Task& task) {
  std::string digest = sha256_hex(task.run + "/" + std::to_string(task.round));
  return std::strtoll(digest.substr(0, 7).c_str(), nullptr, 16);
}

std::vector<ToolCall> first_calls(const Task& task) {
  std::vector<ToolCall> calls;
  calls.push_back(sandbox(
      "tests",
      {"python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=reports/junit.xml",
       "--cov=app", "--cov-branch", "--cov-report=xml:reports/coverage.xml", "tests"},
      {"reports/junit.xml", "reports/coverage.xml"}, "tests with coverage", 180));
  JsonObject differential;
  differential["seed"] = seed_of(task);
  differential["operations"] = kOperations;
  differential["launch"] =
      json::to_array({"python3", "-m", "uvicorn", "--factory", "tests.differential_app:create"});
  calls.push_back(
      {.id = "differential", .tool = "differential", .arguments = std::move(differential)});
  calls.push_back(sandbox("lint",
                          {"python3", "-m", "flake8", "--max-line-length", "100", "app", "tests"},
                          {}, "linter", 60));
  calls.push_back(sandbox("compile", {"python3", "-m", "compileall", "-q", "app", "tests"}, {},
                          "compile check", 60));
  return calls;
}

ToolCall mutation_call() {
  return sandbox("mutation",
                 {"python3", "-m", "tests.mutation", "--budget-seconds",
                  std::to_string(kMutationSeconds), "--report", "reports/mutation.json"},
                 {"reports/mutation.json"}, "rule kill rate", 120);
}

const ToolResult* find_result(std::span<const ToolResult> results, std::string_view id) {
  for (const ToolResult& result : results) {
    if (result.call_id == id || result.call_id.ends_with("/" + std::string(id))) return &result;
  }
  return nullptr;
}

ToolRun read_run(const std::string& id, const std::string& what, const ToolResult* result) {
  ToolRun run{.id = id, .what = what};
  if (!result) {
    run.problem = "it was not asked for";
    return run;
  }
  run.value = result->value;
  run.seconds = json::get_double(result->value, "seconds");
  if (!result->ok) {
    run.problem = json::get_string(result->value, "error", "the tool could not run");
    return run;
  }
  if (json::get_bool(result->value, "timed_out")) {
    run.problem = "it took too long and was stopped";
    return run;
  }
  run.ran = true;
  if (const Json* code = json::find(result->value, "exit_code"); code && code->is_int64()) {
    run.exit_code = static_cast<int>(code->get_int64());
  }
  run.output =
      json::get_string(result->value, "stdout") + json::get_string(result->value, "stderr");
  for (const auto& member : json::get_object(result->value, "outputs")) {
    if (member.value().is_string()) {
      run.outputs[member.key()] = std::string(json::as_view(member.value().get_string()));
    }
  }
  return run;
}

void note_sandbox(Evidence& evidence, const ToolRun& run) {
  const Json* sandboxed = json::find(run.value, "sandboxed");
  if (!sandboxed || !sandboxed->is_bool()) return;
  evidence.sandboxed = evidence.sandboxed.value_or(true) && sandboxed->get_bool();
}

void add_finding(Evidence& evidence, std::string gate, std::string severity, std::string title,
                 std::string proof, std::string blame) {
  evidence.findings.push_back({std::move(gate), std::move(severity), std::move(title),
                               text::shorten(proof, 2000), std::move(blame)});
}

std::string last_lines(const std::string& output, std::size_t bytes) {
  if (output.size() <= bytes) return output;
  std::size_t cut = output.find('\n', output.size() - bytes);
  return "…" + output.substr(cut == std::string::npos ? output.size() - bytes : cut);
}

// Whose work a failing test points at: the code, unless the test itself does not work or the
// contract document is what it complains about.
std::string blame_of(const CaseResult& test) {
  if (test.name == "test_document_has_every_operation") return "apis";
  bool own = test.outcome == "error" &&
             (test.details.find("SyntaxError") != std::string::npos ||
              test.details.find("fixture '") != std::string::npos ||
              test.details.find("tests/factories.py") != std::string::npos) &&
             test.details.find("app/") == std::string::npos;
  bool helper = test.details.find("AttributeError: 'Factory'") != std::string::npos ||
                test.details.find("NameError") != std::string::npos;
  return own || (helper && test.details.find("app/") == std::string::npos) ? "test_suite" : "code";
}

void read_tests(Evidence& evidence) {
  const ToolRun& run = evidence.runs["tests"];
  auto report = run.outputs.find("reports/junit.xml");
  if (!run.ran || report == run.outputs.end()) {
    std::string why = run.ran ? "the run wrote no report" : run.problem;
    evidence.not_verified.push_back("tests and coverage: not measured, " + why);
    add_finding(evidence, "tests_pass", "high", "The tests did not run: " + why,
                last_lines(run.output, 1500), run.ran ? "code" : "quality_report");
    return;
  }
  Result<JUnit> junit = read_junit(report->second);
  if (!junit) {
    evidence.not_verified.push_back("tests: the report cannot be read, " + junit.error().message);
    add_finding(evidence, "tests_pass", "high", "The test report cannot be read",
                junit.error().message, "code");
    return;
  }
  evidence.junit = std::move(*junit);
  for (const CaseResult& test : evidence.junit->cases) {
    if (test.outcome == "passed" || test.outcome == "skipped") continue;
    std::string name = test.name + (test.parameters.empty() ? "" : "[" + test.parameters + "]");
    add_finding(evidence, "tests_pass", "high",
                fmt::format("{}: {} fails: {}", test.file, name, test.message), test.details,
                blame_of(test));
  }
  if (evidence.junit->cases.empty()) {
    add_finding(evidence, "tests_pass", "high", "No test ran", last_lines(run.output, 1500),
                "test_suite");
  }
}

void read_coverage(Evidence& evidence) {
  const ToolRun& run = evidence.runs["tests"];
  auto report = run.outputs.find("reports/coverage.xml");
  if (!run.ran || report == run.outputs.end()) {
    if (run.ran)
      evidence.not_verified.emplace_back("coverage: not measured, the run wrote no report");
    return;
  }
  Result<Coverage> coverage = read_cobertura(report->second);
  if (!coverage) {
    evidence.not_verified.push_back("coverage: the report cannot be read, " +
                                    coverage.error().message);
    return;
  }
  evidence.coverage = std::move(*coverage);
}

void read_lint(Evidence& evidence) {
  const ToolRun& lint = evidence.runs["lint"];
  bool missing = lint.output.find("No module named flake8") != std::string::npos;
  if (!lint.ran || missing) {
    evidence.not_verified.push_back(
        "lint: not measured, " + (missing ? std::string("flake8 is not installed") : lint.problem));
  } else if (lint.exit_code.value_or(0) != 0) {
    bool code = lint.output.find("app/") != std::string::npos;
    add_finding(evidence, "lints", "medium", "The linter has remarks",
                last_lines(lint.output, 1500), code ? "code" : "test_suite");
  }
  const ToolRun& compile = evidence.runs["compile"];
  if (!compile.ran) {
    evidence.not_verified.push_back("compile check: not done, " + compile.problem);
  } else if (compile.exit_code.value_or(0) != 0) {
    bool code = compile.output.find("app/") != std::string::npos;
    add_finding(evidence, "builds", "high", "A file is no valid Python",
                last_lines(compile.output, 1500), code ? "code" : "test_suite");
  }
}

std::string mismatch_title(const Json& mismatch) {
  std::string what = json::get_string(mismatch, "what");
  const Json* request = json::find(mismatch, "request");
  if (request && request->is_object()) {
    what = fmt::format("{} {}: {}", json::get_string(*request, "method"),
                       json::get_string(*request, "target"), what);
  }
  return what.empty() ? json::write(mismatch) : what;
}

void read_differential(Evidence& evidence) {
  const ToolRun& run = evidence.runs["differential"];
  const Json* mismatches = json::find(run.value, "mismatches");
  if (!run.ran || !mismatches || !mismatches->is_array()) {
    std::string why = run.ran ? "the tool gave no result" : run.problem;
    evidence.not_verified.push_back("differential test: not measured, " + why);
    return;
  }
  evidence.differential = run.value;
  for (const Json& mismatch : mismatches->get_array()) {
    add_finding(evidence, "differential_clean", "high",
                "The service answers otherwise than the model: " +
                    text::shorten(mismatch_title(mismatch), 300),
                json::write(mismatch), "code");
  }
}

void read_mutation(Evidence& evidence) {
  const ToolRun& run = evidence.runs["mutation"];
  auto report = run.outputs.find("reports/mutation.json");
  if (!run.ran || report == run.outputs.end()) {
    std::string why = !evidence.junit || evidence.junit->failed > 0
                          ? "it means something only when all tests pass"
                      : run.ran ? "the run wrote no report: " + last_lines(run.output, 300)
                                : run.problem;
    evidence.not_verified.push_back("rule kill rate: not measured, " + why);
    return;
  }
  Result<Json> parsed = json::parse(report->second);
  if (!parsed || !parsed->is_object() || !json::find(*parsed, "mutants")) {
    evidence.not_verified.emplace_back("rule kill rate: the report of the run cannot be read");
    return;
  }
  evidence.mutation = std::move(*parsed);
  for (const Json& survivor : json::get_array(evidence.mutation, "survived")) {
    std::string rule = json::get_string(survivor, "rule");
    add_finding(
        evidence, "rule_kill_rate", rule.empty() ? "low" : "medium",
        fmt::format("No test notices: {} at {}:{}{}", json::get_string(survivor, "description"),
                    json::get_string(survivor, "file"), json::get_int(survivor, "line"),
                    rule.empty() ? "" : " (" + rule + ")"),
        json::write(survivor), "test_suite");
  }
  std::size_t left = json::get_array(evidence.mutation, "not_run").size();
  if (left > 0) {
    evidence.not_verified.push_back(fmt::format(
        "{} of {} breaks of the code were not tried: the time for them was {} s. "
        "`python3 -m tests.mutation` tries all.",
        left, left + static_cast<std::size_t>(json::get_int(evidence.mutation, "mutants")),
        kMutationSeconds));
  }
}

void say_what_is_not_verified(Evidence& evidence) {
  auto& out = evidence.not_verified;
  out.emplace_back(
      "The tests check the code against the requirement model, not the model against your "
      "intent: read the requirements and their assumptions.");
  out.emplace_back("PostgreSQL and other databases: everything ran on SQLite.");
  out.emplace_back("Load, long running, large tables, behaviour on a full disk.");
  out.emplace_back("The container image and the CI file were not built or run.");
  out.emplace_back(
      "Security beyond tokens, permissions and input checks: no penetration test, no review of "
      "dependencies.");
  if (const Json* suite = evidence.data("test_suite")) {
    for (const std::string& gap : json::get_strings(*suite, "gaps")) {
      out.push_back(gap);
      // An operation that nobody can perform: rows that need one another, or no permission at all.
      if (!gap.starts_with("No accepted request")) continue;
      add_finding(evidence, "", "medium", gap, "Tried on the requirement model itself.",
                  "requirements");
    }
  }
  for (const spec::Nfr& nfr : evidence.spec.nfr) {
    if (nfr.how == "tested" || nfr.how == "built") continue;
    out.push_back(
        fmt::format("Non-functional requirement ({}): '{}' was not tested.", nfr.kind, nfr.text));
  }
}

Turn finish(const Task& task, spec::Spec spec, std::span<const ToolResult> results) {
  Evidence evidence;
  evidence.task = &task;
  evidence.spec = std::move(spec);
  auto add = [&](const char* id, const char* what) {
    ToolRun run = read_run(id, what, find_result(results, id));
    note_sandbox(evidence, run);
    evidence.runs[id] = std::move(run);
  };
  add("tests", "python3 -m pytest --cov=app --cov-branch tests");
  add("differential", "random operations against the running service and the model");
  add("lint", "python3 -m flake8 --max-line-length 100 app tests");
  add("compile", "python3 -m compileall -q app tests");
  add("mutation", "python3 -m tests.mutation --budget-seconds 4");
  read_tests(evidence);
  read_coverage(evidence);
  read_lint(evidence);
  read_differential(evidence);
  read_mutation(evidence);
  review_code(evidence);
  trace_everything(evidence);
  say_what_is_not_verified(evidence);

  Artifact report{.type = "quality_report", .data = report_data(evidence), .files = {}};
  report.files.push_back(
      {.path = "docs/quality-report.md", .content = report_markdown(evidence, report.data)});
  report.files.push_back({.path = "docs/traceability.md", .content = trace_markdown(evidence)});
  report.files.push_back({.path = "docs/traceability.csv", .content = trace_csv(evidence)});
  for (const auto& [id, run] : evidence.runs) {
    for (const auto& [path, content] : run.outputs)
      report.files.push_back({.path = path, .content = content});
  }
  Turn turn;
  turn.artifacts.push_back(std::move(report));
  return turn;
}

}  // namespace

const Json* Evidence::data(const char* artifact) const {
  auto found = task->inputs.find(artifact);
  return found == task->inputs.end() || !found->second ? nullptr : &found->second->data;
}

const std::vector<File>& Evidence::files(const char* artifact) const {
  static const std::vector<File> kNone;
  auto found = task->inputs.find(artifact);
  return found == task->inputs.end() || !found->second ? kNone : found->second->files;
}

Result<Turn> verify(const Task& task, std::span<const ToolResult> results) {
  Turn turn;
  if (results.empty()) {
    turn.tool_calls = first_calls(task);
    return turn;
  }
  const ToolResult* tests = find_result(results, "tests");
  bool passed = tests && tests->ok && json::get_int(tests->value, "exit_code", -1) == 0 &&
                !json::get_bool(tests->value, "timed_out");
  if (passed && !find_result(results, "mutation")) {
    turn.tool_calls.push_back(mutation_call());
    return turn;
  }
  auto requirements = task.inputs.find("requirements");
  const Json* model =
      requirements == task.inputs.end() ? nullptr : json::find(requirements->second->data, "spec");
  if (!model) {
    return fail(ErrorCode::kInvalidInput,
                "The requirements have no `spec`: nothing to verify against.");
  }
  Result<spec::Spec> spec = spec::spec_from_json(*model);
  if (!spec) return propagate(spec);
  return finish(task, std::move(*spec), results);
}

}  // namespace cadre::offline::qa
