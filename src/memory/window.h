// Where a shortened conversation may begin. Private to memory/.
#pragma once

#include <cstddef>
#include <span>

#include "core/item.h"

namespace cadre::detail {

// Whether a reply, or a message that is no part of one, begins with `item` after `before`.
bool begins_group(const Item& before, const Item& item);

// The first index that a window of the last `limit` items may begin at without cutting a reply from
// its results; items.size() when the last reply alone is longer.
std::size_t window_start(std::span<const ItemPtr> items, std::size_t limit);

}  // namespace cadre::detail
