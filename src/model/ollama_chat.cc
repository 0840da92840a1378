// Ollama's own /api/chat. Against its compatible endpoint it can do what others cannot: set the
// size of the context. What does not fit is cut off without a word there, so the size is always
// asked for, in few steps, because each change makes the server load the model anew.
#include "model/ollama_chat.h"

#include <algorithm>
#include <unordered_map>

#include "model/wire_common.h"
#include "model/wire_list.h"

namespace cadre::model {
namespace {

constexpr std::int64_t kContextMin = 8192;
constexpr std::int64_t kContextMax = 131'072;
constexpr std::size_t kBytesPerToken = 3;  // cautious: English has about four
constexpr std::int64_t kOutputTokens = 4096;

// Whether anything below the arguments themselves has a structure.
bool is_nested(const Json& parameters) {
  if (json::find(parameters, "$defs") != nullptr) return true;
  const Json* properties = json::find(parameters, "properties");
  if (properties == nullptr || !properties->is_object()) return false;
  return std::ranges::any_of(properties->get_object(), [](const auto& entry) {
    const Json* items = json::find(entry.value(), "items");
    return json::find(entry.value(), "properties") != nullptr ||
           (items != nullptr && json::find(*items, "properties") != nullptr);
  });
}

// The server knows these members of a tool's parameters; and of what lies deeper it shows the model
// nothing, so that is said in the description.
ToolText tool_text(const ToolSpec& tool) {
  JsonObject parameters;
  for (const char* name : {"type", "$defs", "items", "required", "properties"}) {
    if (const Json* value = json::find(tool.parameters, name)) parameters[name] = *value;
  }
  std::string description = tool.description;
  if (is_nested(tool.parameters)) {
    description +=
        " The arguments have to be valid against this JSON Schema: " + json::write(tool.parameters);
  }
  ToolText text;
  text.json = R"({"type":"function","function":)";
  ObjectText function(text.json);
  function.text("name", tool.name);
  function.text("description", description);
  function.json("parameters", Json(std::move(parameters)));
  function.close();
  text.json.push_back('}');
  return text;
}

// Arguments go back as an object; what the model wrote otherwise was answered with an error.
void append_arguments(std::string& out, const std::string& arguments) {
  const auto value = json::parse(arguments);
  out += value && value->is_object() ? json::write(*value) : std::string("{}");
}

class Messages final : public MessageList {
 public:
  Messages(std::span<const ItemPtr> items, std::string& out) : MessageList(items, out, "system") {}

 private:
  void result(const ToolResultItem& given) override {
    next();
    out_ += R"({"role":"tool","tool_name":)";
    const auto at = names_.find(given.call_id);
    append_string(out_, at == names_.end() ? std::string_view(given.call_id) : at->second);
    out_ += R"(,"content":)";
    append_string(out_, given.output);
    out_.push_back('}');
  }

  void assistant(std::size_t begin, std::size_t end) override {
    std::string text, thinking;
    bool calls = false;
    for (std::size_t i = begin; i < end; ++i) {
      if (const auto* message = std::get_if<MessageItem>(items_[i].get())) {
        if (!text.empty()) text += "\n\n";
        text += message->text;
      } else if (const auto* reasoning = std::get_if<ReasoningItem>(items_[i].get())) {
        thinking += reasoning->text;
      } else if (const auto* call = std::get_if<ToolCallItem>(items_[i].get())) {
        calls = true;
        names_.try_emplace(call->id, call->tool);
      }
    }
    if (text.empty() && !calls) return;  // thinking alone: nothing follows from it
    next();
    ObjectText body(out_);
    body.text("role", "assistant");
    body.text("content", text);
    if (!thinking.empty()) body.text("thinking", thinking);
    if (calls && body.key("tool_calls")) tool_calls(begin, end);
    body.close();
  }

