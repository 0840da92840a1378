// A run's model traffic as a file, and a model that answers from such a file.
//
// JSON Lines (docs/models.md): a head {"cadre_recording": 1, "model", "started"}, then one line a
// call that ended: {"key", "request_sha256", "request", "deltas"?, "reply" | "error", "ms"}. What
// the caller names as secret is replaced wherever it stands. Each line is written and flushed as
// one piece, so a run that is killed leaves a file that can be read. Thread-safe.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "model/model.h"

namespace cadre::policy {

// kIo when the file cannot be written; an existing file is written anew.
Result<std::shared_ptr<Model>> make_recording_model(std::shared_ptr<Model> model,
                                                    const std::filesystem::path& file,
                                                    std::vector<std::string> secrets = {});

// Answers each request by what was recorded for it: the same bytes, by their fingerprint; asked
// again, by the next recording of it, the last one for ever. kNotFound, with the place where the
// request differs from the recording of the same turn, when there is none. With `by_place`, the
// recording of the same turn is given also when the request differs (a tool's output held a time,
// say), and the reply says so in a note.
Result<std::shared_ptr<Model>> make_replay_model(const std::filesystem::path& file,
                                                 bool by_place = false);

}  // namespace cadre::policy
