// OpenAI's Responses, used without state at the vendor: every output item goes back in its order.
#include "model/openai_responses.h"

#include <algorithm>
#include <map>

#include "model/vendor_schema.h"
#include "model/wire_common.h"
#include "model/wire_list.h"

namespace cadre::model {
namespace {

constexpr std::string_view kFormat = "responses";

ToolText tool_text(const Profile& profile, const ToolSpec& tool) {
  ToolText text;
  VendorSchema schema;
  if (profile.strict_tools && tool.strict) {
    schema = vendor_schema(tool.parameters, SchemaDialect::kOpenAi);
  } else {
    schema.schema = tool.parameters;
  }
  text.nullable = schema.nullable;
  ObjectText body(text.json);
  body.text("type", "function");
  body.text("name", tool.name);
  body.text("description", tool.description);
  body.boolean("strict", schema.strict);
  body.json("parameters", schema.schema);
  body.close();
  return text;
}

class InputItems {
 public:
  explicit InputItems(std::string& out) : out_(out) {}

  void write(ListWriter& list, std::span<const ItemPtr> items) {
    out_.push_back('[');
    const std::size_t before = out_.size(), known = list.begin();
    first_ = out_.size() == before;
    for (const ItemPtr& item : items.subspan(known))
      std::visit([this](const auto& one) { put(one); }, *item);
    list.stands(items.size());
    list.keep();
    out_.push_back(']');
  }

 private:
  void next() {
    if (!first_) out_.push_back(',');
    first_ = false;
  }

  // The vendor's other fields of its own item: id, status, phase.
  void own(const Json& vendor) {
    const Json* fields = vendor_part(vendor, kFormat);
    if (fields == nullptr || !fields->is_object()) return;
    for (const auto& [key, value] : fields->get_object()) {
      out_.push_back(',');
      append_string(out_, {key.data(), key.size()});
      out_.push_back(':');
      append_json(out_, value);
    }
  }

  // An output message of the vendor has a name and a state; any other is told in the short form.
  static bool is_own(const Json& vendor) {
    const Json* fields = vendor_part(vendor, kFormat);
    return fields != nullptr && json::find(*fields, "id") != nullptr &&
           json::find(*fields, "status") != nullptr;
  }

  void put(const MessageItem& message) {
    next();
    if (message.speaker != Speaker::kAssistant) {
      out_ += message.speaker == Speaker::kUser ? R"({"role":"user","content":)"
                                                : R"({"role":"developer","content":)";
      append_string(out_, message.text);
    } else if (!is_own(message.vendor)) {
      out_ += R"({"role":"assistant","content":)";
      append_string(out_, message.text);
    } else {
      out_ += R"({"type":"message","role":"assistant","content":[{"type":"output_text","text":)";
      append_string(out_, message.text);
      out_ += R"(,"annotations":[],"logprobs":[]}])";
      own(message.vendor);
    }
    out_.push_back('}');
  }

  // Only what this vendor made can go back; what it hides is in the encrypted content.
  void put(const ReasoningItem& reasoning) {
    const Json* item = vendor_part(reasoning.vendor, kFormat);
    if (item == nullptr) return;
    next();
    append_json(out_, *item);
  }

  void put(const ToolCallItem& call) {
    next();
    out_ += R"({"type":"function_call","call_id":)";
    append_string(out_, call.id);
    out_ += R"(,"name":)";
    append_string(out_, call.tool);
    out_ += R"(,"arguments":)";
    append_string(out_, call.arguments);
    own(call.vendor);
    out_.push_back('}');
  }

  void put(const ToolResultItem& result) {
    next();
    out_ += R"({"type":"function_call_output","call_id":)";
    append_string(out_, result.call_id);
    out_ += R"(,"output":)";
    append_string(out_, result.output);
    out_.push_back('}');
  }

