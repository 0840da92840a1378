#include "process/tree.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "base/text.h"
#include "process/fd.h"

namespace cadre {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPathBytesMax = 1000;
constexpr std::size_t kPartBytesMax = 200;

Error refusal(std::string_view relative) {
  const int error = errno;
  if (error == ELOOP || error == ENOTDIR) {
    return {ErrorCode::kDenied,
            fmt::format("\"{}\" leads through a symbolic link or a file", relative),
            {}};
  }
  if (error == ENOENT) {
    return {ErrorCode::kNotFound, fmt::format("there is no file \"{}\"", relative), {}};
  }
  return {ErrorCode::kIo, fmt::format("\"{}\": {}", relative, std::strerror(error)), {}};
}

// The open folder that holds the last part of `relative`; each step refuses symbolic links.
Result<std::pair<Fd, std::string>> open_parent(const fs::path& root, std::string_view relative,
                                               bool make_folders) {
  if (std::string problem = path_problem(relative); !problem.empty()) {
    return fail(ErrorCode::kDenied, fmt::format("the path \"{}\" is refused: {}",
                                                text::shorten(relative, 120), problem));
  }
  Fd folder(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) {
    return fail(ErrorCode::kIo, fmt::format("{}: {}", root.string(), std::strerror(errno)));
  }
  const std::vector<std::string> parts = text::split(relative, '/');
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    if (make_folders && ::mkdirat(folder.get(), parts[i].c_str(), 0755) != 0 && errno != EEXIST) {
      return std::unexpected(refusal(relative));
    }
    Fd next(
        ::openat(folder.get(), parts[i].c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next) return std::unexpected(refusal(relative));
    folder = std::move(next);
  }
  return std::pair{std::move(folder), parts.back()};
}

}  // namespace

std::string path_problem(std::string_view relative) {
  if (relative.empty()) return "it is empty";
  if (relative.size() > kPathBytesMax) return fmt::format("it has over {} bytes", kPathBytesMax);
  if (relative.front() == '/') return "it is absolute; write it relative to the project folder";
  if (!text::is_valid_utf8(relative)) return "it is not valid UTF-8";
  for (const char c : relative) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return "it holds a control character";
    if (c == '\\') return "it holds a backslash; parts are separated by \"/\"";
  }
  for (const std::string& part : text::split(relative, '/')) {
    if (part.empty()) return "it has an empty part (\"//\" or \"/\" at the end)";
    if (part == "." || part == "..") return "it has a \"" + part + "\" part";
    // Whoever writes there decides what the user's next git command runs.
    if (text::lower(part) == ".git") return "it leads into \".git\"";
    if (part.size() > kPartBytesMax) return fmt::format("a part has over {} bytes", kPartBytesMax);
  }
  return {};
}

Result<void> write_beneath(const fs::path& root, std::string_view relative,
                           std::string_view content, bool executable) {
  auto parent = open_parent(root, relative, true);
  if (!parent) return propagate(parent);
  const Fd file(::openat(parent->first.get(), parent->second.c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                         executable ? 0755 : 0644));
  if (!file) {
    if (errno == EEXIST) {
      return fail(ErrorCode::kConflict, fmt::format("\"{}\" exists already", relative));
    }
    return std::unexpected(refusal(relative));
  }
  while (!content.empty()) {
    const ssize_t n = ::write(file.get(), content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return std::unexpected(refusal(relative));
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<std::string> read_beneath(const fs::path& root, std::string_view relative,
                                 std::size_t bytes_max) {
  auto parent = open_parent(root, relative, false);
  if (!parent) return propagate(parent);
  // Non-blocking, so that a named pipe left there does not hold us.
  const Fd file(::openat(parent->first.get(), parent->second.c_str(),
                         O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) return std::unexpected(refusal(relative));
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return std::unexpected(refusal(relative));
  if (!S_ISREG(info.st_mode)) {
    return fail(ErrorCode::kDenied, fmt::format("\"{}\" is not a regular file", relative));
  }
  std::string content;
  std::vector<char> buffer(65536);
  while (true) {
    const ssize_t n = ::read(file.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::unexpected(refusal(relative));
    if (n == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(n));
    if (content.size() > bytes_max) {
      return fail(ErrorCode::kExhausted,
                  fmt::format("\"{}\" has more than {} bytes", relative, bytes_max));
    }
  }
}

TreeSize tree_size(const fs::path& root, std::uint64_t entries_max) {
  TreeSize size;
  std::error_code ec;
  fs::recursive_directory_iterator at(root, fs::directory_options::skip_permission_denied, ec);
  for (; !ec && at != fs::recursive_directory_iterator(); at.increment(ec)) {
    struct stat info{};
    if (::lstat(at->path().c_str(), &info) == 0) {
      size.bytes += static_cast<std::uint64_t>(info.st_blocks) * 512;
    }
    if (++size.entries > entries_max) break;
  }
  return size;
}

Result<void> remove_tree(const fs::path& root) {
  std::error_code ec;
  if (!fs::exists(fs::symlink_status(root, ec))) return {};
  fs::remove_all(root, ec);
  if (!ec) return {};
  // A folder without permissions stops its owner, but only until the owner grants them again.
  fs::permissions(root, fs::perms::owner_all, fs::perm_options::add, ec);
  std::error_code walk_ec;
  fs::recursive_directory_iterator at(root, fs::directory_options::skip_permission_denied, walk_ec);
  for (; !walk_ec && at != fs::recursive_directory_iterator(); at.increment(walk_ec)) {
    if (at->symlink_status(ec).type() != fs::file_type::directory) continue;
    fs::permissions(at->path(), fs::perms::owner_all, fs::perm_options::add, ec);
  }
  fs::remove_all(root, ec);
  if (!ec) return {};
  return fail(ErrorCode::kIo,
              fmt::format("{} could not be removed: {}", root.string(), ec.message()));
}

Result<ScratchFolder> ScratchFolder::make(const fs::path& parent) {
  std::string name = (parent / "cadre-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    return fail(ErrorCode::kIo,
                fmt::format("no scratch folder in {}: {}", parent.string(), std::strerror(errno)));
  }
  return ScratchFolder(name);
}

ScratchFolder::ScratchFolder(ScratchFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})) {}

ScratchFolder& ScratchFolder::operator=(ScratchFolder&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

ScratchFolder::~ScratchFolder() {
  if (!path_.empty()) (void)remove_tree(path_);
}

}  // namespace cadre
