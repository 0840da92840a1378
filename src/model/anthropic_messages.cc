// Anthropic's Messages: blocks of alternating turns; all results of a turn in one user message.
#include "model/anthropic_messages.h"

#include <algorithm>

#include "base/text.h"
#include "model/vendor_schema.h"
#include "model/wire_common.h"
#include "model/wire_list.h"

namespace cadre::model {
namespace {

constexpr std::string_view kFormat = "messages";
constexpr std::size_t kStrictToolsMax = 20;  // the vendor's limit

// Strict only without optional members: those are limited to a few over all tools of a request.
ToolText tool_text(const Profile& profile, const ToolSpec& tool) {
  VendorSchema schema;
  if (profile.strict_tools && tool.strict)
    schema = vendor_schema(tool.parameters, SchemaDialect::kAnthropic);
  const bool strict = schema.strict && !schema.optionals;
  ToolText text;
  ObjectText body(text.json);
  body.text("name", tool.name);
  if (!tool.description.empty()) body.text("description", tool.description);
  if (strict) body.boolean("strict", true);
  body.json("input_schema", strict ? schema.schema : tool.parameters);
  body.close();
  return text;
}

// Writes the items as turns, merging what one side says in a row.
class Turns {
 public:
  explicit Turns(std::string& out) : out_(out) {}

  void write(ListWriter& list, std::span<const ItemPtr> items) {
    out_.push_back('[');
    const std::size_t before = out_.size(), known = list.begin();
    first_ = out_.size() == before;
    role_ = list.turn();
    for (const ItemPtr& item : items.subspan(known))
      std::visit([this](const auto& one) { put(one); }, *item);
    list.stands(items.size(), role_);
    list.keep();
    close();
    out_.push_back(']');
  }

 private:
  void block(std::string_view role) {
    if (role != role_) {
      close();
      if (!first_) out_.push_back(',');
      first_ = false;
      // The first turn must be a user's.
      if (out_.back() == '[' && role == "assistant")
        out_ += R"({"role":"user","content":[{"type":"text","text":"Go on."}]},)";
      out_ += R"({"role":")";
      out_ += role;
      out_ += R"(","content":[)";
      role_ = role;
    } else {
      out_.push_back(',');
    }
  }

  void close() {
    if (!role_.empty()) out_ += "]}";
    role_ = {};
  }

  void put(const MessageItem& message) {
    if (text::trim(message.text).empty()) return;  // an empty block is an error there
    block(message.speaker == Speaker::kAssistant ? "assistant" : "user");
    out_ += R"({"type":"text","text":)";
    if (message.speaker == Speaker::kSystem) {
      out_ += R"("<system>\n)";
      append_escaped(out_, message.text);
      out_ += R"(\n</system>"})";
      return;
    }
    append_string(out_, message.text);
    out_.push_back('}');
  }

  // Thinking goes back exactly as it came, or not at all.
  void put(const ReasoningItem& reasoning) {
    const Json* own = vendor_part(reasoning.vendor, kFormat);
    if (own == nullptr) return;
    block("assistant");
    append_json(out_, *own);
  }

  void put(const ToolCallItem& call) {
    block("assistant");
    out_ += R"({"type":"tool_use","id":)";
    append_string(out_, call.id);
    out_ += R"(,"name":)";
    append_string(out_, call.tool);
    out_ += R"(,"input":)";
    input(call.arguments);
    if (const Json* own = vendor_part(call.vendor, kFormat); own != nullptr && own->is_object()) {
      for (const auto& [key, value] : own->get_object()) {
        out_.push_back(',');
        append_string(out_, {key.data(), key.size()});
        out_.push_back(':');
        append_json(out_, value);
      }
    }
    out_.push_back('}');
  }

  // An object is wanted; what a model wrote wrongly is shown to it under a name of its own.
  void input(std::string_view arguments) {
    if (text::trim(arguments).empty()) {
      out_ += "{}";
    } else if (const auto parsed = json::parse(arguments); parsed && parsed->is_object()) {
      out_ += arguments;
    } else {
      out_ += R"({"not_a_json_object":)";
      append_string(out_, arguments);
      out_.push_back('}');
    }
  }

  void put(const ToolResultItem& result) {
    block("user");
    out_ += R"({"type":"tool_result","tool_use_id":)";
    append_string(out_, result.call_id);
    out_ += R"(,"content":)";
    append_string(out_, result.output);
    if (!result.ok) out_ += R"(,"is_error":true)";
    out_.push_back('}');
  }

  std::string& out_;
  std::string_view role_;
  bool first_ = true;
};

