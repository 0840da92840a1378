#include "memory/window.h"

namespace cadre::detail {
bool begins_group(const Item& before, const Item& item) {
  if (std::holds_alternative<ToolResultItem>(item)) return false;
  return !is_of_reply(item) || !is_of_reply(before);
}

std::size_t window_start(std::span<const ItemPtr> items, std::size_t limit) {
  if (limit == 0 || limit >= items.size()) return 0;
  std::size_t at = items.size() - limit;
  while (at < items.size() && !begins_group(*items[at - 1], *items[at])) ++at;
  return at;
}

}  // namespace cadre::detail
