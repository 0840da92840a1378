// Many runs of agents at once: how many a second, at what CPU and memory. Each answer is checked.
//
//   agents_load durable [RUNS] [IN_FLIGHT]  scripted model, journal in SQLite (goal: 5,000/s at
//                                           200 in flight on 2 cores)
//   agents_load waiting [RUNS] [DELAY_MS]   all at once, replies after DELAY_MS, in memory
//                                           (goal: 10,000 in <= 1.5 s, <= 25 KB a run)
//   agents_load session [TURNS]             one session in memory, one model call a turn
//
// Over HTTP (bench/mock_server is a server for it; bench/peers does the same with others):
//
//   agents_load http URL#MODEL [RUNS] [IN_FLIGHT]    one agent, one tool, two model calls
//   agents_load plain URL#MODEL [RUNS] [IN_FLIGHT]   no tool, one model call
//   agents_load stream URL#MODEL [RUNS] [IN_FLIGHT]  the same, each delta given to a subscriber
//   agents_load chain URL#NAME [RUNS] [IN_FLIGHT]    four agents by handoffs, asking the models
//                                                    chain-a to chain-d; four model calls
//   agents_load history URL#MODEL [TURNS]            one session, one model call a turn
//   agents_load cold URL#MODEL                       one run of `http`, then the end
//
// These keep a journal in SQLite (`history` its session in a file, too). Words after the numbers:
// `memory` keeps nothing on disk, `json` prints figures as a line of JSON, `letters=N` says how
// long the answer must be, `warm=N` does so many runs before the figures begin.
#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <span>

#include "cadre/cadre.h"
#include "cadre/http_model.h"
#include "memory/memory_file.h"
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

// Of /proc: rusage's peak would count what the parent had before this program began.
double memory_kb(std::string_view field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field)) return std::strtod(line.c_str() + field.size() + 1, nullptr);
  }
  return 0;
}

double resident_kb() { return memory_kb("VmRSS"); }
double peak_mb() { return memory_kb("VmHWM") / 1024; }

constexpr std::string_view kQuestion = "What is the weather in Paris?";
constexpr std::string_view kAnswer = "The weather in Paris is sunny and 22 C today.";

// What a run must have done to count as right.
struct Expected {
  int tool_calls = 1, handoffs = 0;
  std::size_t letters = 0;  // of the answer, which says kAnswer again and again; 0: once

  bool met(const RunResult& result) const {
    return result.done() && result.tool_calls == tool_calls &&
           result.handoffs_accepted == handoffs &&
           result.output.size() == (letters == 0 ? kAnswer.size() : letters) &&
           result.output.starts_with(kAnswer);
  }
};

AgentTeam team() {
  Agent agent{.name = "assistant", .instructions = "You are a helpful assistant."};
  agent.tools = {make_tool<Args>(
      "get_weather", "Get the weather in a city.",
      [](const Args& args, const RunContext&) { return "sunny, 22 C in " + args.city; },
      {.effect = ToolEffect::kPure, .quick = true})};
  return make_team({agent}).value();
}

AgentTeam plain_team() {
  return make_team({{.name = "assistant", .instructions = "You are a helpful assistant."}}).value();
}

AgentTeam chain_team() {
  std::vector<Agent> agents;
  for (char letter = 'a'; letter <= 'd'; ++letter) {
    Agent agent{.name = fmt::format("agent_{}", letter),
                .instructions = fmt::format("You are agent {}.", letter),
                .model_name = fmt::format("chain-{}", letter)};
    if (letter < 'd') {
      Handoff handoff{.target = fmt::format("agent_{}", static_cast<char>(letter + 1))};
      handoff.input = Json(JsonObject{
          {"type", "object"}, {"properties", JsonObject{}}, {"additionalProperties", false}});
      agent.handoffs = {std::move(handoff)};
    }
    agents.push_back(std::move(agent));
  }
  return make_team(std::move(agents)).value();
}

// First a tool call, then an answer, by what it is asked.
std::shared_ptr<testing::ScriptedModel> scripted(int delay_ms) {
  auto model = std::make_shared<testing::ScriptedModel>(
      [](const testing::SeenRequest& request) -> Result<ModelReply> {
        if (std::holds_alternative<ToolResultItem>(*request.items.back()))
          return testing::says(std::string(kAnswer));
        return testing::calls("get_weather", R"({"city": "Paris"})", "call-1");
      });
  model->keep_requests(false);
  if (delay_ms > 0) model->set_delay(std::chrono::milliseconds(delay_ms));
  return model;
}

struct Load {
  std::string name;
  AgentTeam agents;
  RunOptions options;
  Expected expected;
  int runs = 0, in_flight = 1;
  bool json = false;
};

double percentile(std::vector<double>& values, double share) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

// Keeps so many runs going until all are done.
class Driver {
 public:
  explicit Driver(const Load& load) : load_(load) {
    latencies_.reserve(static_cast<std::size_t>(load.runs));
  }

