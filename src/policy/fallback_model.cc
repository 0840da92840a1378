#include "policy/fallback_model.h"

#include <fmt/format.h>

#include <atomic>
#include <mutex>

#include "base/text.h"
#include "policy/owned_request.h"

namespace cadre::policy {
namespace {

using TimePoint = std::chrono::steady_clock::time_point;
constexpr std::size_t kWhyBytes = 200;

struct Candidate {
  std::shared_ptr<Model> model;
  TimePoint out_until{};  // not asked before; TimePoint::max(): not at all
};

struct Chain {
  std::mutex mutex;
  std::vector<Candidate> candidates;
  FallbackOptions options;

  // Which to ask, in order: those that are out come last, so that somebody is asked in any case.
  std::vector<std::size_t> order() {
    const std::lock_guard lock(mutex);
    const TimePoint now = options.clock();
    std::vector<std::size_t> in, out;
    for (std::size_t i = 0; i < candidates.size(); ++i)
      (candidates[i].out_until <= now ? in : out).push_back(i);
    return in.empty() ? out : in;
  }

  void failed(std::size_t index, ErrorCode code) {
    const bool for_good = code == ErrorCode::kDenied || code == ErrorCode::kNotFound;
    const bool for_now = code == ErrorCode::kUnavailable || code == ErrorCode::kCorrupt;
    if (!for_good && !for_now) return;
    const std::lock_guard lock(mutex);
    candidates[index].out_until = for_good ? TimePoint::max() : options.clock() + options.pause;
  }
};

// Of another model: its money is counted by its own price, which has to be known.
void add_lost(Usage& usage, const Usage& took) {
  if (usage.input_tokens) *usage.input_tokens += took.input_tokens.value_or(0);
  if (usage.output_tokens) *usage.output_tokens += took.output_tokens.value_or(0);
  if (usage.cost_usd && took.cost_usd) {
    *usage.cost_usd += *took.cost_usd;
  } else if (took.input_tokens.value_or(0) + took.output_tokens.value_or(0) > 0) {
    usage.cost_usd.reset();
  }
  usage.uncounted += took.uncounted;
}

class Call : public std::enable_shared_from_this<Call> {
 public:
  Call(const ModelRequest& request, std::shared_ptr<Chain> chain, std::stop_token stop,
       Model::OnDelta delta, Model::OnDone done)
      : request_(request),
        chain_(std::move(chain)),
        order_(chain_->order()),
        stop_(std::move(stop)),
        delta_(std::move(delta)),
        done_(std::move(done)) {}

  void next() {
    const std::size_t index = order_[at_];
    const std::shared_ptr<Model> model = chain_->candidates[index].model;
    ModelRequest request = request_.view();
    if (index > 0) request.model = {};  // a name of the first one's vendor
    Model::OnDelta show;
    if (delta_) {
      show = [self = shared_from_this()](const ModelDelta& delta) {
        self->shown_ = true;
        self->delta_(delta);
      };
    }
    model->start(request, stop_, std::move(show),
                 [self = shared_from_this(), index](Result<ModelReply> reply) {
                   self->ended(index, std::move(reply));
                 });
  }

 private:
  void ended(std::size_t index, Result<ModelReply> reply) {
    const std::string name = chain_->candidates[index].model->name();
    if (reply) {
      reply->usage.answered_by = name;
      reply->usage.requests += failed_requests_;
      for (const Usage& took : lost_) add_lost(reply->usage, took);
      if (!why_.empty())
        reply->notes.push_back(fmt::format("{} answered: {}", name, text::join(why_, "; ")));
      return done_(std::move(reply));
    }
    const Error& error = reply.error();
    if (chain_->options.lost != nullptr) {
      if (auto took = chain_->options.lost->take(std::string(request_.view().key)))
        lost_.push_back(std::move(*took));
    }
    if (may_fall_over(error.code)) chain_->failed(index, error.code);
    why_.push_back(fmt::format("{} did not ({})", name, text::shorten(error.message, kWhyBytes)));
    const bool more = at_ + 1 < order_.size();
    if (more && !shown_ && may_fall_over(error.code) && !stop_.stop_requested()) {
      ++at_;
      ++failed_requests_;
      return next();
    }
    if (why_.size() == 1) return done_(std::move(reply));
    return done_(
        fail(error.code, "no model of the chain answered: " + text::join(why_, "; "), error.hint));
  }

  const OwnedRequest request_;
  const std::shared_ptr<Chain> chain_;
  const std::vector<std::size_t> order_;
  const std::stop_token stop_;
  const Model::OnDelta delta_;
  Model::OnDone done_;
  std::size_t at_ = 0;  // in order_
  int failed_requests_ = 0;
  std::vector<Usage> lost_;
  std::vector<std::string> why_;
  std::atomic<bool> shown_ = false;
};

class FallbackModel final : public Model {
 public:
  FallbackModel(std::vector<std::shared_ptr<Model>> models, FallbackOptions options)
      : chain_(std::make_shared<Chain>()) {
    if (!options.clock) options.clock = [] { return std::chrono::steady_clock::now(); };
    chain_->options = std::move(options);
    for (auto& model : models) {
      name_ += (name_.empty() ? "" : ",") + model->name();
      chain_->candidates.push_back({std::move(model), {}});
    }
  }

  std::string name() const override { return name_; }
  std::shared_ptr<EventSource> events() const override {
    return chain_->candidates.empty() ? nullptr : chain_->candidates.front().model->events();
  }

  void start(const ModelRequest& request, std::stop_token stop, OnDelta delta,
             OnDone done) override {
    std::make_shared<Call>(request, chain_, std::move(stop), std::move(delta), std::move(done))
        ->next();
  }

 private:
  std::string name_;
  std::shared_ptr<Chain> chain_;
};

}  // namespace

bool may_fall_over(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUnavailable:
    case ErrorCode::kCorrupt:
    case ErrorCode::kNotFound:
    case ErrorCode::kDenied:
    case ErrorCode::kExhausted: return true;
    default: return false;
  }
}

std::shared_ptr<Model> make_fallback_model(std::vector<std::shared_ptr<Model>> models,
                                           FallbackOptions options) {
  return std::make_shared<FallbackModel>(std::move(models), std::move(options));
}

}  // namespace cadre::policy
