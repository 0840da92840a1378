// Ollama's own format, on bytes as its documentation shows them.
#include "model/adapter_test_kit.h"

namespace cadre::model {
namespace {

using namespace testing;

constexpr const char* kCalls = R"({"model":"m","created_at":"2026-11-23T05:00:00Z","message":{
  "role":"assistant","content":"","thinking":"Two cities.","tool_calls":[
   {"function":{"name":"get_weather","arguments":{"city":"Paris"}}},
   {"function":{"name":"get_weather","arguments":{"city":"Rome"}}}]},
  "done":true,"done_reason":"stop","prompt_eval_count":11,"eval_count":7,"total_duration":5})";

ModelRequest with(const ModelSettings* settings, const OutputSchema* output = nullptr,
                  std::span<const std::shared_ptr<const ToolSpec>> tools = {}) {
  ModelRequest request;
  request.settings = settings;
  request.output = output;
  request.tools = tools;
  return request;
}

TEST(Ollama, WritesWhatItsServerTakes) {
  Kit kit("ollama");
  const auto tool = weather_tool();
  const std::vector<std::shared_ptr<const ToolSpec>> tools{tool};
  ModelSettings settings;
  settings.max_output_tokens = 100;
  settings.temperature = 0.5;
  settings.reasoning_effort = "low";
  settings.extra = parse(R"({"keep_alive":"5m","options":{"seed":7}})");
  ModelRequest request;
  request.instructions = "Be brief.";
  request.tools = tools;
  request.settings = &settings;
  const WireRequest wire = kit.wire(request);
  EXPECT_EQ(wire.path, "/api/chat");
  const Json body = parse(wire.body);
  EXPECT_EQ(json::write(body.at("messages")),
            R"([{"role":"system","content":"Be brief."},{"role":"user","content":"hi"}])");
  EXPECT_EQ(body.at("stream"), Json(false));  // without it, the server streams
  EXPECT_EQ(body.at("think"), Json("low"));
  EXPECT_EQ(body.at("keep_alive"), Json("5m"));
  EXPECT_EQ(body.at("options"),
            parse(R"({"num_ctx":8192,"temperature":0.5,"num_predict":100,"seed":7})"));
  EXPECT_EQ(body.at("tools").at(0).at("function").at("name"), Json("get_weather"));
  EXPECT_EQ(json::find(body, "tool_choice"), nullptr);
}

