// A model that follows a file: for demonstrations and for tests of SOPs without a vendor.
//
//   {"replies": [{"at": "plan#*/plan/turn:1",          // stage#round/task/turn:N, with * and ?
//                 "calls": [{"tool": "deliver_plan", "arguments": {"data": {}}}],
//                 "text": "...", "error": "...", "refusal": "...",
//                 "tokens": {"input": 10, "output": 5}, "delay_ms": 0}]}
//
// The first reply whose `at` matches is given, every time it matches: nothing is used up, so that a
// resumed run hears the same. Shows as "scripted" wherever models are named. Thread-safe.
#pragma once

#include <filesystem>
#include <memory>

#include "base/json.h"
#include "base/result.h"
#include "model/model.h"

namespace cadre {

// kInvalidInput names the entry that is wrong.
Result<std::shared_ptr<Model>> scripted_model(const Json& script);
Result<std::shared_ptr<Model>> scripted_model_from(const std::filesystem::path& file);

}  // namespace cadre
