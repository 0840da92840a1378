// The inside of the HTTP client: one thread, one epoll, several libcurl multi handles.
//
// libcurl looks for a free connection by walking all connections of a host, so one multi handle
// with ten thousand of them costs time per exchange that grows with their number. Exchanges are
// therefore dealt to shards of at most kShardSize each, per origin, the lowest with room first:
// few exchanges share few connections, many stay linear, and over HTTP/2 a shard is one connection.
// Everything but the inbox belongs to the client's thread.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "net/http_transfer.h"

namespace cadre::net {

inline constexpr int kShardSize = 100;

struct HttpOrigin;

struct HttpShard {
  HttpEngine* engine = nullptr;
  HttpOrigin* origin = nullptr;
  CURLM* multi = nullptr;
  int active = 0;
  std::int64_t timer_us = -1;  // when libcurl wants to be called; -1: never
  std::int64_t idle_us = 0;    // since when nothing is active
};

struct HttpOrigin {
  std::vector<std::unique_ptr<HttpShard>> shards;
  std::deque<HttpTransfer*> waiting;
  std::size_t in_flight = 0;
  bool multiplexed = false;  // HTTP/2, as its first reply showed
};

class HttpEngine : public std::enable_shared_from_this<HttpEngine> {
 public:
  explicit HttpEngine(HttpClientOptions options);
  ~HttpEngine();
  HttpEngine(const HttpEngine&) = delete;
  HttpEngine& operator=(const HttpEngine&) = delete;
  Result<void> open();
  // Cancels everything and waits for the thread's end; from inside a callback it does not wait.
  void stop();

  std::uint64_t post_start(std::unique_ptr<HttpTransfer> transfer);
  void post_cancel(std::uint64_t id);
  void post_task(std::int64_t at_us, std::move_only_function<void()> task);
  HttpStats stats() const;

 private:
  struct Inbox {
    std::vector<std::unique_ptr<HttpTransfer>> starts;
    std::vector<std::uint64_t> cancels;
    std::vector<std::pair<std::int64_t, std::move_only_function<void()>>> tasks;
    bool quit = false;
    bool empty() const { return starts.empty() && cancels.empty() && tasks.empty() && !quit; }
  };
  struct Descriptor {
    std::uint32_t wanted = 0;      // what libcurl waits for
    std::uint32_t registered = 0;  // what epoll was told
    bool ours = false;             // opened through us, so that we hear when it is closed
    HttpShard* shard = nullptr;
  };

  static int on_socket(CURL*, curl_socket_t fd, int what, void* user, void*);
  static int on_timer(CURLM*, long timeout_ms, void* user);
  static curl_socket_t on_open(void* user, curlsocktype, curl_sockaddr* address);
  static int on_close(void* user, curl_socket_t fd);

  void post(std::move_only_function<void(Inbox&)> put);
  void run();
  bool drain();
  void begin(std::unique_ptr<HttpTransfer> transfer);
  void admit(HttpTransfer& transfer);
  void cancel(std::uint64_t id);
  void finish(HttpTransfer& transfer, Result<HttpStatus> end);
  void leave_shard(HttpTransfer& transfer);
  void serve_waiting(HttpOrigin& origin);
  HttpShard* shard_for(HttpOrigin& origin);
  std::size_t room_for(const HttpOrigin& origin) const;
  void watch(int fd, std::uint32_t wanted, HttpShard* shard);
  void ready(int fd, std::uint32_t events);
  void collect(HttpShard& shard);
  void run_timers();
  void end_overdue(std::int64_t now_us);
  void drop_idle(std::int64_t now_us);
  int wait_ms() const;
  Descriptor& descriptor(int fd);

  const HttpClientOptions options_;
  std::size_t connections_max_ = 0;
  int epoll_ = -1;
  int wake_ = -1;
  CURLSH* share_ = nullptr;
  std::thread thread_;
  std::atomic<std::thread::id> thread_id_;  // of `thread_`, once it runs

  mutable std::mutex mutex_;
  Inbox inbox_;
  std::uint64_t last_id_ = 0;
  bool stopped_ = false;
  std::atomic<std::uint64_t> exchanges_ = 0, connections_ = 0;
  std::atomic<std::size_t> in_flight_ = 0, waiting_ = 0;

  std::unordered_map<std::uint64_t, std::unique_ptr<HttpTransfer>> transfers_;
  std::map<std::string, HttpOrigin, std::less<>> origins_;
  std::vector<Descriptor> descriptors_;  // by number
  std::vector<CURL*> pool_;
  std::multimap<std::int64_t, std::move_only_function<void()>> tasks_;
  std::int64_t next_deadline_us_;  // no exchange is overdue before
  std::int64_t next_sweep_us_ = 0;
};

}  // namespace cadre::net
