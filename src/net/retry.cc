#include "net/retry.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>

namespace cadre::net {
namespace {

// "1.5" with the given number of milliseconds a unit.
std::optional<std::chrono::milliseconds> duration(std::string_view text, double unit_ms) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!(value >= 0) || value > 1e9) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(value * unit_ms));
}

}  // namespace

std::optional<std::chrono::milliseconds> asked_wait(const HttpHeaders& headers,
                                                    std::int64_t now_us) {
  if (const auto ms = duration(header(headers, "retry-after-ms"), 1)) return ms;
  const std::string_view after = header(headers, "retry-after");
  if (const auto seconds = duration(after, 1000)) return seconds;
  if (after.empty()) return std::nullopt;
  const time_t date = curl_getdate(std::string(after).c_str(), nullptr);
  if (date < 0) return std::nullopt;
  const std::int64_t wait_ms = date * 1000 - now_us / 1000;
  return std::chrono::milliseconds(std::max<std::int64_t>(wait_ms, 0));
}

std::optional<bool> asked_retry(const HttpHeaders& headers) {
  const std::string_view said = header(headers, "x-should-retry");
  if (said == "true") return true;
  if (said == "false") return false;
  return std::nullopt;
}

std::chrono::milliseconds backoff(const RetryPolicy& policy, int failed, Rng& rng) {
  std::int64_t wait = policy.first_wait.count();
  for (int i = 1; i < failed && wait < policy.longest_wait.count(); ++i) wait *= 2;
  wait = std::min(wait, policy.longest_wait.count());
  if (wait <= 0) return std::chrono::milliseconds(0);
  const auto quarter = static_cast<std::uint64_t>(wait / 4) + 1;
  return std::chrono::milliseconds(wait - static_cast<std::int64_t>(rng.below(quarter)));
}

}  // namespace cadre::net
