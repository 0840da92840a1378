#include "model/wire_common.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/json_memory.h"
#include "base/text.h"
#include "model/vendor_schema.h"

namespace cadre::model {
namespace {

constexpr std::size_t kToolTextsMax = 4096;

boost::json::parse_options event_options() {
  boost::json::parse_options options;
  options.max_depth = json::kMaxDepth;
  return options;
}

bool good_tool_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '-';
  });
}

// The text again, with nulls that mean "absent" gone; unchanged when it is not JSON.
void drop_from_text(const Json& schema, std::string& text) {
  auto value = json::parse(text);
  if (!value) return;
  Json changed = *value;
  drop_absent(schema, changed);
  if (changed != *value) text = json::write(changed);
}

void settle_call(ToolCallItem& call, std::set<std::string, std::less<>>& seen, std::size_t index,
                 const ReplyContext& context) {
  const auto used = [&](const std::string& id) {
    return seen.contains(id) || context.knows_call(id);
  };
  if (call.id.empty() || used(call.id)) {
    const std::string stem = call.id.empty() ? "call" : call.id;
    call.id = fmt::format("{}_{}_{}", stem, context.position, index);
    for (int n = 2; used(call.id); ++n)
      call.id = fmt::format("{}_{}_{}_{}", stem, context.position, index, n);
  }
  seen.insert(call.id);
  if (text::trim(call.arguments).empty()) call.arguments = "{}";
  for (const auto& tool : context.nullable_tools) {
    if (tool->name == call.tool) drop_from_text(tool->parameters, call.arguments);
  }
}

}  // namespace

std::shared_ptr<const ToolText> ToolTexts::of(const std::shared_ptr<const ToolSpec>& tool) const {
  std::lock_guard lock(mutex_);
  const auto it = entries_.find(tool.get());
  if (it != entries_.end() && !it->second.tool.expired()) return it->second.text;
  if (entries_.size() >= kToolTextsMax) {
    std::erase_if(entries_, [](const auto& entry) { return entry.second.tool.expired(); });
    if (entries_.size() >= kToolTextsMax) entries_.clear();
  }
  auto text = std::make_shared<const ToolText>(make_(*tool));
  entries_[tool.get()] = {tool, text};
  return text;
}

Result<void> check_model_request(const ModelRequest& request, std::string_view model) {
  if (request.model.empty() && model.empty()) {
    return fail(ErrorCode::kInvalidInput, "the request names no model",
                "name one after the provider, as in openai:NAME");
  }
  if (request.items.empty()) {
    return fail(ErrorCode::kInvalidInput, "the request has no message");
  }
  for (const auto& tool : request.tools) {
    if (!good_tool_name(tool->name)) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("a tool cannot be named '{}'", text::shorten(tool->name, 80)),
                  "1 to 64 of a-z, A-Z, 0-9, _ and -");
    }
  }
  return {};
}

const ModelSettings& settings_of(const ModelRequest& request) {
  static const ModelSettings kDefaults;
  return request.settings == nullptr ? kDefaults : *request.settings;
}

bool ReplyContext::knows_call(std::string_view id) const {
  return history.knows_call(id) || std::ranges::any_of(calls, [&](const ItemPtr& item) {
           return std::get<ToolCallItem>(*item).id == id;
         });
}

bool is_history_of(const ModelRequest& request) {
  const auto items = request.history.items();
  return !items.empty() && items.data() == request.items.data() &&
         items.size() == request.items.size();
}

std::shared_ptr<ReplyContext> context_of(const ModelRequest& request) {
  auto context = std::make_shared<ReplyContext>();
  context->position = request.items.size();
  if (is_history_of(request)) {
    context->history = request.history;
    return context;
  }
  for (const ItemPtr& item : request.items) {
    if (std::holds_alternative<ToolCallItem>(*item)) context->calls.push_back(item);
  }
  return context;
}

