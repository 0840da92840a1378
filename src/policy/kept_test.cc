// What is kept of model traffic: the cache, recordings.
#include "policy/cached_model.h"
#include "policy/policy_test_kit.h"
#include "policy/recording.h"
#include "policy/request_json.h"

namespace cadre::policy {
namespace {

using namespace testing;
namespace fs = std::filesystem;

std::shared_ptr<NamedModel> counting(std::string name = "n") {
  return std::make_shared<NamedModel>(
      name, [](int n, const ModelRequest& request, const Model::OnDelta& delta) {
        if (delta) delta({ModelDelta::Kind::kText, "del", 0});
        if (delta) delta({ModelDelta::Kind::kArguments, "{}", 1});
        ModelReply reply = counted(fmt::format("answer {}", n), 100, 20);
        reply.items.emplace_back(ReasoningItem{"why", JsonObject{{"x", 1}}});
        reply.id = "id-1";
        (void)request;
        return Result<ModelReply>(std::move(reply));
      });
}

TEST(RequestJson, TheFingerprintIsOfAllThatTheModelSees) {
  const auto tool = std::make_shared<ToolSpec>();
  const std::vector<std::shared_ptr<const ToolSpec>> tools{tool};
  const std::vector<ItemPtr> items{
      std::make_shared<const Item>(MessageItem{Speaker::kUser, "hi", "", false, Json()})};
  ModelSettings settings;
  const OutputSchema output{"o", JsonObject{}};
  ModelRequest plain;
  plain.items = items;
  std::set<std::string> seen;
  const auto add = [&](auto&& change) {
    ModelRequest request = plain;
    change(request);
    return seen.insert(fingerprint(request_json(request))).second;
  };
  EXPECT_TRUE(add([](ModelRequest&) {}));
  EXPECT_TRUE(add([](ModelRequest& r) { r.model = "m"; }));
  EXPECT_TRUE(add([](ModelRequest& r) { r.instructions = "i"; }));
  EXPECT_TRUE(add([](ModelRequest& r) { r.items = {}; }));
  EXPECT_TRUE(add([&](ModelRequest& r) { r.tools = tools; }));
  EXPECT_TRUE(add([&](ModelRequest& r) { r.settings = &settings; }));
  settings.temperature = 0.5;
  EXPECT_TRUE(add([&](ModelRequest& r) { r.settings = &settings; }));
  EXPECT_TRUE(add([&](ModelRequest& r) { r.output = &output; }));
  // The place and whether somebody listens change no answer.
  EXPECT_FALSE(add([](ModelRequest& r) { r.key = "k"; }));
  EXPECT_FALSE(add([](ModelRequest& r) { r.stream = true; }));
}

TEST(Cache, TheSameRequestIsAnsweredFromTheFolder) {
  TempDir dir;
  const auto inner = counting();
  {
    const auto cached = *make_cached_model(inner, dir.path);
    EXPECT_EQ(text_of(ask(*cached)), "answer 0");
    const Outcome hit = ask(*cached);
    EXPECT_EQ(text_of(hit), "answer 0");
    EXPECT_TRUE(hit.reply->usage.from_cache);
    EXPECT_EQ(hit.reply->usage.requests, 0);
    EXPECT_EQ(hit.reply->usage.input_tokens, 0);
    EXPECT_EQ(hit.reply->usage.cost_usd, 0);
    EXPECT_EQ(hit.reply->notes, std::vector<std::string>{"from the cache: 120 tokens saved"});
    EXPECT_EQ(hit.reply->items.size(), 2U);
    EXPECT_EQ(to_json(hit.reply->usage).at("from_cache"), Json(true));
    Asked other;
    other.text = "something else";
    EXPECT_EQ(text_of(ask(*cached, other)), "answer 1");
  }
  // In another process, too; a model of another name has answers of its own.
  EXPECT_EQ(text_of(ask(**make_cached_model(inner, dir.path))), "answer 0");
  EXPECT_EQ(inner->calls, 2);
  EXPECT_EQ(text_of(ask(**make_cached_model(counting("other"), dir.path))), "answer 0");
}

TEST(Cache, WhatIsNoAnswerIsNotKept) {
  TempDir dir;
  int n = 0;
  const auto inner = std::make_shared<NamedModel>("n", [&](int, const ModelRequest&, const auto&) {
    if (n == 0) return Result<ModelReply>(fail(ErrorCode::kUnavailable, "down"));
    ModelReply reply = n == 1 ? cadre::testing::refuses("no") : says("half");
    if (n == 2) reply.finish = "length";
    return Result<ModelReply>(std::move(reply));
  });
  const auto cached = *make_cached_model(inner, dir.path);
  for (n = 0; n < 3; ++n) ask(*cached);
  ask(*cached);
  EXPECT_EQ(inner->calls, 4);
}

TEST(Cache, ADamagedFileCostsACall) {
  TempDir dir;
  const auto inner = counting();
  const auto cached = *make_cached_model(inner, dir.path);
  ask(*cached);
  for (const auto& entry : fs::recursive_directory_iterator(dir.path)) {
    if (entry.is_regular_file()) write_file(entry.path(), R"({"request":"x"})");
  }
  EXPECT_EQ(text_of(ask(*cached)), "answer 1");
  EXPECT_EQ(text_of(ask(*cached)), "answer 1");
  write_file(dir.path / "file", "");
  const auto nowhere = make_cached_model(inner, dir.path / "file" / "sub");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, ErrorCode::kIo);
}

TEST(Recording, RunsAgainWithoutTheModel) {
  TempDir dir;
  const fs::path file = dir.path / "run.jsonl";
  Asked first;
  first.stream = true;
  Asked second = first;
  second.text = "my key is sk-very-secret";
  second.key = "run/stage#1/task/turn:2";
  Outcome live[2];
  {
    const auto inner = counting();
    const auto recorder = *make_recording_model(inner, file, {"sk-very-secret", "x"});
    live[0] = ask(*recorder, first);
    live[1] = ask(*recorder, second);
  }
  EXPECT_EQ(read_file(file).find("sk-very"), std::string::npos);
  const auto replay = *make_replay_model(file);
  for (int i = 0; i < 2; ++i) {
    const Outcome again = ask(*replay, i == 0 ? first : second);
    ASSERT_TRUE(again.reply) << again.reply.error().describe();
    EXPECT_EQ(reply_json(*again.reply), reply_json(*live[i].reply));
    EXPECT_EQ(again.deltas, live[i].deltas);
  }
  // Another run has another id; the place is the same, and so is the answer.
  Asked elsewhere = first;
  elsewhere.key = "other-run/stage#1/task/turn:1";
  EXPECT_EQ(text_of(ask(*replay, elsewhere)), "answer 0");
}

TEST(Recording, ARequestWithoutRecordingSaysWhatDiffers) {
  TempDir dir;
  const fs::path file = dir.path / "run.jsonl";
  ask(**make_recording_model(counting(), file));
  Asked changed;
  changed.text = "ho";
  const Outcome none = ask(**make_replay_model(file), changed);
  ASSERT_FALSE(none.reply);
  EXPECT_EQ(none.reply.error().code, ErrorCode::kNotFound);
  EXPECT_NE(none.reply.error().message.find("stage#1/task/turn:1"), std::string::npos);
  EXPECT_NE(none.reply.error().message.find("/items/0"), std::string::npos)
      << none.reply.error().message;
  EXPECT_NE(none.reply.error().message.find("at character 1"), std::string::npos);
  const Outcome loose = ask(**make_replay_model(file, true), changed);
  EXPECT_EQ(text_of(loose), "answer 0");
  ASSERT_EQ(loose.reply->notes.size(), 1U);
  EXPECT_TRUE(loose.reply->notes[0].starts_with("replayed by place; it differs"));
  changed.key = "run/stage#9/task/turn:1";
  EXPECT_FALSE(ask(**make_replay_model(file, true), changed).reply);
}

TEST(Recording, ErrorsAreReplayedInTheirOrder) {
  TempDir dir;
  const fs::path file = dir.path / "run.jsonl";
  {
    const auto inner =
        std::make_shared<NamedModel>("n", [](int n, const ModelRequest&, const auto&) {
          if (n == 0) return Result<ModelReply>(fail(ErrorCode::kExhausted, "no credit", "pay"));
          return Result<ModelReply>(says("paid"));
        });
    const auto recorder = *make_recording_model(inner, file);
    ask(*recorder);
    ask(*recorder);
  }
  const auto replay = *make_replay_model(file);
  const Outcome first = ask(*replay);
  ASSERT_FALSE(first.reply);
  EXPECT_EQ(first.reply.error().code, ErrorCode::kExhausted);
  EXPECT_EQ(first.reply.error().describe(), "no credit (pay)");
  EXPECT_EQ(text_of(ask(*replay)), "paid");
  EXPECT_EQ(text_of(ask(*replay)), "paid");
}

TEST(Recording, FilesThatAreNone) {
  TempDir dir;
  const fs::path file = dir.path / "f";
  const auto problem = [&](std::string_view text) {
    write_file(file, text);
    auto made = make_replay_model(file);
    return made ? std::string("none") : made.error().message;
  };
  EXPECT_NE(problem(""), "none");
  EXPECT_NE(problem("{}\n"), "none");
  EXPECT_NE(problem("{\"cadre_recording\":1}\n"), "none");
  EXPECT_NE(problem("{\"cadre_recording\":1}\nx\n{}\n"), "none");
  // A run that was killed while it wrote.
  const std::string line = R"({"key":"k","request_sha256":"s","reply":{"items":[]}})";
  EXPECT_EQ(problem("{\"cadre_recording\":1}\n" + line + "\n{\"key\":"), "none");
  EXPECT_EQ(make_replay_model("/no/file").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(make_recording_model(counting(), "/no/folder/file").error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace cadre::policy
