// Time, randomness and ids come from here, so that tests and replays can supply their own.
#pragma once

#include <cstdint>
#include <string>

namespace cadre {

class Clock {
 public:
  virtual ~Clock() = default;
  // Microseconds since 1970-01-01 UTC.
  virtual std::int64_t now_us() = 0;
};

// The system's clock. Thread-safe.
class SystemClock final : public Clock {
 public:
  std::int64_t now_us() override;
};

// Stands still until told to move. Not thread-safe.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(std::int64_t start_us = 1'767'225'600'000'000) : now_us_(start_us) {}
  std::int64_t now_us() override { return now_us_; }
  void advance_us(std::int64_t us) { now_us_ += us; }

 private:
  std::int64_t now_us_;
};

// SplitMix64 (Steele, Lea, Flood 2014): one 64-bit state, reproducible on every platform.
class Rng {
 public:
  explicit Rng(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  // Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound);

 private:
  std::uint64_t state_;
};

// A run id that sorts by time and is safe as a folder name: "20261122-231504-3fa9c1".
std::string make_run_id(std::int64_t now_us, std::uint64_t random);

// "2026-11-22T23:15:04Z"
std::string format_utc(std::int64_t us);

}  // namespace cadre