void put_tools(ObjectText& body, std::string& out, const ModelRequest& request,
               const ToolTexts& texts, ReplyContext& context) {
  if (request.tools.empty() || !body.key("tools")) return;
  char separator = '[';
  for (const auto& tool : request.tools) {
    const auto text = texts.of(tool);
    out.push_back(separator);
    separator = ',';
    out += text->json;
    if (text->nullable) context.nullable_tools.push_back(tool);
  }
  out.push_back(']');
}

std::string instructions_with_schema(const ModelRequest& request) {
  std::string text(request.instructions);
  if (request.output == nullptr) return text;
  if (!text.empty()) text += "\n\n";
  text += "Answer with one JSON object and nothing else: no explanation, no code fence. It must "
          "satisfy this JSON Schema:\n";
  text += json::write(request.output->schema);
  return text;
}

std::expected<Json, Fault> read_reply(const Profile& profile, int status, std::string_view text,
                                      boost::json::storage_ptr memory) {
  if (status >= 400 || status < 200) return std::unexpected(fault_of(profile, status, text));
  auto parsed = json::parse(text, std::move(memory));
  if (!parsed) return std::unexpected(malformed(profile, parsed.error().message));
  return std::move(*parsed);
}

bool tells_error(const Json& reply) {
  const Json* error = json::find(reply, "error");
  return (error != nullptr && !error->is_null()) || reply.is_array();
}

std::expected<Json, Fault> read_good_reply(const Profile& profile, int status,
                                           std::string_view text) {
  auto reply = read_reply(profile, status, text);
  if (reply && tells_error(*reply)) return std::unexpected(fault_of(profile, 200, text));
  return reply;
}

std::string number(double value) { return json::write(Json(value)); }

const Json* vendor_part(const Json& vendor, std::string_view format) {
  return vendor.is_null() ? nullptr : json::find(vendor, format);
}

Json owned(const Json& value) { return Json(value, boost::json::storage_ptr()); }

std::string text_of(const Json& content) {
  if (content.is_string()) return std::string(json::as_view(content.get_string()));
  std::string text;
  if (!content.is_array()) return text;
  for (const Json& part : content.get_array()) {
    if (part.is_string()) text += json::as_view(part.get_string());
    if (const Json* piece = json::find(part, "text"); piece != nullptr && piece->is_string())
      text += json::as_view(piece->get_string());
  }
  return text;
}

std::string arguments_of(const Json* value) {
  if (value == nullptr || value->is_null()) return {};
  return value->is_string() ? std::string(json::as_view(value->get_string()))
                            : json::write(*value);
}

std::optional<std::int64_t> count_of(const Json& usage, std::string_view name) {
  const Json* value = json::find(usage, name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  if (value->is_int64()) return value->get_int64();
  const double count = value->to_number<double>();
  return count >= 0 && count < 9e15 ? std::optional(static_cast<std::int64_t>(count))
                                    : std::nullopt;
}

void settle(ModelReply& reply, const ReplyContext& context) {
  std::set<std::string, std::less<>> seen;
  std::size_t index = 0;
  for (Item& item : reply.items) {
    if (auto* call = std::get_if<ToolCallItem>(&item)) {
      settle_call(*call, seen, index++, context);
    } else if (auto* message = std::get_if<MessageItem>(&item);
               message != nullptr && !context.nullable_output.is_null()) {
      drop_from_text(context.nullable_output, message->text);
    }
  }
  if (index > 0 && (reply.finish.empty() || reply.finish == "stop")) reply.finish = "tool_calls";
  if (reply.finish.empty()) reply.finish = "stop";
}

EventReader::EventReader() : parser_({}, event_options()) {}

const Json* EventReader::read(std::string_view text) {
  value_.reset();  // lets go of the memory before it is used anew
  // A new one each time: release() keeps the growing size of the next block, so that a stream of
  // events larger than `memory_` would ask for twice as much with each of them.
  resource_.emplace(memory_.data(), memory_.size());
  parser_.reset(&*resource_);
  boost::system::error_code error;
  parser_.write(text.data(), text.size(), error);
  if (error) return nullptr;
  value_.emplace(parser_.release());
  return &*value_;
}

}  // namespace cadre::model
