#include "base/clock.h"

#include <fmt/core.h>

#include <chrono>
#include <ctime>

#include "base/check.h"

namespace cadre {

std::int64_t SystemClock::now_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

std::uint64_t Rng::next() {
  state_ += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

std::uint64_t Rng::below(std::uint64_t bound) {
  CADRE_CHECK(bound > 0, "Rng::below needs a positive bound");
  return next() % bound;
}

namespace {
std::tm utc_parts(std::int64_t us) {
  std::int64_t seconds = us / 1'000'000;
  if (us % 1'000'000 < 0) --seconds;
  const std::time_t time = seconds;
  std::tm parts{};
  gmtime_r(&time, &parts);
  return parts;
}
}  // namespace

std::string make_run_id(std::int64_t now_us, std::uint64_t random) {
  const std::tm t = utc_parts(now_us);
  return fmt::format("{:04}{:02}{:02}-{:02}{:02}{:02}-{:06x}", t.tm_year + 1900, t.tm_mon + 1,
                     t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, random & 0xffffff);
}

std::string format_utc(std::int64_t us) {
  const std::tm t = utc_parts(us);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", t.tm_year + 1900, t.tm_mon + 1,
                     t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
}

}  // namespace cadre