void take_usage(const Json& usage, Usage& out) {
  const auto take = [&](const char* name, std::optional<std::int64_t>& to) {
    if (const auto count = count_of(usage, name)) to = count;
  };
  std::optional<std::int64_t> fresh, written, read;
  take("input_tokens", fresh);
  take("cache_creation_input_tokens", written);
  take("cache_read_input_tokens", read);
  // The vendor counts what is cached apart; a total is what everybody else means.
  if (fresh) out.input_tokens = *fresh + written.value_or(0) + read.value_or(0);
  if (read) out.cached_tokens = read;
  if (written) out.cache_write_tokens = written;
  take("output_tokens", out.output_tokens);
  if (const Json* details = json::find(usage, "output_tokens_details")) {
    if (const auto count = count_of(*details, "thinking_tokens")) out.reasoning_tokens = count;
  }
}

std::string finish_of(std::string_view reason) {
  struct Row {
    std::string_view theirs, ours;
  };
  constexpr Row kRows[] = {{"end_turn", "stop"},
                           {"stop_sequence", "stop"},
                           {"max_tokens", "length"},
                           {"model_context_window_exceeded", "length"},
                           {"tool_use", "tool_calls"},
                           {"refusal", "content_filter"}};
  for (const Row& row : kRows) {
    if (row.theirs == reason) return std::string(row.ours);
  }
  return std::string(reason);
}

void take_block(const Json& block, ModelReply& reply) {
  if (!block.is_object()) return;
  const std::string type = json::get_string(block, "type");
  if (type == "text") {
    reply.items.emplace_back(MessageItem{Speaker::kAssistant, json::get_string(block, "text"), "",
                                         false, Json()});
  } else if (type == "tool_use") {
    JsonObject own;
    for (const auto& [key, value] : block.get_object()) {
      if (key != "type" && key != "id" && key != "name" && key != "input" && !value.is_null())
        own[key] = owned(value);
    }
    reply.items.emplace_back(
        ToolCallItem{json::get_string(block, "id"), json::get_string(block, "name"),
                     arguments_of(json::find(block, "input")),
                     own.empty() ? Json() : Json(JsonObject{{kFormat, std::move(own)}})});
  } else {  // thinking, redacted_thinking, and what we do not know: back where it stood
    reply.items.emplace_back(ReasoningItem{json::get_string(block, "thinking"),
                                           JsonObject{{kFormat, owned(block)}}});
  }
}

void take_stop(const Json& from, ModelReply& reply) {
  const std::string reason = json::get_string(from, "stop_reason");
  if (reason.empty()) return;
  reply.finish = finish_of(reason);
  if (reason != "refusal") return;
  const Json* details = json::find(from, "stop_details");
  reply.refusal = details == nullptr ? "" : json::get_string(*details, "explanation");
  if (reply.refusal.empty()) reply.refusal = "the model refused to answer";
}

class MessagesStream final : public StreamParser {
 public:
  MessagesStream(const Profile& profile, std::shared_ptr<const ReplyContext> context)
      : profile_(profile), context_(std::move(context)) {}

  std::expected<bool, Fault> feed(std::string_view name, std::string_view data,
                                  const Model::OnDelta& on_delta) override {
    const Json* event = reader_.read(data);
    if (event == nullptr || !event->is_object())
      return std::unexpected(malformed(profile_, "an event of the stream is not JSON"));
    const Json* said = json::find(*event, "type");
    const std::string_view type =
        said != nullptr && said->is_string() ? json::as_view(said->get_string()) : name;
    if (type == "content_block_delta") return delta(*event, on_delta);
    if (type == "ping") return false;
    if (type == "error") return std::unexpected(fault_of(profile_, 0, data));
    if (type == "content_block_start") {
      start(*event);
    } else if (type == "message_start") {
      if (const Json* message = json::find(*event, "message")) {
        reply_.id = json::get_string(*message, "id");
        if (const Json* usage = json::find(*message, "usage")) usage_ = owned(*usage);
      }
    } else if (type == "message_delta") {
      if (const Json* changed = json::find(*event, "delta")) take_stop(*changed, reply_);
      if (const Json* usage = json::find(*event, "usage")) merge_usage(*usage);
    } else if (type == "message_stop") {
      stopped_ = true;
    }
    return true;
  }

