// Model requests and replies as JSON: for what is kept of them (cache, recordings), and the
// fingerprint by which a request is known again. Pure.
#pragma once

#include <string>

#include "model/model.h"

namespace cadre::policy {

// All that a model sees: model, instructions, items, tools, settings, output. Not `stream`, which
// changes no answer, and not `key`, which names the place, not the request.
Json request_json(const ModelRequest& request);
// SHA-256 of that in its canonical form, as hex.
std::string fingerprint(const Json& request);

Json reply_json(const ModelReply& reply);
Result<ModelReply> reply_from_json(const Json& json);

}  // namespace cadre::policy
