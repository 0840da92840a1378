// The agent loop as a pure machine: one outcome changes the state and says what has to happen next.
//
// No I/O, no clock, no randomness, no user code: what only the shell can know (which tools are
// enabled, whether a call needs approval, what a guardrail says) comes in with the outcome and is
// journalled with it, so the same outcomes give the same state, commands and records everywhere.
// Each apply is O(what the outcome brings), never O(history). Not thread-safe: one thread owns a
// run. The rules it keeps are listed, with their tests, in docs/agent-loop.md.
//
// A run is a tree of frames: the root is the conversation with the user; an agent used as a tool
// and each branch of a parallel handoff is a frame of its own with its own history.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "base/json_schema.h"
#include "base/result.h"
#include "core/item.h"
#include "core/tool_effect.h"

namespace cadre {

// How several handoffs in one reply are joined.
struct JoinRule {
  enum class Kind : std::uint8_t {
    kNone,     // no parallel handoff: the first is taken, the others are answered
    kAll,      // every branch must succeed
    kFirst,    // the first success; the others are cancelled
    kQuorum,   // `quorum` successes; the others are cancelled
    kCollect,  // wait for all, whatever they give
  };
  Kind kind = Kind::kNone;
  int quorum = 0;
  bool cancel_on_failure = true;  // of kAll: the first failure cancels the other branches
};

// What the failure of one branch, or its target's refusal, means to the join it is a part of. What
// a guardrail or a person has turned down before is no part of it.
enum class BranchFailure : std::uint8_t {
  // As the join says. kAll: the join is not met, and `cancel_on_failure` decides over the others.
  // kFirst, kQuorum: one success less that can come. kCollect: a failure among the results.
  kFailJoin,
  // The join goes on without it, and its result says that it was left out. kAll: the others have to
  // succeed, and none of them is cancelled. kFirst, kQuorum: as many successes as before have to
  // come. kCollect: only the result says so.
  kIgnore,
  // Of any kind: what the other branches still do is cancelled, what they have answered stays, and
  // the join is not met. Nothing when the join was met before.
  kCancelOthers,
};

enum class ToolUse : std::uint8_t {
  kRunAgain,     // results go back to the model
  kStopOnFirst,  // the first tool's output is the answer
  kDecide,       // the shell asks the agent's own rule
};

enum class UnknownTool : std::uint8_t { kFail, kTellModel };

// What the core has to know of an agent.
struct AgentPolicy {
  std::string name;
  int blocking_guardrails = 0;  // input guardrails that must end before the first model call
  int beside_guardrails = 0;    // input guardrails beside it: tools with effects wait for them
  int output_guardrails = 0;
  std::shared_ptr<const JsonSchema> output;  // of a structured answer; null: text
  ToolUse tool_use = ToolUse::kRunAgain;
  UnknownTool unknown_tool = UnknownTool::kFail;
  bool reset_tool_choice = true;
  JoinRule join;
  int retries = 2;  // turns given back by guardrails and by an answer that is not valid
};

enum class RunStatus : std::uint8_t {
  kRunning,
  kDone,
  kGuardrail,      // a guardrail stopped it
  kRefused,        // the model declined, or the target of the handoff that the run was made for
  kMaxTurns,
  kLoop,           // it went in circles
  kBudget,
  kDeadline,
  kInvalidOutput,  // no valid structured answer within the retries
  kModelBehavior,  // a call of an unknown tool, a reply that breaks the rules
  kModelError,     // the provider failed
  kToolError,      // a tool whose failure is fatal
  kCancelled,
  kNotStarted,     // its options, session or journal do not allow it
  kInternal,
};
std::string_view to_string(RunStatus status);
Result<RunStatus> run_status_from(std::string_view word);

struct LoopLimits {
  int turns_max = 10;         // model calls of one frame; 0: no limit
  int depth_max = 8;          // frames inside frames
  int parallel_tools = 8;     // tool calls at once, over the run
  bool finish_on_limit = false;  // at turns_max one more turn, without tools, to answer
  int repeat_calls = 4;       // the same call with the same result that often: a loop; 0: off
  int repeat_handoffs = 3;    // A -> B -> A without anything new that often; 0: off
  std::set<RunStatus> recover{}; // failures for which the shell has a handler
};

struct TeamPolicy {
  std::vector<AgentPolicy> agents;
};

// ---- what comes in ---------------------------------------------------------------------------

enum class GuardPoint : std::uint8_t {
  kInput, kBeside, kOutput, kToolInput, kToolOutput, kHandoff
};
enum class Verdict : std::uint8_t {
  kAllow,
  kReject,  // not this; the message stands in its place
  kRetry,   // again, with this feedback
  kStop,    // end the run
};

// What the shell knows of a call of the reply, in the order of the calls.
struct CallFacts {
  enum class Kind : std::uint8_t { kTool, kAgentTool, kHandoff, kUnknown };
  Kind kind = Kind::kTool;
  ToolEffect effect = ToolEffect::kExternal;
  bool needs_approval = false;
  bool ends_run = false;   // its output is the answer
  bool fatal = false;      // its failure ends the run
  int input_checks = 0;    // guardrails before it
  int output_checks = 0;   // guardrails after it
  int target = -1;         // agent of kAgentTool and kHandoff
  std::string problem;     // of kUnknown: what to tell
  BranchFailure on_failure = BranchFailure::kFailJoin;  // of kHandoff, one of several
  bool operator==(const CallFacts&) const = default;
};

struct AskedHandoff {
  ToolCallItem call;
  CallFacts facts;
};
struct Opened {  // the run begins
  int agent = 0;
  History past;                  // of the session
  std::vector<ItemPtr> context;  // what the agents read besides; not part of what is new
  std::vector<ItemPtr> input;    // new
  // The agent is asked nothing: it hands over at once, and the run ends (kRefused) when that is
  // refused.
  std::optional<AskedHandoff> handoff;
};
struct ModelEnded {
  int frame = 0;
  std::vector<Item> items;
  std::vector<CallFacts> calls;
  std::string refusal;
  std::optional<Error> error;
  RunStatus failure = RunStatus::kModelError;  // with `error`
  bool last_turn = false;  // a soft limit of the budget was crossed: one turn is left to finish
  bool made = true;        // no: refused before the model was asked; does not count as a call
};
struct GuardrailEnded {
  int frame = 0;
  GuardPoint point = GuardPoint::kInput;
  int call = -1;
  int index = 0;
  Verdict verdict = Verdict::kAllow;
  std::string message;
};
struct ToolEnded {
  int frame = 0, call = 0;
  bool ok = false;
  std::string output;
  bool made = true;  // no: refused before the tool was called; does not count as a call
};
struct ApprovalDecided {
  int frame = 0, call = 0;
  bool approved = false;
  std::string message;    // of a rejection, for the model
  bool answered = false;  // the message is the call's result: the tool is a question to the user
};
struct HandoffEnded {  // also, refused only, of a branch of a parallel handoff
  int frame = 0, call = 0;
  bool accepted = false;
  std::string reason;                         // of a refusal, for the source
  std::optional<std::vector<ItemPtr>> items;  // what the target reads, when a filter changed it
};
struct BranchOpened {
  int frame = 0, call = 0;
  std::vector<ItemPtr> items;  // what the branch starts with
  std::string problem;         // not empty: an agent tool that cannot be opened, and why
  std::vector<std::int64_t> lessons = {};  // of the memory, that stand in what it starts with
};
struct BranchStopped {  // an agent as a tool took too long
  int frame = 0, call = 0;
  std::string reason;
};
struct ToolsDecided {
  int frame = 0;
  std::optional<std::string> output;  // the answer, or: ask the model again
};
struct Recovered {
  int frame = 0;
  std::optional<std::string> output;  // none: the handler declined
};
struct InputAdded {  // the user says something more; enters before the next model call
  MessageItem message;
};
struct Stopped {
  bool after_turn = false;
  RunStatus status = RunStatus::kCancelled;
  std::string reason;
};
using AgentOutcome =
    std::variant<Opened, ModelEnded, GuardrailEnded, ToolEnded, ApprovalDecided, HandoffEnded,
                 BranchOpened, BranchStopped, ToolsDecided, Recovered, InputAdded, Stopped>;

// ---- what goes out ---------------------------------------------------------------------------

struct Command {
  enum class Kind : std::uint8_t {
    kModel,      // -> ModelEnded
    kGuardrail,  // -> GuardrailEnded
    kTool,       // -> ToolEnded
    kApproval,   // ask -> ApprovalDecided
    kHandoff,    // on_handoff, filter, accept or refuse -> HandoffEnded
    kBranch,     // make the input of a branch -> BranchOpened
    kDecide,     // the agent's own rule over tool results -> ToolsDecided
    kRecover,    // the handler of a failure -> Recovered
    kAbort,      // what the frame has running is of no use any more; no outcome is wanted
  };
  Kind kind = Kind::kModel;
  int frame = 0;
  int call = -1;
  GuardPoint point = GuardPoint::kInput;
  int index = 0;
};

// A decision of the core, for the journal and for subscribers; it follows from the outcomes.
struct Record {
  enum class Kind : std::uint8_t {
    kAgentStarted,       // a frame's agent takes over
    kAgentEnded,
    kHandoffRequested,
    kHandoffAccepted,
    kHandoffRefused,
    kApprovalRequested,
    kNote,
    kRunEnded,
  };
  Kind kind = Kind::kNote;
  int frame = 0;
  int call = -1;
  int agent = -1;
  std::string text;
};

struct Outbox {
  std::vector<Command> commands;
  std::vector<Record> records;
  void clear() { commands.clear(), records.clear(); }
};

// A guardrail that was asked.
struct GuardState {
  bool ended = false;
  Verdict verdict = Verdict::kAllow;
  std::string message;
};

// ---- the state -------------------------------------------------------------------------------

struct CallState {
  enum class Phase : std::uint8_t {
    kChecking, kApproval, kHeld, kQueued, kRunning, kBranch, kJudging, kWaiting, kDone
  };
  Phase phase = Phase::kChecking;
  CallFacts facts;
  ItemPtr item;              // the ToolCallItem
  int checks_open = 0;
  bool approved = false;
  bool ok = false;
  bool failed_fatally = false;
  bool in_join = false;      // a branch of a parallel handoff
  int child = -1;            // its frame
  std::string output;
  std::vector<GuardState> checks;  // the guardrails that run, by index
  const ToolCallItem& call() const { return std::get<ToolCallItem>(*item); }
};

struct Frame {
  enum class Phase : std::uint8_t {
    kChecking, kThinking, kActing, kHandingOff, kJoining, kDeciding, kAnswered, kJudging,
    kRecovering, kOver
  };
  int parent = -1, parent_call = -1, depth = 0;
  std::string path;               // "", "/2.0": turn and call by which it was opened
  int agent = 0;
  Phase phase = Phase::kChecking;
  History history;                // what the model reads next
  std::vector<ItemPtr> log;       // new items in order, untouched by filters
  std::size_t settled = 0;        // items of `log` that guardrails cannot take back any more
  bool withheld = false;          // a guardrail took the rest back: nothing more enters `log`
  std::string redo;               // a guardrail beside the model asked for another turn, and why
  int turn = 0;
  std::size_t asked_items = 0;    // of the history, that guardrails beside the model look at
  int retries_used = 0;
  bool finishing = false;         // the next turn is the last, without tools
  bool finished = false;          // it was taken
  std::set<std::string, std::less<>> filtered_ids;  // of calls in `log` that a filter left out
  std::vector<MessageItem> staged;  // said meanwhile: enters before the next model call
  std::vector<CallState> calls;   // of the last reply
  int calls_open = 0;             // tool calls not done; handoffs apart
  int blocking_open = 0, beside_open = 0, output_open = 0;
  int branches_open = 0;
  std::vector<GuardState> checks;  // the guardrails that run, by index
  std::set<int> used_tools;       // agents whose tool choice is reset
  std::string answer;             // candidate, then the output
  bool answer_is_text = false;    // of a message: a structured agent's has to be valid
  RunStatus status = RunStatus::kRunning;
  std::string reason;
  // Loop watch: a call with its result, how often; handoffs since something new came in.
  std::unordered_map<std::uint64_t, int> seen_calls;
  std::int64_t news = 0;
  int circles = 0;
  int nudges = 0;
  std::unordered_map<int, std::int64_t> left_at;  // agent -> `news` when it handed over
};

struct AgentRun {
  std::shared_ptr<const TeamPolicy> team;
  LoopLimits limits;
  std::deque<Frame> frames;  // 0 is the root
  std::vector<std::pair<int, int>> tool_queue;  // from `queue_head` on
  std::size_t queue_head = 0;
  int running_tools = 0;
  std::unordered_set<std::string> branch_calls;  // ids of calls in all frames but the root
  bool asked_handoff = false;  // the run was made for a handoff
  bool stop_after_turn = false;
  Stopped stop;
  int model_calls = 0, tool_calls = 0;
  int handoffs_requested = 0, handoffs_accepted = 0, handoffs_refused = 0;

  bool over() const { return !frames.empty() && frames[0].phase == Frame::Phase::kOver; }
};

AgentRun make_agent_run(std::shared_ptr<const TeamPolicy> team, LoopLimits limits = {});

// Takes an outcome. kCorrupt when it does not follow from what was before: the run must not be used
// then. Outcomes for frames that are over have no consequence.
Result<void> apply(AgentRun& run, AgentOutcome outcome, Outbox& out);

// What is asked for and has no outcome yet: what a resumed run has to do, in order.
std::vector<Command> open_commands(const AgentRun& run);

// Tool calls under way whose result nobody waits for any more: each has its place under the cap
// until its ToolEnded comes. A resumed run has to tell their end.
std::vector<std::pair<int, int>> abandoned_tools(const AgentRun& run);

// The calls that wait for an approval: frame and call.
std::vector<std::pair<int, int>> pending_approvals(const AgentRun& run);

// The items as the target of a handoff would read them without a filter.
Result<History> handoff_history(const AgentRun& run, int frame, int call);

// Whether the agent's tool choice is left to the model on this turn (it has used a tool).
bool tool_choice_is_reset(const AgentRun& run, int frame);

}  // namespace cadre
