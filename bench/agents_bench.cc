// Costs of a run of agents on this side, with a scripted model. Goals: a run of one agent, one
// tool, two model calls in <= 10 us CPU without a store; turn 5,000 <= 1.2 x turn 10; 1,000 tool
// calls in one turn linear; a chain of four agents <= 250 us.
#include <benchmark/benchmark.h>

#include <atomic>
#include <string>

#include "cadre/cadre.h"

namespace {

using namespace cadre;
using testing::calls;
using testing::says;
using testing::ScriptedModel;

struct Args {
  std::string city;
};
BOOST_DESCRIBE_STRUCT(Args, (), (city))

Tool quick_tool() {
  return make_tool<Args>("weather", "Weather of a city.",
                         [](const Args& args, const RunContext&) { return "rain in " + args.city; },
                         {.effect = ToolEffect::kPure, .quick = true});
}

// Calls the tool `turns` times, then answers; by the number of results it has seen.
std::shared_ptr<ScriptedModel> caller(int turns) {
  auto model = std::make_shared<ScriptedModel>(
      [turns, count = std::make_shared<std::atomic<int>>(0)](
          const testing::SeenRequest&) -> Result<ModelReply> {
        const int at = (*count)++ % (turns + 1);
        if (at == turns) return says("take an umbrella");
        return calls("weather", R"({"city": "Oslo"})", "c" + std::to_string(at));
      });
  model->keep_requests(false);
  return model;
}

AgentTeam team_of(std::vector<Agent> agents) { return make_team(std::move(agents)).value(); }

void BM_Run(benchmark::State& state) {
  Agent agent{.name = "a", .instructions = "Be brief.", .tools = {quick_tool()}};
  const AgentTeam team = team_of({agent});
  const RunOptions options{.model = caller(1)};
  for (auto _ : state) {
    const RunResult result = run(team, "How is the weather in Oslo?", options);
    if (!result.done()) state.SkipWithError(result.reason.c_str());
  }
}
BENCHMARK(BM_Run);

void BM_TurnsOfOneRun(benchmark::State& state) {
  const int turns = static_cast<int>(state.range(0));
  Agent agent{.name = "a", .tools = {quick_tool()}};
  const AgentTeam team = team_of({agent});
  RunOptions options{.model = caller(turns)};
  options.limits.turns_max = 0;
  options.limits.repeat_calls = 0;
  for (auto _ : state) {
    const RunResult result = run(team, "go", options);
    if (!result.done()) state.SkipWithError(result.reason.c_str());
  }
  state.counters["us_per_turn"] = benchmark::Counter(
      static_cast<double>(turns) * 1e-6,
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_TurnsOfOneRun)->Arg(10)->Arg(100)->Arg(1000)->Arg(5000);

void BM_ParallelTools(benchmark::State& state) {
  const int count = static_cast<int>(state.range(0));
  auto model = std::make_shared<ScriptedModel>(
      [count, turn = std::make_shared<std::atomic<int>>(0)](
          const testing::SeenRequest&) -> Result<ModelReply> {
        if ((*turn)++ % 2 == 1) return says("done");
        std::vector<ToolCallItem> all;
        for (int i = 0; i < count; ++i)
          all.push_back({"c" + std::to_string(i), "weather", R"({"city": "Oslo"})", {}});
        return calls(std::move(all));
      });
  model->keep_requests(false);
  Agent agent{.name = "a", .tools = {quick_tool()}};
  const AgentTeam team = team_of({agent});
  RunOptions options{.model = model};
  options.limits.repeat_calls = 0;
  for (auto _ : state) {
    const RunResult result = run(team, "go", options);
    if (!result.done()) state.SkipWithError(result.reason.c_str());
  }
  state.SetItemsProcessed(state.iterations() * count);
}
BENCHMARK(BM_ParallelTools)->Arg(10)->Arg(100)->Arg(1000);

void BM_HandoffChain(benchmark::State& state) {
  auto model = std::make_shared<ScriptedModel>(
      [](const testing::SeenRequest& request) -> Result<ModelReply> {
        for (const std::string& tool : request.tools) {
          if (tool.starts_with("transfer_to_")) return calls(tool, R"({"task": "go on"})", tool);
        }
        return says("done");
      });
  model->keep_requests(false);
  Agent a{.name = "a"}, b{.name = "b"}, c{.name = "c"}, d{.name = "d"};
  a.handoffs = {{.target = "b"}};
  b.handoffs = {{.target = "c"}};
  c.handoffs = {{.target = "d"}};
  const AgentTeam team = team_of({a, b, c, d});
  const RunOptions options{.model = model};
  for (auto _ : state) {
    const RunResult result = run(team, "go", options);
    if (result.agent != "d") state.SkipWithError("the chain did not reach its end");
  }
}
BENCHMARK(BM_HandoffChain);

}  // namespace

BENCHMARK_MAIN();
