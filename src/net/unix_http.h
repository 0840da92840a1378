// HTTP/1.1 requests to a server on a Unix socket, one after the other over a kept connection.
//
// One client belongs to one thread. An error is about the exchange (no connection, time over, too
// large an answer, malformed HTTP); every status that a server gives is an answer.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace cadre {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "GET";
  std::string path = "/";  // with the query, percent-encoded
  HttpHeaders headers;
  std::string body;  // sent when not empty, or when the method is POST, PUT or PATCH
};

struct HttpResponse {
  int status = 0;
  HttpHeaders headers;  // in order; names in lower case
  std::string body;

  // The first header of the name (lower case), or "".
  std::string_view header(std::string_view name) const;
};

struct UnixHttpOptions {
  std::filesystem::path socket;  // at most 107 bytes
  std::chrono::milliseconds timeout{10'000};
  std::size_t response_bytes_max = 16 * 1024 * 1024;
  std::stop_token stop;
};

class UnixHttpClient {
 public:
  static Result<UnixHttpClient> make(const UnixHttpOptions& options);
  UnixHttpClient(UnixHttpClient&&) noexcept;
  UnixHttpClient& operator=(UnixHttpClient&&) noexcept;
  ~UnixHttpClient();

  Result<HttpResponse> send(const HttpRequest& request);

 private:
  struct State;
  explicit UnixHttpClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cadre
