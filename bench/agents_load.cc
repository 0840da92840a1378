// Many runs of agents at once: how many a second, at what CPU and memory.
//
//   agents_load durable [RUNS] [IN_FLIGHT]      scripted model, journal in SQLite (goal: 5,000/s
//                                               at 200 in flight on 2 cores)
//   agents_load waiting [RUNS] [DELAY_MS]       all at once, replies after DELAY_MS, in memory
//                                               (goal: 10,000 in <= 1.5 s, <= 25 KB a run)
//   agents_load http URL#MODEL [RUNS] [IN_FLIGHT] [memory]
//                                               over HTTP, durable unless `memory` is given; bench/mock_server is a server for it
//   agents_load session [TURNS]                 one session in memory, one model call a turn
//
// A run is one agent, one tool, two model calls. Each answer is checked.
#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "cadre/cadre.h"
#include "cadre/http_model.h"
#include "store/sqlite_store.h"

namespace {

using namespace cadre;
using Clock_ = std::chrono::steady_clock;

struct Args {
  std::string city;
};
BOOST_DESCRIBE_STRUCT(Args, (), (city))

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double resident_kb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::strtod(line.c_str() + 6, nullptr);
  }
  return 0;
}

AgentTeam team() {
  Agent agent{.name = "weather", .instructions = "Answer questions about the weather."};
  agent.tools = {make_tool<Args>(
      "weather", "Weather of a city.",
      [](const Args& args, const RunContext&) { return "rain in " + args.city; },
      {.effect = ToolEffect::kPure, .quick = true})};
  return make_team({agent}).value();
}

// First a tool call, then an answer, by what it is asked.
std::shared_ptr<testing::ScriptedModel> scripted(int delay_ms) {
  auto model = std::make_shared<testing::ScriptedModel>(
      [](const testing::SeenRequest& request) -> Result<ModelReply> {
        if (std::holds_alternative<ToolResultItem>(*request.items.back()))
          return testing::says("Take an umbrella.");
        return testing::calls("weather", R"({"city": "Oslo"})", "call-1");
      });
  model->keep_requests(false);
  if (delay_ms > 0) model->set_delay(std::chrono::milliseconds(delay_ms));
  return model;
}

// Keeps `in_flight` runs going until `runs` are done; prints what it cost.
int drive(const char* name, const AgentTeam& agents, RunOptions options, int runs,
          int in_flight) {
  Runtime runtime;
  std::mutex mutex;
  std::condition_variable changed;
  int started = 0, ended = 0, wrong = 0;
  std::vector<double> latencies;
  latencies.reserve(static_cast<std::size_t>(runs));
  std::string fault;
  const double memory = resident_kb(), cpu = cpu_seconds();
  const auto begin = Clock_::now();
  std::function<void()> start_one = [&] {
    RunOptions own = options;
    own.on_end = [&, at = Clock_::now()](const RunResult& result) {
      const std::chrono::duration<double, std::milli> took = Clock_::now() - at;
      bool more = false;
      {
        const std::lock_guard lock(mutex);
        latencies.push_back(took.count());
        if (!result.done() || result.tool_calls != 1) {
          ++wrong;
          fault = result.reason;
        }
        more = started < runs;
        if (more) ++started;
        ++ended;
        if (ended == runs) changed.notify_all();
      }
      if (more) start_one();
    };
    (void)runtime.start(agents, "How is the weather in Oslo?", std::move(own));
  };
  const int first = std::min(runs, in_flight);
  started = first;
  for (int i = 0; i < first; ++i) start_one();
  const double most = resident_kb();
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return ended == runs; });
  }
  const std::chrono::duration<double> took = Clock_::now() - begin;
  const double used = cpu_seconds() - cpu;
  std::ranges::sort(latencies);
  const auto percentile = [&](double p) {
    return latencies[static_cast<std::size_t>(p * static_cast<double>(latencies.size() - 1))];
  };
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print("{}: {} runs, {} in flight: {:.2f} s, {:.0f} runs/s, {:.1f} us CPU a run, p50 {:.1f} "
             "ms, p99 {:.1f} ms, {:.1f} KB a run in flight, peak {:.0f} MB\n",
             name, runs, in_flight, took.count(), runs / took.count(), used * 1e6 / runs,
             percentile(0.5), percentile(0.99), (most - memory) / first,
             static_cast<double>(usage.ru_maxrss) / 1024);
  if (wrong > 0) fmt::print(stderr, "{} runs failed, the last one: {}\n", wrong, fault);
  return wrong == 0 ? 0 : 1;
}

int session_turns(int turns) {
  const AgentTeam agents = make_team({{.name = "friend", .instructions = "Chat."}}).value();
  auto model = std::make_shared<testing::ScriptedModel>(
      [](const testing::SeenRequest&) -> Result<ModelReply> { return testing::says("Yes."); });
  model->keep_requests(false);
  const auto session = make_memory_session("s");
  Runtime runtime;
  for (int turn = 1; turn <= turns; ++turn) {
    const auto begin = Clock_::now();
    const RunResult result =
        runtime.start(agents, "And then?", {.model = model, .session = session}).wait();
    const std::chrono::duration<double, std::micro> took = Clock_::now() - begin;
    if (!result.done()) return 1;
    if (turn == 10 || turn == 100 || turn % 500 == 0)
      fmt::print("session turn {}: {:.0f} us\n", turn, took.count());
  }
  return 0;
}

int number(int argc, char** argv, int index, int fallback) {
  return index < argc ? std::atoi(argv[index]) : fallback;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  RunOptions options;
  if (mode == "session") return session_turns(number(argc, argv, 2, 500));
  if (mode == "waiting") {
    const int runs = number(argc, argv, 2, 10'000);
    options.model = scripted(number(argc, argv, 3, 200));
    return drive("waiting", team(), options, runs, runs);
  }
  const bool http = mode == "http" && argc > 2;
  if (!http && mode != "durable") {
    fmt::print(stderr, "usage: agents_load durable|waiting|http|session …\n");
    return 2;
  }
  const int base = http ? 3 : 2;
  const int runs = number(argc, argv, base, 20'000);
  const int in_flight = number(argc, argv, base + 1, 200);
  const bool durable = argc <= base + 2 || std::string(argv[base + 2]) != "memory";
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / fmt::format("agents_load.{}", getpid());
  std::filesystem::create_directories(folder);
  if (durable) {
    auto store = open_sqlite_store(folder / "journal.db");
    if (!store) return fmt::print(stderr, "{}\n", store.error().describe()), 1;
    options.store = std::move(*store);
  }
  options.model = scripted(0);
  if (http) {
    auto client = net::HttpClient::make();
    if (!client) return fmt::print(stderr, "{}\n", client.error().describe()), 1;
    auto model = net::make_model(argv[2], std::move(*client), [](const model::Profile&) {
      return net::Secret("none");
    });
    if (!model) return fmt::print(stderr, "{}\n", model.error().describe()), 1;
    options.model = *model;
  }
  const int code = drive(durable ? (http ? "http, durable" : "durable") : "http", team(), options,
                         runs, in_flight);
  options.store.reset();
  std::filesystem::remove_all(folder);
  return code;
}
