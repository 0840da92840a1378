// A model with a price and within a budget: what it may cost is reserved before each call and
// settled after it, and each reply says what it cost, as far as that is known.
#pragma once

#include "net/http_model.h"
#include "policy/spending.h"

namespace cadre::policy {

struct BudgetedOptions {
  std::shared_ptr<Spending> spending{};        // null: only priced
  std::shared_ptr<const PriceTable> prices{};  // null: nothing is known
  std::string provider{};                      // in the price table
  std::string model{};                         // unless the request names another
  std::int64_t output_tokens = 16'000;  // reserved for an answer, when the request does not say
  // Recorded answers are found by the request, so it goes on as it came: no shorter answer, no word
  // of the last turn.
  bool request_untouched = false;
  // What calls took that failed: it is settled, priced, and left there for who asks another model.
  std::shared_ptr<net::LostUsage> lost{};
};

// Thread-safe as its model is.
std::shared_ptr<Model> make_budgeted_model(std::shared_ptr<Model> model, BudgetedOptions options);

}  // namespace cadre::policy
