#include "policy/request_json.h"

#include "base/hash.h"

namespace cadre::policy {
namespace {

const char* const kChoices[] = {"auto", "none", "required", "tool"};

Json settings_json(const ModelSettings& settings) {
  JsonObject out;
  if (settings.temperature) out["temperature"] = *settings.temperature;
  if (settings.top_p) out["top_p"] = *settings.top_p;
  if (settings.max_output_tokens) out["max_output_tokens"] = *settings.max_output_tokens;
  if (settings.parallel_tool_calls) out["parallel_tool_calls"] = *settings.parallel_tool_calls;
  if (!settings.reasoning_effort.empty()) out["reasoning_effort"] = settings.reasoning_effort;
  if (settings.tool_choice.kind != ToolChoice::Kind::kAuto) {
    out["tool_choice"] = kChoices[static_cast<int>(settings.tool_choice.kind)];
    if (!settings.tool_choice.tool.empty()) out["tool"] = settings.tool_choice.tool;
  }
  if (settings.extra.is_object() && !settings.extra.get_object().empty())
    out["extra"] = settings.extra;
  return out;
}

}  // namespace

Json request_json(const ModelRequest& request) {
  JsonObject out;
  out["model"] = request.model;
  out["instructions"] = request.instructions;
  JsonArray items;
  items.reserve(request.items.size());
  for (const ItemPtr& item : request.items) items.push_back(to_json(*item));
  out["items"] = std::move(items);
  JsonArray tools;
  for (const auto& tool : request.tools) {
    tools.push_back(JsonObject{{"name", tool->name},
                               {"description", tool->description},
                               {"parameters", tool->parameters},
                               {"strict", tool->strict}});
  }
  out["tools"] = std::move(tools);
  if (request.settings != nullptr) out["settings"] = settings_json(*request.settings);
  if (request.output != nullptr) {
    out["output"] = JsonObject{{"name", request.output->name}, {"schema", request.output->schema}};
  }
  return out;
}

std::string fingerprint(const Json& request) { return sha256_hex(json::write(request)); }

Json reply_json(const ModelReply& reply) {
  JsonArray items;
  for (const Item& item : reply.items) items.push_back(to_json(item));
  JsonObject out{{"items", std::move(items)},
                 {"finish", reply.finish},
                 {"id", reply.id},
                 {"usage", to_json(reply.usage)}};
  if (!reply.refusal.empty()) out["refusal"] = reply.refusal;
  if (!reply.notes.empty()) out["notes"] = json::to_array(reply.notes);
  return out;
}

Result<ModelReply> reply_from_json(const Json& json) {
  const Json* items = json::find(json, "items");
  if (items == nullptr || !items->is_array())
    return fail(ErrorCode::kCorrupt, "a kept reply has no items");
  ModelReply reply;
  for (const Json& entry : items->get_array()) {
    auto item = item_from_json(entry);
    if (!item) return propagate(item);
    reply.items.push_back(std::move(*item));
  }
  reply.finish = json::get_string(json, "finish");
  reply.id = json::get_string(json, "id");
  reply.refusal = json::get_string(json, "refusal");
  reply.notes = json::get_strings(json, "notes");
  if (const Json* usage = json::find(json, "usage")) reply.usage = usage_from_json(*usage);
  return reply;
}

}  // namespace cadre::policy
