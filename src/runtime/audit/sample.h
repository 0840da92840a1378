// One value that a JSON Schema accepts, for what a contract wants and nobody has a word on. Pure.
#pragma once

#include <optional>

#include "base/json.h"

namespace cadre::audit {

// Nothing where the schema is more than types, limits and formats can answer.
std::optional<Json> sample_of(const Json& schema, int depth = 0);

}  // namespace cadre::audit
