#include "runtime/tools/change_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"

namespace cadre {
namespace {

constexpr std::size_t kEvidenceBytes = 2500;
constexpr std::size_t kFindingsMax = 15;
constexpr std::size_t kCasesMax = 20'000;

const Json& data_of(const ArtifactMap& all, const std::string& type) {
  static const Json kNothing = JsonObject{};
  const auto at = all.find(type);
  return at == all.end() || !at->second ? kNothing : at->second->data;
}

int badness(const std::string& outcome) {
  return outcome == "error" ? 3 : outcome == "failed" ? 2 : outcome == "skipped" ? 0 : 1;
}

bool is_bad(const TestCase& one) { return badness(one.outcome) > 1; }

std::string key_of(const TestCase& one) {
  return one.suite.empty() ? one.name : one.suite + "::" + one.name;
}

class Report {
 public:
  Report(const ChangeMeasurement& measured, const Stack& stack, const ArtifactMap& inputs)
      : measured_(measured),
        stack_(stack),
        plan_(data_of(inputs, "change_plan")),
        tests_(data_of(inputs, "change_tests")),
        contract_(as_contract(inputs)),
        after_(outcomes_of(measured.after)) {
    for (const Json& one : baseline_cases()) {
      before_[json::get_string(one, "test")] = json::get_string(one, "outcome");
    }
    for (const std::string& line : measured.after.not_verified) open_.emplace_back(line);
  }

  Json take() {
    add_steps();
    if (ran()) {
      add_regressions();
      add_failures();
    }
    JsonObject figures{{"stack", measured_.after.stack},
                       {"before", before_figures()},
                       {"tests", tests_figures()},
                       {"regressions", std::move(regressions_)},
                       {"traceability", traceability()},
                       {"builds", builds()},
                       {"sandboxed", measured_.after.sandboxed}};
    if (left_out_ > 0) add("tests_pass", fmt::format("and {} more tests fail", left_out_), "",
                           "change", true);
    return JsonObject{{"figures", std::move(figures)},
                      {"append", JsonObject{{"findings", std::move(findings_)},
                                            {"not_verified", std::move(open_)}}}};
  }

 private:
  // The plan is what code and tests share; the names in it are promised.
  static Contract as_contract(const ArtifactMap& inputs) {
    ArtifactMap named;
    if (const auto plan = inputs.find("change_plan"); plan != inputs.end()) {
      named["apis"] = plan->second;
    }
    if (const auto tests = inputs.find("change_tests"); tests != inputs.end()) {
      named["test_suite"] = tests->second;
    }
    return Contract(named);
  }

  const JsonArray& baseline_cases() const {
    const Json* baseline = json::find(plan_, "baseline");
    static const JsonArray kNone;
    return baseline == nullptr ? kNone : json::get_array(*baseline, "cases");
  }

  bool ran() const { return measured_.after.tests_ran && measured_.after.problems.empty(); }

  std::string blame_of(const std::string& output) const {
    return blame_of_output(stack_, contract_, output) == "test_suite" ? "change_tests" : "change";
  }

  void add(const char* gate, std::string title, const std::string& evidence,
           const std::string& blame, bool always = false) {
    if (findings_.size() >= kFindingsMax && !always) {
      ++left_out_;
      return;
    }
    findings_.push_back(JsonObject{{"id", fmt::format("M-{:03}", findings_.size() + 1)},
                                   {"gate", gate},
                                   {"severity", "high"},
                                   {"title", text::shorten(without_noise(std::move(title)), 400)},
                                   {"evidence", text::shorten(evidence, kEvidenceBytes)},
                                   {"blame", blame}});
  }

  void add_steps() {
    for (const StepRun& step : measured_.after.steps) {
      const std::string evidence = "$ " + step.command + "\n" + telling_part(stack_, step.output);
      if (!step.broken_limit.empty()) {
        add("tests_pass", fmt::format("{}: {}", step.command, step.broken_limit), evidence,
            "change");
        ++errors_;
      } else if (step.kind == "build" && !step.passed) {
        add("tests_pass", "it does not build", evidence, blame_of(step.output));
        ++errors_;
      }
    }
    for (const std::string& problem : measured_.after.problems) {
      add("tests_pass", problem, "",
          measured_.after.steps.empty() ? "change" : blame_of(measured_.after.steps.back().output));
      ++errors_;
    }
  }

