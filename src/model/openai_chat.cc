// OpenAI's Chat Completions, and every server that is compatible with it, by its profile.
#include "model/openai_chat.h"

#include <algorithm>
#include <array>
#include <boost/json/monotonic_resource.hpp>
#include <map>

#include "base/json_memory.h"
#include "model/vendor_schema.h"
#include "model/wire_common.h"
#include "model/wire_list.h"

namespace cadre::model {
namespace {

constexpr std::string_view kFormat = "chat";            // of the item itself
constexpr std::string_view kMessageFormat = "chat_message";  // of a message without text
// Members of a message that have a place of their own, or are noise.
constexpr std::string_view kKnownOfMessage[] = {
    "role",        "content",   "tool_calls", "refusal",           "function_call",
    "annotations", "audio",     "reasoning",  "reasoning_content", "reasoning_details",
    "obfuscation", "logprobs",  "images",     "name"};
constexpr std::string_view kKnownOfCall[] = {"id", "type", "function", "index"};
constexpr std::string_view kReasoningTexts[] = {"reasoning_content", "reasoning"};

template <std::size_t N>
bool among(const std::string_view (&words)[N], std::string_view word) {
  return std::ranges::find(words, word) != std::end(words);
}

template <std::size_t N>
JsonObject others(const Json& object, const std::string_view (&known)[N]) {
  JsonObject out;
  if (!object.is_object()) return out;
  for (const auto& [key, value] : object.get_object()) {
    if (!value.is_null() && !among(known, {key.data(), key.size()})) out[key] = owned(value);
  }
  return out;
}

ToolText tool_text(const Profile& profile, const ToolSpec& tool) {
  ToolText text;
  VendorSchema schema;
  if (profile.strict_tools && tool.strict) {
    schema = vendor_schema(tool.parameters, SchemaDialect::kOpenAi);
  } else {
    schema.schema = tool.parameters;
  }
  text.nullable = schema.nullable;
  text.json = R"({"type":"function","function":)";
  ObjectText function(text.json);
  function.text("name", tool.name);
  function.text("description", tool.description);
  if (profile.strict_tools) function.boolean("strict", schema.strict);
  function.json("parameters", schema.schema);
  function.close();
  text.json.push_back('}');
  return text;
}

class Messages final : public MessageList {
 public:
  Messages(const Profile& profile, std::span<const ItemPtr> items, std::string& out)
      : MessageList(items, out, profile.system_role), profile_(profile) {
    for (std::size_t i = items.size(); i > 0 && last_user_ == 0; --i) {
      const auto* message = std::get_if<MessageItem>(items[i - 1].get());
      if (message != nullptr && message->speaker == Speaker::kUser) last_user_ = i;
    }
  }

 private:
  void result(const ToolResultItem& given) override {
    next();
    out_ += R"({"role":"tool","tool_call_id":)";
    append_string(out_, given.call_id);
    out_ += R"(,"content":)";
    append_string(out_, given.output);
    out_.push_back('}');
  }

  // Reasoning that goes back within a turn only will be left out when the user has said more.
  bool stays(std::size_t begin, std::size_t end) const override {
    return profile_.echo_reasoning != EchoReasoning::kToolLoop || end <= last_user_ ||
           std::ranges::none_of(items_.subspan(begin, end - begin), [](const ItemPtr& item) {
             return std::holds_alternative<ReasoningItem>(*item);
           });
  }

  void assistant(std::size_t begin, std::size_t end) override {
    bool text = false, calls = false;
    for (std::size_t i = begin; i < end; ++i) {
      text = text || std::holds_alternative<MessageItem>(*items_[i]);
      calls = calls || std::holds_alternative<ToolCallItem>(*items_[i]);
    }
    if (!text && !calls) return;  // reasoning alone: nobody takes it back
    next();
    out_ += R"({"role":"assistant","content":)";
    if (text) {
      content(begin, end);
    } else {
      out_ += "null";
    }
    if (calls) tool_calls(begin, end);
    for (std::size_t i = begin; i < end; ++i) extras(i);
    out_.push_back('}');
  }

