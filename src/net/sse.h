// Server-sent events from a byte stream, however it is cut into pieces.
//
// Follows the WHATWG rules: LF, CR and CRLF end lines, comments are skipped, data lines are joined
// by line feeds, a byte-order mark is ignored, an id with NUL is ignored. One thing is kinder: what
// stands at the end without its blank line is still an event. Belongs to one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cadre::net {

struct SseEvent {  // views are valid during the call
  std::string_view name;  // of the event; "" when it has none ("message" to a browser)
  std::string_view data;
  std::string_view id;  // of the last event that had one
};

class SseParser {
 public:
  using OnEvent = std::function<void(const SseEvent&)>;

  explicit SseParser(OnEvent on_event, std::size_t max_event_bytes = 16U << 20U);
  // kExhausted when an event is larger than the limit; the stream is of no use then.
  Result<void> feed(std::string_view bytes);
  // The stream has ended.
  Result<void> finish();
  // What the server asked for by "retry:".
  std::optional<std::int64_t> retry_ms() const { return retry_ms_; }

 private:
  bool line(std::string_view text);
  void field(std::string_view name, std::string_view value);
  void dispatch();
  Result<void> too_large() const;

  OnEvent on_event_;
  std::size_t max_event_bytes_;
  std::string partial_;  // of a line
  std::string name_, data_, id_;
  std::optional<std::int64_t> retry_ms_;
  bool has_data_ = false;
  bool first_line_ = true;
  bool after_cr_ = false;  // an LF that comes next belongs to it
};

}  // namespace cadre::net
