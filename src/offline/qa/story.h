// A scenario that the spec's search found, written as a test: for rules without a shape of their
// own, and for rows that only effects create.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "offline/qa/suite.h"
#include "spec/scenario.h"

namespace cadre::offline::qa {

// The body of a test function that sends the steps and asserts the last answer; nothing when a
// step cannot be written (a nonsense path, a malformed body).
std::optional<std::string> python_of_steps(const Context& context,
                                           const std::vector<spec::Step>& steps);

// The fixtures that such a body needs: "api" or "api, clock".
std::string arguments_of_steps(const std::string& body);

}  // namespace cadre::offline::qa
