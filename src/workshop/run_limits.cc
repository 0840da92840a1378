#include "workshop/run_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "base/json.h"

namespace cadre::workshop {

namespace fs = std::filesystem;

policy::SpendingLimits spending_limits(const RunLimits& limits) {
  policy::SpendingLimits spending;
  spending.budget.money = limits.max_cost;
  spending.budget.tokens = limits.max_tokens;
  spending.budget.model_calls = limits.max_calls;
  spending.time = std::chrono::seconds(limits.max_time_s);
  return spending;
}

Result<void> keep_limits(const RunLimits& given, const fs::path& state, const std::string& run) {
  if (!given.any()) return {};
  JsonObject limits;
  if (given.max_cost) limits["max_cost"] = *given.max_cost;
  if (given.max_tokens) limits["max_tokens"] = *given.max_tokens;
  if (given.max_calls) limits["max_calls"] = *given.max_calls;
  if (given.max_time_s > 0) limits["max_time"] = given.max_time_s;
  std::error_code error;
  fs::create_directories(state / "limits", error);
  std::ofstream out(state / "limits" / (run + ".json"), std::ios::binary);
  out << json::write_pretty(limits);
  if (!out.flush()) {
    return fail(ErrorCode::kIo, fmt::format("cannot write into {}", (state / "limits").string()));
  }
  return {};
}

void restore_limits(RunLimits& limits, const fs::path& state, const std::string& run) {
  if (limits.any()) return;
  const fs::path file = state / "limits" / (run + ".json");
  std::ifstream in(file, std::ios::binary);
  const auto kept = json::parse(
      std::string((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>()));
  if (!kept) return;
  if (json::find(*kept, "max_cost") != nullptr)
    limits.max_cost = json::get_double(*kept, "max_cost");
  if (json::find(*kept, "max_tokens") != nullptr)
    limits.max_tokens = json::get_int(*kept, "max_tokens");
  if (json::find(*kept, "max_calls") != nullptr)
    limits.max_calls = json::get_int(*kept, "max_calls");
  limits.max_time_s = static_cast<int>(json::get_int(*kept, "max_time"));
}

RunReport spent_earlier(Store& store, const std::string& run) {
  auto journal = store.read(run);
  return journal ? make_report(journal->events) : RunReport();
}

void count_earlier(policy::Spending& spending, const RunReport& earlier) {
  BudgetUse use;
  int unpriced = 0;
  for (const Activity& agent : earlier.agents) {
    use.model_calls += agent.model_calls;
    use.tokens += agent.tokens_in + agent.tokens_out;
    use.money += agent.cost_usd;
    unpriced += agent.model_calls - agent.model_calls_failed - agent.calls_priced;
  }
  spending.count_earlier(use, unpriced <= 0, std::chrono::microseconds(earlier.working_us),
                         earlier.run);
}

int shorter(int one, int other) {
  return one == 0 ? other : other == 0 ? one : std::min(one, other);
}

}  // namespace cadre::workshop
