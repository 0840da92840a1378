// The tools that run a given repository's own tests: measure_repository as it was given, before
// anything is planned, and measure_change with what was changed since, compared with that.
//
// How it is built and tested is what the table of stacks knows of its language, or commands that
// the planner states; they are kept in the figures `baseline` of the plan, so that before and after
// are measured alike. Blame follows evidence: where a test that passed before fails now, the tests
// run once more, and then without the new ones; what fails each time is the change's fault.
#pragma once

#include "runtime/tools/stack_table.h"
#include "runtime/tools/workspace.h"

namespace cadre {

class MeasureRepository final : public TaskTool {
 public:
  MeasureRepository(std::shared_ptr<SandboxAccess> access, std::shared_ptr<StackMachine> machine)
      : access_(std::move(access)), machine_(std::move(machine)) {}
  std::string name() const override { return "measure_repository"; }
  std::string description() const override;
  Json parameters() const override;
  // It works on a copy that is thrown away.
  ToolEffect effect() const override { return ToolEffect::kPure; }
  std::string briefing(const Task& task) const override;
  // Whether what the repository is written in can be tested on this machine.
  Result<void> ready(const Task& task) const override;
  Result<Json> run(const Json& arguments, const TaskToolContext& context) override;

 private:
  std::shared_ptr<SandboxAccess> access_;
  std::shared_ptr<StackMachine> machine_;
};

class MeasureChange final : public TaskTool {
 public:
  explicit MeasureChange(std::shared_ptr<SandboxAccess> access) : access_(std::move(access)) {}
  std::string name() const override { return "measure_change"; }
  std::string description() const override;
  Json parameters() const override;
  ToolEffect effect() const override { return ToolEffect::kPure; }
  Result<Json> run(const Json& arguments, const TaskToolContext& context) override;

 private:
  std::shared_ptr<SandboxAccess> access_;
};

}  // namespace cadre
