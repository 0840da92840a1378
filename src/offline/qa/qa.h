// The offline engine's QA engineer: see docs/offline-engine.md for what it can and cannot do.
#pragma once

#include <span>

#include "core/provider.h"

namespace cadre::offline::qa {

// Provider::next for this role's tasks. Pure; thread-safe.
Result<Turn> perform(const Task& task, std::span<const ToolResult> results);

}  // namespace cadre::offline::qa
