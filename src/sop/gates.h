// The gates: verdicts by what is in the artifacts. See gate_catalogue.h for their names.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/gate.h"

namespace cadre {

struct GateParts {
  // By artifact type: for the gate `schema` (Plan::artifact_schemas).
  std::map<std::string, Json> schemas;
  // Loads a DDL somewhere: "" when it loads, else why not. This room links no database, so whoever
  // has one gives it; without it the gate `ddl_loads` fails and says so.
  std::function<std::string(std::string_view ddl)> check_ddl;
};

// Thread-safe when `check_ddl` is.
std::shared_ptr<const GateKeeper> make_gate_keeper(GateParts parts);

}  // namespace cadre