  void tool_calls(std::size_t begin, std::size_t end) {
    char separator = '[';
    for (std::size_t i = begin; i < end; ++i) {
      const auto* call = std::get_if<ToolCallItem>(items_[i].get());
      if (call == nullptr) continue;
      out_.push_back(separator);
      separator = ',';
      out_ += R"({"function":{"name":)";
      append_string(out_, call->tool);
      out_ += R"(,"arguments":)";
      append_arguments(out_, call->arguments);
      out_ += "}}";
    }
    out_.push_back(']');
  }

  // Of the tool, by the call's id. What is known of a history ends behind the results of a reply.
  std::unordered_map<std::string_view, std::string_view> names_;
};

// Servers that stand in for Ollama name it otherwise.
std::string thinking_of(const Json& message) {
  std::string thinking = json::get_string(message, "thinking");
  return thinking.empty() ? json::get_string(message, "reasoning_content") : thinking;
}

// What a message consisted of, whole or gathered from a stream.
struct Parts {
  std::string text, thinking, finish;
  std::vector<ToolCallItem> calls;
  Usage usage;
  bool done = false;

  void take_end(const Json& object) {
    done = json::get_bool(object, "done");
    if (!done) return;
    finish = json::get_string(object, "done_reason", "stop");
    usage.input_tokens = count_of(object, "prompt_eval_count");
    usage.output_tokens = count_of(object, "eval_count");
  }

  void take_calls(const Json& message, const Model::OnDelta& on_delta) {
    for (const Json& entry : json::get_array(message, "tool_calls")) {
      const Json* function = json::find(entry, "function");
      if (function == nullptr) continue;
      ToolCallItem call;
      call.id = json::get_string(entry, "id");
      call.tool = json::get_string(*function, "name");
      call.arguments = arguments_of(json::find(*function, "arguments"));
      if (on_delta) {
        on_delta({ModelDelta::Kind::kArguments, call.arguments, static_cast<int>(calls.size())});
      }
      calls.push_back(std::move(call));
    }
  }

  ModelReply reply(const ReplyContext& context) && {
    ModelReply out;
    if (!thinking.empty()) out.items.emplace_back(ReasoningItem{std::move(thinking), Json()});
    if (!text.empty() || calls.empty())
      out.items.emplace_back(MessageItem{Speaker::kAssistant, std::move(text), "", false, Json()});
    for (ToolCallItem& call : calls) out.items.emplace_back(std::move(call));
    out.finish = std::move(finish);
    out.usage = usage;
    settle(out, context);
    return out;
  }
};

class OllamaStream final : public StreamParser {
 public:
  OllamaStream(const Profile& profile, std::shared_ptr<const ReplyContext> context)
      : profile_(profile), context_(std::move(context)) {}

  std::expected<bool, Fault> feed(std::string_view, std::string_view data,
                                  const Model::OnDelta& on_delta) override {
    const Json* object = reader_.read(data);
    if (object == nullptr || !object->is_object())
      return std::unexpected(malformed(profile_, "a line of the stream is not JSON"));
    if (json::find(*object, "error") != nullptr)
      return std::unexpected(fault_of(profile_, 0, data));
    if (const Json* message = json::find(*object, "message")) {
      const std::string thinking = thinking_of(*message);
      const std::string text = json::get_string(*message, "content");
      parts_.thinking += thinking;
      parts_.text += text;
      if (on_delta && !thinking.empty()) on_delta({ModelDelta::Kind::kReasoning, thinking, 0});
      if (on_delta && !text.empty()) on_delta({ModelDelta::Kind::kText, text, 0});
      parts_.take_calls(*message, on_delta);
    }
    parts_.take_end(*object);
    return true;
  }

  Parsed finish() override {
    if (!parts_.done) return std::unexpected(cut_off(profile_));
    return std::move(parts_).reply(*context_);
  }
  Usage usage() const override { return parts_.usage; }

 private:
  const Profile& profile_;
  std::shared_ptr<const ReplyContext> context_;
  EventReader reader_;
  Parts parts_;
};

// Smallest step that holds what was written and what may come.
std::int64_t context_size(std::size_t bytes, const ModelSettings& settings) {
  const std::int64_t need = static_cast<std::int64_t>(bytes / kBytesPerToken) +
                            settings.max_output_tokens.value_or(kOutputTokens);
  std::int64_t size = kContextMin;
  while (size < need && size < kContextMax) size *= 2;
  return size;
}

class OllamaAdapter final : public Adapter {
 public:
  OllamaAdapter(Profile profile, std::string model)
      : profile_(std::move(profile)), model_(std::move(model)), tools_(tool_text) {}

