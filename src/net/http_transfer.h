// One exchange inside the HTTP client: who carries it, what has come so far, how it ended.
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

inline constexpr std::size_t kHeaderBytesMax = 256 * 1024;

struct HttpOrigin;
struct HttpShard;
struct PlainConnection;

struct HttpTransfer {
  std::uint64_t id = 0;
  HttpRequest request;
  HttpCallbacks callbacks;
  std::stop_token stop;
  std::atomic<bool> cancelled = false;
  std::optional<std::stop_callback<std::function<void()>>> on_stop;

  HttpOrigin* origin = nullptr;  // once it is known
  bool waiting = false;          // for a connection
  bool admitted = false;         // counted as in flight
  // Who carries it: libcurl, or a plain connection of ours.
  CURL* easy = nullptr;
  curl_slist* header_list = nullptr;
  HttpShard* shard = nullptr;
  bool sent_again = false;
  PlainConnection* plain = nullptr;
  HttpStatus status;
  std::size_t header_bytes = 0;
  bool headers_told = false;
  std::int64_t started_us = 0;
  std::int64_t content_us = 0;     // when content came last
  std::int64_t connect_by_us = 0;  // 0: connected, or libcurl sees to it
  std::optional<Error> fault;      // why we ended it ourselves
  std::array<char, CURL_ERROR_SIZE> detail{};

  ~HttpTransfer();
  // When it is to be ended for time, or the far future.
  std::int64_t deadline_us() const;
  Error time_over(std::int64_t now_us) const;

  // What comes, part by part. False: `fault` says why there shall be no more.
  bool count_head(std::size_t bytes);
  void begin_head(int code);  // interim ones, too
  void add_header(std::string_view name, std::string_view value);
  void end_head();
  bool take_body(std::string_view bytes);
};

// What is wrong with the request, before anything is sent.
Result<void> check_request(const HttpRequest& request);
// "https://host:port" of the URL, lower case.
std::string origin_of(std::string_view url);

// What holds for every exchange; set once for a handle.
void prepare_handle(CURL* easy, const HttpClientOptions& options, CURLSH* share);
// Points the handle at the exchange. The transfer stays where it is until it has ended.
void load_handle(HttpTransfer& transfer);
// Ends, in words.
Error cannot_connect(const HttpTransfer& transfer, std::string_view why);
Error broken(const HttpTransfer& transfer, std::string_view why);
// Whether a kept connection was closed just when it was used again: the server has seen nothing.
bool closed_when_reused(const HttpTransfer& transfer, CURLcode code);
Error curl_failure(const HttpTransfer& transfer, CURLcode code);
// Microseconds that only go forward.
std::int64_t steady_us();

}  // namespace cadre::net
