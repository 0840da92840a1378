#include "cadre/testing.h"

#include <condition_variable>
#include <queue>
#include <thread>

namespace cadre::testing {

// Answers that are due later, on one thread. A job may hold the model's last owner: then the timer
// goes away on its own thread.
class ScriptedModel::Timer {
 public:
  using Job = std::move_only_function<void()>;

  Timer() : thread_([state = state_] { serve(*state); }) {}
  ~Timer() {
    {
      const std::lock_guard lock(state_->mutex);
      state_->stopping = true;
    }
    state_->wake.notify_all();
    if (thread_.get_id() == std::this_thread::get_id()) {
      thread_.detach();
    } else {
      thread_.join();
    }
  }
  void at(std::chrono::steady_clock::time_point when, Job job) {
    {
      const std::lock_guard lock(state_->mutex);
      state_->due.push_back({when, std::move(job)});  // one delay for all: in order by itself
    }
    state_->wake.notify_one();
  }

 private:
  struct Due {
    std::chrono::steady_clock::time_point when;
    Job job;
  };
  struct State {
    std::mutex mutex;
    std::condition_variable wake;
    std::deque<Due> due;
    bool stopping = false;
  };
  static void serve(State& state) {
    std::unique_lock lock(state.mutex);
    while (!state.stopping) {
      if (state.due.empty()) {
        state.wake.wait(lock);
        continue;
      }
      const auto when = state.due.front().when;
      if (when > std::chrono::steady_clock::now()) {
        state.wake.wait_until(lock, when);
        continue;
      }
      Job job = std::move(state.due.front().job);
      state.due.pop_front();
      lock.unlock();
      job();
      job = nullptr;
      lock.lock();
    }
  }

  std::shared_ptr<State> state_ = std::make_shared<State>();
  std::thread thread_;
};

ScriptedModel::ScriptedModel(std::vector<ModelReply> replies) {
  struct Script {
    std::mutex mutex;
    std::vector<ModelReply> replies;
    std::size_t next = 0;
  };
  auto script = std::make_shared<Script>();
  script->replies = std::move(replies);
  answer_ = [script](const SeenRequest&) -> Result<ModelReply> {
    const std::lock_guard lock(script->mutex);
    if (script->next == script->replies.size())
      return fail(ErrorCode::kInvalidInput, "the script of the model has no more replies");
    return script->replies[script->next++];
  };
}

ScriptedModel::ScriptedModel(Answer answer) : answer_(std::move(answer)) {}

ScriptedModel::~ScriptedModel() = default;

void ScriptedModel::set_delay(std::chrono::milliseconds delay) {
  delay_ = delay;
  timer_ = delay.count() > 0 ? std::make_shared<Timer>() : nullptr;
}

std::vector<SeenRequest> ScriptedModel::requests() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

void ScriptedModel::start(const ModelRequest& request, std::stop_token stop, OnDelta delta,
                          OnDone done) {
  SeenRequest seen;
  seen.instructions = request.instructions;
  seen.key = request.key;
  if (keep_) {
    seen.items.assign(request.items.begin(), request.items.end());
  } else if (!request.items.empty()) {
    seen.items.push_back(request.items.back());
  }
  for (const auto& tool : request.tools) seen.tools.push_back(tool->name);
  if (request.settings != nullptr) seen.tool_choice = request.settings->tool_choice;
  if (keep_) {
    const std::lock_guard lock(mutex_);
    seen_.push_back(seen);
  }
  auto reply = answer_(seen);
  auto finish = [reply = std::move(reply), stop = std::move(stop), delta = std::move(delta),
                 done = std::move(done), stream = request.stream]() mutable {
    if (stop.stop_requested()) return done(fail(ErrorCode::kCancelled, "cancelled"));
    if (stream && delta != nullptr && reply) {
      for (const Item& item : reply->items) {
        if (const auto* message = std::get_if<MessageItem>(&item))
          delta({ModelDelta::Kind::kText, message->text, 0});
      }
    }
    done(std::move(reply));
  };
  if (timer_ == nullptr) return finish();
  timer_->at(std::chrono::steady_clock::now() + delay_, std::move(finish));
}

ModelReply says(std::string text) {
  ModelReply reply;
  MessageItem message;
  message.speaker = Speaker::kAssistant;
  message.text = std::move(text);
  reply.items.push_back(std::move(message));
  reply.finish = "stop";
  return reply;
}

ModelReply calls(std::vector<ToolCallItem> calls) {
  ModelReply reply;
  for (ToolCallItem& call : calls) reply.items.push_back(std::move(call));
  reply.finish = "tool_calls";
  return reply;
}

ModelReply calls(std::string tool, std::string arguments_json, std::string id) {
  ToolCallItem call;
  call.id = std::move(id);
  call.tool = std::move(tool);
  call.arguments = std::move(arguments_json);
  return calls(std::vector<ToolCallItem>{std::move(call)});
}

ModelReply refuses(std::string reason) {
  ModelReply reply;
  reply.refusal = std::move(reason);
  reply.finish = "refusal";
  return reply;
}

}  // namespace cadre::testing
