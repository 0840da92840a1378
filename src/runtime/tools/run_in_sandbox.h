// The tools that run a program over a fresh copy of files: `run_in_sandbox` over those of the
// task's input artifacts, `run` over all that the task has before it, its own changes included.
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

class RunTool final : public TaskTool {
 public:
  explicit RunTool(std::shared_ptr<SandboxAccess> access) : access_(std::move(access)) {}
  std::string name() const override { return "run"; }
  std::string description() const override;
  Json parameters() const override;
  ToolEffect effect() const override { return ToolEffect::kPure; }
  Result<Json> run(const Json& arguments, const TaskToolContext& context) override;

 private:
  std::shared_ptr<SandboxAccess> access_;
};

}  // namespace cadre
