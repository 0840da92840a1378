#include "net/sse.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>

namespace cadre::net {

SseParser::SseParser(OnEvent on_event, std::size_t max_event_bytes)
    : on_event_(std::move(on_event)), max_event_bytes_(max_event_bytes) {}

Result<void> SseParser::too_large() const {
  return fail(ErrorCode::kExhausted,
              fmt::format("an event of the stream is larger than {} bytes", max_event_bytes_));
}

Result<void> SseParser::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (after_cr_) {
      after_cr_ = false;
      if (bytes.front() == '\n') {
        bytes.remove_prefix(1);
        continue;
      }
    }
    // The line feed first: nearly every server ends lines by it, and memchr is quick.
    const void* lf = std::memchr(bytes.data(), '\n', bytes.size());
    std::size_t end = lf == nullptr
                          ? bytes.size()
                          : static_cast<std::size_t>(static_cast<const char*>(lf) - bytes.data());
    const void* cr = std::memchr(bytes.data(), '\r', end);
    const bool by_cr = cr != nullptr;
    if (by_cr) end = static_cast<std::size_t>(static_cast<const char*>(cr) - bytes.data());
    if (partial_.size() + end > max_event_bytes_) return too_large();
    if (!by_cr && lf == nullptr) {
      partial_.append(bytes);
      return {};
    }
    bool fits = false;
    if (partial_.empty()) {
      fits = line(bytes.substr(0, end));
    } else {
      partial_.append(bytes.substr(0, end));
      fits = line(partial_);
      partial_.clear();
    }
    if (!fits) return too_large();
    after_cr_ = by_cr;
    bytes.remove_prefix(end + 1);
  }
  return {};
}

Result<void> SseParser::finish() {
  if (!partial_.empty() && !line(partial_)) return too_large();
  partial_.clear();
  dispatch();
  return {};
}

// False when the event has grown beyond the limit.
bool SseParser::line(std::string_view text) {
  if (first_line_) {
    first_line_ = false;
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  }
  if (text.empty()) {
    dispatch();
    return true;
  }
  const std::size_t colon = text.find(':');
  if (colon == 0) return true;  // a comment
  if (colon == std::string_view::npos) {
    field(text, {});
  } else {
    std::string_view value = text.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    field(text.substr(0, colon), value);
  }
  return data_.size() <= max_event_bytes_;
}

void SseParser::field(std::string_view name, std::string_view value) {
  if (name == "data") {
    if (has_data_) data_.push_back('\n');
    data_.append(value);
    has_data_ = true;
  } else if (name == "event") {
    name_ = value;
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos) id_ = value;
  } else if (name == "retry" && !value.empty()) {
    std::int64_t ms = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), ms);
    if (error == std::errc() && end == value.data() + value.size() && ms >= 0) retry_ms_ = ms;
  }
}

void SseParser::dispatch() {
  if (has_data_) on_event_({name_, data_, id_});
  has_data_ = false;
  data_.clear();
  name_.clear();
}

}  // namespace cadre::net
