// The offline engine as a provider: four roles of a software team without a language model.
//
// It is a typed provider, not a chat: can() says honestly which tasks it can do, next() does them
// by analysis and writing, and refuses the rest with the reason. What it read last is kept, so that
// a brief is read once; otherwise without state. Thread-safe.
#pragma once

#include <memory>

#include "core/provider.h"

namespace cadre {

std::unique_ptr<Provider> make_offline_provider();

}  // namespace cadre
