// The files of the generated service that are the same for every model, up to small conditions.
//
// They are real Python files (developer/python/), compiled into the binary. Lines "# @if NAME",
// "# @if !NAME", "# @else", "# @end" (nestable) keep or drop what stands between them, and
// {{name}} is replaced. Pure; thread-safe.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace cadre::offline::developer {

struct Features {
  std::set<std::string> on;
  std::map<std::string, std::string> values;

  bool has(const std::string& name) const { return on.contains(name); }
};

// The finished text of an embedded file; the path must exist ("app/db.py").
std::string fill(std::string_view path, const Features& features);

}  // namespace cadre::offline::developer
