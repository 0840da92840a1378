#include "policy/claude_wire.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace cadre::policy {
namespace {

constexpr std::size_t kArgumentBytesMax = 100 * 1024;  // the system's limit is 128 KiB
constexpr std::size_t kInputBytesMax = 10U << 20U;     // the program's own
constexpr std::size_t kDetailBytes = 400;

std::string tools_in_words(const ModelRequest& request) {
  std::string out =
      "\n\n## Tools\n\nYou act through the tools below and through nothing else; you have no "
      "tools of your own. Answer by the given form: `calls` lists the calls to make now, side by "
      "side (each with `tool` and `arguments`, an object that is valid against the tool's "
      "schema); the results come with the next message. `text` is what you say beside them, or "
      "your answer when no call is needed; then `calls` is empty.\n";
  for (const auto& tool : request.tools) {
    out += fmt::format("\n### {}\n\n{}\n\nArguments: {}\n", tool->name, tool->description,
                       json::write(tool->parameters));
  }
  const ToolChoice choice =
      request.settings != nullptr ? request.settings->tool_choice : ToolChoice{};
  if (choice.kind == ToolChoice::Kind::kRequired) out += "\nYou have to call a tool now.\n";
  if (choice.kind == ToolChoice::Kind::kTool)
    out += fmt::format("\nYou have to call {} now.\n", choice.tool);
  return out;
}

Json call_form(const ModelRequest& request) {
  JsonArray names;
  for (const auto& tool : request.tools) names.push_back(Json(tool->name));
  const JsonObject call{
      {"type", "object"},
      {"required", JsonArray{"tool", "arguments"}},
      {"additionalProperties", false},
      {"properties", JsonObject{{"tool", JsonObject{{"type", "string"}, {"enum", names}}},
                                {"arguments", JsonObject{{"type", "object"}}}}}};
  JsonObject properties{{"text", JsonObject{{"type", "string"}}},
                        {"calls", JsonObject{{"type", "array"}, {"items", call}}}};
  if (request.output != nullptr) properties["answer"] = JsonObject{{"type", "object"}};
  return JsonObject{{"type", "object"},
                    {"required", JsonArray{"calls"}},
                    {"additionalProperties", false},
                    {"properties", std::move(properties)}};
}

std::string one_item(const Item& item) {
  if (const auto* message = std::get_if<MessageItem>(&item)) {
    const char* who = message->speaker == Speaker::kUser        ? "user"
                      : message->speaker == Speaker::kAssistant ? "you"
                                                                : "system";
    return fmt::format("<message from=\"{}\">\n{}\n</message>\n", who, message->text);
  }
  if (const auto* call = std::get_if<ToolCallItem>(&item)) {
    return fmt::format("<call id=\"{}\" tool=\"{}\">\n{}\n</call>\n", call->id, call->tool,
                       call->arguments);
  }
  if (const auto* result = std::get_if<ToolResultItem>(&item)) {
    return fmt::format("<result of=\"{}\"{}>\n{}\n</result>\n", result->call_id,
                       result->ok ? "" : " failed=\"yes\"", result->output);
  }
  return {};
}

// A lone message is itself; more is a transcript.
std::string conversation(std::span<const ItemPtr> items) {
  if (items.size() == 1) {
    if (const auto* message = std::get_if<MessageItem>(items.front().get())) return message->text;
  }
  std::string out =
      "What follows is the conversation so far: messages, your calls, their results. Go on from "
      "its end.\n\n";
  for (const ItemPtr& item : items) out += one_item(*item);
  return out;
}

bool says(std::string_view text, std::initializer_list<std::string_view> words) {
  const std::string low = text::lower(text);
  return std::ranges::any_of(
      words, [&](std::string_view word) { return low.find(word) != std::string::npos; });
}

Error error_of(std::string_view said) {
  const std::string detail = text::shorten(text::clean_utf8(text::trim(said)), kDetailBytes);
  if (says(said, {"/login", "api key", "authentication", "401", "not logged in", "oauth"})) {
    return {ErrorCode::kDenied, "Claude Code is not signed in: " + detail,
            "run claude and sign in with /login, or set ANTHROPIC_API_KEY"};
  }
  if (says(said, {"credit balance", "error_max_budget", "billing"})) {
    return {ErrorCode::kExhausted, "Claude Code says that the credit is used up: " + detail,
            "check plan and billing"};
  }
  if (says(said, {"prompt is too long", "context window"})) {
    return {ErrorCode::kExhausted, "Claude Code cannot read so much at once: " + detail,
            "send less, or use a model with a larger context"};
  }
  if (says(said, {"not_found", "issue with the selected model", "model not found"})) {
    return {ErrorCode::kNotFound, "Claude Code does not know the model: " + detail,
            "claude-code:sonnet, claude-code:opus, or a model's full name"};
  }
  return {ErrorCode::kUnavailable, "Claude Code failed: " + detail, "try again"};
}

}  // namespace

