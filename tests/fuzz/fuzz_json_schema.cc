// A hostile schema against a hostile instance: the first line is the schema, the rest the instance.
#include <cstdint>
#include <string_view>

#include "base/json_schema.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto split = text.find('\n');
  const auto schema = cadre::json::parse(text.substr(0, split));
  if (!schema) return 0;
  const auto compiled = cadre::JsonSchema::compile(*schema);
  if (!compiled) return 0;
  if (split == std::string_view::npos) {
    compiled->validate(*schema);
    return 0;
  }
  const auto instance = cadre::json::parse(text.substr(split + 1));
  if (instance) compiled->validate(*instance);
  return 0;
}
