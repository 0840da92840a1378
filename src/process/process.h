// Child processes: started with posix_spawn in a process group of their own, watched through a
// pidfd (no SIGCHLD handler), with bounded output, a deadline for the whole group, and
// cancellation that wakes the waiting thread at once.
//
// The environment is exactly what is given; nothing is inherited, not even PATH or a descriptor
// above 2. A ChildProcess belongs to one thread at a time, and a sandboxed one must be waited for
// by the thread that started it (the kernel ties its life to that thread).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "process/capture.h"

namespace cadre {

using Milliseconds = std::chrono::milliseconds;

struct ProcessOptions {
  std::vector<std::string> argv;  // argv[0]: a path, or a name looked up by find_program
  std::vector<std::string> env;   // "NAME=value"
  std::filesystem::path cwd;      // empty: the caller's
  std::string stdin_text;         // empty: /dev/null
  Milliseconds timeout{0};        // 0: none. Then TERM to the group, and KILL after `grace`
  Milliseconds grace{500};
  std::size_t output_bytes_max = 64 * 1024;  // kept of each stream, half from each end
  std::uint64_t output_bytes_total_max = 0;  // 0: none. More than this, and the group is killed
  std::function<void(std::string_view)> on_out;  // hears standard output as it comes; may be empty
  std::stop_token stop;                      // asked to stop: the group is killed
  // Asked every `watch_interval`; a reason ends the process ("the work folder grew over 100 MB").
  std::function<std::optional<std::string>()> watch;
  Milliseconds watch_interval{250};
};

struct ProcessResult {
  int exit_code = -1;  // -1 when a signal ended it
  int signal = 0;      // the signal that ended it, or 0
  bool timed_out = false;
  bool cancelled = false;
  std::string limit;     // the limit that was broken, in words, or empty
  double seconds = 0;    // wall clock
  std::string out, err;  // head and tail, see Capture
  std::uint64_t out_bytes = 0, err_bytes = 0;

  bool success() const { return exit_code == 0 && !timed_out && !cancelled && limit.empty(); }
};

// Runs a program to its end. An error means that it could not be started; how it ended, however
// badly, is a result. Whatever is left of its process group when it ends is killed.
Result<ProcessResult> run_process(const ProcessOptions& options);

// A running program. Its output is read while wait() runs; between two waits the pipes hold 64 KB.
class ChildProcess {
 public:
  // `timeout`, `stop`, `watch` and `output_bytes_total_max` of the options apply to wait().
  static Result<ChildProcess> start(const ProcessOptions& options);
  ChildProcess(ChildProcess&&) noexcept;
  ChildProcess& operator=(ChildProcess&&) noexcept;
  ~ChildProcess();  // kills the group when it still runs

  int pid() const;
  // True when the process has ended within `time`.
  bool wait(Milliseconds time);
  // TERM, then KILL after `grace`; returns how it ended. Once.
  ProcessResult finish(Milliseconds grace = Milliseconds{500});
  // What has come so far.
  std::string out() const;
  std::string err() const;

 private:
  struct State;
  explicit ChildProcess(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The full path of a program in the system's program folders (/usr/local/bin, /usr/bin, /bin and
// the sbin ones), whatever PATH says; empty when it is not there.
std::filesystem::path find_program(const std::string& name);

}  // namespace cadre
