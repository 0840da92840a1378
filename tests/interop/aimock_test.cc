// Our models against a mock server that other people wrote. Run by aimock_test.sh, which starts it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <future>

#include "net/http_model.h"

namespace cadre::net {
namespace {

using namespace std::chrono_literals;

std::string base_url;

std::shared_ptr<const ToolSpec> tool(const char* name, const char* parameters) {
  ToolSpec spec;
  spec.name = name;
  spec.description = "A tool of the test.";
  spec.parameters = *json::parse(parameters);
  return std::make_shared<const ToolSpec>(std::move(spec));
}

struct Outcome {
  Result<ModelReply> reply = fail(ErrorCode::kInternal, "never ended");
  std::string text, reasoning, arguments;  // of deltas
};

struct Way {
  const char* profile;
  bool stream;
};

class Aimock : public ::testing::TestWithParam<Way> {
 protected:
  Outcome ask(const History& history, const OutputSchema* output = nullptr) {
    HttpModelOptions options;
    options.retry.first_wait = 1ms;
    options.retry.attempts_max = attempts_;
    options.traffic = traffic_;
    const auto model = *make_model(
        fmt::format("{}+{}/v1#some-model", GetParam().profile, base_url), client_,
        [](const model::Profile&) { return Secret("sk-test"); }, options);
    ModelRequest request;
    request.instructions = "You are a test.";
    request.items = history.items();
    if (output == nullptr) request.tools = tools_;
    request.output = output;
    request.stream = GetParam().stream;
    settings_.max_output_tokens = 500;
    request.settings = &settings_;
    std::promise<Outcome> promise;
    Outcome outcome;
    const auto show = [&](const ModelDelta& delta) {
      if (delta.kind == ModelDelta::Kind::kText) outcome.text += delta.text;
      if (delta.kind == ModelDelta::Kind::kReasoning) outcome.reasoning += delta.text;
      if (delta.kind == ModelDelta::Kind::kArguments) outcome.arguments += delta.text;
    };
    model->start(request, {}, show, [&](Result<ModelReply> reply) {
      outcome.reply = std::move(reply);
      promise.set_value(std::move(outcome));
    });
    return promise.get_future().get();
  }
  Outcome say(std::string text, const OutputSchema* output = nullptr) {
    History history;
    EXPECT_TRUE(history.add_message({Speaker::kUser, std::move(text), "", false, Json()}));
    return ask(history, output);
  }
  static std::string text_of(const Outcome& outcome) {
    if (!outcome.reply) return "error: " + outcome.reply.error().describe();
    std::string text;
    for (const Item& item : outcome.reply->items) {
      if (const auto* message = std::get_if<MessageItem>(&item)) text += message->text;
    }
    return text;
  }

  static bool is(const char* profile) { return std::string_view(GetParam().profile) == profile; }
  // What the server does to a share of all requests from now on.
  void set_chaos(const std::string& json) {
    HttpRequest request;
    request.url = base_url + "/__aimock/chaos";
    request.headers = {{"content-type", "application/json"}};
    request.body = std::make_shared<const std::string>(json);
    std::promise<int> promise;
    client_->start(std::move(request), {.on_headers = {}, .on_data = {},
                                        .on_done = [&](Result<HttpStatus> end) {
                                          promise.set_value(end ? end->code : 0);
                                        }});
    EXPECT_EQ(promise.get_future().get() / 100, 2);
  }

  std::shared_ptr<HttpClient> client_ = std::move(*HttpClient::make());
  std::shared_ptr<Traffic> traffic_ = std::make_shared<Traffic>();
  int attempts_ = 3;
  ModelSettings settings_;
  std::vector<std::shared_ptr<const ToolSpec>> tools_{
      tool("get_weather", R"({"type":"object","properties":{"city":{"type":"string"},
        "unit":{"type":"string","enum":["c","f"]}},"required":["city"]})"),
      tool("get_time", R"({"type":"object","properties":{"tz":{"type":"string"}},
        "required":["tz"],"additionalProperties":false})")};
};

TEST_P(Aimock, TextAndDeltas) {
  const Outcome outcome = say("hello");
  EXPECT_EQ(text_of(outcome), "hello from the mock");
  EXPECT_EQ(outcome.text, GetParam().stream ? "hello from the mock" : "");
  EXPECT_EQ(outcome.reply->finish, "stop");
}

TEST_P(Aimock, ParallelToolsAndTheirResults) {
  for (const bool parallel : {true, false}) {
    settings_.parallel_tool_calls = parallel;
    History history;
    ASSERT_TRUE(history.add_message({Speaker::kUser, "weather in paris?", "", false, Json()}));
    Outcome first = ask(history);
    ASSERT_TRUE(first.reply) << first.reply.error().describe();
    std::vector<ToolCallItem> calls;
    for (const Item& item : first.reply->items) {
      if (const auto* call = std::get_if<ToolCallItem>(&item)) calls.push_back(*call);
    }
    ASSERT_EQ(calls.size(), 2U);
    EXPECT_EQ(calls[0].tool, "get_weather");
    EXPECT_EQ(*json::parse(calls[0].arguments), Json(JsonObject{{"city", "Paris"}}));
    if (!is("ollama")) {  // which knows no ids
      EXPECT_EQ(calls[1].id, "call_2");
    }
    EXPECT_EQ(first.reply->finish, "tool_calls");
    EXPECT_EQ(first.arguments.empty(), !GetParam().stream);
    ASSERT_TRUE(history.add_reply(std::move(first.reply->items)));
    ASSERT_TRUE(history.add_result({calls[1].id, "noon", true}));
    ASSERT_TRUE(history.add_result({calls[0].id, "no data: \"sensor\" broken", false}));
    EXPECT_EQ(text_of(ask(history)), "It is 18C in Paris.");
  }
}

