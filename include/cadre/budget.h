// Budgets: reserved before a call is made, settled after it; parallel branches cannot overshoot
// together. A budget may have a parent that it draws on as well. Thread-safe.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>

#include "base/result.h"

namespace cadre {

struct BudgetLimits {
  std::optional<std::int64_t> model_calls{}, tool_calls{}, tokens{};
  std::optional<double> money{};  // in the currency of the price table
  double soft_share = 0.9;      // from here on one finishing turn is left
};

struct BudgetUse {
  std::int64_t model_calls = 0, tool_calls = 0, tokens = 0;
  double money = 0;
};

class Budget {
 public:
  explicit Budget(BudgetLimits limits, std::shared_ptr<Budget> parent = nullptr)
      : limits_(limits), parent_(std::move(parent)) {}

  // Takes `use` off what is left, here and in every parent, or nothing: kExhausted says which
  // limit, how much is left, and what was asked.
  Result<void> reserve(const BudgetUse& use);
  // Puts `actual` in the place of what was reserved; may go over when a call took more than was
  // reserved for it.
  void settle(const BudgetUse& reserved, const BudgetUse& actual);

  // What the run used before it was resumed: counted, over the limits if need be, in this budget
  // and every parent that does not know the run already. The runtime tells.
  void carry_over(const std::string& run, const BudgetUse& use);
  // A run begins to draw on it; and will not again.
  void enter(const std::string& run);
  void leave(const std::string& run);

  BudgetUse used() const;
  // What every limit leaves, here and in every parent; unset where there is none.
  BudgetLimits left() const;
  // Whether a limit's soft share is used up.
  bool soft_reached() const;

 private:
  Result<void> fits(const BudgetUse& use) const;
  const BudgetLimits limits_;
  const std::shared_ptr<Budget> parent_;
  mutable std::mutex mutex_;
  BudgetUse used_;
  std::unordered_set<std::string> runs_;  // under way, or left behind
};

}  // namespace cadre
