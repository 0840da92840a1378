#include "runtime/prefix_meter.h"

#include <algorithm>

namespace cadre::detail {
namespace {

std::string text_of(const ModelRequest& request) {
  std::string text;
  for (const auto& tool : request.tools) {
    text += tool->name + "\n" + tool->description + "\n" + json::write(tool->parameters) + "\n";
  }
  text += request.instructions;
  for (const ItemPtr& item : request.items) text += "\n" + json::write(to_json(*item));
  return text;
}

}  // namespace

Json PrefixMeter::measure(const std::string& key, const ModelRequest& request) {
  std::string text = text_of(request);
  const std::lock_guard lock(mutex_);
  const auto [at, fresh] = seen_.try_emplace(key);
  if (fresh) {
    keys_.push_back(key);
    if (keys_.size() > kKeysMax) {
      seen_.erase(keys_.front());
      keys_.pop_front();
    }
  }
  std::deque<std::string>& earlier = at->second;
  JsonObject measured{{"bytes", text.size()}, {"repeated", nullptr}};
  if (!earlier.empty()) {
    std::size_t most = 0;
    for (const std::string& one : earlier) {
      const auto end = std::mismatch(one.begin(), one.end(), text.begin(), text.end()).first;
      most = std::max(most, static_cast<std::size_t>(end - one.begin()));
    }
    measured["repeated"] = most;
  }
  earlier.push_back(std::move(text));
  if (earlier.size() > kKept) earlier.pop_front();
  return measured;
}

}  // namespace cadre::detail
