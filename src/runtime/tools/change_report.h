// What a change did to a repository's tests: cases before and after, compared. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/gate.h"
#include "runtime/tools/measured_project.h"

namespace cadre {

// Each test by its name with its suite, with the worst of its outcomes.
using Outcomes = std::map<std::string, TestCase>;
Outcomes outcomes_of(const Measurement& measured);

// The figures `baseline` of a plan. `how`: {language, commands}, as it is to be measured again.
Json baseline_json(const Measurement& measured, Json how);

// Names of tests that passed in the baseline and do not now, but for those that the plan removes.
std::vector<std::string> regressions_of(const Json& plan, const Outcomes& after);

// Of tests that fail in `first` and pass in `again`, the passing is kept, and said to be unsteady.
void keep_steady(const Measurement& again, Measurement& first);

struct ChangeMeasurement {
  Measurement after;
  // Of the repository with the change and without the new tests; measured when a test that passed
  // before does not any more.
  std::optional<Measurement> without_new_tests;
};

// {"figures", "append"} as measure_change answers. The inputs hold the artifacts change_plan, and
// where they are made change_tests.
Json change_report_of(const ChangeMeasurement& measured, const Stack& stack,
                      const ArtifactMap& inputs);

}  // namespace cadre
