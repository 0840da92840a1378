#include "net/traffic.h"

#include "net/http_transfer.h"

namespace cadre::net {

using std::chrono::milliseconds;

std::vector<std::pair<TrafficGate::Go, SentMark>> TrafficGate::pump(const After& after) {
  std::vector<std::pair<Go, SentMark>> through;
  if (waiting_.empty()) return through;
  const std::int64_t now = steady_us();
  while (!waiting_.empty() && window_.has_room(in_flight_)) {
    Waiter& first = waiting_.front();
    const std::int64_t wait = limits_.wait_us(first.tokens, now);
    if (wait > 0) {
      if (timer_us_ != 0 && timer_us_ <= now + wait) break;
      timer_us_ = now + wait;
      after(milliseconds((wait + 999) / 1000), [weak = weak_from_this(), after] {
        if (const auto self = weak.lock()) {
          {
            const std::lock_guard lock(self->mutex_);
            self->timer_us_ = 0;
          }
          self->run_pump(after);
        }
      });
      break;
    }
    through.emplace_back(std::move(first.go), limits_.take(first.tokens, now));
    waiting_.pop_front();
    ++in_flight_;
  }
  return through;
}

void TrafficGate::run_pump(const After& after) {
  std::vector<std::pair<Go, SentMark>> through;
  {
    const std::lock_guard lock(mutex_);
    through = pump(after);
  }
  for (auto& [go, mark] : through) go(mark);
}

std::optional<SentMark> TrafficGate::try_enter(std::int64_t tokens) {
  const std::lock_guard lock(mutex_);
  if (!waiting_.empty() || !window_.has_room(in_flight_)) return std::nullopt;
  const std::int64_t now = steady_us();
  if (limits_.wait_us(tokens, now) > 0) return std::nullopt;
  ++in_flight_;
  return limits_.take(tokens, now);
}

void TrafficGate::enter(std::int64_t tokens, Go go, const After& after) {
  std::vector<std::pair<Go, SentMark>> through;
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({tokens, std::move(go)});
    through = pump(after);
    if (!waiting_.empty()) ++waited_;
  }
  for (auto& [each, mark] : through) each(mark);
}

void TrafficGate::leave(const SentMark& mark, CallEnd end, const After& after) {
  {
    const std::lock_guard lock(mutex_);
    if (end == CallEnd::kOverwhelmed) window_.overwhelmed(in_flight_, mark.started_us, steady_us());
    if (end == CallEnd::kWell) window_.went_well();
    if (in_flight_ > 0) --in_flight_;
  }
  run_pump(after);
}

void TrafficGate::learn(const HttpHeaders& headers, const SentMark& mark, std::int64_t wall_us) {
  const std::lock_guard lock(mutex_);
  limits_.learn(headers, mark, steady_us(), wall_us);
}

void TrafficGate::close_for(milliseconds time) {
  const std::lock_guard lock(mutex_);
  limits_.close_until(steady_us() + time.count() * 1000);
}

milliseconds TrafficGate::wait_for(std::int64_t tokens) const {
  const std::lock_guard lock(mutex_);
  return milliseconds((limits_.wait_us(tokens, steady_us()) + 999) / 1000);
}

TrafficGate::Stats TrafficGate::stats() const {
  const std::lock_guard lock(mutex_);
  return {in_flight_, waiting_.size(), window_.limit(), waited_, limits_.describe(steady_us())};
}

std::shared_ptr<TrafficGate> Traffic::gate(const std::string& name) {
  const std::lock_guard lock(mutex_);
  auto& gate = gates_[name];
  if (gate == nullptr) gate = std::make_shared<TrafficGate>();
  return gate;
}

}  // namespace cadre::net
