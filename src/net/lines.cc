#include "net/lines.h"

#include <fmt/format.h>

namespace cadre::net {

void LineSplitter::line(std::string_view text) {
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (!text.empty()) on_line_(text);
}

Result<void> LineSplitter::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::size_t piece = end == std::string_view::npos ? bytes.size() : end;
    if (partial_.size() + piece > max_line_bytes_) {
      return fail(ErrorCode::kExhausted,
                  fmt::format("a line of the stream is larger than {} bytes", max_line_bytes_));
    }
    if (end == std::string_view::npos) {
      partial_.append(bytes);
      return {};
    }
    if (partial_.empty()) {
      line(bytes.substr(0, end));
    } else {
      partial_.append(bytes.substr(0, end));
      const std::string whole = std::exchange(partial_, {});
      line(whole);
    }
    bytes.remove_prefix(end + 1);
  }
  return {};
}

void LineSplitter::finish() {
  const std::string rest = std::exchange(partial_, {});
  line(rest);
}

}  // namespace cadre::net
