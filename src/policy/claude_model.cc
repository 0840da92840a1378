#include "policy/claude_model.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

#include "net/lines.h"
#include "policy/claude_wire.h"
#include "process/process.h"

namespace cadre::policy {
namespace {

constexpr const char* kInstall =
    "install Claude Code (npm install -g @anthropic-ai/claude-code) and sign in, or name another "
    "model";

class ClaudeModel final : public Model {
 public:
  explicit ClaudeModel(ClaudeOptions options) : options_(std::move(options)) {}

  ~ClaudeModel() override {
    ending_.request_stop();
    std::list<Worker> workers;
    {
      const std::lock_guard lock(mutex_);
      workers.swap(workers_);
    }
    for (Worker& worker : workers) {
      // A callback may hold the last reference; it cannot wait for its own thread.
      if (worker.thread.get_id() == std::this_thread::get_id()) {
        worker.thread.detach();
      } else {
        worker.thread.join();
      }
    }
  }

  std::string name() const override {
    return options_.model.empty() ? "claude-code" : "claude-code:" + options_.model;
  }

  void start(const ModelRequest& request, std::stop_token stop, OnDelta delta,
             OnDone done) override {
    auto call = claude_call(
        request, request.model.empty() ? std::string_view(options_.model) : request.model);
    if (!call) return done(propagate(call));
    if (!request.stream) delta = nullptr;
    const std::lock_guard lock(mutex_);
    reap();
    workers_.emplace_back();
    Worker& worker = workers_.back();
    worker.thread = std::thread([this, call = std::move(*call), stop = std::move(stop),
                                 delta = std::move(delta), done = std::move(done),
                                 over = worker.over]() mutable {
      auto reply = work(call, stop, delta);
      delta = nullptr;
      over->store(true);  // before `done`, which may destroy us
      std::exchange(done, nullptr)(std::move(reply));
    });
  }

 private:
  struct Worker {
    std::thread thread;
    std::shared_ptr<std::atomic<bool>> over = std::make_shared<std::atomic<bool>>(false);
  };

  void reap() {
    for (auto it = workers_.begin(); it != workers_.end();) {
      if (it->over->load()) {
        it->thread.detach();  // it is about to end
        it = workers_.erase(it);
      } else {
        ++it;
      }
    }
  }

  // One of the places for a process, or nothing when the call was stopped meanwhile.
  bool take_place(const std::stop_token& stop) {
    std::unique_lock lock(places_mutex_);
    if (!places_free_.wait(lock, stop, [this] { return running_ < options_.processes; }))
      return false;
    ++running_;
    return true;
  }
  void leave_place() {
    {
      const std::lock_guard lock(places_mutex_);
      --running_;
    }
    places_free_.notify_one();
  }

  Result<ModelReply> work(const ClaudeCall& call, const std::stop_token& stop,
                          const OnDelta& delta) {
    std::stop_source both;
    const std::stop_callback by_caller(stop, [&] { both.request_stop(); });
    const std::stop_callback by_end(ending_.get_token(), [&] { both.request_stop(); });
    const auto cancelled = [] {
      return fail(ErrorCode::kCancelled, "the model call was cancelled");
    };
    if (!take_place(both.get_token())) return cancelled();
    ClaudeStream stream(call);
    net::LineSplitter lines([&](std::string_view line) { stream.line(line, delta); });
    Result<void> fed;
    ProcessOptions process;
    process.argv = {options_.program.string()};
    process.argv.insert(process.argv.end(), call.arguments.begin(), call.arguments.end());
    process.env = options_.environment;
    process.cwd = "/";  // not the user's project: nothing there is read
    process.stdin_text = call.input;
    process.timeout = options_.timeout;
    process.stop = both.get_token();
    process.output_bytes_total_max = 64U << 20U;
    process.on_out = [&](std::string_view bytes) {
      if (fed) fed = lines.feed(bytes);
    };
    auto ended = run_process(process);
    leave_place();
    if (!ended) {
      return fail(ErrorCode::kUnavailable, "Claude Code was not started: " + ended.error().message,
                  kInstall);
    }
    if (ended->cancelled) return cancelled();
    if (!fed) return propagate(fed);
    lines.finish();
    if (ended->timed_out) {
      return fail(
          ErrorCode::kUnavailable,
          fmt::format("Claude Code did not answer within {} s", options_.timeout.count() / 1000),
          "try again, or ask for less");
    }
    if (!ended->limit.empty())
      return fail(ErrorCode::kExhausted, "Claude Code was stopped: " + ended->limit);
    return stream.finish(ended->exit_code, ended->err);
  }

  const ClaudeOptions options_;
  std::stop_source ending_;
  std::mutex mutex_;
  std::list<Worker> workers_;
  std::mutex places_mutex_;
  std::condition_variable_any places_free_;
  int running_ = 0;
};

}  // namespace

Result<std::shared_ptr<Model>> make_claude_model(ClaudeOptions options) {
  if (options.program.empty() || ::access(options.program.c_str(), X_OK) != 0) {
    return fail(
        ErrorCode::kUnavailable,
        options.program.empty()
            ? std::string("the program claude is not installed")
            : fmt::format("the program {} is not there or cannot be run", options.program.string()),
        kInstall);
  }
  return std::make_shared<ClaudeModel>(std::move(options));
}

}  // namespace cadre::policy
