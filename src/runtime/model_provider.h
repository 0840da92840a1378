// A language model as the mind of an SOP's roles.
//
// Each next() is one model call: the conversation is rebuilt from what the journal holds (the
// task, the memos of its turns, the results of their calls), so a resumed run goes on where it
// was. The model gets the role's tools and one tool `deliver_<type>` for each artifact that the
// task makes; what it delivers is checked against the type's schema, and what does not fit goes
// back to it with the validator's words, a bounded number of times. The turn in which the last
// artifact fits ends the task. Text in place of a delivery is taken when it is the JSON of the only
// artifact that is missing; otherwise the model is reminded, a bounded number of times.
//
// What the brief, inputs and feedback say is put before the model as data in fences of its own.
// An error of the model is kUnavailable (exit code 7), but for kExhausted and kCancelled.
// In a later round of a fan-out, a task that the findings do not concern hands in its part as it
// was, without a model call (rework.h). Thread-safe; holds no state of a run, but for what its last
// requests began with, which is measured.
#pragma once

#include <memory>

#include "core/provider.h"
#include "model/model.h"
#include "runtime/tool.h"

namespace cadre {

struct ModelProviderOptions {
  int repairs_max = 5;    // deliveries in one task that may fail
  int reminders_max = 2;  // replies in one task that may be text
};

// `tools` are those of the run; `deliver_artifact` (delivery.h) has to be among them.
std::shared_ptr<Provider> make_model_provider(std::shared_ptr<Model> model,
                                              std::shared_ptr<const ToolRegistry> tools,
                                              ModelProviderOptions options = {});

}  // namespace cadre
