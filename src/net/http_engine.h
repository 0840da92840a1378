// The inside of the HTTP client: one epoll, several libcurl multi handles, one thread at a time:
// that of the loop which has adopted it, else one of its own, from the first request on.
//
// libcurl looks for a free connection by walking all connections of a host, so one multi handle
// with ten thousand of them costs time per exchange that grows with their number. Exchanges are
// therefore dealt to shards of limited size, per origin, the lowest with room first: few exchanges
// share few connections, many stay linear, and over HTTP/2 a shard is one connection.
// Everything but the inbox belongs to the serving thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "base/event_source.h"
#include "net/http_transfer.h"
#include "net/plain_connections.h"

namespace cadre::net {

// Exchanges a shard. Over TLS it may become one HTTP/2 connection: as many streams as servers
// commonly allow on one (RFC 9113, 6.5.2, recommends no fewer than 100).
inline constexpr int kPlainShardSize = 16;
inline constexpr int kTlsShardSize = 100;

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
  PlainRoute plain;  // its addresses, when it can be asked without libcurl
  std::vector<std::unique_ptr<HttpShard>> shards;
  std::deque<HttpTransfer*> waiting;
  std::size_t in_flight = 0;
  int shard_size = kPlainShardSize;
  bool multiplexed = false;  // HTTP/2, as its first reply showed
};

class HttpEngine : public EventSource, public std::enable_shared_from_this<HttpEngine> {
 public:
  explicit HttpEngine(HttpClientOptions options);
  ~HttpEngine() override;
  HttpEngine(const HttpEngine&) = delete;
  HttpEngine& operator=(const HttpEngine&) = delete;
  Result<void> open();
  // Cancels everything and waits until all is told; on the serving thread it does not wait.
  void stop();

  bool adopt() override;
  void release() override;
  int descriptor() const override { return epoll_; }
  std::optional<Time> serve(bool look) override;

  // An id; the callback of one that comes after stop() is called at once.
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
  enum class Served : std::uint8_t { kByNobody, kByOwnThread, kByAdopter };
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

  // False when it is over: nothing was put.
  bool post(std::move_only_function<void(Inbox&)> put);
  void start_thread();  // under mutex_
  bool turn(int wait_ms);
  bool drain();
  void end_all();
  void give_back_signals();
  void begin(std::unique_ptr<HttpTransfer> transfer);
  Result<void> check(const HttpRequest& request);
  HttpOrigin& origin_for(const std::string& url);
  void admit(HttpTransfer& transfer);
  void cancel(std::uint64_t id);
  void finish(HttpTransfer& transfer, Result<HttpStatus> end);
  void stop_waiting(HttpTransfer& transfer);
  void admit_to_libcurl(HttpTransfer& transfer);
  void leave_shard(HttpTransfer& transfer);
  void serve_waiting(HttpOrigin& origin);
  HttpShard* shard_for(HttpOrigin& origin);
  std::size_t room_for(const HttpOrigin& origin) const;
  void watch(int fd, std::uint32_t wanted, HttpShard* shard);
  void ready(int fd, std::uint32_t events);
  void collect(HttpShard& shard);
  void send_again(HttpTransfer& transfer);
  void run_timers();
  void end_overdue(std::int64_t now_us);
  void drop_idle(std::int64_t now_us);
  std::int64_t next_us() const;
  int wait_ms() const;
  Descriptor& entry_of(int fd);

  const HttpClientOptions options_;
  std::size_t connections_max_ = 0;
  int epoll_ = -1;
  int wake_ = -1;
  CURLSH* share_ = nullptr;
  std::thread thread_;
  std::atomic<std::thread::id> thread_id_;  // of who serves

  mutable std::mutex mutex_;
  std::condition_variable told_;
  Inbox inbox_;  // under mutex_, as all to `ended_`
  Served served_ = Served::kByNobody;
  bool shared_ = false;                   // others than the adopter start exchanges, too
  bool stopped_ = false, ended_ = false;  // ended: everybody has been told
  std::atomic<std::uint64_t> last_id_ = 0;
  std::atomic<std::uint64_t> exchanges_ = 0, connections_ = 0;
  std::atomic<std::size_t> in_flight_ = 0, waiting_ = 0;

  std::unordered_map<std::uint64_t, std::unique_ptr<HttpTransfer>> transfers_;
  std::map<std::string, HttpOrigin, std::less<>> origins_;  // grows only
  std::shared_ptr<const HttpHeaders> sound_common_;         // found good, together with the URL
  std::string sound_url_;
  std::string last_url_;  // most requests go where the one before went
  HttpOrigin* last_origin_ = nullptr;
  std::vector<Descriptor> descriptors_;  // by number
  std::vector<CURL*> pool_;
  PlainConnections plain_;
  std::multimap<std::int64_t, std::move_only_function<void()>> tasks_;
  std::int64_t next_deadline_us_;  // no exchange is overdue before
  std::int64_t next_sweep_us_ = 0;
  bool had_sigpipe_ = false;  // the adopter's thread, before
};

}  // namespace cadre::net
