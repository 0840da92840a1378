#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "base/text.h"

namespace cadre::cli {
namespace {

// What a gate says; one whose figures this kind of project cannot have neither passed nor failed.
const char* gate_word(const Json& body) {
  const Json* measured = json::find(body, "measured");
  if (measured != nullptr && !json::get_bool(*measured, "applicable", true))
    return "not applicable";
  return json::get_bool(body, "passed") ? "passed" : "FAILED";
}

using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

std::string handoff_line(const Event& event) {
  const std::string source = json::get_string(event.body, "source");
  const std::string target = json::get_string(event.body, "target");
  const std::string reason = json::get_string(event.body, "reason");
  const bool accepted = event.kind == EventKind::kHandoffAccepted;
  return fmt::format("handoff {} -> {}: {}{}", source, target, accepted ? "accepted" : "refused",
                     accepted || reason.empty() ? "" : ", " + reason);
}

class Silent final : public Progress {
 public:
  void on_event(const Event&) override {}
  void finish() override {}
};

// One line for each thing worth telling; stable enough to be read by scripts.
class Plain final : public Progress {
 public:
  explicit Plain(const Console& console) : console_(console) {}

  void on_event(const Event& event) override {
    const std::string line = describe(event);
    if (line.empty()) return;
    const std::lock_guard lock(mutex_);
    console_.print(fmt::format("[{:7.2f} s] {}\n", seconds_since(start_), line));
  }
  void finish() override {}

 private:
  static std::string describe(const Event& event) {
    const auto say = [&](const char* key) { return json::get_string(event.body, key); };
    const auto round = json::get_int(event.body, "round", 1);
    const std::string again = round > 1 ? fmt::format(" (round {})", round) : "";
    switch (event.kind) {
      case EventKind::kHandoffAccepted:
      case EventKind::kHandoffRefused: return handoff_line(event);
      case EventKind::kStageStarted:
        return fmt::format("stage {} started by {}{}", say("stage"), say("role"), again);
      case EventKind::kStageEnded:
        return fmt::format("stage {} {}{}", say("stage"), say("status"), again);
      case EventKind::kToolCallStarted:
        return fmt::format("tool {} ({})", say("tool"), say("stage"));
      case EventKind::kGateEnded:
        return fmt::format("gate {} {}", say("gate"), gate_word(event.body));
      case EventKind::kApprovalRequested:
        return fmt::format("waits for a person: {} {}: {}", say("approval"), say("subject"),
                           say("question"));
      case EventKind::kApprovalDecided:
        return fmt::format("{} {} by {}", say("approval"),
                           json::get_bool(event.body, "approved") ? "approved" : "rejected",
                           say("by"));
      case EventKind::kNote: return say("text").empty() ? "" : "note: " + say("text");
      case EventKind::kBudget: return fmt::format("budget: {}", say("reason"));
      case EventKind::kRunInterrupted: return "interrupted";
      case EventKind::kRunResumed: return "resumed";
      default: return {};
    }
  }

  Console console_;
  SteadyClock::time_point start_ = SteadyClock::now();
  std::mutex mutex_;
};

// Redraws a block of lines in place, at events and five times a second for the clocks.
class Live final : public Progress {
 public:
  Live(const Console& console, const Plan& plan) : console_(console) {
    for (const StageSpec& stage : plan.stages) rows_.push_back({stage.id, stage.role});
    ticker_ = std::jthread([this](std::stop_token stop) { tick(stop); });
  }
  ~Live() override { finish(); }

  void on_event(const Event& event) override {
    const std::lock_guard lock(mutex_);
    take(event);
    draw();
  }

  void finish() override {
    ticker_.request_stop();
    wake_.notify_all();
    if (ticker_.joinable()) ticker_.join();
    const std::lock_guard lock(mutex_);
    if (!finished_) draw();
    finished_ = true;
  }

