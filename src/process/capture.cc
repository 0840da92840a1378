#include "process/capture.h"

#include <fmt/format.h>

#include <algorithm>

namespace cadre {

Capture::Capture(std::size_t bytes_max)
    : head_max_(bytes_max / 2), tail_max_(bytes_max - bytes_max / 2) {}

std::size_t Capture::tail_size() const { return std::min(tail_.size(), tail_max_); }

void Capture::append(std::string_view bytes) {
  total_ += bytes.size();
  const std::size_t room = head_max_ - head_.size();
  head_.append(bytes.substr(0, room));
  if (bytes.size() <= room) return;
  bytes.remove_prefix(room);
  if (bytes.size() > tail_max_) bytes.remove_prefix(bytes.size() - tail_max_);
  tail_.append(bytes);
  if (tail_.size() > 2 * tail_max_) tail_.erase(0, tail_.size() - tail_max_);
}

std::string Capture::text() const {
  const std::string_view tail = std::string_view(tail_).substr(tail_.size() - tail_size());
  if (!truncated()) return head_ + std::string(tail);
  return fmt::format("{}\n[... {} bytes left out ...]\n{}", head_,
                     total_ - head_.size() - tail.size(), tail);
}

}  // namespace cadre
