#include "core/call_ids.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace cadre {
namespace {

constexpr std::size_t kFreshMax = 16;

}  // namespace

bool CallIds::contains(std::string_view id) const {
  if (std::ranges::find(fresh_, id) != fresh_.end()) return true;
  return std::ranges::any_of(layers_, [&](const std::shared_ptr<const Layer>& layer) {
    return std::ranges::binary_search(*layer, id);
  });
}

bool CallIds::insert(std::string_view id) {
  if (contains(id)) return false;
  fresh_.push_back(id);
  if (fresh_.size() >= kFreshMax) settle();
  return true;
}

// Layers of like size are merged: an id is copied as often as the number of ids doubles.
void CallIds::settle() {
  Layer merged = std::exchange(fresh_, {});
  std::ranges::sort(merged);
  while (!layers_.empty() && layers_.back()->size() < 2 * merged.size()) {
    Layer both;
    both.reserve(merged.size() + layers_.back()->size());
    std::ranges::merge(merged, *layers_.back(), std::back_inserter(both));
    merged = std::move(both);
    layers_.pop_back();
  }
  layers_.push_back(std::make_shared<const Layer>(std::move(merged)));
}

}  // namespace cadre