 private:
  struct Row {
    std::string stage, role;
    std::string status = "waiting";
    SteadyClock::time_point since = {};
    double seconds = 0;
    std::int64_t round = 1;
    int tasks = 0, tasks_done = 0, gates_passed = 0, gates_failed = 0;
    std::map<std::string, int> tools = {};  // running, by name
  };

  void tick(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      wake_.wait_for(lock, std::chrono::milliseconds(200));
      if (!stop.stop_requested()) draw();
    }
  }

  Row* row_of(const Event& event) {
    const std::string stage = json::get_string(event.body, "stage");
    const auto it =
        std::find_if(rows_.begin(), rows_.end(), [&](const Row& r) { return r.stage == stage; });
    return it == rows_.end() ? nullptr : &*it;
  }

  void take(const Event& event) {
    if (event.kind == EventKind::kHandoffAccepted || event.kind == EventKind::kHandoffRefused) {
      (event.kind == EventKind::kHandoffAccepted ? accepted_ : refused_) += 1;
    }
    Row* row = row_of(event);
    if (row == nullptr) return;
    const std::string tool = json::get_string(event.body, "tool");
    switch (event.kind) {
      case EventKind::kStageStarted:
        *row = Row{row->stage, row->role};
        row->status = "working";
        row->since = SteadyClock::now();
        row->round = json::get_int(event.body, "round", 1);
        break;
      case EventKind::kStageEnded:
        row->status = json::get_string(event.body, "status");
        row->seconds = seconds_since(row->since);
        break;
      case EventKind::kAgentStarted: ++row->tasks; break;
      case EventKind::kAgentEnded: ++row->tasks_done; break;
      case EventKind::kToolCallStarted: ++row->tools[tool]; break;
      case EventKind::kToolCallEnded:
        if (--row->tools[tool] <= 0) row->tools.erase(tool);
        break;
      case EventKind::kGateEnded:
        ++(json::get_bool(event.body, "passed") ? row->gates_passed : row->gates_failed);
        break;
      default: break;
    }
  }

  static std::string line_of(const Row& row) {
    const bool working = row.status == "working";
    const char* mark = working                   ? "\x1b[36m▸\x1b[0m"
                       : row.status == "done"    ? "\x1b[32m✓\x1b[0m"
                       : row.status == "waiting" ? "·"
                                                 : "\x1b[31m✗\x1b[0m";
    std::string line = fmt::format("{} {:<14} {:<16} ", mark, row.stage, row.role);
    if (row.status == "waiting") return line + "waiting";
    line += fmt::format("{:6.2f} s", working ? seconds_since(row.since) : row.seconds);
    if (row.round > 1) line += fmt::format("  round {}", row.round);
    if (row.tasks > 1 || working) line += fmt::format("  tasks {}/{}", row.tasks_done, row.tasks);
    if (row.gates_passed + row.gates_failed > 0) {
      line += fmt::format("  gates {}/{}", row.gates_passed, row.gates_passed + row.gates_failed);
    }
    for (const auto& [tool, count] : row.tools) line += fmt::format("  {}×{}", tool, count);
    return line;
  }

  void draw() {
    std::string out;
    if (drawn_ > 0) out += fmt::format("\x1b[{}A", drawn_);
    for (const Row& row : rows_) out += "\x1b[2K" + line_of(row) + "\n";
    out += fmt::format("\x1b[2K  {:.1f} s, {} handoffs accepted, {} refused\n",
                       seconds_since(start_), accepted_, refused_);
    drawn_ = static_cast<int>(rows_.size()) + 1;
    console_.print(out);
  }

  Console console_;
  std::vector<Row> rows_;
  SteadyClock::time_point start_ = SteadyClock::now();
  int accepted_ = 0, refused_ = 0;
  int drawn_ = 0;
  bool finished_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::jthread ticker_;
};

}  // namespace

std::unique_ptr<Progress> make_progress(const Console& console, const Plan& plan) {
  if (console.quiet || console.json) return std::make_unique<Silent>();
  if (console.terminal) return std::make_unique<Live>(console, plan);
  return std::make_unique<Plain>(console);
}

}  // namespace cadre::cli
