// Runs of agents: start, watch, steer, wait; resume after a crash.
//
//   auto team = cadre::make_team({agent}).value();
//   cadre::RunResult result = cadre::run(team, "How is the weather in Oslo?", {.model = model});
//
// Everything that happens is journalled first when a store is given: a run that was killed is
// resumed with resume() and repeats nothing that has ended. A Runtime carries any number of runs
// on one loop thread; user code and tools run on its workers. All functions are thread-safe;
// subscribers and hooks are called from the loop's thread and must return quickly.
#pragma once

#include <any>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "cadre/agent.h"
#include "cadre/budget.h"
#include "core/approval_policy.h"
#include "core/event.h"
#include "memory/run_memory.h"
#include "memory/session.h"
#include "model/model.h"
#include "store/store.h"

namespace cadre {

// What a subscriber sees, in order.
struct RunEvent {
  enum class Kind : std::uint8_t {
    kAgentStarted,
    kAgentEnded,
    kModelStarted,
    kModelEnded,
    kTextDelta,
    kReasoningDelta,
    kMessage,
    kToolStarted,
    kToolEnded,
    kHandoffRequested,
    kHandoffAccepted,
    kHandoffRefused,
    kGuardrail,
    kApprovalRequested,
    kApprovalDecided,
    kNote,
    kRunEnded
  };
  Kind kind = Kind::kNote;
  std::string_view agent;
  std::string_view path;     // of the frame: "" the conversation itself
  std::string_view call_id;  // of a call
  std::string_view tool;     // of a call, a handoff; a guardrail's name
  std::string_view text;     // delta, message, output, arguments, reason
  bool ok = true;
};

struct RunResult;

struct RunOptions {
  std::shared_ptr<Model> model{};      // for agents that name none
  std::shared_ptr<Session> session{};  // the conversation is taken from and added to it
  std::size_t session_items = 0;     // how many of its last items are read; 0: all
  std::shared_ptr<Store> store{};      // the journal; unset: the run lives in memory only
  // What the team remembers: before the run, and before each agent that is used as a tool, what is
  // known of it is put before the model as data, within the memory's token budget; answers,
  // failures, handoffs and lessons are kept. What was given is in the journal. Without `session`
  // the conversation is kept in the memory's, and of it only the last ten exchanges are read, as
  // part of what is known.
  std::shared_ptr<RunMemory> memory{};
  std::string id{};                    // unset: made from the clock
  std::string title{};                 // in lists of runs; unset: the input's first words
  std::shared_ptr<Budget> budget{};
  std::int64_t tokens_per_call = 0;  // reserved before each model call; 0: only calls are reserved
  // Of the money of a call; unset: money is not counted.
  std::function<double(const Usage&)> price{};
  std::chrono::milliseconds deadline{3'600'000};  // of the whole run; 0: none
  LoopLimits limits{};            // none of them below zero
  bool stream = false;  // ask models for deltas even without a subscriber
  std::any data{};        // for user code: RunContext::get
  std::function<void(const RunEvent&)> on_event{};
  // Once, when the run has ended and its end is durable; before wait() returns. Not for a run that
  // waits for a person. What it throws is dropped.
  std::function<void(const RunResult&)> on_end{};
  // The last word before each model call: may change what is sent, not what is kept.
  std::function<std::vector<ItemPtr>(std::span<const ItemPtr>, const RunContext&)> input_filter{};
  // Decides in a person's name which tools and handoffs need nobody's word: "tool:NAME",
  // "handoff:SOURCE->TARGET". Deny wins; what no rule matches is asked of a person.
  std::shared_ptr<const ApprovalPolicy> policy{};
  // For a failure of LoopLimits::recover: an answer in its place, or nothing. Not for a run that
  // was cancelled or is late: that ends at once.
  std::function<std::optional<std::string>(RunStatus, const std::string& reason, const RunContext&)>
      recover{};
};

struct PendingApproval {
  std::string call_id{}, agent{}, tool{}, arguments{};
};

struct RunResult {
  std::string run{};
  RunStatus status = RunStatus::kInternal;
  std::string output{};  // the answer, or what a guardrail put in its place
  std::string reason{};  // of a status other than kDone
  // Why it did not start, as an error: kConflict when another run has the session, or has written
  // to it since this one was interrupted.
  std::optional<Error> error{};
  std::string agent{};   // who gave the answer
  std::vector<ItemPtr> new_items{};
  // Not empty, with status kRunning: the run waits for a person.
  std::vector<PendingApproval> approvals{};
  Usage usage{};
  int turns = 0;
  // Calls that were made: not those that the budget refused, nor those of a tool whose arguments
  // were not valid.
  int model_calls = 0, tool_calls = 0;
  int handoffs_requested = 0, handoffs_accepted = 0, handoffs_refused = 0;

