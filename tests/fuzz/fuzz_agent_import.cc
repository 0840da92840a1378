// Any bytes as a file of agents, in each format: whatever is taken can be written in every format
// and reads back as the same agent.
#include <cstdint>
#include <cstdlib>

#include "interop/agent_export.h"
#include "interop/agent_import.h"
#include "interop/agent_reading.h"

namespace {

using cadre::interop::AgentFormat;

constexpr AgentFormat kFormats[] = {AgentFormat::kRole, AgentFormat::kClaude, AgentFormat::kPhase1,
                                    AgentFormat::kYaml, AgentFormat::kJson};

}  // namespace

// The first byte says the format.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 8192) return 0;
  cadre::interop::ImportOptions options;
  options.format = kFormats[data[0] % 5];
  options.tools = {"run_in_sandbox"};
  cadre::SopProblems problems;
  const std::string_view content(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto agents = cadre::interop::import_agents("file", content, problems, options);
  const bool said_why = problems.has_errors();
  if (agents.empty() && !said_why) std::abort();
  for (const auto& agent : agents) {
    for (const AgentFormat format : kFormats) {
      const auto file = cadre::interop::export_agent(agent.agent, format);
      if (!file) std::abort();
      cadre::SopProblems none;
      const auto again = cadre::interop::import_agents(
          cadre::interop::agent_file_name(agent.agent.role, format), *file, none);
      if (again.size() != 1 || again[0].format != format ||
          !cadre::interop::same_agent(again[0].agent, agent.agent)) {
        std::abort();
      }
    }
  }
  return 0;
}
