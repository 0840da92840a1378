#include "faults/worker.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "faults/script.h"
#include "net/http_model.h"
#include "policy/budgeted_model.h"
#include "runtime/delivery.h"
#include "runtime/model_provider.h"
#include "runtime/runner.h"
#include "runtime/testing.h"
#include "sop/gates.h"
#include "sop/loader.h"
#include "store/sqlite_store.h"

namespace cadre::bench {
namespace {

// One write a line, so that lines of threads and of killed processes stay whole.
void add_line(const std::filesystem::path& file, const std::string& line) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const std::string whole = line + "\n";
  if (fd < 0 || ::write(fd, whole.data(), whole.size()) != std::ssize(whole)) {
    fmt::print(stderr, "cannot write {}\n", file.string());
  }
  ::close(fd);
}

class Share {
 public:
  Share(const WorkOptions& options, Plan plan) : o_(options), plan_(std::move(plan)) {}

  Result<void> open() {
    auto store = open_sqlite_store(journal_file(o_.folder));
    if (!store) return propagate(store);
    store_ = std::move(*store);
    net::HttpModelOptions http;
    http.retry.attempts_max = o_.attempts > 0 ? o_.attempts : net::kUnattendedAttempts;
    http.retry.first_wait = std::chrono::milliseconds(o_.first_wait_ms);
    http.idle = std::chrono::milliseconds(o_.idle_ms);
    http.seed = o_.seed;
    http.lost = lost_;
    for (const std::string_view scheme : {"http", "anthropic+http"}) {
      auto client = net::HttpClient::make();
      if (!client) return propagate(client);
      auto model = net::make_model(fmt::format("{}://127.0.0.1:{}/v1#fault", scheme, o_.port),
                                   std::move(*client),
                                   [](const model::Profile&) { return net::Secret("none"); }, http);
      if (!model) return propagate(model);
      models_.push_back(std::move(*model));
    }
    tools_ = std::make_shared<ToolRegistry>();
    for (auto tool : {make_deliver_tool(), tool_of("note_part", ToolEffect::kIdempotent, "NOTED"),
                      tool_of("publish", ToolEffect::kExternal, "PUBLISHED")}) {
      if (auto added = tools_->add(std::move(tool)); !added) return added;
    }
    return {};
  }

  void run_all() {
    std::vector<std::jthread> threads;
    for (int i = 0; i < o_.in_flight; ++i) {
      threads.emplace_back([this] {
        for (int run = next_++; run < o_.last - o_.first; run = next_++) one(o_.first + run);
      });
    }
  }

 private:
  // What a run spent so far, by its journal.
  Result<bool> earlier(int run, policy::Spending& spending) const {
    auto journal = store_->read(run_id(run));
    if (!journal) return propagate(journal);
    BudgetUse use;
    for (const Event& event : journal->events) {
      if (event.kind != EventKind::kModelCallEnded) continue;
      use.model_calls++;
      const Json* tokens = json::find(event.body, "tokens");
      if (tokens == nullptr) continue;
      const Usage usage = usage_from_json(*tokens);
      use.tokens += usage.input_tokens.value_or(0) + usage.output_tokens.value_or(0);
    }
    spending.count_earlier(use);
    return !journal->events.empty();
  }

  std::shared_ptr<TaskTool> tool_of(std::string name, ToolEffect effect, std::string_view word) {
    return std::make_shared<testing::FunctionTool>(
        name, effect,
        [this, name, word](const Json&, const TaskToolContext& context) -> Result<Json> {
          add_line(tools_file(o_.folder),
                   fmt::format("{} {} {}#{}/{}/{}", name, context.run, context.task->stage,
                               context.task->round, context.task->id, context.call_id));
          return Json(fmt::format("{}-OK", word));
        });
  }

  void one(int run) {
    for (int pass = 0; pass <= o_.resumes_max; ++pass) {
      if (go(run, pass)) return;
    }
  }

