// What a server says of its limits, as buckets that fill again, and how many calls it bears at
// once.
//
// Vendors tell with each reply how many requests and tokens are left and when all will be there
// again; between replies the buckets are reckoned on: what was sent since is taken off, what time
// gives is put in. Pure: the caller says what time it is. Belongs to one thread.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "net/http_client.h"

namespace cadre::net {

// What was sent up to and including one call: what a reply's headers already know of.
struct SentMark {
  std::int64_t requests = 0, tokens = 0;
  std::int64_t started_us = 0;
};

class RateLimits {
 public:
  // How long a call of so many tokens had better wait; 0: go.
  std::int64_t wait_us(std::int64_t tokens, std::int64_t now_us) const;
  // The call is sent.
  SentMark take(std::int64_t tokens, std::int64_t now_us);
  // The headers of the reply to the call. `wall_us` is the calendar's time, for dates in them.
  void learn(const HttpHeaders& headers, const SentMark& mark, std::int64_t now_us,
             std::int64_t wall_us);
  // The server asked for silence.
  void close_until(std::int64_t at_us) { closed_until_us_ = std::max(closed_until_us_, at_us); }
  // "requests 58 of 60, tokens 149000 of 150000"; "" while nothing is known.
  std::string describe(std::int64_t now_us) const;

 private:
  struct Bucket {
    std::string name;  // "requests", "tokens", "input-tokens"
    bool counts_requests = false;
    double limit = 0, level = 0, per_us = 0;
    std::int64_t at_us = 0, full_us = 0;
    double level_at(std::int64_t now_us) const;
    double need(std::int64_t tokens) const;
  };
  Bucket& bucket(const std::string& name);

  std::vector<Bucket> buckets_;
  std::int64_t requests_sent_ = 0, tokens_sent_ = 0;
  std::int64_t closed_until_us_ = 0;
};

// How many calls at once: no limit until the server is overwhelmed; then half of what was under
// way, and one more for each round of calls that go well.
class CallWindow {
 public:
  bool has_room(std::size_t in_flight) const { return static_cast<double>(in_flight) < limit_; }
  // A 429, a 529 or silence, of a call that began at `started_us`. Calls that were under way
  // together count once.
  void overwhelmed(std::size_t in_flight, std::int64_t started_us, std::int64_t now_us);
  void went_well();
  // 0: no limit.
  std::size_t limit() const;

 private:
  double limit_ = std::numeric_limits<double>::infinity();
  std::int64_t cut_us_ = -1;
};

// "1s", "6m0s", "1h2m", "20ms", "0.5" (seconds); negative when it is none of them.
std::int64_t duration_us(std::string_view text);
// "2026-11-23T05:00:00Z" as microseconds since 1970; negative when it is no date.
std::int64_t rfc3339_us(std::string_view text);

}  // namespace cadre::net
