#include "policy/owned_request.h"

#include "model/wire_common.h"

namespace cadre::policy {
namespace {

constexpr std::size_t kBytesPerToken = 3;
constexpr std::size_t kItemBytes = 30;  // roles, marks, names

std::size_t bytes_of(const Item& item) {
  if (const auto* message = std::get_if<MessageItem>(&item)) return message->text.size();
  if (const auto* reasoning = std::get_if<ReasoningItem>(&item)) return reasoning->text.size();
  if (const auto* call = std::get_if<ToolCallItem>(&item))
    return call->tool.size() + call->arguments.size();
  return std::get<ToolResultItem>(item).output.size();
}

}  // namespace

OwnedRequest::OwnedRequest(const ModelRequest& request)
    : model(request.model),
      instructions(request.instructions),
      key(request.key),
      tools(request.tools.begin(), request.tools.end()),
      stream(request.stream) {
  if (model::is_history_of(request)) {
    history_ = request.history;
  } else {
    items_.assign(request.items.begin(), request.items.end());
  }
  if (request.settings != nullptr) settings = *request.settings;
  if (request.output != nullptr) output = *request.output;
}

ModelRequest OwnedRequest::view() const {
  ModelRequest request;
  request.model = model;
  request.instructions = instructions;
  request.history = history_;
  request.items = items_.empty() ? history_.items() : items_;
  request.tools = tools;
  request.settings = settings ? &*settings : nullptr;
  request.output = output ? &*output : nullptr;
  request.stream = stream;
  request.key = key;
  return request;
}

void OwnedRequest::say(MessageItem message) {
  auto item = std::make_shared<const Item>(std::move(message));
  if (items_.empty() && history_.add_item(item)) return;
  if (items_.empty()) items_.assign(history_.items().begin(), history_.items().end());
  history_ = {};
  items_.push_back(std::move(item));
}

std::int64_t rough_input_tokens(const ModelRequest& request) {
  std::size_t bytes = request.instructions.size();
  for (const ItemPtr& item : request.items) bytes += bytes_of(*item) + kItemBytes;
  for (const auto& tool : request.tools) {
    bytes += tool->name.size() + tool->description.size() + json::write(tool->parameters).size() +
             kItemBytes;
  }
  if (request.output != nullptr) bytes += json::write(request.output->schema).size();
  return static_cast<std::int64_t>(bytes / kBytesPerToken) + 1;
}

}  // namespace cadre::policy