  void content(std::size_t begin, std::size_t end) {
    bool first = true;
    out_.push_back('"');
    for (std::size_t i = begin; i < end; ++i) {
      const auto* message = std::get_if<MessageItem>(items_[i].get());
      if (message == nullptr) continue;
      if (!first) out_ += R"(\n\n)";
      first = false;
      append_escaped(out_, message->text);
    }
    out_.push_back('"');
  }

  void tool_calls(std::size_t begin, std::size_t end) {
    out_ += R"(,"tool_calls":)";
    char separator = '[';
    for (std::size_t i = begin; i < end; ++i) {
      const auto* call = std::get_if<ToolCallItem>(items_[i].get());
      if (call == nullptr) continue;
      out_.push_back(separator);
      separator = ',';
      out_ += R"({"id":)";
      append_string(out_, call->id);
      out_ += R"(,"type":"function","function":{"name":)";
      append_string(out_, call->tool);
      out_ += R"(,"arguments":)";
      append_string(out_, call->arguments);
      out_.push_back('}');
      if (const Json* own = vendor_part(call->vendor, kFormat)) members(*own);
      out_.push_back('}');
    }
    out_.push_back(']');
  }

  void members(const Json& fields) {
    if (!profile_.echo_unknown || !fields.is_object()) return;
    for (const auto& [key, value] : fields.get_object()) {
      out_.push_back(',');
      append_string(out_, {key.data(), key.size()});
      out_.push_back(':');
      append_json(out_, value);
    }
  }

  void extras(std::size_t i) {
    const Item& item = *items_[i];
    if (const auto* reasoning = std::get_if<ReasoningItem>(&item)) {
      const bool wanted = profile_.echo_reasoning == EchoReasoning::kAlways ||
                          (profile_.echo_reasoning == EchoReasoning::kToolLoop && i >= last_user_);
      const Json* own = vendor_part(reasoning->vendor, kFormat);
      if (wanted && own != nullptr) members(*own);
    } else if (const auto* message = std::get_if<MessageItem>(&item)) {
      if (const Json* own = vendor_part(message->vendor, kFormat)) members(*own);
    } else if (const auto* call = std::get_if<ToolCallItem>(&item)) {
      if (const Json* own = vendor_part(call->vendor, kMessageFormat)) members(*own);
    }
  }

  const Profile& profile_;
  std::size_t last_user_ = 0;  // index after it
};

Usage usage_of(const Json& usage) {
  Usage out;
  out.input_tokens = count_of(usage, "prompt_tokens");
  out.output_tokens = count_of(usage, "completion_tokens");
  if (const Json* details = json::find(usage, "prompt_tokens_details")) {
    out.cached_tokens = count_of(*details, "cached_tokens");
    out.cache_write_tokens = count_of(*details, "cache_write_tokens");
  }
  if (!out.cached_tokens) out.cached_tokens = count_of(usage, "prompt_cache_hit_tokens");
  if (const Json* details = json::find(usage, "completion_tokens_details"))
    out.reasoning_tokens = count_of(*details, "reasoning_tokens");
  return out;
}

struct CallParts {
  std::string id, name, arguments;
  JsonObject vendor;
};

// What a message consisted of, whole or gathered from a stream.
struct MessageParts {
  std::string text, reasoning, refusal, finish, id;
  std::string reasoning_field;
  JsonArray reasoning_details;
  std::vector<CallParts> calls;
  JsonObject vendor;
  Usage usage;

