#include "net/http_engine.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <limits>

namespace cadre::net {
namespace {

constexpr std::int64_t kFar = std::numeric_limits<std::int64_t>::max();
// Deadlines are met to this, so that many of them at once are one walk over the exchanges.
constexpr std::int64_t kDeadlineStepUs = 2000;
constexpr std::int64_t kSweepUs = 5'000'000;
constexpr std::size_t kPoolMax = 1024;
// Few enough that in a burst of replies those who wait for other things have their turn between.
constexpr std::size_t kEventsARound = 64;

Error cancelled() { return {ErrorCode::kCancelled, "the request was cancelled", ""}; }

}  // namespace

HttpEngine::HttpEngine(HttpClientOptions options)
    : options_(std::move(options)),
      plain_(options_.user_agent,
             [this](HttpTransfer& transfer, Result<HttpStatus> end) {
               finish(transfer, std::move(end));
             }),
      next_deadline_us_(kFar) {}

HttpEngine::~HttpEngine() {
  stop();
  for (CURL* easy : pool_) curl_easy_cleanup(easy);
  for (auto& [name, origin] : origins_) {
    for (auto& shard : origin.shards) curl_multi_cleanup(shard->multi);
  }
  if (share_ != nullptr) curl_share_cleanup(share_);
  if (wake_ >= 0) ::close(wake_);
  if (epoll_ >= 0) ::close(epoll_);
}

Result<void> HttpEngine::open() {
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    return fail(ErrorCode::kUnavailable, "libcurl does not start");
  }
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  const auto open_max = static_cast<std::size_t>(std::min<rlim_t>(files.rlim_cur, 1U << 20U));
  const std::size_t room = std::max<std::size_t>(open_max - open_max / 4, 4);
  connections_max_ = options_.max_connections_per_host == 0
                         ? room
                         : std::min(options_.max_connections_per_host, room);
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  share_ = curl_share_init();
  if (epoll_ < 0 || wake_ < 0 || share_ == nullptr) {
    return fail(ErrorCode::kIo, "the HTTP client gets no descriptor from the system",
                "too many files are open");
  }
  curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
  curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = wake_;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
  plain_.use(epoll_);
  return {};
}

void HttpEngine::start_thread() {
  served_ = Served::kByOwnThread;
  // Signals are for the program's own threads.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([self = shared_from_this()] {
    ::pthread_setname_np(::pthread_self(), "cadre-net");
    self->thread_id_ = std::this_thread::get_id();
    while (self->turn(self->wait_ms())) {
    }
    self->end_all();
  });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

bool HttpEngine::adopt() {
  const std::lock_guard lock(mutex_);
  if (stopped_ || served_ != Served::kByNobody) return false;
  served_ = Served::kByAdopter;
  thread_id_ = std::this_thread::get_id();
  // A server that hangs up must not end the program.
  sigset_t pipe, before;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe, &before);
  had_sigpipe_ = ::sigismember(&before, SIGPIPE) == 0;
  return true;
}

// On the thread that adopted us. What came meanwhile was meant for us.
void HttpEngine::give_back_signals() {
  if (!std::exchange(had_sigpipe_, false)) return;
  sigset_t pipe;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  const timespec now{};
  ::sigtimedwait(&pipe, nullptr, &now);
  ::pthread_sigmask(SIG_UNBLOCK, &pipe, nullptr);
}

void HttpEngine::release() {
  give_back_signals();
  std::unique_lock lock(mutex_);
  if (stopped_) {
    lock.unlock();
    return end_all();
  }
  served_ = Served::kByNobody;
  thread_id_ = std::thread::id();
  if (shared_ || !transfers_.empty() || !tasks_.empty() || !inbox_.empty()) start_thread();
}

