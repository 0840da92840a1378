// The files of an SOP, from a folder or from those compiled in.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cadre {

struct SopSource {
  std::string name;                          // for messages: the folder, or "software (built in)"
  std::map<std::string, std::string> files;  // "sop.yaml", "roles/x.md", "tables/z.yaml"
  // Files that are there and could not be taken, and why: "it has over 1 MB".
  std::map<std::string, std::string> unreadable;

  // Takes sop.yaml, roles/*.md, artifacts/*.schema.json and tables/*.yaml and
  // frameworks/*.yaml; others are ignored. An
  // error when the folder is not there.
  static Result<SopSource> from_folder(const std::filesystem::path& folder);
  static Result<SopSource> built_in(std::string_view name);
  // A name of a built-in SOP, else a folder.
  static Result<SopSource> find(const std::string& name_or_folder);
};

// The names of the SOPs that are compiled in.
std::vector<std::string> built_in_sops();

}  // namespace cadre
