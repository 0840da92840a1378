// Decisions that another process has written into the journal of a run that waits.
#include "agents/run_driver.h"
#include "agents/store_guard.h"

namespace cadre {

std::optional<std::int64_t> RunDriver::waits_from() const {
  const bool still = still_since_ && !finished_ && !run_.over() && in_flight_ == 0;
  if (!still || !batch_.empty()) return std::nullopt;
  return durable_seq_ + 1;
}

void RunDriver::written_elsewhere(const std::vector<Event>& events) {
  const auto from = waits_from();
  if (!from || events.front().seq != *from) return;  // it went on meanwhile
  const auto blob = [this](const std::string& address) {
    return load_blob(*options_.store, address);
  };
  wake();
  BudgetUse nothing;
  settling_ = true;
  for (const Event& event : events) {
    auto outcome = event.kind == EventKind::kApprovalDecided
                       ? journal_.read(run_, event, blob)
                       : Result<std::optional<AgentOutcome>>(std::nullopt);
    if (!outcome || !*outcome) {  // resumed there
      settling_ = false;
      return end_early(RunStatus::kInternal, std::string(kWrittenElsewhere));
    }
    durable_seq_ = event.seq;
    carry_event(event, nothing);
    take(std::move(**outcome));
    if (finished_) break;
  }
  settling_ = false;
  settle();
}

// A person has decided: the time until now was theirs.
void RunDriver::wake() {
  state_->resumed();
  if (!still_since_) return;
  const auto waited = std::chrono::steady_clock::now() - *std::exchange(still_since_, {});
  if (options_.deadline.count() > 0)
    arm_deadline(deadline_ + waited - std::chrono::steady_clock::now());
}

}  // namespace cadre
