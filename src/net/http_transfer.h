// One exchange inside the HTTP client: its libcurl handle, what has come so far, how it ended.
//
// Internal to the client. Lives on the client's thread, but for `cancelled` and the stop callback.
#pragma once

#include <curl/curl.h>

#include <array>
#include <atomic>
#include <functional>
#include <optional>

#include "net/http_client.h"

namespace cadre::net {

struct HttpShard;

struct HttpTransfer {
  std::uint64_t id = 0;
  HttpRequest request;
  HttpCallbacks callbacks;
  std::stop_token stop;
  std::atomic<bool> cancelled = false;
  std::optional<std::stop_callback<std::function<void()>>> on_stop;

  CURL* easy = nullptr;
  curl_slist* header_list = nullptr;
  HttpShard* shard = nullptr;
  HttpStatus status;
  std::size_t header_bytes = 0;
  bool headers_told = false;
  std::int64_t started_us = 0;
  std::int64_t content_us = 0;  // when content came last
  std::optional<Error> fault;   // why we ended it ourselves
  std::array<char, CURL_ERROR_SIZE> detail{};

  ~HttpTransfer();
  // When it is to be ended for time, or the far future.
  std::int64_t deadline_us() const;
  Error time_over(std::int64_t now_us) const;
};

// What is wrong with the request, before anything is sent.
Result<void> check_request(const HttpRequest& request);
// "https://host:port" of the URL, lower case.
std::string origin_of(std::string_view url);

// What holds for every exchange; set once for a handle.
void prepare_handle(CURL* easy, const HttpClientOptions& options, CURLSH* share);
// Points the handle at the exchange. The transfer stays where it is until it has ended.
void load_handle(HttpTransfer& transfer);
// The end, in words.
Error curl_failure(const HttpTransfer& transfer, CURLcode code);
// Microseconds that only go forward.
std::int64_t steady_us();

}  // namespace cadre::net
