// A model whose answers take as long as a profile says: time to first token, tokens a second read
// and written. It says nothing of sense, only so many tokens of it. Time may run faster than it
// does: everything is divided by a factor.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <queue>
#include <string>
#include <thread>
#include <vector>

#include "model/model.h"

namespace cadre::bench {

struct Latency {
  double ttft_ms = 0;
  double output_tokens_per_s = 1, input_tokens_per_s = 1;
  double cached_input_tokens_per_s = 1;  // of what the conversation's last request began with
};

struct TimedCall {
  std::string place;  // "stage#round/task"
  double seconds = 0; // by the profile
  std::int64_t input_tokens = 0, cached_tokens = 0, output_tokens = 0;
};

class ProfiledModel final : public Model {
 public:
  // Tokens that are written for an artifact, and its data with so many of them.
  struct Answer {
    std::string tool, arguments;
    std::int64_t tokens = 0;
  };
  using Script = std::function<Answer(const ModelRequest&)>;

  ProfiledModel(Latency latency, double faster, Script script);
  ~ProfiledModel() override;

  std::string name() const override { return "simulated"; }
  void start(const ModelRequest& request, std::stop_token stop, OnDelta delta,
             OnDone done) override;
  std::vector<TimedCall> calls() const;

 private:
  struct Due {
    std::chrono::steady_clock::time_point at;
    std::uint64_t order = 0;
    std::shared_ptr<OnDone> done;
    std::shared_ptr<ModelReply> reply;
    bool operator<(const Due& other) const {
      return at != other.at ? at > other.at : order > other.order;
    }
  };
  void give_back(std::stop_token stop);

  const Latency latency_;
  const double faster_;
  const Script script_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::priority_queue<Due> due_;
  std::map<std::string, std::int64_t> read_;  // of each conversation's last request
  std::vector<TimedCall> calls_;
  std::jthread thread_;
};

}  // namespace cadre::bench
