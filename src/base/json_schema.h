// JSON Schema, draft 2020-12: one implementation for artifacts, SOP files, tool arguments and
// structured output.
//
// Supported: type, enum, const; properties, required, additionalProperties, patternProperties,
// propertyNames, minProperties, maxProperties, dependentRequired, dependentSchemas; items,
// prefixItems, contains (min/maxContains), minItems, maxItems, uniqueItems; minimum, maximum and
// exclusive forms, multipleOf; minLength, maxLength, pattern (RE2), format (date-time, date, time,
// email, uri, uuid, ipv4, others are annotations); allOf, anyOf, oneOf, not, if/then/else; $ref,
// $defs, $anchor, $id within the document; boolean schemas. Refused when compiled, never ignored in
// silence: unevaluated*, $dynamicRef, $vocabulary, references out of the document, patterns RE2
// cannot run. Unknown keywords are listed by unknown_keywords().
//
// compile() may be given hostile schemas; validate() is const and thread-safe, and bounded in
// depth.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace cadre {

struct SchemaIssue {
  std::string pointer;  // JSON Pointer into the instance, "" for the whole
  std::string message;  // "expected integer >= 1, got \"many\""
};

struct SchemaOptions {
  bool assert_formats = true;  // false: `format` is an annotation only, the drafts' default
};

class JsonSchema {
 public:
  static Result<JsonSchema> compile(const Json& schema, SchemaOptions options = {});

  // Empty when valid. At most 50 issues.
  std::vector<SchemaIssue> validate(const Json& instance) const;
  // JSON Pointers of keywords that mean nothing to us.
  const std::vector<std::string>& unknown_keywords() const;

  struct Program;  // json_schema.cc

 private:
  explicit JsonSchema(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
  std::shared_ptr<const Program> program_;
};

// "a/b~c" -> "a~1b~0c"
std::string escape_pointer_token(std::string_view token);

}  // namespace cadre
