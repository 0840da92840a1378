// Gates over the figures of the quality report. A figure that is null was not measured, and then
// the gate fails with the reason, unless the SOP allows it.
#include "sop/gate_catalogue.h"
#include "sop/gate_verdict.h"

namespace cadre::gates {
namespace {

constexpr std::string_view kNoModel =
    "the requirements hold no requirement model to measure it against";

// The number at "coverage/lines_percent", or null.
const Json* figure(const Json& data, std::string_view path) {
  const Json* at = &data;
  for (const std::string& step : text::split(path, '/')) {
    at = json::find(*at, step);
    if (at == nullptr) return nullptr;
  }
  return at->is_number() ? at : nullptr;
}

std::int64_t whole(const Json& number) {
  return number.is_int64() ? number.get_int64()
                           : static_cast<std::int64_t>(number.to_number<double>());
}

// What the report itself says about why: entries of not_verified are texts, or {what, why}.
std::string reason_for(const Json& data, std::string_view topic) {
  std::string all;
  for (const Json& entry : json::get_array(data, "not_verified")) {
    std::string said;
    if (entry.is_string()) {
      said = json::as_view(entry.get_string());
    } else {
      const std::string what = json::get_string(entry, "what", json::get_string(entry, "title"));
      said = fmt::format("{}: {}", what, json::get_string(entry, "why"));
    }
    if (text::lower(said).find(topic) != std::string::npos) return said;
    if (all.size() < 300) all += (all.empty() ? "" : "; ") + said;
  }
  return all.empty() ? "the report gives no reason" : all;
}

// True when the figure is there; else says "not measured".
bool measured(Verdict& verdict, const GateSpec& spec, const Json& data, const Json* value,
              std::string_view topic) {
  if (value != nullptr) return true;
  const std::string message = fmt::format("not measured: {}", reason_for(data, topic));
  if (json::get_bool(spec.parameters, "allow_unmeasured")) {
    verdict.low(message);
  } else {
    verdict.high(message, {}, spec.artifact);
  }
  verdict.measured(topic, nullptr);
  return false;
}

std::string evidence_of(const Json& finding) {
  const Json* evidence = json::find(finding, "evidence");
  if (evidence == nullptr || evidence->is_null()) return {};
  return evidence->is_string() ? std::string(json::as_view(evidence->get_string()))
                               : json::write(*evidence);
}

// The report's findings that belong to a gate, each with its own blame; findings name their gate,
// or, in a report that does not, every one of high severity may be the cause. False when none is.
bool route_findings(Verdict& verdict, const GateSpec& spec, const Json& data) {
  bool any_named = false, any = false;
  const JsonArray& findings = json::get_array(data, "findings");
  for (const Json& finding : findings) any_named |= json::find(finding, "gate") != nullptr;
  for (const Json& finding : findings) {
    const bool belongs = any_named ? json::get_string(finding, "gate") == spec.name
                                   : json::get_string(finding, "severity") == "high";
    if (!belongs) continue;
    const std::string blame = json::get_string(finding, "blame");
    verdict.high(json::get_string(finding, "title", "a finding without a title"),
                 evidence_of(finding),
                 !blame.empty()       ? blame
                 : spec.blame.empty() ? "code"
                                      : "");
    any = true;
  }
  return any;
}

// Whether a tool measured the figures (the runtime stamps it), as against the mind that delivers.
bool by_tool(const Json& data) { return !json::get_string(data, "measured_by").empty(); }

// In a report that a tool measured: why a figure is judged only when the tests pass, or "".
std::string tests_stand_in_the_way(const Json& data) {
  if (!by_tool(data)) return {};
  const Json* failed = figure(data, "tests/failed");
  const Json* errors = figure(data, "tests/errors");
  if (errors != nullptr && whole(*errors) > 0) return "it was not built or its tests did not load";
  if (failed != nullptr && whole(*failed) > 0) return "tests fail";
  return {};
}

void at_least(Verdict& verdict, const GateSpec& spec, const Json& value, double fallback,
              std::string_view what) {
  const double percent = value.to_number<double>();
  const double min = json::get_double(spec.parameters, "min_percent", fallback);
  verdict.measured("percent", percent);
  verdict.measured("min_percent", min);
  if (percent + 1e-9 >= min) return;
  verdict.high(fmt::format("{} is {:.1f} %, and must be at least {:g} %", what, percent, min));
}

}  // namespace

GateVerdict tests_pass(const GateSpec& spec, const Artifact& artifact) {
  Verdict verdict(spec);
  const Json* passed = figure(artifact.data, "tests/passed");
  const Json* failed = figure(artifact.data, "tests/failed");
  if (!measured(verdict, spec, artifact.data, passed == nullptr ? passed : failed, "tests")) {
    return verdict.take();
  }
  const Json* errors = figure(artifact.data, "tests/errors");
  const std::int64_t bad = whole(*failed) + (errors == nullptr ? 0 : whole(*errors));
  verdict.measured("passed", *passed);
  verdict.measured("failed", bad);
  if (const Json* skipped = figure(artifact.data, "tests/skipped")) {
    verdict.measured("skipped", *skipped);
    if (whole(*skipped) > 0) verdict.low(fmt::format("{} tests were skipped", whole(*skipped)));
  }
  if (bad > 0 && !route_findings(verdict, spec, artifact.data)) {
    verdict.high(fmt::format("{} of {} tests failed", bad, bad + whole(*passed)), {},
                 spec.blame.empty() ? "code" : "");
  }
  if (bad == 0 && whole(*passed) == 0) verdict.high("no test ran", {}, "test_suite");
  return verdict.take();
}

GateVerdict coverage(const GateSpec& spec, const Artifact& artifact) {
  Verdict verdict(spec);
  const Json* lines = figure(artifact.data, "coverage/lines_percent");
  if (const std::string why = tests_stand_in_the_way(artifact.data); !why.empty()) {
    verdict.low("judged when the tests pass: " + why);
    if (lines != nullptr) verdict.measured("percent", *lines);
    return verdict.take();
  }
  const Json* data_coverage = json::find(artifact.data, "coverage");
  if (lines == nullptr && data_coverage != nullptr && by_tool(artifact.data)) {
    const std::string why = json::get_string(*data_coverage, "unavailable");
    if (!why.empty()) {
      verdict.not_applicable(why);
      return verdict.take();
    }
  }
  if (measured(verdict, spec, artifact.data, lines, "coverage")) {
    at_least(verdict, spec, *lines, 90, "line coverage");
    if (const Json* branches = figure(artifact.data, "coverage/branches_percent")) {
      verdict.measured("branches_percent", *branches);
    }
  }
  return verdict.take();
}

GateVerdict rule_kill_rate(const GateSpec& spec, const Artifact& artifact,
                           const ArtifactMap& all) {
  Verdict verdict(spec);
  if (figure(artifact.data, "rule_kill_rate_percent") == nullptr && by_tool(artifact.data) &&
      requirement_model(all) == nullptr) {
    verdict.not_applicable(std::string(kNoModel));
    return verdict.take();
  }
  // A model without rules has nothing to break; that is a result, not a gap.
  const Json* mutants = figure(artifact.data, "rule_mutants/total");
  if (mutants != nullptr && whole(*mutants) == 0) {
    verdict.measured("mutants", 0);
    verdict.low("there is no rule that could be broken on purpose");
    return verdict.take();
  }
  const Json* rate = figure(artifact.data, "rule_kill_rate_percent");
  if (measured(verdict, spec, artifact.data, rate, "rule kill rate")) {
    at_least(verdict, spec, *rate, 80, "the rule kill rate");
  }
  return verdict.take();
}

GateVerdict differential_clean(const GateSpec& spec, const Artifact& artifact,
                               const ArtifactMap& all) {
  Verdict verdict(spec);
  if (figure(artifact.data, "differential/operations") == nullptr && by_tool(artifact.data) &&
      requirement_model(all) == nullptr) {
    verdict.not_applicable(std::string(kNoModel));
    return verdict.take();
  }
  const Json* operations = figure(artifact.data, "differential/operations");
  const Json* mismatches = figure(artifact.data, "differential/mismatches");
  if (!measured(verdict, spec, artifact.data, operations == nullptr ? operations : mismatches,
                "differential")) {
    return verdict.take();
  }
  verdict.measured("operations", *operations);
  verdict.measured("mismatches", *mismatches);
  if (const Json* seed = figure(artifact.data, "differential/seed"))
    verdict.measured("seed", *seed);
  if (whole(*mismatches) > 0 && !route_findings(verdict, spec, artifact.data)) {
    verdict.high(fmt::format("{} of {} random operations were answered otherwise than the "
                             "requirement model says",
                             whole(*mismatches), whole(*operations)),
                 {}, spec.blame.empty() ? "code" : "");
  }
  if (whole(*operations) == 0) {
    verdict.high("not a single operation was compared", {}, spec.artifact);
  }
  return verdict.take();
}

GateVerdict traceability_complete(const GateSpec& spec, const Artifact& artifact) {
  Verdict verdict(spec);
  const Json* criteria = figure(artifact.data, "traceability/criteria");
  const Json* passing = figure(artifact.data, "traceability/with_passing_test");
  if (!measured(verdict, spec, artifact.data, criteria == nullptr ? criteria : passing,
                "traceability")) {
    return verdict.take();
  }
  verdict.measured("criteria", *criteria);
  verdict.measured("with_passing_test", *passing);
  const Json* traced = json::find(artifact.data, "traceability");
  if (by_tool(artifact.data) && traced != nullptr && whole(*passing) < whole(*criteria)) {
    // Whose tests ran and fail is not for the test suite to mend.
    const auto failing = json::get_strings(*traced, "failing");
    const auto untested = json::get_strings(*traced, "untested");
    if (!failing.empty() && !route_findings(verdict, {"tests_pass", spec.artifact, {}, ""},
                                            artifact.data)) {
      verdict.high(fmt::format("the tests of {} fail", text::join(failing, ", ")), {}, "code");
    }
    const bool loaded = figure(artifact.data, "tests/errors") == nullptr ||
                        whole(*figure(artifact.data, "tests/errors")) == 0;
    if (!untested.empty() && loaded) {
      verdict.high(fmt::format("no test of {} ran", text::join(untested, ", ")),
                   "the names in test_suite must be those under which the tests are reported");
    } else if (!untested.empty() && !verdict.failed()) {
      route_findings(verdict, {"tests_pass", spec.artifact, {}, ""}, artifact.data);
    }
    if (!verdict.failed()) verdict.high("criteria have no passing test");
    return verdict.take();
  }
  if (whole(*passing) < whole(*criteria)) {
    verdict.high(fmt::format("{} of {} criteria have no passing test",
                             whole(*criteria) - whole(*passing), whole(*criteria)));
  }
  return verdict.take();
}

GateVerdict no_high_findings(const GateSpec& spec, const Artifact& artifact) {
  Verdict verdict(spec);
  const Json* findings = json::find(artifact.data, "findings");
  if (findings == nullptr || !findings->is_array()) {
    verdict.high(
        "the report has no findings list; an empty one says that the review found nothing");
    return verdict.take();
  }
  std::map<std::string, std::int64_t> counts{{"high", 0}, {"medium", 0}, {"low", 0}};
  for (const Json& finding : findings->get_array()) {
    const std::string severity = json::get_string(finding, "severity");
    ++counts[severity];
    if (severity != "high") continue;
    // What was measured for another gate is that gate's to say.
    if (by_tool(artifact.data) && find_gate(json::get_string(finding, "gate")) != nullptr &&
        json::get_string(finding, "gate") != spec.name) {
      continue;
    }
    const std::string blame = json::get_string(finding, "blame");
    verdict.high(json::get_string(finding, "title", "a finding without a title"),
                 evidence_of(finding),
                 !blame.empty()       ? blame
                 : spec.blame.empty() ? "code"
                                      : "");
  }
  for (const auto& [severity, count] : counts) verdict.measured(severity, count);
  return verdict.take();
}

}  // namespace cadre::gates
