// The SQLite journal. Goals: 50,000 durable events a second over 100 concurrent runs; one durable
// step alone in at most 0.4 ms (p50). The file lies in the current folder: run it on the disk that
// matters.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "base/check.h"
#include "store/sqlite_store.h"

namespace {

using namespace cadre;

// An event of a usual size: about 400 bytes of body.
Event event(const std::string& run, std::int64_t seq) {
  Event made;
  made.run = run;
  made.seq = seq;
  made.parent = 1;
  made.time_us = 1'767'225'600'000'000 + seq;
  made.kind = EventKind::kToolCallEnded;
  made.actor = "tool";
  made.body = JsonObject{{"key", "build#1/api/turn:3/call:0"}, {"stage", "build"}, {"round", 1},
                         {"task", "api"}, {"turn", 3}, {"tool", "run_in_sandbox"}, {"ok", true},
                         {"value", std::string(250, 'v')}};
  return made;
}

class BenchFile {
 public:
  BenchFile() {
    std::filesystem::remove_all("cadre_store_bench");
    auto opened = open_sqlite_store("cadre_store_bench/journal.db");
    CADRE_CHECK(opened.has_value(), "the benchmark's folder is writable");
    store = std::move(*opened);
  }
  ~BenchFile() {
    store.reset();
    std::filesystem::remove_all("cadre_store_bench");
  }
  BenchFile(const BenchFile&) = delete;
  BenchFile& operator=(const BenchFile&) = delete;
  std::unique_ptr<Store> store;
};

// `runs` runs at once, each with one append in flight: the next goes out when the last is durable.
// Each append carries as many events as a step of a run does (`events`).
void BM_ConcurrentRuns(benchmark::State& bench) {
  BenchFile file;
  const auto runs = static_cast<std::size_t>(bench.range(0));
  const std::int64_t events = bench.range(1);
  constexpr std::int64_t kSteps = 200;
  struct Run {
    std::string name;
    std::int64_t last = 0;
    std::int64_t left = 0;
  };
  std::vector<Run> all(runs);
  for (std::size_t i = 0; i < runs; ++i) all[i].name = "run" + std::to_string(i);
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::size_t> ready;
  std::int64_t total = 0;
  for (auto _ : bench) {
    std::size_t finished = 0;
    for (std::size_t i = 0; i < runs; ++i) {
      all[i].left = kSteps;
      ready.push_back(i);
    }
    while (finished < runs) {
      std::vector<std::size_t> now;
      {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return !ready.empty(); });
        now.swap(ready);
      }
      for (const std::size_t i : now) {
        Run& run = all[i];
        if (run.left-- == 0) {
          ++finished;
          continue;
        }
        Append append;
        append.run = run.name;
        append.expected_seq = run.last;
        for (std::int64_t e = 1; e <= events; ++e) {
          append.events.push_back(event(run.name, run.last + e));
        }
        run.last += events;
        total += events;
        file.store->append_async(std::move(append), [&, i](Result<void> result) {
          CADRE_CHECK(result.has_value(), "the store writes");
          const std::lock_guard lock(mutex);
          ready.push_back(i);
          if (ready.size() == 1) changed.notify_one();
        });
      }
    }
  }
  bench.counters["events_per_s"] =
      benchmark::Counter(static_cast<double>(total), benchmark::Counter::kIsRate);
}
BENCHMARK(BM_ConcurrentRuns)
    ->Args({1, 1})->Args({10, 1})->Args({100, 1})->Args({100, 4})->Args({1000, 4})
    ->UseRealTime()->Unit(benchmark::kMillisecond)->MinTime(1.0);

// One step of one run, waiting for the ack: the median and the 99th percentile.
void BM_DurableStep(benchmark::State& bench) {
  BenchFile file;
  std::vector<double> ms;
  std::int64_t last = 0;
  for (auto _ : bench) {
    Append append;
    append.run = "run";
    append.expected_seq = last;
    append.events.push_back(event("run", ++last));
    const auto start = std::chrono::steady_clock::now();
    CADRE_CHECK(file.store->append(std::move(append)).has_value(), "the store writes");
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    ms.push_back(took.count());
  }
  std::ranges::sort(ms);
  bench.counters["p50_ms"] = ms[ms.size() / 2];
  bench.counters["p99_ms"] = ms[ms.size() * 99 / 100];
}
BENCHMARK(BM_DurableStep)->UseRealTime()->Unit(benchmark::kMillisecond)->MinTime(1.0);

// Reading a journal back: what a resume pays.
void BM_ReadJournal(benchmark::State& bench) {
  BenchFile file;
  Append append;
  append.run = "run";
  for (std::int64_t i = 1; i <= 1000; ++i) append.events.push_back(event("run", i));
  CADRE_CHECK(file.store->append(std::move(append)).has_value(), "the store writes");
  for (auto _ : bench) benchmark::DoNotOptimize(file.store->read("run"));
  bench.counters["events_per_s"] = benchmark::Counter(
      static_cast<double>(bench.iterations()) * 1000, benchmark::Counter::kIsRate);
}
BENCHMARK(BM_ReadJournal)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
