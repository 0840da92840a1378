// Hand-written bytes in the formats that OpenAI documents for Responses and Chat Completions.
#include "model/adapter_test_kit.h"

namespace cadre::model {
namespace {

using namespace testing;

constexpr const char* kChatCalls = R"({"id":"chatcmpl-1","object":"chat.completion","created":1,
 "model":"gpt","choices":[{"index":0,"finish_reason":"tool_calls","logprobs":null,
 "message":{"role":"assistant","content":null,"refusal":null,"annotations":[],
 "tool_calls":[{"id":"call_1","type":"function","function":{"name":"get_weather",
 "arguments":"{\"city\":\"Paris\",\"unit\":null}"}},
 {"id":"call_2","type":"function","function":{"name":"other","arguments":""}}]}}],
 "usage":{"prompt_tokens":82,"completion_tokens":17,"total_tokens":99,
 "prompt_tokens_details":{"cached_tokens":64},
 "completion_tokens_details":{"reasoning_tokens":5}}})";

TEST(Chat, WritesWhatIsAsked) {
  Kit kit("openai-chat", "gpt-5-mini");
  const std::vector<std::shared_ptr<const ToolSpec>> tools{weather_tool()};
  ModelSettings settings;
  settings.max_output_tokens = 100;
  settings.parallel_tool_calls = false;
  settings.reasoning_effort = "low";
  settings.tool_choice = {ToolChoice::Kind::kTool, "get_weather"};
  settings.extra = parse(R"({"user":"u1","stream_options":{"include_usage":false}})");
  ModelRequest request;
  request.instructions = "Be \"brief\".\n";
  request.tools = tools;
  request.settings = &settings;
  request.stream = true;
  request.key = "run-1/call-2";
  const WireRequest wire = kit.wire(request);
  EXPECT_EQ(wire.path, "/chat/completions");
  ASSERT_EQ(wire.headers.size(), 1U);
  EXPECT_EQ(wire.headers[0].second, "run-1/call-2");
  EXPECT_EQ(parse(wire.body), parse(R"({"model":"gpt-5-mini",
    "messages":[{"role":"developer","content":"Be \"brief\".\n"},{"role":"user","content":"hi"}],
    "tools":[{"type":"function","function":{"name":"get_weather","description":"The weather.",
      "strict":true,"parameters":{"type":"object","properties":{"city":{"type":"string"},
      "unit":{"enum":["c","f",null],"type":["string","null"]}},
      "required":["city","unit"],"additionalProperties":false}}}],
    "tool_choice":{"type":"function","function":{"name":"get_weather"}},
    "parallel_tool_calls":false,"max_completion_tokens":100,"reasoning_effort":"low",
    "stream":true,"user":"u1","stream_options":{"include_usage":false}})"));
}

TEST(Chat, ReadsCallsUsageAndEchoesThem) {
  Kit kit("openai-chat");
  const std::vector<std::shared_ptr<const ToolSpec>> tools{weather_tool()};
  ModelRequest request;
  request.tools = tools;
  const WireRequest wire = kit.wire(request);
  const Parsed reply = kit.reply(kChatCalls, 200, *wire.context);
  ASSERT_TRUE(reply);
  EXPECT_EQ(kinds(*reply), "cc");
  const auto& call = std::get<ToolCallItem>(reply->items[0]);
  EXPECT_EQ(call.arguments, R"({"city":"Paris"})") << "null means absent, and is gone";
  EXPECT_EQ(std::get<ToolCallItem>(reply->items[1]).arguments, "{}");
  EXPECT_EQ(reply->finish, "tool_calls");
  EXPECT_EQ(reply->id, "chatcmpl-1");
  EXPECT_EQ(reply->usage, (Usage{82, 17, 64, 5, 1}));
  kit.go_on(reply);
  EXPECT_EQ(json::write(*json::find(kit.body(), "messages")), json::write(parse(R"([
    {"role":"user","content":"hi"},
    {"role":"assistant","content":null,"tool_calls":[
      {"id":"call_1","type":"function","function":{"name":"get_weather","arguments":"{\"city\":\"Paris\"}"}},
      {"id":"call_2","type":"function","function":{"name":"other","arguments":"{}"}}]},
    {"role":"tool","tool_call_id":"call_1","content":"r-call_1"},
    {"role":"tool","tool_call_id":"call_2","content":"r-call_2"}])")));
}

TEST(Chat, StreamsParallelCallsTextAndUsage) {
  Kit kit("openai-chat");
  std::string deltas;
  const Parsed reply = kit.stream(
      {R"({"id":"c9","choices":[{"index":0,"delta":{"role":"assistant","content":null},"finish_reason":null}],"obfuscation":"xx"})",
       R"({"choices":[{"index":0,"delta":{"content":"Wait"}}],"usage":null})",
       R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]}}]})",
       R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\""}}]}}]})",
       R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"b","type":"function","function":{"name":"g","arguments":"{}"}},{"index":0,"function":{"arguments":":1}"}}]}}]})",
       R"({"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]})",
       R"({"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":7}})", "[DONE]"},
      &deltas);
  ASSERT_TRUE(reply);
  EXPECT_EQ(deltas, R"(t[Wait]a0[{"x"]a1[{}]a0[:1}])");
  EXPECT_EQ(kinds(*reply), "mcc");
  EXPECT_EQ(std::get<ToolCallItem>(reply->items[1]).arguments, R"({"x":1})");
  EXPECT_EQ(std::get<ToolCallItem>(reply->items[2]).tool, "g");
  EXPECT_EQ(reply->usage.input_tokens, 11);
  EXPECT_EQ(reply->id, "c9");
}

