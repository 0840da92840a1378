#include "policy/settings_fallback.h"

#include "policy/policy_test_kit.h"

namespace cadre::policy {
namespace {

using namespace testing;

// Which sampling settings a request holds.
std::string sampling_of(const ModelRequest& request) {
  std::string held;
  if (request.settings == nullptr) return held;
  if (request.settings->temperature) held += "temperature ";
  if (request.settings->top_p) held += "top_p ";
  for (const auto& member : request.settings->extra.get_object())
    held += std::string(member.key()) + " ";
  return held;
}

// A model that refuses what has a sampling setting by these words, and says what it was asked with.
struct Refusing {
  std::shared_ptr<std::vector<std::string>> seen = std::make_shared<std::vector<std::string>>();
  std::shared_ptr<Model> model;

  explicit Refusing(std::string words, ErrorCode code = ErrorCode::kInvalidInput,
                    bool shows = false) {
    model = make_settings_fallback(std::make_shared<NamedModel>(
        "m", [seen = seen, words, code, shows](int, const ModelRequest& request,
                                               const Model::OnDelta& delta) -> Result<ModelReply> {
          seen->push_back(sampling_of(request));
          if (seen->back().empty()) return says("fine");
          if (shows) delta({ModelDelta::Kind::kText, "a part"});
          return fail(code, words);
        }));
  }
};

struct With {
  std::optional<double> temperature = 0.2, top_p{};
  Json extra = JsonObject{};
  std::string model{}, effort{};
  bool stream = false;
  std::stop_token stop{};
};

Result<ModelReply> ask_with(Model& model, const With& with) {
  ModelSettings settings;
  settings.temperature = with.temperature;
  settings.top_p = with.top_p;
  settings.extra = with.extra;
  settings.reasoning_effort = with.effort;
  ModelRequest request;
  request.model = with.model;
  request.settings = &settings;
  std::optional<Result<ModelReply>> ended;
  Model::OnDelta delta;
  if (with.stream) delta = [](const ModelDelta&) {};
  model.start(request, with.stop, std::move(delta),
              [&](Result<ModelReply> reply) { ended.emplace(std::move(reply)); });
  if (!ended) return fail(ErrorCode::kInternal, "never ended");
  return std::move(*ended);
}

constexpr const char* kDeprecated = "Anthropic does not take the request: `temperature` is "
                                    "deprecated for this model. (status 400)";

TEST(SettingsFallback, WhatVendorsRefuseIsLeftOut) {
  for (const char* words :
       {kDeprecated, "temperature: this parameter is not supported for this model",
        "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default "
        "(1) value is supported.",
        "Unsupported parameter: 'temperature' is not supported with this model.",
        "Model incompatible request arguments supplied: temperature, top_p",
        "gpt-5 models don't support temperature=0.2. Only temperature=1 is supported.",
        "temperature: Extra inputs are not permitted", "Unknown parameter: 'temperature'.",
        "Unrecognized request argument supplied: temperature"}) {
    const Refusing refusing(words);
    const auto reply = ask_with(*refusing.model, {});
    ASSERT_TRUE(reply) << words;
    EXPECT_EQ(*refusing.seen, (std::vector<std::string>{"temperature ", ""})) << words;
    EXPECT_EQ(reply->notes,
              std::vector<std::string>{"asked without temperature: the model does not take it"});
    EXPECT_EQ(reply->usage.requests, 2);
  }
}

TEST(SettingsFallback, OtherRefusalsAreHandedOn) {
  for (const char* words :
       {"temperature: range: 0..1", "temperature must be between 0 and 2",
        "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
        "Unsupported parameter: 'max_tokens' is not supported with this model.",
        "Invalid schema for function 'set_temperature': 'oneOf' is not supported",
        "'temperatures' is not supported", "'top_p' is not supported with this model", ""}) {
    const Refusing refusing(words);
    const auto reply = ask_with(*refusing.model, {});
    ASSERT_FALSE(reply) << words;
    EXPECT_EQ(reply.error().message, words);
    EXPECT_EQ(refusing.seen->size(), 1U) << words;
  }
  for (const ErrorCode code : {ErrorCode::kUnavailable, ErrorCode::kDenied, ErrorCode::kNotFound}) {
    const Refusing refusing(kDeprecated, code);
    EXPECT_FALSE(ask_with(*refusing.model, {}));
    EXPECT_EQ(refusing.seen->size(), 1U);
  }
}

// A model that refuses one of temperature and top_p refuses both, and may name but one.
TEST(SettingsFallback, TopKAloneIsNotTheOthers) {
  const JsonObject extra{{"top_k", 5}, {"seed", 7}};
  const auto seen_with = [&](const char* words) {
    std::vector<std::string> seen;
    const auto model = make_settings_fallback(std::make_shared<NamedModel>(
        "m", [&](int call, const ModelRequest& request, const auto&) -> Result<ModelReply> {
          seen.push_back(sampling_of(request));
          if (call == 0) return fail(ErrorCode::kInvalidInput, words);
          return says("fine");
        }));
    for (int i = 0; i < 2; ++i) {
      EXPECT_TRUE(ask_with(*model, {.top_p = 0.5, .extra = extra}));
    }
    return seen;
  };
  const std::string all = "temperature top_p top_k seed ";
  EXPECT_EQ(seen_with("Unknown parameter: 'top_k'"),
            (std::vector<std::string>{all, "temperature top_p seed ", "temperature top_p seed "}));
  EXPECT_EQ(seen_with("'top_p' is not supported"),
            (std::vector<std::string>{all, "seed ", "seed "}));
}

TEST(SettingsFallback, ItIsAskedOnceMoreAndOnlyAnAnswerTeaches) {
  int calls = 0;
  const auto model = make_settings_fallback(std::make_shared<NamedModel>(
      "m", [&](int, const ModelRequest&, const auto&) -> Result<ModelReply> {
        ++calls;
        return fail(ErrorCode::kInvalidInput, kDeprecated);
      }));
  for (int i = 1; i <= 2; ++i) {
    EXPECT_FALSE(ask_with(*model, {}));
    EXPECT_EQ(calls, 2 * i);
  }
}

TEST(SettingsFallback, ItIsRememberedForTheModelAndItsEffort) {
  const Refusing refusing(kDeprecated);
  const auto asked = [&](const With& with) {
    refusing.seen->clear();
    const auto reply = ask_with(*refusing.model, with);
    EXPECT_TRUE(reply);
    if (reply) {
      EXPECT_EQ(reply->notes.size(), 1U);
    }
    return refusing.seen->size();
  };
  EXPECT_EQ(asked({}), 2U);
  EXPECT_EQ(asked({}), 1U);
  EXPECT_EQ(asked({.top_p = 0.9}), 1U);
  EXPECT_EQ(asked({.model = "other"}), 2U);
  EXPECT_EQ(asked({.model = "other"}), 1U);
  EXPECT_EQ(asked({.effort = "high"}), 2U);
  EXPECT_EQ(asked({.effort = "high"}), 1U);
}

TEST(SettingsFallback, NothingIsRepeatedThatHadNoneWasShownOrIsCancelled) {
  const auto model = make_settings_fallback(std::make_shared<NamedModel>(
      "m", [](int call, const ModelRequest&, const auto&) -> Result<ModelReply> {
        EXPECT_EQ(call, 0);
        return fail(ErrorCode::kInvalidInput, kDeprecated);
      }));
  EXPECT_FALSE(ask_with(*model, {.temperature = std::nullopt}));
  const Refusing shows(kDeprecated, ErrorCode::kInvalidInput, true);
  EXPECT_FALSE(ask_with(*shows.model, {.stream = true}));
  EXPECT_EQ(shows.seen->size(), 1U);
  const Refusing stopped(kDeprecated);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(ask_with(*stopped.model, {.stop = stop.get_token()}));
  EXPECT_EQ(stopped.seen->size(), 1U);
}

}  // namespace
}  // namespace cadre::policy