Result<ClaudeCall> claude_call(const ModelRequest& request, std::string_view model) {
  if (request.items.empty()) return fail(ErrorCode::kInvalidInput, "the request has no message");
  ClaudeCall call;
  for (const ItemPtr& item : request.items) {
    if (const auto* known = std::get_if<ToolCallItem>(item.get()))
      call.used_ids.push_back(known->id);
  }
  const bool none =
      request.settings != nullptr && request.settings->tool_choice.kind == ToolChoice::Kind::kNone;
  call.structured = !request.tools.empty() && !none;
  call.answers_by_schema = request.output != nullptr;
  std::string prompt(request.instructions);
  Json form;
  if (call.structured) {
    prompt += tools_in_words(request);
    form = call_form(request);
    if (request.output != nullptr) {
      prompt +=
          "\nWhen you need no further call, put your answer under `answer`; it has to be "
          "valid against this JSON Schema:\n" +
          json::write(request.output->schema) + "\n";
    }
  } else if (request.output != nullptr) {
    form = request.output->schema;
  }
  call.arguments = {"-p",
                    "--output-format",
                    "stream-json",
                    "--verbose",
                    "--include-partial-messages",
                    "--tools",
                    "",
                    "--strict-mcp-config",
                    "--setting-sources",
                    "",
                    "--no-session-persistence",
                    "--permission-mode",
                    "dontAsk"};
  if (!model.empty()) call.arguments.insert(call.arguments.end(), {"--model", std::string(model)});
  if (request.settings != nullptr && !request.settings->reasoning_effort.empty())
    call.arguments.insert(call.arguments.end(), {"--effort", request.settings->reasoning_effort});
  if (!form.is_null()) {
    const std::string schema = json::write(form);
    if (schema.size() > kArgumentBytesMax) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("the answer's schema of {} bytes is too long for claude's command "
                              "line",
                              schema.size()));
    }
    call.arguments.insert(call.arguments.end(), {"--json-schema", schema});
  }
  if (!prompt.empty() && prompt.size() <= kArgumentBytesMax) {
    call.arguments.insert(call.arguments.end(), {"--system-prompt", prompt});
  } else if (!prompt.empty()) {
    call.input = "<instructions>\n" + prompt + "\n</instructions>\n\n";
  }
  call.input += conversation(request.items);
  if (call.input.size() > kInputBytesMax) {
    return fail(ErrorCode::kExhausted,
                "the conversation is longer than the 10 MB that claude reads");
  }
  return call;
}

void ClaudeStream::take_event(const Json& event, const Model::OnDelta& on_delta) const {
  const Json* delta = json::find(event, "delta");
  if (delta == nullptr || !on_delta) return;
  const std::string thinking = json::get_string(*delta, "thinking");
  const std::string text = json::get_string(*delta, "text");
  if (!thinking.empty()) on_delta({ModelDelta::Kind::kReasoning, thinking, 0});
  if (!text.empty() && !structured_ && !by_schema_) on_delta({ModelDelta::Kind::kText, text, 0});
}

void ClaudeStream::line(std::string_view text, const Model::OnDelta& on_delta) {
  auto json = json::parse(text);
  if (!json || !json->is_object()) return;  // not for us: warnings, updates
  const std::string type = json::get_string(*json, "type");
  if (type == "stream_event") {
    if (const Json* event = json::find(*json, "event")) take_event(*event, on_delta);
  } else if (type == "system" && json::get_string(*json, "subtype") == "api_retry") {
    ++retries_;
  } else if (type == "result") {
    result_ = std::move(*json);
  }
}

