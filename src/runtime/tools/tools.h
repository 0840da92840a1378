// The tools that the runtime offers to agents which build software: programs in the sandbox, and
// the differential test of a service against its requirement model.
//
// Every tool checks its arguments against its own schema and answers with what was wrong; none
// holds mutable state. The sandbox is probed on first use, once for all tools made together,
// unless its probe is handed in.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "runtime/tool.h"

namespace cadre {

struct SandboxSupport;
namespace net {
struct HttpClientOptions;
}
namespace spec {
struct Spec;
}

struct SoftwareToolOptions {
  // --no-sandbox: generated programs run with the user's rights where no sandbox can be made. The
  // results carry "sandboxed": false then.
  bool allow_unsandboxed = false;
  // --no-sandbox given although a sandbox would work: do not use it.
  bool never_sandbox = false;
  // What probe_sandbox() gave, if somebody has asked already.
  std::shared_ptr<const SandboxSupport> support = nullptr;
  // How the offline engine reads a brief: a service that a model wrote is audited against it then.
  std::function<spec::Spec(const std::string& brief)> read_brief = nullptr;
};
// Of another name, because agents' tools have ToolOptions of their own (cadre/tool.h).
using ToolOptions = SoftwareToolOptions;

// Those that run programs: "run_in_sandbox", "run", "differential", "measure_project",
// "measure_repository" and "measure_change".
std::vector<std::shared_ptr<TaskTool>> make_software_tools(const ToolOptions& options = {});
// Those that run none: the files of a task (file_tools.h), "list_stacks" and
// "fetch_url".
std::vector<std::shared_ptr<TaskTool>> make_reading_tools(const net::HttpClientOptions& http);

// Loads the SQL into an empty SQLite database in memory and checks its foreign keys: "" when it
// loads, else SQLite's message with the statement at fault. For the gate `ddl_loads`.
std::string check_ddl(std::string_view ddl);

}  // namespace cadre
