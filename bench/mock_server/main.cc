// mock_model_server: a scripted model server for measuring clients, ours and others alike. One
// thread, epoll; replies are of Chat Completions and Responses (replies.h). GET /stats gives the
// requests, connections and CPU time so far as JSON, and when (microseconds since 1970) the first
// request came; GET /reset forgets that and the requests.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstring>
#include <memory>
#include <queue>
#include <span>

#include "mock_server/replies.h"

namespace cadre::bench {
namespace {

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::int64_t wall_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::int64_t cpu_us() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000 + usage.ru_utime.tv_usec +
         usage.ru_stime.tv_usec;
}

struct Connection {
  int fd = -1;
  std::uint64_t generation = 0;
  std::string in, out;
  bool busy = false;     // a reply waits for its time
  bool writing = false;  // epoll tells when there is room
};

struct Delayed {
  std::int64_t at_us;
  int fd;
  std::uint64_t generation;
  std::string reply;
  bool operator<(const Delayed& other) const { return at_us > other.at_us; }
};

class Server {
 public:
  Server(Script script, int listener) : script_(std::move(script)), listener_(listener) {
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    watch(listener_, EPOLL_CTL_ADD, EPOLLIN);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 1024> events;
    while (true) {
      const int count = wait(events);
      for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        if (event.data.fd == listener_) {
          accept_all();
        } else {
          ready(event.data.fd, event.events);
        }
      }
      send_due();
    }
  }

 private:
  void watch(int fd, int operation, std::uint32_t wanted) const {
    epoll_event event{};
    event.events = wanted;
    event.data.fd = fd;
    ::epoll_ctl(epoll_, operation, fd, &event);
  }

