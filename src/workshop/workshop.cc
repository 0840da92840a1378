#include "workshop/workshop.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <random>
#include <thread>

#include "base/clock.h"
#include "net/http_client.h"
#include "offline/analysis/analyse.h"
#include "runtime/delivery.h"
#include "runtime/tools/tools.h"
#include "sop/gates.h"
#include "workshop/audit.h"
#include "workshop/toolchain.h"

namespace cadre::workshop {

std::uint64_t random_seed() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) | device();
}

std::vector<std::string> tool_names() {
  std::vector<std::string> names{std::string(kAskUserTool)};
  for (const auto& tool : make_software_tools({})) names.push_back(tool->name());
  for (const auto& tool : make_reading_tools({})) names.push_back(tool->name());
  return names;
}

bool runs_programs(const Plan& plan) {
  const auto programs = make_software_tools({});
  return std::ranges::any_of(plan.agents, [&](const AgentConfig& agent) {
    return std::ranges::any_of(agent.tools, [&](const std::string& name) {
      return std::ranges::any_of(programs,
                                 [&](const auto& program) { return program->name() == name; });
    });
  });
}

Result<std::shared_ptr<const SandboxSupport>> check_machine(const Plan& plan, bool no_sandbox,
                                                            bool offline) {
  if (!runs_programs(plan)) return nullptr;
  Result<void> tools;
  std::jthread beside([&] {
    if (offline) tools = check_toolchain();
  });
  std::shared_ptr<const SandboxSupport> support;
  if (!no_sandbox) support = std::make_shared<const SandboxSupport>(probe_sandbox());
  beside.join();
  if (support && !support->works) {
    return fail(
        ErrorCode::kDenied,
        "generated code is not run without a sandbox, and there is none: " + support->reason,
        support->hint + "; or give --no-sandbox to run it with your rights");
  }
  if (!tools) return propagate(tools);
  return support;
}

Result<std::shared_ptr<ToolRegistry>> make_tools(std::shared_ptr<const SandboxSupport> sandbox,
                                                 const net::HttpClientOptions& http,
                                                 std::vector<std::shared_ptr<TaskTool>> more) {
  auto registry = std::make_shared<ToolRegistry>();
  ToolOptions options;
  options.allow_unsandboxed = options.never_sandbox = sandbox == nullptr;
  options.support = std::move(sandbox);
  options.read_brief = &offline::analyse;
  std::vector<std::shared_ptr<TaskTool>> tools = make_software_tools(options);
  for (auto tool : {make_deliver_tool(), make_ask_user_tool()}) tools.push_back(tool);
  for (auto& tool : make_reading_tools(http)) tools.push_back(std::move(tool));
  for (auto& tool : more) tools.push_back(std::move(tool));
  for (std::shared_ptr<TaskTool>& tool : tools) {
    if (auto added = registry->add(std::move(tool)); !added) return propagate(added);
  }
  return registry;
}

Workshop make_workshop(const Plan& plan, std::shared_ptr<Store> store,
                       std::shared_ptr<Provider> provider, std::shared_ptr<ToolRegistry> tools,
                       const std::filesystem::path& out_dir) {
  Workshop shop;
  if (!out_dir.empty()) shop.writer = std::make_shared<GitProjectWriter>(out_dir);
  shop.parts.store = std::move(store);
  shop.parts.provider = std::move(provider);
  shop.parts.tools = std::move(tools);
  shop.parts.gates = make_gate_keeper({plan.artifact_schemas, &check_ddl, &audit_brief});
  shop.parts.project = shop.writer;
  shop.parts.clock = std::make_shared<SystemClock>();
  shop.parts.seed = random_seed();
  shop.parts.pause_when_unavailable = true;
  return shop;
}

Result<void> check_out_dir(const std::filesystem::path& out_dir) {
  std::error_code error;
  if (std::filesystem::exists(out_dir, error)) {
    if (!std::filesystem::is_directory(out_dir, error)) {
      return fail(ErrorCode::kInvalidInput, fmt::format("{} is not a folder", out_dir.string()));
    }
    if (!std::filesystem::is_empty(out_dir, error) && !GitProjectWriter::made_by_cadre(out_dir)) {
      return fail(
          ErrorCode::kInvalidInput,
          fmt::format("the folder {} holds files that Cadre did not write", out_dir.string()),
          "give --out a folder that is new or empty");
    }
  }
  std::filesystem::create_directories(out_dir, error);
  const std::filesystem::path probe = out_dir / ".cadre-probe";
  std::FILE* file = error ? nullptr : std::fopen(probe.c_str(), "wb");
  if (file == nullptr) {
    const std::string why = error ? error.message() : std::strerror(errno);
    return fail(ErrorCode::kIo, fmt::format("cannot write into {}: {}", out_dir.string(), why),
                "give --out a folder that can be written");
  }
  std::fclose(file);
  std::filesystem::remove(probe, error);
  return {};
}

}  // namespace cadre::workshop