  ModelReply reply(const ReplyContext& context) && {
    ModelReply out;
    if (!reasoning.empty() || !reasoning_details.empty()) {
      JsonObject own;
      if (!reasoning.empty()) own[reasoning_field] = reasoning;
      if (!reasoning_details.empty()) own["reasoning_details"] = std::move(reasoning_details);
      out.items.emplace_back(
          ReasoningItem{std::move(reasoning), JsonObject{{kFormat, std::move(own)}}});
    }
    Json extra;
    if (!vendor.empty()) extra = std::move(vendor);
    if (!text.empty() || (calls.empty() && refusal.empty())) {
      MessageItem message{Speaker::kAssistant, std::move(text), "", false, Json()};
      if (!extra.is_null()) message.vendor = JsonObject{{kFormat, std::move(extra)}};
      extra = nullptr;
      out.items.emplace_back(std::move(message));
    }
    for (CallParts& call : calls) {
      JsonObject own;
      if (!call.vendor.empty()) own[kFormat] = std::move(call.vendor);
      if (!extra.is_null()) own[kMessageFormat] = std::exchange(extra, nullptr);
      out.items.emplace_back(ToolCallItem{std::move(call.id), std::move(call.name),
                                          std::move(call.arguments),
                                          own.empty() ? Json() : Json(std::move(own))});
    }
    out.refusal = std::move(refusal);
    out.finish = finish == "function_call" ? "tool_calls" : std::move(finish);
    out.id = std::move(id);
    out.usage = usage;
    settle(out, context);
    return out;
  }
};

void take_reasoning(const Json& message, MessageParts& parts, std::string* fresh = nullptr) {
  for (const std::string_view field : kReasoningTexts) {
    const std::string text = json::get_string(message, field);
    if (text.empty()) continue;
    parts.reasoning += text;
    parts.reasoning_field = field;
    if (fresh != nullptr) *fresh = text;
    break;
  }
  for (const Json& detail : json::get_array(message, "reasoning_details"))
    parts.reasoning_details.push_back(owned(detail));
}

CallParts call_of(const Json& call) {
  const Json* function = json::find(call, "function");
  CallParts parts{json::get_string(call, "id"), "", "", others(call, kKnownOfCall)};
  if (function == nullptr) return parts;
  parts.name = json::get_string(*function, "name");
  parts.arguments = arguments_of(json::find(*function, "arguments"));
  return parts;
}

class ChatStream final : public StreamParser {
 public:
  ChatStream(const Profile& profile, std::shared_ptr<const ReplyContext> context)
      : profile_(profile), context_(std::move(context)) {}

  std::expected<bool, Fault> feed(std::string_view, std::string_view data,
                                  const Model::OnDelta& on_delta) override {
    if (data == "[DONE]") {
      done_ = true;
      return true;
    }
    const Json* event = reader_.read(data);
    if (event == nullptr || !event->is_object()) {
      return std::unexpected(malformed(profile_, "an event of the stream is not JSON"));
    }
    if (const Json* error = json::find(*event, "error"); error != nullptr && !error->is_null())
      return std::unexpected(fault_of(profile_, 0, data));
    if (parts_.id.empty()) parts_.id = json::get_string(*event, "id");
    if (const Json* usage = json::find(*event, "usage"); usage != nullptr && usage->is_object())
      parts_.usage = usage_of(*usage);
    const JsonArray& choices = json::get_array(*event, "choices");
    if (choices.empty()) return true;
    const Json& choice = choices.front();
    if (std::string finish = json::get_string(choice, "finish_reason"); !finish.empty())
      parts_.finish = std::move(finish);
    if (const Json* delta = json::find(choice, "delta"); delta != nullptr && delta->is_object())
      take(*delta, on_delta);
    return true;
  }

  Parsed finish() override {
    if (!done_ && parts_.finish.empty()) return std::unexpected(cut_off(profile_));
    return std::move(parts_).reply(*context_);
  }
  Usage usage() const override { return parts_.usage; }

