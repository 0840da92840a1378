#include "policy/tiered_model.h"

#include "policy/policy_test_kit.h"

namespace cadre::policy::testing {
namespace {

// A model that says its name, or fails.
std::shared_ptr<Model> named(const std::string& name, bool down = false) {
  return std::make_shared<ScriptedModel>(
      [name, down](const cadre::testing::SeenRequest&) -> Result<ModelReply> {
        if (down) return fail(ErrorCode::kUnavailable, name + " is down");
        return says(name);
      });
}

std::string answer(Model& model, const std::string& needs) {
  ModelSettings settings;
  settings.needs = needs;
  ModelRequest request;
  request.settings = &settings;
  std::promise<Result<ModelReply>> promise;
  model.start(request, {}, {},
              [&](Result<ModelReply> reply) { promise.set_value(std::move(reply)); });
  Outcome outcome;
  outcome.reply = promise.get_future().get();
  return text_of(outcome);
}

TEST(TieredModel, TheCheapestThatIsStrongEnoughAnswers) {
  const auto model = make_tiered_model({{named("big"), Tier::kStrong, 10.0},
                                        {named("own"), Tier::kStandard, std::nullopt},
                                        {named("mid"), Tier::kStandard, 2.0},
                                        {named("tiny"), Tier::kSmall, 0.1}});
  ASSERT_TRUE(model.has_value());
  EXPECT_EQ(answer(**model, "small"), "tiny");
  EXPECT_EQ(answer(**model, ""), "mid");  // standard, and a known price before an unknown one
  EXPECT_EQ(answer(**model, "standard"), "mid");
  EXPECT_EQ(answer(**model, "strong"), "big");
}

TEST(TieredModel, TheNextStrongEnoughOneTakesOver) {
  const auto model = make_tiered_model({{named("big"), Tier::kStrong, 10.0},
                                        {named("mid", true), Tier::kStandard, 2.0},
                                        {named("tiny"), Tier::kSmall, 0.1}});
  ASSERT_TRUE(model.has_value());
  EXPECT_EQ(answer(**model, "standard"), "big");  // never the weaker one
}

TEST(TieredModel, WhatNobodyIsAbleToIsRefused) {
  const auto model = make_tiered_model({{named("tiny"), Tier::kSmall, 0.1}});
  ASSERT_TRUE(model.has_value());
  EXPECT_NE(answer(**model, "strong").find("needs a strong model"), std::string::npos);
  EXPECT_NE(answer(**model, "mighty").find("small, standard or strong"), std::string::npos);
  EXPECT_FALSE(make_tiered_model({}).has_value());
}

TEST(TieredModel, RoutesAreRead) {
  const auto route = read_route("route:openai:gpt-5=strong| http://host/v1#m = small|ollama:q");
  ASSERT_TRUE(route.has_value());
  ASSERT_EQ(route->size(), 3U);
  EXPECT_EQ((*route)[0].model, "openai:gpt-5");
  EXPECT_EQ((*route)[0].tier, Tier::kStrong);
  EXPECT_EQ((*route)[1].model, "http://host/v1#m");
  EXPECT_EQ((*route)[1].tier, Tier::kSmall);
  EXPECT_EQ((*route)[2].tier, Tier::kStandard);
  for (const char* bad : {"route:", "route:a=huge", "route:=small", "route:a=small|"}) {
    EXPECT_FALSE(read_route(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace cadre::policy::testing
