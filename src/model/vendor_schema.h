// Our JSON Schemas in the subset that vendors enforce while a model writes.
//
// What the subset cannot say is dropped (the answer is validated here in every case); a schema that
// would mean something else without it (open maps, untyped values, tuples) is not strict, and goes
// as it is to where that is allowed. Pure.
#pragma once

#include "base/json.h"

namespace cadre::model {

enum class SchemaDialect : std::uint8_t {
  kOpenAi,     // every member required, absent ones written as null
  kAnthropic,  // members may be absent; no recursion; few limits
};

struct VendorSchema {
  Json schema;             // the subset; our own, when not strict
  bool strict = false;     // the vendor can enforce it
  bool nullable = false;   // some nulls mean "absent"
  bool optionals = false;  // some members may be absent
};

VendorSchema vendor_schema(const Json& schema, SchemaDialect dialect);

// Removes members that are null where `schema` knows no null and does not require them.
void drop_absent(const Json& schema, Json& value);

}  // namespace cadre::model
