// The tool list_stacks: which languages can be built, tested and measured on this machine, and what
// is missing for the others.
#pragma once

#include "runtime/tool.h"
#include "runtime/tools/stack_table.h"

namespace cadre {

class ListStacks final : public TaskTool {
 public:
  explicit ListStacks(std::shared_ptr<StackMachine> machine) : machine_(std::move(machine)) {}
  std::string name() const override { return "list_stacks"; }
  std::string description() const override;
  Json parameters() const override;
  ToolEffect effect() const override { return ToolEffect::kPure; }
  // Which languages can be built and tested on this machine, in a line each.
  std::string briefing(const Task& task) const override;
  Result<Json> run(const Json& arguments, const TaskToolContext& context) override;

 private:
  std::shared_ptr<StackMachine> machine_;
};

}  // namespace cadre