  // Prints what it cost, unless it only warms up. True when all answers were right.
  bool run(bool print) {
    const double memory = resident_kb(), cpu = cpu_seconds();
    const auto begin = Clock_::now();
    const int first = std::min(load_.runs, load_.in_flight);
    started_ = first;
    for (int i = 0; i < first; ++i) start_one();
    const double most = resident_kb();
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return ended_ == load_.runs; });
    }
    const std::chrono::duration<double> took = Clock_::now() - begin;
    const double used = cpu_seconds() - cpu;
    if (print) report(took.count(), used, (most - memory) / first);
    if (wrong_ > 0) fmt::print(stderr, "{} runs are wrong, the last one: {}\n", wrong_, fault_);
    return wrong_ == 0;
  }

 private:
  void start_one() {
    RunOptions own = load_.options;
    own.on_end = [this, at = Clock_::now()](const RunResult& result) { end_one(result, at); };
    (void)runtime_.start(load_.agents, std::string(kQuestion), std::move(own));
  }

  void end_one(const RunResult& result, Clock_::time_point at) {
    const std::chrono::duration<double, std::milli> took = Clock_::now() - at;
    bool more = false;
    {
      const std::lock_guard lock(mutex_);
      latencies_.push_back(took.count());
      if (!load_.expected.met(result)) {
        ++wrong_;
        fault_ = result.done() ? "answered: " + result.output : result.reason;
      }
      more = started_ < load_.runs;
      if (more) ++started_;
      ++ended_;
      if (ended_ == load_.runs) changed_.notify_all();
    }
    if (more) start_one();
  }

  void report(double seconds, double cpu, double kb_a_run) {
    const double p50 = percentile(latencies_, 0.5), p99 = percentile(latencies_, 0.99);
    const double us = cpu * 1e6 / load_.runs, rate = load_.runs / seconds;
    if (load_.json) {
      fmt::print(R"({{"runs":{},"runs_s":{:.1f},"cpu_us":{:.2f},"p50_ms":{:.3f},"p99_ms":{:.3f},)"
                 R"("peak_mb":{:.1f}}})"
                 "\n",
                 load_.runs, rate, us, p50, p99, peak_mb());
      return;
    }
    fmt::print(
        "{}: {} runs, {} in flight: {:.2f} s, {:.0f} runs/s, {:.1f} us CPU a run, p50 "
        "{:.1f} ms, p99 {:.1f} ms, {:.1f} KB a run in flight, peak {:.0f} MB\n",
        load_.name, load_.runs, load_.in_flight, seconds, rate, us, p50, p99, kb_a_run, peak_mb());
  }

  const Load& load_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int started_ = 0, ended_ = 0, wrong_ = 0;
  std::vector<double> latencies_;
  std::string fault_;
  Runtime runtime_;  // last: its thread ends first
};

bool drive(const Load& load) { return Driver(load).run(true); }

// One conversation. Figures of a turn are medians of up to eleven turns that end there.
bool history(const Load& load, std::shared_ptr<Session> session) {
  Runtime runtime;
  RunOptions options = load.options;
  options.session = std::move(session);
  std::vector<double> wall, cpu;
  std::string json;
  for (int turn = 1; turn <= load.runs; ++turn) {
    const double cpu_before = cpu_seconds();
    const auto begin = Clock_::now();
    const RunResult result =
        runtime.start(load.agents, fmt::format("Turn {}: {}", turn, kQuestion), options).wait();
    wall.push_back(std::chrono::duration<double, std::micro>(Clock_::now() - begin).count());
    cpu.push_back((cpu_seconds() - cpu_before) * 1e6);
    if (!load.expected.met(result)) {
      fmt::print(stderr, "turn {}: {} {}\n", turn, result.reason, result.output);
      return false;
    }
    if (turn != 10 && turn != 100 && turn % 500 != 0) continue;
    const auto recent = [](const std::vector<double>& all) {
      std::vector<double> last(all.end() - std::min<std::ptrdiff_t>(11, std::ssize(all)),
                               all.end());
      return percentile(last, 0.5);
    };
    if (!load.json)
      fmt::print("{} turn {}: {:.0f} us, {:.0f} us CPU\n", load.name, turn, recent(wall),
                 recent(cpu));
    json += fmt::format(R"({}"us_{}":{:.1f},"cpu_us_{}":{:.1f})", json.empty() ? "" : ",", turn,
                        recent(wall), turn, recent(cpu));
  }
  if (load.json) fmt::print("{{{}}}\n", json);
  return true;
}

// What stands after the mode and the address.
struct Words {
  std::vector<int> numbers;
  bool memory = false, json = false;
  int letters = 0, warm = 0;

  int number(std::size_t index, int fallback) const {
    return index < numbers.size() ? numbers[index] : fallback;
  }
};

