// What models cost, as dated data: the table that ships with Cadre, and the user's own before it.
//
// A price that is not in the tables is unknown, never 0; so is the cost of a reply whose tokens the
// vendor did not count. Prices are dollars for a million tokens. Immutable once made; thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/model.h"

namespace cadre::policy {

// Of a million tokens, in dollars.
struct Rates {
  double input = 0, output = 0;
  std::optional<double> cached{}, cache_write{};  // of the input; unset: as any input
};

struct Price {
  std::string provider;  // a profile's name: "openai"
  std::string model;     // "gpt-5", or "gpt-5-*": what begins so
  bool known = true;     // false: the entry says that the price is not known
  Rates rates;
  std::int64_t long_above = 0;  // input tokens from which `long_rates` hold; 0: never
  Rates long_rates;
  std::int64_t context_tokens = 0;  // 0: not known
  std::string date, source;         // when the figures were read, and where
};

class PriceTable {
 public:
  // {"prices": [{"provider", "model", "input", "output", "cached"?, "cache_write"?,
  //  "long_context"?: {"above", ...}, "context"?, "date", "source"}]}; the first mistake is named
  // by its entry.
  static Result<PriceTable> from_json(const Json& json);
  static Result<PriceTable> from_file(const std::filesystem::path& file);
  // The table that ships with Cadre.
  static const PriceTable& shipped();

  // Entries of `first` go before those of this table.
  PriceTable with(const PriceTable& first) const;
  // The longest match of the first table that has one; null when there is none, or the entry says
  // that the price is not known.
  const Price* find(std::string_view provider, std::string_view model) const;
  const std::vector<Price>& prices() const { return prices_; }

 private:
  std::vector<Price> prices_;
  std::vector<std::size_t> table_ends_;
};

// The cost of what the vendor counted; unset when it did not count.
std::optional<double> cost_of(const Price& price, const Usage& usage);
// At most, for so many tokens: nothing of them is cached, writing to the cache may cost more.
double cost_at_most(const Price& price, std::int64_t input_tokens, std::int64_t output_tokens);

}  // namespace cadre::policy
