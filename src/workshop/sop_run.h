// One run of an SOP for a program, begun or gone on with: the checks of its options first, then as
// many stretches of work as it takes, each of them until it has ended or waits. Private to
// workshop/. A SopWork is used by one thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "cadre/sop.h"
#include "workshop/run_limits.h"
#include "workshop/run_lock.h"
#include "workshop/workshop.h"

namespace cadre::workshop {

// The store, opened or made; in memory when nothing is said. With `create` false it must be there.
Result<std::shared_ptr<Store>> open_sop_journal(const SopJournal& journal, bool create);

class SopWork {
 public:
  static Result<std::unique_ptr<SopWork>> begin(const Sop& sop, const std::string& brief,
                                                const SopRunOptions& options);
  static Result<std::unique_ptr<SopWork>> go_on(const std::string& run,
                                                const SopRunOptions& options);

  const std::string& id() const { return id_; }
  Store& store() { return *shop_.parts.store; }
  // What the run's decisions are checked against, and written by.
  Result<int> decide(const CallDecision& decision);
  // Takes the run for this process, works, and lets go of it. An error: nothing was begun.
  Result<SopResult> work(const std::stop_token& stop, std::function<void(const Event&)> on_event);

 private:
  explicit SopWork(SopRunOptions options) : options_(std::move(options)) {}
  Result<void> set_up(bool offline);
  Result<std::shared_ptr<Provider>> mind(const std::shared_ptr<ToolRegistry>& tools);
  Result<std::shared_ptr<Model>> budgeted(std::shared_ptr<Model> model) const;
  Result<SopResult> finished(Result<RunOutcome> outcome);

  SopRunOptions options_;
  std::string id_, brief_;
  std::shared_ptr<const Plan> plan_;
  std::filesystem::path out_;
  RunLimits limits_;
  std::shared_ptr<policy::Spending> spending_;
  Workshop shop_;
  PlanRunOptions start_;  // of a run that is not begun yet
  bool begun_ = false;    // there is a journal: go on
  bool ended_ = false;    // it is only shown again
};

}  // namespace cadre::workshop
