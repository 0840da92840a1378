// A fresh folder with the files of a task's input artifacts, as the tools hand it to the sandbox.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "process/sandbox.h"
#include "runtime/tool.h"

namespace cadre {

// The sandbox of this machine, as handed in or probed when first asked. Thread-safe.
class SandboxAccess {
 public:
  SandboxAccess(bool allow_unsandboxed, bool never_sandbox,
                std::shared_ptr<const SandboxSupport> known = nullptr)
      : allow_unsandboxed_(allow_unsandboxed),
        never_sandbox_(never_sandbox),
        known_(std::move(known)) {}
  const SandboxSupport& support();
  bool allow_unsandboxed() const { return allow_unsandboxed_ || never_sandbox_; }

 private:
  bool allow_unsandboxed_;
  bool never_sandbox_;
  std::shared_ptr<const SandboxSupport> known_;
  std::once_flag probed_;
  SandboxSupport support_;
};

// Writes every file of every artifact into `folder`. Refused: paths that lead outside, and two
// artifacts that give one path different contents.
Result<void> materialise(const std::map<std::string, std::shared_ptr<const Artifact>>& inputs,
                         const std::filesystem::path& folder);

// The scratch folder of a call, filled with the inputs.
Result<ScratchFolder> make_workspace(const SandboxSupport& support, const TaskToolContext& context);

// Seconds that a call may take: what it asks for, or what is left of the run.
double seconds_left(const TaskToolContext& context, double wanted);

}  // namespace cadre
