// Limits learnt from headers, and how many calls at once. Time is an argument here, so that
// nothing waits.
#include "net/traffic.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "net/lines.h"

namespace cadre::net {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kWall = 1'767'225'600'000'000;  // 2026-01-01T00:00:00Z

TEST(RateLimits, ReadsTimes) {
  EXPECT_EQ(duration_us("1s"), kSecond);
  EXPECT_EQ(duration_us("6m0s"), 360 * kSecond);
  EXPECT_EQ(duration_us("1h2m3.5s"), 3'723'500'000);
  EXPECT_EQ(duration_us("20ms"), 20'000);
  EXPECT_EQ(duration_us("0.5"), 500'000);
  for (const char* bad : {"", "s", "5x", "-1s", "1s2", "soon"})
    EXPECT_LT(duration_us(bad), 0) << bad;
  EXPECT_EQ(rfc3339_us("2026-01-01T00:00:05Z"), kWall + 5 * kSecond);
  EXPECT_EQ(rfc3339_us("2026-01-01T01:00:05.25+01:00"), kWall + 5 * kSecond);
  for (const char* bad : {"", "2026-01-01", "2026-13-01T00:00:00Z", "yyyy-01-01T00:00:00Z"})
    EXPECT_LT(rfc3339_us(bad), 0) << bad;
}

TEST(RateLimits, NothingKnownNothingWaits) {
  RateLimits limits;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(limits.wait_us(1'000'000, 0), 0);
    limits.take(1'000'000, 0);
  }
  EXPECT_EQ(limits.describe(0), "");
}

TEST(RateLimits, WaitsAsLongAsTheBucketNeeds) {
  RateLimits limits;
  const SentMark mark = limits.take(100, 0);
  // 60 requests a minute, 1 left, all there in 59 s: one comes back each second.
  limits.learn({{"x-ratelimit-limit-requests", "60"},
                {"x-ratelimit-remaining-requests", "1"},
                {"x-ratelimit-reset-requests", "59s"}},
               mark, 0, kWall);
  EXPECT_EQ(limits.wait_us(1, 0), 0);
  limits.take(1, 0);
  EXPECT_NEAR(static_cast<double>(limits.wait_us(1, 0)), 1e6, 2);
  EXPECT_NEAR(static_cast<double>(limits.wait_us(1, kSecond / 2)), 5e5, 2);
  EXPECT_EQ(limits.wait_us(1, kSecond + 10), 0);
  EXPECT_EQ(limits.describe(kSecond * 120), "requests 60 of 60");
}

TEST(RateLimits, TokensOfCallsThatTheServerHadNotSeenAreTakenOff) {
  RateLimits limits;
  const SentMark first = limits.take(1000, 0);
  limits.take(4000, 0);  // sent after the first, before its reply
  limits.learn({{"anthropic-ratelimit-tokens-limit", "10000"},
                {"anthropic-ratelimit-tokens-remaining", "9000"},
                {"anthropic-ratelimit-tokens-reset", "2026-01-01T00:00:06Z"}},
               first, 0, kWall);
  // 9000 - 4000 = 5000 are left.
  EXPECT_EQ(limits.wait_us(5000, 0), 0);
  EXPECT_GT(limits.wait_us(5001, 0), 0);
  // What is larger than the whole limit goes when that is full; never is no answer.
  EXPECT_LE(limits.wait_us(1'000'000, 0), 60 * kSecond);
  EXPECT_EQ(limits.wait_us(1'000'000, 60 * kSecond), 0);
}

TEST(RateLimits, HeadersThatMeanNothingChangeNothing) {
  RateLimits limits;
  const SentMark mark = limits.take(1, 0);
  limits.learn({{"x-ratelimit-limit-requests", "many"},
                {"x-ratelimit-remaining-requests", "0"},
                {"x-ratelimit-limit-tokens", "100"},
                {"x-ratelimit-remaining-tokens", "0"},
                {"x-ratelimit-reset-tokens", "whenever"}},
               mark, 0, kWall);
  EXPECT_EQ(limits.wait_us(1000, 0), 0);
}

TEST(RateLimits, AServerThatAskedForSilenceGetsIt) {
  RateLimits limits;
  limits.close_until(3 * kSecond);
  limits.close_until(kSecond);
  EXPECT_EQ(limits.wait_us(1, 0), 3 * kSecond);
  EXPECT_EQ(limits.wait_us(1, 3 * kSecond), 0);
}

TEST(CallWindow, HalvesOnOverloadAndGrowsBack) {
  CallWindow window;
  EXPECT_TRUE(window.has_room(1'000'000));
  window.overwhelmed(40, 10, 100);
  EXPECT_EQ(window.limit(), 20U);
  window.overwhelmed(40, 50, 110);  // was under way together with the first
  EXPECT_EQ(window.limit(), 20U);
  window.overwhelmed(20, 120, 200);
  EXPECT_EQ(window.limit(), 10U);
  EXPECT_FALSE(window.has_room(10));
  for (int i = 0; i < 11; ++i) window.went_well();
  EXPECT_EQ(window.limit(), 11U);
  for (std::int64_t t = 300; t < 1000; t += 10) window.overwhelmed(1, t, t + 1);
  EXPECT_EQ(window.limit(), 1U);
  EXPECT_TRUE(window.has_room(0));
}

struct Bench {
  std::shared_ptr<TrafficGate> gate = std::make_shared<TrafficGate>();
  std::vector<std::move_only_function<void()>> tasks;
  TrafficGate::After after = [this](std::chrono::milliseconds, std::move_only_function<void()> t) {
    tasks.push_back(std::move(t));
  };
  std::vector<int> went;
  std::vector<SentMark> marks;
  void ask(int n, std::int64_t tokens = 1) {
    gate->enter(
        tokens,
        [this, n](const SentMark& mark) {
          went.push_back(n);
          marks.push_back(mark);
        },
        after);
  }
};

TEST(TrafficGate, FirstComeFirstServedWithinTheWindow) {
  Bench bench;
  for (int i = 0; i < 4; ++i) bench.ask(i);
  EXPECT_EQ(bench.went.size(), 4U);
  bench.gate->leave(bench.marks[0], CallEnd::kOverwhelmed, bench.after);  // window: 2
  EXPECT_EQ(bench.gate->stats().window, 2U);
  EXPECT_EQ(bench.gate->stats().in_flight, 3U);
  for (int i = 4; i < 7; ++i) bench.ask(i);
  EXPECT_EQ(bench.went.size(), 4U);
  EXPECT_EQ(bench.gate->try_enter(1), std::nullopt);
  bench.gate->leave(bench.marks[1], CallEnd::kNothing, bench.after);
  EXPECT_EQ(bench.went.size(), 4U);
  bench.gate->leave(bench.marks[2], CallEnd::kNothing, bench.after);
  EXPECT_EQ(bench.went, (std::vector{0, 1, 2, 3, 4}));
  EXPECT_EQ(bench.gate->stats().waiting, 2U);
  EXPECT_EQ(bench.gate->stats().waited, 3U);
}

TEST(TrafficGate, WaitsForTheLimitByOneTimer) {
  Bench bench;
  bench.gate->close_for(std::chrono::milliseconds(30));
  for (int i = 0; i < 3; ++i) bench.ask(i);
  EXPECT_TRUE(bench.went.empty());
  ASSERT_EQ(bench.tasks.size(), 1U);
  EXPECT_GT(bench.gate->wait_for(1).count(), 0);
  while (bench.gate->wait_for(1).count() > 0) {
  }
  bench.tasks[0]();
  EXPECT_EQ(bench.went, (std::vector{0, 1, 2}));
}

// What the gate costs a call that may go at once.
TEST(TrafficGate, ACallThatMayGoCostsLessThanAMicrosecondOrTwo) {
  Bench bench;
  const HttpHeaders headers{{"content-type", "application/json"},
                            {"x-ratelimit-limit-requests", "1000000000"},
                            {"x-ratelimit-remaining-requests", "999999999"},
                            {"x-ratelimit-reset-requests", "1s"}};
  constexpr int kCalls = 20'000;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kCalls; ++i) {
    const auto mark = bench.gate->try_enter(1000);
    ASSERT_TRUE(mark);
    bench.gate->learn(headers, *mark, kWall);
    bench.gate->leave(*mark, CallEnd::kWell, bench.after);
  }
  const double us =
      std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
  fmt::print("{:.2f} us a call, with the headers of its reply\n", us / kCalls);
  EXPECT_LT(us / kCalls, 100.0);  // a busy machine's share
}

TEST(TrafficGate, OneGateForOneName) {
  Traffic traffic;
  EXPECT_EQ(traffic.gate("a"), traffic.gate("a"));
  EXPECT_NE(traffic.gate("a"), traffic.gate("b"));
}

TEST(Lines, HoweverTheStreamIsCut) {
  const std::string stream = "one\r\n\ntwo\nthree";
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    std::string seen;
    LineSplitter lines([&](std::string_view line) { seen += fmt::format("[{}]", line); });
    for (std::size_t at = 0; at < stream.size(); at += piece)
      ASSERT_TRUE(lines.feed(std::string_view(stream).substr(at, piece)));
    lines.finish();
    EXPECT_EQ(seen, "[one][two][three]") << piece;
  }
  LineSplitter small([](std::string_view) {}, 10);
  EXPECT_TRUE(small.feed("123456789\n12345"));
  const auto tooMuch = small.feed("123456");
  ASSERT_FALSE(tooMuch);
  EXPECT_EQ(tooMuch.error().code, ErrorCode::kExhausted);
}

}  // namespace
}  // namespace cadre::net
