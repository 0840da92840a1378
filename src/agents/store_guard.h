// What a store of a user's own making throws, as an error. Private to agents/; thread-safe.
#pragma once

#include <string>
#include <utility>

#include "agents/run_words.h"
#include "store/store.h"

namespace cadre {

template <class Use>
auto guard_store(Use use) -> decltype(use()) {
  return guarded("the store", std::move(use));
}

inline Result<std::string> load_blob(Store& store, const std::string& address) {
  return guard_store([&] { return store.get_blob(address); });
}

}  // namespace cadre
