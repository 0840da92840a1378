#include "memory/call_names.h"

#include <fmt/core.h>

#include "sqlite/sqlite.h"

namespace cadre::detail {

std::string id_beside(const std::string& id, std::string_view run) {
  return fmt::format("{}_{:08x}", id, static_cast<std::uint32_t>(RowCheck().mix(run).value()));
}

ItemPtr with_id(const ItemPtr& item, const std::string& id) {
  Item other = *item;
  if (auto* call = std::get_if<ToolCallItem>(&other)) call->id = id;
  if (auto* result = std::get_if<ToolResultItem>(&other)) result->call_id = id;
  return std::make_shared<const Item>(std::move(other));
}

}  // namespace cadre::detail
