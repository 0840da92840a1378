// YAML as Json with the line of everything: the only file that knows yaml-cpp.
//
// YAML 1.2's core types: plain true/false, null, integers and floats; "yes" and "no" are strings.
// Refused, with the line: syntax errors, several documents, duplicate keys, keys that are no
// scalars, custom tags, aliases (which can grow without bound), and more than 20,000 nodes. Pure.
#pragma once

#include <expected>
#include <map>
#include <string>
#include <string_view>

#include "base/json.h"

namespace cadre {

struct YamlDocument {
  Json value;
  // JSON pointer -> line (from 1) of the key or element.
  std::map<std::string, int> lines;

  // The line of a pointer, or of the nearest thing around it.
  int line_of(std::string pointer) const;
};

struct YamlError {
  int line = 0;
  std::string message;
};

// `first_line` is the line of the text's first line in its file.
std::expected<YamlDocument, YamlError> read_yaml(std::string_view text, int first_line = 1);

}  // namespace cadre
