#include "policy/budgeted_model.h"

#include <fmt/format.h>

#include <atomic>

#include "policy/owned_request.h"

namespace cadre::policy {
namespace {

constexpr const char* kLastTurn =
    "The budget of this run is nearly used up: this is your last turn. Hand in now what you have, "
    "whole and as good as it is; what is missing, say in a sentence.";

// "run/stage#1/task/turn:3" and "run/frame:3" are turns of one conversation.
std::string conversation_of(std::string_view key) {
  return std::string(key.substr(0, key.rfind(':')));
}

class BudgetedModel final : public Model {
 public:
  BudgetedModel(std::shared_ptr<Model> model, BudgetedOptions options)
      : model_(std::move(model)), options_(std::move(options)) {}

  std::string name() const override { return model_->name(); }
  std::shared_ptr<EventSource> events() const override { return model_->events(); }

  void start(const ModelRequest& request, std::stop_token stop, OnDelta delta,
             OnDone done) override {
    const Price* price = nullptr;
    if (options_.prices != nullptr) {
      price = options_.prices->find(options_.provider, request.model.empty()
                                                           ? std::string_view(options_.model)
                                                           : request.model);
    }
    if (options_.spending == nullptr || !options_.spending->limited()) {
      return model_->start(
          request, std::move(stop), std::move(delta),
          [price, prices = options_.prices, spending = options_.spending, lost = options_.lost,
           key = std::string(request.key),
           done = std::move(done)](Result<ModelReply> reply) mutable {
            settle(reply, spending.get(), {}, price, lost.get(), key);
            done(std::move(reply));
          });
    }
    auto call = std::make_shared<Call>(request, model_, options_.spending, price);
    call->begin(options_, std::move(stop), std::move(delta), std::move(done));
  }

 private:
  static void put_cost(ModelReply& reply, const Price* price) {
    if (reply.usage.cost_usd || price == nullptr) return;  // some say it themselves
    reply.usage.cost_usd = cost_of(*price, reply.usage);
  }

  static BudgetUse use_of(const Usage& took, const Price* price) {
    BudgetUse use;
    use.tokens = took.input_tokens.value_or(0) + took.output_tokens.value_or(0);
    if (price != nullptr) use.money = cost_of(*price, took).value_or(0);
    return use;
  }

  static void settle(Result<ModelReply>& reply, Spending* spending, const BudgetUse& reserved,
                     const Price* price, net::LostUsage* lost, const std::string& key) {
    if (reply) {
      put_cost(*reply, price);
      if (spending == nullptr) return;
      spending->count_uncounted(reply->usage.uncounted);
      return spending->settle(reserved, use_of(reply, reserved), is_priced(reply));
    }
    BudgetUse use = use_of(reply, reserved);
    bool priced = true;
    auto took = lost == nullptr ? std::nullopt : lost->take(key);
    if (took) {
      if (price != nullptr) took->cost_usd = cost_of(*price, *took);
      const BudgetUse more = use_of(*took, price);
      use.tokens = more.tokens;
      use.money = more.money;
      priced = use.tokens == 0 || took->cost_usd.has_value();
      if (spending != nullptr) spending->count_uncounted(took->uncounted);
      lost->put(key, *took);
    }
    if (spending != nullptr) spending->settle(reserved, use, priced);
  }

  static bool is_priced(const Result<ModelReply>& reply) {
    return !reply || reply->usage.cost_usd.has_value();
  }

  // What was not counted is taken as it was reserved: never as nothing.
  static BudgetUse use_of(const Result<ModelReply>& reply, const BudgetUse& reserved) {
    BudgetUse use{.model_calls = 1};
    if (!reply) return use;
    const Usage& usage = reply->usage;
    use.tokens = usage.input_tokens && usage.output_tokens
                     ? *usage.input_tokens + *usage.output_tokens
                     : reserved.tokens;
    use.money = usage.cost_usd.value_or(reserved.money);
    return use;
  }

