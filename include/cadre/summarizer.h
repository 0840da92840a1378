// Compaction by a model: what compact() and compact_session() are given to write the summary.
//
//   cadre::compact_session(*session, run, 8000, cadre::model_summarizer(model));
#pragma once

#include <chrono>
#include <memory>

#include "memory/compaction.h"
#include "model/model.h"

namespace cadre {

// Asks the model once for each summary, without tools, and waits for it on the calling thread. What
// is summarized stands in the request as data; tools' results are shortened. An error of the model,
// a refusal, or no answer within `at_most` is the summarizer's error: the conversation stays.
Summarizer model_summarizer(std::shared_ptr<Model> model,
                            std::chrono::milliseconds at_most = std::chrono::minutes(2));

}  // namespace cadre
