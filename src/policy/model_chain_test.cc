#include "policy/model_chain.h"

#include "net/http_test_server.h"
#include "policy/policy_test_kit.h"

namespace cadre::policy {
namespace {

using namespace testing;
using net::testing::TestServer;

constexpr const char* kText =
    R"({"choices":[{"finish_reason":"stop","message":{"content":"hello"}}],
        "usage":{"prompt_tokens":1000,"completion_tokens":500}})";

ChainOptions options() {
  ChainOptions made;
  made.client = []() -> Result<std::shared_ptr<net::HttpClient>> {
    auto client = net::HttpClient::make();
    if (!client) return propagate(client);
    return std::shared_ptr<net::HttpClient>(std::move(*client));
  };
  made.keys = [](const model::Profile&) { return net::Secret("sk-test-key"); };
  made.http.retry = {.attempts_max = 1};
  return made;
}

TEST(ModelChain, Specifications) {
  EXPECT_EQ(split_chain(" a:1 , b:2,, "), (std::vector<std::string>{"a:1", "b:2"}));
  EXPECT_TRUE(split_chain(" , ").empty());
  for (const char* yes :
       {"openai:gpt-5", "a,b", "claude-code", "claude-code:opus", "anthropic+http://h/v1#m"}) {
    EXPECT_TRUE(is_specification(yes)) << yes;
  }
  for (const char* no : {"", "gpt-5", "qwen3:8b", "meta/llama"}) {
    EXPECT_FALSE(is_specification(no)) << no;
  }
}

TEST(ModelChain, AServerThatFailsIsFollowedByTheNext) {
  TestServer down([](const std::string&, const auto& to) { return to.reply(503, "{}"); });
  TestServer up([](const std::string&, const auto& to) { return to.reply(200, kText); });
  TempDir dir;
  ChainOptions with = options();
  with.record = dir.path / "run.jsonl";
  with.prices = std::make_shared<const PriceTable>(*PriceTable::from_json(
      *json::parse(fmt::format(R"({{"prices":[{{"provider":"{}","model":"m","input":1,"output":2,
                   "date":"2026-11-23","source":"test"}}]}})",
                               up.url("")))));
  with.spending = std::make_shared<Spending>(SpendingLimits{.budget = {.tokens = 100'000}});
  {
    const auto model = *open_model(down.url("/v1#m") + "," + up.url("/v1#m"), with);
    const Outcome outcome = ask(*model);
    EXPECT_EQ(text_of(outcome), "hello");
    EXPECT_EQ(outcome.reply->usage.answered_by, up.url("/v1#m"));
    EXPECT_DOUBLE_EQ(*outcome.reply->usage.cost_usd, 0.002);
    EXPECT_EQ(outcome.reply->notes.size(), 1U);
    EXPECT_EQ(with.spending->used().tokens, 1500);
  }
  // And all of it again, with no server.
  const auto again = *open_model("replay:" + with.record.string(), options());
  EXPECT_EQ(text_of(ask(*again)), "hello");
}

// What the first one took before it broke is in the budget and in the reply, at its own price.
TEST(ModelChain, WhatTheFailedOneTookIsCounted) {
  TestServer broken([](const std::string&, const auto& to) {
    return to.reply(200, R"({"usage":{"prompt_tokens":300,"completion_tokens":100}})");
  });
  TestServer silent([](const std::string&, const auto& to) { return to.reply(200, "{}"); });
  TestServer up([](const std::string&, const auto& to) { return to.reply(200, kText); });
  for (const bool limited : {true, false}) {
    ChainOptions with = options();
    with.prices = std::make_shared<const PriceTable>(*PriceTable::from_json(*json::parse(
        fmt::format(R"({{"prices":[{{"provider":"{}","model":"m","input":1,"output":2,
                   "date":"2026-11-23","source":"test"}},{{"provider":"{}","model":"m","input":10,
                   "output":20,"date":"2026-11-23","source":"test"}}]}})",
                    up.url(""), broken.url("")))));
    SpendingLimits limits;
    if (limited) limits.budget.tokens = 100'000;
    with.spending = std::make_shared<Spending>(limits);
    const auto model = *open_model(broken.url("/v1#m") + "," + up.url("/v1#m"), with);
    const Outcome outcome = ask(*model);
    ASSERT_EQ(text_of(outcome), "hello");
    const Usage& usage = outcome.reply->usage;
    EXPECT_EQ(usage.input_tokens, 1300);
    EXPECT_EQ(usage.output_tokens, 600);
    EXPECT_NEAR(usage.cost_usd.value_or(0), 0.002 + 0.005, 1e-12);
    EXPECT_EQ(with.spending->used().tokens, 1900);
    EXPECT_NEAR(with.spending->used().money, 0.007, 1e-12);
    // And of one that says nothing, that it said nothing.
    const auto other = *open_model(silent.url("/v1#m") + "," + up.url("/v1#m"), with);
    const Outcome second = ask(*other);
    ASSERT_EQ(text_of(second), "hello");
    EXPECT_EQ(second.reply->usage.uncounted, 1);
    EXPECT_EQ(second.reply->usage.input_tokens, 1000);
    EXPECT_NE(with.spending->describe().find("1 attempt without usage"), std::string::npos)
        << with.spending->describe();
  }
}

