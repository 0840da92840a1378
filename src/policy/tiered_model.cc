#include "policy/tiered_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "policy/fallback_model.h"

namespace cadre::policy {
namespace {

constexpr std::array<std::pair<std::string_view, Tier>, 3> kTiers{
    {{"small", Tier::kSmall}, {"standard", Tier::kStandard}, {"strong", Tier::kStrong}}};

class Router final : public Model {
 public:
  Router(std::array<std::shared_ptr<Model>, kTiers.size()> by_tier, std::string name)
      : by_tier_(std::move(by_tier)), name_(std::move(name)) {}

  std::string name() const override { return name_; }
  std::shared_ptr<EventSource> events() const override {
    for (const auto& model : by_tier_) {
      if (model != nullptr) return model->events();
    }
    return nullptr;
  }

  void start(const ModelRequest& request, std::stop_token stop, OnDelta delta,
             OnDone done) override {
    const std::string& needs =
        request.settings == nullptr ? std::string() : request.settings->needs;
    const std::optional<Tier> tier = needs.empty() ? Tier::kStandard : tier_from(needs);
    if (!tier) {
      return done(fail(ErrorCode::kInvalidInput,
                       fmt::format("the call needs a model that is \"{}\"", needs),
                       fmt::format("write {}", kTierNames)));
    }
    const std::shared_ptr<Model>& chosen = by_tier_[static_cast<std::size_t>(*tier)];
    if (chosen == nullptr) {
      return done(fail(ErrorCode::kInvalidInput,
                       fmt::format("the call needs a {} model, and none of {} is one",
                                   needs.empty() ? "standard" : needs, name_),
                       "add one to the route"));
    }
    ModelRequest asked = request;
    asked.model = {};  // the router chooses
    chosen->start(
        asked, std::move(stop), std::move(delta),
        [name = chosen->name(), done = std::move(done)](Result<ModelReply> reply) mutable {
          if (reply && reply->usage.answered_by.empty()) reply->usage.answered_by = name;
          done(std::move(reply));
        });
  }

 private:
  const std::array<std::shared_ptr<Model>, kTiers.size()> by_tier_;
  const std::string name_;
};

}  // namespace

std::optional<Tier> tier_from(std::string_view name) {
  for (const auto& [word, tier] : kTiers) {
    if (word == name) return tier;
  }
  return std::nullopt;
}

Result<std::shared_ptr<Model>> make_tiered_model(std::vector<TieredModel> models) {
  if (models.empty()) return fail(ErrorCode::kInvalidInput, "the route names no model");
  std::vector<std::string> names;
  for (const TieredModel& one : models) names.push_back(one.model->name());
  std::ranges::stable_sort(models, [](const TieredModel& a, const TieredModel& b) {
    if (a.price.has_value() != b.price.has_value()) return a.price.has_value();
    return a.price && *a.price < *b.price;
  });
  std::array<std::shared_ptr<Model>, kTiers.size()> by_tier;
  for (const auto& [word, tier] : kTiers) {
    std::vector<std::shared_ptr<Model>> able;
    for (const TieredModel& one : models) {
      if (one.tier >= tier) able.push_back(one.model);
    }
    if (able.empty()) continue;
    by_tier[static_cast<std::size_t>(tier)] =
        able.size() == 1 ? able.front() : make_fallback_model(std::move(able));
  }
  return std::shared_ptr<Model>(
      std::make_shared<Router>(std::move(by_tier), "route:" + text::join(names, "|")));
}

Result<std::vector<TieredSpec>> read_route(std::string_view specification) {
  if (specification.starts_with(kRoutePrefix)) specification.remove_prefix(kRoutePrefix.size());
  std::vector<TieredSpec> out;
  for (const std::string& part : text::split(specification, '|')) {
    const std::size_t equals = part.rfind('=');
    TieredSpec spec;
    spec.model = text::trim(std::string_view(part).substr(0, equals));
    const auto tier = equals == std::string::npos
                          ? std::optional(Tier::kStandard)
                          : tier_from(text::trim(std::string_view(part).substr(equals + 1)));
    if (spec.model.empty() || !tier) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("\"{}\" is no part of a route", text::trim(part)),
                  fmt::format("write MODEL=TIER, parts separated by |; a tier is {}", kTierNames));
    }
    spec.tier = *tier;
    out.push_back(std::move(spec));
  }
  return out;
}

}  // namespace cadre::policy
