// The OpenAPI document of a service that somebody else designed, as the audit reads it: operations
// with their parameters, the fields of their bodies and the answers they promise. References are
// resolved; what cannot be read is left out. Pure; a hostile document costs bounded time.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace cadre::audit {

struct TheirField {
  std::string name;
  Json schema;
  bool required = false;
};

struct TheirOperation {
  std::string id;      // operationId, or ""
  std::string method;  // "POST"
  std::string path;    // with the server's base: "/api/loans/{loanId}/return"
  std::vector<std::string> segments;  // "api", "loans", "{loanId}", "return"
  std::vector<TheirField> path_fields, query_fields, header_fields;
  std::vector<TheirField> body;
  Json body_schema;           // null without a body
  bool json_body = true;      // false: a body of another kind
  bool json_answer = true;    // false: success is answered with something else
  bool secured = false;       // asks who the caller is
  std::set<std::string> answers;  // "201", "4XX", "default"

  std::string name() const { return method + " " + path; }
  // Whether the contract knows the status for this operation.
  bool promises(int status) const;
};

std::vector<TheirOperation> read_contract(const Json& openapi);

// The type word of a schema, null aside: "integer", "string", "object", or "".
std::string type_of(const Json& schema);
bool is_parameter(std::string_view segment);

}  // namespace cadre::audit