  Result<WireRequest> build_request(const ModelRequest& request) const override {
    if (auto sound = check_model_request(request, model_); !sound) return propagate(sound);
    const ModelSettings& settings = settings_of(request);
    auto context = context_of(request);
    WireRequest wire;
    wire.path = "/api/chat";
    wire.stream = request.stream;
    std::string& out = wire.body;
    ListWriter list(texts_, request, out);
    JsonObject extra = settings.extra.is_object() ? settings.extra.get_object() : JsonObject{};
    const Json own_options = json::get_object(settings.extra, "options");
    extra.erase("options");
    ObjectText body(out, &extra);
    body.text("model", request.model.empty() ? std::string_view(model_) : request.model);
    if (body.key("messages")) Messages(request.items, out).write(list, request.instructions);
    offer_tools(body, out, request, settings, *context);
    if (request.output != nullptr) body.json("format", request.output->schema);
    if (settings.reasoning_effort == "none") {
      body.boolean("think", false);
    } else if (!settings.reasoning_effort.empty()) {
      body.text("think", settings.reasoning_effort);
    }
    body.json("options", options(settings, own_options.get_object(), out.size()));
    body.boolean("stream", request.stream);
    body.members(extra);
    body.close();
    wire.context = std::move(context);
    return wire;
  }

  Parsed parse_reply(int status, std::string_view text,
                     const ReplyContext& context) const override {
    const auto parsed = read_good_reply(profile_, status, text);
    if (!parsed) return std::unexpected(parsed.error());
    const Json* message = json::find(*parsed, "message");
    if (message == nullptr || !message->is_object())
      return std::unexpected(malformed(profile_, "there is no message in it"));
    Parts parts;
    parts.text = json::get_string(*message, "content");
    parts.thinking = thinking_of(*message);
    parts.take_calls(*message, nullptr);
    parts.take_end(*parsed);
    return std::move(parts).reply(context);
  }

  std::unique_ptr<StreamParser> start_stream(
      std::shared_ptr<const ReplyContext> context) const override {
    return std::make_unique<OllamaStream>(profile_, std::move(context));
  }

 private:
  // There is no tool_choice: what must not be called is not offered.
  void offer_tools(ObjectText& body, std::string& out, const ModelRequest& request,
                   const ModelSettings& settings, ReplyContext& context) const {
    const ToolChoice& choice = settings.tool_choice;
    if (choice.kind == ToolChoice::Kind::kNone) return;
    if (choice.kind != ToolChoice::Kind::kTool)
      return put_tools(body, out, request, tools_, context);
    ModelRequest narrowed = request;
    const auto it =
        std::ranges::find(request.tools, choice.tool, [](const auto& tool) { return tool->name; });
    if (it != request.tools.end())
      narrowed.tools =
          std::span(request.tools).subspan(static_cast<std::size_t>(it - request.tools.begin()), 1);
    put_tools(body, out, narrowed, tools_, context);
  }

  static JsonObject options(const ModelSettings& settings, const JsonObject& own,
                            std::size_t bytes) {
    JsonObject out{{"num_ctx", context_size(bytes, settings)}};
    if (settings.temperature) out["temperature"] = *settings.temperature;
    if (settings.top_p) out["top_p"] = *settings.top_p;
    if (settings.max_output_tokens) out["num_predict"] = *settings.max_output_tokens;
    for (const auto& [key, value] : own) out[key] = value;
    return out;
  }

  const Profile profile_;
  const std::string model_;
  const ToolTexts tools_;
  const ListTexts texts_;
};

}  // namespace

std::unique_ptr<Adapter> make_ollama_adapter(const Profile& profile, std::string model) {
  return std::make_unique<OllamaAdapter>(profile, std::move(model));
}

}  // namespace cadre::model
