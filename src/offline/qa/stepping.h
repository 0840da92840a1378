// Values of ordered types as whole numbers, so that a boundary can be found by halving.
#pragma once

#include "offline/qa/values.h"

namespace cadre::offline::qa {

// Nothing for types without order (text, truth values) and for null.
std::optional<std::int64_t> to_number(const spec::Field& field, const Json& value);
Json to_value(const spec::Field& field, std::int64_t number);
// The smallest step that the type and the attribute's `step` allow.
std::int64_t unit_of(const spec::Field& field);

}  // namespace cadre::offline::qa
