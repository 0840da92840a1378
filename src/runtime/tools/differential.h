// The tool `differential`: starts the project as a service in the sandbox, drives it over a Unix
// socket with random operations from a seed, and compares every answer with the reference
// interpreter of the requirement model (spec/differential.h).
#pragma once

#include "runtime/tools/workspace.h"

namespace cadre {

class Differential final : public TaskTool {
 public:
  explicit Differential(std::shared_ptr<SandboxAccess> access) : access_(std::move(access)) {}
  std::string name() const override { return "differential"; }
  std::string description() const override;
  Json parameters() const override;
  // A fresh service over a fresh copy, thrown away afterwards.
  ToolEffect effect() const override { return ToolEffect::kPure; }
  // {"seed", "operations", "mismatches": [{"step", "what", "request", "expected", "actual"}],
  //  "statuses": {"201": n}, "coverage": {...}, "seconds", "sandboxed"}
  Result<Json> run(const Json& arguments, const TaskToolContext& context) override;

 private:
  std::shared_ptr<SandboxAccess> access_;
};

}  // namespace cadre
