// The offline engine's Developer (stack python): see docs/offline-engine.md for what it can and
// cannot do.
#pragma once

#include <span>

#include "core/provider.h"

namespace cadre::offline::developer {

// Provider::next for this role's tasks. Pure; thread-safe.
Result<Turn> perform(const Task& task, std::span<const ToolResult> results);

}  // namespace cadre::offline::developer
