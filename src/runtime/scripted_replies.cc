#include "runtime/scripted_replies.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <thread>
#include <utility>
#include <vector>

#include "cadre/testing.h"
#include "core/approval_policy.h"

namespace cadre {
namespace {

constexpr std::array<std::string_view, 8> kMembers{"at",      "calls",  "text",     "error",
                                                   "refusal", "tokens", "delay_ms", "note"};

struct Entry {
  std::string at;
  ModelReply reply;
  std::string error;
  std::chrono::milliseconds delay{0};
};

std::unexpected<Error> wrong(std::size_t index, std::string_view what) {
  return fail(ErrorCode::kInvalidInput, fmt::format("reply {} of the script: {}", index + 1, what),
              "docs/human-in-the-loop.md shows the form");
}

Result<Entry> read_entry(const Json& json, std::size_t index) {
  Entry entry;
  if (!json.is_object()) return wrong(index, "it is not an object");
  for (const auto& member : json.get_object()) {
    const std::string_view key(member.key().data(), member.key().size());
    if (std::ranges::find(kMembers, key) == kMembers.end()) {
      return wrong(index, fmt::format("there is no \"{}\"", key));
    }
  }
  entry.at = json::get_string(json, "at");
  if (entry.at.empty()) return wrong(index, "it has no \"at\"");
  entry.error = json::get_string(json, "error");
  entry.reply.refusal = json::get_string(json, "refusal");
  entry.reply.finish = "stop";
  entry.delay = std::chrono::milliseconds(json::get_int(json, "delay_ms"));
  if (const std::string said = json::get_string(json, "text"); !said.empty()) {
    entry.reply.items = testing::says(said).items;
  }
  for (const Json& call : json::get_array(json, "calls")) {
    ToolCallItem item;
    item.id = json::get_string(call, "id");
    item.tool = json::get_string(call, "tool");
    if (item.tool.empty()) return wrong(index, "a call names no \"tool\"");
    const Json* arguments = json::find(call, "arguments");
    item.arguments = arguments == nullptr     ? "{}"
                     : arguments->is_string() ? json::get_string(call, "arguments")
                                              : json::write(*arguments);
    entry.reply.items.emplace_back(std::move(item));
    entry.reply.finish = "tool_calls";
  }
  if (const Json* tokens = json::find(json, "tokens")) {
    entry.reply.usage = usage_from_json(*tokens);
  }
  return entry;
}

}  // namespace

Result<std::shared_ptr<Model>> scripted_model(const Json& script) {
  const Json* list = json::find(script, "replies");
  if (list == nullptr || !list->is_array()) {
    return fail(ErrorCode::kInvalidInput, "a script of replies is {\"replies\": [...]}");
  }
  auto entries = std::make_shared<std::vector<Entry>>();
  for (std::size_t i = 0; i < list->get_array().size(); ++i) {
    auto entry = read_entry(list->get_array()[i], i);
    if (!entry) return propagate(entry);
    entries->push_back(std::move(*entry));
  }
  auto model = std::make_shared<testing::ScriptedModel>(
      [entries](const testing::SeenRequest& request) -> Result<ModelReply> {
        // "run/stage#round/task/turn:N": the run's id is none of the script's business.
        const std::string place = request.key.substr(request.key.find('/') + 1);
        const auto at = std::ranges::find_if(
            *entries, [&](const Entry& entry) { return matches_pattern(entry.at, place); });
        if (at == entries->end()) {
          return fail(ErrorCode::kNotFound, fmt::format("the script has no reply for {}", place));
        }
        if (at->delay.count() > 0) std::this_thread::sleep_for(at->delay);
        if (!at->error.empty()) return fail(ErrorCode::kUnavailable, at->error);
        return at->reply;
      });
  model->keep_requests(false);
  return model;
}

Result<std::shared_ptr<Model>> scripted_model_from(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no script {}", file.string()));
  }
  const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  auto script = json::parse(bytes);
  if (!script) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} is not valid JSON: {}", file.string(), script.error().message));
  }
  return scripted_model(*script);
}

}  // namespace cadre
