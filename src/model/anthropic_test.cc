// Hand-written bytes in the format that Anthropic documents for Messages.
#include "model/adapter_test_kit.h"

namespace cadre::model {
namespace {

using namespace testing;

constexpr const char* kReply = R"({"id":"msg_1","type":"message","role":"assistant","model":"claude",
 "content":[{"type":"thinking","thinking":"hm","signature":"SIG=="},
 {"type":"redacted_thinking","data":"AAAA"},{"type":"text","text":"Let me see."},
 {"type":"tool_use","id":"toolu_1","name":"f","input":{"a":1}},
 {"type":"tool_use","id":"toolu_2","name":"g","input":{}}],
 "stop_reason":"tool_use","stop_sequence":null,
 "usage":{"input_tokens":10,"cache_creation_input_tokens":5,"cache_read_input_tokens":85,
 "output_tokens":7,"output_tokens_details":{"thinking_tokens":3}}})";

TEST(Messages, ReadsEverythingAndSendsItBackInOrder) {
  Kit kit("anthropic", "claude-x");
  const Parsed reply = kit.reply(kReply);
  ASSERT_TRUE(reply);
  EXPECT_EQ(kinds(*reply), "rrmcc");
  EXPECT_EQ(reply->finish, "tool_calls");
  EXPECT_EQ(reply->usage, (Usage{100, 7, 85, 3, 1, 5}));
  kit.items.insert(kit.items.begin(), user("first"));
  kit.go_on(reply);
  kit.items.push_back(user("and now?"));
  const WireRequest wire = kit.wire({});
  ASSERT_EQ(wire.headers.size(), 1U);
  EXPECT_EQ(wire.headers[0].first, "anthropic-version");
  EXPECT_EQ(wire.path, "/messages");
  const Json body = parse(wire.body);
  EXPECT_EQ(*json::find(body, "messages"), parse(R"([
  {"role":"user","content":[{"type":"text","text":"first"},{"type":"text","text":"hi"}]},
  {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"SIG=="},
   {"type":"redacted_thinking","data":"AAAA"},{"type":"text","text":"Let me see."},
   {"type":"tool_use","id":"toolu_1","name":"f","input":{"a":1}},
   {"type":"tool_use","id":"toolu_2","name":"g","input":{}}]},
  {"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"r-toolu_1"},
   {"type":"tool_result","tool_use_id":"toolu_2","content":"r-toolu_2"},
   {"type":"text","text":"and now?"}]}])"));
  EXPECT_EQ(json::get_int(body, "max_tokens"), 16'000);
  EXPECT_EQ(json::get_string(body, "model"), "claude-x");
}

TEST(Messages, Streams) {
  Kit kit("anthropic");
  std::string deltas;
  const std::vector<std::string_view> events{
      R"({"type":"message_start","message":{"id":"msg_1","usage":{"input_tokens":10,"cache_read_input_tokens":2,"output_tokens":1}}})",
      R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}})",
      R"({"type":"ping"})",
      R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}})",
      R"({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"S=="}})",
      R"({"type":"content_block_stop","index":0})",
      R"({"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}})",
      R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"He"}})",
      R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"y"}})",
      R"({"type":"content_block_stop","index":1})",
      R"({"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t1","name":"f","input":{}}})",
      R"({"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"t2","name":"g","input":{}}})",
      R"({"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{\"b\":"}})",
      R"({"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"2}"}})"};
  auto all = events;
  all.push_back(
      R"({"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":30}})");
  all.push_back(R"({"type":"message_stop"})");
  const Parsed reply = kit.stream(all, &deltas);
  ASSERT_TRUE(reply);
  EXPECT_EQ(deltas, R"(r[hm]t[He]t[y]a1[{"b":]a1[2}])");
  EXPECT_EQ(kinds(*reply), "rmcc");
  EXPECT_EQ(std::get<ToolCallItem>(reply->items[2]).arguments, "{}");
  EXPECT_EQ(std::get<ToolCallItem>(reply->items[3]).arguments, R"({"b":2})");
  EXPECT_EQ(reply->usage.input_tokens, 12);
  EXPECT_EQ(reply->usage.output_tokens, 30);
  kit.go_on(reply);
  EXPECT_NE(kit.wire({}).body.find(R"("thinking":"hm","signature":"S==")"), std::string::npos);
  EXPECT_EQ(kit.stream(events).error().kind, FaultKind::kCutOff);
  const Parsed failed = kit.stream(
      {R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})"});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, FaultKind::kOverloaded);
  EXPECT_TRUE(failed.error().retryable);
  EXPECT_EQ(kit.stream({R"({"type":"content_block_delta","index":4,"delta":{}})"}).error().kind,
            FaultKind::kMalformed);
}

