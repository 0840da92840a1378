// What is there of each model provider: key, program, server, prices. Keys are looked for, never
// shown. For `cadre models` and `cadre doctor`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/profile.h"
#include "policy/prices.h"

namespace cadre::cli {

struct Reached {
  bool good = false;
  int models = -1;  // how many it names; -1: it did not say
  int milliseconds = 0;
  std::string problem;  // when not good
  std::string limits;   // "requests 58 of 60"; "" when it tells none
};

struct ProviderState {
  std::string name, title, address;
  std::string key_variable;  // "": it needs none
  bool key_set = false;
  bool local = false;   // a server or program on one's own machine
  std::string missing;  // what stands against using it, as far as it was looked at; "": nothing
  std::string remedy;
  std::optional<Reached> reached;  // when it was asked
  std::vector<policy::Price> prices;
};

enum class Ask { kNobody, kLocal, kEverybody };

// All that have an address or a program, in the order of the profiles; servers are asked side by
// side.
std::vector<ProviderState> examine_providers(Ask ask, const policy::PriceTable& prices);

}  // namespace cadre::cli
