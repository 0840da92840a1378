// The Python files that are the same in every project, apart from whether there are actors.
#pragma once

#include <string>
#include <string_view>

namespace cadre::offline::qa {

// `name` is a file of qa/python. Lines between `# @if actors`, `# @else` and `# @end` stay only
// where they apply.
std::string template_text(std::string_view name, bool actors);

}  // namespace cadre::offline::qa
