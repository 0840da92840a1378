// The tool `run_in_sandbox`: runs a program over the files of the task's input artifacts.
#pragma once

#include "runtime/tools/workspace.h"

namespace cadre {

class RunInSandbox final : public TaskTool {
 public:
  explicit RunInSandbox(std::shared_ptr<SandboxAccess> access) : access_(std::move(access)) {}
  std::string name() const override { return "run_in_sandbox"; }
  std::string description() const override;
  Json parameters() const override;
  // It works on a copy that is thrown away.
  ToolEffect effect() const override { return ToolEffect::kPure; }
  Result<Json> run(const Json& arguments, const TaskToolContext& context) override;

 private:
  std::shared_ptr<SandboxAccess> access_;
};

}  // namespace cadre
