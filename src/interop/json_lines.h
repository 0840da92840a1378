// JSON as a document with the line of everything, as yaml_reader gives it for YAML. Pure.
#pragma once

#include <expected>
#include <string_view>

#include "sop/yaml_reader.h"

namespace cadre::interop {

// Strict JSON: as json::parse, and at most 20,000 values. The lines are those of keys and elements.
std::expected<YamlDocument, YamlError> read_json_with_lines(std::string_view text);

}  // namespace cadre::interop