  Parsed finish() override {
    if (!stopped_ && reply_.finish.empty()) return std::unexpected(cut_off(profile_));
    for (Open& open : blocks_) {
      JsonObject& block = open.block;
      const std::string type = json::get_string(Json(block), "type");
      if (type == "text") {
        block["text"] = open.text;
      } else if (type == "tool_use") {
        if (!open.input.empty()) block["input"] = open.input;
      } else if (type == "thinking") {
        block["thinking"] = open.text;
        if (!open.signature.empty()) block["signature"] = open.signature;
      }
      take_block(Json(std::move(block)), reply_);
    }
    take_usage(usage_, reply_.usage);
    settle(reply_, *context_);
    return std::move(reply_);
  }
  Usage usage() const override {
    Usage so_far;
    if (usage_.is_object()) take_usage(usage_, so_far);
    return so_far;
  }

 private:
  struct Open {
    std::int64_t index = 0;
    JsonObject block;
    std::string text, input, signature;
    int call = 0;
  };

  void start(const Json& event) {
    const Json* block = json::find(event, "content_block");
    if (block == nullptr || !block->is_object()) return;
    Open open;
    open.index = json::get_int(event, "index", static_cast<std::int64_t>(blocks_.size()));
    open.block = owned(*block).get_object();
    const std::string type = json::get_string(*block, "type");
    open.text = json::get_string(*block, type == "thinking" ? "thinking" : "text");
    open.signature = json::get_string(*block, "signature");
    if (type == "tool_use") open.call = calls_++;
    blocks_.push_back(std::move(open));
  }

  std::expected<bool, Fault> delta(const Json& event, const Model::OnDelta& on_delta) {
    const std::int64_t index = json::get_int(event, "index");
    const auto it = std::ranges::find(blocks_, index, &Open::index);
    const Json* change = json::find(event, "delta");
    if (it == blocks_.end() || change == nullptr || !change->is_object())
      return std::unexpected(malformed(profile_, "a delta belongs to no block"));
    for (const auto& [key, value] : change->get_object()) {
      if (!value.is_string()) continue;
      const std::string_view name(key.data(), key.size());
      const std::string_view piece = json::as_view(value.get_string());
      ModelDelta out{ModelDelta::Kind::kText, piece, 0};
      if (name == "text") {
        it->text += piece;
      } else if (name == "thinking") {
        it->text += piece;
        out.kind = ModelDelta::Kind::kReasoning;
      } else if (name == "partial_json") {
        it->input += piece;
        out.kind = ModelDelta::Kind::kArguments;
        out.index = it->call;
      } else {
        if (name == "signature") it->signature += piece;
        continue;
      }
      if (on_delta && !piece.empty()) on_delta(out);
    }
    return true;
  }

  void merge_usage(const Json& usage) {
    if (!usage.is_object()) return;
    if (!usage_.is_object()) usage_ = JsonObject{};
    for (const auto& [key, value] : usage.get_object()) {
      if (!value.is_null()) usage_.get_object()[key] = owned(value);
    }
  }

  const Profile& profile_;
  std::shared_ptr<const ReplyContext> context_;
  EventReader reader_;
  ModelReply reply_;
  std::vector<Open> blocks_;
  Json usage_;
  int calls_ = 0;
  bool stopped_ = false;
};

class MessagesAdapter final : public Adapter {
 public:
  MessagesAdapter(Profile profile, std::string model)
      : profile_(std::move(profile)), loose_(profile_), model_(std::move(model)),
        tools_([this](const ToolSpec& t) { return tool_text(profile_, t); }),
        loose_tools_([this](const ToolSpec& t) { return tool_text(loose_, t); }) {
    loose_.strict_tools = false;
  }