  void add_regressions() {
    std::set<std::string> still;
    if (measured_.without_new_tests) {
      for (std::string& name :
           regressions_of(plan_, outcomes_of(*measured_.without_new_tests))) {
        still.insert(std::move(name));
      }
    }
    for (const std::string& name : regressions_of(plan_, after_)) {
      regressed_.insert(name);
      const auto now = after_.find(name);
      const std::string outcome = now == after_.end() ? "gone" : now->second.outcome;
      const bool by_tests = measured_.without_new_tests.has_value() && !still.contains(name);
      regressions_.push_back(JsonObject{{"test", name}, {"before", "passed"}, {"after", outcome}});
      std::string evidence = by_tests ? "without the new tests it passes with the change as well\n"
                                      : "";
      if (now != after_.end()) evidence += now->second.output;
      const std::string said =
          now == after_.end() || now->second.message.empty() ? "" : ": " + now->second.message;
      add("no_regressions",
          fmt::format("the test {} passed before and {}{}", name,
                      outcome == "gone" ? "is not there now" : "is " + outcome + " now", said),
          evidence, by_tests ? "change_tests" : "change");
    }
  }

  // Of the tests that were not there before, or that the new tests name.
  void add_failures() {
    for (const auto& [name, one] : after_) {
      if (!is_bad(one) || regressed_.contains(name)) continue;
      if (before_.contains(name) && !is_new(one)) {
        ++failed_before_too_;
        continue;
      }
      const std::string said = one.message.empty() ? "" : ": " + one.message;
      if (one.outcome == "error") {
        ++errors_;
        add("tests_pass", fmt::format("{} does not load{}", name, said),
            telling_part(stack_, one.output), blame_of(one.output + "\n" + one.message));
      } else {
        ++failed_;
        add("tests_pass", fmt::format("the test {} fails{}", name, said),
            criteria_text(one) + one.output, "change");
      }
    }
    if (failed_before_too_ > 0) {
      open_.emplace_back(fmt::format("{} tests fail as they did before the change",
                                     failed_before_too_));
    }
  }

  bool is_new(const TestCase& one) const {
    return std::ranges::any_of(json::get_array(tests_, "tests"), [&](const Json& test) {
      return is_named(one, json::get_string(test, "name"));
    });
  }

  std::string criteria_text(const TestCase& one) const {
    std::string out;
    for (const Json& test : json::get_array(tests_, "tests")) {
      if (!is_named(one, json::get_string(test, "name"))) continue;
      for (const std::string& id : json::get_strings(test, "criteria")) {
        for (const Json& criterion : json::get_array(plan_, "criteria")) {
          if (json::get_string(criterion, "id") != id) continue;
          out += fmt::format("criterion {}: {}\n", id, json::get_string(criterion, "text"));
        }
      }
    }
    return out;
  }

  Json before_figures() const {
    const Json* baseline = json::find(plan_, "baseline");
    const Json* tests = baseline == nullptr ? nullptr : json::find(*baseline, "tests");
    return tests == nullptr ? Json(nullptr) : *tests;
  }

  Json tests_figures() const {
    std::int64_t passed = 0, skipped = 0;
    for (const auto& [name, one] : after_) {
      passed += one.outcome == "passed" ? 1 : 0;
      skipped += one.outcome == "skipped" ? 1 : 0;
    }
    return JsonObject{{"passed", passed},   {"failed", failed_},
                      {"skipped", skipped}, {"errors", errors_},
                      {"regressed", regressed_.size()}, {"failed_before_too", failed_before_too_}};
  }

  Json traceability() const {
    std::vector<std::string> ids;
    for (const Json& criterion : json::get_array(plan_, "criteria")) {
      ids.push_back(json::get_string(criterion, "id"));
    }
    OutcomeOfTest outcome_of;
    if (ran()) {
      outcome_of = [this](const std::string& name) -> std::string {
        bool there = false, good = true;
        for (const auto& [key, one] : after_) {
          if (!is_named(one, name) || one.outcome == "skipped") continue;
          there = true;
          good = good && !is_bad(one);
        }
        return !there ? "not run" : good ? "passed" : "failed";
      };
    }
    return trace_criteria(ids, json::get_array(tests_, "tests"), outcome_of);
  }