TEST(Chat, ToleratesWhatCompatibleServersDo) {
  Kit kit("ollama-chat");
  // No index and no id; arguments as an object; finish "stop" with calls.
  Parsed reply = kit.reply(
      R"({"choices":[{"finish_reason":"stop","message":{"content":[{"type":"text","text":"a"},"b"],
      "tool_calls":[{"function":{"name":"f","arguments":{"x":1}}}]}}]})");
  ASSERT_TRUE(reply);
  EXPECT_EQ(std::get<MessageItem>(reply->items[0]).text, "ab");
  EXPECT_EQ(std::get<ToolCallItem>(reply->items[1]).arguments, R"({"x":1})");
  EXPECT_EQ(std::get<ToolCallItem>(reply->items[1]).id, "call_0_0");
  EXPECT_EQ(reply->finish, "tool_calls");
  EXPECT_EQ(reply->usage.input_tokens, std::nullopt);
  // The same id again in a later turn gets another name.
  kit.go_on(kit.reply(kChatCalls));
  reply = kit.reply(kChatCalls, 200, *kit.wire({}).context);
  ASSERT_TRUE(reply);
  EXPECT_EQ(std::get<ToolCallItem>(reply->items[0]).id, "call_1_5_0");
  // Streams: all calls at index 0, each with its own id; missing [DONE].
  reply = kit.stream(
      {R"({"choices":[{"delta":{"tool_calls":[{"index":0,"id":"p","function":{"name":"f","arguments":"{}"}}]}}]})",
       R"({"choices":[{"delta":{"tool_calls":[{"index":0,"id":"q","function":{"name":"g","arguments":"{}"}}]},"finish_reason":"stop"}]})"});
  ASSERT_TRUE(reply);
  EXPECT_EQ(kinds(*reply), "cc");
  // No tool_choice where the server has none, and no strict.
  const std::vector<std::shared_ptr<const ToolSpec>> tools{weather_tool()};
  ModelSettings settings;
  settings.tool_choice.kind = ToolChoice::Kind::kRequired;
  ModelRequest request;
  request.tools = tools;
  request.settings = &settings;
  const Json body = kit.body(request);
  EXPECT_EQ(json::find(body, "tool_choice"), nullptr);
  EXPECT_EQ(json::write(body).find("strict"), std::string::npos);
}

TEST(Chat, EchoesWhatAVendorInvented) {
  Kit gemini("gemini");
  gemini.go_on(gemini.reply(
      R"({"choices":[{"message":{"content":null,"tool_calls":[{"id":"a","type":"function",
      "extra_content":{"google":{"thought_signature":"sig"}},
      "function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}]})"));
  EXPECT_NE(gemini.wire({}).body.find(R"("extra_content":{"google":{"thought_signature":"sig"}})"),
            std::string::npos);
  Kit groq("groq");
  groq.items = gemini.items;
  EXPECT_EQ(groq.wire({}).body.find("extra_content"), std::string::npos);

  const char* reasoning = R"({"choices":[{"message":{"content":null,"reasoning_content":"hmm",
      "tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}]}}]})";
  Kit deepseek("deepseek");
  deepseek.go_on(deepseek.reply(reasoning));
  EXPECT_NE(deepseek.wire({}).body.find(R"("reasoning_content":"hmm")"), std::string::npos);
  deepseek.items.push_back(user("next"));
  EXPECT_EQ(deepseek.wire({}).body.find("reasoning_content"), std::string::npos);
}

