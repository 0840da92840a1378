// Folders that untrusted programs have written to, handled without being led astray: no symbolic
// link is followed, nothing but regular files is read, and every walk has an end.
//
// Functions are thread-safe; they look at folders that nobody else should be changing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cadre {

// Says why a relative path is not fit to be used inside a folder; empty when it is: not empty, not
// absolute, '/'-separated, no ".", ".." or ".git" part, no control character, valid UTF-8, parts of
// at most 200 and in all at most 1000 bytes.
std::string path_problem(std::string_view relative);

// Writes a file under `root`, making folders. Refuses to go through a symbolic link or to replace
// an existing file.
Result<void> write_beneath(const std::filesystem::path& root, std::string_view relative,
                           std::string_view content, bool executable = false);

// Reads a regular file under `root`; kNotFound, kDenied (a symbolic link or another kind of file),
// kExhausted (larger than `bytes_max`).
Result<std::string> read_beneath(const std::filesystem::path& root, std::string_view relative,
                                 std::size_t bytes_max);

struct TreeSize {
  std::uint64_t bytes = 0;    // as allocated on disk
  std::uint64_t entries = 0;  // stops counting a little above `entries_max`
};
TreeSize tree_size(const std::filesystem::path& root, std::uint64_t entries_max);

// Removes a folder and all in it, also where folders were made unreadable.
Result<void> remove_tree(const std::filesystem::path& root);

// A fresh folder that is removed at the end of its life.
class ScratchFolder {
 public:
  // Makes one in `parent` (which must exist), with a short unpredictable name.
  static Result<ScratchFolder> make(const std::filesystem::path& parent);
  ScratchFolder(ScratchFolder&& other) noexcept;
  ScratchFolder& operator=(ScratchFolder&& other) noexcept;
  ~ScratchFolder();

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit ScratchFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace cadre
