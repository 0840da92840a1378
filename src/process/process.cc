#include "process/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "process/fd.h"

namespace cadre {
namespace {

using SteadyClock = std::chrono::steady_clock;

std::string system_error(std::string_view what) {
  return fmt::format("{}: {}", what, std::strerror(errno));
}

// Above 2, so that the child's dup2 calls cannot trample on a source that is still needed.
Fd above_standard(int fd) {
  Fd owned(fd);
  if (fd < 0 || fd > 2) return owned;
  return Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
}

struct Pipe {
  Fd read, write;
};

Result<Pipe> make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return fail(ErrorCode::kIo, system_error("no pipe"));
  Pipe pipe{above_standard(fds[0]), above_standard(fds[1])};
  ::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK);
  return pipe;
}

// The text as a file in memory: nothing to feed, no SIGPIPE when the child does not read it.
Result<Fd> make_stdin(const std::string& text) {
  if (text.empty()) return above_standard(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  Fd fd = above_standard(::memfd_create("stdin", MFD_CLOEXEC));
  if (!fd) return fail(ErrorCode::kIo, system_error("no memory for the child's input"));
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = ::write(fd.get(), text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail(ErrorCode::kIo, system_error("the child's input was not stored"));
    done += static_cast<std::size_t>(n);
  }
  ::lseek(fd.get(), 0, SEEK_SET);
  return fd;
}

std::vector<char*> c_strings(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (const std::string& text : strings) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

bool contains_nul(const std::vector<std::string>& strings) {
  return std::any_of(strings.begin(), strings.end(),
                     [](const std::string& text) { return text.find('\0') != std::string::npos; });
}

// File actions and attributes of one spawn, released at the end.
class SpawnSetup {
 public:
  SpawnSetup() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;
  ~SpawnSetup() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

}  // namespace

struct ChildProcess::State {
  ProcessOptions options;
  pid_t pid = -1;
  Fd pidfd, out, err, wake;
  Capture out_text, err_text;
  SteadyClock::time_point started = SteadyClock::now();
  SteadyClock::time_point next_watch = started;
  std::optional<siginfo_t> ended;
  ProcessResult result;

  explicit State(const ProcessOptions& given)
      : options(given), out_text(given.output_bytes_max), err_text(given.output_bytes_max) {
    next_watch = started + options.watch_interval;
  }

  Result<void> spawn();
  void signal_group(int signal) const {
    if (pid > 0) ::kill(-pid, signal);
  }
  // One round of poll: reads output, notices the end. Waits at most until `until`.
  void step(SteadyClock::time_point until);
  void read_some(Fd& fd, Capture& capture,
                 const std::function<void(std::string_view)>& listener);
  bool wait_until(SteadyClock::time_point until);
  // Limits while it runs: true when it must be ended, with the reason in `result`.
  bool must_end();
  void end(Milliseconds grace);
  void drain();
  ProcessResult collect();
};

Result<void> ChildProcess::State::spawn() {
  if (options.argv.empty() || options.argv[0].empty()) {
    return fail(ErrorCode::kInvalidInput, "there is no program to run: argv is empty");
  }
  if (contains_nul(options.argv) || contains_nul(options.env)) {
    return fail(ErrorCode::kInvalidInput, "an argument or variable holds a NUL byte");
  }
  std::string program = options.argv[0];
  if (program.find('/') == std::string::npos) {
    program = find_program(program).string();
    if (program.empty()) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("the program \"{}\" is not installed", options.argv[0]));
    }
  }
  Result<Fd> in = make_stdin(options.stdin_text);
  if (!in) return propagate(in);
  Result<Pipe> out_pipe = make_pipe();
  if (!out_pipe) return propagate(out_pipe);
  Result<Pipe> err_pipe = make_pipe();
  if (!err_pipe) return propagate(err_pipe);
  wake = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));

  SpawnSetup setup;
  ::posix_spawn_file_actions_adddup2(&setup.actions, in->get(), 0);
  ::posix_spawn_file_actions_adddup2(&setup.actions, out_pipe->write.get(), 1);
  ::posix_spawn_file_actions_adddup2(&setup.actions, err_pipe->write.get(), 2);
  ::posix_spawn_file_actions_addclosefrom_np(&setup.actions, 3);
  if (!options.cwd.empty()) {
    ::posix_spawn_file_actions_addchdir_np(&setup.actions, options.cwd.c_str());
  }
  const std::vector<char*> argv = c_strings(options.argv);
  const std::vector<char*> env = c_strings(options.env);
  const int error = ::posix_spawn(&pid, program.c_str(), &setup.actions, &setup.attributes,
                                  argv.data(), env.data());
  if (error != 0) {
    pid = -1;
    return fail(error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
                fmt::format("{} was not started: {}", program, std::strerror(error)));
  }
  pidfd = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd) {
    const std::string message = system_error("the child cannot be watched");
    signal_group(SIGKILL);
    ::waitpid(pid, nullptr, 0);
    pid = -1;
    return fail(ErrorCode::kIo, message);
  }
  out = std::move(out_pipe->read);
  err = std::move(err_pipe->read);
  return {};
}

void ChildProcess::State::read_some(Fd& fd, Capture& capture,
                                    const std::function<void(std::string_view)>& listener) {
  std::array<char, 16384> buffer;
  // Bounded, so that an endless printer cannot keep us from looking at the clock.
  for (int i = 0; i < 16; ++i) {
    const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n > 0) {
      const std::string_view bytes(buffer.data(), static_cast<std::size_t>(n));
      capture.append(bytes);
      if (listener) listener(bytes);
      continue;
    }
    if (n < 0 && errno == EINTR) continue;
    if (n == 0 || errno != EAGAIN) fd.reset();
    return;
  }
}

