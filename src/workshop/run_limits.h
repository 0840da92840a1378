// The limits of a whole run, over all the processes that work on it: kept beside the journal, and
// counted on with what the journal says was spent. Thread-safe; calls block on the disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"
#include "policy/spending.h"
#include "store/store.h"
#include "trace/report.h"

namespace cadre::workshop {

struct RunLimits {
  std::optional<double> max_cost{};  // US dollars
  std::optional<std::int64_t> max_tokens{}, max_calls{};
  int max_time_s = 0;  // of work; 0: any

  bool any() const { return max_cost || max_tokens || max_calls || max_time_s > 0; }
};

policy::SpendingLimits spending_limits(const RunLimits& limits);

// The limits outlive the process, so that a resumed run keeps within them: in `state`/limits.
Result<void> keep_limits(const RunLimits& limits, const std::filesystem::path& state,
                         const std::string& run);
// Those of the run, where `limits` has none.
void restore_limits(RunLimits& limits, const std::filesystem::path& state, const std::string& run);

// What the journal says that the run has spent, time in which it waited or lay still apart.
RunReport spent_earlier(Store& store, const std::string& run);
void count_earlier(policy::Spending& spending, const RunReport& earlier);

// Of two limits in seconds, 0 being none.
int shorter(int one, int other);

}  // namespace cadre::workshop
