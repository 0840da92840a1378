#include "policy/model_chain.h"

#include <fmt/format.h>

#include <map>
#include <mutex>

#include "base/text.h"
#include "net/http_transfer.h"
#include "policy/budgeted_model.h"
#include "policy/cached_model.h"
#include "policy/fallback_model.h"
#include "policy/recording.h"
#include "policy/schema_fallback.h"
#include "policy/settings_fallback.h"
#include "policy/tiered_model.h"

namespace cadre::policy {
namespace {

constexpr std::string_view kClaude = "claude-code";
constexpr std::string_view kReplay = "replay:";
constexpr std::string_view kReplayByPlace = "replay-by-place:";

bool is_claude(std::string_view spec) {
  return spec == kClaude || spec.starts_with(std::string(kClaude) + ":");
}

// Opens models, each once. Shared by the chain and the router.
class Opener {
 public:
  explicit Opener(ChainOptions options) : options_(std::move(options)) {
    if (options_.prices == nullptr)
      options_.prices =
          std::shared_ptr<const PriceTable>(&PriceTable::shipped(), [](const PriceTable*) {});
    if (options_.http.traffic == nullptr) options_.http.traffic = std::make_shared<net::Traffic>();
  }

  const ChainOptions& options() const { return options_; }

  Result<std::shared_ptr<Model>> chain(std::string_view specification) {
    const std::lock_guard lock(mutex_);
    const std::string name(text::trim(specification));
    if (const auto it = chains_.find(name); it != chains_.end()) return it->second;
    if (name.starts_with(kRoutePrefix)) {
      auto made = route(name);
      if (made) chains_[name] = *made;
      return made;
    }
    std::vector<std::shared_ptr<Model>> models;
    for (const std::string& spec : split_chain(name)) {
      auto model = one(spec);
      if (!model) return propagate(model);
      models.push_back(std::move(*model));
    }
    if (models.empty()) return fail(ErrorCode::kInvalidInput, "no model is named");
    auto made = models.size() == 1 ? models.front()
                                   : make_fallback_model(std::move(models), {.lost = lost_});
    chains_[name] = made;
    return made;
  }

 private:
  Result<std::shared_ptr<Model>> route(std::string_view specification) {
    auto parts = read_route(specification);
    if (!parts) return propagate(parts);
    std::vector<TieredModel> models;
    for (const TieredSpec& part : *parts) {
      auto model = one(part.model);
      if (!model) return propagate(model);
      TieredModel tiered{.model = std::move(*model), .tier = part.tier};
      const PriceKey key = price_key(part.model);
      // Three tokens are read for one that is written.
      if (const Price* price = options_.prices->find(key.provider, key.model))
        tiered.price = (3 * price->rates.input + price->rates.output) / 4;
      models.push_back(std::move(tiered));
    }
    return make_tiered_model(std::move(models));
  }

  Result<std::shared_ptr<Model>> one(const std::string& spec) {
    if (options_.other) {
      if (auto found = options_.other(spec)) return budgeted(std::move(*found), spec);
    }
    if (spec.starts_with(kReplay))
      return budgeted(make_replay_model(spec.substr(kReplay.size())), spec, true);
    if (spec.starts_with(kReplayByPlace))
      return budgeted(make_replay_model(spec.substr(kReplayByPlace.size()), true), spec, true);
    if (is_claude(spec)) {
      ClaudeOptions claude = options_.claude;
      if (spec.size() > kClaude.size()) claude.model = spec.substr(kClaude.size() + 1);
      return budgeted(make_claude_model(std::move(claude)), spec);
    }
    auto parsed = net::parse_model_spec(spec);
    if (!parsed) return propagate(parsed);
    if (client_ == nullptr) {
      auto client = options_.client ? options_.client()
                                    : Result<std::shared_ptr<net::HttpClient>>(
                                          fail(ErrorCode::kInternal, "there is no HTTP client"));
      if (!client) return propagate(client);
      client_ = std::move(*client);
    }
    net::HttpModelOptions http = options_.http;
    http.lost = lost_;
    auto model = net::make_model(spec, client_, options_.keys, std::move(http));
    if (!model) return model;
    return budgeted(make_schema_fallback(make_settings_fallback(std::move(*model))), spec);
  }