TEST(Ollama, TheContextGrowsWithTheConversation) {
  Kit kit("ollama");
  kit.items = {user(std::string(60'000, 'x'))};
  EXPECT_EQ(kit.body().at("options").at("num_ctx"), Json(32768));
  kit.items = {user(std::string(6'000'000, 'x'))};
  EXPECT_EQ(kit.body().at("options").at("num_ctx"), Json(131'072));
  ModelSettings settings;
  settings.extra = parse(R"({"options":{"num_ctx":4096}})");
  EXPECT_EQ(kit.body(with(&settings)).at("options").at("num_ctx"), Json(4096));
}

TEST(Ollama, CallsGetIdsAndGoBackWithResults) {
  Kit kit("ollama");
  const Parsed first = kit.reply(kCalls);
  ASSERT_TRUE(first) << first.error().error.describe();
  EXPECT_EQ(kinds(*first), "rcc");
  EXPECT_EQ(first->finish, "tool_calls");
  EXPECT_EQ(first->usage.input_tokens, 11);
  EXPECT_EQ(first->usage.output_tokens, 7);
  kit.go_on(first);
  const Json messages = kit.body().at("messages");
  EXPECT_EQ(json::write(messages.at(1)),
            R"({"role":"assistant","content":"","thinking":"Two cities.","tool_calls":[)"
            R"({"function":{"name":"get_weather","arguments":{"city":"Paris"}}},)"
            R"({"function":{"name":"get_weather","arguments":{"city":"Rome"}}}]})");
  EXPECT_EQ(messages.at(2).at("tool_name"), Json("get_weather"));
  EXPECT_EQ(messages.as_array().size(), 4U);
  // The same ids again would be no valid history.
  const auto wire = kit.wire({});
  const Parsed second = kit.adapter->parse_reply(200, kCalls, *wire.context);
  ASSERT_TRUE(second);
  EXPECT_NE(std::get<ToolCallItem>(second->items[1]).id,
            std::get<ToolCallItem>(first->items[1]).id);
}

TEST(Ollama, StreamsLines) {
  Kit kit("ollama");
  std::string deltas;
  const Parsed reply = kit.stream(
      {R"({"message":{"role":"assistant","content":"","thinking":"Hm."},"done":false})",
       R"({"message":{"role":"assistant","content":"hel"},"done":false})",
       R"({"message":{"role":"assistant","content":"lo"},"done":false})",
       R"({"message":{"content":"","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]},)"
       R"("done":false})",
       R"({"message":{"content":""},"done":true,"done_reason":"length","eval_count":3})"},
      &deltas);
  ASSERT_TRUE(reply) << reply.error().error.describe();
  EXPECT_EQ(deltas, R"(r[Hm.]t[hel]t[lo]a0[{"a":1}])");
  EXPECT_EQ(kinds(*reply), "rmc");
  EXPECT_EQ(reply->finish, "length");
  EXPECT_EQ(reply->usage.input_tokens, std::nullopt);
  EXPECT_EQ(reply->usage.output_tokens, 3);
}

TEST(Ollama, FaultsHaveTheirKinds) {
  Kit kit("ollama");
  const auto cut = kit.stream({R"({"message":{"content":"hel"},"done":false})"});
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().kind, FaultKind::kCutOff);
  const auto broken = kit.stream({R"({"message":)"});
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().kind, FaultKind::kMalformed);
  const auto within = kit.stream({R"({"error":"model runner has unexpectedly stopped"})"});
  ASSERT_FALSE(within);
  EXPECT_TRUE(within.error().retryable);
  const Parsed unknown =
      kit.reply(R"({"error":"model \"m\" not found, try pulling it first"})", 404);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind, FaultKind::kNotFound);
  EXPECT_NE(unknown.error().error.message.find("try pulling it first"), std::string::npos);
  const Parsed no_tools = kit.reply(R"({"error":"m does not support tools"})", 400);
  ASSERT_FALSE(no_tools);
  EXPECT_EQ(no_tools.error().kind, FaultKind::kInvalid);
}

TEST(Ollama, WhatItsServerWouldNotShowOfAToolIsSaidInWords) {
  Kit kit("ollama");
  ToolSpec deep;
  deep.name = "deliver";
  deep.description = "Hand in.";
  deep.parameters = parse(R"({"type":"object","title":"T","additionalProperties":false,
    "properties":{"data":{"type":"object","properties":{"a":{"type":"string"}}}}})");
  const std::vector<std::shared_ptr<const ToolSpec>> tools{weather_tool(),
                                                           std::make_shared<const ToolSpec>(deep)};
  const Json sent = kit.body(with(nullptr, nullptr, tools)).at("tools");
  EXPECT_EQ(sent.at(0).at("function").at("description"), Json("The weather."));
  const Json& second = sent.at(1).at("function");
  EXPECT_NE(json::get_string(second, "description").find(R"({"a":{"type":"string"}})"),
            std::string::npos);
  EXPECT_EQ(json::find(second.at("parameters"), "additionalProperties"), nullptr);
  EXPECT_NE(json::find(second.at("parameters"), "properties"), nullptr);
}

TEST(Ollama, ASchemaIsItsFormatAndWhatMustNotBeCalledIsNotOffered) {
  Kit kit("ollama");
  const OutputSchema output{"verdict", parse(R"({"type":"object","properties":{}})")};
  EXPECT_EQ(kit.body(with(nullptr, &output)).at("format"), output.schema);
  const std::vector<std::shared_ptr<const ToolSpec>> tools{weather_tool()};
  ModelSettings settings;
  settings.tool_choice.kind = ToolChoice::Kind::kNone;
  EXPECT_EQ(json::find(kit.body(with(&settings, nullptr, tools)), "tools"), nullptr);
  settings.tool_choice = {ToolChoice::Kind::kTool, "get_weather"};
  EXPECT_EQ(kit.body(with(&settings, nullptr, tools)).at("tools").as_array().size(), 1U);
}

}  // namespace
}  // namespace cadre::model
