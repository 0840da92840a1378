// What differs between servers that speak the same wire format, as data.
//
// A profile names a format, where the server usually is, which key it wants, and its quirks. Adding
// a compatible server is adding a row.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace cadre::model {

enum class Wire : std::uint8_t { kResponses, kChat, kMessages, kOllama };

// How an answer of a given form can be had. What the server does not enforce is asked for in the
// instructions; the caller checks the answer in every case.
enum class Structured : std::uint8_t { kSchema, kJsonObject, kPrompt };

enum class EchoReasoning : std::uint8_t {
  kNever,
  kToolLoop,  // since the last message of a user
  kAlways,
};

struct Profile {
  std::string name;          // in specifications: "openai"
  std::string title;         // in messages: "OpenAI"
  Wire wire = Wire::kChat;
  std::string base_url;      // without a slash at the end
  std::string key_variable;  // where people keep its key; "": it needs none

  std::string system_role = "system";
  std::string max_tokens_field = "max_tokens";
  Structured structured = Structured::kSchema;
  EchoReasoning echo_reasoning = EchoReasoning::kNever;
  bool strict_tools = false;      // takes `strict` in tools
  bool tool_choice = true;        // takes `tool_choice`
  bool parallel_switch = true;    // takes `parallel_tool_calls`
  bool reasoning_effort = true;   // takes `reasoning_effort`
  bool stream_usage = true;       // takes `stream_options.include_usage`
  bool echo_unknown = true;       // wants fields back that it invented; else they are an error
  bool client_request_id = false;  // takes the header x-client-request-id
  std::int64_t max_tokens_default = 0;  // sent when the caller names none; 0: not sent
};

std::span<const Profile> profiles();
const Profile* find_profile(std::string_view name);
// Models that think before they answer, by the vendor's naming.
bool is_openai_reasoning_model(std::string_view model);

}  // namespace cadre::model
