#include "agents/loop.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "agents/decision_watch.h"
#include "agents/run_driver.h"

namespace cadre {
namespace {
constexpr unsigned kLookEvery = 8;
constexpr std::size_t kAskedARound = 16;
}  // namespace

Runtime::Loop::Loop(RuntimeOptions options)
    : options_(std::move(options)),
      clock_(options_.clock != nullptr ? options_.clock : std::make_shared<SystemClock>()) {}

Runtime::Loop::~Loop() {
  stop();
  if (wake_fd_ >= 0) ::close(wake_fd_);
}

void Runtime::Loop::start_thread() {
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "cadre-loop");
    thread_id_ = std::this_thread::get_id();
    serve([this] {
      const std::lock_guard lock(mutex_);
      return stopping_;
    });
  });
}

void Runtime::Loop::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake();
  }
  if (thread_.joinable()) {
    // The last owner may let go on the loop's own thread.
    if (on_thread()) {
      thread_.detach();
    } else {
      thread_.join();
    }
  }
  // Runs hold the loop and the loop holds runs: what is left goes here.
  const auto runs = std::exchange(runs_, {});
  for (const auto& run : runs) run->left_behind();
  const auto jobs = std::exchange(local_, {});
  std::vector<Job> posted;
  std::deque<Job> asked;
  {
    const std::lock_guard lock(mutex_);
    posted = std::exchange(posted_, {});
    asked = std::exchange(asked_, {});
  }
  const auto timers = std::exchange(timers_, {});
}

// Under mutex_.
void Runtime::Loop::wake() {
  if (!std::exchange(polling_, false)) return wake_.notify_all();
  const std::uint64_t one = 1;
  (void)!::write(wake_fd_, &one, sizeof one);
}

void Runtime::Loop::pump(const std::function<bool()>& done) {
  thread_id_ = std::this_thread::get_id();
  serve(done);
}

void Runtime::Loop::post(Job job) { put(std::move(job), false); }

void Runtime::Loop::ask(Job job) { put(std::move(job), true); }

void Runtime::Loop::put(Job job, bool asked) {
  if (on_thread()) return local_.push_back(std::move(job));
  const std::lock_guard lock(mutex_);
  if (stopping_) return;
  const bool first = posted_.empty() && asked_.empty();
  if (asked) {
    asked_.push_back(std::move(job));
  } else {
    posted_.push_back(std::move(job));
  }
  has_posted_ = true;
  // Under the lock: the job may be the last that the loop waits for, and the loop gone after it.
  if (first) wake();
}

Runtime::Loop::TimerId Runtime::Loop::at(Time when, Job job) {
  const TimerId id{when, ++timers_made_};
  timers_.emplace(id, std::move(job));
  return id;
}

WorkerPool& Runtime::Loop::pool() {
  std::call_once(pool_once_, [this] { pool_ = std::make_unique<WorkerPool>(options_.workers); });
  return *pool_;
}

DecisionWatch& Runtime::Loop::decisions() {
  if (decisions_ == nullptr) decisions_ = std::make_unique<DecisionWatch>(*this);
  return *decisions_;
}

void Runtime::Loop::work(Job job) { pool().submit(std::move(job)); }

void Runtime::Loop::fire_timers() {
  if (timers_.empty()) return;
  const Time now = std::chrono::steady_clock::now();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    Job job = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    job();
  }
}

void Runtime::Loop::serve_too(const std::shared_ptr<EventSource>& source) {
  if (source == nullptr || std::ranges::find(sources_, source) != sources_.end()) return;
  if (wake_fd_ < 0) wake_fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd_ >= 0 && source->adopt()) sources_.push_back(source);
}

// When one of them wants to be served again.
std::optional<Runtime::Loop::Time> Runtime::Loop::serve_sources() {
  std::optional<Time> until;
  const bool look = std::exchange(look_, false);
  for (std::size_t i = 0; i < sources_.size();) {
    const auto at = sources_[i]->serve(look);
    if (!at) {
      sources_.erase(sources_.begin() + static_cast<std::ptrdiff_t>(i));
      continue;
    }
    until = until ? std::min(*until, *at) : *at;
    ++i;
  }
  return until;
}

// What others have posted; when there is nothing to do, waits for it, for the sources and the time.
void Runtime::Loop::take_posted(std::optional<Time> until) {
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return stopping_ || !posted_.empty() || !asked_.empty(); };
  if (running_.empty() && !ready()) {
    if (!timers_.empty())
      until = std::min(until.value_or(Time::max()), timers_.begin()->first.first);
    if (sources_.empty()) {
      if (!until) {
        wake_.wait(lock, ready);
      } else {
        wake_.wait_until(lock, *until, ready);
      }
    } else {
      polling_ = true;
      lock.unlock();
      sleep(*until);
      lock.lock();
      polling_ = false;
    }
  }
  std::ranges::move(posted_, std::back_inserter(running_));
  posted_.clear();
  for (std::size_t i = 0; i < kAskedARound && !asked_.empty(); ++i) {
    running_.push_back(std::move(asked_.front()));
    asked_.pop_front();
  }
  has_posted_ = !asked_.empty();
}

void Runtime::Loop::sleep(Time until) {
  std::vector<pollfd>& places = places_;
  places.assign(1, {wake_fd_, POLLIN, 0});
  for (const auto& source : sources_) places.push_back({source->descriptor(), POLLIN, 0});
  timespec time{};
  if (until != Time::max()) {
    const auto left = std::max(until - std::chrono::steady_clock::now(), Time::duration::zero());
    const auto whole = std::chrono::floor<std::chrono::seconds>(left);
    time.tv_sec = whole.count();
    time.tv_nsec = (left - whole).count();
  }
  if (::ppoll(places.data(), places.size(), until == Time::max() ? nullptr : &time, nullptr) <= 0)
    return;
  std::uint64_t value = 0;
  if (places[0].revents != 0) (void)!::read(wake_fd_, &value, sizeof value);
  look_ = std::ranges::any_of(places.begin() + 1, places.end(),
                              [](const pollfd& place) { return place.revents != 0; });
}

void Runtime::Loop::serve(const std::function<bool()>& done) {
  for (unsigned round = 0; !done(); ++round) {
    running_.clear();
    if (round % kLookEvery == 0) look_ = true;  // a loop that never sleeps sees them, too
    const auto until = serve_sources();
    std::swap(running_, local_);
    // What others post has its turn even when the own thread never runs out of work.
    if (running_.empty() || has_posted_) take_posted(until);
    for (Job& job : running_) job();
    running_.clear();  // what jobs hold may hold the loop
    fire_timers();
  }
  for (const auto& source : std::exchange(sources_, {})) source->release();
}

}  // namespace cadre
