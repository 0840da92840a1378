// For the policies' tests: one call and its outcome, temporary folders.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "cadre/testing.h"
#include "model/model.h"

namespace cadre::policy::testing {

using cadre::testing::says;
using cadre::testing::ScriptedModel;

struct Outcome {
  Result<ModelReply> reply = fail(ErrorCode::kInternal, "never ended");
  std::string deltas;
};

struct Asked {
  std::string text = "hi", key = "run/stage#1/task/turn:1", model;
  std::optional<std::int64_t> max_output{};
  bool stream = false;
};

inline std::future<Outcome> begin(Model& model, const Asked& asked, std::stop_token stop = {}) {
  auto promise = std::make_shared<std::promise<Outcome>>();
  auto outcome = std::make_shared<Outcome>();
  const std::vector<ItemPtr> items{
      std::make_shared<const Item>(MessageItem{Speaker::kUser, asked.text, "", false, Json()})};
  ModelSettings settings;
  settings.max_output_tokens = asked.max_output;
  ModelRequest request;
  request.items = items;
  request.key = asked.key;
  request.model = asked.model;
  request.settings = &settings;
  request.stream = asked.stream;
  Model::OnDelta delta;
  if (asked.stream) delta = [outcome](const ModelDelta& d) { outcome->deltas += d.text; };
  model.start(request, std::move(stop), std::move(delta),
              [promise, outcome](Result<ModelReply> reply) {
                outcome->reply = std::move(reply);
                promise->set_value(std::move(*outcome));
              });
  return promise->get_future();
}

inline Outcome ask(Model& model, const Asked& asked = {}) {
  auto future = begin(model, asked);
  if (future.wait_for(std::chrono::seconds(10)) != std::future_status::ready) return {};
  return future.get();
}

inline std::string text_of(const Outcome& outcome) {
  if (!outcome.reply) return "error: " + outcome.reply.error().describe();
  std::string text;
  for (const Item& item : outcome.reply->items) {
    if (const auto* message = std::get_if<MessageItem>(&item)) text += message->text;
  }
  return text;
}

// A model that answers by a function of how often it was asked, under a name.
class NamedModel final : public Model {
 public:
  using Answer = std::function<Result<ModelReply>(int, const ModelRequest&, const OnDelta&)>;
  NamedModel(std::string name, Answer answer)
      : name_(std::move(name)), answer_(std::move(answer)) {}
  std::string name() const override { return name_; }
  void start(const ModelRequest& request, std::stop_token, OnDelta delta, OnDone done) override {
    done(answer_(calls++, request, delta));
  }
  std::atomic<int> calls = 0;

 private:
  std::string name_;
  Answer answer_;
};

inline ModelReply counted(std::string text, std::int64_t input, std::int64_t output) {
  ModelReply reply = says(std::move(text));
  reply.usage.input_tokens = input;
  reply.usage.output_tokens = output;
  return reply;
}

struct TempDir {
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "cadre-policy-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~TempDir() {
    std::error_code error;
    std::filesystem::remove_all(path, error);
  }
  std::filesystem::path path;
};

inline std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}
inline void write_file(const std::filesystem::path& file, std::string_view text) {
  std::ofstream(file, std::ios::binary) << text;
}

}  // namespace cadre::policy::testing