TEST(Chat, StructuredOutputByEachServersMeans) {
  OutputSchema output{"verdict", parse(R"({"type":"object","properties":{"ok":{"type":"boolean"},
    "why":{"type":"string","maxLength":9}},"required":["ok"]})")};
  ModelRequest request;
  request.output = &output;
  Kit openai("openai-chat");
  const WireRequest wire = openai.wire(request);
  EXPECT_EQ(*json::find(parse(wire.body), "response_format"),
            parse(R"({"type":"json_schema","json_schema":{"name":"verdict","strict":true,"schema":
    {"type":"object","properties":{"ok":{"type":"boolean"},"why":{"type":["string","null"]}},
     "required":["ok","why"],"additionalProperties":false}}})"));
  const Parsed reply = openai.reply(
      R"({"choices":[{"message":{"content":"{\"ok\":true,\"why\":null}"}}]})", 200, *wire.context);
  EXPECT_EQ(std::get<MessageItem>(reply->items[0]).text, R"({"ok":true})");
  Kit deepseek("deepseek");
  const Json body = deepseek.body(request);
  EXPECT_EQ(*json::find(body, "response_format"), parse(R"({"type":"json_object"})"));
  EXPECT_NE(json::write(body).find("JSON Schema"), std::string::npos);
}

TEST(Chat, RefusalTruncationAndErrors) {
  Kit kit("openai-chat");
  Parsed reply = kit.reply(
      R"({"choices":[{"finish_reason":"stop","message":{"content":null,"refusal":"I cannot."}}]})");
  EXPECT_EQ(reply->refusal, "I cannot.");
  EXPECT_TRUE(reply->items.empty());
  reply = kit.reply(
      R"({"choices":[{"finish_reason":"length","message":{"content":"{\"a\":"}}]})");
  EXPECT_EQ(reply->finish, "length");
  const auto kind = [](const Parsed& parsed) {
    return parsed ? "fine" : to_string(parsed.error().kind);
  };
  EXPECT_STREQ(kind(kit.reply(R"({"error":{"message":"x","code":500}})")), "server");
  EXPECT_STREQ(kind(kit.reply(R"([{"error":{"code":429,"message":"x","status":"RESOURCE_EXHAUSTED"}}])")),
               "rate_limit");
  for (const char* bad : {"", "<html>", "{", "[]", "{}", R"({"choices":[]})",
                          R"({"choices":[{}]})", R"({"choices":[{"message":7}]})", "null", "\xff"}) {
    const Parsed parsed = kit.reply(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_TRUE(parsed.error().retryable) << bad;
  }
  EXPECT_STREQ(kind(kit.stream({R"({"choices":[{"delta":{"content":"a"}}]})"})), "cut_off");
  EXPECT_STREQ(kind(kit.stream({R"({"choices":[{"delta":{"conte)"})), "malformed");
  EXPECT_STREQ(kind(kit.stream({R"({"choices":[{"delta":{"content":"a"}}]})",
                                R"({"error":{"message":"x","type":"server_error"}})"})),
               "server");
}

constexpr const char* kResponse = R"({"id":"resp_1","object":"response","status":"completed",
 "error":null,"incomplete_details":null,"output":[
 {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"think"}],"encrypted_content":"gAAA"},
 {"type":"message","id":"msg_1","role":"assistant","status":"completed","phase":"commentary",
  "content":[{"type":"output_text","text":"Let me see.","annotations":[],"logprobs":[]}]},
 {"type":"web_search_call","id":"ws_1","status":"completed"},
 {"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"{\"a\":1}","status":"completed"},
 {"type":"function_call","id":"fc_2","call_id":"call_2","name":"g","arguments":"{}","status":"completed"}],
 "usage":{"input_tokens":20,"input_tokens_details":{"cached_tokens":4},"output_tokens":9,
 "output_tokens_details":{"reasoning_tokens":6},"total_tokens":29}})";

