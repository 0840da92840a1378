// Markdown that begins with YAML between two lines "---". Pure; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sop/problem.h"

namespace cadre {

struct FrontMatter {
  std::string_view yaml;  // begins in line 2 of the file
  std::string_view body;
};

// Views into `content`. A line of the YAML that is indented never ends it. Nothing, and a problem,
// when there is no front matter or it has no end; `form` is the hint then.
std::optional<FrontMatter> split_front_matter(const std::string& file, std::string_view content,
                                              std::string_view form, SopProblems& problems);

// Whether the first line is "---", with or without a byte order mark before it.
bool has_front_matter(std::string_view content);

}  // namespace cadre