  bool done() const { return status == RunStatus::kDone; }
  // The answer as a T of Agent::output = typed<T>().
  template <class T>
  Result<T> as() const {
    auto value = json::parse(output);
    if (!value) return std::unexpected(value.error());
    return output_from_json<T>(*value);
  }
};

enum class Cancel : std::uint8_t { kNow, kAfterTurn };  // see RunHandle::cancel

// A run that is under way. Copies name the same run; letting go of it does not stop it.
class RunHandle {
 public:
  class State;
  explicit RunHandle(std::shared_ptr<State> state) : state_(std::move(state)) {}

  const std::string& id() const;
  // Until it has ended or waits for a person, or until `at_most` is over (status kRunning then).
  RunResult wait(std::optional<std::chrono::milliseconds> at_most = std::nullopt) const;
  // Until it has ended, also while it waits for a person (`approvals`, when `at_most` is over).
  // A decision that another process writes into its journal (`cadre approve`, decide_call) is seen
  // within half a second.
  RunResult wait_end(std::optional<std::chrono::milliseconds> at_most = std::nullopt) const;
  // kNow: at once, also while a person is asked. kAfterTurn: when the turn has ended, all its calls
  // with it; one that waits for a person keeps the turn open until it is decided or answered.
  void cancel(Cancel how = Cancel::kNow, std::string reason = "cancelled by the user") const;
  // Tells from now on what happens, as RunOptions::on_event is told; deltas from the next model
  // call on. A subscriber that throws is not told anything more. kNotFound when the run has ended.
  Result<void> subscribe(std::function<void(const RunEvent&)> subscriber) const;
  // The user says something more: enters before the next model call. kNotFound when the run has
  // ended: then nobody reads it.
  Result<void> say(std::string text) const;
  // kNotFound for a call that does not wait; kInvalidInput for a question that is approved, and for
  // what is no question and is answered. `always` decides the same agent's later calls of the tool,
  // too; another agent's tool of that name is asked for by itself.
  Result<void> approve(const std::string& call_id, bool always = false) const;
  Result<void> reject(const std::string& call_id, std::string message, bool always = false) const;
  // The answer to a call of ask_user_tool().
  Result<void> answer(const std::string& call_id, std::string text) const;

 private:
  std::shared_ptr<State> state_;
};

struct RuntimeOptions {
  int workers = 16;  // threads for tools and user code, started on demand; at least one
  std::shared_ptr<Clock> clock{};  // unset: the system's
};

struct AgentTask;

class Runtime {
 public:
  explicit Runtime(RuntimeOptions options = {});
  ~Runtime();  // runs that are under way are left as they are: resumable when they have a store
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  // Faults of the options are in the handle's result.
  RunHandle start(const AgentTeam& team, std::string input, RunOptions options = {});
  // Goes on from the journal in options.store. Tool calls that had begun and whose end was not
  // recorded run again when pure or idempotent; others are answered as unknown. A run that has
  // ended gives its result again.
  RunHandle resume(const AgentTeam& team, const std::string& run, RunOptions options);
  // See <cadre/task.h>.
  RunHandle process_task(const AgentTeam& team, const std::string& agent, const AgentTask& task,
                         RunOptions options = {});
  RunHandle request_handoff(const AgentTeam& team, const HandoffRequest& request,
                            RunOptions options = {});

  class Loop;

 private:
  std::shared_ptr<Loop> loop_;
};

// One run, on the calling thread: no loop thread is started.
RunResult run(const AgentTeam& team, std::string input, RunOptions options = {});
RunResult resume(const AgentTeam& team, const std::string& run, RunOptions options);

// A tool by which an agent asks its user: the run waits for RunHandle::answer.
Tool ask_user_tool();

}  // namespace cadre
