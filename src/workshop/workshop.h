// What a run of an SOP works with, put together the same way for the command line and for programs:
// the house's tools, gates, project writer, and what the machine has to offer. Thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/plan.h"
#include "process/sandbox.h"
#include "runtime/runner.h"
#include "runtime/tools/git_project_writer.h"

namespace cadre::net {
struct HttpClientOptions;
}

namespace cadre::workshop {

std::uint64_t random_seed();

// The names that roles may list, of the house's tools.
std::vector<std::string> tool_names();
// Whether anybody in the plan may run programs.
bool runs_programs(const Plan& plan);

// A run that cannot test what it writes is found out before it begins: kDenied. Generated code does
// not run outside a sandbox without the user's word (`no_sandbox`); with it, and where nobody runs
// programs, the support is null. With `offline` the offline engine's services need their own tools;
// what a language model writes is looked at when its architecture says the language.
Result<std::shared_ptr<const SandboxSupport>> check_machine(const Plan& plan, bool no_sandbox,
                                                            bool offline);

// The house's tools, and `more`; kConflict for two of one name. `sandbox` is null when programs run
// without one.
Result<std::shared_ptr<ToolRegistry>> make_tools(std::shared_ptr<const SandboxSupport> sandbox,
                                                 const net::HttpClientOptions& http,
                                                 std::vector<std::shared_ptr<TaskTool>> more = {});

// Everything but policy and memory. An empty `out_dir`: nothing is written, `writer` is null.
struct Workshop {
  RunnerParts parts;
  std::shared_ptr<GitProjectWriter> writer;
};
Workshop make_workshop(const Plan& plan, std::shared_ptr<Store> store,
                       std::shared_ptr<Provider> provider, std::shared_ptr<ToolRegistry> tools,
                       const std::filesystem::path& out_dir);

// Whether a run may write there: a folder that is new, empty or Cadre's own. Makes it.
Result<void> check_out_dir(const std::filesystem::path& out_dir);

}  // namespace cadre::workshop
