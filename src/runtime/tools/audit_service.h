// The audit of a service that a language model designed and wrote: started in the sandbox as its
// architecture says, driven over its own contract, and judged by the offline engine's reading of
// the brief (runtime/audit). Used by measure_project; bounded in time whatever the service does.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "runtime/task_files.h"
#include "runtime/tools/stack_table.h"
#include "runtime/tools/workspace.h"
#include "spec/model.h"

namespace cadre {

// How the offline engine reads a brief; the verdict says whether it is of its class.
using BriefReader = std::function<spec::Spec(const std::string& brief)>;

struct ServiceAudit {
  Json figures;                 // null: nothing was asked
  Json differential;            // {"operations", "mismatches", "seed"}, or null
  JsonArray findings;
  std::string not_verified;     // why not, or what was left out; or ""
};

struct AuditLimits {
  double seconds = 60;          // in all
  double start_s = 20;          // until the service answers
  double answer_s = 5;
  std::size_t answer_bytes = 2 * 1024 * 1024;
  int operations = 1000;        // requests, over all sessions
};

// kCancelled when the call was stopped; whatever else goes wrong is in the audit.
Result<ServiceAudit> audit_service(SandboxAccess& access, const TaskToolContext& context,
                                   const Stack& stack, const TaskFiles& files,
                                   const BriefReader& read, const AuditLimits& limits = {});

}  // namespace cadre