TEST(Responses, ReadsEverythingAndSendsItBackInOrder) {
  Kit kit("openai", "gpt-5");
  const Parsed reply = kit.reply(kResponse);
  ASSERT_TRUE(reply);
  EXPECT_EQ(kinds(*reply), "rmrcc");
  EXPECT_EQ(std::get<ReasoningItem>(reply->items[0]).text, "think");
  EXPECT_EQ(reply->finish, "tool_calls");
  EXPECT_EQ(reply->usage, (Usage{20, 9, 4, 6, 1}));
  kit.go_on(reply);
  const Json body = kit.body({});
  EXPECT_EQ(*json::find(body, "store"), Json(false));
  EXPECT_EQ(*json::find(body, "include"), parse(R"(["reasoning.encrypted_content"])"));
  EXPECT_EQ(*json::find(body, "input"), parse(R"([{"role":"user","content":"hi"},
 {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"think"}],"encrypted_content":"gAAA"},
 {"type":"message","role":"assistant","content":[{"type":"output_text","text":"Let me see.","annotations":[],"logprobs":[]}],
  "id":"msg_1","status":"completed","phase":"commentary"},
 {"type":"web_search_call","id":"ws_1","status":"completed"},
 {"type":"function_call","call_id":"call_1","name":"f","arguments":"{\"a\":1}","id":"fc_1","status":"completed"},
 {"type":"function_call","call_id":"call_2","name":"g","arguments":"{}","id":"fc_2","status":"completed"},
 {"type":"function_call_output","call_id":"call_1","output":"r-call_1"},
 {"type":"function_call_output","call_id":"call_2","output":"r-call_2"}])"));
  // Another vendor gets the same conversation without this one's fields.
  Kit other("openai-chat");
  other.items = kit.items;
  const std::string text = other.wire({}).body;
  for (const char* own : {"gAAA", "rs_1", "msg_1", "fc_1"})
    EXPECT_EQ(text.find(own), std::string::npos) << own;
}

TEST(Responses, Streams) {
  Kit kit("openai");
  std::string deltas;
  const std::vector<std::string_view> events{
      R"({"type":"response.created","sequence_number":0,"response":{"id":"resp_1"}})",
      R"({"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","id":"rs"}})",
      R"({"type":"response.reasoning_summary_text.delta","output_index":0,"delta":"hm"})",
      R"({"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","id":"rs","summary":[{"type":"summary_text","text":"hm"}]}})",
      R"({"type":"response.output_item.added","output_index":1,"item":{"type":"message","id":"m"}})",
      R"({"type":"response.output_text.delta","output_index":1,"content_index":0,"delta":"He"})",
      R"({"type":"response.output_text.delta","output_index":1,"content_index":0,"delta":"y"})",
      R"({"type":"response.output_text.done","output_index":1,"text":"Hey"})",
      R"({"type":"response.output_item.done","output_index":1,"item":{"type":"message","id":"m","role":"assistant","content":[{"type":"output_text","text":"Hey"}]}})",
      R"({"type":"response.output_item.added","output_index":2,"item":{"type":"function_call","call_id":"c","name":"f"}})",
      R"({"type":"response.output_item.added","output_index":3,"item":{"type":"function_call","call_id":"d","name":"g"}})",
      R"({"type":"response.function_call_arguments.delta","output_index":3,"delta":"{}"})",
      R"({"type":"response.output_item.done","output_index":3,"item":{"type":"function_call","call_id":"d","name":"g","arguments":"{}"}})",
      R"({"type":"response.output_item.done","output_index":2,"item":{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}})"};
  auto all = events;
  all.push_back(
      R"({"type":"response.completed","response":{"id":"resp_1","status":"completed","output":[],"usage":{"input_tokens":1,"output_tokens":2}}})");
  const Parsed reply = kit.stream(all, &deltas);
  ASSERT_TRUE(reply);
  EXPECT_EQ(deltas, "r[hm]t[He]t[y]a1[{}]");
  EXPECT_EQ(kinds(*reply), "rmcc");
  EXPECT_EQ(std::get<ToolCallItem>(reply->items[2]).id, "c");
  EXPECT_EQ(reply->usage.output_tokens, 2);
  const Parsed cut = kit.stream(events);
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().kind, FaultKind::kCutOff);
  for (const char* end :
       {R"({"type":"error","code":"rate_limit_exceeded","message":"m","param":null})",
        R"({"type":"response.failed","response":{"error":{"code":"rate_limit_exceeded","message":"m"}}})"}) {
    const Parsed failed = kit.stream({end});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind, FaultKind::kRateLimit) << end;
  }
  const Parsed cutoff = kit.stream({
      R"({"type":"response.incomplete","response":{"id":"r","status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[]}})"});
  ASSERT_TRUE(cutoff);
  EXPECT_EQ(cutoff->finish, "length");
}

