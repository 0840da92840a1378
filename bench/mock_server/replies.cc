#include "mock_server/replies.h"

#include <fmt/format.h>

#include <charconv>
#include <vector>

#include "model/json_text.h"

namespace cadre::bench {
namespace {

using model::quoted;

int parameter(std::string_view path, std::string_view name, int fallback) {
  const std::size_t at = path.find(name);
  if (at == std::string_view::npos) return fallback;
  int value = fallback;
  std::from_chars(path.data() + at + name.size(), path.data() + path.size(), value);
  return value;
}

int count(std::string_view text, std::string_view word) {
  int n = 0;
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string_view::npos; at += word.size())
    ++n;
  return n;
}

// Results of tools since the last message of a user. JSON may be written with or without spaces.
int results(std::string_view body, bool responses) {
  const std::size_t tight = body.rfind(R"("role":"user")");
  const std::size_t loose = body.rfind(R"("role": "user")");
  std::size_t from = 0;
  if (tight != std::string_view::npos) from = tight;
  if (loose != std::string_view::npos && loose > from) from = loose;
  const std::string_view rest = body.substr(from);
  if (responses) return count(rest, R"("function_call_output")");
  return count(rest, R"("role":"tool")") + count(rest, R"("role": "tool")");
}

// The agent that speaks in a chain of handoffs, by its model's name; 0 for the first.
int place_in_chain(std::string_view body) {
  constexpr std::string_view kName = "chain-";
  const std::size_t model = body.find(R"("model":)");
  if (model == std::string_view::npos) return 0;
  const std::size_t at = body.find(kName, model);
  if (at == std::string_view::npos || at + kName.size() >= body.size()) return 0;
  return body[at + kName.size()] - 'a';
}

// The text again and again, until it has so many letters.
std::string repeated(std::string_view text, int letters) {
  std::string out;
  while (!text.empty() && out.size() < static_cast<std::size_t>(letters)) out += text;
  out.resize(static_cast<std::size_t>(letters));
  return out;
}

std::string whole(std::string_view body) {
  return fmt::format(
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nx-request-id: req_mock\r\n"
      "Content-Length: {}\r\n\r\n{}",
      body.size(), body);
}

std::string streamed(std::string_view events) {
  return fmt::format(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
      "{:x}\r\n{}\r\n0\r\n\r\n",
      events.size(), events);
}

std::vector<std::string_view> pieces(std::string_view text, int chunks) {
  std::vector<std::string_view> out;
  const auto n = static_cast<std::size_t>(chunks < 1 ? 1 : chunks);
  const std::size_t step = text.size() < n ? 1 : (text.size() + n - 1) / n;
  for (std::size_t at = 0; at < text.size(); at += step) out.push_back(text.substr(at, step));
  return out;
}

constexpr std::string_view kChatUsage =
    R"("usage":{"prompt_tokens":50,"completion_tokens":20,"total_tokens":70})";

std::string chat_call(const Script& script, unsigned long long serial) {
  return fmt::format(
      R"({{"id":"call_{:012}","type":"function","function":{{"name":{},"arguments":{}}}}})", serial,
      quoted(script.tool), quoted(script.arguments));
}

std::string chat_whole(const Script& script, bool call, unsigned long long serial) {
  const std::string message =
      call ? fmt::format(R"("content":null,"refusal":null,"tool_calls":[{}])",
                         chat_call(script, serial))
           : fmt::format(R"("content":{},"refusal":null)", quoted(script.text));
  return fmt::format(
      R"({{"id":"chatcmpl-{}","object":"chat.completion","created":1700000000,"model":"mock",)"
      R"("choices":[{{"index":0,"message":{{"role":"assistant",{}}},"logprobs":null,)"
      R"("finish_reason":"{}"}}],{}}})",
      serial, message, call ? "tool_calls" : "stop", kChatUsage);
}

std::string chat_stream(const Script& script, bool call, unsigned long long serial) {
  std::string out;
  const auto event = [&](std::string_view delta, std::string_view finish, std::string_view more) {
    out += fmt::format(
        R"(data: {{"id":"chatcmpl-{}","object":"chat.completion.chunk","created":1700000000,)"
        R"("model":"mock","choices":[{{"index":0,"delta":{},"finish_reason":{}}}]{}}})"
        "\n\n",
        serial, delta, finish, more);
  };
  event(R"({"role":"assistant","content":null})", "null", "");
  if (call) {
    const std::string whole_call = chat_call(script, serial);
    event(fmt::format(R"({{"tool_calls":[{{"index":0,{}]}})", whole_call.substr(1)), "null", "");
  } else {
    for (const std::string_view piece : pieces(script.text, script.chunks))
      event(fmt::format(R"({{"content":{}}})", quoted(piece)), "null", "");
  }
  event("{}", call ? R"("tool_calls")" : R"("stop")", fmt::format(",{}", kChatUsage));
  return out + "data: [DONE]\n\n";
}

std::string item_of(const Script& script, bool call, unsigned long long serial) {
  if (call) {
    return fmt::format(
        R"({{"type":"function_call","id":"fc_{0}","call_id":"call_{0:012}","name":{1},)"
        R"("arguments":{2},"status":"completed"}})",
        serial, quoted(script.tool), quoted(script.arguments));
  }
  return fmt::format(
      R"({{"type":"message","id":"msg_{}","role":"assistant","status":"completed","content":)"
      R"([{{"type":"output_text","text":{},"annotations":[],"logprobs":[]}}]}})",
      serial, quoted(script.text));
}

std::string response_of(const Script& script, bool call, unsigned long long serial) {
  return fmt::format(
      R"({{"id":"resp_{}","object":"response","created_at":1700000000,"model":"mock",)"
      R"("status":"completed","error":null,"incomplete_details":null,"instructions":null,)"
      R"("metadata":{{}},"parallel_tool_calls":true,"temperature":1,"tool_choice":"auto",)"
      R"("tools":[],"top_p":1,"output":[{}],"usage":{{"input_tokens":50,"input_tokens_details":)"
      R"({{"cached_tokens":0}},"output_tokens":20,"output_tokens_details":)"
      R"({{"reasoning_tokens":0}},"total_tokens":70}}}})",
      serial, item_of(script, call, serial));
}

std::string response_stream(const Script& script, bool call, unsigned long long serial) {
  std::string out;
  int number = 0;
  const auto event = [&](std::string_view type, std::string_view rest) {
    out += fmt::format("event: {0}\ndata: {{\"type\":\"{0}\",\"sequence_number\":{1},{2}}}\n\n",
                       type, number++, rest);
  };
  const std::string item = item_of(script, call, serial);
  event("response.created", fmt::format(R"("response":{{"id":"resp_{}"}})", serial));
  event("response.output_item.added", fmt::format(R"("output_index":0,"item":{})", item));
  if (call) {
    event("response.function_call_arguments.delta",
          fmt::format(R"("item_id":"fc_{}","output_index":0,"delta":{})", serial,
                      quoted(script.arguments)));
  } else {
    for (const std::string_view piece : pieces(script.text, script.chunks)) {
      event("response.output_text.delta",
            fmt::format(R"("item_id":"msg_{}","output_index":0,"content_index":0,"delta":{})",
                        serial, quoted(piece)));
    }
  }
  event("response.output_item.done", fmt::format(R"("output_index":0,"item":{})", item));
  event("response.completed", fmt::format(R"("response":{})", response_of(script, call, serial)));
  return out;
}

}  // namespace

