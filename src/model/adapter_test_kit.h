// For the adapters' tests: requests in a line, streams as text, schemas.
#pragma once

#include <gtest/gtest.h>

#include "model/adapter.h"

namespace cadre::model::testing {

inline ItemPtr item(Item value) { return std::make_shared<const Item>(std::move(value)); }
inline ItemPtr user(std::string text) {
  return item(MessageItem{Speaker::kUser, std::move(text), "", false, Json()});
}
inline ItemPtr result(std::string id, std::string output, bool ok = true) {
  return item(ToolResultItem{std::move(id), std::move(output), ok});
}
inline Json parse(std::string_view text) {
  auto parsed = json::parse(text);
  EXPECT_TRUE(parsed) << text << "\n" << (parsed ? "" : parsed.error().message);
  return parsed ? *parsed : Json();
}

// An adapter and what a test needs around it.
struct Kit {
  explicit Kit(std::string_view profile, std::string name = "m")
      : adapter(make_adapter(*find_profile(profile), std::move(name))) {}

  WireRequest wire(ModelRequest request) const {
    request.items = items;
    auto built = adapter->build_request(request);
    EXPECT_TRUE(built) << (built ? "" : built.error().message);
    return built ? std::move(*built) : WireRequest{};
  }
  Json body(ModelRequest request = {}) const { return parse(wire(request).body); }
  Parsed reply(std::string_view text, int status = 200, const ReplyContext& context = {}) const {
    return adapter->parse_reply(status, text, context);
  }
  // Blocks of "event: …\ndata: …" separated by blank lines, or data alone.
  Parsed stream(const std::vector<std::string_view>& events, std::string* deltas = nullptr,
                std::shared_ptr<const ReplyContext> context = {}) const {
    if (context == nullptr) context = std::make_shared<const ReplyContext>();
    auto parser = adapter->start_stream(context);
    const Model::OnDelta show = [&](const ModelDelta& delta) {
      if (deltas == nullptr) return;
      const char kinds[] = {'t', 'r', 'a'};
      *deltas += kinds[static_cast<int>(delta.kind)];
      if (delta.kind == ModelDelta::Kind::kArguments) *deltas += std::to_string(delta.index);
      *deltas += "[" + std::string(delta.text) + "]";
    };
    for (const std::string_view event : events) {
      auto fed = parser->feed("", event, show);
      if (!fed) return std::unexpected(std::move(fed.error()));
    }
    return parser->finish();
  }
  // The reply, put into the history, with results for its calls.
  void go_on(const Parsed& parsed) {
    ASSERT_TRUE(parsed) << parsed.error().error.describe();
    for (const Item& one : parsed->items) items.push_back(item(one));
    for (const Item& one : parsed->items) {
      if (const auto* call = std::get_if<ToolCallItem>(&one))
        items.push_back(result(call->id, "r-" + call->id));
    }
  }

  std::unique_ptr<Adapter> adapter;
  std::vector<ItemPtr> items{user("hi")};
};

inline std::string kinds(const ModelReply& reply) {
  std::string out;
  for (const Item& one : reply.items) out += "mrcx"[one.index()];
  return out;
}

inline std::shared_ptr<const ToolSpec> weather_tool() {
  ToolSpec tool;
  tool.name = "get_weather";
  tool.description = "The weather.";
  tool.parameters = parse(R"({"type":"object","properties":{"city":{"type":"string","minLength":1},
    "unit":{"enum":["c","f"],"type":"string","default":"c"}},"required":["city"]})");
  return std::make_shared<const ToolSpec>(std::move(tool));
}

}  // namespace cadre::model::testing
