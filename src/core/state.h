// The state of a run: what the fold of its journal over its plan gives, and nothing else.
//
// Plain data, changed only by apply() (apply.h), owned by the run's loop thread. `drafts` are
// decisions of the core that wait to be journalled; `effects` is what the shell has to do and has
// not finished. Both follow from the events alone, so a resumed run finds the very same ones.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/json.h"
#include "core/event.h"
#include "core/plan.h"
#include "core/provider.h"

namespace cadre {

struct ArtifactRef {
  std::string type;
  std::string blob;         // SHA-256 of the artifact's JSON
  std::string role;         // who made it
  std::int64_t bytes = 0;
  std::int64_t files = 0;
  bool incomplete = false;  // it says itself that something stated is not covered
  bool stale = false;       // its stage is being done again
};

struct ResultRef {
  std::string call_id;
  std::string tool;
  bool done = false;
  bool ok = false;
  Json value;        // small results; else
  std::string blob;  // the value's address
};

enum class TaskStatus : std::uint8_t { kWaiting, kReady, kActive, kDone, kFailed, kSuperseded };

struct StageTask {
  std::string id;
  std::string title;
  Json parameters = JsonObject{};
  int blockers = 0;             // tasks that must be done before
  std::vector<int> dependents;
  TaskStatus status = TaskStatus::kWaiting;
  int turn = 0;                 // turns asked for so far
  int open_calls = 0;           // tool calls of this turn without a result
  std::size_t turn_calls = 0;   // index in `results` of this turn's first call
  std::vector<ResultRef> results;
  std::vector<std::string> replies;  // blobs of the turns, in order
  std::vector<ArtifactRef> artifacts;
  std::int64_t started_seq = 0;
};

enum class StageStatus : std::uint8_t { kWaiting, kRequested, kWorking, kJudging, kDone, kFailed };

struct StageState {
  StageStatus status = StageStatus::kWaiting;
  int round = 0;                  // how often it was entered
  int reworks = 0;                // how often because of blame
  int refusals = 0;
  int attempt = 0;                // handoff attempts in this round
  std::string source;             // who hands it over
  std::string rework_source;      // set when it is done again: whose gate failed
  std::vector<Finding> feedback;  // for the tasks of this round
  std::vector<Finding> findings;  // of this round's gates
  std::vector<StageTask> tasks;
  int active_tasks = 0;
  int done_tasks = 0;
  std::size_t stored = 0;         // artifacts stored in this round
  std::size_t gate = 0;           // the gate that is evaluated
  bool gates_failed = false;
  bool closing = false;           // its end is decided and about to be journalled
  std::string last_failure;       // signature of the last failed round
  std::string last_refusal;
  std::int64_t requested_seq = 0;
  std::int64_t started_seq = 0;
};

// What a person (or the policy in a person's name) said.
struct Decision {
  bool approved = false;
  std::string message;  // why not, or the answer to a question
  std::string by;       // "user", "policy tool:look_*"
};

// Something that a person has to decide. It waits as long as it is not decided and its effect is
// still there: what is superseded waits no more.
struct Approval {
  std::string id;       // "a1", "a2": short, to be typed
  std::string effect;   // the key of the effect that is held
  std::string what;     // tool, gate, handoff, question
  std::string subject;  // "tool:refund", "gate:refund/approval", "handoff:a->b", "question:role"
  std::string role;     // who asks
  std::string question; // in words, for the person
  Json details = JsonObject{};  // a tool's arguments, the artifacts of a gate or handoff
  std::int64_t requested_seq = 0;
  std::int64_t time_us = 0;
  std::optional<Decision> decision;
};

// Something for the shell to do. The key is its place in the tree: "build#1/api/turn:3/call:0".
struct Effect {
  enum class Kind : std::uint8_t {
    kCapability,  // ask the provider whether it can -> capability
    kPlanTasks,   // read the fan-out items -> tasks_planned
    kTurn,        // the provider's next turn -> model_call_ended
    kTool,        // a tool call -> tool_call_ended
    kJoin,        // unite the tasks' parts -> artifacts_joined
    kGate,        // evaluate a gate -> gate_ended
    kProject,     // hand the stage's artifacts to the project writer -> project_ended
  };
  Kind kind = Kind::kTurn;
  std::string key;
  std::int64_t order = 0;            // effects are begun in the order in which they came up
  int stage = -1;
  int round = 0;
  int task = -1;
  int turn = 0;
  std::size_t call = 0;              // kTool: index in StageTask::results
  std::size_t gate = 0;
  std::int64_t parent = 0;           // the started event around it
  std::int64_t started_seq = 0;      // its intent; 0: not started
  int attempts = 0;                  // intents so far
  bool orphan = false;               // its round is over: the outcome has no consequence
  bool passed = true;                // kProject: the stage passed its gates
  std::int64_t time_us = 0;          // kProject: when the stage ended
  std::map<std::string, std::string> artifacts;  // kProject: all that exist, type -> blob
  bool held = false;                 // a person has to decide before it begins
  std::string subject = {};          // of what a person decides: "tool:refund"
  std::optional<Decision> decision = {};  // what the person said
};

// A decision of the core on its way into the journal.
struct Draft {
  Event event;  // without seq and time
  int stage = -1;
  int task = -1;
};

// A task that may start when a slot is free; void when its stage is in another round by then.
struct ReadyTask {
  int stage = -1;
  int round = 0;
  int task = -1;
};

struct Ending {
  std::string status;  // done, incomplete, refused, gate_failed, budget, failed
  int exit_code = 0;
  std::string reason;
  Json details = JsonObject{};
};

struct HandoffCounts {
  int requested = 0, accepted = 0, refused = 0, completed = 0;
};

struct RunState {
  std::string run;
  std::shared_ptr<const Plan> plan;
  std::string status = "new";   // running, interrupted, waiting, or that of run_ended
  int exit_code = 0;
  std::int64_t last_seq = 0;
  std::int64_t started_seq = 0;
  std::int64_t started_us = 0;
  std::int64_t last_us = 0;
  Json start = JsonObject{};    // body of run_started
  std::vector<StageState> stages;  // as plan->stages
  std::map<std::string, ArtifactRef> artifacts;  // newest by type
  std::optional<Ending> ending;
  HandoffCounts handoffs;
  int model_calls = 0;
  int tool_calls = 0;

  std::deque<Draft> drafts;        // to be journalled, front first
  std::unordered_map<std::string, Effect> effects;  // unfinished, by key
  std::int64_t effects_made = 0;
  std::vector<std::string> fresh;  // effects not yet handed to the shell
  std::deque<ReadyTask> ready;
  int active_tasks = 0;
  std::vector<Approval> approvals;  // in the order in which they were asked for
  std::set<std::string> always;  // subjects that are approved for the rest of the run
};

}  // namespace cadre
