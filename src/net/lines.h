// Lines of a byte stream, however it is cut into pieces: for streams of one JSON object a line.
//
// LF or CRLF end a line; empty ones are skipped; what stands at the end without its line feed is
// still a line. Belongs to one thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cadre::net {

class LineSplitter {
 public:
  using OnLine = std::function<void(std::string_view)>;

  explicit LineSplitter(OnLine on_line, std::size_t max_line_bytes = 16U << 20U)
      : on_line_(std::move(on_line)), max_line_bytes_(max_line_bytes) {}
  // kExhausted when a line is longer than the limit; the stream is of no use then.
  Result<void> feed(std::string_view bytes);
  // The stream has ended.
  void finish();

 private:
  void line(std::string_view text);

  OnLine on_line_;
  std::size_t max_line_bytes_;
  std::string partial_;
};

}  // namespace cadre::net
