// The user's git as a child process, for work on the user's own repositories.
//
// The user's settings hold (who may use which folder, what is ignored, filters of contents), but no
// hook, pager, editor, file monitor or signing program that they name is run. Reading takes no
// optional lock, so that looking at a repository changes nothing in it. Thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace cadre {

class Git {
 public:
  // `home`: the user's home folder, for git's settings; may be empty. kUnavailable without git.
  static Result<Git> find(const std::string& home);

  struct Options {
    std::string stdin_text = {};
    std::vector<std::string> env = {};
    std::size_t output_bytes_max = std::size_t{64} << 20;
  };
  // What it printed. An error of kIo carries git's own words.
  Result<std::string> run(const std::filesystem::path& folder,
                          const std::vector<std::string>& arguments,
                          const Options& options) const;
  Result<std::string> run(const std::filesystem::path& folder,
                          const std::vector<std::string>& arguments) const {
    return run(folder, arguments, Options{});
  }
  // Like run, without the line end.
  Result<std::string> line(const std::filesystem::path& folder,
                           const std::vector<std::string>& arguments) const;

 private:
  Git(std::filesystem::path program, std::string home)
      : program_(std::move(program)), home_(std::move(home)) {}
  std::filesystem::path program_;
  std::string home_;
};

}  // namespace cadre
