// Memory: what a turn costs at the beginning and far into a session, and what a context costs.
//
// Goals: a session's turn is flat (item 5,000 as item 10, but for the disk's own jitter) and costs
// 0.3 ms or less with its commit; get_relevant_context over 10,000 outputs stays within 10 ms.
// "cpu" tells what we compute, "real" has the waiting for the disk. CADRE's files are made in the
// temporary folder: TMPDIR=/dev/shm measures without a disk.
#include <benchmark/benchmark.h>
#include <fmt/core.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "memory/compaction.h"
#include "memory/lessons.h"
#include "memory/session_memory.h"

namespace {

namespace fs = std::filesystem;
using namespace cadre;  // NOLINT

struct Bed {
  explicit Bed(const SessionOptions& options = {}) {
    std::string name = (fs::temp_directory_path() / "cadre_memory_bench_XXXXXX").string();
    folder = mkdtemp(name.data());
    file = MemoryFile::open(folder / "memory.db").value();
    memory = SessionMemory::open(*file, "bench", options).value();
  }
  ~Bed() {
    memory.reset();
    file.reset();
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }

  // One turn of an agent: a call, its result, an answer; `at` makes the ids.
  std::vector<ItemPtr> turn() {
    const std::string id = fmt::format("call_{}", turns++);
    const auto item = [](Item one) { return std::make_shared<const Item>(std::move(one)); };
    return {item(ToolCallItem{id, "search", R"({"query":"orders of March"})", {}}),
            item(ToolResultItem{id, std::string(300, 'r'), true}),
            item(MessageItem{Speaker::kAssistant, std::string(200, 'a'), "writer", false, {}})};
  }
  void fill(std::int64_t items) {
    std::vector<ItemPtr> all;
    while (static_cast<std::int64_t>(all.size()) < items)
      std::ranges::copy(turn(), std::back_inserter(all));
    if (!memory->conversation()->add("fill", all)) std::abort();
  }

  fs::path folder;
  std::shared_ptr<MemoryFile> file;
  std::shared_ptr<SessionMemory> memory;
  int turns = 0;
};

void report_percentiles(benchmark::State& state, std::vector<double>& us) {
  if (us.empty()) return;
  std::ranges::sort(us);
  state.counters["p50_us"] = us[us.size() / 2];
  state.counters["p99_us"] = us[us.size() * 99 / 100];
}

// A turn (three items, one commit) after so many items.
void add_turn(benchmark::State& state, const SessionOptions& options) {
  Bed bed(options);
  bed.fill(state.range(0));
  std::vector<double> us;
  for (auto _ : state) {
    const auto items = bed.turn();
    const auto begin = std::chrono::steady_clock::now();
    if (!bed.memory->conversation()->add("run", items)) state.SkipWithError("add failed");
    us.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin)
                     .count());
  }
  report_percentiles(state, us);
}
void BM_AddTurn(benchmark::State& state) { add_turn(state, {}); }
void BM_AddTurnEncrypted(benchmark::State& state) {
  SessionOptions options;
  options.secret = std::string(32, 's');
  add_turn(state, options);
}
BENCHMARK(BM_AddTurn)->Arg(10)->Arg(1'500)->Arg(5'000)->Arg(50'000)->Iterations(500);
BENCHMARK(BM_AddTurnEncrypted)->Arg(10)->Arg(5'000)->Iterations(500);

void BM_Load(benchmark::State& state) {
  Bed bed;
  bed.fill(state.range(0));
  for (auto _ : state) {
    std::vector<std::string> notes;
    benchmark::DoNotOptimize(bed.memory->conversation()->load(0, notes)->size());
  }
}
BENCHMARK(BM_Load)->Arg(10)->Arg(5'000)->Unit(benchmark::kMicrosecond);

void BM_Branch(benchmark::State& state) {
  Bed bed;
  bed.fill(state.range(0));
  int n = 0;
  for (auto _ : state) {
    if (!bed.file->branch("bench", static_cast<std::size_t>(state.range(0)),
                          fmt::format("b{}", n++)))
      state.SkipWithError("branch failed");
  }
}
BENCHMARK(BM_Branch)->Arg(5'000)->Iterations(10)->Unit(benchmark::kMillisecond);

const std::vector<std::string> kTopics = {"refund", "invoice", "shipping", "login",  "search",
                                          "colour", "report",  "database", "export", "price"};

void fill_outputs(SessionMemory& memory, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const std::size_t topic = static_cast<std::size_t>(i) % kTopics.size();
    const std::string text = fmt::format(
        "The {} was checked by round {}; the {} shows item {} and the customer agreed that the "
        "order is complete.",
        kTopics[topic], i, kTopics[(topic + 3) % kTopics.size()], i % 97);
    if (!memory.store_agent_output(fmt::format("agent{}", i % 5), "note", text)) std::abort();
  }
}

void relevant_context(benchmark::State& state, const std::string& query) {
  Bed bed;
  bed.fill(300);
  fill_outputs(*bed.memory, state.range(0));
  for (auto _ : state) {
    const auto context = bed.memory->get_relevant_context("agent1", query, 4000);
    if (!context || context->parts.empty()) state.SkipWithError("no context");
    benchmark::DoNotOptimize(context->tokens);
  }
}
// "rare" words stand in one output of five, "common" ones in all of them.
void BM_RelevantContextRare(benchmark::State& state) {
  relevant_context(state, "Who approves a refund of the price?");
}
void BM_RelevantContextCommon(benchmark::State& state) {
  relevant_context(state, "which customer agreed that the order was complete");
}
BENCHMARK(BM_RelevantContextRare)->Arg(10)->Arg(10'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_RelevantContextCommon)->Arg(10)->Arg(10'000)->Unit(benchmark::kMicrosecond);

void BM_StoreOutput(benchmark::State& state) {
  Bed bed;
  fill_outputs(*bed.memory, state.range(0));
  for (auto _ : state) fill_outputs(*bed.memory, 1);
}
BENCHMARK(BM_StoreOutput)->Arg(10)->Arg(10'000)->Iterations(300)->Unit(benchmark::kMicrosecond);

void BM_Compact(benchmark::State& state) {
  Bed bed;
  bed.fill(state.range(0));
  std::vector<std::string> notes;
  const auto items = bed.memory->conversation()->load(0, notes).value();
  for (auto _ : state)
    benchmark::DoNotOptimize(compact(items, 8000, extractive_summarizer())->dropped);
}
BENCHMARK(BM_Compact)->Arg(5'000)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
