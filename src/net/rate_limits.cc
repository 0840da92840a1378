#include "net/rate_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <optional>

namespace cadre::net {
namespace {

constexpr double kUnlimitedAgain = 4096;
constexpr std::int64_t kMinuteUs = 60'000'000;

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= 0)) return {};
  return value;
}

// How a vendor names one of its limits. {} stands for limit, remaining, reset.
struct Names {
  const char* bucket;
  bool requests;
  std::string_view limit, remaining, reset;  // reset "": within a minute
};
constexpr Names kNames[] = {
    {"requests", true, "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests",
     "x-ratelimit-reset-requests"},
    {"tokens", false, "x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens",
     "x-ratelimit-reset-tokens"},
    {"requests", true, "anthropic-ratelimit-requests-limit",
     "anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"},
    {"tokens", false, "anthropic-ratelimit-tokens-limit", "anthropic-ratelimit-tokens-remaining",
     "anthropic-ratelimit-tokens-reset"},
    {"input-tokens", false, "anthropic-ratelimit-input-tokens-limit",
     "anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"},
    {"output-tokens", false, "anthropic-ratelimit-output-tokens-limit",
     "anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"},
    {"tokens", false, "x-ratelimit-limit-tokens-minute", "x-ratelimit-remaining-tokens-minute", ""},
    {"requests", true, "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"},
};

// When the bucket is full again, from now: a duration, a date, or seconds or milliseconds since
// 1970.
std::int64_t reset_after_us(std::string_view text, std::int64_t wall_us) {
  if (text.empty()) return kMinuteUs;
  if (const std::int64_t date = rfc3339_us(text); date >= 0)
    return std::max<std::int64_t>(date - wall_us, 0);
  if (const auto value = number(text); value && *value > 1e9) {
    const double us = *value > 1e11 ? *value * 1e3 : *value * 1e6;
    return std::max<std::int64_t>(static_cast<std::int64_t>(us) - wall_us, 0);
  }
  return duration_us(text);
}

}  // namespace

std::int64_t duration_us(std::string_view text) {
  struct Unit {
    std::string_view name;
    double us;
  };
  constexpr Unit kUnits[] = {{"ms", 1e3}, {"us", 1}, {"h", 3600e6}, {"m", 60e6}, {"s", 1e6}};
  if (const auto seconds = number(text)) return static_cast<std::int64_t>(*seconds * 1e6);
  double total = 0;
  if (text.empty()) return -1;
  while (!text.empty()) {
    const std::size_t end = text.find_first_not_of("0123456789.");
    if (end == 0 || end == std::string_view::npos) return -1;
    const auto value = number(text.substr(0, end));
    text.remove_prefix(end);
    const auto unit =
        std::ranges::find_if(kUnits, [&](const Unit& u) { return text.starts_with(u.name); });
    if (!value || unit == std::end(kUnits)) return -1;
    total += *value * unit->us;
    text.remove_prefix(unit->name.size());
  }
  return total < 9e15 ? static_cast<std::int64_t>(total) : -1;
}

std::int64_t rfc3339_us(std::string_view text) {
  // 2026-11-23T05:00:00Z, with a fraction or an offset at the end.
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':')
    return -1;
  const auto part = [&](std::size_t at, std::size_t length) {
    int value = -1;
    const char* begin = text.data() + at;
    const auto [end, error] = std::from_chars(begin, begin + length, value);
    return error == std::errc() && end == begin + length ? value : -1;
  };
  const std::array<int, 6> f{part(0, 4),  part(5, 2),  part(8, 2),
                             part(11, 2), part(14, 2), part(17, 2)};
  if (std::ranges::any_of(f, [](int value) { return value < 0; })) return -1;
  const std::chrono::year_month_day day{std::chrono::year(f[0]),
                                        std::chrono::month(static_cast<unsigned>(f[1])),
                                        std::chrono::day(static_cast<unsigned>(f[2]))};
  if (!day.ok()) return -1;
  std::int64_t seconds = std::chrono::sys_days(day).time_since_epoch().count() * 86400LL +
                         f[3] * 3600 + f[4] * 60 + f[5];
  const std::size_t zone = text.find_first_of("Z+-", 19);
  if (zone == std::string_view::npos) return -1;
  if (text[zone] != 'Z' && text.size() >= zone + 6) {
    const int offset = part(zone + 1, 2) * 3600 + part(zone + 4, 2) * 60;
    seconds += text[zone] == '+' ? -offset : offset;
  }
  return seconds * 1'000'000;
}

