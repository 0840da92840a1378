// The adapter of Chat Completions. Use make_adapter().
#pragma once

#include "model/adapter.h"

namespace cadre::model {
std::unique_ptr<Adapter> make_chat_adapter(const Profile& profile, std::string model);
}  // namespace cadre::model
