#include "policy/fallback_model.h"

#include "policy/policy_test_kit.h"

namespace cadre::policy {
namespace {

using namespace testing;
using namespace std::chrono_literals;

std::shared_ptr<NamedModel> good(std::string name) {
  return std::make_shared<NamedModel>(name, [name](int, const ModelRequest& request, const auto&) {
    return Result<ModelReply>(
        says(name + (request.model.empty() ? "" : "/") + std::string(request.model)));
  });
}
std::shared_ptr<NamedModel> bad(std::string name, ErrorCode code) {
  return std::make_shared<NamedModel>(name, [code](int, const ModelRequest&, const auto&) {
    return Result<ModelReply>(fail(code, "it is so"));
  });
}

TEST(Fallback, TheNextAnswersWhenOneCannot) {
  for (const auto& [code, next] :
       std::vector<std::pair<ErrorCode, bool>>{{ErrorCode::kUnavailable, true},
                                               {ErrorCode::kCorrupt, true},
                                               {ErrorCode::kDenied, true},
                                               {ErrorCode::kNotFound, true},
                                               {ErrorCode::kExhausted, true},
                                               {ErrorCode::kInvalidInput, false},
                                               {ErrorCode::kCancelled, false},
                                               {ErrorCode::kInternal, false}}) {
    const auto first = bad("a", code), second = good("b");
    const auto chain = make_fallback_model({first, second});
    EXPECT_EQ(chain->name(), "a,b");
    const Outcome outcome = ask(*chain);
    EXPECT_EQ(outcome.reply.has_value(), next) << to_string(code);
    EXPECT_EQ(second->calls, next ? 1 : 0);
    if (!next) {
      EXPECT_EQ(outcome.reply.error().code, code);
      EXPECT_EQ(outcome.reply.error().message, "it is so");
      continue;
    }
    EXPECT_EQ(outcome.reply->usage.answered_by, "b");
    EXPECT_EQ(outcome.reply->usage.requests, 2);
    EXPECT_EQ(outcome.reply->notes, std::vector<std::string>{"b answered: a did not (it is so)"});
  }
}

TEST(Fallback, AModelThatIsDownIsLeftOutForAWhileAWrongKeyForGood) {
  auto now = std::make_shared<std::chrono::steady_clock::time_point>(1h);
  const auto down = bad("a", ErrorCode::kUnavailable), wrong = bad("b", ErrorCode::kDenied),
             fine = good("c");
  const auto chain =
      make_fallback_model({down, wrong, fine}, {.pause = 60s, .clock = [now] { return *now; }});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(text_of(ask(*chain)), "c");
  EXPECT_EQ(down->calls, 1);
  EXPECT_EQ(wrong->calls, 1);
  *now += 61s;
  EXPECT_EQ(text_of(ask(*chain)), "c");
  EXPECT_EQ(down->calls, 2);
  EXPECT_EQ(wrong->calls, 1);
}

TEST(Fallback, NotOnceSomethingWasShown) {
  const auto talks =
      std::make_shared<NamedModel>("a", [](int, const ModelRequest&, const Model::OnDelta& delta) {
        delta({ModelDelta::Kind::kText, "hel", 0});
        return Result<ModelReply>(fail(ErrorCode::kUnavailable, "cut off"));
      });
  const auto second = good("b");
  Asked asked;
  asked.stream = true;
  const Outcome outcome = ask(*make_fallback_model({talks, second}), asked);
  EXPECT_FALSE(outcome.reply);
  EXPECT_EQ(outcome.deltas, "hel");
  EXPECT_EQ(second->calls, 0);
}

TEST(Fallback, WhenNobodyAnswersEachIsNamed) {
  const Outcome outcome =
      ask(*make_fallback_model({bad("a", ErrorCode::kDenied), bad("b", ErrorCode::kUnavailable)}));
  ASSERT_FALSE(outcome.reply);
  EXPECT_EQ(outcome.reply.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(outcome.reply.error().message,
            "no model of the chain answered: a did not (it is so); b did not (it is so)");
}

TEST(Fallback, ANameIsForTheFirstAlone) {
  Asked asked;
  asked.model = "big";
  EXPECT_EQ(text_of(ask(*make_fallback_model({good("a"), good("b")}), asked)), "a/big");
  EXPECT_EQ(text_of(ask(*make_fallback_model({bad("a", ErrorCode::kDenied), good("b")}), asked)),
            "b");
}

}  // namespace
}  // namespace cadre::policy
