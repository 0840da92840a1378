#include "cli/models_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/config.h"
#include "cli/model_options.h"
#include "cli/provider_state.h"

namespace cadre::cli {
namespace {

std::string key_words(const ProviderState& state) {
  if (state.key_variable.empty()) return "needs no key";
  return state.key_variable + (state.key_set ? " is set" : " is not set");
}

std::string standing(const ProviderState& state) {
  if (!state.missing.empty()) return state.missing;
  if (!state.reached) return "configured";
  std::string out = fmt::format("answers in {} ms", state.reached->milliseconds);
  if (state.reached->models >= 0) out += fmt::format(", names {} models", state.reached->models);
  if (!state.reached->limits.empty()) out += "; limits: " + state.reached->limits;
  return out;
}

std::string one_line(const ProviderState& state) {
  std::string out = fmt::format("{} {:<12} {:<29} {}\n", state.missing.empty() ? "ok " : "-  ",
                                state.name, key_words(state), standing(state));
  if (!state.missing.empty()) out += fmt::format("   {:<12} {}\n", "", "remedy: " + state.remedy);
  return out;
}

std::string money(const std::optional<double>& amount) {
  return amount ? fmt::format("{:g}", *amount) : "-";
}

std::string details(const ProviderState& state) {
  std::string out = one_line(state);
  if (!state.address.empty()) out += fmt::format("   address: {}\n", state.address);
  if (state.prices.empty()) {
    return out + "   no prices are known: a budget of money needs a table (--prices FILE)\n";
  }
  out += fmt::format("\n   {:<32} {:>8} {:>8} {:>8} {:>10}  {}\n", "model", "input", "cached",
                     "output", "context", "read on");
  for (const policy::Price& price : state.prices) {
    if (!price.known) {
      out += fmt::format("   {:<32} not known: {}\n", price.model, price.source);
      continue;
    }
    out += fmt::format(
        "   {:<32} {:>8} {:>8} {:>8} {:>10}  {}\n", price.model, money(price.rates.input),
        money(price.rates.cached), money(price.rates.output),
        price.context_tokens > 0 ? std::to_string(price.context_tokens) : "-", price.date);
  }
  return out + "   dollars for a million tokens; * is any ending; source: " +
         state.prices.front().source + "\n";
}

Json to_json(const policy::Price& price) {
  JsonObject out{{"model", price.model}, {"date", price.date}, {"source", price.source}};
  if (price.context_tokens > 0) out["context"] = price.context_tokens;
  if (!price.known) return out;
  out["input"] = price.rates.input;
  out["output"] = price.rates.output;
  if (price.rates.cached) out["cached"] = *price.rates.cached;
  if (price.rates.cache_write) out["cache_write"] = *price.rates.cache_write;
  return out;
}

Json to_json(const ProviderState& state) {
  JsonObject out{{"name", state.name},
                 {"title", state.title},
                 {"address", state.address},
                 {"local", state.local},
                 {"usable", state.missing.empty()}};
  if (state.key_variable.empty()) {
    out["key"] = nullptr;
  } else {
    out["key"] = JsonObject{{"variable", state.key_variable}, {"set", state.key_set}};
  }
  if (!state.missing.empty()) {
    out["missing"] = state.missing;
    out["remedy"] = state.remedy;
  }
  if (state.reached) {
    out["checked"] = JsonObject{
        {"reachable", state.reached->good},
        {"milliseconds", state.reached->milliseconds},
        {"models", state.reached->models >= 0 ? Json(state.reached->models) : Json(nullptr)},
        {"limits", state.reached->limits}};
  }
  JsonArray prices;
  for (const policy::Price& price : state.prices) prices.push_back(to_json(price));
  out["prices"] = std::move(prices);
  return out;
}

}  // namespace

int models_command(const Console& console, const ModelsArguments& given) {
  const auto config = read_config();
  if (!config) return report_error(console, config.error());
  ModelsArguments arguments = given;
  apply_config(*config, arguments);
  auto prices = open_prices(arguments.prices);
  if (!prices) return report_error(console, prices.error());
  std::vector<ProviderState> states =
      examine_providers(arguments.check ? Ask::kEverybody : Ask::kNobody, **prices);
  if (!arguments.provider.empty()) {
    std::erase_if(states, [&](const ProviderState& s) { return s.name != arguments.provider; });
    if (states.empty()) {
      return report_error(console, {ErrorCode::kNotFound,
                                    fmt::format("there is no provider {}", arguments.provider),
                                    "cadre models lists them"});
    }
  }
  const std::string chosen = chosen_model(arguments.model);
  if (console.json) {
    JsonArray rows;
    for (const ProviderState& state : states) rows.push_back(to_json(state));
    console.print(json::write_pretty(JsonObject{{"chosen", chosen.empty() ? "offline" : chosen},
                                                {"providers", std::move(rows)}}));
    return kDone;
  }
  std::string out;
  for (const ProviderState& state : states)
    out += arguments.provider.empty() ? one_line(state) : details(state);
  if (arguments.provider.empty()) {
    out += "ok  offline      needs no key                  built in: no language model\n";
    out += fmt::format("\nruns use {}; cadre models NAME shows prices and limits{}\n",
                       chosen.empty() ? "offline (nothing else is set)" : chosen,
                       arguments.check ? "" : ", --check asks the servers");
  }
  console.print(out);
  return kDone;
}

void add_models_command(CLI::App& app, Console& console, ModelsArguments& arguments,
                        std::function<int()>& action) {
  CLI::App* models = app.add_subcommand(
      "models", "which model providers are configured and reachable, their limits and prices");
  models->add_option("PROVIDER", arguments.provider, "one of them, with the prices of its models");
  models->add_flag("--check", arguments.check, "ask the servers");
  models->add_option("--prices", arguments.prices,
                     "a price table that goes before the shipped one (default: CADRE_PRICES, "
                     "then cadre.toml)");
  models->add_flag("--json", console.json, "JSON on standard output");
  models->callback([&] { action = [&] { return models_command(console, arguments); }; });
}

}  // namespace cadre::cli
