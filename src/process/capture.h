// A bounded record of an output stream: the first and the last bytes of however much came.
//
// Hostile programs print without end; what people need of it is how it began and how it ended.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cadre {

class Capture {
 public:
  explicit Capture(std::size_t bytes_max = 64 * 1024);

  void append(std::string_view bytes);
  std::uint64_t total_bytes() const { return total_; }
  bool truncated() const { return total_ > head_.size() + tail_size(); }
  // Head and tail; when something was left out, with a line between them that says how much.
  std::string text() const;

 private:
  std::size_t tail_size() const;

  std::size_t head_max_;
  std::size_t tail_max_;
  std::string head_;
  std::string tail_;  // up to twice tail_max_, trimmed now and then, so that appending is linear
  std::uint64_t total_ = 0;
};

}  // namespace cadre