  Result<std::shared_ptr<Model>> budgeted(Result<std::shared_ptr<Model>> model,
                                          const std::string& spec,
                                          bool request_untouched = false) const {
    if (!model) return propagate(model);
    const PriceKey key = price_key(spec);
    const bool money = options_.spending != nullptr && options_.spending->limits().budget.money;
    if (money && options_.prices->find(key.provider, key.model) == nullptr) {
      return fail(
          ErrorCode::kInvalidInput,
          fmt::format("the price of {} is not known, so a budget of money cannot be kept", spec),
          fmt::format("name it in a price table (--prices FILE; provider \"{}\", model "
                      "\"{}\"), or limit tokens: --max-tokens N",
                      key.provider, key.model));
    }
    return make_budgeted_model(std::move(*model), {.spending = options_.spending,
                                                   .prices = options_.prices,
                                                   .provider = key.provider,
                                                   .model = key.model,
                                                   .request_untouched = request_untouched,
                                                   .lost = lost_});
  }

  ChainOptions options_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Model>> chains_;
  std::shared_ptr<net::HttpClient> client_;
  std::shared_ptr<net::LostUsage> lost_ = std::make_shared<net::LostUsage>();
};

class RoutedModel final : public Model {
 public:
  RoutedModel(std::shared_ptr<Model> model, std::shared_ptr<Opener> opener)
      : model_(std::move(model)), opener_(std::move(opener)) {}

  std::string name() const override { return model_->name(); }
  std::shared_ptr<EventSource> events() const override { return model_->events(); }

  void start(const ModelRequest& request, std::stop_token stop, OnDelta delta,
             OnDone done) override {
    if (!is_specification(request.model))
      return model_->start(request, std::move(stop), std::move(delta), std::move(done));
    auto other = opener_->chain(request.model);
    if (!other) return done(propagate(other));
    ModelRequest asked = request;
    asked.model = {};
    (*other)->start(
        asked, std::move(stop), std::move(delta),
        [name = (*other)->name(), done = std::move(done)](Result<ModelReply> reply) mutable {
          if (reply && reply->usage.answered_by.empty()) reply->usage.answered_by = name;
          done(std::move(reply));
        });
  }

 private:
  const std::shared_ptr<Model> model_;
  const std::shared_ptr<Opener> opener_;
};

}  // namespace

std::vector<std::string> split_chain(std::string_view specification) {
  std::vector<std::string> specs;
  while (!specification.empty()) {
    const std::size_t comma = specification.find(',');
    const std::string_view piece = text::trim(specification.substr(0, comma));
    if (!piece.empty()) specs.emplace_back(piece);
    if (comma == std::string_view::npos) break;
    specification.remove_prefix(comma + 1);
  }
  return specs;
}

bool is_specification(std::string_view name) {
  if (name.find(',') != std::string_view::npos || is_claude(name)) return true;
  return (name.find(':') != std::string_view::npos && net::parse_model_spec(name).has_value());
}

PriceKey price_key(const net::ModelSpec& spec) {
  return {spec.own_url ? net::origin_of(spec.base_url) : spec.profile->name, spec.model};
}

PriceKey price_key(std::string_view specification) {
  if (const auto parsed = net::parse_model_spec(specification)) return price_key(*parsed);
  const std::size_t colon = specification.find(':');
  const std::string kind(specification.substr(0, colon));
  if (kind != kClaude) return {kind, ""};  // a file's name is nobody's model
  return {kind,
          colon == std::string_view::npos ? "" : std::string(specification.substr(colon + 1))};
}

Result<std::shared_ptr<Model>> open_model(std::string_view specification, ChainOptions options) {
  const auto opener = std::make_shared<Opener>(std::move(options));
  auto model = opener->chain(specification);
  if (!model) return model;
  std::shared_ptr<Model> top = std::make_shared<RoutedModel>(std::move(*model), opener);
  if (!opener->options().cache.empty()) {
    auto cached = make_cached_model(std::move(top), opener->options().cache);
    if (!cached) return cached;
    top = std::move(*cached);
  }
  if (!opener->options().record.empty()) {
    return make_recording_model(std::move(top), opener->options().record,
                                opener->options().secrets);
  }
  return top;
}

}  // namespace cadre::policy
