// For servers that take no schema for the answer: what they refuse is asked for in words.
//
// When a request with an output schema is refused as invalid and the refusal speaks of the schema
// or the response's format, the request goes out again with the schema in the instructions; from
// then on all do. The caller checks the answer in every case. Thread-safe as its model is.
#pragma once

#include <memory>

#include "model/model.h"

namespace cadre::policy {

std::shared_ptr<Model> make_schema_fallback(std::shared_ptr<Model> model);

}  // namespace cadre::policy
