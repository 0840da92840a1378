// The compiled form of a JSON Schema: a table of nodes. Private to json_schema*.cc.
#pragma once

#include <re2/re2.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json_schema.h"

namespace cadre {

struct SchemaNode {
  std::optional<bool> constant;  // a boolean schema
  std::vector<std::string> types;
  std::vector<Json> enumeration;  // const is an enumeration of one
  bool has_enumeration = false;
  std::optional<double> minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of;
  std::optional<std::size_t> min_length, max_length, min_items, max_items, min_properties,
      max_properties, min_contains, max_contains;
  const re2::RE2* pattern = nullptr;
  std::string format;
  bool unique_items = false;
  std::vector<std::string> required;
  std::map<std::string, std::vector<std::string>> dependent_required;
  std::map<std::string, int> properties, dependent_schemas;
  std::vector<std::pair<const re2::RE2*, int>> pattern_properties;
  std::vector<int> prefix_items, all_of, any_of, one_of;
  int additional_properties = -1, property_names = -1, items = -1, contains = -1, negation = -1,
      condition = -1, consequence = -1, alternative = -1, reference = -1;
};

struct JsonSchema::Program {
  std::vector<SchemaNode> nodes;
  std::vector<std::unique_ptr<re2::RE2>> patterns;
  std::vector<std::string> unknown_keywords;
  SchemaOptions options;
};

// json_schema_format.cc: true for formats that are not asserted.
bool matches_format(std::string_view format, std::string_view text);

// json_schema_validate.cc
std::vector<SchemaIssue> run_schema(const JsonSchema::Program& program, const Json& instance);

}  // namespace cadre
