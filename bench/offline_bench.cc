// Reading briefs. Goals (CPU): a brief of 100 words in at most 5 ms, one of 10 KB in at most 100
// ms, one of 100 KB in at most 12 times that.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "offline/analysis/analyse.h"
#include "offline/language/language.h"

namespace {

using namespace cadre;

// A hundred words of the kind that users write.
constexpr const char* kHundredWords =
    "A library service. Members borrow books. Each book has a title, an author, an ISBN (unique) "
    "and a number of copies. A member has a name, an email address (unique) and a phone number. A "
    "member can borrow at most 5 books at the same time. Loans last 14 days. A librarian can add, "
    "change and delete books and members. Only a librarian may register a return. A fine of 0.20 "
    "euros is charged for each day that a loan is overdue. Members can search books by title and "
    "author. A librarian sees all overdue loans, and the number of loans by month.";

// The shared briefs of many domains, one behind the other (again from the first where they end),
// cut at the end of a sentence.
std::string long_brief(std::size_t bytes) {
  std::ifstream in(std::string(CADRE_SOURCE_DIR) + "/tests/briefs/acceptance.jsonl");
  std::string all;
  for (std::string line; std::getline(in, line);) {
    const auto value = json::parse(line);
    if (!value) continue;
    const Json* expect = json::find(*value, "expect");
    // A brief that is refused makes all of it refused, which is quick.
    if (expect != nullptr && json::get_string(*expect, "verdict") == "refuse") continue;
    all += json::get_string(*value, "text") + "\n\n";
  }
  if (all.empty()) std::abort();
  std::string text;
  while (text.size() < bytes) text += all;
  const std::size_t end = text.rfind(". ", bytes);
  return text.substr(0, end == std::string::npos ? bytes : end + 1);
}

void analyse_all(benchmark::State& bench, const std::string& brief) {
  for (auto _ : bench) benchmark::DoNotOptimize(offline::analyse(brief));
  const auto spec = offline::analyse(brief);
  bench.counters["bytes"] = static_cast<double>(brief.size());
  bench.counters["words"] = static_cast<double>(text::split(brief, ' ').size());
  bench.counters["entities"] = static_cast<double>(spec.entities.size());
  bench.counters["us_per_byte"] = benchmark::Counter(
      static_cast<double>(brief.size()) * 1e-6 * static_cast<double>(bench.iterations()),
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void BM_AnalyseHundredWords(benchmark::State& bench) { analyse_all(bench, kHundredWords); }
BENCHMARK(BM_AnalyseHundredWords)->Unit(benchmark::kMillisecond);

void BM_Analyse(benchmark::State& bench) {
  analyse_all(bench, long_brief(static_cast<std::size_t>(bench.range(0))));
}
BENCHMARK(BM_Analyse)->Arg(1 << 10)->Arg(10 << 10)->Arg(100 << 10)->Unit(benchmark::kMillisecond);

// Sentences, tags and clauses alone.
void BM_ReadBrief(benchmark::State& bench) {
  const std::string brief = long_brief(static_cast<std::size_t>(bench.range(0)));
  for (auto _ : bench) benchmark::DoNotOptimize(offline::read_brief(brief));
}
BENCHMARK(BM_ReadBrief)->Arg(1 << 10)->Arg(10 << 10)->Arg(100 << 10)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
