#include "model/adapter.h"

#include "model/anthropic_messages.h"
#include "model/ollama_chat.h"
#include "model/openai_chat.h"
#include "model/openai_responses.h"

namespace cadre::model {

std::unique_ptr<Adapter> make_adapter(const Profile& profile, std::string model) {
  switch (profile.wire) {
    case Wire::kResponses: return make_responses_adapter(profile, std::move(model));
    case Wire::kMessages: return make_messages_adapter(profile, std::move(model));
    case Wire::kOllama: return make_ollama_adapter(profile, std::move(model));
    case Wire::kChat: break;
  }
  return make_chat_adapter(profile, std::move(model));
}

}  // namespace cadre::model
