// The tool measure_project: builds what a task has before it (its files, and those of its inputs),
// runs the tests, measures coverage and lint, all in the sandbox, by the plan's table of stacks
// (stack_table.h). What it answers are the only figures that a quality report may hold
// (delivery.h, x-measured-by).
#pragma once

#include "runtime/tools/stack_table.h"
#include "runtime/tools/workspace.h"

namespace cadre {

class MeasureProject final : public TaskTool {
 public:
  explicit MeasureProject(std::shared_ptr<SandboxAccess> access,
                          std::shared_ptr<StackMachine> machine)
      : access_(std::move(access)), machine_(std::move(machine)) {}
  std::string name() const override { return "measure_project"; }
  std::string description() const override;
  Json parameters() const override;
  // It works on a copy that is thrown away.
  ToolEffect effect() const override { return ToolEffect::kPure; }
  // How projects of the stated language are built and tested here.
  std::string briefing(const Task& task) const override;
  // Whether the stated language can be built and tested on this machine.
  Result<void> ready(const Task& task) const override;
  Result<Json> run(const Json& arguments, const TaskToolContext& context) override;

 private:
  std::shared_ptr<SandboxAccess> access_;
  std::shared_ptr<StackMachine> machine_;
};

}  // namespace cadre
