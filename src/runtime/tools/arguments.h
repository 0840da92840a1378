// Checks a tool's arguments against the schema that the tool shows to agents.
#pragma once

#include <fmt/format.h>

#include "base/json_schema.h"
#include "base/result.h"

namespace cadre {

inline Result<void> check_arguments(std::string_view tool, const Json& schema,
                                    const Json& arguments) {
  Result<JsonSchema> compiled = JsonSchema::compile(schema);
  if (!compiled) return propagate(compiled);
  const std::vector<SchemaIssue> issues = compiled->validate(arguments);
  if (issues.empty()) return {};
  return fail(ErrorCode::kInvalidInput,
              fmt::format("arguments of {}: {}: {}", tool,
                          issues[0].pointer.empty() ? "/" : issues[0].pointer, issues[0].message));
}

}  // namespace cadre
