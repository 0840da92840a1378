// One run of agents on a loop: feeds outcomes to the core, journals, carries out its commands.
//
// All members are used on the loop's thread only, except `state`, which is what handles see.
// What runs elsewhere holds the driver by shared_ptr and comes back by Loop::post.
#pragma once

#include <chrono>
#include <condition_variable>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "agents/loop.h"
#include "agents/run_notes.h"
#include "agents/run_purpose.h"
#include "agents/team.h"
#include "core/agent_journal.h"
#include "core/agent_loop.h"

namespace cadre {

class RunDriver;

// Adds up; what one part does not tell, the sum does not.
void add_usage(Usage& sum, const Usage& usage, bool first);

// What a RunHandle holds.
class RunHandle::State {
 public:
  std::string id;
  std::weak_ptr<Runtime::Loop> loop;
  std::weak_ptr<RunDriver> driver;

  void publish(RunResult result, bool ended);
  void resumed();  // a person has decided: it does not wait any more
  // `to_end`: also while it waits for a person.
  RunResult wait(std::optional<std::chrono::milliseconds> at_most, bool to_end = false);
  bool settled();
  bool ended();
  Result<void> decide(const std::string& call_id, bool approved, std::string message, bool always,
                      bool answered);
  // Runs `what` on the loop's thread and gives what it gives; kNotFound when the run is gone.
  Result<void> tell(std::function<Result<void>(RunDriver&)> what);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<RunResult> result_;
  bool ended_ = false;
};

class RunDriver : public std::enable_shared_from_this<RunDriver> {
 public:
  RunDriver(std::shared_ptr<Runtime::Loop> loop, AgentTeam team, RunOptions options,
            std::shared_ptr<RunHandle::State> state, RunPurpose purpose = {});
  ~RunDriver();

  // Each called once, on the loop's thread.
  void start(std::string input);
  void resume();

  // The loop ends before the run does: who waits for it is told.
  void left_behind();
  void cancel(Cancel how, std::string reason);
  Result<void> say(std::string text);
  Result<void> subscribe(std::function<void(const RunEvent&)> subscriber);
  // Decides a call that waits for a person.
  Result<void> decide(const std::string& call_id, bool approved, std::string message, bool always,
                      bool answered);

  // run_elsewhere.cc. Where its journal goes on; nothing when it does not wait for a person only.
  std::optional<std::int64_t> waits_from() const;
  // What somebody else has written there since.
  void written_elsewhere(const std::vector<Event>& events);
  const std::shared_ptr<Store>& journal_store() const { return options_.store; }
  const std::string& id() const { return state_->id; }
  bool finished() const { return finished_; }

 private:
  static constexpr std::string_view kWrittenElsewhere =
      "another process has written to this run: resume() goes on with it";
  using Self = std::shared_ptr<RunDriver>;
  struct ToolFlight;
  // What the shell keeps for a frame.
  struct FrameRun {
    std::stop_source stop{std::nostopstate};
    std::vector<OfferedTool> offered;  // of this turn, when it differs from the agent's
    int turn = 0;
    std::string instructions;
    std::vector<bool> answered;        // calls of the turn that have an outcome
  };

  // run_driver.cc: the life of a run
  Result<void> check_options() const;
  Result<void> check_models() const;
  void begin(std::string input, History past, GivenContext known);
  void arm_deadline(std::chrono::nanoseconds left);
  void feed(AgentOutcome outcome, JsonObject more = {});
  void take(AgentOutcome outcome);
  void wake();
  void settle();
  void launch(const std::vector<Command>& commands);
  void run_harmless();
  void flush();
  void append_to_journal(Append append, std::size_t batch);
  Store::Ack tell_when_durable(std::size_t batch);
  void acked(std::size_t batch, const Result<void>& result);
  void publish_if_still();
  void say_that_it_waits();
  void finish();
  void leave(RunResult ended);
  void end_early(RunStatus status, std::string reason);
  void not_started(Error error);
  RunResult result();
  void write(AgentJournal::Draft draft);
  void save_session();
  std::size_t settled_items() const;
  bool may_save(std::size_t settled);
  void with_session(std::function<void(Session&, std::vector<std::string>&)> work,
                    std::function<void(const Self&)> then);

  // run_resume.cc
  struct Kept;
  void load_kept(Kept& kept);
  void fold(Kept& kept);
  Result<void> fold_start(const Event& event, Kept& kept);
  Result<void> team_is_same(const Event& start) const;
  bool session_is_same(const Kept& kept, bool folded);
  void session_changed(const Kept& kept);
  void carry_event(const Event& event, BudgetUse& used);
  void go_on();

  // run_memory.cc: what the team remembers
  Result<GivenContext> known_to(int agent, std::string_view task, bool at_start);
  Result<void> task_may_begin() const;
  void save_memory();
  bool memory_is_kept();

