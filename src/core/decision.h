// Decisions of people about what waits, in runs of agents and of SOPs alike: which may be taken,
// and what is said of those that may not. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace cadre {

// What is asked for.
struct Asked {
  std::string key;      // "a1"
  bool question = false;
  std::string words;    // of a question
  std::string subject;  // of anything else: "tool:refund"
};

struct GivenDecision {
  bool approved = false, answers = false, always = false;
  const std::string& message;
};

// kInvalidInput: a question is answered, anything else approved or rejected; not once and for all
// for a question; in UTF-8.
Result<void> check_decision(const Asked& asked, const GivenDecision& decision);

std::unexpected<Error> not_asked_for(const std::string& run, const std::string& key);
std::unexpected<Error> decided_already(const std::string& key, bool approved,
                                       const std::string& by);
std::unexpected<Error> nothing_waits(const std::string& run);
// A line for each.
std::unexpected<Error> which_of_them(const std::string& run, const std::vector<std::string>& lines);
// A store's kConflict while the decision was written; other errors as they are.
std::unexpected<Error> not_written(const std::string& run, Error error);

}  // namespace cadre
