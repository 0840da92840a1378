// The JSON forms of what passes between the house and a mind: how artifacts, turns and findings
// stand in the journal and in blobs. Pure and thread-safe; reading checks, and reads back exactly
// what was written (file contents that are no UTF-8 travel as base64).
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "core/provider.h"

namespace cadre {

Json to_json(const Artifact& artifact);
Result<Artifact> artifact_from_json(const Json& json);

Json to_json(const Finding& finding);
Finding finding_from_json(const Json& json);
Json to_json(const std::vector<Finding>& findings);
std::vector<Finding> findings_from_json(const JsonArray& array);

Json to_json(const Refusal& refusal);
Refusal refusal_from_json(const Json& json);

// {"code", "message", "hint"}
Json to_json(const Error& error);
Error error_from_json(const Json& json);

const char* to_string(Capability capability);
Capability capability_from(std::string_view word);

// Relative, inside the project: no "", no "..", no leading '/', no backslash, no control character.
bool is_safe_path(std::string_view path);

}  // namespace cadre
