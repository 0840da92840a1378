// What a run may spend on models: calls, tokens, money and time, taken before a call is sent and
// settled when it has ended, over all models and branches of the run together.
//
// A call that does not fit beside the calls under way waits until one of them is settled; when none
// is under way its answer is made shorter, and when that does not help it is refused with
// kExhausted. Once the soft share of a limit is used, each conversation has one turn left: it is
// told so, and its next call is refused. Thread-safe; callbacks run without the lock.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "cadre/budget.h"
#include "policy/prices.h"

namespace cadre::policy {

struct SpendingLimits {
  BudgetLimits budget{};
  std::chrono::milliseconds time{0};  // from the start of the run; 0: any
  bool any() const {
    return budget.model_calls || budget.tokens || budget.money || time.count() > 0;
  }
};

struct SpendingAsk {
  std::string conversation;        // calls with the same one are turns of one conversation
  std::int64_t input_tokens = 0;   // estimated
  std::int64_t output_tokens = 0;  // wanted at most
  const Price* price = nullptr;    // null: not known
};

struct SpendingGrant {
  BudgetUse reserved;
  std::int64_t output_tokens = 0;  // allowed at most
  bool shortened = false;          // less than wanted
  bool last_turn = false;
};

class Spending {
 public:
  using Clock = std::function<std::chrono::steady_clock::time_point()>;
  using Ready = std::move_only_function<void(Result<SpendingGrant>)>;

  // The limits of `parent` hold, too. An empty clock is the system's.
  explicit Spending(SpendingLimits limits, std::shared_ptr<Budget> parent = nullptr,
                    Clock clock = {});

  // `ready` is called once, here or when a call was settled. The id is for withdraw().
  std::uint64_t ask(SpendingAsk ask, Ready ready);
  // Nobody waits for it any more. True when `ready` will not be called.
  bool withdraw(std::uint64_t id);
  // The call has ended and took this. Without a price, its money is not known.
  void settle(const BudgetUse& reserved, const BudgetUse& actual, bool priced = true);
  // What the run spent before it was resumed. Before the first call. A parent that knows the run
  // has counted it already.
  void count_earlier(const BudgetUse& use, bool priced = true,
                     std::chrono::microseconds time = {}, const std::string& run = {}) {
    if (!priced) ++unpriced_;
    started_ -= time;
    budget_->carry_over(run, use);
  }

  // More for a call that has its grant: an attempt that broke took this, and the next one wants as
  // much as the first. False when it is not there.
  bool take_more(const BudgetUse& more);
  // Replies that broke without saying what they took.
  void count_uncounted(int attempts) { uncounted_ += static_cast<std::size_t>(attempts); }

  const SpendingLimits& limits() const { return limits_; }
  // Whether a call may be refused.
  bool limited() const { return limits_.any() || has_parent_; }
  BudgetUse used() const { return budget_->used(); }
  // "12 of 50 calls, 31000 tokens, $0.12 of $2.00"; "cost not known" when a call had no price;
  // "2 attempts without usage" when what they took is not known.
  std::string describe() const;

 private:
  struct Waiter {
    std::uint64_t id = 0;
    SpendingAsk ask;
    Ready ready;
  };
  // A grant, a refusal, or nothing: it has to wait. The lock is held.
  std::optional<Result<SpendingGrant>> decide(const SpendingAsk& ask);
  Result<SpendingGrant> take(const SpendingAsk& ask, std::int64_t output_tokens, bool last_turn);
  // How many output tokens the rest of the budget pays for; negative when not even the input.
  std::int64_t affordable_output(const SpendingAsk& ask) const;
  bool soft_reached() const;

  const SpendingLimits limits_;
  const Clock clock_;
  std::chrono::steady_clock::time_point started_;
  const bool has_parent_;
  const std::shared_ptr<Budget> budget_;
  mutable std::mutex mutex_;
  std::deque<Waiter> waiting_;
  std::set<std::string> finishing_;  // conversations that had their last turn
  std::size_t in_flight_ = 0;
  std::atomic<std::size_t> unpriced_ = 0, uncounted_ = 0;
  std::uint64_t last_id_ = 0;
};

}  // namespace cadre::policy
