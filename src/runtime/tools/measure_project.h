// The tool measure_project: builds what a task has before it (its files, and those of its inputs),
// runs the tests, measures coverage and lint, all in the sandbox, by the plan's table of stacks
// (stack_table.h). What it answers are the only figures that a quality report may hold
// (delivery.h, x-measured-by).
#pragma once

#include "runtime/tools/audit_service.h"
#include "runtime/tools/stack_table.h"
#include "runtime/tools/workspace.h"

namespace cadre {

class MeasureProject final : public TaskTool {
 public:
  // With `read`, a service that builds is audited against the brief as well (audit_service.h).
  MeasureProject(std::shared_ptr<SandboxAccess> access, std::shared_ptr<StackMachine> machine,
                 BriefReader read = nullptr)
      : access_(std::move(access)), machine_(std::move(machine)), read_(std::move(read)) {}
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
  Result<void> add_audit(const TaskToolContext& context, const Stack& stack, Json& answer) const;
  std::shared_ptr<SandboxAccess> access_;
  std::shared_ptr<StackMachine> machine_;
  BriefReader read_;
};

}  // namespace cadre
