#include "net/plain_connections.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace cadre::net {
namespace {

constexpr std::string_view kScheme = "http://";
constexpr std::size_t kBufferBytes = 64 * 1024;
constexpr std::uint16_t kPort = 80;

std::string_view authority_of(std::string_view url) {
  const std::string_view rest = url.substr(kScheme.size());
  return rest.substr(0, rest.find_first_of("/?#"));
}

// What is asked for: path and query. Nothing when it holds what has to be encoded first.
std::string_view target_of(std::string_view url) {
  std::string_view target = url.substr(kScheme.size() + authority_of(url).size());
  target = target.substr(0, target.find('#'));
  return target.empty() ? "/" : target;
}

PlainAddress address_v4(std::uint32_t host, std::uint16_t port) {
  PlainAddress made;
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(port);
  place.sin_addr.s_addr = host;
  std::memcpy(&made.place, &place, sizeof place);
  made.size = sizeof place;
  return made;
}

PlainAddress address_v6(const in6_addr& host, std::uint16_t port) {
  PlainAddress made;
  sockaddr_in6 place{};
  place.sin6_family = AF_INET6;
  place.sin6_port = htons(port);
  place.sin6_addr = host;
  std::memcpy(&made.place, &place, sizeof place);
  made.size = sizeof place;
  return made;
}

std::vector<PlainAddress> addresses_of(const std::string& host, std::uint16_t port) {
  in_addr v4{};
  in6_addr v6{};
  if (host == "localhost") {
    return {address_v4(htonl(INADDR_LOOPBACK), port), address_v6(in6addr_loopback, port)};
  }
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return {address_v4(v4.s_addr, port)};
  if (host.size() > 2 && host.front() == '[' && host.back() == ']' &&
      ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6) == 1)
    return {address_v6(v6, port)};
  return {};
}

bool names(const HttpHeaders& headers, std::string_view name) {
  const auto is_it = [&](const auto& header) { return text::is_lower(header.first, name); };
  return std::ranges::any_of(headers, is_it);
}

void add_line(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(value.empty() ? ":" : ": ").append(value).append("\r\n");
}

// All of the head but the length of the body. In the usual case of letters, which simple servers of
// one's own may count on.
void begin_head(std::string& head, const HttpRequest& request, std::string_view user_agent) {
  head.clear();
  const auto given = [&request](std::string_view name) {
    return names(request.headers, name) ||
           (request.common != nullptr && names(*request.common, name));
  };
  head.append(request.method).append(" ").append(target_of(request.url)).append(" HTTP/1.1\r\n");
  if (!given("host")) add_line(head, "Host", authority_of(request.url));
  if (!given("user-agent")) add_line(head, "User-Agent", user_agent);
  if (!given("accept")) add_line(head, "Accept", "*/*");
  if (request.common != nullptr) {
    for (const auto& [name, value] : *request.common) add_line(head, name, value);
  }
  for (const auto& [name, value] : request.headers) add_line(head, name, value);
}

// Into a buffer that is used again: requests of one kind differ in the length of their bodies only.
void write_head(PlainConnection& connection, const HttpRequest& request,
                std::string_view user_agent) {
  std::string& head = connection.head;
  const bool same = connection.head_common_size > 0 && request.headers.empty() &&
                    request.common == connection.head_common &&
                    request.url == connection.head_url && request.method == connection.head_method;
  if (same) {
    head.resize(connection.head_common_size);
  } else {
    begin_head(head, request, user_agent);
    const bool alone = request.headers.empty();
    connection.head_common_size = alone ? head.size() : 0;
    connection.head_common = alone ? request.common : nullptr;
    connection.head_url = request.url;
    connection.head_method = request.method;
  }
  if (request.body != nullptr)
    add_line(head, "Content-Length", std::to_string(request.body->size()));
  head.append("\r\n");
}

}  // namespace

bool plain_url(std::string_view url) {
  return std::ranges::all_of(url, [](char c) { return c > ' ' && c < '\x7f'; }) &&
         authority_of(url).find('@') == std::string_view::npos;
}

