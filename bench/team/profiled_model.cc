#include "team/profiled_model.h"

#include <fmt/format.h>

namespace cadre::bench {
namespace {

constexpr std::size_t kBytesPerToken = 4;

// Of instructions and conversation; the tools' schemas are not counted.
std::int64_t tokens_of(const ModelRequest& request) {
  std::size_t bytes = request.instructions.size();
  for (const ItemPtr& item : request.items) {
    if (const auto* message = std::get_if<MessageItem>(item.get())) bytes += message->text.size();
    if (const auto* call = std::get_if<ToolCallItem>(item.get())) bytes += call->arguments.size();
    if (const auto* result = std::get_if<ToolResultItem>(item.get()))
      bytes += result->output.size();
  }
  return static_cast<std::int64_t>(bytes / kBytesPerToken);
}

}  // namespace

ProfiledModel::ProfiledModel(Latency latency, double faster, Script script)
    : latency_(latency), faster_(faster), script_(std::move(script)),
      thread_([this](std::stop_token stop) { give_back(std::move(stop)); }) {}

ProfiledModel::~ProfiledModel() {
  thread_.request_stop();
  changed_.notify_all();
}

void ProfiledModel::start(const ModelRequest& request, std::stop_token, OnDelta, OnDone done) {
  const auto begun = std::chrono::steady_clock::now();
  Answer answer = script_(request);
  const std::string place(request.key.substr(request.key.find('/') + 1));
  TimedCall call;
  call.place = place.substr(0, place.rfind("/turn:"));
  call.input_tokens = tokens_of(request);
  call.output_tokens = answer.tokens;
  auto reply = std::make_shared<ModelReply>();
  reply->items.emplace_back(ToolCallItem{"", answer.tool, std::move(answer.arguments), Json()});
  reply->finish = "tool_calls";

  const std::lock_guard lock(mutex_);
  std::int64_t& before = read_[call.place];
  call.cached_tokens = std::min(before, call.input_tokens);
  before = call.input_tokens;
  call.seconds = latency_.ttft_ms / 1000 +
                 static_cast<double>(call.input_tokens - call.cached_tokens) /
                     latency_.input_tokens_per_s +
                 static_cast<double>(call.cached_tokens) / latency_.cached_input_tokens_per_s +
                 static_cast<double>(call.output_tokens) / latency_.output_tokens_per_s;
  reply->usage.input_tokens = call.input_tokens;
  reply->usage.output_tokens = call.output_tokens;
  reply->usage.cached_tokens = call.cached_tokens;
  const std::chrono::duration<double> wait(call.seconds / faster_);
  due_.push({begun + std::chrono::duration_cast<std::chrono::steady_clock::duration>(wait),
             calls_.size(), std::make_shared<OnDone>(std::move(done)), std::move(reply)});
  calls_.push_back(std::move(call));
  changed_.notify_all();
}

void ProfiledModel::give_back(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (due_.empty()) {
      changed_.wait(lock, stop, [this] { return !due_.empty(); });
      continue;
    }
    const auto at = due_.top().at;
    if (std::chrono::steady_clock::now() < at) {
      changed_.wait_until(lock, stop, at, [this, at] { return due_.top().at < at; });
      continue;
    }
    const Due due = due_.top();
    due_.pop();
    lock.unlock();
    (*due.done)(std::move(*due.reply));
    lock.lock();
  }
}

std::vector<TimedCall> ProfiledModel::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

}  // namespace cadre::bench