TEST(Messages, SettingsToolsAndForms) {
  Kit kit("anthropic");
  const std::vector<std::shared_ptr<const ToolSpec>> tools{weather_tool()};
  OutputSchema output{"v", parse(R"({"type":"object","properties":{"n":{"type":"integer","minimum":3}},
    "required":["n"]})")};
  ModelSettings settings;
  settings.max_output_tokens = 5;
  settings.reasoning_effort = "high";
  settings.parallel_tool_calls = false;
  ModelRequest request;
  request.instructions = "I";
  request.tools = tools;
  request.settings = &settings;
  request.output = &output;
  request.stream = true;
  const Json body = kit.body(request);
  EXPECT_EQ(json::get_int(body, "max_tokens"), 5);
  EXPECT_EQ(json::get_string(body, "system"), "I");
  EXPECT_EQ(*json::find(body, "tool_choice"),
            parse(R"({"type":"auto","disable_parallel_tool_use":true})"));
  EXPECT_EQ(*json::find(body, "output_config"), parse(R"x({"format":{"type":"json_schema","schema":
    {"type":"object","properties":{"n":{"type":"integer","description":"(minimum: 3)"}},
     "required":["n"],"additionalProperties":false}},"effort":"high"})x"));
  // An optional member: sent as it is, not strict.
  EXPECT_EQ(json::get_array(body, "tools").at(0),
            Json(JsonObject{{"name", "get_weather"},
                            {"description", "The weather."},
                            {"input_schema", tools[0]->parameters}}));
}

TEST(Messages, FormsItCannotEnforceAreAskedForInWords) {
  Kit kit("anthropic");
  OutputSchema recursive{"v", parse(R"({"type":"object","properties":{"c":{"$ref":"#/$defs/n"}},
    "required":["c"],"$defs":{"n":{"type":"object","properties":{"c":{"type":"array",
    "items":{"$ref":"#/$defs/n"}}},"required":["c"]}}})")};
  ModelRequest request;
  request.output = &recursive;
  const Json body = kit.body(request);
  EXPECT_EQ(json::find(body, "output_config"), nullptr);
  EXPECT_NE(json::get_string(body, "system").find("JSON Schema"), std::string::npos);
}

TEST(Messages, OddHistories) {
  Kit kit("anthropic");
  kit.items = {item(MessageItem{Speaker::kAssistant, "Hello", "", false, Json()}),
               item(MessageItem{Speaker::kUser, "  ", "", false, Json()}),
               item(MessageItem{Speaker::kSystem, "Rules changed", "", false, Json()}),
               item(ReasoningItem{"of another vendor", Json()}),
               item(ToolCallItem{"t1", "f", "not json", Json()}), result("t1", "\xff bad", false)};
  EXPECT_EQ(*json::find(kit.body({}), "messages"), parse("[\n"
  R"({"role":"user","content":[{"type":"text","text":"Go on."}]},
  {"role":"assistant","content":[{"type":"text","text":"Hello"}]},
  {"role":"user","content":[{"type":"text","text":"<system>\nRules changed\n</system>"}]},
  {"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"f","input":{"not_a_json_object":"not json"}}]},
  {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"� bad","is_error":true}]}])"));
  kit.items = {item(MessageItem{Speaker::kUser, "", "", false, Json()})};
  ModelRequest empty;
  empty.items = kit.items;
  EXPECT_FALSE(kit.adapter->build_request(empty));
}

TEST(Messages, StopsAndFaults) {
  Kit kit("anthropic");
  const auto finish = [&](const char* reason) {
    const Parsed reply = kit.reply(std::string(R"({"content":[{"type":"text","text":"a"}],)") +
                                   R"("stop_reason":")" + reason + "\"}");
    return reply ? reply->finish + "|" + reply->refusal : "fault";
  };
  EXPECT_EQ(finish("end_turn"), "stop|");
  EXPECT_EQ(finish("max_tokens"), "length|");
  EXPECT_EQ(finish("refusal"), "content_filter|the model refused to answer");
  EXPECT_EQ(finish("pause_turn"), "pause_turn|");
  const auto fault = [&](int status, const char* type, const char* extra = "") {
    return fault_of(*find_profile("anthropic"), status,
                    std::string(R"({"type":"error","error":{"type":")") + type + "\"" + extra +
                        R"(,"message":"m"},"request_id":"r"})");
  };
  EXPECT_EQ(fault(529, "overloaded_error").kind, FaultKind::kOverloaded);
  EXPECT_EQ(fault(429, "rate_limit_error").kind, FaultKind::kRateLimit);
  EXPECT_EQ(fault(402, "billing_error").kind, FaultKind::kQuota);
  EXPECT_EQ(fault(429, "rate_limit_error",
                  R"(,"details":{"error_code":"enforced_spend_limit_reached"})").kind,
            FaultKind::kQuota);
  EXPECT_EQ(fault(401, "authentication_error").error.code, ErrorCode::kDenied);
  for (const char* bad : {"", "{}", "[]", R"({"content":"x"})"}) EXPECT_FALSE(kit.reply(bad));
}

// Whatever a server sends, and wherever it stops, there is an answer and no harm.
TEST(Messages, EveryPrefixOfAReplyIsAnswered) {
  for (const char* name : {"anthropic", "openai", "openai-chat"}) {
    const Kit kit(name);
    const std::string_view whole = kReply;
    for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_FALSE(kit.reply(whole.substr(0, n)));
  }
}

}  // namespace
}  // namespace cadre::model