void ClaudeStream::add_calls(const Json& answer, ModelReply& out) const {
  int index = 0;
  for (const Json& entry : json::get_array(answer, "calls")) {
    ToolCallItem call;
    call.tool = json::get_string(entry, "tool");
    const Json* arguments = json::find(entry, "arguments");
    call.arguments = arguments == nullptr ? "{}" : json::write(*arguments);
    do {
      call.id = fmt::format("call_{}_{}", used_ids_.size() + 1, ++index);
    } while (std::ranges::find(used_ids_, call.id) != used_ids_.end());
    out.items.emplace_back(std::move(call));
  }
}

Result<void> ClaudeStream::add_answer(ModelReply& out) const {
  const std::string said = json::get_string(result_, "result");
  const Json* answer = json::find(result_, "structured_output");
  Json parsed;
  if ((structured_ || by_schema_) && (answer == nullptr || !answer->is_object())) {
    auto from_text = json::parse(said);  // some versions give it as text alone
    if (!from_text || !from_text->is_object()) {
      return fail(ErrorCode::kCorrupt,
                  "Claude Code did not answer by the form: " +
                      text::shorten(said.empty() ? "nothing" : said, kDetailBytes),
                  "try again, or a newer version of claude");
    }
    parsed = std::move(*from_text);
    answer = &parsed;
  }
  std::string text = said;
  if (structured_) {
    text = json::get_string(*answer, "text");
    const Json* final = json::find(*answer, "answer");
    if (by_schema_ && final != nullptr && json::get_array(*answer, "calls").empty())
      text = json::write(*final);
  } else if (by_schema_) {
    text = json::write(*answer);
  }
  const bool calls = structured_ && !json::get_array(*answer, "calls").empty();
  if (!text.empty() || !calls)
    out.items.emplace_back(MessageItem{Speaker::kAssistant, std::move(text), "", false, Json()});
  if (calls) add_calls(*answer, out);
  out.finish = calls ? "tool_calls" : "stop";
  return {};
}

Result<ModelReply> ClaudeStream::reply() const {
  ModelReply out;
  if (auto added = add_answer(out); !added) return propagate(added);
  out.id = json::get_string(result_, "session_id");
  if (const Json* usage = json::find(result_, "usage")) {
    const auto count = [&](const char* name) -> std::optional<std::int64_t> {
      const Json* value = json::find(*usage, name);
      return value != nullptr && value->is_int64() ? std::optional(value->as_int64())
                                                   : std::nullopt;
    };
    const auto fresh = count("input_tokens");
    out.usage.cached_tokens = count("cache_read_input_tokens");
    out.usage.cache_write_tokens = count("cache_creation_input_tokens");
    if (fresh) {
      out.usage.input_tokens =
          *fresh + out.usage.cached_tokens.value_or(0) + out.usage.cache_write_tokens.value_or(0);
    }
    out.usage.output_tokens = count("output_tokens");
  }
  if (const Json* cost = json::find(result_, "total_cost_usd");
      cost != nullptr && cost->is_number())
    out.usage.cost_usd = cost->to_number<double>();
  out.usage.requests = 1 + retries_;
  return out;
}

Result<ModelReply> ClaudeStream::finish(int exit_code, std::string_view complaint) {
  if (result_.is_null()) {
    const Error error =
        error_of(text::trim(complaint).empty()
                     ? fmt::format("it ended with code {} and gave no result", exit_code)
                     : fmt::format("{} (it ended with code {} and gave no result)",
                                   text::trim(complaint), exit_code));
    return std::unexpected(error);
  }
  const std::string subtype = json::get_string(result_, "subtype");
  if (json::get_bool(result_, "is_error") || subtype.starts_with("error")) {
    std::string said = json::get_string(result_, "result");
    for (const std::string& one : json::get_strings(result_, "errors")) said += " " + one;
    return std::unexpected(error_of(subtype == "success" ? said : subtype + " " + said));
  }
  return reply();
}

}  // namespace cadre::policy
