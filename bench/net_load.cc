// net_load MODEL IN_FLIGHT RUNS [stream]: runs of an agent's shape (call, tool result, final text)
// through the whole model stack, so many at a time, and what one model call costs this process.
// Goals: at 1,000 in flight with 200 ms a call >= 2,300 runs/s; <= 40 us CPU an exchange on
// loopback; 10,000 in flight within 200 MB.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <future>

#include "net/http_model.h"

namespace {

using namespace cadre;

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

double cpu_s() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

double rss_mb() {
  std::ifstream status("/proc/self/statm");
  long pages = 0, resident = 0;
  status >> pages >> resident;
  return static_cast<double>(resident) * 4096 / 1e6;
}

class Load {
 public:
  Load(std::shared_ptr<Model> model, int runs, bool stream)
      : model_(std::move(model)), left_(runs), runs_(runs), stream_(stream) {
    ToolSpec tool;
    tool.name = "get_weather";
    tool.description = "The weather of a city.";
    tool.parameters = *json::parse(
        R"({"type":"object","properties":{"city":{"type":"string"}},"required":["city"],
           "additionalProperties":false})");
    tools_.push_back(std::make_shared<const ToolSpec>(std::move(tool)));
  }

  // True when all runs ended well.
  bool run(int in_flight, bool print) {
    const double cpu = cpu_s(), start = now_s();
    for (int i = 0; i < in_flight; ++i) next();
    over_.get_future().wait();
    const double seconds = now_s() - start, used = cpu_s() - cpu;
    if (!print) return failed_ == 0;
    std::sort(times_.begin(), times_.end());
    const auto at = [&](double share) {
      return times_[static_cast<std::size_t>(share * static_cast<double>(times_.size() - 1))] * 1e3;
    };
    const double calls = 2.0 * runs_;
    fmt::print(R"({{"in_flight":{},"runs":{},"failed":{},"runs_per_s":{:.0f},)"
               R"("exchanges_per_s":{:.0f},"cpu_us_per_exchange":{:.1f},"p50_ms":{:.1f},"p99_ms":{:.1f},"deltas":{},)"
               R"("rss_mb":{:.0f}}})"
               "\n",
               in_flight, runs_, failed_, runs_ / seconds, calls / seconds, used / calls * 1e6,
               at(0.5), at(0.99), deltas_, peak_mb_);
    return failed_ == 0;
  }

 private:
  struct Run {
    History history;
    double start = now_s();
  };

  void next() {
    if (left_.fetch_sub(1) <= 0) return;
    auto run = std::make_shared<Run>();
    (void)run->history.add_message({Speaker::kUser, "The weather in Paris?", "", false, {}});
    call(std::move(run));
  }

  void call(std::shared_ptr<Run> run) {
    ModelRequest request;
    request.instructions = "You are a helpful assistant. Use the tools.";
    request.items = run->history.items();
    request.tools = tools_;
    request.stream = stream_;
    Model::OnDelta show;
    if (stream_) show = [this](const ModelDelta&) { ++deltas_; };
    model_->start(request, {}, show, [this, run](Result<ModelReply> reply) {
      if (!reply) return end(*run, false);
      const bool calls = reply->finish == "tool_calls";
      (void)run->history.add_reply(std::move(reply->items));
      if (!calls) return end(*run, true);
      const auto& asked = std::get<ToolCallItem>(*run->history.items().back());
      (void)run->history.add_result({asked.id, "sunny, 22 C", true});
      call(run);
    });
  }

  void end(const Run& run, bool well) {
    if (!well) ++failed_;
    times_.push_back(now_s() - run.start);
    if (times_.size() % 5000 == 1) peak_mb_ = std::max(peak_mb_, rss_mb());
    next();
    if (static_cast<int>(times_.size()) == runs_) over_.set_value();
  }

  std::shared_ptr<Model> model_;
  std::vector<std::shared_ptr<const ToolSpec>> tools_;
  std::atomic<int> left_;
  const int runs_;
  const bool stream_;
  int failed_ = 0;
  long deltas_ = 0;
  double peak_mb_ = 0;
  std::vector<double> times_;
  std::promise<void> over_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    fmt::print(stderr, "usage: net_load MODEL IN_FLIGHT RUNS [stream]\n");
    return 2;
  }
  std::shared_ptr<net::HttpClient> client = std::move(*net::HttpClient::make());
  auto model = net::make_model(argv[1], client, nullptr);
  if (!model) {
    fmt::print(stderr, "{}\n", model.error().describe());
    return 2;
  }
  const int in_flight = std::atoi(argv[2]), runs = std::atoi(argv[3]);
  Load(*model, std::max(in_flight, 100), false).run(in_flight, false);  // warm-up
  return Load(*model, runs, argc > 4).run(in_flight, true) ? 0 : 1;
}
