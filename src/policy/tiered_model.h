// Several models by what they are able to do and what they cost: each call goes to the cheapest of
// those that are strong enough for it.
//
//   route:openai:gpt-5=strong|openai:gpt-5-mini=standard|ollama:qwen3=small
//
// How strong is said by who knows: the specification. A call says what it needs
// (ModelSettings::needs, a role's `model_config: {needs: strong}`), standard when it says nothing.
// Cheapest by the price table, three input tokens to one of output; models of unknown price come
// after those of known price, in the order in which they are written. When the chosen one cannot
// answer, the next is asked (fallback_model.h). Thread-safe as its models are.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/model.h"

namespace cadre::policy {

enum class Tier { kSmall, kStandard, kStrong };
inline constexpr std::string_view kTierNames = "small, standard or strong";
std::optional<Tier> tier_from(std::string_view name);

struct TieredModel {
  std::shared_ptr<Model> model;
  Tier tier = Tier::kStandard;
  std::optional<double> price{};  // of a typical million tokens; unset: not known
};

// kInvalidInput when there is none. A call that needs more than any is able to is refused with
// kInvalidInput, which names what is there.
Result<std::shared_ptr<Model>> make_tiered_model(std::vector<TieredModel> models);

// The parts of a specification behind "route:". kInvalidInput names the part that is wrong.
struct TieredSpec {
  std::string model;  // "openai:gpt-5"
  Tier tier = Tier::kStandard;
};
inline constexpr std::string_view kRoutePrefix = "route:";
Result<std::vector<TieredSpec>> read_route(std::string_view specification);

}  // namespace cadre::policy
