#include "runtime/tools/source_map.h"

#include <array>
#include <cstdint>
#include <optional>

#include "base/json.h"

namespace cadre {
namespace {

constexpr std::int64_t kNumberMax = 100'000'000;
constexpr std::size_t kSegmentsMax = 4'000'000;
constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The next number: base 64, five bits each, the lowest of all is the sign.
std::optional<std::int64_t> next_number(std::string_view text, std::size_t& at) {
  std::int64_t value = 0;
  for (int shift = 0; shift <= 30; shift += 5) {
    const std::size_t digit = at < text.size() ? kDigits.find(text[at]) : std::string_view::npos;
    if (digit == std::string_view::npos) return std::nullopt;
    ++at;
    value |= static_cast<std::int64_t>(digit & 31U) << shift;
    if ((digit & 32U) != 0) continue;
    return (value & 1) != 0 ? -(value >> 1) : value >> 1;
  }
  return std::nullopt;
}

std::unexpected<Error> wrong(const char* what) {
  return fail(ErrorCode::kInvalidInput, std::string("no source map: ") + what);
}

}  // namespace

Result<SourceMap> read_source_map(std::string_view text) {
  auto json = json::parse(text);
  if (!json) return propagate(json);
  if (json::get_int(*json, "version") != 3 || json::find(*json, "mappings") == nullptr) {
    return wrong("it has no version 3 and no mappings");
  }
  SourceMap map;
  std::string root = json::get_string(*json, "sourceRoot");
  if (!root.empty() && !root.ends_with('/')) root += '/';
  for (const std::string& source : json::get_strings(*json, "sources")) {
    map.sources.push_back(root + source);
  }
  const std::string mappings = json::get_string(*json, "mappings");
  // Column, source, line, column there, name: each but the first counts on over lines.
  std::array<std::int64_t, 5> now{};
  std::size_t line = 0;
  for (std::size_t at = 0; at < mappings.size();) {
    const char c = mappings[at];
    if (c == ';' || c == ',') {
      if (c == ';') {
        ++line;
        now[0] = 0;
      }
      ++at;
      continue;
    }
    std::size_t fields = 0;
    while (at < mappings.size() && mappings[at] != ',' && mappings[at] != ';') {
      const auto number = next_number(mappings, at);
      if (!number || fields >= now.size()) return wrong("its mappings cannot be read");
      now[fields] += *number;
      if (now[fields] < 0 || now[fields] > kNumberMax) return wrong("a number is out of bounds");
      ++fields;
    }
    if (fields < 4) continue;  // of no source
    if (map.segments.size() >= kSegmentsMax) return wrong("it is too large");
    map.segments.push_back({line, static_cast<std::size_t>(now[0]),
                            static_cast<std::size_t>(now[1]), static_cast<std::size_t>(now[2])});
  }
  return map;
}

}  // namespace cadre
