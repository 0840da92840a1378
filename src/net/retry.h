// When to try again, by the vendors' own rules. Pure.
#pragma once

#include <chrono>
#include <optional>

#include "base/clock.h"
#include "net/http_client.h"

namespace cadre::net {

// For runs that nobody watches: of hundreds of calls, one that fails stops the run. When a seventh
// of all requests fail, 3 attempts stop 3 to 7 runs of 100 (20 calls each), 6 stop none of 600
// (bench/faults). Where another model can answer, or somebody waits, 3 are enough.
inline constexpr int kUnattendedAttempts = 6;

struct RetryPolicy {
  int attempts_max = 3;  // in all
  std::chrono::milliseconds first_wait{500};     // doubled each time
  std::chrono::milliseconds longest_wait{8'000};
  std::chrono::milliseconds asked_max{60'000};   // a server that wants more is not waited for
};

// How long the server asks to wait: "retry-after-ms", "retry-after" in seconds or as a date.
std::optional<std::chrono::milliseconds> asked_wait(const HttpHeaders& headers,
                                                    std::int64_t now_us);
// "x-should-retry: true|false", which overrules what the status means.
std::optional<bool> asked_retry(const HttpHeaders& headers);
// The wait after the given number of failed attempts, less up to a quarter of it by chance.
std::chrono::milliseconds backoff(const RetryPolicy& policy, int failed, Rng& rng);

}  // namespace cadre::net