// Attempts that break do not overrun the budget: the next one is made when there is room for it.
TEST(ModelChain, AttemptsThatBreakKeepWithinTheBudget) {
  TestServer broken([](const std::string&, const auto& to) {
    return to.reply(200, R"({"usage":{"prompt_tokens":300,"completion_tokens":100}})");
  });
  ChainOptions with = options();
  with.http.retry = {.attempts_max = 10,
                     .first_wait = std::chrono::milliseconds(1),
                     .longest_wait = std::chrono::milliseconds(1)};
  with.spending = std::make_shared<Spending>(SpendingLimits{.budget = {.tokens = 2000}});
  const auto model = *open_model(broken.url("/v1#m"), with);
  const Outcome outcome = ask(*model, {.text = "hi", .key = "run/x/turn:1", .model = "", .max_output = 500});
  ASSERT_FALSE(outcome.reply);
  EXPECT_EQ(outcome.reply.error().code, ErrorCode::kExhausted);
  EXPECT_NE(outcome.reply.error().message.find("no room for another attempt"), std::string::npos)
      << outcome.reply.error().message;
  EXPECT_EQ(broken.requests(), 4);
  EXPECT_EQ(with.spending->used().tokens, 1600);
}

TEST(ModelChain, ARequestMayNameAnotherModel) {
  TestServer one([](const std::string&, const auto& to) { return to.reply(200, kText); });
  std::string seen;
  TestServer two([&](const std::string& request, const auto& to) {
    seen = request;
    return to.reply(200, kText);
  });
  const auto model = *open_model(one.url("/v1#m"), options());
  Asked asked;
  asked.model = "openai-chat+" + two.url("/v1#other");
  const Outcome outcome = ask(*model, asked);
  EXPECT_EQ(text_of(outcome), "hello");
  EXPECT_EQ(one.requests(), 0);
  EXPECT_NE(seen.find(R"("model":"other")"), std::string::npos);
  EXPECT_EQ(outcome.reply->usage.answered_by, asked.model);
  asked.model = "plain-name";
  EXPECT_EQ(text_of(ask(*model, asked)), "hello");
  EXPECT_EQ(one.requests(), 1);
}

TEST(ModelChain, ARouteTakesTheCheapestThatIsStrongEnough) {
  int asked_dear = 0, asked_cheap = 0;
  TestServer dear([&](const std::string&, const auto& to) {
    ++asked_dear;
    return to.reply(200, kText);
  });
  TestServer cheap([&](const std::string&, const auto& to) {
    ++asked_cheap;
    return to.reply(200, kText);
  });
  ChainOptions with = options();
  with.prices = std::make_shared<const PriceTable>(*PriceTable::from_json(*json::parse(fmt::format(
      R"({{"prices":[{{"provider":"{}","model":"m","input":5,"output":9,"date":"2026-11-23",
                       "source":"test"}},
                     {{"provider":"{}","model":"m","input":1,"output":2,"date":"2026-11-23",
                       "source":"test"}}]}})",
      dear.url(""), cheap.url("")))));
  const auto model = open_model(
      fmt::format("route:{}=strong|{}=standard", dear.url("/v1#m"), cheap.url("/v1#m")), with);
  ASSERT_TRUE(model.has_value()) << model.error().describe();
  const Outcome outcome = ask(**model);
  EXPECT_EQ(text_of(outcome), "hello");
  EXPECT_EQ(outcome.reply->usage.answered_by, cheap.url("/v1#m"));
  EXPECT_EQ(asked_dear, 0);
  EXPECT_EQ(asked_cheap, 1);
  EXPECT_FALSE(open_model("route:" + dear.url("/v1#m") + "=mighty", options()).has_value());
}

TEST(ModelChain, MistakesAreToldBeforeTheFirstCall) {
  const auto problem = [](std::string_view spec, ChainOptions with) {
    auto made = open_model(spec, std::move(with));
    return made ? std::string("none") : made.error().describe();
  };
  EXPECT_NE(problem("what:x", options()).find("no such model"), std::string::npos);
  EXPECT_NE(problem("openai:gpt-5,what:x", options()).find("no such model"), std::string::npos);
  EXPECT_EQ(problem(",", options()), "no model is named");
  EXPECT_NE(problem("claude-code", options()).find("claude is not installed"), std::string::npos);
  EXPECT_NE(problem("replay:/no/file", options()).find("no recording"), std::string::npos);
  ChainOptions keyless = options();
  keyless.keys = nullptr;
  EXPECT_NE(problem("openai:gpt-5", keyless).find("set OPENAI_API_KEY"), std::string::npos);
  ChainOptions money = options();
  money.spending = std::make_shared<Spending>(SpendingLimits{.budget = {.money = 1}});
  EXPECT_EQ(problem("openai:gpt-5", money), "none");
  const std::string unknown = problem("openai:gpt-99", money);
  EXPECT_NE(unknown.find("the price of openai:gpt-99 is not known"), std::string::npos) << unknown;
  EXPECT_NE(problem("http://h:1/v1#m", money).find("provider \"http://h:1\""), std::string::npos);
  ChainOptions cache = options();
  cache.cache = "/proc/none";
  EXPECT_NE(problem("openai:gpt-5", cache).find("cannot write into the cache"), std::string::npos);
}