std::optional<EventSource::Time> HttpEngine::serve(bool look) {
  if (!turn(look ? 0 : -1)) {
    give_back_signals();
    end_all();
    return {};
  }
  bool shared = false;
  {
    const std::lock_guard lock(mutex_);
    shared = shared_;
  }
  if (shared) {  // an own thread waits for nobody's work
    release();
    return {};
  }
  const std::int64_t at = next_us();
  return at == kFar ? Time::max() : Time(std::chrono::microseconds(at));
}

void HttpEngine::stop() {
  std::unique_lock lock(mutex_);
  if (stopped_) return;
  stopped_ = inbox_.quit = true;
  const bool own = std::this_thread::get_id() == thread_id_.load();
  const std::uint64_t one = 1;
  switch (served_) {
    case Served::kByNobody: lock.unlock(); return end_all();
    case Served::kByAdopter:
      if (own) return;  // it is served once more
      (void)!::write(wake_, &one, sizeof one);
      return told_.wait(lock, [this] { return ended_; });
    case Served::kByOwnThread:
      lock.unlock();
      if (own) return thread_.detach();  // it holds us until it has ended
      (void)!::write(wake_, &one, sizeof one);
      thread_.join();
  }
}

// Only the first to put something into an empty inbox wakes the thread.
bool HttpEngine::post(std::move_only_function<void(Inbox&)> put) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return false;
    wake = inbox_.empty();
    put(inbox_);
    if (served_ == Served::kByNobody && !stopped_) start_thread();
  }
  if (!wake || std::this_thread::get_id() == thread_id_.load()) return true;
  const std::uint64_t one = 1;
  (void)!::write(wake_, &one, sizeof one);
  return true;
}

std::uint64_t HttpEngine::post_start(std::unique_ptr<HttpTransfer> transfer) {
  const std::uint64_t id = ++last_id_;
  transfer->id = id;
  if (transfer->stop.stop_possible()) {
    // May run at once, and on any thread, until the transfer is gone.
    transfer->on_stop.emplace(transfer->stop, [this, id, flag = &transfer->cancelled] {
      flag->store(true, std::memory_order_relaxed);
      post_cancel(id);
    });
  }
  const bool put = post([&](Inbox& inbox) {
    inbox.starts.push_back(std::move(transfer));
    if (std::this_thread::get_id() != thread_id_.load()) shared_ = true;
  });
  if (!put) {
    transfer->on_stop.reset();
    transfer->callbacks.on_done(std::unexpected(cancelled()));
  }
  return id;
}

void HttpEngine::post_cancel(std::uint64_t id) {
  post([id](Inbox& inbox) { inbox.cancels.push_back(id); });
}

void HttpEngine::post_task(std::int64_t at_us, std::move_only_function<void()> task) {
  post([&](Inbox& inbox) { inbox.tasks.emplace_back(at_us, std::move(task)); });
}

HttpStats HttpEngine::stats() const {
  return {exchanges_, connections_ + plain_.opened(), in_flight_, waiting_};
}

// One round: what has come (unless told not to look), what is asked for, what is due. False: it is
// time to end.
bool HttpEngine::turn(int wait_ms) {
  std::array<epoll_event, kEventsARound> events;
  const int count =
      wait_ms < 0 ? 0
                  : ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait_ms);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.fd == wake_) {
      std::uint64_t value = 0;
      (void)!::read(wake_, &value, sizeof value);
      continue;
    }
    ready(event.data.fd, event.events);
  }
  if (!drain()) return false;
  run_timers();
  const std::int64_t now = steady_us();
  if (now >= next_deadline_us_) end_overdue(now);
  if (now >= next_sweep_us_) drop_idle(now);
  return true;
}

// Everybody who waits is told that it is over, those who come meanwhile, too.
void HttpEngine::end_all() {
  while (true) {
    while (!transfers_.empty()) {
      HttpTransfer& transfer = *transfers_.begin()->second;
      stop_waiting(transfer);
      finish(transfer, std::unexpected(cancelled()));
    }
    drain();
    const std::lock_guard lock(mutex_);
    if (!transfers_.empty() || !inbox_.empty()) continue;
    ended_ = true;
    tasks_.clear();
    told_.notify_all();
    return;
  }
}

