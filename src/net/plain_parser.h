// Reads the response of one exchange over plain HTTP/1.1, with Boost.Beast's parser.
//
// What it finds goes into the transfer as it comes: status, headers, body, and the fault that ends
// it (a limit, a reader who had enough). Interim responses (1xx) are passed over. Not thread-safe.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "net/http_transfer.h"

namespace cadre::net {

class PlainParser {
 public:
  // What the request was decides whether there is a body.
  PlainParser(HttpTransfer& transfer, bool head_request);
  ~PlainParser();
  PlainParser(const PlainParser&) = delete;
  PlainParser& operator=(const PlainParser&) = delete;

  // How many of the bytes it took; the rest is to be given again with what comes after it. An error
  // is what the server did wrong, in words, unless the transfer has a fault.
  Result<std::size_t> feed(std::string_view bytes);
  // The server has closed the connection; that may be the end of the body.
  Result<void> closed();
  bool finished() const;
  // Once finished: whether the connection is good for another exchange.
  bool keeps_alive() const;

 private:
  class Response;
  HttpTransfer& transfer_;
  bool head_request_;
  std::unique_ptr<Response> response_;
};

}  // namespace cadre::net
