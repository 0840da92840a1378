#include "policy/budgeted_model.h"
#include "policy/policy_test_kit.h"

namespace cadre::policy {
namespace {

using namespace testing;
using namespace std::chrono_literals;

std::shared_ptr<const PriceTable> one_dollar() {
  return std::make_shared<const PriceTable>(*PriceTable::from_json(*json::parse(
      R"({"prices":[{"provider":"p","model":"m","input":1,"output":1,"date":"2026-11-23",
          "source":"test"}]})")));
}

struct Shop {
  explicit Shop(SpendingLimits limits, Spending::Clock clock = {})
      : spending(std::make_shared<Spending>(limits, nullptr, std::move(clock))) {}
  std::shared_ptr<Model> model(std::shared_ptr<Model> inner, std::string name = "m") const {
    return make_budgeted_model(std::move(inner), {.spending = spending,
                                                  .prices = one_dollar(),
                                                  .provider = "p",
                                                  .model = std::move(name),
                                                  .output_tokens = 1000});
  }
  std::shared_ptr<Spending> spending;
};

std::shared_ptr<NamedModel> always(std::int64_t input, std::int64_t output) {
  return std::make_shared<NamedModel>("n", [=](int, const ModelRequest&, const auto&) {
    return Result<ModelReply>(counted("ok", input, output));
  });
}

Asked turn(int n, const char* task = "task") {
  Asked asked;
  asked.key = fmt::format("run/stage#1/{}/turn:{}", task, n);
  return asked;
}

TEST(Spending, ThePriceIsPutIntoTheReply) {
  const auto model = make_budgeted_model(
      always(1000, 500),
      {.spending = nullptr, .prices = one_dollar(), .provider = "p", .model = "m"});
  EXPECT_DOUBLE_EQ(*ask(*model).reply->usage.cost_usd, 0.0015);
  Asked other;
  other.model = "elsewhere";
  EXPECT_EQ(ask(*model, other).reply->usage.cost_usd, std::nullopt);
}

TEST(Spending, CallsAreCountedAndTheLastOneIsTold) {
  Shop shop({.budget = {.model_calls = 3}});
  std::vector<std::size_t> items;
  auto inner =
      std::make_shared<NamedModel>("n", [&](int, const ModelRequest& request, const auto&) {
        items.push_back(request.items.size());
        return Result<ModelReply>(counted("ok", 1, 1));
      });
  const auto model = shop.model(inner);
  EXPECT_EQ(text_of(ask(*model, turn(1))), "ok");
  EXPECT_EQ(text_of(ask(*model, turn(2))), "ok");
  const Outcome last = ask(*model, turn(3));
  EXPECT_EQ(text_of(last), "ok");
  EXPECT_EQ(last.reply->notes,
            std::vector<std::string>{"the budget is nearly used up: a last turn"});
  const Outcome over = ask(*model, turn(4));
  ASSERT_FALSE(over.reply);
  EXPECT_EQ(over.reply.error().code, ErrorCode::kExhausted);
  EXPECT_NE(over.reply.error().hint.find("--max-calls"), std::string::npos);
  EXPECT_EQ(items, (std::vector<std::size_t>{1, 1, 2}));
  EXPECT_EQ(inner->calls, 3);
}

TEST(Spending, ACallThatDoesNotFitIsNotMade) {
  Shop shop({.budget = {.tokens = 200}});
  auto inner = always(1, 1);
  const auto model = shop.model(inner);
  Asked big = turn(1);
  big.text = std::string(900, 'x');  // 300 tokens and more
  const Outcome refused = ask(*model, big);
  ASSERT_FALSE(refused.reply);
  EXPECT_EQ(refused.reply.error().code, ErrorCode::kExhausted);
  EXPECT_EQ(inner->calls, 0);
  EXPECT_EQ(shop.spending->used().tokens, 0);
}

TEST(Spending, TheAnswerIsShortenedToWhatIsLeft) {
  Shop shop({.budget = {.tokens = 600}});
  std::optional<std::int64_t> allowed;
  auto inner =
      std::make_shared<NamedModel>("n", [&](int, const ModelRequest& request, const auto&) {
        allowed = request.settings->max_output_tokens;
        return Result<ModelReply>(counted("ok", 5, 100));
      });
  const Outcome outcome = ask(*shop.model(inner), turn(1));
  ASSERT_TRUE(outcome.reply) << outcome.reply.error().describe();
  EXPECT_LT(*allowed, 600);
  EXPECT_GT(*allowed, 500);
  EXPECT_EQ(outcome.reply->notes.size(), 1U);
  EXPECT_EQ(shop.spending->used().tokens, 105);
  // A limit that the caller set is kept where it fits.
  Asked small = turn(2);
  small.max_output = 50;
  ASSERT_TRUE(ask(*shop.model(inner), small).reply);
  EXPECT_EQ(allowed, 50);
}

TEST(Spending, WhatWasNotCountedCountsAsReserved) {
  Shop shop({.budget = {.money = 0.01}});
  auto inner = std::make_shared<NamedModel>(
      "n", [](int, const ModelRequest&, const auto&) { return Result<ModelReply>(says("ok")); });
  ASSERT_TRUE(ask(*shop.model(inner), turn(1)).reply);
  EXPECT_GT(shop.spending->used().tokens, 1000);
  EXPECT_GT(shop.spending->used().money, 0.001);
}

TEST(Spending, AnUnknownPriceRefusesABudgetOfMoney) {
  Shop shop({.budget = {.money = 1}});
  auto inner = always(1, 1);
  const Outcome outcome = ask(*shop.model(inner, "what"), turn(1));
  ASSERT_FALSE(outcome.reply);
  EXPECT_NE(outcome.reply.error().message.find("price of the model is not known"),
            std::string::npos);
  EXPECT_EQ(inner->calls, 0);
}

TEST(Spending, WhatHadNoPriceIsNotCalledFree) {
  Shop shop({});
  ASSERT_TRUE(ask(*shop.model(always(10, 5)), turn(1)).reply);
  EXPECT_EQ(shop.spending->describe(), "1 calls, 15 tokens, $0.0000");
  ASSERT_TRUE(ask(*shop.model(always(10, 5), "what"), turn(2)).reply);
  EXPECT_EQ(shop.spending->describe(), "2 calls, 30 tokens, cost not known");
}

TEST(Spending, TimeIsABudgetToo) {
  auto now = std::make_shared<std::chrono::steady_clock::time_point>();
  Shop shop({.budget = {}, .time = 100s}, [now] { return *now; });
  const auto model = shop.model(always(1, 1));
  EXPECT_TRUE(ask(*model, turn(1)).reply->notes.empty());
  *now += 91s;
  EXPECT_EQ(ask(*model, turn(2)).reply->notes.size(), 1U);
  EXPECT_FALSE(ask(*model, turn(3)).reply);          // the same conversation
  EXPECT_TRUE(ask(*model, turn(1, "other")).reply);  // another one has its turn
  *now += 9s;
  const Outcome over = ask(*model, turn(1, "third"));
  ASSERT_FALSE(over.reply);
  EXPECT_EQ(over.reply.error().message, "the budget of 100 s is used up");
}

// Branches side by side: they wait for each other's reservation instead of overshooting or being
// refused for what is only reserved.
TEST(Spending, BranchesShareWithoutOvershoot) {
  Shop shop({.budget = {.tokens = 3000, .soft_share = 1.0}});
  auto inner = std::make_shared<ScriptedModel>(
      [](const auto&) { return Result<ModelReply>(counted("ok", 10, 90)); });
  inner->set_delay(2ms);
  const auto model = shop.model(inner);
  std::vector<std::future<Outcome>> asked;
  for (int i = 0; i < 20; ++i)
    asked.push_back(begin(*model, turn(1, fmt::format("t{}", i).c_str())));
  int good = 0;
  for (auto& one : asked) good += one.get().reply.has_value();
  EXPECT_EQ(good, 20);
  EXPECT_EQ(shop.spending->used().tokens, 2000);
  // And when it is really used up, exactly what fits goes through.
  std::vector<std::future<Outcome>> more;
  for (int i = 0; i < 30; ++i) {
    Asked next = turn(2, fmt::format("u{}", i).c_str());
    next.max_output = 90;
    more.push_back(begin(*model, next));
  }
  int went = 0;
  for (auto& one : more) went += one.get().reply.has_value();
  EXPECT_GE(went, 9);
  EXPECT_LE(shop.spending->used().tokens, 3000 + 100);  // one reserved call at most
}

TEST(Spending, AWaitingCallCanBeCancelled) {
  Shop shop({.budget = {.tokens = 1200, .soft_share = 1.0}});
  auto inner = std::make_shared<ScriptedModel>(
      [](const auto&) { return Result<ModelReply>(counted("ok", 10, 90)); });
  inner->set_delay(100ms);
  const auto model = shop.model(inner);
  auto first = begin(*model, turn(1, "a"));
  std::stop_source stop;
  auto second = begin(*model, turn(1, "b"), stop.get_token());
  EXPECT_EQ(second.wait_for(10ms), std::future_status::timeout);
  stop.request_stop();
  EXPECT_EQ(second.get().reply.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(text_of(first.get()), "ok");
  EXPECT_EQ(shop.spending->used().model_calls, 1);
}

TEST(Spending, AFailedCallGivesItsReservationBack) {
  Shop shop({.budget = {.model_calls = 10, .tokens = 5000}});
  auto inner = std::make_shared<NamedModel>("n", [](int, const ModelRequest&, const auto&) {
    return Result<ModelReply>(fail(ErrorCode::kUnavailable, "down"));
  });
  EXPECT_FALSE(ask(*shop.model(inner), turn(1)).reply);
  EXPECT_EQ(shop.spending->used().tokens, 0);
  EXPECT_EQ(shop.spending->used().model_calls, 1);
  shop.spending->count_earlier({.model_calls = 4, .tokens = 100});
  EXPECT_EQ(shop.spending->describe(), "5 of 10 calls, 100 of 5000 tokens, $0.0000");
}

}  // namespace
}  // namespace cadre::policy