void ChildProcess::State::step(SteadyClock::time_point until) {
  std::array<pollfd, 4> polls{};
  nfds_t count = 0;
  const auto add = [&](const Fd& fd) {
    if (fd) polls[count++] = {fd.get(), POLLIN, 0};
  };
  if (!ended) add(pidfd);
  add(out);
  add(err);
  add(wake);
  const auto left = std::chrono::ceil<Milliseconds>(until - SteadyClock::now()).count();
  ::poll(polls.data(), count, static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000)));
  if (out) read_some(out, out_text, options.on_out);
  if (err) read_some(err, err_text, {});
  if (!ended) {
    siginfo_t info{};
    const int rc = ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT);
    if (rc == 0 && info.si_pid == pid) {
      ended = info;
      result.seconds = std::chrono::duration<double>(SteadyClock::now() - started).count();
    }
  }
}

bool ChildProcess::State::must_end() {
  const auto now = SteadyClock::now();
  if (options.stop.stop_requested()) {
    result.cancelled = true;
    return true;
  }
  if (options.timeout.count() > 0 && now >= started + options.timeout) {
    result.timed_out = true;
    return true;
  }
  const std::uint64_t printed = out_text.total_bytes() + err_text.total_bytes();
  if (options.output_bytes_total_max > 0 && printed > options.output_bytes_total_max) {
    result.limit = fmt::format("it printed more than {} bytes", options.output_bytes_total_max);
    return true;
  }
  if (options.watch && now >= next_watch) {
    next_watch = now + options.watch_interval;
    if (std::optional<std::string> reason = options.watch()) {
      result.limit = std::move(*reason);
      return true;
    }
  }
  return false;
}

bool ChildProcess::State::wait_until(SteadyClock::time_point until) {
  const std::stop_callback on_stop(options.stop, [this] {
    const std::uint64_t one = 1;
    (void)!::write(wake.get(), &one, sizeof one);
  });
  while (!ended) {
    if (must_end()) {
      end(result.cancelled || !result.limit.empty() ? Milliseconds{0} : options.grace);
      return true;
    }
    auto limit = until;
    if (options.timeout.count() > 0) limit = std::min(limit, started + options.timeout);
    if (options.watch) limit = std::min(limit, next_watch);
    step(limit);
    if (!ended && SteadyClock::now() >= until) return false;
  }
  return true;
}

void ChildProcess::State::end(Milliseconds grace) {
  if (!ended && grace.count() > 0) {
    signal_group(SIGTERM);
    const auto until = SteadyClock::now() + grace;
    while (!ended && SteadyClock::now() < until) {
      // A pending wake-up would turn this into a busy loop.
      std::uint64_t seen = 0;
      (void)!::read(wake.get(), &seen, sizeof seen);
      step(until);
    }
  }
  if (!ended) {
    signal_group(SIGKILL);
    const auto until = SteadyClock::now() + std::chrono::seconds(10);
    while (!ended && SteadyClock::now() < until) {
      std::uint64_t seen = 0;
      (void)!::read(wake.get(), &seen, sizeof seen);
      step(until);
    }
  }
}

// The rest of the output. Survivors of the group are killed, while the leader is still a zombie
// that keeps the group's number ours; one that left the group and keeps the pipe open costs a
// moment, no more.
void ChildProcess::State::drain() {
  signal_group(SIGKILL);
  const auto until = SteadyClock::now() + std::chrono::milliseconds(200);
  wake.reset();
  while ((out || err) && SteadyClock::now() < until) step(until);
  out.reset();
  err.reset();
}

ProcessResult ChildProcess::State::collect() {
  drain();
  if (ended) {
    if (ended->si_code == CLD_EXITED) {
      result.exit_code = ended->si_status;
    } else {
      result.signal = ended->si_status;
    }
    ::waitpid(pid, nullptr, 0);
    pid = -1;
  }
  result.out = out_text.text();
  result.err = err_text.text();
  result.out_bytes = out_text.total_bytes();
  result.err_bytes = err_text.total_bytes();
  return result;
}

ChildProcess::ChildProcess(std::unique_ptr<State> state) : state_(std::move(state)) {}
ChildProcess::ChildProcess(ChildProcess&&) noexcept = default;
ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  if (this != &other) {
    if (state_) finish(Milliseconds{0});
    state_ = std::move(other.state_);
  }
  return *this;
}
ChildProcess::~ChildProcess() {
  if (state_) finish(Milliseconds{0});
}

Result<ChildProcess> ChildProcess::start(const ProcessOptions& options) {
  auto state = std::make_unique<State>(options);
  Result<void> spawned = state->spawn();
  if (!spawned) return propagate(spawned);
  return ChildProcess(std::move(state));
}

int ChildProcess::pid() const { return state_ ? state_->pid : -1; }

bool ChildProcess::wait(Milliseconds time) {
  return !state_ || state_->wait_until(SteadyClock::now() + time);
}

ProcessResult ChildProcess::finish(Milliseconds grace) {
  if (!state_) return {};
  state_->end(grace);
  ProcessResult result = state_->collect();
  state_.reset();
  return result;
}

std::string ChildProcess::out() const { return state_ ? state_->out_text.text() : ""; }
std::string ChildProcess::err() const { return state_ ? state_->err_text.text() : ""; }

Result<ProcessResult> run_process(const ProcessOptions& options) {
  Result<ChildProcess> child = ChildProcess::start(options);
  if (!child) return propagate(child);
  while (!child->wait(std::chrono::hours(1))) {
  }
  return child->finish();
}

std::filesystem::path find_program(const std::string& name) {
  if (name.empty() || name.find('/') != std::string::npos) return {};
  for (const char* folder :
       {"/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"}) {
    std::filesystem::path path = std::filesystem::path(folder) / name;
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return {};
}

}  // namespace cadre
