// Looks for a short scene in which an operation is refused by one certain guard, and for its
// neighbour in which it is not.
//
// Tried in this order: the same request again and again, other values of its fields, rows that it
// refers to with other values or in other states, the row itself so, earlier actions, children, a
// moved clock. Where a value decides, the boundary is found by halving the interval between an
// accepted and a refused value. Deterministic; every answer is the oracle's.
#pragma once

#include <optional>

#include "offline/qa/scene.h"

namespace cadre::offline::qa {

struct RuleScenes {
  Scene refused;
  std::string what = {};
  std::optional<Scene> accepted = {};  // one step before
  std::string boundary = {};
  std::optional<Scene> again = {};  // after an action or deletion made room
  std::string after = {};
};

std::optional<RuleScenes> search_rule(const Context& context, const spec::Endpoint& endpoint,
                                      const spec::Guard& guard);

// For races: rows are shared between all requests, `allowed` of `threads` requests succeed.
struct Race {
  Scene setup;
  Given shared = {};  // fields that all requests have in common
  int allowed = 0;
  int threads = 8;
};
std::optional<Race> search_race(const Context& context, const spec::Endpoint& endpoint,
                                const spec::Guard& guard);

}  // namespace cadre::offline::qa
