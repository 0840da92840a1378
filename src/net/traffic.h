// The gates through which model calls go: one for each server, key and model, shared by whoever
// uses those. A call waits here instead of provoking a 429, and while the server bears no more
// calls at once. First come, first served.
//
// Thread-safe. `go` runs on the thread that lets it through: inside enter() or leave(), or on the
// client's. Each call that was let through has to leave().
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "net/rate_limits.h"

namespace cadre::net {

enum class CallEnd : std::uint8_t {
  kWell,         // an answer came, whatever it says
  kOverwhelmed,  // 429, 529, silence
  kNothing,      // cancelled, broken: it says nothing of the server's strength
};

class TrafficGate : public std::enable_shared_from_this<TrafficGate> {
 public:
  using Go = std::move_only_function<void(const SentMark&)>;
  // Runs a task after a time, on some thread; drops it when there is none left.
  using After = std::function<void(std::chrono::milliseconds, std::move_only_function<void()>)>;

  // Let through at once, when nothing stands against it.
  std::optional<SentMark> try_enter(std::int64_t tokens);
  void enter(std::int64_t tokens, Go go, const After& after);
  void leave(const SentMark& mark, CallEnd end, const After& after);
  void learn(const HttpHeaders& headers, const SentMark& mark, std::int64_t wall_us);
  // The server asked everybody to wait.
  void close_for(std::chrono::milliseconds time);
  // How long a call of so many tokens would have to wait for the limits, as far as they are known.
  std::chrono::milliseconds wait_for(std::int64_t tokens) const;

  struct Stats {
    std::size_t in_flight = 0, waiting = 0;
    std::size_t window = 0;    // 0: no limit
    std::uint64_t waited = 0;  // calls that could not go at once
    std::string limits;        // in words; "" when none are known
  };
  Stats stats() const;

 private:
  struct Waiter {
    std::int64_t tokens = 0;
    Go go;
  };
  // Lets through who may go; the caller runs them when the lock is given back.
  std::vector<std::pair<Go, SentMark>> pump(const After& after);
  void run_pump(const After& after);

  mutable std::mutex mutex_;
  RateLimits limits_;
  CallWindow window_;
  std::deque<Waiter> waiting_;
  std::size_t in_flight_ = 0;
  std::uint64_t waited_ = 0;
  std::int64_t timer_us_ = 0;  // a task will come then; 0: none
};

class Traffic {
 public:
  std::shared_ptr<TrafficGate> gate(const std::string& name);

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<TrafficGate>, std::less<>> gates_;
};

}  // namespace cadre::net