std::vector<PlainAddress> plain_addresses(std::string_view origin) {
  if (!origin.starts_with(kScheme)) return {};
  std::string host(origin.substr(kScheme.size()));
  std::uint16_t port = kPort;
  if (const std::size_t colon = host.rfind(':');
      colon != std::string::npos && !host.ends_with(']')) {
    const char* end = host.data() + host.size();
    const auto [at, error] = std::from_chars(host.data() + colon + 1, end, port);
    if (error != std::errc() || at != end || port == 0) return {};
    host.resize(colon);
  }
  return addresses_of(host, port);
}

PlainConnections::PlainConnections(std::string user_agent, Finish finish)
    : user_agent_(std::move(user_agent)), finish_(std::move(finish)) {}

PlainConnections::~PlainConnections() {
  for (const auto& connection : by_fd_) {
    if (connection != nullptr) ::close(connection->fd);
  }
}

void PlainConnections::start(HttpTransfer& transfer, PlainRoute& route) {
  if (!route.idle.empty()) {
    PlainConnection& connection = *route.idle.back();
    route.idle.pop_back();
    transfer.connect_by_us = 0;
    connection.fresh = false;
    load(connection, transfer);
    send(connection);
    return;
  }
  if (auto opened = open(transfer, route, 0); !opened) finish_(transfer, propagate(opened));
}

Result<void> PlainConnections::open(HttpTransfer& transfer, PlainRoute& route,
                                    std::size_t address) {
  int why = ECONNREFUSED;
  for (; address < route.addresses.size(); ++address) {
    const PlainAddress& place = route.addresses[address];
    const int fd =
        ::socket(place.place.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (fd < 0) {
      why = errno;
      continue;
    }
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&place.place), place.size) != 0 &&
        errno != EINPROGRESS) {
      why = errno;
      ::close(fd);
      continue;
    }
    ++opened_;
    const auto at = static_cast<std::size_t>(fd);
    if (by_fd_.size() <= at) by_fd_.resize(at + 64);
    by_fd_[at] = std::make_unique<PlainConnection>();
    PlainConnection& connection = *by_fd_[at];
    connection.fd = fd;
    connection.route = &route;
    connection.address = address;
    connection.connecting = true;
    load(connection, transfer);
    watch(connection, EPOLLOUT);
    return {};
  }
  return std::unexpected(cannot_connect(transfer, std::strerror(why)));
}

void PlainConnections::load(PlainConnection& connection, HttpTransfer& transfer) {
  connection.transfer = &transfer;
  transfer.plain = &connection;
  connection.parser.emplace(transfer, transfer.request.method == "HEAD");
  connection.sent = 0;
  connection.all_sent = connection.answered = connection.reusable = false;
  connection.rest.clear();
  write_head(connection, transfer.request, user_agent_);
}

void PlainConnections::leave(HttpTransfer& transfer) {
  PlainConnection& connection = *std::exchange(transfer.plain, nullptr);
  connection.transfer = nullptr;
  connection.parser.reset();
  if (!connection.reusable) return close(connection);
  connection.idle_us = steady_us();
  connection.route->idle.push_back(&connection);
}

bool PlainConnections::has(int fd) const {
  const auto at = static_cast<std::size_t>(fd);
  return at < by_fd_.size() && by_fd_[at] != nullptr;
}

void PlainConnections::ready(int fd, std::uint32_t events) {
  PlainConnection& connection = *by_fd_[static_cast<std::size_t>(fd)];
  if (connection.transfer == nullptr) return close(connection);  // idle: the server has gone
  const bool broken_off = (events & (EPOLLERR | EPOLLHUP)) != 0;
  if (connection.connecting) {
    if (broken_off || (events & EPOLLOUT) != 0) connected(connection);
    return;
  }
  if ((events & EPOLLOUT) != 0 && !send(connection)) return;
  if (broken_off || (events & (EPOLLIN | EPOLLRDHUP)) != 0) receive(connection);
}

void PlainConnections::connected(PlainConnection& connection) {
  HttpTransfer& transfer = *connection.transfer;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(connection.fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == 0) {
    connection.connecting = false;
    transfer.connect_by_us = 0;
    send(connection);
    return;
  }
  PlainRoute& route = *connection.route;
  const std::size_t next = connection.address + 1;
  if (next >= route.addresses.size())
    return finish_(transfer, std::unexpected(cannot_connect(transfer, std::strerror(error))));
  leave(transfer);
  if (auto opened = open(transfer, route, next); !opened) finish_(transfer, propagate(opened));
}

