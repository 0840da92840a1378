// The stage that writes tests: artifacts `test_suite` and `test_data` from requirements, user
// stories and the API contract. It never sees the code. Pure; deterministic.
#pragma once

#include "core/provider.h"
#include "spec/model.h"

namespace cadre::offline::qa {

Result<Turn> plan_tests(const Task& task);

// The two artifacts for a model, as plan_tests makes them.
std::vector<Artifact> tests_for(const spec::Spec& spec, const Json& user_stories);

}  // namespace cadre::offline::qa