// Takes in what other threads, and callbacks of this one, have asked for. False: it is time to end.
bool HttpEngine::drain() {
  bool go_on = true;
  while (true) {
    Inbox box;
    {
      const std::lock_guard lock(mutex_);
      if (stopped_) go_on = false;
      if (inbox_.empty()) return go_on;
      std::swap(box, inbox_);
    }
    for (auto& [at, task] : box.tasks) tasks_.emplace(at, std::move(task));
    for (auto& transfer : box.starts) {
      if (go_on) {
        begin(std::move(transfer));
      } else {
        transfer->on_stop.reset();
        transfer->callbacks.on_done(std::unexpected(cancelled()));
      }
    }
    for (const std::uint64_t id : box.cancels) cancel(id);
  }
}

// What many requests have in common is looked at once.
Result<void> HttpEngine::check(const HttpRequest& request) {
  const bool known = request.common != nullptr && request.common == sound_common_ &&
                     request.headers.empty() && request.url == sound_url_;
  if (known) return {};
  auto sound = check_request(request);
  if (sound && request.common != nullptr) {
    sound_common_ = request.common;
    sound_url_ = request.url;
  }
  return sound;
}

void HttpEngine::begin(std::unique_ptr<HttpTransfer> owned) {
  HttpTransfer& transfer = *owned;
  transfers_.emplace(transfer.id, std::move(owned));
  if (auto sound = check(transfer.request); !sound) return finish(transfer, propagate(sound));
  if (transfer.cancelled) return finish(transfer, std::unexpected(cancelled()));
  transfer.started_us = transfer.content_us = steady_us();
  next_deadline_us_ = std::min(next_deadline_us_, transfer.deadline_us());
  HttpOrigin& origin = origin_for(transfer.request.url);
  transfer.origin = &origin;
  if (origin.in_flight >= room_for(origin)) {
    origin.waiting.push_back(&transfer);
    transfer.waiting = true;
    ++waiting_;
    return;
  }
  admit(transfer);
}

HttpOrigin& HttpEngine::origin_for(const std::string& url) {
  if (last_origin_ != nullptr && url == last_url_) return *last_origin_;
  const auto [at, fresh] = origins_.try_emplace(origin_of(url));
  HttpOrigin& origin = at->second;
  if (fresh && at->first.starts_with("https:")) origin.shard_size = kTlsShardSize;
  if (fresh && options_.proxy.empty() && options_.plain_without_libcurl)
    origin.plain.addresses = plain_addresses(at->first);
  last_url_ = url;
  last_origin_ = &origin;
  return origin;
}

void HttpEngine::stop_waiting(HttpTransfer& transfer) {
  if (!std::exchange(transfer.waiting, false)) return;
  std::erase(transfer.origin->waiting, &transfer);
  --waiting_;
}

std::size_t HttpEngine::room_for(const HttpOrigin& origin) const {
  return origin.multiplexed ? connections_max_ * static_cast<std::size_t>(origin.shard_size)
                            : connections_max_;
}

