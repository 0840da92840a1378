#include "sop/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <span>

#include "base/embedded.h"
#include "base/text.h"
#include "sop/problem.h"

namespace cadre {
namespace embedded::sops {
std::span<const EmbeddedFile> files();
}  // namespace embedded::sops

namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kFileBytesMax = 1024 * 1024;
constexpr std::size_t kFilesMax = 500;

bool belongs(const fs::path& relative) {
  const std::string path = relative.generic_string();
  return path == "sop.yaml" || (path.starts_with("roles/") && path.ends_with(".md")) ||
         ((path.starts_with("tables/") || path.starts_with("frameworks/")) &&
          path.ends_with(".yaml")) ||
         (path.starts_with("artifacts/") && path.ends_with(".schema.json"));
}

void take(const fs::path& file, const std::string& path, SopSource& source) {
  std::error_code ec;
  if (!fs::is_regular_file(file, ec)) {
    source.unreadable[path] = "it is not a file";
    return;
  }
  if (fs::file_size(file, ec) > kFileBytesMax || ec) {
    source.unreadable[path] = ec ? ec.message() : "it has over 1 MB";
    return;
  }
  std::ifstream in(file, std::ios::binary);
  std::string content((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.good() && !in.eof()) {
    source.unreadable[path] = "it cannot be read";
    return;
  }
  if (content.starts_with("\xEF\xBB\xBF")) content.erase(0, 3);  // as some editors save UTF-8
  source.files[path] = std::move(content);
}

}  // namespace

Result<SopSource> SopSource::from_folder(const fs::path& folder) {
  std::error_code ec;
  if (!fs::is_directory(folder, ec)) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no folder {}", folder.string()),
                "an SOP is a folder with sop.yaml, roles/ and artifacts/");
  }
  SopSource source;
  source.name = folder.string();
  for (const char* part : {"", "roles", "artifacts", "tables", "frameworks"}) {
    for (fs::directory_iterator at(folder / part, ec), end; !ec && at != end; at.increment(ec)) {
      const fs::path relative = fs::path(part) / at->path().filename();
      if (belongs(relative)) take(at->path(), relative.generic_string(), source);
      if (source.files.size() > kFilesMax) {
        return fail(ErrorCode::kInvalidInput,
                    fmt::format("{} holds more than {} files", source.name, kFilesMax));
      }
    }
    ec.clear();
  }
  return source;
}

Result<SopSource> SopSource::built_in(std::string_view name) {
  SopSource source;
  source.name = fmt::format("{} (built in)", name);
  const std::string prefix = std::string(name) + "/";
  for (const EmbeddedFile& file : embedded::sops::files()) {
    if (!file.path.starts_with(prefix)) continue;
    const std::string path(file.path.substr(prefix.size()));
    if (belongs(path)) source.files[path] = file.data;
  }
  if (!source.files.empty()) return source;
  const std::vector<std::string> known = built_in_sops();
  return fail(ErrorCode::kNotFound, fmt::format("there is no SOP named \"{}\"", name),
              fmt::format("write {}, or the path of a folder with a sop.yaml", one_of(known)));
}

Result<SopSource> SopSource::find(const std::string& name_or_folder) {
  const std::vector<std::string> known = built_in_sops();
  if (std::find(known.begin(), known.end(), name_or_folder) != known.end()) {
    return built_in(name_or_folder);
  }
  std::error_code ec;
  if (fs::is_directory(name_or_folder, ec)) return from_folder(name_or_folder);
  return built_in(name_or_folder);
}

std::vector<std::string> built_in_sops() {
  std::set<std::string> names;
  for (const EmbeddedFile& file : embedded::sops::files()) {
    if (file.path.ends_with("/sop.yaml")) names.emplace(file.path.substr(0, file.path.find('/')));
  }
  return {names.begin(), names.end()};
}

}  // namespace cadre