  // False: it stopped because the model did not answer.
  bool go(int run, int pass) {
    const auto begin = std::chrono::steady_clock::now();
    const auto spending = std::make_shared<policy::Spending>(limits_of(run, o_));
    const auto begun = earlier(run, *spending);
    policy::BudgetedOptions budget;
    budget.spending = spending;
    budget.output_tokens = 400;
    budget.lost = lost_;
    RunnerParts parts;
    parts.store = store_;
    parts.provider = make_model_provider(
        policy::make_budgeted_model(models_[static_cast<std::size_t>(run) % models_.size()],
                                    std::move(budget)),
        tools_);
    parts.tools = tools_;
    parts.gates = make_gate_keeper({plan_.artifact_schemas, {}});
    parts.clock = std::make_shared<SystemClock>();
    parts.seed = o_.seed;
    parts.pause_when_unavailable = true;
    Runner runner(std::move(parts));
    Result<RunOutcome> outcome =
        begun && *begun ? runner.resume_run(run_id(run), resume_options())
                        : runner.start_run(plan_, order_mark(run), run_options(run));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    const bool paused = !outcome && outcome.error().code == ErrorCode::kUnavailable;
    const BudgetUse used = spending->used();
    const BudgetLimits& limits = spending->limits().budget;
    add_line(results_file(o_.folder),
             json::write(JsonObject{
                 {"run", run},
                 {"pass", pass},
                 {"resumed", begun && *begun},
                 {"status", outcome ? outcome->status : paused ? "paused" : "error"},
                 {"why", outcome ? outcome->reason : outcome.error().describe()},
                 {"seconds", took.count()},
                 {"calls", used.model_calls},
                 {"calls_limit", limits.model_calls.value_or(0)},
                 {"tokens", used.tokens},
                 {"tokens_limit", limits.tokens.value_or(0)}}));
    return !paused;
  }

  RunOptions run_options(int run) const {
    RunOptions options;
    options.run = run_id(run);
    options.work_dir = o_.folder / "work";
    return options;
  }
  ResumeOptions resume_options() const {
    ResumeOptions options;
    options.work_dir = o_.folder / "work";
    options.unknown = UnknownPolicy::kTellAgent;
    return options;
  }

  const WorkOptions o_;
  const Plan plan_;
  std::shared_ptr<Store> store_;
  std::shared_ptr<net::LostUsage> lost_ = std::make_shared<net::LostUsage>();
  std::vector<std::shared_ptr<Model>> models_;
  std::shared_ptr<ToolRegistry> tools_;
  std::atomic<int> next_ = 0;
};

}  // namespace

policy::SpendingLimits limits_of(int run, const WorkOptions& options) {
  policy::SpendingLimits limits;
  limits.budget.model_calls = 150;
  limits.budget.tokens = 600'000;
  if (run < options.tight_from) return limits;
  Rng rng(options.seed * 1'000'003 + static_cast<std::uint64_t>(run));
  if (run % 2 == 0) {
    limits.budget.model_calls = 3 + static_cast<std::int64_t>(rng.below(8));
  } else {
    limits.budget.tokens = 2'000 + static_cast<std::int64_t>(rng.below(12'000));
  }
  return limits;
}

std::filesystem::path journal_file(const std::filesystem::path& folder) {
  return folder / "journal.db";
}
std::filesystem::path tools_file(const std::filesystem::path& folder) {
  return folder / "tools.log";
}
std::filesystem::path results_file(const std::filesystem::path& folder) {
  return folder / "results.jsonl";
}

int work(const WorkOptions& options) {
  auto plan = load_sop(options.sop.string(), {.tools = {"note_part", "publish"}});
  if (!plan) return fmt::print(stderr, "{}\n", plan.error().describe()), 1;
  Share share(options, std::move(*plan));
  if (auto opened = share.open(); !opened) {
    return fmt::print(stderr, "{}\n", opened.error().describe()), 1;
  }
  share.run_all();
  return 0;
}

}  // namespace cadre::bench
