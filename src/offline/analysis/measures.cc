#include "offline/analysis/measures.h"

#include <cmath>

#include <fmt/format.h>

namespace cadre::offline::analysis {

// "at most 5", "up to 5", "no more than 5", "can't ... more than 5", "only one", "maximum of 20".
std::optional<Limit> read_limit(const Scan& s, Range part, bool negated) {
  static constexpr std::string_view kAtMost[] = {
      "at most", "up to", "no more than", "not more than", "a maximum of", "maximum of",
      "maximum", "max", "max.", "at the most", "as many as", "a limit of", "limit of"};
  for (int i = part.first; i <= part.last; ++i) {
    for (const auto words : kAtMost) {
      const int used = s.phrase(i, words);
      if (used == 0) continue;
      const auto& n = s.at(i + used).number;
      if (n && *n == std::floor(*n) && *n < 1e6) {
        return Limit{static_cast<int>(*n), i, i + used};
      }
    }
    const int more = s.phrase(i, "more than");
    if (more > 0 && negated && s.at(i + more).number) {
      return Limit{static_cast<int>(*s.at(i + more).number), i, i + more};
    }
    if (s.is(i, "only") && s.is(i + 1, "one") && !s.is(i + 2, "of")) return Limit{1, i, i + 1};
    if (s.at(i).number && s.any(i + 1, {"at most", "max", "maximum"})) {
      return Limit{static_cast<int>(*s.at(i).number), i, i + 1};
    }
  }
  return std::nullopt;
}

bool negated_before(const Scan& s, Range part) {
  for (int i = part.first; i <= part.last; ++i) {
    if (s.any(i, {"not", "never", "nobody", "no", "cannot", "n't", "none", "neither"}) ||
        s.at(i).tag == Tag::kNegation) {
      return true;
    }
  }
  return false;
}

std::optional<Duration> read_duration(const Scan& s, int first, int last) {
  for (int i = first; i <= last; ++i) {
    if (!s.at(i).number) continue;
    const double n = *s.at(i).number;
    if (n != std::floor(n) || n < 0 || n > 100000) continue;
    int unit = i + 1;
    if (s.any(unit, {"-", "calendar", "full", "working"})) {
      if (s.is(unit, "working")) continue;  // needs a calendar
      ++unit;
    }
    const auto& word = s.at(unit).lemma;
    int factor = 1;
    std::string name;
    if (word == "day" || word == "night") name = "days";
    else if (word == "week") name = "days", factor = 7;
    else if (word == "fortnight") name = "days", factor = 14;
    else if (word == "hour") name = "hours";
    else if (word == "minute") name = "minutes";
    else if (word == "month") name = "months";
    else if (word == "year") name = "months", factor = 12;
    else continue;
    return Duration{name, static_cast<int>(n) * factor, i, unit};
  }
  return std::nullopt;
}

std::string iso(const Duration& d) {
  if (d.unit == "days") return fmt::format("P{}D", d.amount);
  if (d.unit == "months") return fmt::format("P{}M", d.amount);
  return fmt::format("PT{}{}", d.amount, d.unit == "hours" ? "H" : "M");
}

}  // namespace cadre::offline::analysis
