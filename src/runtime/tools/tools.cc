#include "runtime/tools/tools.h"

#include "runtime/tools/differential.h"
#include "runtime/tools/fetch_url.h"
#include "runtime/tools/file_tools.h"
#include "runtime/tools/list_stacks.h"
#include "runtime/tools/measure_change.h"
#include "runtime/tools/measure_project.h"
#include "runtime/tools/run_in_sandbox.h"

namespace cadre {

std::vector<std::shared_ptr<TaskTool>> make_software_tools(const ToolOptions& options) {
  auto access = std::make_shared<SandboxAccess>(options.allow_unsandboxed, options.never_sandbox,
                                                options.support);
  auto machine = std::make_shared<StackMachine>();
  return {std::make_shared<RunInSandbox>(access), std::make_shared<Differential>(access),
          std::make_shared<RunTool>(access),
          std::make_shared<MeasureProject>(access, machine, options.read_brief),
          std::make_shared<MeasureRepository>(access, machine),
          std::make_shared<MeasureChange>(access)};
}

std::vector<std::shared_ptr<TaskTool>> make_reading_tools(const net::HttpClientOptions& http) {
  auto tools = make_file_tools();
  tools.push_back(std::make_shared<ListStacks>(std::make_shared<StackMachine>()));
  tools.push_back(std::make_shared<FetchUrl>(http));
  return tools;
}

}  // namespace cadre
