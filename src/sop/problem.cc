#include "sop/problem.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <tuple>

#include "base/text.h"

namespace cadre {
namespace {

// Levenshtein distance with neighbouring letters swapped counted once.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string SopProblem::describe() const {
  const std::string place = line > 0 ? fmt::format("{}:{}", file, line) : file;
  return fmt::format("{}: {}: {}{}{}", place, warning ? "warning" : "error", message,
                     hint.empty() ? "" : "; ", hint);
}

void SopProblems::error(std::string file, int line, std::string message, std::string hint) {
  problems_.push_back({false, std::move(file), line, std::move(message), std::move(hint)});
}

void SopProblems::warning(std::string file, int line, std::string message, std::string hint) {
  problems_.push_back({true, std::move(file), line, std::move(message), std::move(hint)});
}

bool SopProblems::has_errors() const {
  return std::any_of(problems_.begin(), problems_.end(),
                     [](const SopProblem& problem) { return !problem.warning; });
}

std::vector<SopProblem> SopProblems::take_sorted() {
  std::stable_sort(problems_.begin(), problems_.end(), [](const auto& a, const auto& b) {
    return std::tie(a.file, a.line, a.warning) < std::tie(b.file, b.line, b.warning);
  });
  return std::move(problems_);
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  if (word.size() > 60) return {};
  const std::string wanted = text::lower(word);
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t d = distance(wanted, text::lower(candidate));
    if (d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

std::string one_of(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += "\"" + words[i] + "\"";
  }
  return out;
}

}  // namespace cadre