 private:
  void take(const Json& delta, const Model::OnDelta& on_delta) {
    for (const auto& [key, value] : delta.get_object()) {
      const std::string_view name(key.data(), key.size());
      if (name == "content") {
        const std::string_view text = value.is_string() ? json::as_view(value.get_string()) : "";
        parts_.text += text;
        if (!text.empty() && on_delta) on_delta({ModelDelta::Kind::kText, text, 0});
        if (value.is_array()) parts_.text += text_of(value);
      } else if (name == "refusal") {
        if (value.is_string()) parts_.refusal += json::as_view(value.get_string());
      } else if (name == "tool_calls") {
        take_calls(value, on_delta);
      } else if (!value.is_null() && !among(kKnownOfMessage, name)) {
        parts_.vendor[key] = owned(value);
      }
    }
    std::string fresh;
    take_reasoning(delta, parts_, &fresh);
    if (!fresh.empty() && on_delta) on_delta({ModelDelta::Kind::kReasoning, fresh, 0});
  }

  void take_calls(const Json& list, const Model::OnDelta& on_delta) {
    if (!list.is_array()) return;
    std::int64_t place = 0;
    for (const Json& piece : list.get_array()) {
      CallParts part = call_of(piece);
      const std::size_t at = slot(json::get_int(piece, "index", -1), place++, part);
      CallParts& call = parts_.calls[at];
      if (call.id.empty()) call.id = std::move(part.id);
      if (call.name.empty()) call.name = std::move(part.name);
      for (auto& [key, value] : part.vendor) call.vendor[key] = std::move(value);
      call.arguments += part.arguments;
      if (!part.arguments.empty() && on_delta)
        on_delta({ModelDelta::Kind::kArguments, part.arguments, static_cast<int>(at)});
    }
  }

  // Which call a fragment belongs to. Some servers send no index, or 0 for all: a new id is a new
  // call then.
  std::size_t slot(std::int64_t index, std::int64_t place, const CallParts& part) {
    if (index < 0 && part.id.empty() && part.name.empty() && !parts_.calls.empty())
      return parts_.calls.size() - 1;
    const std::int64_t wanted = index < 0 ? place : index;
    const auto known = slots_.find(wanted);
    const bool fresh = known == slots_.end() ||
                       (!part.id.empty() && !parts_.calls[known->second].id.empty() &&
                        parts_.calls[known->second].id != part.id);
    if (!fresh) return known->second;
    parts_.calls.emplace_back();
    slots_[wanted] = parts_.calls.size() - 1;
    return parts_.calls.size() - 1;
  }

  const Profile& profile_;
  std::shared_ptr<const ReplyContext> context_;
  EventReader reader_;
  MessageParts parts_;
  std::map<std::int64_t, std::size_t> slots_;
  bool done_ = false;
};

class ChatAdapter final : public Adapter {
 public:
  ChatAdapter(Profile profile, std::string model)
      : profile_(std::move(profile)), model_(std::move(model)), tools_([this](const ToolSpec& t) {
          return tool_text(profile_, t);
        }) {}

  Result<WireRequest> build_request(const ModelRequest& request) const override {
    if (auto sound = check_model_request(request, model_); !sound) return propagate(sound);
    const ModelSettings& settings = settings_of(request);
    auto context = context_of(request);
    WireRequest wire;
    wire.path = "/chat/completions";
    wire.stream = request.stream;
    if (profile_.client_request_id && !request.key.empty())
      wire.headers.emplace_back("x-client-request-id", request.key);
    std::string& out = wire.body;
    ListWriter list(texts_, request, out);
    ObjectText body(out, settings.extra.is_object() ? &settings.extra.get_object() : nullptr);
    body.text("model", request.model.empty() ? std::string_view(model_) : request.model);
    if (body.key("messages")) {
      const bool in_words =
          request.output != nullptr && profile_.structured != Structured::kSchema;
      Messages(profile_, request.items, out)
          .write(list,
                 in_words ? instructions_with_schema(request) : std::string(request.instructions));
    }
    put_tools(body, out, request, tools_, *context);
    put_settings(body, request, settings);
    put_output(body, request, *context);
    if (settings.extra.is_object()) body.members(settings.extra.get_object());
    body.close();
    wire.context = std::move(context);
    return wire;
  }

