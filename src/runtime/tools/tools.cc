#include "runtime/tools/tools.h"

#include "runtime/tools/differential.h"
#include "runtime/tools/run_in_sandbox.h"

namespace cadre {

std::vector<std::shared_ptr<TaskTool>> make_software_tools(const ToolOptions& options) {
  auto access = std::make_shared<SandboxAccess>(options.allow_unsandboxed, options.never_sandbox,
                                                options.support);
  return {std::make_shared<RunInSandbox>(access), std::make_shared<Differential>(access)};
}

}  // namespace cadre
