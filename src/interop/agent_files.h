// Agents in files and folders on disk.
//
// Reading takes regular files only, up to kAgentFileBytesMax. Writing never replaces a file unless
// told to, and looks at every target before it writes the first. Thread-safe.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "interop/agent_import.h"

namespace cadre::interop {

// The files of a folder that can hold agents (.md, .yaml, .yml, .json; not README.md, not hidden
// ones), by name. Of an SOP's folder (one with a sop.yaml) those in its "roles".
Result<std::vector<std::filesystem::path>> agent_files_in(const std::filesystem::path& folder);

// Imports files and folders; problems carry the path as given. What is in several files is
// checked for doubles.
std::vector<ImportedAgent> import_agent_files(const std::vector<std::filesystem::path>& paths,
                                              SopProblems& problems,
                                              const ImportOptions& options = {});

struct FileToWrite {
  std::filesystem::path path;
  std::string content;
};

// Makes the folders. kInvalidInput, and nothing is written, when a file is there and `replace` is
// not set; a file with the same content counts as written.
Result<void> write_files(const std::vector<FileToWrite>& files, bool replace);

}  // namespace cadre::interop