  // One call that may have to wait for its turn.
  struct Call : std::enable_shared_from_this<Call> {
    Call(const ModelRequest& asked, std::shared_ptr<Model> to, std::shared_ptr<Spending> from,
         const Price* known)
        : request(asked), model(std::move(to)), spending(std::move(from)), price(known) {}

    void begin(const BudgetedOptions& options, std::stop_token token, OnDelta on_delta,
               OnDone on_done) {
      prices = options.prices;
      untouched = options.request_untouched;
      lost = options.lost;
      delta = std::move(on_delta);
      done = std::move(on_done);
      stop = token;
      SpendingAsk ask;
      ask.conversation = conversation_of(request.key);
      ask.input_tokens = rough_input_tokens(request.view());
      ask.output_tokens = options.output_tokens;
      if (request.settings && request.settings->max_output_tokens)
        ask.output_tokens = *request.settings->max_output_tokens;
      ask.price = price;
      const std::uint64_t id =
          spending->ask(std::move(ask), [self = shared_from_this()](auto grant) {
            self->decided = true;
            self->go(std::move(grant));
          });
      if (decided || !stop.stop_possible()) return;
      // It waits: whoever is first, the grant or the wish to stop, ends that.
      on_stop.emplace(stop, [weak = weak_from_this(), id] {
        const auto self = weak.lock();
        if (self == nullptr || !self->spending->withdraw(id)) return;
        if (auto finished = std::exchange(self->done, nullptr))
          finished(fail(ErrorCode::kCancelled, "the model call was cancelled"));
      });
    }

    void go(Result<SpendingGrant> grant) {
      auto finished = std::exchange(done, nullptr);
      if (!finished) return;
      if (!grant) return finished(propagate(grant));
      std::vector<std::string> notes;
      if (grant->last_turn && !untouched) {
        request.say(MessageItem{Speaker::kUser, kLastTurn, "", false, Json()});
        notes.push_back("the budget is nearly used up: a last turn");
      }
      const BudgetLimits& limits = spending->limits().budget;
      if ((limits.tokens || limits.money) && !untouched) {
        if (!request.settings) request.settings.emplace();
        request.settings->max_output_tokens = grant->output_tokens;
        if (grant->shortened)
          notes.push_back(
              fmt::format("the budget allows an answer of {} tokens", grant->output_tokens));
      }
      // On the thread of the calls, one after the other.
      auto reserved = std::make_shared<BudgetUse>(grant->reserved);
      if (lost != nullptr) {
        lost->watch(request.key, [spending = spending, price = price, prices = prices,
                                  reserved](const Usage& took) {
          const BudgetUse more = use_of(took, price);
          if (!spending->take_more(more)) return false;
          reserved->tokens += more.tokens;
          reserved->money += more.money;
          return true;
        });
      }
      model->start(request.view(), stop, std::move(delta),
                   [spending = spending, price = price, prices = prices, reserved, lost = lost,
                    key = request.key, notes = std::move(notes),
                    finished = std::move(finished)](Result<ModelReply> reply) mutable {
                     if (lost != nullptr) lost->unwatch(key);
                     if (reply)
                       reply->notes.insert(reply->notes.end(), notes.begin(), notes.end());
                     settle(reply, spending.get(), *reserved, price, lost.get(), key);
                     finished(std::move(reply));
                   });
    }

    OwnedRequest request;
    std::shared_ptr<Model> model;
    std::shared_ptr<Spending> spending;
    const Price* price;
    std::shared_ptr<const PriceTable> prices;  // keeps `price`
    std::shared_ptr<net::LostUsage> lost;
    bool untouched = false;
    OnDelta delta;
    OnDone done;
    std::stop_token stop;
    std::atomic<bool> decided = false;
    std::optional<std::stop_callback<std::function<void()>>> on_stop;
  };

  const std::shared_ptr<Model> model_;
  const BudgetedOptions options_;
};

}  // namespace

std::shared_ptr<Model> make_budgeted_model(std::shared_ptr<Model> model, BudgetedOptions options) {
  return std::make_shared<BudgetedModel>(std::move(model), std::move(options));
}

}  // namespace cadre::policy
