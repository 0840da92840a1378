// What the house knows of a mind: a task goes in, turns come out.
//
// A provider is asked for the next turn of a task. It answers with tool calls (whose results come
// back in the next question), or with the finished artifacts, or with a refusal. Language models,
// the offline engine, scripted and replayed minds all stand behind this; the agent loop, the
// journal, guardrails and gates are the same for each.
#pragma once

#include <any>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace cadre {

struct Plan;

// The tool by which a task's artifacts are handed in one by one; every role may call it.
inline constexpr std::string_view kDeliverTool = "deliver_artifact";
// The tool by which an agent asks its user; a role may call it when it lists it.
inline constexpr std::string_view kAskUserTool = "ask_user";

struct File {
  std::string path;     // relative, '/'-separated, inside the project
  std::string content;
  bool executable = false;
};

// A typed piece of work. `data` is valid against the type's JSON Schema (sops/<sop>/artifacts);
// `files` is what it puts into the project folder.
struct Artifact {
  std::string type;  // "requirements"
  Json data;
  std::vector<File> files;
};

// Evidence of a failed gate or a refused handoff, on its way to the role that must mend it.
struct Finding {
  std::string gate;      // "tests_pass"
  std::string severity;  // high, medium, low
  std::string message;   // what failed, in one line
  std::string evidence;  // trimmed output
  std::string blame;     // the artifact type to be mended: "code"
};

struct ToolCall {
  std::string id;    // unique in the task
  std::string tool;  // "run_in_sandbox"
  Json arguments;
};

struct Task {
  std::string run;           // run id
  std::string stage;         // "build"
  std::string id;            // unique in the stage: "build" or, in a fan-out, the task's id
  std::string role;          // "developer"
  std::string title;         // what is to be done, one line
  std::string instructions;  // the role's instructions
  std::string brief;         // the requirement text
  std::string known = {};    // to this role, of earlier work: data for the mind; fixed for the run
  std::vector<std::string> makes;  // artifact types expected
  Json parameters = JsonObject{};  // fan-out item and run options ("stack": "python")
  int round = 1;                   // 1, then one more each time it comes back
  std::map<std::string, std::shared_ptr<const Artifact>> inputs;  // by type
  std::vector<Finding> feedback;   // why it came back
  std::shared_ptr<const Plan> plan;  // schemas, agents; may be null in tests
  // What this stage made in its last round, when it is done again; by type.
  std::map<std::string, std::shared_ptr<const Artifact>> previous;
  // In a fan-out: what the tasks made that this one depends on, straight or through others.
  std::vector<std::shared_ptr<const Artifact>> before = {};
  std::vector<Json> memos;  // Turn::memo of the task's turns so far, in order
  // The tool calls of the task so far, in order; when a turn is asked for, one for each result.
  std::vector<ToolCall> calls = {};
  // Room for the provider's own view of the task between its turns, one of which runs at a time;
  // null, or empty after a resume.
  std::shared_ptr<std::any> kept;
};

struct ToolResult {
  std::string call_id;
  bool ok = false;
  Json value;  // the tool's result, or {"error": "..."}
};

struct Refusal {
  std::string reason;  // for the user
  std::string help;    // what would help
  Json details = JsonObject{};
};

struct Turn {
  std::vector<ToolCall> tool_calls;  // not empty: run these and ask again
  std::vector<Artifact> artifacts;   // else: the finished work
  std::optional<Refusal> refusal;    // or: cannot
  std::vector<std::string> notes;    // said along the way; journalled
  Json memo = {};    // kept for the next turn of this task, also after a resume; the core's eyes
                     // do not look into it
  Json tokens = {};  // {"input", "output", ...} as far as they were counted
  // {"bytes", "repeated"}: the size of what the model was sent, and of the part at its beginning
  // that the same role's request before it had begun with too; null when nothing was compared.
  Json request = {};
};

enum class Capability { kYes, kPartly, kNo };

struct CapabilityAnswer {
  Capability capability = Capability::kNo;
  std::vector<std::string> reasons;
};

class Provider {
 public:
  virtual ~Provider() = default;
  // "offline", "openai:gpt-…"; shown in reports and stamped on artifacts.
  virtual std::string name() const = 0;
  virtual CapabilityAnswer can(const Task& task) const = 0;
  // The turn after `results` (empty on the first call; afterwards all results so far, in call
  // order). Called from a worker thread; several tasks may run at once, so implementations hold no
  // mutable state of their own: what a turn needs is in the task and the results.
  virtual Result<Turn> next(const Task& task, std::span<const ToolResult> results,
                            std::stop_token stop) = 0;
};

}  // namespace cadre