TEST_P(Aimock, ReasoningGoesBack) {
  Outcome first = say("think");
  ASSERT_TRUE(first.reply) << first.reply.error().describe();
  EXPECT_EQ(text_of(first), "42");
  const auto* reasoning = std::get_if<ReasoningItem>(&first.reply->items.front());
  ASSERT_NE(reasoning, nullptr);
  EXPECT_EQ(reasoning->text, "Six by nine.");
  EXPECT_EQ(first.reasoning, GetParam().stream ? "Six by nine." : "");
  History history;
  ASSERT_TRUE(history.add_message({Speaker::kUser, "think", "", false, Json()}));
  ASSERT_TRUE(history.add_reply(std::move(first.reply->items)));
  ASSERT_TRUE(history.add_message({Speaker::kUser, "hello again", "", false, Json()}));
  EXPECT_EQ(text_of(ask(history)), "hello from the mock");
}

TEST_P(Aimock, StructuredOutput) {
  const OutputSchema output{"verdict", *json::parse(R"({"type":"object","properties":{
    "answer":{"type":"string"},"note":{"type":"string"}},"required":["answer"]})")};
  const Outcome outcome = say("form please", &output);
  const bool nulls = !is("anthropic") && !is("ollama");
  EXPECT_EQ(text_of(outcome), nulls ? R"({"answer":"42"})" : R"({"answer":"42","note":null})");
}

TEST_P(Aimock, LimitsPassOverloadDoesNot) {
  // The counter of the fixture is the server's: the first of these calls meets the limit.
  const Outcome limited = say("limit me");
  EXPECT_EQ(text_of(limited), "recovered");
  if (GetParam().profile == std::string_view("openai-chat") && !GetParam().stream) {
    EXPECT_EQ(limited.reply->usage.requests, 2);
  }
  const Outcome overloaded = say("overload me");
  ASSERT_FALSE(overloaded.reply);
  EXPECT_EQ(overloaded.reply.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(overloaded.reply.error().message.find("tried 3 times"), std::string::npos);
  const Outcome denied = say("wrong key");
  ASSERT_FALSE(denied.reply);
  EXPECT_EQ(denied.reply.error().code, ErrorCode::kDenied);
  EXPECT_EQ(denied.reply.error().describe().find("sk-test"), std::string::npos);
}

TEST_P(Aimock, CutGarbledAndHungUpRepliesAreErrors) {
  const Outcome garbled = say("garble me");
  ASSERT_FALSE(garbled.reply);
  EXPECT_EQ(garbled.reply.error().code, ErrorCode::kCorrupt) << garbled.reply.error().describe();
  const Outcome dropped = say("hang up");
  ASSERT_FALSE(dropped.reply);
  EXPECT_EQ(dropped.reply.error().code, ErrorCode::kUnavailable);
  if (!GetParam().stream) return;
  const Outcome cut = say("cut me");
  ASSERT_FALSE(cut.reply);
  EXPECT_EQ(cut.reply.error().code, ErrorCode::kUnavailable);
}

// A fifth of all requests is dropped, garbled or cut off: every call gets its answer. (Its 429 asks
// for half a minute of silence, which is kept; LimitsPassOverloadDoesNot has one that asks for less.)
TEST_P(Aimock, AFifthOfAllRequestsFailsAndEveryCallIsAnswered) {
  attempts_ = 12;
  set_chaos(R"({"dropRate":0.07,"malformedRate":0.07,"disconnectRate":0.07})");
  int requests = 0, answered = 0;
  constexpr int kCalls = 60;
  for (int i = 0; i < kCalls; ++i) {
    const Outcome outcome = say("hello");
    answered += text_of(outcome) == "hello from the mock";
    if (outcome.reply) requests += outcome.reply->usage.requests;
  }
  set_chaos(R"({"dropRate":0,"malformedRate":0,"disconnectRate":0})");
  EXPECT_EQ(answered, kCalls);
  EXPECT_GT(requests, kCalls);
  fmt::print("{} calls, {} requests\n", kCalls, requests);
}

INSTANTIATE_TEST_SUITE_P(Ways, Aimock,
                         ::testing::Values(Way{"openai-chat", false}, Way{"openai-chat", true},
                                           Way{"openai", false}, Way{"openai", true},
                                           Way{"anthropic", false}, Way{"anthropic", true},
                                           Way{"ollama", false}, Way{"ollama", true}),
                         [](const auto& way) {
                           std::string name = way.param.profile;
                           std::erase(name, '-');
                           return name + (way.param.stream ? "Stream" : "Whole");
                         });

}  // namespace
}  // namespace cadre::net

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (argc != 2) {
    fmt::print(stderr, "usage: {} URL\n", argv[0]);
    return 2;
  }
  cadre::net::base_url = argv[1];
  return RUN_ALL_TESTS();
}
