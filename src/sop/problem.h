// What is wrong with an SOP's files: where, what, and what to write instead.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cadre {

struct SopProblem {
  bool warning = false;  // the SOP still runs
  std::string file;      // relative to the SOP's folder: "roles/developer.md"
  int line = 0;          // from 1; 0: the file as a whole
  std::string message;   // "the role \"develper\" is not known"
  std::string hint;      // "write \"developer\""; may be empty

  // "roles/developer.md:4: error: message; hint"
  std::string describe() const;
};

// Collects problems; every check goes on after the first.
class SopProblems {
 public:
  void error(std::string file, int line, std::string message, std::string hint = {});
  void warning(std::string file, int line, std::string message, std::string hint = {});
  void add(SopProblem problem) { problems_.push_back(std::move(problem)); }
  bool has_errors() const;
  // By file and line, errors before warnings of the same place.
  std::vector<SopProblem> take_sorted();

 private:
  std::vector<SopProblem> problems_;
};

// The candidate that a mistyped word probably means, or "" when none is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

// "a", "a or b", "a, b or c", each in quotes.
std::string one_of(const std::vector<std::string>& words);

}  // namespace cadre
