// A model whose answers are kept in a folder: the same request is answered from there.
//
// Off unless asked for. The key is the SHA-256 of the whole request and of the model's name, so
// nothing that the model would see can differ. A hit is marked (Usage::from_cache, 0 requests, 0
// tokens, no cost). Errors, refusals and answers that were cut off are not kept. A file that cannot
// be read or written costs a call, never a run. Thread-safe; processes may share the folder.
#pragma once

#include <filesystem>
#include <memory>

#include "model/model.h"

namespace cadre::policy {

// kIo when the folder cannot be made or written.
Result<std::shared_ptr<Model>> make_cached_model(std::shared_ptr<Model> model,
                                                 std::filesystem::path folder);

}  // namespace cadre::policy