  // To the microsecond: a reply is not late because milliseconds are rounded.
  int wait(std::span<epoll_event> events) const {
    timespec time{};
    if (!delayed_.empty()) {
      const std::int64_t left = std::max<std::int64_t>(delayed_.top().at_us - now_us(), 0);
      time = {left / 1'000'000, left % 1'000'000 * 1000};
    }
    return ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()),
                          delayed_.empty() ? nullptr : &time, nullptr);
  }

  // A reply's time begins when the request has come, not when this thread has found the time to
  // read it: clients that share the machine must not wait longer for that.
  ssize_t receive(int fd) {
    iovec place{buffer_.data(), buffer_.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(timespec))> control{};
    msghdr message{};
    message.msg_iov = &place;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t count = ::recvmsg(fd, &message, 0);
    came_us_ = now_us();
    const cmsghdr* head = CMSG_FIRSTHDR(&message);
    if (count <= 0 || head == nullptr || head->cmsg_type != SCM_TIMESTAMPNS) return count;
    timespec came{};
    std::memcpy(&came, CMSG_DATA(head), sizeof came);
    came_us_ -=
        std::max<std::int64_t>(wall_us() - came.tv_sec * 1'000'000 - came.tv_nsec / 1000, 0);
    return count;
  }

  void accept_all() {
    const int flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
    for (int fd = 0; (fd = ::accept4(listener_, nullptr, nullptr, flags)) >= 0;) {
      const int one = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      ::setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
      const auto at = static_cast<std::size_t>(fd);
      if (at >= connections_.size()) connections_.resize(at + 1024);
      connections_[at] = std::make_unique<Connection>();
      connections_[at]->fd = fd;
      connections_[at]->generation = ++generation_;
      watch(fd, EPOLL_CTL_ADD, EPOLLIN);
    }
  }

  void drop(int fd) {
    ::close(fd);
    connections_[static_cast<std::size_t>(fd)].reset();
  }

  void ready(int fd, std::uint32_t events) {
    Connection* connection = connections_[static_cast<std::size_t>(fd)].get();
    if (connection == nullptr) return;
    if ((events & EPOLLOUT) != 0 && !flush(*connection)) return;
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) return;
    while (true) {
      const ssize_t n = receive(fd);
      if (n > 0) connection->in.append(buffer_.data(), static_cast<std::size_t>(n));
      if (n == 0 || (n < 0 && errno != EAGAIN)) return drop(fd);
      if (n < static_cast<ssize_t>(buffer_.size())) break;
    }
    take_requests(*connection);
  }

  // False when the connection is gone.
  bool flush(Connection& connection) {
    while (!connection.out.empty()) {
      const ssize_t n =
          ::send(connection.fd, connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
      if (n < 0 && errno == EAGAIN) {
        if (!connection.writing) watch(connection.fd, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
        connection.writing = true;
        return true;
      }
      if (n < 0) {
        drop(connection.fd);
        return false;
      }
      connection.out.erase(0, static_cast<std::size_t>(n));
    }
    if (connection.writing) watch(connection.fd, EPOLL_CTL_MOD, EPOLLIN);
    connection.writing = false;
    return true;
  }

  static std::size_t content_length(std::string_view head) {
    constexpr std::string_view kName = "content-length:";
    std::size_t at = 0;
    while ((at = head.find("\r\n", at)) != std::string_view::npos) {
      at += 2;
      if (head.size() - at < kName.size() ||
          ::strncasecmp(head.data() + at, kName.data(), kName.size()) != 0) {
        continue;
      }
      std::string_view value = head.substr(at + kName.size());
      while (value.starts_with(' ')) value.remove_prefix(1);
      std::size_t length = 0;
      std::from_chars(value.data(), value.data() + value.size(), length);
      return length;
    }
    return 0;
  }

  void take_requests(Connection& connection) {
    while (!connection.busy) {
      const std::string_view all = connection.in;
      const std::size_t end = all.find("\r\n\r\n");
      if (end == std::string_view::npos) return;
      const std::string_view head = all.substr(0, end);
      const std::size_t size = end + 4 + content_length(head);
      if (all.size() < size) return;
      const std::size_t space = head.find(' ');
      const std::string_view path = head.substr(space + 1, head.find(' ', space + 1) - space - 1);
      if (!answer(connection, path, all.substr(end + 4, size - end - 4))) return;
      connection.in.erase(0, size);
    }
  }

  bool answer(Connection& connection, std::string_view path, std::string_view body) {
    if (path == "/stats" || path == "/reset") {
      const std::string stats =
          fmt::format(R"({{"requests":{},"connections":{},"cpu_us":{},"first_us":{}}})", requests_,
                      generation_, cpu_us(), first_us_);
      if (path == "/reset") requests_ = 0, first_us_ = 0;
      connection.out +=
          fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", stats.size(), stats);
      return flush(connection);
    }
    if (first_us_ == 0) first_us_ = wall_us();
    ++requests_;
    ++serial_;
    std::string reply = http_reply(script_, path, body, serial_);
    const int delay = delay_of(script_, path);
    if (delay > 0) {
      connection.busy = true;
      delayed_.push({came_us_ + delay * std::int64_t{1000}, connection.fd, connection.generation,
                     std::move(reply)});
      return true;
    }
    connection.out += reply;
    return flush(connection);
  }

  void send_due() {
    const std::int64_t now = delayed_.empty() ? 0 : now_us();
    while (!delayed_.empty() && delayed_.top().at_us <= now) {
      const Delayed due = delayed_.top();
      delayed_.pop();
      Connection* connection = connections_[static_cast<std::size_t>(due.fd)].get();
      if (connection == nullptr || connection->generation != due.generation) continue;
      connection->busy = false;
      connection->out += due.reply;
      if (flush(*connection)) take_requests(*connection);
    }
  }

  Script script_;
  int listener_;
  int epoll_ = -1;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::priority_queue<Delayed> delayed_;
  std::array<char, 65536> buffer_{};
  std::uint64_t generation_ = 0;
  unsigned long long requests_ = 0;
  unsigned long long serial_ = 0;  // of a reply: never twice the same
  std::int64_t first_us_ = 0;
  std::int64_t came_us_ = 0;  // when the last request came
};

int open_port(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int one = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return -1;
  return ::listen(fd, 4096) == 0 ? fd : -1;
}

bool number(std::string_view text, int& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 0;
}

}  // namespace
}  // namespace cadre::bench

int main(int argc, char** argv) {
  cadre::bench::Script script;
  int port = 0;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i], value = argv[i + 1];
    const bool ok = name == "--port"        ? cadre::bench::number(value, port)
                    : name == "--delay-ms"  ? cadre::bench::number(value, script.delay_ms)
                    : name == "--turns"     ? cadre::bench::number(value, script.turns)
                    : name == "--chunks"    ? cadre::bench::number(value, script.chunks)
                    : name == "--tool"      ? !(script.tool = value).empty()
                    : name == "--arguments" ? !(script.arguments = value).empty()
                    : name == "--text"      ? !(script.text = value).empty()
                                            : false;
    if (!ok) {
      fmt::print(stderr, "not understood: {} {}\n", name, value);
      return 2;
    }
  }
  if (port == 0 || argc % 2 == 0) {
    fmt::print(stderr,
               "usage: mock_model_server --port N [--delay-ms D] [--turns N] [--chunks N] "
               "[--tool NAME] [--arguments JSON] [--text TEXT]\n");
    return 2;
  }
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  const int listener = cadre::bench::open_port(port);
  if (listener < 0) {
    fmt::print(stderr, "cannot listen on 127.0.0.1:{}\n", port);
    return 1;
  }
  // It shares the machine with whom it serves: woken by a request, it must not take the processor
  // from the thread that has just sent it.
  const sched_param batch{};
  ::sched_setscheduler(0, SCHED_BATCH, &batch);
  fmt::print("http://127.0.0.1:{}/v1\n", port);
  std::fflush(stdout);
  cadre::bench::Server(std::move(script), listener).run();
}