  Json builds() const {
    JsonArray list;
    for (const StepRun& step : measured_.after.steps) {
      list.push_back(JsonObject{{"kind", step.kind},
                                {"command", step.command},
                                {"passed", step.passed},
                                {"seconds", step.seconds}});
    }
    return list;
  }

  const ChangeMeasurement& measured_;
  const Stack& stack_;
  const Json& plan_;
  const Json& tests_;
  Contract contract_;
  Outcomes after_;
  std::map<std::string, std::string> before_;
  std::set<std::string> regressed_;
  JsonArray findings_, regressions_, open_;
  std::int64_t failed_ = 0, errors_ = 0, failed_before_too_ = 0;
  std::size_t left_out_ = 0;
};

}  // namespace

Outcomes outcomes_of(const Measurement& measured) {
  Outcomes outcomes;
  for (const TestCase& one : measured.cases) {
    const auto [at, fresh] = outcomes.try_emplace(key_of(one), one);
    if (!fresh && badness(one.outcome) > badness(at->second.outcome)) at->second = one;
  }
  return outcomes;
}

Json baseline_json(const Measurement& measured, Json how) {
  const Outcomes outcomes = outcomes_of(measured);
  std::map<std::string, std::int64_t> counts;
  JsonArray cases, steps;
  for (const auto& [name, one] : outcomes) {
    ++counts[one.outcome];
    if (cases.size() < kCasesMax) {
      cases.push_back(JsonObject{{"test", name}, {"outcome", one.outcome}});
    }
  }
  for (const StepRun& step : measured.steps) {
    JsonObject entry{{"kind", step.kind}, {"command", step.command}, {"passed", step.passed}};
    if (!step.passed) {
      entry["output"] =
          text::shorten(step.broken_limit + std::string(text::trim(step.output)), 1500);
    }
    steps.push_back(std::move(entry));
  }
  std::vector<std::string> open = measured.not_verified;
  open.insert(open.end(), measured.problems.begin(), measured.problems.end());
  return JsonObject{{"stack", measured.stack},
                    {"how", std::move(how)},
                    {"ran", measured.tests_ran && measured.problems.empty()},
                    {"tests", JsonObject{{"passed", counts["passed"]},
                                         {"failed", counts["failed"]},
                                         {"skipped", counts["skipped"]},
                                         {"errors", counts["error"]}}},
                    {"cases", std::move(cases)},
                    {"steps", std::move(steps)},
                    {"not_verified", json::to_array(open)},
                    {"sandboxed", measured.sandboxed}};
}

std::vector<std::string> regressions_of(const Json& plan, const Outcomes& after) {
  std::vector<std::string> list;
  const Json* baseline = json::find(plan, "baseline");
  if (baseline == nullptr) return list;
  const auto removed = json::get_strings(plan, "removes_tests");
  for (const Json& one : json::get_array(*baseline, "cases")) {
    const std::string name = json::get_string(one, "test");
    if (json::get_string(one, "outcome") != "passed") continue;
    const auto now = after.find(name);
    if (now != after.end() && now->second.outcome == "passed") continue;
    if (now == after.end() && std::ranges::any_of(removed, [&](const std::string& gone) {
          return name == gone || name.ends_with("::" + gone);
        })) {
      continue;
    }
    list.push_back(name);
  }
  return list;
}

void keep_steady(const Measurement& again, Measurement& first) {
  if (!again.tests_ran || !again.problems.empty()) return;
  const Outcomes before = outcomes_of(first), second = outcomes_of(again);
  std::set<std::string> unsteady;
  for (const auto& [name, one] : before) {
    const auto now = second.find(name);
    if (is_bad(one) && now != second.end() && now->second.outcome == "passed") {
      unsteady.insert(name);
    }
  }
  if (unsteady.empty()) return;
  for (TestCase& one : first.cases) {
    if (unsteady.contains(key_of(one))) one.outcome = "passed";
  }
  first.not_verified.push_back(text::shorten(
      "tests that failed once and passed at once after: " +
          text::join({unsteady.begin(), unsteady.end()}, ", "),
      600));
}

Json change_report_of(const ChangeMeasurement& measured, const Stack& stack,
                      const ArtifactMap& inputs) {
  return Report(measured, stack, inputs).take();
}

}  // namespace cadre
