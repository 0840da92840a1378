// Standard operating procedures in programs: load, check and draw an SOP, run it, decide what it
// waits for, go on with it. Link cadre::workshop.
//
//   auto sop = cadre::Sop::load("research");                     // shipped, or a folder of yours
//   auto result = cadre::run_sop(*sop, "Compare the two.", {.model = model, .documents = papers});
//
// A run is a team of roles over stages with gates (docs/sops.md); the journal holds all of it, and
// `cadre show`, `report` and `resume` read the same journals. Everything is thread-safe; functions
// that run something block until it has ended or waits for a person. Nothing here reads the
// environment: keys and proxies are in the models that are given.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "cadre/budget.h"
#include "cadre/decide.h"
#include "core/approval_policy.h"
#include "core/event.h"
#include "core/provider.h"
#include "memory/run_memory.h"
#include "model/model.h"
#include "policy/prices.h"
#include "sop/problem.h"
#include "store/store.h"

namespace cadre {

struct Plan;
struct Tool;
class TaskTool;
struct SopCheckup;

struct SopRole {
  std::string role{}, name{}, description{};
  std::vector<std::string> tools{};
};

struct SopStep {
  std::string id{}, title{}, role{};
  std::vector<std::string> needs{}, makes{};  // artifact types
  std::vector<std::string> gates{};
};

// An SOP without mistakes; a value that shares what it holds, and does not change.
class Sop {
 public:
  // A shipped one by name, else a folder as `cadre run --sop` takes it. kNotFound without such a
  // folder; kInvalidInput lists every mistake, one a line: file, line, what to write instead.
  static Result<Sop> load(const std::string& name_or_folder);
  // One that is no folder: "sop.yaml", "roles/<role>.md", "artifacts/<type>.schema.json", … with
  // their contents. kInvalidInput as above.
  static Result<Sop> from_files(std::map<std::string, std::string> files);
  // All problems, warnings too, as `cadre sop check` says them; an error only without a folder.
  static Result<SopCheckup> check(const std::string& name_or_folder);
  static SopCheckup check_files(std::map<std::string, std::string> files);
  static std::vector<std::string> shipped();

  const std::string& name() const;
  const std::string& title() const;
  // The type of what it works from beside the brief; "": nothing.
  const std::string& input() const;
  std::vector<SopRole> roles() const;
  std::vector<SopStep> stages() const;  // in an order that works

  // The picture, as `cadre sop graph` draws it: Mermaid text; an SVG document that needs nothing
  // else (kExhausted when there are too many edges for one).
  std::string mermaid() const;
  Result<std::string> svg() const;

  explicit Sop(std::shared_ptr<const Plan> plan) : plan_(std::move(plan)) {}
  const std::shared_ptr<const Plan>& plan() const { return plan_; }

 private:
  std::shared_ptr<const Plan> plan_;
};

struct SopCheckup {
  std::vector<SopProblem> problems{};  // by file and line; describe() gives a line for people
  std::optional<Sop> sop{};            // when no problem is an error
};

// The program's own tools, for the roles that list them by name. Cadre's own are there anyway.
class SopTools {
 public:
  // Of ToolOptions hold `effect`, `timeout`, `output_max` and `approval`: kAlways makes every role
  // ask a person first. kInvalidInput for a name or schema that does not work, and for options that
  // mean nothing in an SOP (kAsk, enabled, ends_run, fatal, guardrails); kConflict for a second
  // tool of the name. The function's RunContext has run, agent (the role), call_id and stop.
  Result<void> add(const Tool& tool);  // <cadre/tool.h>

  const std::vector<std::shared_ptr<TaskTool>>& all() const { return tools_; }
  const std::vector<std::string>& asked_for() const { return asked_for_; }