// A shard with room; a new one when all are full. Null when libcurl has no memory for one.
HttpShard* HttpEngine::shard_for(HttpOrigin& origin) {
  for (auto& shard : origin.shards) {
    if (shard->active < origin.shard_size) return shard.get();
  }
  auto shard = std::make_unique<HttpShard>();
  shard->engine = this;
  shard->origin = &origin;
  shard->multi = curl_multi_init();
  if (shard->multi == nullptr) return nullptr;
  curl_multi_setopt(shard->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(shard->multi, CURLMOPT_SOCKETDATA, shard.get());
  curl_multi_setopt(shard->multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(shard->multi, CURLMOPT_TIMERDATA, shard.get());
  curl_multi_setopt(shard->multi, CURLMOPT_MAX_CONCURRENT_STREAMS,
                    static_cast<long>(origin.shard_size));
  curl_multi_setopt(shard->multi, CURLMOPT_MAXCONNECTS, static_cast<long>(origin.shard_size));
  origin.shards.push_back(std::move(shard));
  return origin.shards.back().get();
}

void HttpEngine::admit(HttpTransfer& transfer) {
  transfer.admitted = true;
  ++transfer.origin->in_flight;
  ++in_flight_;
  if (transfer.origin->plain.addresses.empty() || !plain_url(transfer.request.url))
    return admit_to_libcurl(transfer);
  const auto connect_us = transfer.request.timeouts.connect.count() * 1000;
  if (connect_us > 0) transfer.connect_by_us = steady_us() + connect_us;
  next_deadline_us_ = std::min(next_deadline_us_, transfer.deadline_us());
  plain_.start(transfer, transfer.origin->plain);
}

void HttpEngine::admit_to_libcurl(HttpTransfer& transfer) {
  transfer.shard = shard_for(*transfer.origin);
  if (transfer.shard != nullptr && !pool_.empty()) {
    transfer.easy = pool_.back();
    pool_.pop_back();
  } else if (transfer.shard != nullptr) {
    transfer.easy = curl_easy_init();
    if (transfer.easy != nullptr) {
      prepare_handle(transfer.easy, options_, share_);
      curl_easy_setopt(transfer.easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
      curl_easy_setopt(transfer.easy, CURLOPT_OPENSOCKETDATA, this);
      curl_easy_setopt(transfer.easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
      curl_easy_setopt(transfer.easy, CURLOPT_CLOSESOCKETDATA, this);
    }
  }
  if (transfer.easy == nullptr) {
    transfer.shard = nullptr;
    return finish(transfer, fail(ErrorCode::kIo, "no memory for an HTTP request"));
  }
  load_handle(transfer);
  ++transfer.shard->active;
  if (curl_multi_add_handle(transfer.shard->multi, transfer.easy) != CURLM_OK) {
    finish(transfer, fail(ErrorCode::kInternal, "libcurl does not take an HTTP request"));
  }
}

void HttpEngine::cancel(std::uint64_t id) {
  const auto it = transfers_.find(id);
  if (it == transfers_.end()) return;
  HttpTransfer& transfer = *it->second;
  stop_waiting(transfer);
  finish(transfer, std::unexpected(cancelled()));
}

void HttpEngine::leave_shard(HttpTransfer& transfer) {
  HttpShard& shard = *transfer.shard;
  curl_multi_remove_handle(shard.multi, transfer.easy);
  long version = 0;
  curl_easy_getinfo(transfer.easy, CURLINFO_HTTP_VERSION, &version);
  HttpOrigin& origin = *shard.origin;
  if (version >= CURL_HTTP_VERSION_2_0 && !origin.multiplexed) {
    origin.multiplexed = true;
  }
  if (origin.multiplexed) {
    // A server that allows fewer streams than a shard holds must not get a connection for each.
    curl_multi_setopt(shard.multi, CURLMOPT_MAX_HOST_CONNECTIONS, 4L);
  }
  if (pool_.size() < kPoolMax) {
    // Nothing in a pooled handle may point at this exchange.
    curl_easy_setopt(transfer.easy, CURLOPT_HTTPHEADER, nullptr);
    curl_easy_setopt(transfer.easy, CURLOPT_POSTFIELDS, nullptr);
    curl_easy_setopt(transfer.easy, CURLOPT_ERRORBUFFER, nullptr);
    curl_easy_setopt(transfer.easy, CURLOPT_PRIVATE, nullptr);
    pool_.push_back(transfer.easy);
  } else {
    curl_easy_cleanup(transfer.easy);
  }
  transfer.easy = nullptr;
  transfer.shard = nullptr;
  if (--shard.active == 0) shard.idle_us = steady_us();
}

void HttpEngine::serve_waiting(HttpOrigin& origin) {
  while (!origin.waiting.empty() && origin.in_flight < room_for(origin) && !stopped_) {
    HttpTransfer& next = *origin.waiting.front();
    origin.waiting.pop_front();
    next.waiting = false;
    --waiting_;
    admit(next);
  }
}

void HttpEngine::finish(HttpTransfer& transfer, Result<HttpStatus> end) {
  const auto node = transfers_.extract(transfer.id);
  if (transfer.shard != nullptr) leave_shard(transfer);
  if (transfer.plain != nullptr) plain_.leave(transfer);
  if (std::exchange(transfer.admitted, false)) {
    --transfer.origin->in_flight;
    --in_flight_;
    serve_waiting(*transfer.origin);
  }
  transfer.on_stop.reset();  // waits for a stop callback that is running just now
  ++exchanges_;
  transfer.callbacks.on_done(std::move(end));
}

HttpEngine::Descriptor& HttpEngine::entry_of(int fd) {
  const auto at = static_cast<std::size_t>(fd);
  if (at >= descriptors_.size()) descriptors_.resize(at + 64);
  return descriptors_[at];
}

curl_socket_t HttpEngine::on_open(void* user, curlsocktype, curl_sockaddr* address) {
  auto& engine = *static_cast<HttpEngine*>(user);
  const int fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd < 0) return CURL_SOCKET_BAD;
  engine.entry_of(fd) = {.wanted = 0, .registered = 0, .ours = true, .shard = nullptr};
  ++engine.connections_;
  return fd;
}

int HttpEngine::on_close(void* user, curl_socket_t fd) {
  static_cast<HttpEngine*>(user)->entry_of(fd) = {};
  return ::close(fd);  // takes it out of the epoll set, too
}

int HttpEngine::on_socket(CURL*, curl_socket_t fd, int what, void* user, void*) {
  auto& shard = *static_cast<HttpShard*>(user);
  std::uint32_t wanted = 0;
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) wanted |= EPOLLIN;
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) wanted |= EPOLLOUT;
  shard.engine->watch(fd, wanted, &shard);
  return 0;
}

// A kept connection is let go and taken up again for every exchange. Its registration stays as it
// is meanwhile: that saves two system calls an exchange, and `ready` mends it when it disturbs.
void HttpEngine::watch(int fd, std::uint32_t wanted, HttpShard* shard) {
  Descriptor& entry = entry_of(fd);
  entry.wanted = wanted;
  entry.shard = shard;
  if (wanted == entry.registered) return;
  if (wanted == 0 && entry.ours && entry.registered == EPOLLIN) return;
  epoll_event event{};
  event.events = wanted;
  event.data.fd = fd;
  const int operation = wanted == 0             ? EPOLL_CTL_DEL
                        : entry.registered == 0 ? EPOLL_CTL_ADD
                                                : EPOLL_CTL_MOD;
  ::epoll_ctl(epoll_, operation, fd, &event);
  entry.registered = wanted;
}

void HttpEngine::ready(int fd, std::uint32_t events) {
  if (plain_.has(fd)) return plain_.ready(fd, events);
  Descriptor& entry = entry_of(fd);
  if (entry.shard == nullptr || entry.wanted == 0) {
    // Nobody waits: an idle connection that the server closes.
    if (entry.registered != 0) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
    entry.registered = 0;
    return;
  }
  int mask = 0;
  if ((events & EPOLLIN) != 0) mask |= CURL_CSELECT_IN;
  if ((events & EPOLLOUT) != 0) mask |= CURL_CSELECT_OUT;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) mask |= CURL_CSELECT_ERR;
  HttpShard& shard = *entry.shard;
  int running = 0;
  curl_multi_socket_action(shard.multi, fd, mask, &running);
  collect(shard);
}

