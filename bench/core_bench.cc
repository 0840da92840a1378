// CPU per event applied. Goal: at most 5 us, flat from event 10 to event 10,000 of a run.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "core/apply.h"

namespace {

using namespace cadre;

std::shared_ptr<const Plan> long_plan() {
  Plan plan;
  plan.name = "long";
  plan.lead = "lead";
  AgentConfig lead, worker;
  lead.role = "lead";
  lead.handoff_targets = {"worker"};
  worker.role = "worker";
  worker.tools = {"tool"};
  plan.agents = {lead, worker};
  StageSpec stage;
  stage.id = "work";
  stage.role = "worker";
  stage.needs = {"brief"};
  stage.makes = {"result"};
  plan.stages = {stage};
  plan.limits.turns_max = 1'000'000;
  return std::make_shared<const Plan>(std::move(plan));
}

// The journal of one long task: turns with two tool calls each, until `events`.
std::vector<Event> long_journal(const std::shared_ptr<const Plan>& plan, std::size_t events) {
  std::vector<Event> journal;
  RunState state = make_state("run", plan);
  const auto add = [&](Event event) {
    event.seq = state.last_seq + 1;
    event.time_us = event.seq;
    CADRE_CHECK(apply(state, event).has_value(), "the journal of the benchmark is sound");
    journal.push_back(std::move(event));
  };
  add(run_started(state, JsonObject{{"brief", "b"}}));
  while (journal.size() < events) {
    if (const Event* draft = next_record(state)) {
      add(Event(*draft));
      continue;
    }
    for (const std::string& key : take_effects(state)) {
      const Effect* effect = find_effect(state, key);
      if (has_intent(effect->kind)) add(intent_of(state, *effect));
      JsonObject result{{"ok", true}, {"answer", "yes"}, {"value", std::string(200, 'v')}};
      if (effect->kind == Effect::Kind::kTurn) {
        result["calls"] = JsonArray{JsonObject{{"id", "a" + key}, {"tool", "tool"}},
                                    JsonObject{{"id", "b" + key}, {"tool", "tool"}}};
      }
      add(outcome_of(state, *find_effect(state, key), std::move(result)));
    }
  }
  journal.resize(events);
  return journal;
}

// Time of the last tenth (at least ten) of the events of a run of that length: what event N costs,
// with what the shell asks of the state around it.
void BM_ApplyEvent(benchmark::State& bench) {
  const auto plan = long_plan();
  const auto length = static_cast<std::size_t>(bench.range(0));
  const auto journal = long_journal(plan, length + 1000);
  std::size_t applied = 0;
  for (auto _ : bench) {
    bench.PauseTiming();
    auto state = std::make_unique<RunState>(make_state("run", plan));
    for (std::size_t i = 0; i < length; ++i) {
      CADRE_CHECK(apply(*state, journal[i]).has_value(), "applies");
      take_effects(*state);
    }
    bench.ResumeTiming();
    for (std::size_t i = length; i < length + 1000; ++i) {
      CADRE_CHECK(apply(*state, journal[i]).has_value(), "applies");
      benchmark::DoNotOptimize(take_effects(*state));
      benchmark::DoNotOptimize(next_record(*state));
    }
    applied += 1000;
    bench.PauseTiming();
    state.reset();
    bench.ResumeTiming();
  }
  bench.counters["per_event"] = benchmark::Counter(
      static_cast<double>(applied), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_ApplyEvent)->Arg(10)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMicrosecond);

// The same with what a live shell does besides: drafts copied, intents and outcomes made.
void BM_LiveEvent(benchmark::State& bench) {
  const auto plan = long_plan();
  const auto length = static_cast<std::size_t>(bench.range(0));
  std::size_t made = 0;
  for (auto _ : bench) made += long_journal(plan, length).size();
  bench.counters["per_event"] = benchmark::Counter(
      static_cast<double>(made), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_LiveEvent)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