TEST(ModelChain, AServerThatTakesNoSchemaIsAskedInWords) {
  std::vector<std::string> seen;
  TestServer server([&](const std::string& request, const auto& to) {
    seen.push_back(request);
    if (request.find("response_format") != std::string::npos)
      return to.reply(400,
                      R"({"error":{"message":"response_format json_schema is not supported"}})");
    return to.reply(200, R"({"choices":[{"finish_reason":"stop","message":{
      "content":"```json\n{\"answer\": 42}\n```"}}]})");
  });
  const auto model = *open_model(server.url("/v1#m"), options());
  const OutputSchema output{"verdict", *json::parse(R"({"type":"object","properties":{
    "answer":{"type":"integer"}},"required":["answer"]})")};
  for (int i = 0; i < 2; ++i) {
    std::promise<Result<ModelReply>> promise;
    const std::vector<ItemPtr> items{
        std::make_shared<const Item>(MessageItem{Speaker::kUser, "hi", "", false, Json()})};
    ModelRequest request;
    request.items = items;
    request.output = &output;
    model->start(request, {}, {}, [&](auto reply) { promise.set_value(std::move(reply)); });
    auto reply = promise.get_future().get();
    ASSERT_TRUE(reply) << reply.error().describe();
    EXPECT_EQ(std::get<MessageItem>(reply->items[0]).text, "{\"answer\": 42}");
    EXPECT_EQ(reply->notes.size(), i == 0 ? 1U : 0U);
  }
  ASSERT_EQ(seen.size(), 3U);  // refused once, never asked for again
  EXPECT_NE(seen[2].find("JSON Schema"), std::string::npos);
}

// Over HTTP, as the vendors say it; the schema is refused by the same server.
TEST(ModelChain, AModelThatTakesNoTemperatureIsAskedWithout) {
  std::vector<std::string> seen;
  TestServer server([&](const std::string& request, const auto& to) {
    seen.push_back(request);
    if (request.find("\"temperature\"") != std::string::npos) {
      return to.reply(400, R"({"error":{"message":
        "Unsupported value: 'temperature' does not support 0.2 with this model.",
        "type":"invalid_request_error","param":"temperature","code":"unsupported_value"}})");
    }
    if (request.find("response_format") != std::string::npos)
      return to.reply(400, R"({"error":{"message":"response_format is not supported"}})");
    return to.reply(200, kText);
  });
  const auto model = *open_model(server.url("/v1#m"), options());
  const OutputSchema output{"verdict", *json::parse(R"({"type":"object"})")};
  ModelSettings settings;
  settings.temperature = 0.2;
  const auto notes = [&](const OutputSchema* form) {
    std::promise<Result<ModelReply>> promise;
    const std::vector<ItemPtr> items{
        std::make_shared<const Item>(MessageItem{Speaker::kUser, "hi", "", false, Json()})};
    ModelRequest request;
    request.items = items;
    request.settings = &settings;
    request.output = form;
    model->start(request, {}, {}, [&](auto reply) { promise.set_value(std::move(reply)); });
    auto reply = promise.get_future().get();
    return reply ? reply->notes : std::vector<std::string>{reply.error().describe()};
  };
  const std::string without = "asked without temperature: the model does not take it";
  EXPECT_EQ(notes(nullptr), std::vector<std::string>{without});
  EXPECT_EQ(notes(nullptr), std::vector<std::string>{without});
  EXPECT_EQ(seen.size(), 3U);  // refused once
  const auto both = notes(&output);
  ASSERT_EQ(both.size(), 2U) << both.front();
  EXPECT_EQ(both.front(), without);
  EXPECT_EQ(seen.size(), 5U);
}

TEST(ModelChain, TheSameModelIsOpenedOnce) {
  int opened = 0;
  ChainOptions with = options();
  with.other = [&](const std::string& spec) -> std::optional<Result<std::shared_ptr<Model>>> {
    if (!spec.starts_with("mine:")) return std::nullopt;
    ++opened;
    return std::make_shared<ScriptedModel>(
        [](const auto&) { return Result<ModelReply>(says("mine")); });
  };
  const auto model = *open_model("mine:a", with);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(text_of(ask(*model)), "mine");
  EXPECT_EQ(opened, 1);
}

}  // namespace
}  // namespace cadre::policy
