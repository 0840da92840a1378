#include "interop/agent_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>

#include "base/text.h"

namespace cadre::interop {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFilesMax = 500;

Result<std::string> read(const fs::path& path) {
  std::error_code ec;
  const fs::file_status status = fs::status(path, ec);
  if (!fs::exists(status)) return fail(ErrorCode::kNotFound, "there is no such file");
  if (!fs::is_regular_file(status)) return fail(ErrorCode::kInvalidInput, "it is not a file");
  const std::uintmax_t bytes = fs::file_size(path, ec);
  if (ec) return fail(ErrorCode::kIo, ec.message());
  if (bytes > kAgentFileBytesMax) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("it has {} bytes, and {} are allowed", bytes, kAgentFileBytesMax));
  }
  std::ifstream in(path, std::ios::binary);
  std::string content((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (in.bad() || !in.is_open()) return fail(ErrorCode::kIo, "it cannot be read");
  return content;
}

void import_file(const fs::path& path, const ImportOptions& options,
                 std::vector<ImportedAgent>& agents, SopProblems& problems) {
  const Result<std::string> content = read(path);
  if (!content) {
    problems.error(path.string(), 0, content.error().message);
    return;
  }
  for (ImportedAgent& agent : import_agents(path.string(), *content, problems, options)) {
    agents.push_back(std::move(agent));
  }
}

// What stands in the way of writing there; nothing when the file is new or the same already.
std::optional<Error> obstacle(const FileToWrite& file, bool replace) {
  std::error_code ec;
  const fs::file_status status = fs::symlink_status(file.path, ec);
  if (!fs::exists(status)) return std::nullopt;
  if (!fs::is_regular_file(status)) {
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("{} is there and no file", file.path.string()),
                 "write to another folder"};
  }
  if (replace) return std::nullopt;
  if (const Result<std::string> old = read(file.path); old && *old == file.content) {
    return std::nullopt;
  }
  return Error{ErrorCode::kInvalidInput, fmt::format("{} is there already", file.path.string()),
               "--force replaces it; or write to another folder"};
}

// Beside the target first, so that a full disk leaves the old file whole.
Result<void> write(const FileToWrite& file) {
  std::error_code ec;
  if (file.path.has_parent_path()) fs::create_directories(file.path.parent_path(), ec);
  const fs::path part = file.path.string() + ".part";
  if (!ec) {
    std::ofstream out(part, std::ios::binary | std::ios::trunc);
    out.write(file.content.data(), static_cast<std::streamsize>(file.content.size()));
    out.close();
    if (out.fail()) ec = std::make_error_code(std::errc::io_error);
  }
  if (!ec) fs::rename(part, file.path, ec);
  if (!ec) return {};
  std::error_code ignored;
  fs::remove(part, ignored);
  return fail(ErrorCode::kIo,
              fmt::format("{} cannot be written: {}", file.path.string(), ec.message()));
}

}  // namespace

Result<std::vector<fs::path>> agent_files_in(const fs::path& folder) {
  std::error_code ec;
  if (!fs::is_directory(folder, ec)) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no folder {}", folder.string()));
  }
  const bool is_sop = fs::exists(folder / "sop.yaml", ec);
  std::vector<fs::path> files;
  for (fs::directory_iterator at(is_sop ? folder / "roles" : folder, ec), end; !ec && at != end;
       at.increment(ec)) {
    const std::string name = text::lower(at->path().filename().string());
    const bool fits = name.ends_with(".md") || name.ends_with(".yaml") || name.ends_with(".yml") ||
                      name.ends_with(".json");
    if (fits && !name.starts_with('.') && name != "readme.md") files.push_back(at->path());
    if (files.size() > kFilesMax) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("{} holds more than {} files", folder.string(), kFilesMax));
    }
  }
  if (ec) return fail(ErrorCode::kIo, fmt::format("{}: {}", folder.string(), ec.message()));
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<ImportedAgent> import_agent_files(const std::vector<fs::path>& paths,
                                              SopProblems& problems, const ImportOptions& options) {
  std::vector<ImportedAgent> agents;
  for (const fs::path& path : paths) {
    std::error_code ec;
    if (!fs::is_directory(path, ec)) {
      import_file(path, options, agents, problems);
      continue;
    }
    const auto files = agent_files_in(path);
    if (!files) {
      problems.error(path.string(), 0, files.error().message);
    } else if (files->empty()) {
      problems.error(path.string(), 0, "the folder holds no agent",
                     "agents are in files .md, .yaml, .yml or .json");
    } else {
      for (const fs::path& file : *files) import_file(file, options, agents, problems);
    }
  }
  check_doubles(agents, problems);
  return agents;
}

Result<void> write_files(const std::vector<FileToWrite>& files, bool replace) {
  for (const FileToWrite& file : files) {
    if (auto found = obstacle(file, replace)) return std::unexpected(std::move(*found));
  }
  for (const FileToWrite& file : files) {
    if (auto done = write(file); !done) return done;
  }
  return {};
}

}  // namespace cadre::interop
