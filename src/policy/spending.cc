#include "policy/spending.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace cadre::policy {
namespace {

constexpr const char* kRaise = "raise --max-cost, --max-tokens, --max-calls or --max-time";
constexpr std::int64_t kShortestAnswer = 256;  // a shorter one is of no use

}  // namespace

Spending::Spending(SpendingLimits limits, std::shared_ptr<Budget> parent, Clock clock)
    : limits_(limits),
      clock_(clock ? std::move(clock) : [] { return std::chrono::steady_clock::now(); }),
      started_(clock_()),
      has_parent_(parent != nullptr),
      budget_(std::make_shared<Budget>(limits.budget, std::move(parent))) {}

bool Spending::soft_reached() const {
  if (budget_->soft_reached()) return true;
  const double share = limits_.budget.soft_share;
  return limits_.time.count() > 0 &&
         std::chrono::duration<double>(clock_() - started_).count() * 1000 >=
             static_cast<double>(limits_.time.count()) * share;
}

std::int64_t Spending::affordable_output(const SpendingAsk& ask) const {
  const BudgetLimits left = budget_->left();
  std::int64_t tokens = std::numeric_limits<std::int64_t>::max();
  if (left.tokens) tokens = *left.tokens - ask.input_tokens;
  if (left.money && ask.price != nullptr) {
    const double rest = *left.money - cost_at_most(*ask.price, ask.input_tokens, 0);
    const double each = cost_at_most(*ask.price, ask.input_tokens, 1'000'000) -
                        cost_at_most(*ask.price, ask.input_tokens, 0);
    if (rest < 0) return -1;
    if (each > 0) tokens = std::min(tokens, static_cast<std::int64_t>(rest / each * 1e6));
  }
  return tokens;
}

Result<SpendingGrant> Spending::take(const SpendingAsk& ask, std::int64_t output_tokens,
                                     bool last_turn) {
  SpendingGrant grant;
  grant.reserved.model_calls = 1;
  grant.reserved.tokens = ask.input_tokens + output_tokens;
  if (ask.price != nullptr)
    grant.reserved.money = cost_at_most(*ask.price, ask.input_tokens, output_tokens);
  if (auto taken = budget_->reserve(grant.reserved); !taken) return propagate(taken);
  grant.output_tokens = output_tokens;
  grant.shortened = output_tokens < ask.output_tokens;
  grant.last_turn = last_turn;
  if (last_turn) finishing_.insert(ask.conversation);
  ++in_flight_;
  return grant;
}

std::optional<Result<SpendingGrant>> Spending::decide(const SpendingAsk& ask) {
  if (limits_.time.count() > 0 && clock_() - started_ >= limits_.time) {
    return fail(ErrorCode::kExhausted,
                fmt::format("the budget of {:g} s is used up",
                            static_cast<double>(limits_.time.count()) / 1000),
                "raise --max-time");
  }
  if (budget_->left().money && ask.price == nullptr) {
    return fail(ErrorCode::kInvalidInput,
                "the price of the model is not known, so a budget of money cannot be kept",
                "name its price in a file (--prices FILE), or limit tokens: --max-tokens N");
  }
  const bool last_turn = soft_reached();
  if (last_turn && finishing_.contains(ask.conversation)) {
    return fail(
        ErrorCode::kExhausted,
        "the budget is nearly used up, and the turn that was left to finish is over: " + describe(),
        kRaise);
  }
  auto whole = take(ask, ask.output_tokens, last_turn);
  if (whole) return whole;
  if (in_flight_ > 0) return std::nullopt;
  const std::int64_t affordable = affordable_output(ask);
  if (affordable >= kShortestAnswer && affordable < ask.output_tokens)
    return take(ask, affordable, last_turn);
  whole.error().hint = kRaise;
  return whole;
}

std::uint64_t Spending::ask(SpendingAsk asked, Ready ready) {
  std::optional<Result<SpendingGrant>> answer;
  std::uint64_t id = 0;
  {
    const std::lock_guard lock(mutex_);
    id = ++last_id_;
    answer = decide(asked);
    if (!answer) waiting_.push_back({id, std::move(asked), std::move(ready)});
  }
  if (answer) ready(std::move(*answer));
  return id;
}

bool Spending::withdraw(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  return std::erase_if(waiting_, [&](const Waiter& waiter) { return waiter.id == id; }) > 0;
}

bool Spending::take_more(const BudgetUse& more) {
  const std::lock_guard lock(mutex_);
  return budget_->reserve(more).has_value();
}

void Spending::settle(const BudgetUse& reserved, const BudgetUse& actual, bool priced) {
  if (!priced) ++unpriced_;
  std::vector<std::pair<Ready, Result<SpendingGrant>>> answered;
  {
    const std::lock_guard lock(mutex_);
    budget_->settle(reserved, actual);
    if (in_flight_ > 0) --in_flight_;
    while (!waiting_.empty()) {
      auto answer = decide(waiting_.front().ask);
      if (!answer) break;
      answered.emplace_back(std::move(waiting_.front().ready), std::move(*answer));
      waiting_.pop_front();
    }
  }
  for (auto& [ready, answer] : answered) ready(std::move(answer));
}

std::string Spending::describe() const {
  const BudgetUse use = budget_->used();
  const BudgetLimits& limits = limits_.budget;
  std::string out = fmt::format("{}", use.model_calls);
  if (limits.model_calls) out += fmt::format(" of {}", *limits.model_calls);
  out += fmt::format(" calls, {}", use.tokens);
  if (limits.tokens) out += fmt::format(" of {}", *limits.tokens);
  out += " tokens, ";
  if (unpriced_ > 0 && !limits.money) {
    out += "cost not known";
  } else {
    out += fmt::format("${:.4f}", use.money);
    if (limits.money) out += fmt::format(" of ${:.2f}", *limits.money);
  }
  if (uncounted_ > 0) {
    out += fmt::format(", {} {} without usage", uncounted_.load(),
                       uncounted_ == 1 ? "attempt" : "attempts");
  }
  return out;
}

}  // namespace cadre::policy
