#include "policy/prices.h"

#include "policy/policy_test_kit.h"

namespace cadre::policy {
namespace {

PriceTable table(std::string_view entries) {
  auto made = PriceTable::from_json(*json::parse(fmt::format(R"({{"prices":[{}]}})", entries)));
  EXPECT_TRUE(made) << (made ? "" : made.error().describe());
  return made ? *made : PriceTable();
}

constexpr const char* kOwn = R"(
  {"provider":"openai","model":"gpt-x*","input":1,"output":2,"date":"2026-11-23","source":"us"},
  {"provider":"openai","model":"gpt-x-mini","input":0.5,"output":1,"cached":0.1,"cache_write":1,
   "long_context":{"above":1000,"input":5,"output":10},"date":"2026-11-23","source":"us"},
  {"provider":"openai","model":"gpt-x-lab","unknown":true,"date":"2026-11-23","source":"us"})";

TEST(Prices, TheLongestMatchHolds) {
  const PriceTable prices = table(kOwn);
  EXPECT_EQ(prices.find("openai", "gpt-x-large")->rates.input, 1);
  EXPECT_EQ(prices.find("openai", "gpt-x-mini")->rates.input, 0.5);
  EXPECT_EQ(prices.find("openai", "gpt-x-mini-2026")->rates.input, 1);
  EXPECT_EQ(prices.find("openai", "gpt-y"), nullptr);
  EXPECT_EQ(prices.find("anthropic", "gpt-x"), nullptr);
  EXPECT_EQ(prices.find("openai", "gpt-x-lab"), nullptr);
}

TEST(Prices, OnesOwnTableGoesFirst) {
  const PriceTable both =
      PriceTable::shipped().with(table(R"({"provider":"openai","model":"gpt-5*","input":77,
        "output":78,"date":"2026-11-23","source":"contract"})"));
  EXPECT_EQ(both.find("openai", "gpt-5-mini")->rates.input, 77);
  EXPECT_EQ(both.find("anthropic", "claude-haiku-4-5")->rates.output, 5);
}

TEST(Prices, CostsByWhatWasCached) {
  const PriceTable prices = table(kOwn);
  const Price& mini = *prices.find("openai", "gpt-x-mini");
  Usage usage;
  EXPECT_EQ(cost_of(mini, usage), std::nullopt);  // not counted: not known, never 0
  usage.input_tokens = 1000;
  EXPECT_EQ(cost_of(mini, usage), std::nullopt);
  usage.output_tokens = 100;
  EXPECT_DOUBLE_EQ(*cost_of(mini, usage), (1000 * 0.5 + 100 * 1) / 1e6);
  usage.cached_tokens = 600;
  usage.cache_write_tokens = 300;
  EXPECT_DOUBLE_EQ(*cost_of(mini, usage), (100 * 0.5 + 600 * 0.1 + 300 * 1 + 100) / 1e6);
  usage.input_tokens = 1001;
  EXPECT_DOUBLE_EQ(*cost_of(mini, usage), (101 * 5.0 + 600 * 5 + 300 * 5 + 100 * 10) / 1e6);
  EXPECT_DOUBLE_EQ(cost_at_most(mini, 1000, 100), (1000 * 1.0 + 100 * 1) / 1e6);
}

TEST(Prices, MistakesAreNamed) {
  const auto problem = [](std::string_view text) {
    auto made = PriceTable::from_json(*json::parse(text));
    return made ? std::string("none") : made.error().message;
  };
  EXPECT_EQ(problem("[]"), "a price table is {\"prices\": [...]}");
  EXPECT_EQ(problem(R"({"prices":[{"model":"m"}]})"),
            "price 1: \"provider\" or \"model\" is missing");
  EXPECT_EQ(problem(R"({"prices":[{"provider":"p","model":"m","input":1,"output":1}]})"),
            "price 1 (p:m): \"date\" (2026-11-23) and \"source\" have to be there");
  for (const char* wrong : {R"("input":-1,"output":1)", R"("input":"1","output":1)", R"("input":1)",
                            R"("input":1,"output":1,"cached":"x")",
                            R"("input":1,"output":1,"long_context":{"input":1,"output":1})"}) {
    EXPECT_NE(problem(fmt::format(R"({{"prices":[{{"provider":"p","model":"m","date":"2026-11-23",
                                  "source":"s",{}}}]}})",
                                  wrong)),
              "none")
        << wrong;
  }
  const auto missing = PriceTable::from_file("/no/such/file");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
}

TEST(Prices, TheShippedTableIsSound) {
  const auto& prices = PriceTable::shipped().prices();
  EXPECT_GT(prices.size(), 80U);
  for (const Price& price : prices) {
    if (!price.known) continue;
    EXPECT_LE(price.rates.cached.value_or(0), price.rates.input) << price.model;
    EXPECT_GE(price.rates.output, price.rates.input) << price.model;
    EXPECT_FALSE(price.source.empty());
  }
  EXPECT_EQ(PriceTable::shipped().find("ollama", "qwen3:8b")->rates.input, 0);
  EXPECT_EQ(PriceTable::shipped().find("ollama", "gpt-oss:120b-cloud"), nullptr);
  EXPECT_EQ(PriceTable::shipped().find("openai", "gpt-99"), nullptr);
}

}  // namespace
}  // namespace cadre::policy
