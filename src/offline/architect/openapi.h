// The OpenAPI 3.1 document of the service that a model describes (docs/service-contract.md).
// Pure; thread-safe.
#pragma once

#include "base/json.h"
#include "spec/contract.h"
#include "spec/model.h"

namespace cadre::offline::architect {

// The model must be valid; `contract` is derived from it.
Json write_openapi(const spec::Spec& spec, const spec::Contract& contract);

// The service's name for people: "Library service".
std::string service_title(const spec::Spec& spec);
// One line about an endpoint: "Borrow a book".
std::string endpoint_summary(const spec::Spec& spec, const spec::Endpoint& endpoint);

}  // namespace cadre::offline::architect