 private:
  std::vector<std::shared_ptr<TaskTool>> tools_;
  std::vector<std::string> asked_for_;
};

// What the user gives beside the brief; becomes D1, D2, … in order.
struct SopDocument {
  std::string title{}, text{};
};
// A UTF-8 text of at most 2 MiB; its name is the title.
Result<SopDocument> read_sop_document(const std::filesystem::path& file);

// Where a run is kept. At most one of both; with neither it lives in memory and cannot be resumed.
struct SopJournal {
  std::shared_ptr<Store> store{};
  // As `cadre --state`: holds journal.db, is made when it is not there, and keeps other processes
  // from working on the same run.
  std::filesystem::path folder{};
};

// Of the whole run, over all its resumes; unset or 0: none. With `journal.folder` they are kept,
// and a resume without any has those of the beginning.
struct SopLimits {
  std::optional<double> max_cost{};  // US dollars; needs a price for each model
  std::optional<std::int64_t> max_tokens{}, max_calls{};  // of models
  std::chrono::seconds max_time{0};  // of work, not of waiting; the SOP's own holds, too
};

struct SopRunOptions {
  // Who answers. A model for all roles; without one, and without `mind`, the offline engine, which
  // refuses (SopStatus::kRefused) what it cannot do.
  std::shared_ptr<Model> model{};
  std::map<std::string, std::shared_ptr<Model>> role_models{};  // by role, in the model's place
  std::shared_ptr<Provider> mind{};  // a mind of your own for all roles; not together with a model
  SopTools tools{};

  SopJournal journal{};
  std::filesystem::path out{};  // where files are written, a git commit a stage; "": nowhere
  std::string id{};             // of the run; "": made up

  std::vector<SopDocument> documents{};  // for an SOP with Sop::input()
  std::optional<Json> input{};           // or that artifact's data, made by the program
  Json parameters = JsonObject{};        // every task sees them

  SopLimits limits{};
  std::shared_ptr<Budget> budget{};  // of the program, over many runs; the run draws on it, too
  std::shared_ptr<const policy::PriceTable> prices{};  // <cadre/model_policy.h>; unset: shipped
  // Programs that roles write run in a sandbox; kDenied when there is none. True: with your rights.
  bool no_sandbox = false;
  std::shared_ptr<RunMemory> memory{};             // what roles know of earlier runs, and leave
  std::vector<std::string> secrets{};              // never to get into the memory
  std::shared_ptr<const ApprovalPolicy> policy{};  // decides in a person's name

  // Each event once it is durable, from the run's thread; has to return quickly. What it throws is
  // dropped, and it is not called again.
  std::function<void(const Event&)> on_event{};
  // Asked: the run is interrupted, and can be resumed; nothing that was finished is lost.
  std::stop_token stop{};
};

enum class SopStatus : std::uint8_t {
  kRunning,  // SopHandle::wait, when time was up
  kDone,
  kIncomplete,  // done, and says itself what is not covered
  kRefused,     // nobody can do this: `reason`, and what would help in `details`
  kGateFailed,  // the gates of a stage did not pass within its rounds
  kBudget,      // a limit is used up
  kFailed,
  kInterrupted,  // stopped, or `error` broke it off: resume_sop goes on
  kWaiting,      // for a person: `waiting`; decide_sop and resume_sop, or SopHandle::decide
};
std::string_view to_string(SopStatus status);

// What waits for a person.
struct SopApproval {
  std::string key{};            // "a1"; CallDecision::call
  std::string what{};           // tool, gate, handoff, question
  std::string subject{};        // "gate:refund/approval", as a policy's rules name it
  std::string role{};           // who asks
  std::string question{};       // in words
  Json details = JsonObject{};  // a tool's arguments, the artifacts of a gate or handoff
};

struct SopGateResult {
  std::string gate{}, artifact{};
  bool passed = false;
  std::vector<Finding> findings{};
  Json measured = JsonObject{};  // by which it decided: {"percent": 93.5, "min_percent": 90}
};

struct SopStageResult {
  std::string id{}, title{}, role{};
  std::string status{};                // waiting, working, done, failed, superseded, stopped
  int rounds = 0;                      // how often it was begun
  std::vector<SopGateResult> gates{};  // of its last round
};

struct SopArtifact {
  std::shared_ptr<const Artifact> artifact{};  // data, and files by path
  std::string role{};                          // who made it
  std::int64_t bytes = 0;                      // of its data as JSON and of its files
};

struct SopResult {
  std::string run{};
  SopStatus status = SopStatus::kFailed;
  int exit_code = 0;  // as `cadre run` would end
  std::string reason{};
  Json details = JsonObject{};
  std::optional<Error> error{};  // what broke it off: a model that is down, a full disk
  std::vector<SopApproval> waiting{};

