// Writes JSON values as block-style YAML 1.2 that read_yaml() reads back to the same value, and
// other readers of YAML 1.1 or 1.2 too: whatever could be taken for something else is quoted.
// Pure; thread-safe.
#pragma once

#include <string>

#include "base/json.h"

namespace cadre::interop {

struct YamlStyle {
  // Text of several lines as a block ("|-"). Off in front matter, where a line "---" ends it.
  bool blocks = true;
};

// Ends with a newline.
std::string write_yaml(const Json& value, const YamlStyle& style = {});

}  // namespace cadre::interop
