// Ollama's own /api/chat: objects a line, arguments as objects, the context's size per request.
#pragma once

#include "model/adapter.h"

namespace cadre::model {
std::unique_ptr<Adapter> make_ollama_adapter(const Profile& profile, std::string model);
}  // namespace cadre::model
