// JSON Schemas and examples of the service's fields, as docs/service-contract.md gives them.
// Pure; thread-safe.
#pragma once

#include <optional>

#include "base/json.h"
#include "spec/contract.h"

namespace cadre::offline::architect {

enum class Direction {
  kOutput,  // a field of a row: its form
  kInput,   // a field of a body: its form and every limit that JSON Schema can say
};

JsonObject field_schema(const spec::Field& field, Direction direction);
// A value that the field accepts; nothing when none is known (a pattern).
std::optional<Json> field_example(const spec::Field& field);
// A query parameter's schema: what the field's text form in a URL looks like.
JsonObject parameter_schema(const spec::Field& field);

}  // namespace cadre::offline::architect
