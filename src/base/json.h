// JSON for the whole house: Boost.JSON values, our own strict reader and deterministic writer.
//
// Reading rejects invalid UTF-8, duplicate keys, non-finite numbers (1e400) and nesting deeper
// than kMaxDepth. Writing keeps key order, is byte-for-byte deterministic, and prints doubles in
// the shortest form that reads back (never "1E0"). All functions are thread-safe.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cadre {

using Json = boost::json::value;
using JsonObject = boost::json::object;
using JsonArray = boost::json::array;

namespace json {

inline constexpr int kMaxDepth = 64;

// Parses a whole document. The error says line and column.
Result<Json> parse(std::string_view text);

// One line, no spaces. The canonical form: what hashes and the journal use.
std::string write(const Json& value);

// Indented by two spaces, newline at the end; for files that people read.
std::string write_pretty(const Json& value);

// Lenient accessors for checked documents: the fallback when the key is absent or of another type.
std::string get_string(const Json& value, std::string_view key, std::string_view fallback = {});
std::int64_t get_int(const Json& value, std::string_view key, std::int64_t fallback = 0);
double get_double(const Json& value, std::string_view key, double fallback = 0);
bool get_bool(const Json& value, std::string_view key, bool fallback = false);
// The member, or null when absent or when `value` is no object. Never throws.
const Json* find(const Json& value, std::string_view key);
// The array or object under the key, or an empty one.
const JsonArray& get_array(const Json& value, std::string_view key);
const JsonObject& get_object(const Json& value, std::string_view key);

std::vector<std::string> get_strings(const Json& value, std::string_view key);
JsonArray to_array(const std::vector<std::string>& strings);

inline std::string_view as_view(const boost::json::string& text) {
  return {text.data(), text.size()};
}

}  // namespace json
}  // namespace cadre
