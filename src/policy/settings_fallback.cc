#include "policy/settings_fallback.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <mutex>

#include "base/text.h"
#include "policy/owned_request.h"

namespace cadre::policy {
namespace {

using Names = std::vector<std::string>;

constexpr std::array<std::string_view, 3> kSampling{"temperature", "top_p", "top_k"};
constexpr std::array<std::string_view, 9> kRefusing{
    "not support",  "n't support", "unsupported",   "deprecated", "incompatible",
    "unrecognized", "unknown",     "not permitted", "no longer"};

bool is_set(const ModelSettings& settings, std::string_view name) {
  return (name == "temperature" && settings.temperature) || (name == "top_p" && settings.top_p) ||
         json::find(settings.extra, name) != nullptr;
}

bool is_any_set(const ModelSettings* settings) {
  return settings != nullptr && std::ranges::any_of(kSampling, [&](std::string_view name) {
           return is_set(*settings, name);
         });
}

bool names_it(std::string_view said, std::string_view name) {
  const auto goes_on = [&](std::size_t at) {
    return at < said.size() && (said[at] == '_' || (said[at] >= 'a' && said[at] <= 'z'));
  };
  for (std::size_t at = said.find(name); at != said.npos; at = said.find(name, at + 1)) {
    if ((at == 0 || !goes_on(at - 1)) && !goes_on(at + name.size())) return true;
  }
  return false;
}

// What the model does not take by these words; {} when they speak of something else, or of what is
// not set.
Names refused_by(const Error& error, const ModelSettings& settings) {
  if (error.code != ErrorCode::kInvalidInput) return {};
  const std::string said = text::lower(error.message);
  if (std::ranges::none_of(kRefusing, [&](auto word) { return said.contains(word); })) return {};
  Names named;
  for (const std::string_view name : kSampling) {
    if (is_set(settings, name) && names_it(said, name)) named.emplace_back(name);
  }
  // top_k alone is no word of every format. A model that refuses one of the others takes none, and
  // some name but the first.
  if (named.empty() || named == Names{"top_k"}) return named;
  return {kSampling.begin(), kSampling.end()};
}

// What of these was set.
Names leave_out(ModelSettings& settings, const Names& names) {
  Names left;
  for (const std::string& name : names) {
    if (!is_set(settings, name)) continue;
    left.push_back(name);
    if (name == "temperature") settings.temperature.reset();
    if (name == "top_p") settings.top_p.reset();
    if (settings.extra.is_object()) settings.extra.as_object().erase(name);
  }
  return left;
}

std::string note_of(const Names& left) {
  return fmt::format("asked without {}: the model does not take {}", text::join(left, ", "),
                     left.size() == 1 ? "it" : "them");
}

// Which model does not take what, as far as is known.
class Refusals {
 public:
  static std::string key_of(const ModelRequest& request) {
    return fmt::format("{}\n{}", request.model, request.settings->reasoning_effort);
  }
  Names of(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    const auto it = by_key_.find(key);
    return it == by_key_.end() ? Names{} : it->second;
  }
  void add(const std::string& key, const Names& names) {
    const std::lock_guard lock(mutex_);
    Names& known = by_key_[key];
    for (const std::string& name : names) {
      if (std::ranges::find(known, name) == known.end()) known.push_back(name);
    }
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Names> by_key_;
};

class Call : public std::enable_shared_from_this<Call> {
 public:
  Call(const ModelRequest& request, std::shared_ptr<Model> model,
       std::shared_ptr<Refusals> refusals, std::stop_token stop, Model::OnDelta delta,
       Model::OnDone done)
      : request_(request),
        key_(Refusals::key_of(request)),
        model_(std::move(model)),
        refusals_(std::move(refusals)),
        stop_(std::move(stop)),
        delta_(std::move(delta)),
        done_(std::move(done)) {}

  void begin() {
    left_ = leave_out(*request_.settings, refusals_->of(key_));
    ask([self = shared_from_this()](Result<ModelReply> reply) { self->ended(std::move(reply)); });
  }

 private:
  void ask(Model::OnDone done) {
    Model::OnDelta show;
    if (delta_) {
      show = [self = shared_from_this()](const ModelDelta& delta) {
        self->shown_ = true;
        self->delta_(delta);
      };
    }
    model_->start(request_.view(), stop_, std::move(show), std::move(done));
  }

  void ended(Result<ModelReply> reply) {
    if (reply || shown_ || stop_.stop_requested()) return hand_over(std::move(reply));
    Names refused = refused_by(reply.error(), *request_.settings);
    if (refused.empty()) return hand_over(std::move(reply));
    for (std::string& name : leave_out(*request_.settings, refused))
      left_.push_back(std::move(name));
    ask([self = shared_from_this(), refused = std::move(refused)](Result<ModelReply> again) {
      if (again) {
        ++again->usage.requests;
        self->refusals_->add(self->key_, refused);
      }
      self->hand_over(std::move(again));
    });
  }

  void hand_over(Result<ModelReply> reply) {
    if (reply && !left_.empty()) reply->notes.push_back(note_of(left_));
    done_(std::move(reply));
  }

  OwnedRequest request_;
  const std::string key_;
  const std::shared_ptr<Model> model_;
  const std::shared_ptr<Refusals> refusals_;
  const std::stop_token stop_;
  const Model::OnDelta delta_;
  Model::OnDone done_;
  Names left_;
  std::atomic<bool> shown_ = false;
};

class SettingsFallback final : public Model {
 public:
  explicit SettingsFallback(std::shared_ptr<Model> model) : model_(std::move(model)) {}

  std::string name() const override { return model_->name(); }
  std::shared_ptr<EventSource> events() const override { return model_->events(); }

  void start(const ModelRequest& request, std::stop_token stop, OnDelta delta,
             OnDone done) override {
    if (!is_any_set(request.settings))
      return model_->start(request, std::move(stop), std::move(delta), std::move(done));
    std::make_shared<Call>(request, model_, refusals_, std::move(stop), std::move(delta),
                           std::move(done))
        ->begin();
  }

 private:
  const std::shared_ptr<Model> model_;
  const std::shared_ptr<Refusals> refusals_ = std::make_shared<Refusals>();
};

}  // namespace

std::shared_ptr<Model> make_settings_fallback(std::shared_ptr<Model> model) {
  return std::make_shared<SettingsFallback>(std::move(model));
}

}  // namespace cadre::policy
