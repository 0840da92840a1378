// The gates: verdicts by what is in the artifacts. See gate_catalogue.h for their names.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/gate.h"

namespace cadre {

// A statement of the brief that a second reader understood, in the brief's own words.
struct AuditedStatement {
  std::string text;
};
// What the auditor understands of a brief; empty when the brief is not of its class.
using StatementAudit = std::function<std::vector<AuditedStatement>(const std::string& brief)>;

struct GateParts {
  // By artifact type: for the gate `schema` (Plan::artifact_schemas).
  std::map<std::string, Json> schemas;
  // Loads a DDL somewhere: "" when it loads, else why not. This room links no database, so whoever
  // has one gives it; without it the gate `ddl_loads` fails and says so.
  std::function<std::string(std::string_view ddl)> check_ddl;
  // Reads the brief beside requirements that hold no requirement model, so that
  // `statements_accounted` notices what they drop; may be null.
  StatementAudit audit = nullptr;
};

// Thread-safe when `check_ddl` and `audit` are.
std::shared_ptr<const GateKeeper> make_gate_keeper(GateParts parts);

}  // namespace cadre