  std::vector<SopStageResult> stages{};            // in the SOP's order
  std::map<std::string, SopArtifact> artifacts{};  // the newest of each type, finished or not
  int handoffs_requested = 0, handoffs_accepted = 0, handoffs_refused = 0;
  int model_calls = 0, tool_calls = 0;
  std::int64_t tokens_in = 0, tokens_out = 0;
  std::optional<double> cost_usd{};  // known when the price of every call is
  double seconds = 0;                // of work, not of waiting
  std::filesystem::path out{};
  std::vector<std::string> kept_files{};  // changed by hand in `out`, and so not replaced
  std::string memory_fault{};             // not empty: why nothing was left in the memory

  bool done() const { return status == SopStatus::kDone; }
  // Of every gate in its stage's last round.
  std::vector<Finding> findings() const;
  const Artifact* artifact(const std::string& type) const;  // or null
};

// An error means that nothing was begun: kInvalidInput names the option, the missing document, the
// unknown tool or role; kDenied without a sandbox; kConflict for an id that is taken. All else is
// in the result, also what broke the run off.
Result<SopResult> run_sop(const Sop& sop, const std::string& brief,
                          const SopRunOptions& options = {});
// Goes on from options.journal with the SOP that the run began with: `options` say again who
// answers and what tools there are; brief, documents, input, id and parameters are the journal's,
// and `out` unless it is given. kNotFound: no such run; kConflict: a process is working on it. A
// run that has ended gives its result again and nothing runs.
Result<SopResult> resume_sop(const std::string& run, const SopRunOptions& options);

// Approves, rejects or answers what a run waits for; durable when it returns, and resume_sop goes
// on. Gives how much still waits. CallDecision::call is SopApproval::key, or "" for the only one.
// kNotFound: no such run or key; kConflict: decided already, or a process is working on the run;
// kInvalidInput: which one is unclear, a question is approved, what is no question is answered.
Result<int> decide_sop(const SopJournal& journal, const std::string& run,
                       const CallDecision& decision);

// A run on a thread of its own. Copies name the same run; when the last of them goes, the run is
// interrupted and waited for.
class SopHandle {
 public:
  class State;
  explicit SopHandle(std::shared_ptr<State> state) : state_(std::move(state)) {}

  const std::string& id() const;
  // Until it has ended or waits for a person, or until `at_most` is over (status kRunning then).
  SopResult wait(std::optional<std::chrono::milliseconds> at_most = std::nullopt) const;
  // Until it has ended, also while it waits for a person (status kWaiting when `at_most` is over).
  SopResult wait_end(std::optional<std::chrono::milliseconds> at_most = std::nullopt) const;
  // Interrupts it; wait_end() returns soon.
  void cancel() const;
  // As decide_sop; what the run asked for may be decided at once, also while it still does
  // something else, and the run goes on by itself. A decision of another process in the same
  // journal is seen within half a second.
  Result<void> decide(const CallDecision& decision) const;
  Result<void> approve(const std::string& key, bool always = false) const;
  Result<void> reject(const std::string& key, std::string message) const;
  Result<void> answer(const std::string& key, std::string text) const;

 private:
  std::shared_ptr<State> state_;
};

// As run_sop and resume_sop; what they would return as an error before the run begins is one here.
Result<SopHandle> start_sop(const Sop& sop, const std::string& brief, SopRunOptions options = {});
Result<SopHandle> start_resume_sop(const std::string& run, SopRunOptions options);

}  // namespace cadre
