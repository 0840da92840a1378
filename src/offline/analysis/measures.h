// Limits and durations as people write them: "at most 5", "can't have more than 3", "14 days".
//
// Pure functions over a sentence.
#pragma once

#include <optional>
#include <string>

#include "offline/analysis/draft.h"
#include "offline/analysis/scan.h"

namespace cadre::offline::analysis {

struct Limit {
  int value = 0;
  int first = 0, last = 0;  // "at most 5"
};

std::optional<Limit> read_limit(const Scan& s, Range part, bool negated);
// Does the part of the sentence say "not", "never" or "nobody"?
bool negated_before(const Scan& s, Range part);

struct Duration {
  std::string unit;  // operator of the expression language
  int amount = 0;
  int first = 0, last = 0;
};

std::optional<Duration> read_duration(const Scan& s, int first, int last);
std::string iso(const Duration& d);  // "P14D"

}  // namespace cadre::offline::analysis
