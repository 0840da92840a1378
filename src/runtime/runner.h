// Runs plans: the shell around the core. Journal first, effects after, every event to subscribers.
//
// start_run and resume_run block until the run is over: the calling thread is the run's loop
// thread and owns its state; provider turns, tools and gates run on worker threads under the
// plan's caps. Several Runners may share one store, provider and registry, a thread each. Asking
// the stop token interrupts the run: it is resumable and loses nothing that was finished. Every
// wait ends at the run's deadline; a worker that ignores the stop is left behind after a grace.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "core/approval_policy.h"
#include "core/gate.h"
#include "core/plan.h"
#include "core/provider.h"
#include "core/state.h"
#include "memory/run_memory.h"
#include "runtime/project_writer.h"
#include "runtime/tool.h"
#include "store/store.h"

namespace cadre {

// What a run works with. Shared, because a worker that hangs may outlive the run.
struct RunnerParts {
  std::shared_ptr<Store> store;
  std::shared_ptr<Provider> provider;
  std::shared_ptr<const ToolRegistry> tools;
  std::shared_ptr<const GateKeeper> gates;
  std::shared_ptr<ProjectWriter> project;  // may be null: nothing is written
  std::shared_ptr<Clock> clock;
  std::uint64_t seed = 0;                  // makes run ids differ within a second
  std::shared_ptr<const ApprovalPolicy> policy = nullptr;  // decides what people need not; or null
  // A mind that is not available stops the run, which can be resumed then; else it ends it.
  bool pause_when_unavailable = false;
  // What earlier runs left: roles are given what has to do with them, and the run leaves what it
  // made and learnt. Null: nothing is given or kept.
  std::shared_ptr<RunMemory> memory = nullptr;
  std::vector<std::string> secrets = {};  // that must not get into the memory
};

struct PlanRunOptions {
  std::string run;                  // "": made from the clock and the seed
  Json parameters = JsonObject{};   // {"stack": "python"}: in every task's parameters
  std::filesystem::path out_dir;    // the project folder
  std::filesystem::path work_dir;   // for scratch; "": the system's folder for temporary files
  int timeout_s = 0;                // 0: the plan's
  std::string model;                // how to find the mind again; kept with the run
  // What the user gives beside the brief: of the type Plan::input, which must be given when the
  // plan names one.
  std::optional<Artifact> input = std::nullopt;
};
// The agents' loop has RunOptions of its own (cadre/run.h): two structs of one name in one program
// would share their destructor.
using RunOptions = PlanRunOptions;

// What becomes of a call of an external tool that had started when the run stopped.
enum class UnknownPolicy {
  kFail,       // resume_run names it and does nothing
  kTellAgent,  // the agent gets a failed result that says so, and decides
};

struct ResumeOptions {
  std::filesystem::path out_dir;   // "": as in the journal
  std::filesystem::path work_dir;
  int timeout_s = 0;               // 0: as in the journal
  // What is left of a limit on the whole run, over all its processes; none is left at 0 or less.
  std::optional<std::int64_t> left_us = std::nullopt;
  UnknownPolicy unknown = UnknownPolicy::kFail;
};

struct RunOutcome {
  std::string run;
  // done, incomplete, refused, gate_failed, budget, failed, interrupted, waiting
  std::string status;
  int exit_code = 0;   // design.md §8
  std::string reason;
  Json details = JsonObject{};
  ArtifactMap artifacts;          // the newest of each type, also of a round that failed
  std::map<std::string, std::string> made_by;  // artifact type -> role
  HandoffCounts handoffs;
  std::int64_t events = 0;
  std::int64_t started_us = 0;
  std::int64_t ended_us = 0;
  int model_calls = 0;
  int tool_calls = 0;
  std::vector<Approval> waiting = {};  // what a person has to decide, when it waits
  std::string memory_fault = {};       // not empty: what it left could not be kept, and why
};

using Subscriber = std::function<void(const Event&)>;

class Runner {
 public:
  explicit Runner(RunnerParts parts) : parts_(std::move(parts)) {}
  // Called from the loop thread with each event of a run, in order, once it is durable.
  void subscribe(Subscriber subscriber) { subscribers_.push_back(std::move(subscriber)); }

  // An Error only when the run could not be carried to an end in the journal: a bad plan, a store
  // that fails, a project folder that cannot be written (resumable). Anything else is a status.
  Result<RunOutcome> start_run(const Plan& plan, const std::string& brief,
                               const RunOptions& options, std::stop_token stop = {});
  // Goes on from the journal. A run that ended gives its outcome again, without any effect.
  Result<RunOutcome> resume_run(const std::string& run, const ResumeOptions& options,
                                std::stop_token stop = {});

 private:
  RunnerParts parts_;
  std::vector<Subscriber> subscribers_;
};

// The state and the plan of a run, folded from its journal: for reports and for looking at.
Result<RunState> load_state(Store& store, const std::string& run);

}  // namespace cadre