  std::string& out_;
  bool first_ = true;
};

// All members but those that have a place of their own, under our format's name.
Json vendor_of(const Json& item, std::initializer_list<std::string_view> known) {
  JsonObject fields;
  for (const auto& [key, value] : item.get_object()) {
    const std::string_view name(key.data(), key.size());
    if (!value.is_null() && std::ranges::find(known, name) == known.end())
      fields[key] = owned(value);
  }
  return fields.empty() ? Json() : Json(JsonObject{{kFormat, std::move(fields)}});
}

void take_message(const Json& item, ModelReply& reply) {
  std::string text;
  for (const Json& part : json::get_array(item, "content")) {
    const std::string type = json::get_string(part, "type");
    if (type == "refusal") {
      reply.refusal += json::get_string(part, "refusal");
    } else {
      text += json::get_string(part, "text");
    }
  }
  if (text.empty() && !reply.refusal.empty()) return;
  reply.items.emplace_back(MessageItem{Speaker::kAssistant, std::move(text), "", false,
                                       vendor_of(item, {"type", "role", "content"})});
}

// One output item. What we have no use for is kept like reasoning: it goes back where it stood.
void take_item(const Json& item, ModelReply& reply) {
  if (!item.is_object()) return;
  const std::string type = json::get_string(item, "type");
  if (type == "message") return take_message(item, reply);
  if (type == "function_call") {
    reply.items.emplace_back(
        ToolCallItem{json::get_string(item, "call_id"), json::get_string(item, "name"),
                     arguments_of(json::find(item, "arguments")),
                     vendor_of(item, {"type", "call_id", "name", "arguments"})});
    return;
  }
  std::string text;
  for (const char* key : {"summary", "content"}) {
    for (const Json& part : json::get_array(item, key)) {
      if (!text.empty()) text += "\n";
      text += json::get_string(part, "text");
    }
  }
  reply.items.emplace_back(ReasoningItem{std::move(text), JsonObject{{kFormat, owned(item)}}});
}

void take_facts(const Json& response, ModelReply& reply) {
  reply.id = json::get_string(response, "id");
  const std::string status = json::get_string(response, "status");
  if (status == "incomplete") {
    const Json* details = json::find(response, "incomplete_details");
    const std::string reason = details == nullptr ? "" : json::get_string(*details, "reason");
    reply.finish = reason == "content_filter" ? "content_filter" : "length";
  }
  const Json* usage = json::find(response, "usage");
  if (usage == nullptr) return;
  reply.usage.input_tokens = count_of(*usage, "input_tokens");
  reply.usage.output_tokens = count_of(*usage, "output_tokens");
  if (const Json* details = json::find(*usage, "input_tokens_details")) {
    reply.usage.cached_tokens = count_of(*details, "cached_tokens");
    reply.usage.cache_write_tokens = count_of(*details, "cache_write_tokens");
  }
  if (const Json* details = json::find(*usage, "output_tokens_details"))
    reply.usage.reasoning_tokens = count_of(*details, "reasoning_tokens");
}

class ResponsesStream final : public StreamParser {
 public:
  ResponsesStream(const Profile& profile, std::shared_ptr<const ReplyContext> context)
      : profile_(profile), context_(std::move(context)) {}

  std::expected<bool, Fault> feed(std::string_view name, std::string_view data,
                                  const Model::OnDelta& on_delta) override {
    if (data == "[DONE]") return true;
    const Json* event = reader_.read(data);
    if (event == nullptr || !event->is_object())
      return std::unexpected(malformed(profile_, "an event of the stream is not JSON"));
    const Json* said = json::find(*event, "type");
    const std::string_view type =
        said != nullptr && said->is_string() ? json::as_view(said->get_string()) : name;
    if (type.ends_with(".delta")) {
      delta(type, *event, on_delta);
      return true;
    }
    if (type == "response.output_item.added") return added(*event);
    if (type == "response.output_item.done") {
      if (const Json* item = json::find(*event, "item"))
        items_[json::get_int(*event, "output_index", next_++)] = owned(*item);
      return true;
    }
    if (type == "error" || type == "response.failed") {
      if (const Json* response = json::find(*event, "response")) failed_ = owned(*response);
      return std::unexpected(fault_of(profile_, 0, data));
    }
    if (type == "response.completed" || type == "response.incomplete") {
      const Json* response = json::find(*event, "response");
      if (response == nullptr)
        return std::unexpected(malformed(profile_, "the last event holds no response"));
      response_ = owned(*response);
    }
    return !type.starts_with("keepalive") && type != "ping";
  }

  Parsed finish() override {
    if (response_.is_null()) return std::unexpected(cut_off(profile_));
    ModelReply reply;
    if (items_.empty()) {
      for (const Json& item : json::get_array(response_, "output")) take_item(item, reply);
    } else {
      for (const auto& [index, item] : items_) take_item(item, reply);
    }
    take_facts(response_, reply);
    settle(reply, *context_);
    return reply;
  }
  Usage usage() const override {
    ModelReply so_far;
    take_facts(response_.is_null() ? failed_ : response_, so_far);
    return so_far.usage;
  }

 private:
  bool added(const Json& event) {
    const Json* item = json::find(event, "item");
    if (item != nullptr && json::get_string(*item, "type") == "function_call") {
      const auto number = static_cast<int>(calls_.size());
      calls_.emplace(json::get_int(event, "output_index"), number);
    }
    return true;
  }

  void delta(std::string_view type, const Json& event, const Model::OnDelta& on_delta) const {
    const Json* text = json::find(event, "delta");
    if (!on_delta || text == nullptr || !text->is_string()) return;
    const std::string_view piece = json::as_view(text->get_string());
    if (type == "response.output_text.delta") {
      on_delta({ModelDelta::Kind::kText, piece, 0});
    } else if (type == "response.function_call_arguments.delta") {
      const auto call = calls_.find(json::get_int(event, "output_index"));
      on_delta({ModelDelta::Kind::kArguments, piece, call == calls_.end() ? 0 : call->second});
    } else if (type.find("reasoning") != std::string_view::npos) {
      on_delta({ModelDelta::Kind::kReasoning, piece, 0});
    }
  }

