// The adapter of Anthropic's Messages. Use make_adapter().
#pragma once

#include "model/adapter.h"

namespace cadre::model {
std::unique_ptr<Adapter> make_messages_adapter(const Profile& profile, std::string model);
}  // namespace cadre::model