int delay_of(const Script& script, std::string_view path) {
  return parameter(path, "/delay=", script.delay_ms);
}

std::string http_reply(Script script, std::string_view path, std::string_view body,
                       unsigned long long serial) {
  const bool responses = path.ends_with("/responses");
  if (!responses && !path.ends_with("/chat/completions"))
    return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
  script.turns = parameter(path, "/turns=", script.turns);
  script.chunks = parameter(path, "/chunks=", script.chunks);
  bool call = results(body, responses) < script.turns;
  if (const int letters = parameter(path, "/letters=", 0); letters > 0)
    script.text = repeated(script.text, letters);
  if (const int agents = parameter(path, "/chain=", 0); agents > 0) {
    const int place = place_in_chain(body);
    call = place + 1 < agents;
    script.tool = fmt::format("transfer_to_agent_{}", static_cast<char>('b' + place));
    script.arguments = "{}";
  }
  const bool stream = body.find(R"("stream":true)") != std::string_view::npos ||
                      body.find(R"("stream": true)") != std::string_view::npos;
  if (responses) {
    return stream ? streamed(response_stream(script, call, serial))
                  : whole(response_of(script, call, serial));
  }
  return stream ? streamed(chat_stream(script, call, serial))
                : whole(chat_whole(script, call, serial));
}

}  // namespace cadre::bench