bool read(std::span<char*> words, Words& out) {
  for (const std::string_view word : words) {
    const auto value = [&](std::string_view name) {
      return std::atoi(word.substr(name.size()).data());
    };
    if (word == "memory") {
      out.memory = true;
    } else if (word == "json") {
      out.json = true;
    } else if (word.starts_with("letters=")) {
      out.letters = value("letters=");
    } else if (word.starts_with("warm=")) {
      out.warm = value("warm=");
    } else if (!word.empty() && word.find_first_not_of("0123456789") == std::string_view::npos) {
      out.numbers.push_back(value(""));
    } else {
      return fmt::print(stderr, "not understood: {}\n", word), false;
    }
  }
  return true;
}

Result<std::shared_ptr<Model>> over_http(const char* url) {
  auto client = net::HttpClient::make();
  if (!client) return std::unexpected(client.error());
  return net::make_model(url, std::move(*client),
                         [](const model::Profile&) { return net::Secret("none"); });
}

// A folder for a run's files, gone at the end.
class Folder {
 public:
  Folder() {
    path_ = std::filesystem::temp_directory_path() / fmt::format("agents_load.{}", getpid());
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path file(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

struct Mode {
  AgentTeam agents;
  Expected expected;
  int runs = 1, in_flight = 1;
};

std::optional<Mode> mode_of(const std::string& name) {
  if (name == "durable") return Mode{team(), {}, 20'000, 200};
  if (name == "waiting") return Mode{team(), {}, 10'000, 10'000};
  if (name == "session") return Mode{plain_team(), {.tool_calls = 0}, 500, 1};
  if (name == "http") return Mode{team(), {}, 20'000, 200};
  if (name == "plain" || name == "stream") return Mode{plain_team(), {.tool_calls = 0}, 2'000, 1};
  if (name == "chain") return Mode{chain_team(), {.tool_calls = 0, .handoffs = 3}, 10'000, 200};
  if (name == "history") return Mode{plain_team(), {.tool_calls = 0}, 500, 1};
  if (name == "cold") return Mode{team(), {}, 1, 1};
  return std::nullopt;
}

std::shared_ptr<testing::ScriptedModel> always_yes() {
  auto model = std::make_shared<testing::ScriptedModel>(
      [](const testing::SeenRequest&) -> Result<ModelReply> {
        return testing::says(std::string(kAnswer));
      });
  model->keep_requests(false);
  return model;
}

bool failed(const Error& error) { return fmt::print(stderr, "{}\n", error.describe()), false; }

bool run_mode(const std::string& name, const Mode& mode, const char* url, const Words& words) {
  const Folder folder;
  Load load{name,
            mode.agents,
            {},
            mode.expected,
            words.number(0, mode.runs),
            words.number(1, mode.in_flight),
            words.json};
  load.expected.letters = static_cast<std::size_t>(words.letters);
  const bool durable = !words.memory && name != "waiting" && name != "session";
  if (durable) {
    auto store = open_sqlite_store(folder.file("journal.db"));
    if (!store) return failed(store.error());
    load.options.store = std::move(*store);
    if (name != "durable") load.name += ", durable";
  }
  if (name == "session") {
    load.options.model = always_yes();
    return history(load, make_memory_session("s"));
  }
  if (name == "waiting") {
    load.in_flight = load.runs;
    load.options.model = scripted(words.number(1, 200));
    return drive(load);
  }
  load.options.model = scripted(0);
  if (url != nullptr) {
    auto model = over_http(url);
    if (!model) return failed(model.error());
    load.options.model = std::move(*model);
  }
  if (name == "history") {
    if (!durable) return history(load, make_memory_session("s"));
    auto file = MemoryFile::open(folder.file("memory.db"));
    if (!file) return failed(file.error());
    auto session = (*file)->session("s");
    if (!session) return failed(session.error());
    return history(load, std::move(*session));
  }
  std::atomic<std::size_t> letters = 0;
  if (name == "stream") {
    load.options.on_event = [&](const RunEvent& event) {
      if (event.kind == RunEvent::Kind::kTextDelta) letters += event.text.size();
    };
  }
  if (words.warm > 0) {
    Load warm = load;
    warm.runs = words.warm;
    warm.in_flight = std::max(warm.in_flight, 20);
    if (!Driver(warm).run(false)) return false;
  }
  letters = 0;
  if (!drive(load)) return false;
  const std::size_t wanted = load.expected.letters * static_cast<std::size_t>(load.runs);
  if (name != "stream" || letters == wanted) return true;
  fmt::print(stderr, "deltas had {} letters, not {}\n", letters.load(), wanted);
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "";
  const bool own = name == "durable" || name == "waiting" || name == "session";
  const auto mode = mode_of(name);
  const int words_at = own ? 2 : 3;
  Words words;
  if (!mode || argc < words_at) {
    fmt::print(stderr,
               "usage: agents_load durable|waiting|session …, or\n"
               "       agents_load http|plain|stream|chain|history|cold URL#MODEL …\n");
    return 2;
  }
  if (!read(std::span(argv, static_cast<std::size_t>(argc))
                .subspan(static_cast<std::size_t>(words_at)),
            words))
    return 2;
  return run_mode(name, *mode, own ? nullptr : argv[2], words) ? 0 : 1;
}