int HttpEngine::on_timer(CURLM*, long timeout_ms, void* user) {
  auto& shard = *static_cast<HttpShard*>(user);
  shard.timer_us = timeout_ms < 0 ? -1 : steady_us() + timeout_ms * 1000;
  return 0;
}

void HttpEngine::collect(HttpShard& shard) {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(shard.multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    HttpTransfer* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    if (code == CURLE_OK && !transfer->fault) {
      finish(*transfer, std::move(transfer->status));
    } else if (closed_when_reused(*transfer, code)) {
      send_again(*transfer);
    } else {
      finish(*transfer, std::unexpected(curl_failure(*transfer, code)));
    }
  }
}

// Once, over a connection of its own. libcurl does so by itself when it sees the connection closed,
// but not when it was reset.
void HttpEngine::send_again(HttpTransfer& transfer) {
  transfer.sent_again = true;
  curl_multi_remove_handle(transfer.shard->multi, transfer.easy);
  curl_easy_setopt(transfer.easy, CURLOPT_FRESH_CONNECT, 1L);
  if (curl_multi_add_handle(transfer.shard->multi, transfer.easy) != CURLM_OK) {
    finish(transfer, fail(ErrorCode::kInternal, "libcurl does not take an HTTP request"));
  }
}

void HttpEngine::run_timers() {
  const std::int64_t now = steady_us();
  for (auto& [name, origin] : origins_) {
    for (std::size_t i = 0; i < origin.shards.size(); ++i) {
      HttpShard& shard = *origin.shards[i];
      if (shard.timer_us < 0 || shard.timer_us > now) continue;
      shard.timer_us = -1;
      int running = 0;
      curl_multi_socket_action(shard.multi, CURL_SOCKET_TIMEOUT, 0, &running);
      collect(shard);
    }
  }
  while (!tasks_.empty() && tasks_.begin()->first <= now) {
    auto task = std::move(tasks_.extract(tasks_.begin()).mapped());
    task();
  }
}

