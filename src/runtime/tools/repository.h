// A git repository as a run's input: what is committed at HEAD, as an artifact that tasks read.
//
// Everything is read from git's own objects, nothing from the checkout: no symbolic link is
// followed and no file of the user is opened. Tracked text files within the limits become files of
// the artifact; the rest is listed with the reason. Files that look like secrets are listed and
// their content is never taken, so that it reaches neither journal nor model. Untracked files that
// are not ignored are listed too: they are not in what a change starts from.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/provider.h"
#include "runtime/tools/git.h"
#include "runtime/tools/stack_table.h"

namespace cadre {

inline constexpr std::string_view kRepositoryArtifact = "repository";

struct RepositoryPlace {
  std::filesystem::path root;  // the checkout's top folder
  std::string head;            // the commit
  std::string branch;          // "" when HEAD is detached
};

struct RepositoryLimits {
  std::size_t file_bytes = 256 * 1024;        // larger files are listed only
  std::size_t text_bytes = 16 * 1024 * 1024;  // of all files that are read
  std::size_t listed = 20'000;                // more are counted only
};

// kInvalidInput, each with what to do: no folder, no repository, no commit yet, a bare repository,
// tracked files that were changed and not committed (they are named).
Result<RepositoryPlace> find_repository(const Git& git, const std::filesystem::path& folder);

// `ignored`: a folder within the checkout that is not listed (Cadre's own), or "".
Result<Artifact> read_repository(const Git& git, const RepositoryPlace& place,
                                 const std::vector<Stack>& stacks,
                                 const RepositoryLimits& limits = {},
                                 const std::filesystem::path& ignored = {});

// "" for a path that may be read; else what kind of secret its name speaks of.
std::string secret_by_name(std::string_view path);

// The stack whose files the paths are: of those that have a variant for it, the one with the most
// sources; null when there is none.
const Stack* detect_stack(const std::vector<Stack>& stacks, const std::vector<std::string>& paths);

}  // namespace cadre