  // run_commands.cc: what the core asks for
  void execute(const Command& command);
  void call_model(const Command& command);
  Result<void> reserve_call(int waiting, const BudgetUse& use);
  void prepare(int frame, ModelRequest& request, std::vector<ItemPtr>& filtered);
  void start_model(const Command& command, const ModelRequest& request, BudgetUse reserved);
  void model_ended(const Command& command, BudgetUse reserved, Result<ModelReply> reply, int turn);
  std::vector<CallFacts> facts_of(const std::vector<Item>& items, int frame);
  void call_tool(const Command& command);
  void watch_tool(std::shared_ptr<ToolFlight> flight, std::shared_ptr<std::stop_source> stop,
                  const Tool& tool, int frame, int call, int turn, std::chrono::nanoseconds wait);
  void tool_ended(int frame, int call, int turn, bool ok, std::string output);
  void tool_not_called(int frame, int call, std::string why);
  void check_guardrail(const Command& command);
  const Guardrail* find_guardrail(const Command& command);
  void ask_approval(const Command& command);
  void hand_off(const Command& command);
  void open_branch(const Command& command);
  void open_agent_tool(const Command& command, std::string input);
  void watch_open_branches();
  void watch_branch(int frame, int call, std::chrono::nanoseconds wait);
  bool waits_for_person(int frame);
  void decide_tools(const Command& command);
  void recover(const Command& command);
  void abort(int frame);

  Frame& frame(int index) { return run_.frames[static_cast<std::size_t>(index)]; }
  CallState& call(int f, int c) { return frame(f).calls[static_cast<std::size_t>(c)]; }
  const CompiledAgent& agent_of(int f) {
    return team_.compiled().agents[static_cast<std::size_t>(frame(f).agent)];
  }
  FrameRun& frame_run(int index);
  // All its tools and handoffs, on every turn.
  bool offers_always(int f) { return agent_of(f).always_offered && !purpose_.alone; }
  std::span<const OfferedTool> offered(int frame);
  // What the model may call on this turn, or, of a call that was taken, what it calls.
  const OfferedTool* find_offered(int frame, std::string_view name);
  const OfferedTool* find_tool(int frame, std::string_view name);
  RunContext context(int frame, std::string_view call_id = {});
  // Runs `work` on a worker; its outcome comes back to feed().
  void on_worker(int frame, std::move_only_function<AgentOutcome()> work, JsonObject more = {});
  void emit(RunEvent::Kind kind, int frame, std::string_view text, std::string_view tool = {},
            std::string_view call_id = {}, bool ok = true);
  void emit_outcome(const AgentOutcome& outcome);
  void emit_record(const Record& record);
  void tell(const RunEvent& event);
  bool watched() const { return !subscribers_.empty(); }

  std::shared_ptr<Runtime::Loop> loop_;
  AgentTeam team_;
  RunOptions options_;
  RunPurpose purpose_;
  std::shared_ptr<RunHandle::State> state_;
  AgentRun run_;
  Outbox out_;
  AgentJournal journal_;
  std::vector<FrameRun> frames_;
  // The deadline does not run while the run waits for a person only.
  std::chrono::steady_clock::time_point deadline_{};
  std::optional<Runtime::Loop::TimerId> deadline_timer_;
  std::optional<std::chrono::steady_clock::time_point> still_since_;
  Usage usage_;
  bool has_usage_ = false;
  // Agent and tool -> approved for the rest of the run.
  std::map<std::pair<std::string, std::string>, bool> always_;
  // Of a resumed run: what waited when that was decided, and was left to wait: frame, turn, call.
  std::set<std::tuple<int, int, int>> left_to_wait_;
  std::list<std::function<void(const RunEvent&)>> subscribers_;  // may grow while they are told

  // The journal: what is written next, and what starts when it is durable.
  std::vector<Event> batch_;
  std::vector<std::string> batch_blobs_;
  std::vector<Command> batch_commands_;
  std::map<std::size_t, std::vector<Command>> waiting_batches_;
  std::size_t batches_ = 0;
  std::int64_t durable_seq_ = 0;  // expected_seq of the next append
  RunInfo info_;
  bool said_to_wait_ = false;     // the run's row says that it waits for a person
  int in_flight_ = 0;             // commands under way and appends open
  bool settling_ = false;
  bool feeding_ = false;          // user code may be called from inside feed()
  bool finished_ = false;
  bool resumed_ = false;
  std::vector<std::string> early_says_;  // before the run was opened
  std::optional<Error> journal_fault_, start_error_;

  // The session.
  bool session_held_ = false, session_busy_ = false;
  std::size_t saved_ = 0;         // items of the root's log that the session has
  std::string session_fault_;

  // The memory.
  std::unique_ptr<RunNotes> notes_;   // null: there is none
  std::vector<std::int64_t> lessons_;  // that stood in what was given
  bool reads_past_ = true;            // the session's items; else the memory's last exchanges
  bool memory_busy_ = false, learnt_ = false;
  std::string memory_fault_;
};

}  // namespace cadre