  const Profile& profile_;
  std::shared_ptr<const ReplyContext> context_;
  EventReader reader_;
  std::map<std::int64_t, Json> items_;  // by output index
  std::map<std::int64_t, int> calls_;   // which call stands at an output index
  std::int64_t next_ = 0;
  Json response_, failed_;
};

class ResponsesAdapter final : public Adapter {
 public:
  ResponsesAdapter(Profile profile, std::string model)
      : profile_(std::move(profile)), model_(std::move(model)), tools_([this](const ToolSpec& t) {
          return tool_text(profile_, t);
        }) {}

  Result<WireRequest> build_request(const ModelRequest& request) const override {
    if (auto sound = check_model_request(request, model_); !sound) return propagate(sound);
    const ModelSettings& settings = settings_of(request);
    auto context = context_of(request);
    WireRequest wire;
    wire.path = "/responses";
    wire.stream = request.stream;
    if (profile_.client_request_id && !request.key.empty())
      wire.headers.emplace_back("x-client-request-id", request.key);
    std::string& out = wire.body;
    ListWriter list(texts_, request, out);
    ObjectText body(out, settings.extra.is_object() ? &settings.extra.get_object() : nullptr);
    const std::string_view model =
        request.model.empty() ? std::string_view(model_) : request.model;
    body.text("model", model);
    if (!request.instructions.empty()) body.text("instructions", request.instructions);
    if (body.key("input")) InputItems(out).write(list, request.items);
    put_tools(body, out, request, tools_, *context);
    put_settings(body, request, settings, model);
    put_output(body, request, *context);
    if (settings.extra.is_object()) body.members(settings.extra.get_object());
    body.close();
    wire.context = std::move(context);
    return wire;
  }

  Parsed parse_reply(int status, std::string_view text,
                     const ReplyContext& context) const override {
    const auto parsed = read_good_reply(profile_, status, text);
    if (!parsed) return std::unexpected(parsed.error());
    const Json* output = json::find(*parsed, "output");
    if (output == nullptr || !output->is_array())
      return std::unexpected(malformed(profile_, "there is no output in it"));
    ModelReply reply;
    for (const Json& item : output->get_array()) take_item(item, reply);
    take_facts(*parsed, reply);
    settle(reply, context);
    return reply;
  }

  std::unique_ptr<StreamParser> start_stream(
      std::shared_ptr<const ReplyContext> context) const override {
    return std::make_unique<ResponsesStream>(profile_, std::move(context));
  }

 private:
  void put_settings(ObjectText& body, const ModelRequest& request, const ModelSettings& settings,
                    std::string_view model) const {
    if (!request.tools.empty()) {
      put_choice(body, settings.tool_choice);
      if (settings.parallel_tool_calls)
        body.boolean("parallel_tool_calls", *settings.parallel_tool_calls);
    }
    if (settings.temperature) body.raw("temperature", number(*settings.temperature));
    if (settings.top_p) body.raw("top_p", number(*settings.top_p));
    if (settings.max_output_tokens)
      body.raw("max_output_tokens", std::to_string(*settings.max_output_tokens));
    if (!settings.reasoning_effort.empty())
      body.json("reasoning", JsonObject{{"effort", settings.reasoning_effort}});
    body.boolean("store", false);
    // Other models answer this with an error.
    if (is_openai_reasoning_model(model) || !settings.reasoning_effort.empty())
      body.raw("include", R"(["reasoning.encrypted_content"])");
    if (request.stream) body.boolean("stream", true);
  }

  static void put_choice(ObjectText& body, const ToolChoice& choice) {
    switch (choice.kind) {
      case ToolChoice::Kind::kAuto: return;
      case ToolChoice::Kind::kNone: return body.text("tool_choice", "none");
      case ToolChoice::Kind::kRequired: return body.text("tool_choice", "required");
      case ToolChoice::Kind::kTool: break;
    }
    body.json("tool_choice", JsonObject{{"type", "function"}, {"name", choice.tool}});
  }

  static void put_output(ObjectText& body, const ModelRequest& request, ReplyContext& context) {
    if (request.output == nullptr) return;
    VendorSchema schema = vendor_schema(request.output->schema, SchemaDialect::kOpenAi);
    if (schema.nullable) context.nullable_output = request.output->schema;
    JsonObject format{{"type", "json_schema"},
                      {"name", request.output->name},
                      {"strict", schema.strict},
                      {"schema", std::move(schema.schema)}};
    body.json("text", JsonObject{{"format", std::move(format)}});
  }

  const Profile profile_;
  const std::string model_;
  const ToolTexts tools_;
  const ListTexts texts_;
};

}  // namespace

std::unique_ptr<Adapter> make_responses_adapter(const Profile& profile, std::string model) {
  return std::make_unique<ResponsesAdapter>(profile, std::move(model));
}

}  // namespace cadre::model