TEST(Responses, RefusalSettingsAndErrors) {
  Kit kit("openai", "gpt-4o");
  const Parsed refused = kit.reply(R"({"id":"r","status":"completed","output":[{"type":"message",
    "role":"assistant","content":[{"type":"refusal","refusal":"No."}]}]})");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->refusal, "No.");
  OutputSchema output{"v", parse(R"({"type":"object","properties":{"m":{"type":"object",
    "additionalProperties":{"type":"string"}}},"required":["m"]})")};
  ModelSettings settings;
  settings.temperature = 0.5;
  settings.max_output_tokens = 9;
  settings.tool_choice.kind = ToolChoice::Kind::kNone;
  const std::vector<std::shared_ptr<const ToolSpec>> tools{weather_tool()};
  ModelRequest request;
  request.instructions = "I";
  request.output = &output;
  request.settings = &settings;
  request.tools = tools;
  const Json body = kit.body(request);
  EXPECT_EQ(json::find(body, "include"), nullptr) << "an error for models that do not reason";
  EXPECT_EQ(json::get_string(body, "instructions"), "I");
  EXPECT_EQ(json::get_string(body, "tool_choice"), "none");
  const Json& format = *json::find(*json::find(body, "text"), "format");
  EXPECT_EQ(*json::find(format, "strict"), Json(false)) << "an open map cannot be enforced";
  EXPECT_EQ(*json::find(format, "schema"), output.schema);
  for (const char* bad : {"", "{}", "[1]", R"({"output":3})"})
    EXPECT_FALSE(kit.reply(bad)) << bad;
}

TEST(OpenAi, FaultsByStatusAndWords) {
  struct Case {
    int status;
    const char* body;
    FaultKind kind;
    bool retryable;
  };
  const Case cases[] = {
      {401, R"({"error":{"message":"Incorrect API key","code":"invalid_api_key"}})", FaultKind::kAuth, false},
      {429, R"({"error":{"message":"Rate limit","code":"rate_limit_exceeded"}})", FaultKind::kRateLimit, true},
      {429, R"({"error":{"message":"q","type":"insufficient_quota"}})", FaultKind::kQuota, false},
      {400, R"({"error":{"message":"This model's maximum context length is 128 tokens"}})", FaultKind::kContextLength, false},
      {400, R"({"error":{"message":"bad","code":"content_policy_violation"}})", FaultKind::kRefused, false},
      {400, R"({"error":{"message":"bad param"}})", FaultKind::kInvalid, false},
      {404, R"({"error":"model 'x' not found"})", FaultKind::kNotFound, false},
      {408, "", FaultKind::kTimeout, true},
      {409, "{}", FaultKind::kServer, true},
      {413, "", FaultKind::kContextLength, false},
      {422, R"({"detail":"no"})", FaultKind::kInvalid, false},
      {500, "<html>oops</html>", FaultKind::kServer, true},
      {503, R"({"error":{"code":503,"message":"Loading model","type":"unavailable_error"}})", FaultKind::kOverloaded, true},
      {302, "", FaultKind::kInvalid, false},
      {500, "\xff\xfe", FaultKind::kServer, true}};
  for (const Case& c : cases) {
    const Fault fault = fault_of(*find_profile("openai"), c.status, c.body);
    EXPECT_EQ(fault.kind, c.kind) << c.status << " " << c.body << " " << to_string(fault.kind);
    EXPECT_EQ(fault.retryable, c.retryable) << c.status << " " << c.body;
    EXPECT_TRUE(fault.error.message.starts_with("OpenAI ")) << fault.error.message;
    EXPECT_LT(fault.error.message.size(), 600U);
  }
}

TEST(OpenAi, BadRequestsAreSaidBeforeTheyAreSent) {
  const Kit kit("openai-chat", "");
  ModelRequest request;
  request.items = kit.items;
  EXPECT_FALSE(kit.adapter->build_request(request)) << "no model";
  request.model = "m";
  EXPECT_TRUE(kit.adapter->build_request(request));
  ToolSpec bad;
  bad.name = "not a name";
  const std::vector<std::shared_ptr<const ToolSpec>> tools{std::make_shared<const ToolSpec>(bad)};
  request.tools = tools;
  EXPECT_FALSE(kit.adapter->build_request(request));
  request.tools = {};
  request.items = {};
  EXPECT_FALSE(kit.adapter->build_request(request));
}

}  // namespace
}  // namespace cadre::model
