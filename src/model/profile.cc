#include "model/profile.h"

#include <vector>

namespace cadre::model {
namespace {

Profile chat(std::string name, std::string title, std::string base_url, std::string key) {
  Profile profile;
  profile.name = std::move(name);
  profile.title = std::move(title);
  profile.base_url = std::move(base_url);
  profile.key_variable = std::move(key);
  return profile;
}

std::vector<Profile> openai() {
  Profile responses = chat("openai", "OpenAI", "https://api.openai.com/v1", "OPENAI_API_KEY");
  responses.wire = Wire::kResponses;
  responses.strict_tools = true;
  responses.client_request_id = true;
  Profile completions = responses;
  completions.name = "openai-chat";
  completions.wire = Wire::kChat;
  completions.system_role = "developer";
  completions.max_tokens_field = "max_completion_tokens";
  return {responses, completions};
}

std::vector<Profile> make() {
  std::vector<Profile> all = openai();
  Profile claude =
      chat("anthropic", "Anthropic", "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY");
  claude.wire = Wire::kMessages;
  claude.strict_tools = true;
  claude.max_tokens_default = 16'000;
  all.push_back(claude);

  Profile ollama = chat("ollama", "Ollama", "http://localhost:11434", "");
  ollama.wire = Wire::kOllama;
  all.push_back(ollama);
  // Its compatible endpoint, where the size of the context cannot be set.
  Profile ollama_chat = chat("ollama-chat", "Ollama", "http://localhost:11434/v1", "");
  ollama_chat.tool_choice = false;
  ollama_chat.parallel_switch = false;
  all.push_back(ollama_chat);

  Profile llama = chat("llamacpp", "llama.cpp", "http://127.0.0.1:8080/v1", "");
  llama.reasoning_effort = false;
  all.push_back(llama);

  // tool_choice "auto" needs a server flag, so nothing is said unless the caller says something.
  all.push_back(chat("vllm", "vLLM", "http://localhost:8000/v1", ""));

  // Its tool calls carry a thought signature that must come back: echo_unknown.
  Profile gemini = chat("gemini", "Gemini",
                        "https://generativelanguage.googleapis.com/v1beta/openai",
                        "GEMINI_API_KEY");
  gemini.parallel_switch = false;
  all.push_back(gemini);

  Profile router = chat("openrouter", "OpenRouter", "https://openrouter.ai/api/v1",
                        "OPENROUTER_API_KEY");
  router.echo_reasoning = EchoReasoning::kAlways;
  all.push_back(router);

  Profile groq = chat("groq", "Groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY");
  groq.max_tokens_field = "max_completion_tokens";
  groq.echo_unknown = false;
  all.push_back(groq);

  Profile deepseek = chat("deepseek", "DeepSeek", "https://api.deepseek.com/v1",
                          "DEEPSEEK_API_KEY");
  deepseek.structured = Structured::kJsonObject;
  deepseek.parallel_switch = false;
  deepseek.reasoning_effort = false;
  deepseek.echo_reasoning = EchoReasoning::kToolLoop;
  all.push_back(deepseek);

  Profile mistral = chat("mistral", "Mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY");
  mistral.echo_unknown = false;
  mistral.stream_usage = false;  // it sends usage unasked
  mistral.reasoning_effort = false;
  all.push_back(mistral);

  // Any other server that speaks Chat Completions, of which nothing is known.
  Profile other = chat("compatible", "the server", "", "");
  all.push_back(other);
  return all;
}

}  // namespace

std::span<const Profile> profiles() {
  static const std::vector<Profile> kProfiles = make();
  return kProfiles;
}

const Profile* find_profile(std::string_view name) {
  for (const Profile& profile : profiles()) {
    if (profile.name == name) return &profile;
  }
  return nullptr;
}

bool is_openai_reasoning_model(std::string_view model) {
  if (const auto slash = model.rfind('/'); slash != std::string_view::npos)
    model.remove_prefix(slash + 1);
  const bool o_series =
      model.size() > 1 && model[0] == 'o' && model[1] >= '1' && model[1] <= '9';
  return o_series || model.starts_with("gpt-5") || model.starts_with("gpt-6") ||
         model.starts_with("codex");
}

}  // namespace cadre::model
