// The public faces of a run: Runtime, RunHandle, run(), resume().
#include <fmt/core.h>

#include <atomic>
#include <future>

#include "agents/loop.h"
#include "agents/run_driver.h"
#include "agents/run_words.h"
#include "base/clock.h"
#include "base/text.h"

namespace cadre {
namespace {

// Of this process; nothing but run ids depends on it.
std::uint64_t next_run_number() {
  static std::atomic<std::uint64_t> number{0};
  return ++number;
}

// Sorts by time; the number keeps ids of one process apart, however many start in a second.
std::string new_run_id(Clock& clock) {
  const std::int64_t now = clock.now_us();
  const std::uint64_t number = next_run_number();
  Rng rng(static_cast<std::uint64_t>(now) + number * 0x9e3779b97f4a7c15ULL);
  return fmt::format("{}-{}", make_run_id(now, rng.next()), number);
}

struct Begun {
  std::shared_ptr<RunHandle::State> state;
  Runtime::Loop::Job begin;
};

// A run that begins when its job runs on the loop. Without an input it is resumed.
Begun make_run(const std::shared_ptr<Runtime::Loop>& loop, const AgentTeam& team, std::string id,
               RunOptions options, std::optional<std::string> input, RunPurpose purpose = {}) {
  auto state = std::make_shared<RunHandle::State>();
  state->id = id.empty() ? new_run_id(loop->clock()) : std::move(id);
  state->loop = loop;
  auto driver = std::make_shared<RunDriver>(loop, team, std::move(options), state,
                                            std::move(purpose));
  state->driver = driver;
  return {state, [driver, loop = loop.get(), input = std::move(input)]() mutable {
            if (driver->finished()) return;  // cancelled before it began
            loop->own(driver);
            if (input) {
              driver->start(std::move(*input));
            } else {
              driver->resume();
            }
          }};
}

// On the calling thread, until the run has ended or waits for a person.
RunResult pump_run(const AgentTeam& team, const std::string& id, RunOptions options,
                   std::optional<std::string> input, RunPurpose purpose = {}) {
  auto loop = std::make_shared<Runtime::Loop>(RuntimeOptions{});
  auto [state, begin] = make_run(loop, team, id, std::move(options), std::move(input),
                                  std::move(purpose));
  loop->ask(std::move(begin));
  loop->pump([&state = state] { return state->settled(); });
  RunResult result = state->wait(std::nullopt);
  loop->stop();
  return result;
}

}  // namespace

Runtime::Runtime(RuntimeOptions options) : loop_(std::make_shared<Loop>(std::move(options))) {
  loop_->start_thread();
}

Runtime::~Runtime() { loop_->stop(); }

RunHandle Runtime::start(const AgentTeam& team, std::string input, RunOptions options) {
  std::string id = options.id;
  auto [state, begin] =
      make_run(loop_, team, std::move(id), std::move(options), std::move(input));
  loop_->ask(std::move(begin));
  return RunHandle(state);
}

RunHandle Runtime::resume(const AgentTeam& team, const std::string& run, RunOptions options) {
  auto [state, begin] = make_run(loop_, team, run, std::move(options), std::nullopt);
  loop_->ask(std::move(begin));
  return RunHandle(state);
}

RunHandle Runtime::process_task(const AgentTeam& team, const std::string& agent,
                                const AgentTask& task, RunOptions options) {
  const std::string id = options.id;
  auto [state, begin] = make_run(loop_, team, id, std::move(options), task.text,
                                 purpose_of(team, agent, task));
  loop_->ask(std::move(begin));
  return RunHandle(state);
}

RunHandle Runtime::request_handoff(const AgentTeam& team, const HandoffRequest& request,
                                   RunOptions options) {
  const std::string id = options.id;
  RunPurpose purpose = purpose_of(team, request, options);
  auto [state, begin] = make_run(loop_, team, id, std::move(options), std::string(request.task),
                                 std::move(purpose));
  loop_->ask(std::move(begin));
  return RunHandle(state);
}

RunResult process_task(const AgentTeam& team, const std::string& agent, const AgentTask& task,
                       RunOptions options) {
  const std::string id = options.id;
  return pump_run(team, id, std::move(options), task.text, purpose_of(team, agent, task));
}

RunResult request_handoff(const AgentTeam& team, const HandoffRequest& request,
                          RunOptions options) {
  const std::string id = options.id;
  RunPurpose purpose = purpose_of(team, request, options);
  return pump_run(team, id, std::move(options), std::string(request.task), std::move(purpose));
}

RunResult run(const AgentTeam& team, std::string input, RunOptions options) {
  const std::string id = options.id;
  return pump_run(team, id, std::move(options), std::move(input));
}

RunResult resume(const AgentTeam& team, const std::string& run, RunOptions options) {
  return pump_run(team, run, std::move(options), std::nullopt);
}

// ---- handles ---------------------------------------------------------------------------------

const std::string& RunHandle::id() const { return state_->id; }

RunResult RunHandle::wait(std::optional<std::chrono::milliseconds> at_most) const {
  return state_->wait(at_most);
}

RunResult RunHandle::wait_end(std::optional<std::chrono::milliseconds> at_most) const {
  return state_->wait(at_most, true);
}

void RunHandle::cancel(Cancel how, std::string reason) const {
  const auto loop = state_->loop.lock();
  if (loop == nullptr) return;
  if (!text::is_valid_utf8(reason)) reason = text::clean_utf8(reason);
  state_->resumed();  // who waits hears what comes of it
  loop->ask([weak = state_->driver, how, reason = std::move(reason)]() mutable {
    if (const auto driver = weak.lock()) driver->cancel(how, std::move(reason));
  });
}

namespace {

std::unexpected<Error> not_utf8() {
  return fail(ErrorCode::kInvalidInput, "the text is not valid UTF-8");
}

}  // namespace

// Waits for the loop's word: whether the run still takes it is known there only.
Result<void> RunHandle::State::tell(std::function<Result<void>(RunDriver&)> what) {
  const auto owner = loop.lock();
  if (owner == nullptr || driver.expired()) return run_is_over(id);
  if (owner->on_thread()) {
    const auto self = driver.lock();
    return self == nullptr ? run_is_over(id) : what(*self);
  }
  // A loop that stops drops the job, and with it the promise.
  std::promise<Result<void>> promise;
  auto answer = promise.get_future();
  owner->ask([weak = driver, what = std::move(what), promise = std::move(promise),
               run = id]() mutable {
    const auto self = weak.lock();
    promise.set_value(self == nullptr ? run_is_over(run) : what(*self));
  });
  try {
    return answer.get();
  } catch (const std::future_error&) {
    return run_is_over(id);
  }
}

Result<void> RunHandle::State::decide(const std::string& call_id, bool approved,
                                      std::string message, bool always, bool answered) {
  if (!text::is_valid_utf8(message)) return not_utf8();
  return tell([=, message = std::move(message)](RunDriver& run) mutable {
    return run.decide(call_id, approved, std::move(message), always, answered);
  });
}

Result<void> RunHandle::say(std::string text) const {
  if (!text::is_valid_utf8(text)) return not_utf8();
  return state_->tell([text = std::move(text)](RunDriver& driver) mutable {
    return driver.say(std::move(text));
  });
}

Result<void> RunHandle::subscribe(std::function<void(const RunEvent&)> subscriber) const {
  if (subscriber == nullptr) return fail(ErrorCode::kInvalidInput, "there is no subscriber");
  return state_->tell([subscriber = std::move(subscriber)](RunDriver& driver) mutable {
    return driver.subscribe(std::move(subscriber));
  });
}

Result<void> RunHandle::approve(const std::string& call_id, bool always) const {
  return state_->decide(call_id, true, {}, always, false);
}

Result<void> RunHandle::reject(const std::string& call_id, std::string message,
                               bool always) const {
  return state_->decide(call_id, false, std::move(message), always, false);
}

Result<void> RunHandle::answer(const std::string& call_id, std::string text) const {
  return state_->decide(call_id, true, std::move(text), false, true);
}

}  // namespace cadre
