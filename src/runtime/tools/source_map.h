// Reads a source map (version 3): where each piece of a compiled script stands in its sources.
// It is made in a sandbox, so nothing in it is trusted: numbers are bounded. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cadre {

struct MapSegment {
  std::size_t line = 0, column = 0;  // in the script; all count from 0, columns in UTF-16 units
  std::size_t source = 0, source_line = 0;
};

struct SourceMap {
  std::vector<std::string> sources;  // with the map's root, as it writes them
  std::vector<MapSegment> segments;  // in the script's order
};

// kInvalidInput for what is no such map, and for its indexed form.
Result<SourceMap> read_source_map(std::string_view text);

}  // namespace cadre
