// Finds, for a rule of a model, a short story that ends in the refusal by exactly that rule: what
// QA turns into a test when the rule has no test shape of its own. And, where one exists, its
// twin: the same story with the smallest change that makes the last request succeed.
//
// The search is random but directed by what the rule reads, and deterministic for a seed. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "spec/interpreter.h"

namespace cadre::spec {

// A refusal to look for.
struct Goal {
  std::string operation;
  std::string code;   // "max_open_loans", "invalid_transition", "not_unique", "forbidden", ...
  std::string rule;   // guard id, or empty
  std::string role;   // act as this actor in the last request; empty: any
  std::string field;  // errors[0].field, or empty for any
};

struct Step {
  Request request;
  Response expected;
};

struct Scenario {
  std::vector<Step> steps;   // all succeed but the last, which is refused as the goal says
  std::vector<Step> twin;    // all succeed; empty when no small change helps
};

struct Budget {
  int requests = 20'000;  // executed on the interpreter, shrinking included
  std::uint64_t seed = 1;
  bool clock_stands = false;  // every request of the story at the instant it begins with
};

std::optional<Scenario> find_refusal(const Spec& spec, const Goal& goal, const Budget& budget = {});
// The refusal by a guard, named by its id; the operation may be empty when only one has it.
std::optional<Scenario> find_refusal(const Spec& spec, const std::string& guard,
                                     const std::string& operation, const Budget& budget = {});

// Steps from a given world to the refusal (to success, when the goal has no code), as found, not
// shrunk. Empty when the budget is too small.
std::vector<Request> search_refusal(const Interpreter& start, const Goal& goal, std::int64_t now,
                                    Budget& budget);

// All refusals by guards, transitions, uniqueness, permissions and references that the model has.
std::vector<Goal> goals_of(const Spec& spec);

}  // namespace cadre::spec
