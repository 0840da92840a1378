#include "runtime/tool.h"

#include <utility>

namespace cadre {

Result<void> ToolRegistry::add(std::shared_ptr<TaskTool> tool) {
  std::string name = tool->name();
  const auto [at, inserted] = tools_.try_emplace(std::move(name), std::move(tool));
  if (!inserted) return fail(ErrorCode::kConflict, "there are two tools named " + at->first);
  return {};
}

TaskTool* ToolRegistry::find(std::string_view name) const {
  const auto at = tools_.find(name);
  return at == tools_.end() ? nullptr : at->second.get();
}

std::vector<std::string> ToolRegistry::names() const {
  std::vector<std::string> names;
  names.reserve(tools_.size());
  for (const auto& [name, tool] : tools_) names.push_back(name);
  return names;
}

}  // namespace cadre
