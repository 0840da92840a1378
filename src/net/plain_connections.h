// Connections over plain HTTP/1.1 to numeric addresses and to localhost.
//
// Servers of one's own (model servers, proxies, collectors) are asked often and answer quickly;
// here an exchange costs them two system calls and no more memory than its connection's few fields.
// What needs more (TLS, HTTP/2, proxies, names, users in addresses) is libcurl's. A connection that
// the server closed while it was idle is noticed, and one that breaks under a new exchange before
// anything came is replaced once, as libcurl does. Everything is on the engine's serving thread.
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_transfer.h"
#include "net/plain_parser.h"

namespace cadre::net {

struct PlainAddress {
  sockaddr_storage place{};
  socklen_t size = 0;
};

// Where exchanges of one origin go, and the connections that wait for the next.
struct PlainRoute {
  std::vector<PlainAddress> addresses;  // tried in order
  std::vector<PlainConnection*> idle;   // the last used at the back
};

struct PlainConnection {
  int fd = -1;
  PlainRoute* route = nullptr;
  HttpTransfer* transfer = nullptr;  // null: idle
  std::optional<PlainParser> parser;
  std::string head;  // of the request
  // Of the last request, whose head begins like this one's when they are the same.
  std::string head_url, head_method;
  std::shared_ptr<const HttpHeaders> head_common;
  std::size_t head_common_size = 0;
  std::size_t sent = 0;     // of head and body
  std::string rest;         // what came and could not be read yet
  std::size_t address = 0;  // which of the route's it goes to
  bool connecting = false;
  bool fresh = true;  // nothing has come over it before this exchange
  bool all_sent = false;
  bool answered = false;         // something of the reply came
  bool reusable = false;         // its exchange has ended as it should
  std::uint32_t registered = 0;  // what epoll was told
  std::int64_t idle_us = 0;      // since when
};

// The addresses of an origin ("http://127.0.0.1:8000") that can be asked this way; none: libcurl's.
std::vector<PlainAddress> plain_addresses(std::string_view origin);
// Whether a URL of such an origin can go as it is: no user, nothing to encode.
bool plain_url(std::string_view url);

class PlainConnections {
 public:
  using Finish = std::function<void(HttpTransfer&, Result<HttpStatus>)>;
  // `finish` ends an exchange, and may destroy it; it calls leave() first.
  PlainConnections(std::string user_agent, Finish finish);
  ~PlainConnections();
  PlainConnections(const PlainConnections&) = delete;
  PlainConnections& operator=(const PlainConnections&) = delete;

  void use(int epoll) { epoll_ = epoll; }
  // Ends it by `finish` when there is no way, perhaps at once.
  void start(HttpTransfer& transfer, PlainRoute& route);
  // The exchange goes; its connection stays when it is good for another, else it is closed.
  void leave(HttpTransfer& transfer);
  bool has(int fd) const;
  void ready(int fd, std::uint32_t events);
  void drop_idle(PlainRoute& route, std::int64_t before_us);
  std::uint64_t opened() const { return opened_; }

 private:
  Result<void> open(HttpTransfer& transfer, PlainRoute& route, std::size_t address);
  void load(PlainConnection& connection, HttpTransfer& transfer);
  void connected(PlainConnection& connection);
  bool send(PlainConnection& connection);
  void receive(PlainConnection& connection);
  void take(PlainConnection& connection, std::string_view bytes);
  void lost(PlainConnection& connection, int error);
  void watch(PlainConnection& connection, std::uint32_t wanted);
  void close(PlainConnection& connection);

  const std::string user_agent_;
  const Finish finish_;
  int epoll_ = -1;
  std::atomic<std::uint64_t> opened_ = 0;
  std::vector<std::unique_ptr<PlainConnection>> by_fd_;
  std::vector<char> buffer_;
};

}  // namespace cadre::net
