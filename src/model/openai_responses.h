// The adapter of OpenAI's Responses. Use make_adapter().
#pragma once

#include "model/adapter.h"

namespace cadre::model {
std::unique_ptr<Adapter> make_responses_adapter(const Profile& profile, std::string model);
}  // namespace cadre::model
