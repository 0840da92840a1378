#include "runtime/tools/workspace.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"

namespace cadre {

const SandboxSupport& SandboxAccess::support() {
  std::call_once(probed_, [this] {
    if (never_sandbox_) {
      support_.reason = "the sandbox is switched off";
    } else {
      support_ = known_ ? *known_ : probe_sandbox();
    }
  });
  return support_;
}

Result<void> materialise(const std::map<std::string, std::shared_ptr<const Artifact>>& inputs,
                         const std::filesystem::path& folder) {
  struct Seen {
    const std::string* artifact;
    const File* file;
  };
  std::map<std::string_view, Seen> seen;
  for (const auto& [type, artifact] : inputs) {
    if (!artifact) continue;
    for (const File& file : artifact->files) {
      const auto [at, fresh] = seen.try_emplace(file.path, Seen{&type, &file});
      if (!fresh) {
        if (at->second.file->content == file.content) continue;
        return fail(ErrorCode::kConflict,
                    fmt::format("the artifacts {} and {} both have a file \"{}\", with different "
                                "contents",
                                *at->second.artifact, type, file.path),
                    "give one of them another path");
      }
      Result<void> written = write_beneath(folder, file.path, file.content, file.executable);
      if (written) continue;
      Error error = written.error();
      error.message = fmt::format("artifact {}: {}", type, error.message);
      return std::unexpected(std::move(error));
    }
  }
  return {};
}

Result<ScratchFolder> make_workspace(const SandboxSupport& support,
                                     const TaskToolContext& context) {
  Result<ScratchFolder> folder = make_sandbox_folder(support, context.scratch_dir);
  if (!folder) return folder;
  if (Result<void> done = materialise(context.inputs, folder->path()); !done) {
    return propagate(done);
  }
  return folder;
}

double seconds_left(const TaskToolContext& context, double wanted) {
  if (context.deadline_us <= 0) return wanted;
  const double left =
      static_cast<double>(context.deadline_us - SystemClock().now_us()) / 1'000'000.0;
  return std::max(0.001, std::min(wanted, left));
}

}  // namespace cadre
