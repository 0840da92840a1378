#include "sop/gate_catalogue.h"

#include <algorithm>

namespace cadre {

std::span<const GateInfo> gate_catalogue() {
  static const std::vector<GateInfo> kGates{
      {"schema", "", {}, "the data is valid against the JSON Schema of its type"},
      {"statements_accounted",
       "requirements",
       {},
       "every sentence of the brief is covered, listed as not understood, or out of scope"},
      {"stories_testable", "user_stories", {}, "every story has at least one testable criterion"},
      {"links_complete", "", {}, "every id that is referred to exists"},
      {"openapi_sound", "apis", {}, "the OpenAPI document is complete and refers to what is there"},
      {"components_serve_stories",
       "architecture",
       {},
       "every component serves a story, and every story is served"},
      {"ddl_loads", "data_structures", {}, "the DDL loads into an empty database"},
      {"criteria_have_tests",
       "test_suite",
       {{"criteria", false, true}},
       "every criterion has at least one test"},
      {"tests_pass",
       "quality_report",
       {{"allow_unmeasured", false}},
       "tests were run and none failed"},
      {"coverage",
       "quality_report",
       {{"min_percent", true}, {"allow_unmeasured", false}},
       "line coverage reaches its threshold"},
      {"rule_kill_rate",
       "quality_report",
       {{"min_percent", true}, {"allow_unmeasured", false}},
       "the tests notice enough of the deliberately broken rules"},
      {"differential_clean",
       "quality_report",
       {{"allow_unmeasured", false}},
       "the service answers as the requirement model says"},
      {"traceability_complete",
       "quality_report",
       {{"allow_unmeasured", false}},
       "every criterion has a passing test"},
      {"no_high_findings", "quality_report", {}, "the review left no finding of high severity"},
      {"plan_fits", "", {}, "what is planned to be edited is there, what is to be created is not"},
      {"only_planned",
       "",
       {{"plan", false, true}, {"owner", false, true}},
       "what was planned is touched, and nothing else"},
      {"no_regressions",
       "quality_report",
       {},
       "no test that passed before the change fails after it"},
      {"quotes_exist",
       "",
       {{"sources", false, true}, {"min_words", true}},
       "every claim cites a given source, and the quoted words stand in it"},
      {"approval", "", {{"question", false, true}}, "a person approves what the stage made"},
  };
  return kGates;
}

const GateInfo* find_gate(std::string_view name) {
  const auto gates = gate_catalogue();
  const auto at = std::find_if(gates.begin(), gates.end(),
                               [&](const GateInfo& gate) { return gate.name == name; });
  return at == gates.end() ? nullptr : &*at;
}

std::vector<std::string> gate_names() {
  std::vector<std::string> names;
  for (const GateInfo& gate : gate_catalogue()) names.emplace_back(gate.name);
  return names;
}

}  // namespace cadre