double RateLimits::Bucket::level_at(std::int64_t now_us) const {
  if (now_us >= full_us) return limit;
  return std::min(limit, level + per_us * static_cast<double>(now_us - at_us));
}

// A call that is larger than the whole bucket goes when that is full.
double RateLimits::Bucket::need(std::int64_t tokens) const {
  return counts_requests ? 1.0 : std::min(static_cast<double>(tokens), limit);
}

std::int64_t RateLimits::wait_us(std::int64_t tokens, std::int64_t now_us) const {
  std::int64_t wait = std::max<std::int64_t>(closed_until_us_ - now_us, 0);
  for (const Bucket& bucket : buckets_) {
    const double missing = bucket.need(tokens) - bucket.level_at(now_us);
    if (missing <= 0) continue;
    const std::int64_t until_full = bucket.full_us - now_us;
    const double us = bucket.per_us > 0 ? std::ceil(missing / bucket.per_us) : 9e18;
    wait = std::max(
        wait, us < static_cast<double>(until_full) ? static_cast<std::int64_t>(us) : until_full);
  }
  return wait;
}

SentMark RateLimits::take(std::int64_t tokens, std::int64_t now_us) {
  ++requests_sent_;
  tokens_sent_ += tokens;
  for (Bucket& bucket : buckets_) {
    bucket.level = bucket.level_at(now_us) - bucket.need(tokens);
    bucket.at_us = now_us;
    // It takes longer now until it is full.
    if (bucket.per_us > 0) {
      bucket.full_us = now_us + static_cast<std::int64_t>(
                                    std::min((bucket.limit - bucket.level) / bucket.per_us, 9e15));
    }
  }
  return {requests_sent_, tokens_sent_, now_us};
}

RateLimits::Bucket& RateLimits::bucket(const std::string& name) {
  for (Bucket& one : buckets_) {
    if (one.name == name) return one;
  }
  buckets_.push_back({});
  buckets_.back().name = name;
  return buckets_.back();
}

void RateLimits::learn(const HttpHeaders& headers, const SentMark& mark, std::int64_t now_us,
                       std::int64_t wall_us) {
  bool any = false;
  for (const auto& [name, value] : headers) any = any || name.find("ratelimit") != name.npos;
  if (!any) return;
  for (const Names& names : kNames) {
    const auto limit = number(header(headers, names.limit));
    const auto remaining = number(header(headers, names.remaining));
    if (!limit || !remaining || *limit <= 0) continue;
    const std::int64_t after = reset_after_us(
        names.reset.empty() ? std::string_view() : header(headers, names.reset), wall_us);
    if (after < 0) continue;
    Bucket& to = bucket(names.bucket);
    to.counts_requests = names.requests;
    to.limit = *limit;
    // What was sent after this call, the server had not seen.
    const std::int64_t unseen =
        names.requests ? requests_sent_ - mark.requests : tokens_sent_ - mark.tokens;
    to.level = std::min(*remaining, *limit) - static_cast<double>(unseen);
    to.at_us = now_us;
    to.full_us = now_us + after;
    const double gone = *limit - *remaining;
    to.per_us = after > 0 && gone > 0 ? gone / static_cast<double>(after)
                                      : *limit / static_cast<double>(kMinuteUs);
  }
}

std::string RateLimits::describe(std::int64_t now_us) const {
  std::string out;
  for (const Bucket& bucket : buckets_) {
    out += fmt::format("{}{} {:.0f} of {:.0f}", out.empty() ? "" : ", ", bucket.name,
                       std::max(bucket.level_at(now_us), 0.0), bucket.limit);
  }
  return out;
}

void CallWindow::overwhelmed(std::size_t in_flight, std::int64_t started_us, std::int64_t now_us) {
  if (started_us <= cut_us_) return;
  cut_us_ = now_us;
  const double there = std::min(limit_, static_cast<double>(std::max<std::size_t>(in_flight, 1)));
  limit_ = std::max(1.0, std::floor(there / 2));
}

void CallWindow::went_well() {
  if (!std::isfinite(limit_)) return;
  limit_ += 1 / limit_;
  if (limit_ > kUnlimitedAgain) limit_ = std::numeric_limits<double>::infinity();
}

std::size_t CallWindow::limit() const {
  return std::isfinite(limit_) ? static_cast<std::size_t>(limit_) : 0;
}

}  // namespace cadre::net
