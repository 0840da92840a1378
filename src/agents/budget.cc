#include "cadre/budget.h"

#include <fmt/core.h>

#include <algorithm>

namespace cadre {
namespace {

template <class T>
Result<void> check(const char* what, const std::optional<T>& limit, T used, T asked) {
  if (!limit || used + asked <= *limit) return {};
  return fail(ErrorCode::kExhausted,
              fmt::format("the budget of {} {} does not allow {} more: {} are used", *limit, what,
                          asked, used));
}

template <class T>
bool soft(const std::optional<T>& limit, T used, double share) {
  return limit && static_cast<double>(used) >= static_cast<double>(*limit) * share;
}

}  // namespace

Result<void> Budget::fits(const BudgetUse& use) const {
  if (auto ok = check("model calls", limits_.model_calls, used_.model_calls, use.model_calls); !ok)
    return ok;
  if (auto ok = check("tool calls", limits_.tool_calls, used_.tool_calls, use.tool_calls); !ok)
    return ok;
  if (auto ok = check("tokens", limits_.tokens, used_.tokens, use.tokens); !ok) return ok;
  return check("of money", limits_.money, used_.money, use.money);
}

Result<void> Budget::reserve(const BudgetUse& use) {
  if (parent_ != nullptr) {
    if (auto reserved = parent_->reserve(use); !reserved) return reserved;
  }
  const std::lock_guard lock(mutex_);
  if (auto ok = fits(use); !ok) {
    if (parent_ != nullptr) parent_->settle(use, {});
    return ok;
  }
  used_.model_calls += use.model_calls;
  used_.tool_calls += use.tool_calls;
  used_.tokens += use.tokens;
  used_.money += use.money;
  return {};
}

void Budget::settle(const BudgetUse& reserved, const BudgetUse& actual) {
  if (parent_ != nullptr) parent_->settle(reserved, actual);
  const std::lock_guard lock(mutex_);
  used_.model_calls += actual.model_calls - reserved.model_calls;
  used_.tool_calls += actual.tool_calls - reserved.tool_calls;
  used_.tokens += actual.tokens - reserved.tokens;
  used_.money += actual.money - reserved.money;
}

void Budget::carry_over(const std::string& run, const BudgetUse& use) {
  if (parent_ != nullptr) parent_->carry_over(run, use);
  const std::lock_guard lock(mutex_);
  if (!runs_.insert(run).second) return;
  used_.model_calls += use.model_calls;
  used_.tool_calls += use.tool_calls;
  used_.tokens += use.tokens;
  used_.money += use.money;
}

void Budget::enter(const std::string& run) {
  if (parent_ != nullptr) parent_->enter(run);
  const std::lock_guard lock(mutex_);
  runs_.insert(run);
}

void Budget::leave(const std::string& run) {
  if (parent_ != nullptr) parent_->leave(run);
  const std::lock_guard lock(mutex_);
  runs_.erase(run);
}

BudgetUse Budget::used() const {
  const std::lock_guard lock(mutex_);
  return used_;
}

BudgetLimits Budget::left() const {
  BudgetLimits left;
  if (parent_ != nullptr) left = parent_->left();
  const std::lock_guard lock(mutex_);
  const auto narrow = [](auto& to, const auto& limit, auto used) {
    if (!limit) return;
    const auto rest = std::max(*limit - used, decltype(used)(0));
    to = to ? std::min(*to, rest) : rest;
  };
  narrow(left.model_calls, limits_.model_calls, used_.model_calls);
  narrow(left.tool_calls, limits_.tool_calls, used_.tool_calls);
  narrow(left.tokens, limits_.tokens, used_.tokens);
  narrow(left.money, limits_.money, used_.money);
  return left;
}

bool Budget::soft_reached() const {
  if (parent_ != nullptr && parent_->soft_reached()) return true;
  const std::lock_guard lock(mutex_);
  const double share = limits_.soft_share;
  // Of a small number of calls the last one is the finishing turn, whatever the share.
  if (limits_.model_calls && used_.model_calls + 1 >= *limits_.model_calls) return true;
  return soft(limits_.model_calls, used_.model_calls, share) ||
         soft(limits_.tool_calls, used_.tool_calls, share) ||
         soft(limits_.tokens, used_.tokens, share) || soft(limits_.money, used_.money, share);
}

}  // namespace cadre