  Parsed parse_reply(int status, std::string_view text,
                     const ReplyContext& context) const override {
    std::array<unsigned char, 8192> room;  // most replies fit: read without an allocation
    boost::json::monotonic_resource memory(room.data(), room.size());
    const auto parsed = read_reply(profile_, status, text, &memory);
    if (!parsed) return std::unexpected(parsed.error());
    const JsonArray& choices = json::get_array(*parsed, "choices");
    if (choices.empty()) {
      if (tells_error(*parsed)) return std::unexpected(fault_of(profile_, 200, text));
      return std::unexpected(malformed(profile_, "there are no choices in it"));
    }
    const Json* message = json::find(choices.front(), "message");
    if (message == nullptr || !message->is_object())
      return std::unexpected(malformed(profile_, "there is no message in it"));
    MessageParts parts;
    parts.id = json::get_string(*parsed, "id");
    parts.finish = json::get_string(choices.front(), "finish_reason");
    if (const Json* content = json::find(*message, "content")) parts.text = text_of(*content);
    parts.refusal = json::get_string(*message, "refusal");
    take_reasoning(*message, parts);
    for (const Json& call : json::get_array(*message, "tool_calls"))
      parts.calls.push_back(call_of(call));
    parts.vendor = others(*message, kKnownOfMessage);
    if (const Json* usage = json::find(*parsed, "usage")) parts.usage = usage_of(*usage);
    return std::move(parts).reply(context);
  }

  std::unique_ptr<StreamParser> start_stream(
      std::shared_ptr<const ReplyContext> context) const override {
    return std::make_unique<ChatStream>(profile_, std::move(context));
  }

 private:
  void put_settings(ObjectText& body, const ModelRequest& request,
                    const ModelSettings& settings) const {
    if (!request.tools.empty()) {
      if (profile_.tool_choice) put_choice(body, settings.tool_choice);
      if (profile_.parallel_switch && settings.parallel_tool_calls)
        body.boolean("parallel_tool_calls", *settings.parallel_tool_calls);
    }
    if (settings.temperature) body.raw("temperature", number(*settings.temperature));
    if (settings.top_p) body.raw("top_p", number(*settings.top_p));
    const std::int64_t limit = settings.max_output_tokens.value_or(profile_.max_tokens_default);
    if (limit > 0) body.raw(profile_.max_tokens_field, std::to_string(limit));
    if (profile_.reasoning_effort && !settings.reasoning_effort.empty())
      body.text("reasoning_effort", settings.reasoning_effort);
    if (!request.stream) return;
    body.boolean("stream", true);
    if (profile_.stream_usage) body.raw("stream_options", R"({"include_usage":true})");
  }

  static void put_choice(ObjectText& body, const ToolChoice& choice) {
    switch (choice.kind) {
      case ToolChoice::Kind::kAuto: return;
      case ToolChoice::Kind::kNone: return body.text("tool_choice", "none");
      case ToolChoice::Kind::kRequired: return body.text("tool_choice", "required");
      case ToolChoice::Kind::kTool: break;
    }
    body.json("tool_choice", JsonObject{{"type", "function"},
                                        {"function", JsonObject{{"name", choice.tool}}}});
  }

  void put_output(ObjectText& body, const ModelRequest& request, ReplyContext& context) const {
    if (request.output == nullptr || profile_.structured == Structured::kPrompt) return;
    if (profile_.structured == Structured::kJsonObject)
      return body.raw("response_format", R"({"type":"json_object"})");
    VendorSchema schema = vendor_schema(request.output->schema, SchemaDialect::kOpenAi);
    if (schema.nullable) context.nullable_output = request.output->schema;
    body.json("response_format",
              JsonObject{{"type", "json_schema"},
                         {"json_schema", JsonObject{{"name", request.output->name},
                                                    {"strict", schema.strict},
                                                    {"schema", std::move(schema.schema)}}}});
  }

  const Profile profile_;
  const std::string model_;
  const ToolTexts tools_;
  const ListTexts texts_;
};

}  // namespace

std::unique_ptr<Adapter> make_chat_adapter(const Profile& profile, std::string model) {
  return std::make_unique<ChatAdapter>(profile, std::move(model));
}

}  // namespace cadre::model
