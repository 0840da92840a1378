// How much of a request repeats the beginning of an earlier one of the same role: what vendors can
// keep in their caches. Requests are compared in the order in which vendors read them: tools,
// instructions, conversation. Thread-safe; keeps a few requests for each role, of the latest runs.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string>

#include "model/model.h"

namespace cadre::detail {

class PrefixMeter {
 public:
  // {"bytes", "repeated"}; `repeated` is null for the first request under `key`.
  Json measure(const std::string& key, const ModelRequest& request);

 private:
  static constexpr std::size_t kKept = 4;      // tasks of a role go side by side
  static constexpr std::size_t kKeysMax = 64;
  std::mutex mutex_;
  std::map<std::string, std::deque<std::string>> seen_;
  std::deque<std::string> keys_;  // oldest first
};

}  // namespace cadre::detail