// False: the exchange is over, or goes over another connection.
bool PlainConnections::send(PlainConnection& connection) {
  const std::string& head = connection.head;
  const auto& body = connection.transfer->request.body;
  const std::size_t size = head.size() + (body == nullptr ? 0 : body->size());
  while (connection.sent < size) {
    std::array<iovec, 2> parts{};
    std::size_t count = 0;
    const std::size_t of_body = connection.sent < head.size() ? 0 : connection.sent - head.size();
    if (connection.sent < head.size()) {
      parts[count++] = {const_cast<char*>(head.data()) + connection.sent,
                        head.size() - connection.sent};
    }
    if (body != nullptr && of_body < body->size())
      parts[count++] = {const_cast<char*>(body->data()) + of_body, body->size() - of_body};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const ssize_t wrote = ::sendmsg(connection.fd, &message, MSG_NOSIGNAL);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0 && errno == EAGAIN) {
      watch(connection, EPOLLIN | EPOLLOUT | EPOLLRDHUP);
      return true;
    }
    if (wrote < 0) {
      lost(connection, errno);
      return false;
    }
    connection.sent += static_cast<std::size_t>(wrote);
  }
  connection.all_sent = true;
  watch(connection, EPOLLIN | EPOLLRDHUP);
  return true;
}

void PlainConnections::receive(PlainConnection& connection) {
  if (buffer_.empty()) buffer_.resize(kBufferBytes);
  const ssize_t count = ::recv(connection.fd, buffer_.data(), buffer_.size(), 0);
  if (count > 0) {
    connection.answered = true;
    return take(connection, {buffer_.data(), static_cast<std::size_t>(count)});
  }
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  lost(connection, count < 0 ? errno : 0);
}

void PlainConnections::take(PlainConnection& connection, std::string_view bytes) {
  HttpTransfer& transfer = *connection.transfer;
  const bool kept = !connection.rest.empty();
  if (kept) bytes = connection.rest.append(bytes);
  const auto taken = connection.parser->feed(bytes);
  if (transfer.fault) return finish_(transfer, std::unexpected(*transfer.fault));
  if (!taken) return finish_(transfer, std::unexpected(taken.error()));
  if (connection.parser->finished()) {
    connection.reusable =
        connection.all_sent && *taken == bytes.size() && connection.parser->keeps_alive();
    return finish_(transfer, std::move(transfer.status));
  }
  if (kept) {
    connection.rest.erase(0, *taken);
  } else {
    connection.rest = bytes.substr(*taken);
  }
}

// The server has hung up (0), or the connection broke.
void PlainConnections::lost(PlainConnection& connection, int error) {
  HttpTransfer& transfer = *connection.transfer;
  if (!connection.answered && !connection.fresh) {
    // It was closed just when it was used again: the server has seen nothing of it.
    PlainRoute& route = *connection.route;
    leave(transfer);
    if (auto opened = open(transfer, route, 0); !opened) finish_(transfer, propagate(opened));
    return;
  }
  if (error != 0) return finish_(transfer, std::unexpected(broken(transfer, std::strerror(error))));
  auto ended = connection.parser->closed();
  if (transfer.fault) return finish_(transfer, std::unexpected(*transfer.fault));
  if (!ended) return finish_(transfer, propagate(ended));
  finish_(transfer, std::move(transfer.status));
}

void PlainConnections::watch(PlainConnection& connection, std::uint32_t wanted) {
  if (wanted == connection.registered) return;
  epoll_event event{};
  event.events = wanted;
  event.data.fd = connection.fd;
  ::epoll_ctl(epoll_, connection.registered == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, connection.fd,
              &event);
  connection.registered = wanted;
}

void PlainConnections::close(PlainConnection& connection) {
  std::erase(connection.route->idle, &connection);
  ::close(connection.fd);
  by_fd_[static_cast<std::size_t>(connection.fd)].reset();
}

void PlainConnections::drop_idle(PlainRoute& route, std::int64_t before_us) {
  while (!route.idle.empty() && route.idle.front()->idle_us <= before_us)
    close(*route.idle.front());
}

}  // namespace cadre::net
