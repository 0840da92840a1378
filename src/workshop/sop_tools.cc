// The program's own tools as tools of an SOP's roles.
#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/text.h"
#include "cadre/agent.h"
#include "cadre/sop.h"
#include "cadre/tool.h"
#include "runtime/tool.h"
#include "runtime/tools/arguments.h"

namespace cadre {
namespace {

// Asks a call to stop when its time is over, or when the run's stop is asked.
class CallTimer {
 public:
  CallTimer(const std::stop_token& run, std::chrono::milliseconds limit)
      : link_(run, [this] { stop_.request_stop(); }) {
    if (limit.count() <= 0) return;
    thread_ = std::jthread([this, limit](const std::stop_token& over) {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, over, limit, [] { return false; });
      if (over.stop_requested()) return;
      late_ = true;
      stop_.request_stop();
    });
  }

  std::stop_token token() const { return stop_.get_token(); }
  // Whether it took too long; the timer ends here.
  bool late() {
    if (thread_.joinable()) {
      thread_.request_stop();
      thread_.join();
    }
    return late_;
  }

 private:
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> link_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool late_ = false;
  std::jthread thread_;
};

std::string fitted(const std::string& output, std::size_t most) {
  if (output.size() <= most) return output;
  return fmt::format("{}\n[cut: {} of {} bytes]", text::shorten(output, most), most, output.size());
}

class ProgramTool final : public TaskTool {
 public:
  explicit ProgramTool(Tool tool) : tool_(std::move(tool)) {}

  std::string name() const override { return tool_.name; }
  std::string description() const override { return tool_.description; }
  Json parameters() const override {
    if (json::find(tool_.parameters, "type") != nullptr) return tool_.parameters;
    return JsonObject{{"type", "object"}, {"properties", tool_.parameters}};
  }
  ToolEffect effect() const override { return tool_.options.effect; }

  Result<Json> run(const Json& arguments, const TaskToolContext& context) override {
    const Json& schema = tool_.accepted ? *tool_.accepted : tool_.parameters;
    if (auto good = check_arguments(tool_.name, schema, arguments); !good) return propagate(good);
    const auto limit = tool_.options.timeout.value_or(kToolTimeout);
    CallTimer timer(context.stop, limit);
    RunContext who;
    who.run = context.run;
    who.agent = context.task->role;
    who.call_id = context.call_id;
    who.stop = timer.token();
    auto output = tool_.function(arguments, who);
    if (timer.late()) {
      return fail(ErrorCode::kExhausted,
                  fmt::format("{} took longer than {} ms", tool_.name, limit.count()));
    }
    if (!output) return propagate(output);
    return Json(fitted(text::clean_utf8(*output), tool_.options.output_max));
  }

 private:
  const Tool tool_;
};

Result<void> check_options(const Tool& tool) {
  const ToolOptions& options = tool.options;
  const char* what = options.approval == Approval::kAsk || options.needs_approval ? "kAsk"
                     : options.enabled                                            ? "enabled"
                     : options.ends_run                                           ? "ends_run"
                     : options.fatal                                              ? "fatal"
                     : !options.input_guardrails.empty() || !options.output_guardrails.empty()
                         ? "guardrails"
                     : !tool.agent.empty() ? "an agent as a tool"
                                           : nullptr;
  if (what == nullptr) return {};
  return fail(
      ErrorCode::kInvalidInput,
      fmt::format("the tool {} cannot be an SOP's: {} means nothing there", tool.name, what),
      "leave it away; Approval::kAlways and an ApprovalPolicy say what a person is asked");
}

}  // namespace

Result<void> SopTools::add(const Tool& tool) {
  // The same checks as for an agent's tools.
  if (auto team = make_team({Agent{.name = "role", .instructions = "-", .tools = {tool}}}); !team)
    return propagate(team);
  if (auto good = check_options(tool); !good) return good;
  if (std::ranges::any_of(tools_, [&](const auto& one) { return one->name() == tool.name; }))
    return fail(ErrorCode::kConflict, fmt::format("there are two tools named {}", tool.name));
  tools_.push_back(std::make_shared<ProgramTool>(tool));
  if (tool.options.approval == Approval::kAlways) asked_for_.push_back(tool.name);
  return {};
}

}  // namespace cadre
