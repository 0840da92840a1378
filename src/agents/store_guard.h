// What a store of a user's own making throws, as an error. Private to agents/; thread-safe.
#pragma once

#include <string>

#include "agents/run_words.h"
#include "store/store.h"

namespace cadre {

// What `use` gives: a Result.
template <class Use>
auto guard_store(Use use) -> decltype(use()) {
  try {
    return use();
  } catch (...) {
    return fail(ErrorCode::kInternal, "the store threw: " + what_of(std::current_exception()));
  }
}

inline Result<std::string> load_blob(Store& store, const std::string& address) {
  return guard_store([&] { return store.get_blob(address); });
}

}  // namespace cadre
