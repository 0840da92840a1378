// Many HTTP exchanges at once, over one thread: libcurl driven by epoll.
//
// start() may be called from any thread and returns at once; all callbacks of all exchanges come on
// the client's thread, so they must be short. That is a thread of its own, or that of the loop
// which has adopted events() and is the only one to start exchanges. on_done is called exactly
// once, as the last of them. Connections are kept and shared between exchanges of the same origin;
// over TLS, HTTP/2 is used where the server offers it. Work per exchange does not grow with the
// number in flight. A server that closes a kept connection before it answers is asked again on a
// new one (libcurl's rule). Destruction cancels what is under way and waits until every on_done has
// returned; on the client's thread it does not wait.
//
// Errors are in words for users and never hold headers or bodies: kUnavailable may pass by itself
// (no such host, refused, cut off, silence), kDenied is TLS, kExhausted a limit of the request
// (size, total time), kInvalidInput the request itself, kCancelled the caller's wish.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/event_source.h"
#include "base/result.h"

namespace cadre::net {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpTimeouts {
  std::chrono::milliseconds connect{15'000};  // name look-up and TLS handshake included
  std::chrono::milliseconds idle{0};          // without content (see DataVerdict); 0: any time
  std::chrono::milliseconds total{0};         // of the whole exchange; 0: any time
};

struct HttpRequest {
  std::string method = "POST";
  std::string url;                            // http:// or https://
  std::shared_ptr<const HttpHeaders> common;  // the same in many requests; sent before `headers`
  HttpHeaders headers;
  std::shared_ptr<const std::string> body;  // shared, so that a retry costs no copy; null: none
  HttpTimeouts timeouts;
  std::size_t max_response_bytes = 32U << 20U;  // a longer body is cut off with kExhausted
};

struct HttpStatus {
  int code = 0;
  HttpHeaders headers;    // in order; names in lower case
  std::size_t bytes = 0;  // of the body
};

// The first header of the (lower-case) name, or "".
std::string_view header(const HttpHeaders& headers, std::string_view name);

enum class DataVerdict : std::uint8_t {
  kContent,  // something came: the idle time starts anew
  kNoise,    // keep-alives only: the idle time goes on
  kStop,     // enough: the exchange ends with kCancelled
};

struct HttpCallbacks {
  std::move_only_function<void(int code, const HttpHeaders&)> on_headers;  // may be empty
  std::move_only_function<DataVerdict(std::string_view)> on_data;          // may be empty
  std::move_only_function<void(Result<HttpStatus>)> on_done;
};

struct HttpClientOptions {
  // Exchanges in flight to one origin over HTTP/1.1, each of which needs a connection; more wait in
  // order. 0: three quarters of the descriptors the process may open.
  std::size_t max_connections_per_host = 0;
  std::chrono::milliseconds keep_idle{60'000};  // connections nobody used for so long are closed
  std::string proxy{};     // "http://host:port", "socks5h://…"; "": none, whatever the environment
  std::string no_proxy{};  // "localhost,.internal"
  std::string ca_file{};   // PEM; "": the system's
  std::string user_agent = "cadre";
  // To numeric addresses and localhost, over http:// and without a proxy, we speak HTTP/1.1
  // ourselves, at a tenth of libcurl's cost. False: libcurl does all.
  bool plain_without_libcurl = true;
};

struct HttpStats {
  std::uint64_t exchanges = 0;    // ended, however
  std::uint64_t connections = 0;  // opened
  std::size_t in_flight = 0;      // on the wire
  std::size_t waiting = 0;        // for a connection
};

class HttpEngine;

// Names an exchange. Copies name the same one; outliving it, or the client, does no harm.
class HttpCall {
 public:
  HttpCall() = default;
  // The exchange ends with kCancelled, unless it has ended already. From any thread.
  void cancel() const;

 private:
  friend class HttpPort;
  HttpCall(std::weak_ptr<HttpEngine> engine, std::uint64_t id)
      : engine_(std::move(engine)), id_(id) {}
  std::weak_ptr<HttpEngine> engine_;
  std::uint64_t id_ = 0;
};

// The way to a client, for those who may outlive it: what comes after its end is cancelled at once.
class HttpPort {
 public:
  HttpPort() = default;
  HttpCall start(HttpRequest request, HttpCallbacks callbacks, std::stop_token stop = {}) const;
  // Runs `task` on the client's thread, not before `delay` is over. Dropped, uncalled, when the
  // client is destroyed first.
  void after(std::chrono::milliseconds delay, std::move_only_function<void()> task) const;

 private:
  friend class HttpClient;
  explicit HttpPort(std::shared_ptr<HttpEngine> engine) : engine_(std::move(engine)) {}
  std::shared_ptr<HttpEngine> engine_;
};

class HttpClient {
 public:
  static Result<std::unique_ptr<HttpClient>> make(HttpClientOptions options = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  HttpCall start(HttpRequest request, HttpCallbacks callbacks, std::stop_token stop = {}) const {
    return port_.start(std::move(request), std::move(callbacks), std::move(stop));
  }
  void after(std::chrono::milliseconds delay, std::move_only_function<void()> task) const {
    port_.after(delay, std::move(task));
  }
  const HttpPort& port() const { return port_; }
  HttpStats stats() const;
  // For a loop that serves it on its own thread.
  const std::shared_ptr<EventSource>& events() const { return events_; }

 private:
  explicit HttpClient(const std::shared_ptr<HttpEngine>& engine);
  HttpPort port_;
  std::shared_ptr<EventSource> events_;  // the same
};

}  // namespace cadre::net
