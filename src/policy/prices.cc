#include "policy/prices.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "base/check.h"
#include "base/embedded.h"

namespace cadre::embedded::data {
std::span<const EmbeddedFile> files();
}  // namespace cadre::embedded::data

namespace cadre::policy {
namespace {

constexpr double kTokensPerPrice = 1e6;
constexpr const char* kHint = "docs/models.md shows the form of a price table";

std::optional<double> money(const Json& entry, std::string_view key) {
  const Json* value = json::find(entry, key);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  const double amount = value->to_number<double>();
  return amount >= 0 && amount < 1e6 ? std::optional(amount) : std::nullopt;
}

Result<Rates> read_rates(const Json& entry, const std::string& where) {
  Rates rates;
  const auto input = money(entry, "input"), output = money(entry, "output");
  if (!input || !output) {
    return fail(
        ErrorCode::kInvalidInput,
        fmt::format("{}: \"input\" and \"output\" have to be dollars for a million tokens", where),
        kHint);
  }
  rates.input = *input;
  rates.output = *output;
  for (const auto& [key, member] :
       {std::pair{"cached", &Rates::cached}, std::pair{"cache_write", &Rates::cache_write}}) {
    if (json::find(entry, key) == nullptr) continue;
    rates.*member = money(entry, key);
    if (!(rates.*member)) {
      return fail(ErrorCode::kInvalidInput, fmt::format("{}: \"{}\" is no price", where, key),
                  kHint);
    }
  }
  return rates;
}

bool is_date(std::string_view text) {
  return text.size() == 10 && text[4] == '-' && text[7] == '-' &&
         std::ranges::all_of(text, [](char c) { return c == '-' || (c >= '0' && c <= '9'); });
}

Result<Price> read_price(const Json& entry, std::size_t index) {
  Price price;
  price.provider = json::get_string(entry, "provider");
  price.model = json::get_string(entry, "model");
  const std::string where = fmt::format("price {} ({}:{})", index + 1, price.provider, price.model);
  if (price.provider.empty() || price.model.empty()) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("price {}: \"provider\" or \"model\" is missing", index + 1), kHint);
  }
  price.date = json::get_string(entry, "date");
  price.source = json::get_string(entry, "source");
  if (!is_date(price.date) || price.source.empty()) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{}: \"date\" (2026-11-23) and \"source\" have to be there", where),
                kHint);
  }
  price.known = !json::get_bool(entry, "unknown");
  price.context_tokens = json::get_int(entry, "context");
  if (!price.known) return price;
  auto rates = read_rates(entry, where);
  if (!rates) return propagate(rates);
  price.rates = *rates;
  if (const Json* above = json::find(entry, "long_context")) {
    auto more = read_rates(*above, where + " long_context");
    if (!more) return propagate(more);
    price.long_rates = *more;
    price.long_above = json::get_int(*above, "above");
    if (price.long_above <= 0) {
      return fail(ErrorCode::kInvalidInput,
                  where + ": \"above\" of \"long_context\" has to be a number of tokens", kHint);
    }
  }
  return price;
}

// How many characters of the pattern match; nothing when it does not.
std::optional<std::size_t> match(const Price& price, std::string_view provider,
                                 std::string_view model) {
  if (price.provider != provider) return std::nullopt;
  if (price.model == model) return model.size() + 1;
  const std::size_t star = price.model.find('*');
  if (star == std::string::npos) return std::nullopt;
  const std::string_view begin = std::string_view(price.model).substr(0, star);
  const std::string_view end = std::string_view(price.model).substr(star + 1);
  const bool fits =
      model.size() >= begin.size() + end.size() && model.starts_with(begin) && model.ends_with(end);
  return fits ? std::optional(begin.size() + end.size()) : std::nullopt;
}

const Rates& rates_for(const Price& price, std::int64_t input_tokens) {
  return price.long_above > 0 && input_tokens > price.long_above ? price.long_rates : price.rates;
}

}  // namespace

Result<PriceTable> PriceTable::from_json(const Json& json) {
  const Json* list = json::find(json, "prices");
  if (list == nullptr || !list->is_array())
    return fail(ErrorCode::kInvalidInput, "a price table is {\"prices\": [...]}", kHint);
  PriceTable table;
  for (std::size_t i = 0; i < list->get_array().size(); ++i) {
    auto price = read_price(list->get_array()[i], i);
    if (!price) return propagate(price);
    table.prices_.push_back(std::move(*price));
  }
  table.table_ends_.push_back(table.prices_.size());
  return table;
}

Result<PriceTable> PriceTable::from_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(ErrorCode::kNotFound, fmt::format("there is no file {}", file.string()));
  const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  auto json = json::parse(bytes);
  if (!json) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} is not valid JSON: {}", file.string(), json.error().message),
                kHint);
  }
  auto table = from_json(*json);
  if (!table) {
    return fail(table.error().code, fmt::format("{}: {}", file.string(), table.error().message),
                table.error().hint);
  }
  return table;
}

const PriceTable& PriceTable::shipped() {
  static const PriceTable kTable = [] {
    auto json = json::parse(embedded::data::files().front().data);
    CADRE_CHECK(json.has_value(), "the shipped price table is not JSON");
    auto table = from_json(*json);
    CADRE_CHECK(table.has_value(), "the shipped price table is not sound");
    return *table;
  }();
  return kTable;
}

PriceTable PriceTable::with(const PriceTable& first) const {
  PriceTable table = first;
  table.prices_.insert(table.prices_.end(), prices_.begin(), prices_.end());
  for (const std::size_t end : table_ends_) table.table_ends_.push_back(first.prices_.size() + end);
  return table;
}

const Price* PriceTable::find(std::string_view provider, std::string_view model) const {
  std::size_t begin = 0;
  for (const std::size_t end : table_ends_) {
    const Price* best = nullptr;
    std::size_t length = 0;
    for (std::size_t i = begin; i < end; ++i) {
      const auto fits = match(prices_[i], provider, model);
      if (!fits || (best != nullptr && *fits <= length)) continue;
      best = &prices_[i];
      length = *fits;
    }
    if (best != nullptr) return best->known ? best : nullptr;
    begin = end;
  }
  return nullptr;
}

std::optional<double> cost_of(const Price& price, const Usage& usage) {
  if (!usage.input_tokens || !usage.output_tokens) return std::nullopt;
  const Rates& rates = rates_for(price, *usage.input_tokens);
  const std::int64_t cached = std::min(usage.cached_tokens.value_or(0), *usage.input_tokens);
  const std::int64_t written =
      std::min(usage.cache_write_tokens.value_or(0), *usage.input_tokens - cached);
  const std::int64_t fresh = *usage.input_tokens - cached - written;
  return (static_cast<double>(fresh) * rates.input +
          static_cast<double>(cached) * rates.cached.value_or(rates.input) +
          static_cast<double>(written) * rates.cache_write.value_or(rates.input) +
          static_cast<double>(*usage.output_tokens) * rates.output) /
         kTokensPerPrice;
}

double cost_at_most(const Price& price, std::int64_t input_tokens, std::int64_t output_tokens) {
  const Rates& rates = rates_for(price, input_tokens);
  return (static_cast<double>(input_tokens) *
              std::max(rates.input, rates.cache_write.value_or(rates.input)) +
          static_cast<double>(output_tokens) * rates.output) /
         kTokensPerPrice;
}

}  // namespace cadre::policy
