// What the scripted server says: a tool call for so many turns, then a final text. Pure.
#pragma once

#include <string>
#include <string_view>

namespace cadre::bench {

struct Script {
  int turns = 1;      // tool calls before the final text
  int chunks = 20;    // pieces of a streamed text
  int delay_ms = 0;
  std::string tool = "get_weather";
  std::string arguments = R"({"city":"Paris"})";
  std::string text = "The weather in Paris is sunny and 22 C today.";
};

// A whole HTTP reply to a request of Chat Completions or Responses; 404 for other addresses. The
// state is in the request: results of tools after the last message of a user are counted. Parts of
// the address may change the script: /turns=3/delay=200/chunks=400/v1/chat/completions;
// /letters=4000 makes the final text so long, by saying it again and again; /chain=4 is a chain of
// handoffs over models chain-a, chain-b, chain-c, chain-d: each but the last calls
// transfer_to_agent_<next>.
std::string http_reply(Script script, std::string_view path, std::string_view body,
                       unsigned long long serial);
// The delay that the address asks for, or the script's.
int delay_of(const Script& script, std::string_view path);

}  // namespace cadre::bench