  Result<WireRequest> build_request(const ModelRequest& request) const override {
    if (auto sound = check_model_request(request, model_); !sound) return propagate(sound);
    const ModelSettings& settings = settings_of(request);
    auto context = context_of(request);
    WireRequest wire;
    wire.path = "/messages";
    wire.stream = request.stream;
    wire.headers.emplace_back("anthropic-version", "2023-06-01");
    std::string& out = wire.body;
    ListWriter list(texts_, request, out);
    ObjectText body(out, settings.extra.is_object() ? &settings.extra.get_object() : nullptr);
    body.text("model", request.model.empty() ? std::string_view(model_) : request.model);
    body.raw("max_tokens",
             std::to_string(settings.max_output_tokens.value_or(profile_.max_tokens_default)));
    JsonObject output;
    std::string instructions(request.instructions);
    if (request.output != nullptr) {
      VendorSchema schema = vendor_schema(request.output->schema, SchemaDialect::kAnthropic);
      if (schema.strict) {
        output["format"] = JsonObject{{"type", "json_schema"}, {"schema", schema.schema}};
      } else {
        instructions = instructions_with_schema(request);
      }
    }
    if (!instructions.empty()) body.text("system", instructions);
    if (body.key("messages")) {
      Turns(out).write(list, request.items);
      if (out.ends_with("[]"))
        return fail(ErrorCode::kInvalidInput, "the request has no message with text");
    }
    put_tools(body, out, request,
              request.tools.size() > kStrictToolsMax ? loose_tools_ : tools_, *context);
    put_settings(body, request, settings, std::move(output));
    if (settings.extra.is_object()) body.members(settings.extra.get_object());
    body.close();
    wire.context = std::move(context);
    return wire;
  }

  Parsed parse_reply(int status, std::string_view text,
                     const ReplyContext& context) const override {
    const auto parsed = read_good_reply(profile_, status, text);
    if (!parsed) return std::unexpected(parsed.error());
    const Json* content = json::find(*parsed, "content");
    if (content == nullptr || !content->is_array())
      return std::unexpected(malformed(profile_, "there is no content in it"));
    ModelReply reply;
    reply.id = json::get_string(*parsed, "id");
    for (const Json& block : content->get_array()) take_block(block, reply);
    take_stop(*parsed, reply);
    if (const Json* usage = json::find(*parsed, "usage")) take_usage(*usage, reply.usage);
    settle(reply, context);
    return reply;
  }

  std::unique_ptr<StreamParser> start_stream(
      std::shared_ptr<const ReplyContext> context) const override {
    return std::make_unique<MessagesStream>(profile_, std::move(context));
  }

 private:
  static void put_settings(ObjectText& body, const ModelRequest& request,
                           const ModelSettings& settings, JsonObject output) {
    if (!request.tools.empty()) put_choice(body, settings);
    if (settings.temperature) body.raw("temperature", number(*settings.temperature));
    if (settings.top_p) body.raw("top_p", number(*settings.top_p));
    if (!settings.reasoning_effort.empty()) {
      output["effort"] = settings.reasoning_effort;
      body.raw("thinking", R"({"type":"adaptive"})");
    }
    if (!output.empty()) body.json("output_config", output);
    // The longest prefix is kept at the vendor: a tool loop sends it again and again.
    if (!request.tools.empty()) body.raw("cache_control", R"({"type":"ephemeral"})");
    if (request.stream) body.boolean("stream", true);
  }

  static void put_choice(ObjectText& body, const ModelSettings& settings) {
    JsonObject choice;
    switch (settings.tool_choice.kind) {
      case ToolChoice::Kind::kAuto: choice["type"] = "auto"; break;
      case ToolChoice::Kind::kNone: choice["type"] = "none"; break;
      case ToolChoice::Kind::kRequired: choice["type"] = "any"; break;
      case ToolChoice::Kind::kTool:
        choice["type"] = "tool";
        choice["name"] = settings.tool_choice.tool;
        break;
    }
    const bool alone = settings.parallel_tool_calls && !*settings.parallel_tool_calls;
    if (alone && settings.tool_choice.kind != ToolChoice::Kind::kNone)
      choice["disable_parallel_tool_use"] = true;
    if (choice.size() > 1 || settings.tool_choice.kind != ToolChoice::Kind::kAuto)
      body.json("tool_choice", choice);
  }

  const Profile profile_;
  Profile loose_;
  const std::string model_;
  const ToolTexts tools_;
  const ToolTexts loose_tools_;
  const ListTexts texts_;
};

}  // namespace

std::unique_ptr<Adapter> make_messages_adapter(const Profile& profile, std::string model) {
  return std::make_unique<MessagesAdapter>(profile, std::move(model));
}

}  // namespace cadre::model