void HttpEngine::end_overdue(std::int64_t now_us) {
  std::vector<HttpTransfer*> over;
  next_deadline_us_ = kFar;
  for (const auto& [id, transfer] : transfers_) {
    const std::int64_t at = transfer->deadline_us();
    if (at <= now_us) {
      over.push_back(transfer.get());
    } else {
      next_deadline_us_ = std::min(next_deadline_us_, at);
    }
  }
  if (next_deadline_us_ != kFar) {
    next_deadline_us_ = std::max(next_deadline_us_, now_us + kDeadlineStepUs);
  }
  for (HttpTransfer* transfer : over) {
    stop_waiting(*transfer);
    Error error = transfer->time_over(now_us);
    finish(*transfer, std::unexpected(std::move(error)));
  }
}

// Connections that nobody used for a while are closed with their shard.
void HttpEngine::drop_idle(std::int64_t now_us) {
  next_sweep_us_ = now_us + kSweepUs;
  const std::int64_t before = now_us - options_.keep_idle.count() * 1000;
  for (auto& [name, origin] : origins_) {
    plain_.drop_idle(origin.plain, before);
    std::erase_if(origin.shards, [&](const std::unique_ptr<HttpShard>& shard) {
      if (shard->active > 0 || shard->idle_us > before) return false;
      curl_multi_cleanup(shard->multi);
      return true;
    });
  }
}

std::int64_t HttpEngine::next_us() const {
  std::int64_t at = next_deadline_us_;
  if (!transfers_.empty() || !origins_.empty()) at = std::min(at, next_sweep_us_);
  if (!tasks_.empty()) at = std::min(at, tasks_.begin()->first);
  for (const auto& [name, origin] : origins_) {
    for (const auto& shard : origin.shards) {
      if (shard->timer_us >= 0) at = std::min(at, shard->timer_us);
    }
  }
  return at;
}

int HttpEngine::wait_ms() const {
  {
    const std::lock_guard lock(mutex_);
    if (!inbox_.empty()) return 0;
  }
  const std::int64_t left = std::min(next_us() - steady_us(), kSweepUs);
  return left <= 0 ? 0 : static_cast<int>((left + 999) / 1000);
}

}  // namespace cadre::net
