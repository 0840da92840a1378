// A test kit for agents: a model that follows a script. The fake clock is in cadre/clock.h, the
// store in memory in cadre/store.h, the session in memory in cadre/session.h.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "model/model.h"

namespace cadre::testing {

// What was asked, kept for the test.
struct SeenRequest {
  std::string instructions;
  std::vector<ItemPtr> items;
  std::vector<std::string> tools;
  ToolChoice tool_choice;
  std::string key;
};

// Answers by a script: reply after reply, or a function of the request. Named "scripted" wherever
// it shows. Thread-safe; replies come after `delay`, from a timer's thread, or at once.
class ScriptedModel final : public Model {
 public:
  using Answer = std::function<Result<ModelReply>(const SeenRequest&)>;

  // The replies in order; after the last the call fails with kInvalidInput.
  explicit ScriptedModel(std::vector<ModelReply> replies);
  explicit ScriptedModel(Answer answer);
  ~ScriptedModel() override;

  std::string name() const override { return "scripted"; }
  void start(const ModelRequest& request, std::stop_token stop, OnDelta delta,
             OnDone done) override;

  // Before the first call only.
  void set_delay(std::chrono::milliseconds delay);
  // Whether requests are kept; on by default, off for measuring.
  void keep_requests(bool keep) { keep_ = keep; }
  std::vector<SeenRequest> requests() const;

 private:
  class Timer;
  Answer answer_;
  bool keep_ = true;
  mutable std::mutex mutex_;
  std::vector<SeenRequest> seen_;
  std::chrono::milliseconds delay_{0};
  std::shared_ptr<Timer> timer_;
};

// Replies for scripts.
ModelReply says(std::string text);
ModelReply calls(std::string tool, std::string arguments_json, std::string id = {});
ModelReply calls(std::vector<ToolCallItem> calls);
ModelReply refuses(std::string reason);

}  // namespace cadre::testing
